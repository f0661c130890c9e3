/* The pids controller, and clone3(CLONE_INTO_CGROUP). */
#include "cgroup.h"
#include <linux/sched.h>

static long clone_into(int fd, unsigned long flags) {
  struct clone_args args = {.flags = CLONE_INTO_CGROUP | flags, .exit_signal = SIGCHLD, .cgroup = fd};
  return syscall(SYS_clone3, &args, sizeof args);
}

int main(void) {
  mount_cgroups();
  PUT("cgroup.subtree_control", "+pids");
  mkdir("p", 0755);
  FILE_IS("p/pids.max");
  PUT("p/pids.max", "-1");
  PUT("p/pids.max", "x");
  PUT("p/pids.max", "4194304");
  FILE_IS("p/pids.max");
  PUT("p/pids.max", "4194305");
  PUT("p/pids.max", "0x3");
  FILE_IS("p/pids.max");
  SHOW(access("pids.max", F_OK));
  mkdir("p/q", 0755);
  PUT("p/cgroup.subtree_control", "+pids");
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    MOVE(0, "p/q/cgroup.procs");
    pid_t first = sleeper(), second = sleeper();
    IS(first > 0);
    IS(second > 0);
    SHOW(fork());
    FILE_IS("p/pids.current");
    FILE_IS("p/q/pids.current");
    FILE_IS("p/pids.events");
    FILE_IS("p/pids.events.local");
    FILE_IS("p/q/pids.events");
    FILE_IS("p/q/pids.events.local");
    PUT("p/pids.max", "2");
    FILE_IS("p/pids.current");
    kill(first, SIGKILL);
    millis(20);
    FILE_IS("p/pids.current");
    waitpid(first, NULL, 0);
    FILE_IS("p/pids.current");
    SHOW(fork());
    kill(second, SIGKILL);
    waitpid(second, NULL, 0);
    PUT("p/q/pids.max", "1");
    SHOW(fork());
    FILE_IS("p/pids.events");
    FILE_IS("p/q/pids.events");
    FILE_IS("p/q/pids.events.local");
    _exit(0);
  }
  waitpid(child, NULL, 0);
  FILE_IS("p/pids.current");
  FILE_IS("p/pids.peak");

  puts("-- clone3");
  PUT("p/q/pids.max", "max");
  int q = open("p/q", O_RDONLY | O_DIRECTORY), path = open("p/q", O_PATH), file = open("p/q/cgroup.procs", O_RDONLY),
      root = open("/", O_RDONLY | O_DIRECTORY), p = open("p", O_RDONLY | O_DIRECTORY);
  SHOW(clone_into(-1, 0));
  SHOW(clone_into(file, 0));
  SHOW(clone_into(root, 0));
  SHOW(clone_into(1000, 0));
  for (int i = 0; i < 2; i++) {
    pid_t pid = clone_into(i ? path : q, 0);
    if (pid == 0) {
      FILE_IS("/proc/self/cgroup");
      FILE_IS("p/q/pids.current");
      _exit(0);
    }
    const char *error = error_name(errno);
    if (pid > 0) waitpid(pid, NULL, 0);
    printf("cloned: %s\n", pid > 0 ? "yes" : error);
  }
  PUT("p/pids.max", "0");
  SHOW(clone_into(q, 0));
  FILE_IS("p/pids.events.local");
  PUT("p/pids.max", "max");
  pid_t pid = clone_into(p, 0);
  if (pid == 0) _exit(0);
  printf("cloned: %s\n", pid > 0 ? "yes" : error_name(errno));
  if (pid > 0) waitpid(pid, NULL, 0);
  remove_group("p/q");
  SHOW(clone_into(q, 0));
  remove_group("p");
  PUT("cgroup.subtree_control", "-pids");
  unmount_cgroups();
}
