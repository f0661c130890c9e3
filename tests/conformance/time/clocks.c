/* Clocks and sleeping. See clock_gettime(2), clock_nanosleep(2). */
#include "show.h"
#include <sys/timex.h>

#define RES(clock)                                                    \
  do {                                                                \
    struct timespec r_ = {9, 9};                                      \
    errno = 0;                                                        \
    int result_ = clock_getres(clock, &r_);                           \
    if (result_) printf("getres " #clock ": %s\n", error_name(errno)); \
    else printf("getres " #clock ": %ld.%09ld\n", (long)r_.tv_sec, r_.tv_nsec); \
  } while (0)

static long ns(struct timespec t) { return t.tv_sec * 1000000000L + t.tv_nsec; }

int main(void) {
  struct timespec a, b;
  RES(CLOCK_REALTIME);
  RES(CLOCK_MONOTONIC);
  RES(CLOCK_PROCESS_CPUTIME_ID);
  RES(CLOCK_THREAD_CPUTIME_ID);
  RES(CLOCK_MONOTONIC_RAW);
  RES(CLOCK_REALTIME_COARSE);
  RES(CLOCK_BOOTTIME);
  RES(10);
  RES(12);
  RES(99);
  SHOW(clock_gettime(99, &a));
  SHOW(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, 8L));
  SHOW(clock_settime(CLOCK_MONOTONIC, &a));
  IN_CHILD("set as a user", {
    setuid(1000);
    clock_gettime(CLOCK_REALTIME, &a);
    SHOW(clock_settime(CLOCK_REALTIME, &a));
  });
  clock_gettime(CLOCK_MONOTONIC, &a);
  millis(30);
  clock_gettime(CLOCK_MONOTONIC, &b);
  IS(ns(b) - ns(a) >= 30000000 && ns(b) - ns(a) < 200000000);
  clock_gettime(CLOCK_REALTIME, &a);
  struct timeval tv;
  gettimeofday(&tv, NULL);
  IS(labs(tv.tv_sec - a.tv_sec) <= 1);
  IS(labs(time(NULL) - a.tv_sec) <= 1);
  IS(a.tv_sec > 1600000000);
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
  for (volatile int i = 0; i < 3000000; i++) continue;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
  IS(ns(b) > ns(a));
  millis(50);
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
  IS(ns(a) - ns(b) < 30000000);
  clockid_t clock;
  SHOW(clock_getcpuclockid(getpid(), &clock));
  SHOW(clock_gettime(clock, &a));
  SHOW(clock_getcpuclockid(99999, &clock) == ESRCH);
  SHOW(clock_gettime((~99999 << 3) | 2, &a));
  SHOW(clock_gettime((~99999 << 3) | 3, &a));

  struct timespec bad = {0, 1000000000}, negative = {-1, 0}, past = {0, 1};
  SHOW(nanosleep(&bad, NULL));
  SHOW(nanosleep(&negative, NULL));
  SHOW(syscall(SYS_nanosleep, NULL, NULL));
  SHOW(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &past, NULL));
  SHOW(clock_nanosleep(99, 0, &past, NULL));
  SHOW(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &past, NULL));
  SHOW(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &past, NULL));
  clock_gettime(CLOCK_REALTIME, &a);
  a.tv_nsec += 30000000;
  if (a.tv_nsec >= 1000000000) {
    a.tv_nsec -= 1000000000;
    a.tv_sec++;
  }
  long before = now_ms();
  SHOW(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &a, NULL));
  long took = now_ms() - before;
  IS(took >= 29 && took < 200);
  struct timex timex = {0};
  IS(adjtimex(&timex) >= 0);
  IS(timex.tick == 10000);
  IN_CHILD("adjust as a user", {
    setuid(1000);
    timex.modes = ADJ_OFFSET;
    SHOW(adjtimex(&timex));
  });
  return 0;
}
