/* matmul N: products of two matrices of N x N doubles; prints the trace. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  int n = argc > 1 ? atoi(argv[1]) : 100;
  double *a = malloc(sizeof *a * n * n), *b = malloc(sizeof *b * n * n), *c = calloc(n * n, sizeof *c), trace = 0;
  for (int i = 0; i < n * n; i++) a[i] = i % 17 - 8.5, b[i] = i % 13 - 6.25;
  for (int i = 0; i < n; i++)
    for (int k = 0; k < n; k++)
      for (int j = 0; j < n; j++) c[i * n + j] += a[i * n + k] * b[k * n + j];
  for (int i = 0; i < n; i++) trace += c[i * n + i];
  printf("%.6f\n", trace);
  return 0;
}
