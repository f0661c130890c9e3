/* A program that prints and returns. */
#include <stdio.h>
#include <unistd.h>

int main(void) {
  printf("hello\n");
  return 3;
}
