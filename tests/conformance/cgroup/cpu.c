/* The cpu controller. */
#include "cgroup.h"

static long entry(const char *path, const char *name) {
  char text[8192], key[64];
  snprintf(text, sizeof text, "\n%s", get(path));
  snprintf(key, sizeof key, "\n%s ", name);
  char *at = strstr(text, key);
  return at ? atol(at + strlen(key)) : -1;
}

/* Computes until it is killed. */
static pid_t spinner(const char *group) {
  pid_t child = fork();
  if (child == 0) {
    put_number(group, 0);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    sched_setaffinity(0, sizeof one, &one);
    for (volatile long i = 0;; i++) continue;
  }
  return child;
}

int main(void) {
  mount_cgroups();
  mkdir("c", 0755);
  SHOW(access("c/cpu.stat", F_OK));
  SHOW(access("c/cpu.max", F_OK));
  IS(entry("c/cpu.stat", "usage_usec") == 0);
  IS(entry("c/cpu.stat", "nr_periods") == -1);
  PUT("cgroup.subtree_control", "+cpu");
  PUT("c/cgroup.subtree_control", "+cpu");
  mkdir("c/d", 0755);
  mkdir("c/e", 0755);
  SHOW(access("cpu.max", F_OK));
  puts("-- values");
  FILE_IS("c/cpu.stat");
  FILE_IS("c/cpu.stat.local");
  FILE_IS("c/cpu.max");
  PUT("c/cpu.max", "50000");
  FILE_IS("c/cpu.max");
  PUT("c/cpu.max", "max 200000");
  FILE_IS("c/cpu.max");
  PUT("c/cpu.max", "20000 50000");
  FILE_IS("c/cpu.max");
  PUT("c/cpu.max", "999");
  PUT("c/cpu.max", "10000 999");
  PUT("c/cpu.max", "10000 1000001");
  PUT("c/cpu.max", "x");
  PUT("c/cpu.max", "");
  FILE_IS("c/cpu.max.burst");
  PUT("c/cpu.max.burst", "30000");
  PUT("c/cpu.max.burst", "10000");
  FILE_IS("c/cpu.max.burst");
  PUT("c/cpu.max", "5000");
  PUT("c/cpu.max.burst", "0");
  PUT("c/cpu.max", "max 100000");
  FILE_IS("c/cpu.weight");
  PUT("c/cpu.weight", "0");
  PUT("c/cpu.weight", "10001");
  PUT("c/cpu.weight", "x");
  PUT("c/cpu.weight", "200");
  FILE_IS("c/cpu.weight");
  FILE_IS("c/cpu.weight.nice");
  PUT("c/cpu.weight.nice", "-20");
  FILE_IS("c/cpu.weight");
  PUT("c/cpu.weight.nice", "20");
  PUT("c/cpu.weight.nice", "0");
  FILE_IS("c/cpu.weight");
  FILE_IS("c/cpu.idle");
  PUT("c/cpu.idle", "1");
  FILE_IS("c/cpu.weight");
  PUT("c/cpu.weight", "100");
  PUT("c/cpu.idle", "2");
  PUT("c/cpu.idle", "0");
  FILE_IS("c/cpu.weight");

  puts("-- bandwidth");
  PUT("c/cpu.max", "10000 100000");
  pid_t one = spinner("c/d/cgroup.procs"), two = spinner("c/e/cgroup.procs");
  IS(await("c/e/cgroup.events", "populated 1"));
  while (entry("c/cpu.stat", "nr_periods") < 12) millis(20);
  long used = entry("c/cpu.stat", "usage_usec"), allowed = 10000 * (entry("c/cpu.stat", "nr_periods") + 1);
  IS(used > allowed / 3 && used < 2 * allowed);
  IS(entry("c/cpu.stat", "nr_throttled") >= 5);
  IS(entry("c/cpu.stat", "throttled_usec") > 0);
  IS(entry("c/d/cpu.stat", "nr_throttled") == 0);
  IS(entry("c/cpu.stat", "user_usec") > 0);

  puts("-- weights");
  PUT("c/cpu.max", "max");
  PUT("c/d/cpu.weight", "400");
  pid_t three = spinner("c/e/cgroup.procs");
  millis(100);
  long d0 = entry("c/d/cpu.stat", "usage_usec"), e0 = entry("c/e/cpu.stat", "usage_usec"), d, e;
  do {
    millis(50);
    d = entry("c/d/cpu.stat", "usage_usec") - d0;
    e = entry("c/e/cpu.stat", "usage_usec") - e0;
  } while (d + e < 1000000);
  IS(d > 2 * e && d < 8 * e);
  PUT("c/cgroup.kill", "1");
  waitpid(one, NULL, 0);
  waitpid(two, NULL, 0);
  waitpid(three, NULL, 0);
  remove_group("c/d");
  remove_group("c/e");
  remove_group("c");
  PUT("cgroup.subtree_control", "-cpu");
  unmount_cgroups();
}
