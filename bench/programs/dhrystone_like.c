/*
 * A load like Dhrystone's: records that point to each other, calls with few arguments, string copies and comparisons, small arrays.
 * dhrystone_like N: N rounds; prints a checksum.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct record {
  struct record *next;
  int kind, component;
  char text[31];
};

static struct record first, second;
static int array[50], matrix[50][50], global;

__attribute__((noinline)) static int same_letter(char a, char b) { return a == b ? 0 : (global = a, 1); }

__attribute__((noinline)) static int after(const char *a, const char *b) {
  int at = 2;
  while (at <= 2)
    if (same_letter(a[at], b[at + 1]) == 0) return 0;
    else at++;
  return strcmp(a, b) > 0 ? (global = at + 7, 1) : 0;
}

__attribute__((noinline)) static void fill(int low, int value) {
  int at = low + 5;
  array[at] = value;
  array[at + 1] = array[at];
  array[at + 30] = at;
  for (int i = at; i <= at + 1; i++) matrix[at][i] = at;
  matrix[at][at - 1]++;
  matrix[at + 20][at] = array[at];
}

__attribute__((noinline)) static int add(int a, int b) { return a + 2 + b; }

__attribute__((noinline)) static void follow(struct record *from) {
  struct record *to = from->next;
  int component = from->component;
  *to = *from;
  to->component = component + 5;
  to->next = from;
  to->kind = to->kind == 0 ? add(to->component, 10) & 3 : 0;
  from->next = to;
}

int main(int argc, char **argv) {
  long rounds = argc > 1 ? atol(argv[1]) : 100000;
  unsigned sum = 0;
  char one[31], two[31];
  first.next = &second;
  strcpy(first.text, "DHRYSTONE PROGRAM, SOME STRING");
  strcpy(one, "DHRYSTONE PROGRAM, 1'ST STRING");
  for (long i = 0; i < rounds; i++) {
    int a = 2, b = 3, c;
    strcpy(two, "DHRYSTONE PROGRAM, 2'ND STRING");
    two[19] = '2' + (i & 3);
    int greater = !after(one, two);
    while (a < b) {
      c = 5 * a - b;
      c = add(c, b);
      a++;
    }
    fill(a, c & 15);
    first.component = i & 255;
    follow(&first);
    for (char letter = 'A'; letter <= 'A' + (i & 3); letter++)
      if (greater == same_letter(letter, 'C')) b += add(a, letter);
    b = b * a / (c ? c : 1);
    sum = sum * 31 + b + global + second.component + array[a + 5] + matrix[a + 5][a + 4];
  }
  printf("%08x\n", sum);
  return 0;
}
