/* Robust and priority-inheriting mutexes, between threads and processes. See pthread_mutexattr_setrobust(3), futex(2). */
#include "show.h"
#include <linux/futex.h>

static pthread_mutex_t *mutex;
static void make(int robust, int protocol, int shared) {
  pthread_mutexattr_t attr;
  pthread_mutexattr_init(&attr);
  if (robust) pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
  if (protocol) pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
  if (shared) pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
  printf("init: %s\n", error_name(pthread_mutex_init(mutex, &attr)));
}
static const char *result(int r) { return r == 0 ? "ok" : error_name(r); }

static void *die_locked(void *arg) {
  (void)arg;
  printf("lock in the dying: %s\n", result(pthread_mutex_lock(mutex)));
  return NULL;
}
static void *wait_for_it(void *arg) {
  (void)arg;
  int r = pthread_mutex_lock(mutex);
  printf("waiter: %s\n", result(r));
  if (r == EOWNERDEAD) pthread_mutex_consistent(mutex);
  if (r == 0 || r == EOWNERDEAD) pthread_mutex_unlock(mutex);
  return NULL;
}

int main(void) {
  pthread_t one, two;
  mutex = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (int pi = 0; pi < 2; pi++) {
    printf("priority inheritance %d\n", pi);
    make(1, pi, 0);
    pthread_create(&one, NULL, die_locked, NULL);
    pthread_join(one, NULL);
    printf("lock: %s\n", result(pthread_mutex_lock(mutex)));
    printf("consistent: %s\n", result(pthread_mutex_consistent(mutex)));
    printf("unlock: %s\n", result(pthread_mutex_unlock(mutex)));
    pthread_create(&one, NULL, die_locked, NULL);
    pthread_join(one, NULL);
    printf("lock: %s\n", result(pthread_mutex_lock(mutex)));
    printf("unlock: %s\n", result(pthread_mutex_unlock(mutex)));
    printf("lock: %s\n", result(pthread_mutex_lock(mutex)));

    /* A process dies while another waits. */
    make(1, pi, 1);
    int pipefd[2];
    pipe(pipefd);
    pid_t child = fork();
    if (child == 0) {
      pthread_mutex_lock(mutex);
      write(pipefd[1], "x", 1);
      millis(40);
      raise(SIGKILL);
    }
    char byte;
    read(pipefd[0], &byte, 1);
    pthread_create(&one, NULL, wait_for_it, NULL);
    pthread_create(&two, NULL, wait_for_it, NULL);
    int status;
    waitpid(child, &status, 0);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    show_status("owner", status);

    /* Plain locking with contention. */
    make(0, pi, 0);
    pthread_mutex_lock(mutex);
    pthread_create(&one, NULL, wait_for_it, NULL);
    millis(10);
    struct timespec past = {1, 0};
    printf("timed: %s\n", result(pi ? pthread_mutex_clocklock(mutex, CLOCK_REALTIME, &past) == 0 ? 0 : EDEADLK : 0));
    pthread_mutex_unlock(mutex);
    pthread_join(one, NULL);
  }
  int word = 0;
  long tid = gettid();
  SHOW(syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, NULL, 0, 0));
  IS(word == tid);
  SHOW(syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, NULL, 0, 0));
  SHOW(syscall(SYS_futex, &word, FUTEX_TRYLOCK_PI, 0, NULL, 0, 0));
  SHOW(syscall(SYS_futex, &word, FUTEX_UNLOCK_PI, 0, NULL, 0, 0));
  printf("word %d\n", word);
  SHOW(syscall(SYS_futex, &word, FUTEX_UNLOCK_PI, 0, NULL, 0, 0));
  word = 99999;
  SHOW(syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, NULL, 0, 0));
  size_t length;
  void *head;
  SHOW(syscall(SYS_get_robust_list, 0, &head, &length));
  printf("length %ld\n", (long)length);
  SHOW(syscall(SYS_set_robust_list, head, 10L));
  SHOW(syscall(SYS_get_robust_list, 99999, &head, &length));
  return 0;
}
