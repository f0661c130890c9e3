/* The memory controller. */
#include "cgroup.h"

#define MB (1024 * 1024L)

static char *grow(long bytes) {
  char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (long i = 0; i < bytes; i += 4096) p[i] = 1;
  return p;
}

static long number(const char *path) { return atol(get(path)); }

/* A line of a file with names and numbers. */
static long entry(const char *path, const char *name) {
  char text[8192], key[64];
  snprintf(text, sizeof text, "\n%s", get(path));
  snprintf(key, sizeof key, "\n%s ", name);
  char *at = strstr(text, key);
  return at ? atol(at + strlen(key)) : -1;
}

int main(void) {
  mount_cgroups();
  int status;
  PUT("cgroup.subtree_control", "+memory");
  SHOW(access("memory.max", F_OK));
  SHOW(access("memory.stat", F_OK));
  SHOW(access("memory.reclaim", F_OK));
  mkdir("m", 0755);
  PUT("m/cgroup.subtree_control", "+memory");
  mkdir("m/n", 0755);
  mkdir("m/o", 0755);
  puts("-- values");
  FILE_IS("m/memory.max");
  FILE_IS("m/memory.high");
  FILE_IS("m/memory.low");
  FILE_IS("m/memory.min");
  FILE_IS("m/memory.swap.max");
  FILE_IS("m/memory.events");
  FILE_IS("m/memory.oom.group");
  PUT("m/memory.max", "1000000");
  FILE_IS("m/memory.max");
  PUT("m/memory.max", "64M");
  FILE_IS("m/memory.max");
  PUT("m/memory.max", "1g\n");
  FILE_IS("m/memory.max");
  PUT("m/memory.max", "-1");
  PUT("m/memory.max", "x");
  PUT("m/memory.max", "12x");
  PUT("m/memory.max", "");
  PUT("m/memory.max", "max");
  PUT("m/memory.low", "5000");
  FILE_IS("m/memory.low");
  PUT("m/memory.low", "0");
  PUT("m/memory.swap.max", "4096");
  FILE_IS("m/memory.swap.max");
  PUT("m/memory.swap.max", "0");
  PUT("m/memory.oom.group", "2");
  PUT("m/memory.oom.group", "x");
  PUT("m/memory.current", "1");
  PUT("m/memory.reclaim", "x");
  PUT("m/memory.reclaim", "");

  puts("-- charging");
  IN_CHILD("charged", {
    MOVE(0, "m/n/cgroup.procs");
    long before = number("m/n/memory.current");
    grow(8 * MB);
    long after = number("m/n/memory.current");
    IS(after - before >= 8 * MB && after - before < 9 * MB);
    IS(number("m/memory.current") >= after);
    IS(entry("m/n/memory.stat", "anon") >= 8 * MB);
    MOVE(0, "m/o/cgroup.procs");
    IS(number("m/n/memory.current") >= 8 * MB);
    IS(number("m/o/memory.current") < 2 * MB);
    grow(4 * MB);
    IS(number("m/o/memory.current") >= 4 * MB);
    PUT("m/n/memory.reclaim", "100M");
  });
  IS(number("m/n/memory.current") < 2 * MB);
  IS(number("m/n/memory.peak") >= 8 * MB);
  int fd = open("m/n/memory.peak", O_RDWR);
  char text[32] = "";
  SHOW(write(fd, "r", 1));
  IS(pread(fd, text, 31, 0) > 0 && atol(text) < 2 * MB);
  IS(number("m/n/memory.peak") >= 8 * MB);
  close(fd);

  puts("-- memory.max");
  PUT("m/memory.max", "16M");
  IN_CHILD("greedy", {
    MOVE(0, "m/n/cgroup.procs");
    grow(12 * MB);
    puts("12 MB are had");
    grow(12 * MB);
    puts("24 MB are had");
  });
  IS(entry("m/memory.events", "max") > 0);
  IS(entry("m/memory.events", "oom") > 0);
  printf("oom_kill %ld\n", entry("m/memory.events", "oom_kill"));
  printf("oom_kill in n %ld\n", entry("m/n/memory.events", "oom_kill"));
  printf("oom_kill locally in n %ld\n", entry("m/n/memory.events.local", "oom_kill"));
  IS(entry("m/memory.events.local", "max") > 0);
  IS(entry("m/n/memory.events", "max") == 0);
  IS(number("m/memory.peak") <= 16 * MB);

  puts("-- a limit below what is used");
  PUT("m/memory.max", "max");
  int ready[2];
  if (pipe(ready)) return 1;
  pid_t child = fork();
  if (child == 0) {
    MOVE(0, "m/n/cgroup.procs");
    grow(12 * MB);
    if (write(ready[1], "x", 1) != 1) _exit(1);
    for (;;) pause();
  }
  char c;
  SHOW(read(ready[0], &c, 1));
  PUT("m/memory.max", "4M");
  SHOW(waitpid(child, &status, 0) == child);
  show_status("child", status);
  printf("oom_kill %ld\n", entry("m/memory.events", "oom_kill"));
  PUT("m/memory.max", "max");

  puts("-- all together");
  PUT("m/memory.oom.group", "1");
  PUT("m/memory.max", "16M");
  pid_t idle = fork();
  if (idle == 0) {
    MOVE(0, "m/o/cgroup.procs");
    if (write(ready[1], "x", 1) != 1) _exit(1);
    for (;;) pause();
  }
  SHOW(read(ready[0], &c, 1));
  IN_CHILD("greedy", {
    MOVE(0, "m/n/cgroup.procs");
    grow(24 * MB);
    puts("24 MB are had");
  });
  SHOW(waitpid(idle, &status, 0) == idle);
  show_status("idle", status);
  printf("oom_kill %ld oom_group_kill %ld\n", entry("m/memory.events", "oom_kill"), entry("m/memory.events", "oom_group_kill"));
  PUT("m/memory.oom.group", "0");
  PUT("m/memory.max", "max");

  puts("-- oom_score_adj");
  PUT("m/memory.max", "16M");
  child = fork();
  if (child == 0) {
    MOVE(0, "m/n/cgroup.procs");
    PUT("/proc/self/oom_score_adj", "1000");
    grow(6 * MB);
    if (write(ready[1], "x", 1) != 1) _exit(1);
    for (;;) pause();
  }
  SHOW(read(ready[0], &c, 1));
  IN_CHILD("preferred", {
    MOVE(0, "m/n/cgroup.procs");
    grow(12 * MB);
    puts("12 MB are had");
  });
  SHOW(waitpid(child, &status, 0) == child);
  show_status("the one that was chosen", status);
  PUT("m/memory.max", "max");

  puts("-- memory.high");
  PUT("m/n/memory.high", "4M");
  child = fork();
  if (child == 0) {
    MOVE(0, "m/n/cgroup.procs");
    if (write(ready[1], "x", 1) != 1) _exit(1);
    for (;;) grow(MB);
  }
  SHOW(read(ready[0], &c, 1));
  for (int i = 0; i < 400 && entry("m/n/memory.events", "high") <= 0; i++) millis(5);
  IS(entry("m/n/memory.events", "high") > 0);
  millis(300);
  IS(number("m/n/memory.current") < 64 * MB);
  SHOW(kill(child, SIGKILL));
  SHOW(waitpid(child, &status, 0) == child);
  show_status("held up", status);
  IS(await("m/n/cgroup.events", "populated 0"));

  puts("-- notification");
  PUT("m/n/memory.high", "max");
  PUT("m/memory.max", "8M");
  fd = open("m/memory.events", O_RDONLY);
  char buffer[512];
  SHOW(read(fd, buffer, sizeof buffer) > 0);
  struct pollfd p = {fd, POLLPRI, 0};
  SHOW(poll(&p, 1, 0));
  IN_CHILD("greedy", {
    MOVE(0, "m/n/cgroup.procs");
    grow(24 * MB);
  });
  SHOW(poll(&p, 1, 0));
  close(fd);
  remove_group("m/n");
  remove_group("m/o");
  remove_group("m");
  PUT("cgroup.subtree_control", "-memory");
  unmount_cgroups();
}
