/* nbody N: five bodies under gravity, N steps; prints the energy at the end. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define BODIES 5

static double position[BODIES][3], velocity[BODIES][3], mass[BODIES];

static double energy(void) {
  double sum = 0;
  for (int i = 0; i < BODIES; i++) {
    for (int d = 0; d < 3; d++) sum += 0.5 * mass[i] * velocity[i][d] * velocity[i][d];
    for (int j = i + 1; j < BODIES; j++) {
      double square = 0;
      for (int d = 0; d < 3; d++) square += (position[i][d] - position[j][d]) * (position[i][d] - position[j][d]);
      sum -= mass[i] * mass[j] / sqrt(square);
    }
  }
  return sum;
}

int main(int argc, char **argv) {
  const double step = 0.001;
  for (int i = 0; i < BODIES; i++) {
    mass[i] = i == 0 ? 40 : 0.01 * i;
    for (int d = 0; d < 3; d++) {
      position[i][d] = i == 0 ? 0 : (i * 1.7 + 1) * (d == i % 3 ? 1.1 : 0.2);
      velocity[i][d] = i == 0 ? 0 : (d == (i + 1) % 3 ? 2.5 / i : 0.1);
    }
  }
  for (long n = argc > 1 ? atol(argv[1]) : 10000; n > 0; n--) {
    for (int i = 0; i < BODIES; i++) {
      for (int j = i + 1; j < BODIES; j++) {
        double delta[3], square = 0;
        for (int d = 0; d < 3; d++) delta[d] = position[i][d] - position[j][d], square += delta[d] * delta[d];
        double pull = step / (square * sqrt(square));
        for (int d = 0; d < 3; d++) {
          velocity[i][d] -= delta[d] * mass[j] * pull;
          velocity[j][d] += delta[d] * mass[i] * pull;
        }
      }
    }
    for (int i = 0; i < BODIES; i++)
      for (int d = 0; d < 3; d++) position[i][d] += step * velocity[i][d];
  }
  printf("%.9f\n", energy());
  return 0;
}
