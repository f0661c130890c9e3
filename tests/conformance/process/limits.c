/* Resource limits, usage, priorities, scheduling policies. See getrlimit(2), sched(7). */
#include "show.h"

static void show_limit(const char *what, int resource) {
  struct rlimit limit;
  if (getrlimit(resource, &limit) == -1) printf("%s: %s\n", what, error_name(errno));
  else printf("%s: %ld %ld\n", what, (long)limit.rlim_cur, (long)limit.rlim_max);
}

static void on_signal(int signo) { printf("signal %d\n", signo); }

int main(void) {
  struct rlimit limit = {100, 200};
  SHOW(setrlimit(RLIMIT_NOFILE, &limit));
  show_limit("nofile", RLIMIT_NOFILE);
  limit.rlim_cur = 300;
  SHOW(setrlimit(RLIMIT_NOFILE, &limit));
  SHOW(getrlimit(99, &limit));
  limit = (struct rlimit){1, 2UL << 30};
  SHOW(setrlimit(RLIMIT_NOFILE, &limit));
  struct rlimit old;
  limit = (struct rlimit){50, 60};
  SHOW(prlimit(0, RLIMIT_NOFILE, &limit, &old));
  printf("old %ld %ld\n", (long)old.rlim_cur, (long)old.rlim_max);
  SHOW(prlimit(99999, RLIMIT_NOFILE, NULL, &old));
  show_limit("cpu", RLIMIT_CPU);
  show_limit("stack soft", RLIMIT_STACK);
  show_limit("core", RLIMIT_CORE);
  IN_CHILD("unprivileged", {
    setuid(1000);
    limit = (struct rlimit){50, 61};
    SHOW(prlimit(0, RLIMIT_NOFILE, &limit, NULL));
    limit = (struct rlimit){40, 45};
    SHOW(prlimit(0, RLIMIT_NOFILE, &limit, NULL));
    SHOW(prlimit(getppid(), RLIMIT_NOFILE, NULL, &old));
  });
  IN_CHILD("too many processes", {
    limit = (struct rlimit){1, 1};
    setrlimit(RLIMIT_NPROC, &limit);
    setuid(4242);
    pid_t child = fork();
    if (child == 0) _exit(0);
    printf("fork: %s\n", child == -1 ? error_name(errno) : "ok");
  });
  IN_CHILD("cpu limit", {
    signal(SIGXCPU, on_signal);
    limit = (struct rlimit){1, 2};
    setrlimit(RLIMIT_CPU, &limit);
    for (;;) continue;
  });
  IN_CHILD("nice", {
    SHOW(getpriority(PRIO_PROCESS, 0));
    SHOW(setpriority(PRIO_PROCESS, 0, 5));
    SHOW(getpriority(PRIO_PROCESS, 0));
    SHOW(setpriority(PRIO_PROCESS, 0, 100));
    SHOW(getpriority(PRIO_PROCESS, 0));
    SHOW(setpriority(PRIO_PROCESS, 0, -100));
    SHOW(getpriority(PRIO_PROCESS, 0));
    SHOW(setpriority(9, 0, 0));
    SHOW(getpriority(PRIO_PROCESS, 99999));
    setuid(1000);
    SHOW(setpriority(PRIO_PROCESS, 0, -20));
    SHOW(setpriority(PRIO_PROCESS, 0, 3));
    SHOW(setpriority(PRIO_PROCESS, 0, 2));
    SHOW(setpriority(PRIO_PROCESS, getppid(), 10));
    SHOW(nice(1));
  });
  IN_CHILD("policy", {
    struct sched_param param = {0};
    SHOW(sched_getscheduler(0));
    SHOW(sched_setscheduler(0, SCHED_BATCH, &param));
    SHOW(sched_getscheduler(0));
    SHOW(sched_setscheduler(0, SCHED_FIFO, &param));
    param.sched_priority = 10;
    SHOW(sched_setscheduler(0, SCHED_BATCH, &param));
    SHOW(sched_setscheduler(0, SCHED_RR, &param));
    SHOW(sched_getscheduler(0));
    SHOW(sched_getparam(0, &param));
    printf("priority %d\n", param.sched_priority);
    param.sched_priority = 100;
    SHOW(sched_setparam(0, &param));
    SHOW(sched_setscheduler(0, 77, &param));
    SHOW(sched_setscheduler(99999, SCHED_RR, &param));
    param.sched_priority = 0;
    SHOW(sched_setscheduler(0, SCHED_IDLE, &param));
    setuid(1000);
    SHOW(sched_setscheduler(0, SCHED_OTHER, &param));
    param.sched_priority = 1;
    SHOW(sched_setscheduler(0, SCHED_FIFO, &param));
    SHOW(sched_get_priority_max(SCHED_FIFO));
    SHOW(sched_get_priority_min(SCHED_RR));
    SHOW(sched_get_priority_max(SCHED_OTHER));
    SHOW(sched_get_priority_max(77));
  });
  struct rusage usage;
  SHOW(getrusage(RUSAGE_SELF, &usage));
  IS(usage.ru_maxrss > 0 && usage.ru_minflt > 0);
  SHOW(getrusage(RUSAGE_CHILDREN, &usage));
  IS(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec >= 1);
  SHOW(getrusage(RUSAGE_THREAD, &usage));
  SHOW(getrusage(5, &usage));
  struct tms times_;
  IS(times(&times_) > 0 && times_.tms_cutime + times_.tms_cstime >= 100);
  cpu_set_t set;
  CPU_ZERO(&set);
  IS(sched_getaffinity(0, sizeof set, &set) == 0 && CPU_ISSET(0, &set));
  SHOW(sched_setaffinity(0, sizeof set, &set));
  CPU_ZERO(&set);
  SHOW(sched_setaffinity(0, sizeof set, &set));
  SHOW(sched_yield());
  return 0;
}
