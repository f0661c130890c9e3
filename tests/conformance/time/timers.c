/* Interval timers and POSIX timers. See setitimer(2), timer_create(2). */
#include "show.h"

static volatile int count, last_code, last_overrun, last_value;
static void handler(int signo, siginfo_t *info, void *context) {
  (void)signo;
  (void)context;
  count++;
  last_code = info->si_code;
  last_overrun = info->si_overrun;
  last_value = info->si_value.sival_int;
}

/* A signal that comes before it is waited for is not lost. */
static sigset_t before;
static void hold(int signo) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signo);
  sigprocmask(SIG_BLOCK, &set, &before);
}
static void await(int times) {
  while (count < times) sigsuspend(&before);
  sigprocmask(SIG_SETMASK, &before, NULL);
}

static long us(struct timeval t) { return t.tv_sec * 1000000L + t.tv_usec; }

int main(void) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  for (int signo = 1; signo < 65; signo++) sigaction(signo, &action, NULL);
  struct itimerval timer = {.it_value = {0, 200000}}, old;
  struct itimerval bad = {.it_value = {0, 1000000}};
  SHOW(setitimer(5, &timer, NULL));
  SHOW(setitimer(ITIMER_REAL, &bad, NULL));
  hold(SIGALRM);
  SHOW(setitimer(ITIMER_REAL, &timer, &old));
  printf("old %ld\n", us(old.it_value));
  getitimer(ITIMER_REAL, &old);
  IS(us(old.it_value) > 0 && us(old.it_value) <= 200000);
  await(1);
  printf("count %d code %d\n", count, last_code);
  getitimer(ITIMER_REAL, &old);
  printf("left %ld\n", us(old.it_value));
  timer.it_interval.tv_usec = 10000;
  timer.it_value.tv_usec = 10000;
  count = 0;
  hold(SIGALRM);
  setitimer(ITIMER_REAL, &timer, NULL);
  await(5);
  printf("periodic %d\n", count >= 5);
  timer = (struct itimerval){0};
  setitimer(ITIMER_REAL, &timer, NULL);
  SHOW(alarm(100));
  IS(alarm(0) == 100);
  timer.it_value.tv_usec = 20000;
  count = 0;
  setitimer(ITIMER_VIRTUAL, &timer, NULL);
  millis(60);
  printf("virtual while asleep %d\n", count);
  while (!count) continue;
  printf("virtual %d\n", count);
  count = 0;
  setitimer(ITIMER_PROF, &timer, NULL);
  while (!count) getppid();
  printf("prof %d\n", count);
  /* Children inherit no timers. */
  timer.it_value.tv_usec = 500000;
  setitimer(ITIMER_REAL, &timer, NULL);
  IN_CHILD("child", {
    getitimer(ITIMER_REAL, &old);
    printf("child's timer %ld\n", us(old.it_value));
  });
  timer.it_value.tv_usec = 0;
  setitimer(ITIMER_REAL, &timer, NULL);

  timer_t id;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 77};
  SHOW(timer_create(99, &event, &id));
  event.sigev_signo = 100;
  SHOW(timer_create(CLOCK_MONOTONIC, &event, &id));
  event.sigev_signo = SIGUSR1;
  event.sigev_notify = 9;
  SHOW(timer_create(CLOCK_MONOTONIC, &event, &id));
  event.sigev_notify = SIGEV_SIGNAL;
  SHOW(timer_create(CLOCK_MONOTONIC, &event, &id));
  struct itimerspec spec = {.it_value = {0, 200000000}}, now;
  count = 0;
  hold(SIGUSR1);
  SHOW(timer_settime(id, 0, &spec, NULL));
  SHOW(timer_gettime(id, &now));
  IS(now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 200000000);
  await(1);
  printf("timer %d code %d value %d overrun %d\n", count, last_code, last_value, last_overrun);
  SHOW(timer_gettime(id, &now));
  printf("left %ld\n", now.it_value.tv_nsec);
  /* Overruns while blocked. */
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  spec.it_interval = spec.it_value = (struct timespec){0, 5000000};
  timer_settime(id, 0, &spec, NULL);
  millis(100);
  siginfo_t info;
  sigwaitinfo(&set, &info);
  IS(info.si_overrun >= 15 && info.si_overrun <= 60);
  IS(timer_getoverrun(id) == info.si_overrun);
  printf("code %d value %d\n", info.si_code, info.si_value.sival_int);
  spec = (struct itimerspec){0};
  timer_settime(id, 0, &spec, NULL);
  spec.it_value.tv_nsec = 2000000000;
  SHOW(timer_settime(id, 0, &spec, NULL));
  /* An absolute time in the past expires at once. */
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  count = 0;
  spec.it_value = (struct timespec){0, 1};
  SHOW(timer_settime(id, TIMER_ABSTIME, &spec, NULL));
  millis(5);
  printf("past %d\n", count);
  SHOW(timer_delete(id));
  SHOW(timer_delete(id));
  SHOW(timer_gettime(id, &now));
  /* Without a signal, by default with SIGALRM. */
  event.sigev_notify = SIGEV_NONE;
  SHOW(timer_create(CLOCK_REALTIME, &event, &id));
  spec = (struct itimerspec){.it_value = {0, 10000000}};
  timer_settime(id, 0, &spec, NULL);
  count = 0;
  millis(30);
  timer_gettime(id, &now);
  printf("none: count %d left %ld\n", count, now.it_value.tv_nsec);
  SHOW(timer_create(CLOCK_MONOTONIC, NULL, &id));
  hold(SIGALRM);
  timer_settime(id, 0, &spec, NULL);
  await(1);
  printf("default: count %d\n", count);
  SHOW(timer_create(CLOCK_PROCESS_CPUTIME_ID, NULL, &id));
  count = 0;
  spec.it_value.tv_nsec = 20000000;
  timer_settime(id, 0, &spec, NULL);
  while (!count) continue;
  printf("cpu timer %d\n", count);
  return 0;
}
