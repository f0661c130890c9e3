/* What becomes of children whose parent is gone: subreapers, death signals, orphaned process groups. See prctl(2), credentials(7). */
#include "show.h"

static volatile sig_atomic_t got;
static void note(int signo) { got = signo; }

int main(void) {
  int pipefd[2];
  int status;
  char byte;
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  pid_t self = getpid();
  int flag = -1;
  prctl(PR_GET_CHILD_SUBREAPER, &flag);
  printf("subreaper %d\n", flag);

  /* A grandchild comes to the subreaper. */
  pipe(pipefd);
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_GET_CHILD_SUBREAPER, &flag);
    printf("child is subreaper: %d\n", flag);
    if (fork() == 0) {
      read(pipefd[0], &byte, 1);
      millis(10);
      printf("parent is the subreaper: %s\n", getppid() == self ? "yes" : "no");
      _exit(9);
    }
    _exit(0);
  }
  IS(waitpid(child, &status, 0) == child);
  write(pipefd[1], "x", 1);
  IS(wait(&status) > 0);
  show_status("grandchild", status);

  /* The signal at the parent's death. */
  child = fork();
  if (child == 0) {
    pid_t grandchild = fork();
    if (grandchild == 0) {
      signal(SIGUSR1, note);
      prctl(PR_SET_PDEATHSIG, SIGUSR1);
      int set = 0;
      prctl(PR_GET_PDEATHSIG, &set);
      printf("death signal %d\n", set);
      write(pipefd[1], "x", 1);
      for (int i = 0; i < 200 && !got; i++) millis(5);
      printf("got %d\n", got);
      _exit(0);
    }
    read(pipefd[0], &byte, 1);
    _exit(0);
  }
  waitpid(child, &status, 0);
  wait(&status);

  /* A stopped process in a group that becomes orphaned gets SIGHUP and SIGCONT. */
  child = fork();
  if (child == 0) {
    setsid();
    pid_t stopped = fork();
    if (stopped == 0) {
      setpgid(0, 0);
      signal(SIGHUP, note);
      raise(SIGSTOP);
      printf("continued, got %d\n", got);
      /* Stop signals of the terminal do nothing in an orphaned group. */
      raise(SIGTSTP);
      printf("still here\n");
      _exit(0);
    }
    waitpid(stopped, &status, WUNTRACED);
    show_status("member", status);
    _exit(0);
  }
  waitpid(child, &status, 0);
  wait(&status);
  show_status("orphan", status);
  SHOW(wait(&status));
  return 0;
}
