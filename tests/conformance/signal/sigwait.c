/* Taking signals without handlers: sigwaitinfo, sigtimedwait, sigsuspend, signals of timers and children. See sigwaitinfo(2). */
#include "show.h"

static void handler(int signo) { printf("handler %d\n", signo); }
static sigset_t set;

static void show_wait(const struct timespec *timeout) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  int r = sigtimedwait(&set, &info, timeout);
  if (r == -1) printf("sigtimedwait: %s\n", error_name(errno));
  else printf("sigtimedwait: %d signo %d code %d value %d status %d\n", r, info.si_signo, info.si_code, info.si_code == SI_QUEUE ? info.si_value.sival_int : 0, r == SIGCHLD ? info.si_status : 0);
}

static void *waiter(void *arg) {
  int signo = 0;
  sigwait(&set, &signo);
  atomic_fetch_add((atomic_int *)arg, signo);
  return NULL;
}

int main(void) {
  struct timespec none = {0, 0}, little = {0, 20000000}, bad = {0, 2000000000};
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, 40);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  show_wait(&none);
  show_wait(&bad);
  long before = now_ms();
  show_wait(&little);
  IS(now_ms() - before >= 20);
  raise(SIGUSR1);
  show_wait(&none);
  union sigval value = {.sival_int = 5};
  sigqueue(getpid(), 40, value);
  value.sival_int = 6;
  sigqueue(getpid(), 40, value);
  raise(SIGUSR1);
  show_wait(NULL);
  show_wait(NULL);
  show_wait(NULL);
  if (fork() == 0) {
    millis(20);
    _exit(9);
  }
  show_wait(NULL);
  wait(NULL);

  /* sigsuspend with a pending signal, and the mask afterwards. */
  signal(SIGUSR1, handler);
  raise(SIGUSR1);
  sigset_t open_mask, now;
  sigfillset(&open_mask);
  sigdelset(&open_mask, SIGUSR1);
  SHOW(sigsuspend(&open_mask));
  sigprocmask(SIG_SETMASK, NULL, &now);
  printf("blocked after: USR1 %d USR2 %d\n", sigismember(&now, SIGUSR1), sigismember(&now, SIGUSR2));

  /* ppoll's mask. */
  raise(SIGUSR1);
  SHOW(ppoll(NULL, 0, NULL, &open_mask));
  sigprocmask(SIG_SETMASK, NULL, &now);
  printf("blocked after ppoll: USR1 %d USR2 %d\n", sigismember(&now, SIGUSR1), sigismember(&now, SIGUSR2));

  /* Threads: each signal goes to one of them. */
  pthread_t threads[4];
  atomic_int sum = 0;
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, waiter, &sum);
  millis(20);
  for (int i = 0; i < 4; i++) sigqueue(getpid(), 40, value);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  printf("sum %d\n", sum);
  return 0;
}
