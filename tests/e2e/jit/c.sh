# The compiler itself, and what it makes of integers, floating point, vectors and jump tables.
cat >/tmp/t.c <<'C'
#include <stdint.h>
#include <stdio.h>
#include <string.h>
static uint32_t rol(uint32_t x, int k) { return x << k | x >> (32 - k); }
static int step(int op, int x) { switch (op % 9) { case 0: return x + 1; case 1: return x * 3; case 2: return x ^ 0x55; case 3: return x >> 1; case 4: return -x; case 5: return x & 0xfff; case 6: return x | 9; case 7: return x % 7; default: return ~x; } }
int main(void) {
  uint32_t a = 1, b = 2; for (int i = 0; i < 20000; i++) { a += b ^ rol(a, 7); b = rol(b, 13) + a * 0x9e3779b9u; } printf("%u %u\n", a, b);
  int x = 5; for (int i = 0; i < 20000; i++) x = step(i ^ x, x); printf("%d\n", x);
  float f[64]; double s = 0; for (int r = 0; r < 200; r++) { for (int i = 0; i < 64; i++) f[i] = (float)(i * r) / 3 + f[(i + 1) & 63] * .25f; for (int i = 0; i < 64; i++) s += f[i]; if (r == 0) s = 0; } printf("%.6f\n", s > 1e9 ? 0.0 : s > 0);
  unsigned __int128 p = 1; for (int i = 1; i < 34; i++) p *= i; printf("%llx %llx\n", (unsigned long long)(p >> 64), (unsigned long long)p);
  char buf[300]; memset(buf, 'a', sizeof buf); buf[299] = 0; for (int i = 0; i < 40; i++) { memmove(buf + i, buf + 3 * i % 50, 150); buf[i * 7] = 'b' + i % 20; } printf("%zu %d %s\n", strlen(buf), memcmp(buf, buf + 1, 100) > 0, strrchr(buf, 'b') + 290 > buf ? "yes" : "no");
}
C
for level in -O0 -O2 -O3; do gcc $level -o /tmp/t /tmp/t.c && /tmp/t; gcc $level -S -o - /tmp/t.c | cksum; done
