/* sha256 N: hashes 64 KiB of a pattern N times, each time with the last hash in it; prints the hash. See FIPS 180-4. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t k[64], start[8];

/* The constants are the first 32 bits of the fractional parts of roots of primes. */
static uint32_t fraction_of_root(int prime, int power) {
  unsigned __int128 target = (unsigned __int128)prime << 64, low = 0, high = (unsigned __int128)1 << 40;
  if (power == 3) target = (unsigned __int128)prime << 96;
  while (low + 1 < high) {
    unsigned __int128 mid = (low + high) / 2, product = mid * mid;
    if (power == 3) product *= mid;
    if (product <= target) low = mid;
    else high = mid;
  }
  return (uint32_t)low;
}

static void constants(void) {
  for (int n = 2, count = 0; count < 64; n++) {
    int prime = 1;
    for (int d = 2; d * d <= n; d++) prime &= n % d != 0;
    if (!prime) continue;
    if (count < 8) start[count] = fraction_of_root(n, 2);
    k[count++] = fraction_of_root(n, 3);
  }
}

static inline uint32_t rotate(uint32_t x, int by) { return x >> by | x << (32 - by); }

static void block(uint32_t state[8], const uint8_t *data) {
  uint32_t w[64], v[8];
  for (int i = 0; i < 16; i++) w[i] = (uint32_t)data[4 * i] << 24 | data[4 * i + 1] << 16 | data[4 * i + 2] << 8 | data[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    uint32_t a = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
    uint32_t b = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + a + w[i - 7] + b;
  }
  memcpy(v, state, sizeof v);
  for (int i = 0; i < 64; i++) {
    uint32_t e = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
    uint32_t t = v[7] + e + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
    uint32_t a = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
    uint32_t u = a + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    memmove(v + 1, v, 7 * sizeof *v);
    v[4] += t;
    v[0] = t + u;
  }
  for (int i = 0; i < 8; i++) state[i] += v[i];
}

int main(int argc, char **argv) {
  static uint8_t data[65536 + 64];
  uint32_t state[8] = {0};
  constants();
  for (long n = argc > 1 ? atol(argv[1]) : 10; n > 0; n--) {
    for (int i = 0; i < 65536; i++) data[i] = i * 7 + (i >> 8);
    memcpy(data, state, sizeof state);
    memset(data + 65536, 0, 64);
    data[65536] = 0x80;
    data[65536 + 61] = 65536 * 8 >> 16;
    memcpy(state, start, sizeof state);
    for (int i = 0; i < 65536 + 64; i += 64) block(state, data + i);
  }
  for (int i = 0; i < 8; i++) printf("%08x", state[i]);
  printf("\n");
  return 0;
}
