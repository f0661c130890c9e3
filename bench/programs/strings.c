/* strings N: libc's memcpy, memcmp, memset, strlen, strchr and strcpy at all offsets and many sizes, N times; prints a checksum. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
  static char from[8192], to[8192];
  unsigned sum = 0;
  for (int i = 0; i < 8192; i++) from[i] = 'a' + i % 23;
  for (long n = argc > 1 ? atol(argv[1]) : 10; n > 0; n--) {
    for (int offset = 0; offset < 32; offset++) {
      for (int size = 1; size < 2000; size += size < 64 ? 7 : size / 3) {
        char *a = from + offset, *b = to + (offset * 5) % 32, end = a[size];
        memcpy(b, a, size);
        sum += memcmp(a, b, size) == 0;
        a[size] = 0;
        sum = sum * 3 + strlen(a) + (strchr(a, 'Z') == NULL);
        strcpy(b, a);
        a[size] = end;
        memset(b, size, size);
        sum += (unsigned char)b[size / 2];
      }
    }
  }
  printf("%08x\n", sum);
  return 0;
}
