/* futex operations by their numbers. See futex(2). */
#include "show.h"
#include <linux/futex.h>

static int word, other;
static long futex(int *address, int op, int value, const void *timeout, int *address2, int value3) {
  return syscall(SYS_futex, address, op, value, timeout, address2, value3);
}
#define F(...) SHOW(futex(__VA_ARGS__))

struct wait_args {
  int op;
  int value;
  int bits;
  long result;
  int error;
};

static void *sleeper(void *arg) {
  struct wait_args *w = arg;
  w->result = futex(&word, w->op, w->value, NULL, &other, w->bits);
  w->error = errno;
  return NULL;
}

#define START(n, operation, mask)                                                     \
  for (int i_ = 0; i_ < n; i_++) {                                                    \
    args[i_] = (struct wait_args){.op = operation, .value = word, .bits = mask};      \
    pthread_create(&threads[i_], NULL, sleeper, &args[i_]);                           \
  }                                                                                   \
  millis(20)
#define JOIN(n)                                                                       \
  do {                                                                                \
    for (int i_ = 0; i_ < n; i_++) pthread_join(threads[i_], NULL);                   \
    long sum_ = 0;                                                                    \
    for (int i_ = 0; i_ < n; i_++) sum_ += args[i_].result;                           \
    printf("all woken, sum of results %ld\n", sum_);                                  \
  } while (0)

int main(void) {
  struct timespec little = {0, 10000000}, bad = {0, 1000000000}, past = {1, 0};
  pthread_t threads[10];
  struct wait_args args[10];
  F(&word, FUTEX_WAIT, 1, NULL, NULL, 0);
  F(&word, FUTEX_WAIT, 0, &bad, NULL, 0);
  F(&word, FUTEX_WAIT, 0, &little, NULL, 0);
  F(&word, FUTEX_WAIT_PRIVATE, 0, &little, NULL, 0);
  F((int *)((char *)&word + 1), FUTEX_WAIT, 0, NULL, NULL, 0);
  F((int *)8, FUTEX_WAIT, 0, NULL, NULL, 0);
  F((int *)8, FUTEX_WAKE, 1, NULL, NULL, 0);
  F((int *)8, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
  F(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0);
  F(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0);
  F(&word, FUTEX_WAIT_BITSET, 0, &past, NULL, -1);
  F(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &past, NULL, -1);
  F(&word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 0, &little, NULL, 0);
  F(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 0);
  F(&word, 99, 0, NULL, NULL, 0);
  F(&word, FUTEX_FD, 0, NULL, NULL, 0);
  F(&word, FUTEX_WAKE, 1, NULL, NULL, 0);

  START(3, FUTEX_WAIT_PRIVATE, 0);
  F(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
  F(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
  JOIN(3);
  START(2, FUTEX_WAIT_BITSET_PRIVATE, 1);
  F(&word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 2);
  F(&word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 3);
  JOIN(2);
  START(4, FUTEX_WAIT_PRIVATE, 0);
  F(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)10, &other, 5);
  F(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)10, &other, 0);
  F(&word, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0);
  F(&other, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0);
  JOIN(4);
  START(2, FUTEX_WAIT_PRIVATE, 0);
  F(&word, FUTEX_REQUEUE_PRIVATE, 0, (void *)1, &other, 0);
  F(&other, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0);
  F(&word, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0);
  JOIN(2);
  START(1, FUTEX_WAIT_PRIVATE, 0);
  other = 7;
  F(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &other, FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 7));
  printf("other %d\n", other);
  JOIN(1);
  F(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &other, FUTEX_OP(FUTEX_OP_OR, 0x100, FUTEX_OP_CMP_GT, 0));
  printf("other %x\n", other);
  F(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &other, FUTEX_OP(FUTEX_OP_ANDN, 0xc, FUTEX_OP_CMP_LT, -1));
  printf("other %x\n", other);
  F(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &other, FUTEX_OP((FUTEX_OP_XOR | FUTEX_OP_OPARG_SHIFT), 4, FUTEX_OP_CMP_NE, 0));
  printf("other %x\n", other);
  F(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &other, 0x70000000);
  other = 0;

  /* Between processes: shared and private words. */
  int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pid_t child = fork();
  if (child == 0) {
    F(shared, FUTEX_WAIT, 0, NULL, NULL, 0);
    struct timespec more = {0, 50000000};
    F(shared + 1, FUTEX_WAIT_PRIVATE, 0, &more, NULL, 0);
    _exit(0);
  }
  millis(20);
  F(shared, FUTEX_WAKE, 1, NULL, NULL, 0);
  millis(20);
  F(shared + 1, FUTEX_WAKE, 1, NULL, NULL, 0);
  waitpid(child, NULL, 0);

  /* futex_waitv. */
  struct futex_waitv two[2] = {{.uaddr = (uint64_t)&word, .flags = FUTEX_32 | FUTEX_PRIVATE_FLAG}, {.uaddr = (uint64_t)&other, .flags = FUTEX_32 | FUTEX_PRIVATE_FLAG}};
  struct timespec soon;
  clock_gettime(CLOCK_MONOTONIC, &soon);
  soon.tv_sec += 10;
  SHOW(syscall(SYS_futex_waitv, two, 0, 0, NULL, 0));
  SHOW(syscall(SYS_futex_waitv, two, 129, 0, NULL, 0));
  SHOW(syscall(SYS_futex_waitv, two, 2, 1, NULL, 0));
  SHOW(syscall(SYS_futex_waitv, two, 2, 0, &past, CLOCK_MONOTONIC));
  SHOW(syscall(SYS_futex_waitv, two, 2, 0, &past, 7));
  two[1].val = 3;
  SHOW(syscall(SYS_futex_waitv, two, 2, 0, NULL, 0));

  /* futex_wake and futex_wait of Linux 6.7. */
  SHOW(syscall(454, &word, 0xffffffffUL, 1, FUTEX_32 | FUTEX_PRIVATE_FLAG));
  SHOW(syscall(454, &word, 0UL, 1, FUTEX_32 | FUTEX_PRIVATE_FLAG));
  SHOW(syscall(454, &word, 1UL, 1, FUTEX_PRIVATE_FLAG));
  SHOW(syscall(455, &word, 5UL, 1UL, FUTEX_32 | FUTEX_PRIVATE_FLAG, NULL, 0));
  SHOW(syscall(455, &word, 0UL, 1UL, FUTEX_32 | FUTEX_PRIVATE_FLAG, &past, CLOCK_MONOTONIC));
  SHOW(syscall(455, &word, 0UL, 0UL, FUTEX_32 | FUTEX_PRIVATE_FLAG, NULL, 0));
  return 0;
}
