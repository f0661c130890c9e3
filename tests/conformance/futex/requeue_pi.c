/* What FUTEX_CMP_REQUEUE_PI and its waiters refuse, and what signals do to them. See futex(2). */
#include "show.h"
#include <linux/futex.h>

static uint32_t word, lock;
static volatile int result;
static volatile int error;

static long futex(uint32_t *address, int operation, long value, long timeout, uint32_t *second, long third) {
  return syscall(SYS_futex, address, operation, value, timeout, second, third);
}

static void handler(int signo) { (void)signo; }

static void *waiter(void *operation) {
  result = futex(&word, (long)operation, 0, 0, &lock, 0);
  error = errno;
  return NULL;
}

static pthread_t start(long operation) {
  pthread_t thread;
  pthread_create(&thread, NULL, waiter, (void *)operation);
  usleep(100000);
  return thread;
}

static void finish(pthread_t thread) {
  pthread_join(thread, NULL);
  printf("the waiter: %d%s%s\n", result, result < 0 ? " " : "", result < 0 ? error_name(error) : "");
}

int main(void) {
  struct sigaction action = {.sa_handler = handler};
  sigaction(SIGUSR1, &action, NULL);
  uint32_t other = 0;

  pthread_t thread = start(FUTEX_WAIT);
  SHOW(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, 0, &lock, 0));
  SHOW(futex(&word, FUTEX_WAKE, 1, 0, NULL, 0));
  finish(thread);

  thread = start(FUTEX_WAIT_REQUEUE_PI);
  SHOW(futex(&word, FUTEX_WAKE, 1, 0, NULL, 0));
  SHOW(futex(&word, FUTEX_REQUEUE, 0, 1, &other, 0));
  SHOW(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, 0, &other, 0));
  pthread_kill(thread, SIGUSR1);
  usleep(100000);
  SHOW(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, 0, &lock, 1));
  SHOW(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, 0, &lock, 0));
  finish(thread);
  IS((lock & FUTEX_TID_MASK) != 0);

  lock = 0;
  SHOW(futex(&lock, FUTEX_LOCK_PI, 0, 0, NULL, 0));
  thread = start(FUTEX_WAIT_REQUEUE_PI);
  SHOW(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, 1, &lock, 0));
  pthread_kill(thread, SIGUSR1);
  finish(thread);
  SHOW(futex(&lock, FUTEX_UNLOCK_PI, 0, 0, NULL, 0));
  return 0;
}
