/* Does nothing for ever: the first process of a container that others are executed in. */
#include <unistd.h>

int main(void) {
  for (;;) pause();
}
