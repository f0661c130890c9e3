/* The time of the benchmark programs: nanoseconds of CLOCK_MONOTONIC. */
#pragma once
#include <time.h>

static inline double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}
