/* cpu.max holds back tasks that share the processor, and no real-time ones. See cgroup-v2.rst, CPU. */
#include "cgroup.h"

static long stat_of(const char *key) {
  char line[128];
  long value = -1;
  FILE *in = fopen("g/cpu.stat", "r");
  while (in && fgets(line, sizeof line, in))
    if (strncmp(line, key, strlen(key)) == 0) value = atol(line + strlen(key));
  if (in) fclose(in);
  return value;
}

/* Use 200 ms of the processor, in the group. */
static void work(int policy) {
  long before = stat_of("nr_throttled "), used = stat_of("usage_usec ");
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    struct sched_param param = {.sched_priority = policy == SCHED_FIFO || policy == SCHED_RR ? 10 : 0};
    if (sched_setscheduler(0, policy, &param)) _exit(1);
    if (put("g/cgroup.procs", "0")) _exit(2);
    struct timespec now;
    do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    while (now.tv_nsec < 200000000 && now.tv_sec == 0);
    _exit(0);
  }
  int status;
  waitpid(pid, &status, 0);
  printf("policy %d: ended with %d, throttled %s, time is counted: %s\n", policy, WEXITSTATUS(status),
         stat_of("nr_throttled ") > before ? "yes" : "no", stat_of("usage_usec ") - used >= 150000 ? "yes" : "no");
}

int main(void) {
  mount_cgroups();
  SHOW(put("cgroup.subtree_control", "+cpu"));
  mkdir("g", 0755);
  SHOW(put("g/cpu.max", "20000 100000"));
  work(SCHED_FIFO);
  work(SCHED_RR);
  work(SCHED_OTHER);
  work(SCHED_BATCH);
  work(SCHED_FIFO);
  remove_group("g");
  unmount_cgroups();
  return 0;
}
