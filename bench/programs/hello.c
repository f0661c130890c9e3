/* Writes one byte as its first act: whoever waits for it knows that instructions are executed. */
#include <unistd.h>

int main(void) { return write(1, "\n", 1) == 1 ? 0 : 1; }
