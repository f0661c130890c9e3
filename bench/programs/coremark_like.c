/*
 * A load like CoreMark's: list sorting, matrix multiplication, a state machine over text, CRC. Integer only.
 *   coremark_like N      N iterations; prints the checksum
 *   coremark_like -t MS  as many iterations as fit into MS milliseconds; prints how many
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

static u16 crc_byte(u8 data, u16 crc) {
  for (int i = 0; i < 8; i++) {
    u8 bit = (data ^ crc) & 1;
    data >>= 1;
    crc >>= 1;
    if (bit) crc ^= 0xa001;
  }
  return crc;
}

static u16 crc_word(u16 value, u16 crc) { return crc_byte(value >> 8, crc_byte(value, crc)); }

struct node {
  struct node *next;
  int value;
};

static struct node *sort(struct node *list) {
  for (int run = 1;; run *= 2) {
    struct node *left = list, *tail = 0;
    int merges = 0;
    list = 0;
    while (left) {
      struct node *right = left;
      int left_count = 0, right_count = run;
      merges++;
      for (int i = 0; i < run && right; i++, left_count++) right = right->next;
      while (left_count > 0 || (right_count > 0 && right)) {
        struct node *least;
        if (left_count == 0 || (right_count > 0 && right && right->value < left->value)) {
          least = right;
          right = right->next;
          right_count--;
        } else {
          least = left;
          left = left->next;
          left_count--;
        }
        if (tail) tail->next = least;
        else list = least;
        tail = least;
      }
      left = right;
    }
    tail->next = 0;
    if (merges <= 1) return list;
  }
}

static int ends[8];

__attribute__((noinline)) static void scan(const char *text) {
  enum { START, INTEGER, SIGN, FRACTION, INVALID, EXPONENT, SCIENTIFIC } state = START;
  for (; *text; text++) {
    char c = *text;
    int digit = c >= '0' && c <= '9';
    if (c == ',') {
      ends[state]++;
      state = START;
      continue;
    }
    switch (state) {
      case START: state = digit ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? FRACTION : INVALID; break;
      case INTEGER: state = digit ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : INVALID; break;
      case SIGN: state = digit ? INTEGER : c == '.' ? FRACTION : INVALID; break;
      case FRACTION: state = digit ? FRACTION : c == 'e' ? EXPONENT : INVALID; break;
      case EXPONENT: state = c == '+' || c == '-' ? SCIENTIFIC : INVALID; break;
      case SCIENTIFIC: state = digit ? SCIENTIFIC : INVALID; break;
      case INVALID: break;
    }
  }
  ends[state]++;
}

#define NODES 100
#define N 12
static struct node pool[NODES];
static int a[N][N], b[N][N], c[N][N];
static const char text[] = "5012,1234,-874,+122,35.54400,.1234500,-110.700,+0.64400,5.500e+3,-.123e-2,-87e+832,+0.6e-12,T0.3e-1F,-T.T++Tq,1T3.4e4z";

static u32 seed = 7;
static u16 crc;

static void iterate(void) {
  for (int i = 0; i < NODES; i++) {
    seed = seed * 1103515245 + 12345;
    pool[i].value = seed >> 17;
    pool[i].next = i + 1 < NODES ? &pool[i + 1] : 0;
  }
  int k = 0;
  for (struct node *p = sort(pool); p; p = p->next) {
    if ((k++ & 7) == 0) crc = crc_word(p->value, crc);
  }
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) {
      a[i][j] = (seed + i * j) & 0xff;
      b[i][j] = (seed ^ (i + j)) & 0xff;
    }
  }
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) {
      int sum = 0;
      for (int m = 0; m < N; m++) sum += a[i][m] * b[m][j];
      c[i][j] = sum;
    }
  }
  for (int i = 0; i < N; i++) crc = crc_word(c[i][i], crc);
  scan(text);
  for (int i = 0; i < 8; i++) crc = crc_word(ends[i], crc);
}

int main(int argc, char **argv) {
  if (argc > 2 && strcmp(argv[1], "-t") == 0) {
    double end = now() + atof(argv[2]) * 1e6;
    long done = 0;
    for (; now() < end; done++) iterate();
    printf("%ld\n", done);
    return 0;
  }
  for (long left = argc > 1 ? atol(argv[1]) : 1000; left > 0; left--) iterate();
  printf("%04x\n", crc);
  return 0;
}
