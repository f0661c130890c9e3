/* Who may trace whom. See ptrace(2), Ptrace access mode checking. */
#include "show.h"
#include "trace.h"

static void try_open(pid_t child, const char *name, int flags) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", child, name);
  int fd = open(path, flags);
  printf("%s: %s", name, fd < 0 ? error_name(errno) : "opened");
  char byte;
  if (fd >= 0) printf(", read %s", pread(fd, &byte, 1, 0x400000) < 0 && strcmp(name, "mem") ? error_name(errno) : "done");
  printf("\n");
  if (fd >= 0) close(fd);
}

static void attempt(pid_t child) {
  SHOW(ptrace(PTRACE_SEIZE, child, 0, 0));
  char byte;
  struct iovec local = {&byte, 1}, remote = {(void *)attempt, 1};
  SHOW(process_vm_readv(child, &local, 1, &remote, 1, 0));
  try_open(child, "mem", O_RDONLY);
  try_open(child, "environ", O_RDONLY);
  try_open(child, "syscall", O_RDONLY);
  SHOW(syscall(SYS_kcmp, getpid(), child, 1, 0, 0) > 0);
}

#define TARGET(...) ({ pid_t t_ = CHILD({ __VA_ARGS__; for (;;) pause(); }); await_state(t_, 'S'); t_; })
#define USER(id) setgroups(0, NULL), setresgid(id, id, id), setresuid(id, id, id)
#include <grp.h>

static void end(pid_t child) {
  kill(child, SIGKILL);
  waitpid(child, NULL, __WALL);
}

int main(void) {
  pid_t root = TARGET();
  pid_t user = TARGET(USER(1000), prctl(PR_SET_DUMPABLE, 1));
  pid_t other = TARGET(USER(1001), prctl(PR_SET_DUMPABLE, 1));
  pid_t hidden = TARGET(USER(1000), prctl(PR_SET_DUMPABLE, 0));
  pid_t half = TARGET(setresgid(1000, 1000, 1000), setresuid(1000, 1000, 0), prctl(PR_SET_DUMPABLE, 1));
  puts("root traces a user");
  IN_CHILD("tracer", attempt(user));
  puts("root traces one who is not dumpable");
  IN_CHILD("tracer", attempt(hidden));
  puts("a user traces root");
  IN_CHILD("tracer", USER(1000); attempt(root));
  puts("a user traces himself");
  IN_CHILD("tracer", USER(1000); attempt(user));
  puts("a user traces another");
  IN_CHILD("tracer", USER(1000); attempt(other));
  puts("a user traces one who is not dumpable");
  IN_CHILD("tracer", USER(1000); attempt(hidden));
  puts("a user traces one who can be root again");
  IN_CHILD("tracer", USER(1000); attempt(half));
  puts("another group");
  IN_CHILD("tracer", setgroups(0, NULL); setresgid(1001, 1001, 1001); setresuid(1000, 1000, 1000); attempt(user));
  puts("in a user namespace");
  pid_t inside = TARGET(USER(1000), prctl(PR_SET_DUMPABLE, 1), unshare(CLONE_NEWUSER), prctl(PR_SET_DUMPABLE, 1));
  IN_CHILD("from outside", USER(1000); prctl(PR_SET_DUMPABLE, 1); attempt(inside));
  IN_CHILD("another from outside", USER(1001); attempt(inside));
  IN_CHILD("from inside", USER(1000); prctl(PR_SET_DUMPABLE, 1); SHOW(unshare(CLONE_NEWUSER)); attempt(user));
  end(root);
  end(user);
  end(other);
  end(hidden);
  end(half);
  end(inside);

  puts("privileges of a traced program");
  int fd = open("/test_setuid", O_WRONLY | O_CREAT | O_TRUNC, 0755);
  int from = open("/proc/self/exe", O_RDONLY);
  char buffer[65536];
  for (ssize_t n; (n = read(from, buffer, sizeof buffer)) > 0;) write(fd, buffer, n);
  close(fd);
  chmod("/test_setuid", 04755);
  for (int traced = 0; traced < 2; traced++) {
    IN_CHILD("user", {
      USER(1000);
      pid_t child = CHILD({
        if (traced) ptrace(PTRACE_TRACEME, 0, 0, 0);
        execl("/test_setuid", "test", "ids", NULL);
      });
      int status;
      while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) ptrace(PTRACE_CONT, child, 0, 0);
      show_status(traced ? "traced" : "not traced", status);
    });
  }
  unlink("/test_setuid");
  return 0;
}

__attribute__((constructor)) static void ids(int argc, char **argv) {
  if (argc < 2 || strcmp(argv[1], "ids")) return;
  _exit(geteuid() == 0 ? 1 : 2);
}
