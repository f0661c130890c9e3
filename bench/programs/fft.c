/* fft N: N times a transform of 4096 complex numbers and back; prints how far the numbers moved, and one of them. */
#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SIZE 4096

static double complex data[SIZE], roots[SIZE / 2];

static void transform(int inverse) {
  for (int i = 1, j = 0; i < SIZE; i++) {
    int bit = SIZE >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      double complex t = data[i];
      data[i] = data[j];
      data[j] = t;
    }
  }
  for (int size = 2; size <= SIZE; size *= 2) {
    for (int at = 0; at < SIZE; at += size) {
      for (int i = 0; i < size / 2; i++) {
        double complex root = roots[i * (SIZE / size)];
        if (inverse) root = conj(root);
        double complex even = data[at + i], odd = data[at + i + size / 2];
        double complex turned = CMPLX(creal(odd) * creal(root) - cimag(odd) * cimag(root), creal(odd) * cimag(root) + cimag(odd) * creal(root));
        data[at + i] = even + turned;
        data[at + i + size / 2] = even - turned;
      }
    }
  }
  if (inverse)
    for (int i = 0; i < SIZE; i++) data[i] /= SIZE;
}

int main(int argc, char **argv) {
  double moved = 0;
  for (int i = 0; i < SIZE / 2; i++) roots[i] = cexp(-2 * M_PI * I * i / SIZE);
  for (int i = 0; i < SIZE; i++) data[i] = CMPLX(i % 37 - 18, i % 11);
  for (long n = argc > 1 ? atol(argv[1]) : 10; n > 0; n--) transform(0), transform(1);
  for (int i = 0; i < SIZE; i++) moved += cabs(data[i] - CMPLX(i % 37 - 18, i % 11));
  printf("%.6f %.6f\n", moved, creal(data[100]));
  return 0;
}
