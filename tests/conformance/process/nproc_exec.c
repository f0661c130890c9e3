/* RLIMIT_NPROC and programs that set their user id: execve(2) fails with EAGAIN as long as the user has too many processes. */
#include "show.h"

static void run(const char *what) {
  pid_t pid = vfork();
  if (pid == 0) {
    char *argv[] = {"test", "end", NULL};
    execv("/proc/self/exe", argv);
    _exit(100 + errno);
  }
  int status = 0;
  if (pid < 0) printf("%s: vfork %s\n", what, error_name(errno));
  else {
    waitpid(pid, &status, 0);
    if (WEXITSTATUS(status) > 100) printf("%s: %s\n", what, error_name(WEXITSTATUS(status) - 100));
    else printf("%s: runs\n", what);
  }
}

static int exec_after(int uid, long soft, int later, int back) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    struct rlimit limit = {soft, 1000};
    setrlimit(RLIMIT_NPROC, &limit);
    if (setresuid(uid, uid, back ? 0 : uid)) _exit(99);
    if (later >= 0) {
      limit.rlim_cur = later;
      setrlimit(RLIMIT_NPROC, &limit);
    }
    char *argv[] = {"test", "end", NULL};
    execv("/proc/self/exe", argv);
    int first = errno;
    if (back) {
      setresuid(0, 0, 0);
      execv("/proc/self/exe", argv);
      _exit(98);
    }
    _exit(100 + first);
  }
  int status;
  waitpid(pid, &status, 0);
  return WEXITSTATUS(status);
}

static void show(const char *what, int status) {
  if (status > 100) printf("%s: %s\n", what, error_name(status - 100));
  else printf("%s: %d\n", what, status);
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) return 7;
  show("below", exec_after(4321, 100, -1, 0));
  pid_t other = fork();
  if (other == 0) {
    setresuid(4321, 4321, 4321);
    for (;;) pause();
  }
  pid_t third = fork();
  if (third == 0) {
    setresuid(4321, 4321, 4321);
    for (;;) pause();
  }
  usleep(100000);
  show("limit 3", exec_after(4321, 3, -1, 0));
  show("limit 2", exec_after(4321, 2, -1, 0));
  show("limit 1", exec_after(4321, 1, -1, 0));
  show("limit 1, raised before execve", exec_after(4321, 1, 100, 0));
  show("limit 100, lowered before execve", exec_after(4321, 100, 1, 0));
  show("limit 1, superuser again", exec_after(4321, 1, -1, 1));
  show("limit 1, the superuser's id", exec_after(0, 1, -1, 0));
  kill(other, SIGKILL);
  kill(third, SIGKILL);
  wait(NULL);
  wait(NULL);
  show("alone, limit 1", exec_after(4321, 1, -1, 0));
  show("alone, limit 0", exec_after(4321, 0, -1, 0));
  run("itself");
  return 0;
}
