/* wait4 and waitid: every kind of event, every way to ask. See wait(2). */
#include "show.h"

static void show_info(const char *what, int result, siginfo_t *info, pid_t child) {
  if (result == -1) printf("%s: %s\n", what, error_name(errno));
  else if (info->si_signo == 0) printf("%s: nothing\n", what);
  else
    printf("%s: signo %d code %d status %d pid %s\n", what, info->si_signo, info->si_code, info->si_status,
           info->si_pid == child ? "the child" : "another");
}

#define WAITID(type, id, options)                        \
  do {                                                   \
    siginfo_t info;                                      \
    memset(&info, 0, sizeof info);                       \
    errno = 0;                                           \
    int r = waitid(type, id, &info, options);            \
    show_info("waitid " #type " " #options, r, &info, child); \
  } while (0)

int main(void) {
  int status;
  pid_t child = 0;
  SHOW(waitpid(-1, &status, WNOHANG));
  SHOW(waitpid(99999, &status, 0));
  SHOW(wait4(-1, &status, 0x100, NULL));
  WAITID(P_ALL, 0, WEXITED | WNOHANG);
  WAITID(P_ALL, 0, 0);
  WAITID(P_PID, -1, WEXITED);
  WAITID(9, 1, WEXITED);

  child = fork();
  if (child == 0) _exit(42);
  IS(waitpid(child, &status, 0) == child);
  show_status("exit 42", status);

  child = fork();
  if (child == 0) _exit(300);
  WAITID(P_PID, child, WEXITED | WNOWAIT);
  WAITID(P_PID, child, WEXITED | WNOWAIT);
  WAITID(P_PID, child, WSTOPPED | WNOHANG);
  WAITID(P_PGID, 0, WEXITED);
  WAITID(P_PID, child, WEXITED);

  child = fork();
  if (child == 0) {
    raise(SIGKILL);
  }
  WAITID(P_ALL, 0, WEXITED);

  /* In a process group of its own, which is not an orphan: SIGTSTP stops it. */
  child = fork();
  if (child == 0) {
    setpgid(0, 0);
    for (;;) pause();
  }
  setpgid(child, child);
  SHOW(waitpid(child, &status, WNOHANG));
  kill(child, SIGSTOP);
  IS(waitpid(child, &status, WUNTRACED) == child);
  show_status("after SIGSTOP", status);
  SHOW(waitpid(child, &status, WNOHANG | WUNTRACED));
  kill(child, SIGCONT);
  IS(waitpid(child, &status, WCONTINUED) == child);
  show_status("after SIGCONT", status);
  SHOW(waitpid(child, &status, WNOHANG | WCONTINUED));
  kill(child, SIGTSTP);
  WAITID(P_PID, child, WSTOPPED | WNOWAIT);
  WAITID(P_PID, child, WSTOPPED);
  WAITID(P_PID, child, WSTOPPED | WNOHANG);
  kill(child, SIGTERM);
  millis(20);
  SHOW(waitpid(child, &status, WNOHANG));
  kill(child, SIGCONT);
  IS(waitpid(child, &status, 0) == child);
  show_status("after SIGTERM and SIGCONT", status);
  WAITID(P_PID, child, WEXITED);

  /* A group of its own. */
  child = fork();
  if (child == 0) {
    setpgid(0, 0);
    _exit(7);
  }
  setpgid(child, child);
  SHOW(waitpid(0, &status, 0));
  IS(waitpid(-child, &status, 0) == child);
  show_status("by process group", status);

  /* Children that are not announced by SIGCHLD. */
  signal(SIGUSR1, SIG_IGN);
  child = syscall(SYS_clone, SIGUSR1, 0, 0, 0, 0);
  if (child == 0) _exit(1);
  SHOW(waitpid(child, &status, 0));
  IS(waitpid(child, &status, __WCLONE) == child);
  child = syscall(SYS_clone, 0, 0, 0, 0, 0);
  if (child == 0) _exit(2);
  IS(waitpid(child, &status, __WALL) == child);
  show_status("without a signal", status);

  /* Ignored SIGCHLD: nobody waits. */
  signal(SIGCHLD, SIG_IGN);
  child = fork();
  if (child == 0) _exit(3);
  SHOW(waitpid(child, &status, 0));
  struct sigaction action = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
  sigaction(SIGCHLD, &action, NULL);
  child = fork();
  if (child == 0) _exit(4);
  SHOW(wait(&status));

  /* Bad addresses. */
  signal(SIGCHLD, SIG_DFL);
  child = fork();
  if (child == 0) _exit(5);
  SHOW(syscall(SYS_wait4, child, 8L, 0, 0));
  SHOW(waitpid(child, &status, 0));
  struct rusage usage;
  child = fork();
  if (child == 0) _exit(6);
  IS(wait4(child, &status, 0, &usage) == child);
  IS(usage.ru_utime.tv_sec == 0 && usage.ru_maxrss > 0);
  return 0;
}
