/* PID namespaces: numbers, init, signals across the border. See pid_namespaces(7). */
#include "show.h"
#include <linux/sched.h>

static pid_t clone_with(unsigned long flags) { return syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0); }

static void with_info(int signo, siginfo_t *info, void *context) {
  (void)context;
  printf("signal %d from pid %d code %d\n", signo, info->si_pid, info->si_code);
}

#define IN_NAMESPACE(what, flags, ...)  \
  do {                                  \
    pid_t child_ = clone_with(flags);   \
    if (child_ == 0) {                  \
      __VA_ARGS__;                      \
      _exit(0);                         \
    }                                   \
    if (child_ == -1) printf("%s: %s\n", what, error_name(errno)); \
    else {                              \
      int status_;                      \
      waitpid(child_, &status_, 0);     \
      show_status(what, status_);       \
    }                                   \
  } while (0)

int main(void) {
  int status, pipefd[2];
  char byte;
  IN_NAMESPACE("numbers", CLONE_NEWPID, {
    SHOW(getpid());
    SHOW(gettid());
    SHOW(getppid());
    SHOW(getpgrp());
    SHOW(getsid(0));
    pid_t second = fork();
    if (second == 0) {
      SHOW(getpid());
      SHOW(getppid());
      _exit(5);
    }
    IS(waitpid(-1, &status, 0) == 2);
    printf("second %d\n", second);
    SHOW(setsid());
    SHOW(getsid(0));
    SHOW(kill(99, 0));
  });
  /* Signals to init from inside: only those with a handler; from outside KILL and STOP. */
  IN_NAMESPACE("init and signals", CLONE_NEWPID, {
    struct sigaction action = {.sa_sigaction = with_info, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    if (fork() == 0) {
      SHOW(kill(1, SIGTERM));
      SHOW(kill(1, SIGKILL));
      SHOW(kill(1, SIGSTOP));
      SHOW(kill(1, SIGUSR1));
      _exit(0);
    }
    while (wait(&status) == -1) continue;
    raise(SIGTERM);
    printf("init lives\n");
  });
  pipe(pipefd);
  pid_t init = clone_with(CLONE_NEWPID);
  if (init == 0) {
    struct sigaction action = {.sa_sigaction = with_info, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    write(pipefd[1], "x", 1);
    for (;;) pause();
  }
  read(pipefd[0], &byte, 1);
  SHOW(kill(init, SIGTERM));
  kill(init, SIGUSR1);
  millis(20);
  SHOW(waitpid(init, &status, WNOHANG));
  kill(init, SIGSTOP);
  IS(waitpid(init, &status, WUNTRACED) == init);
  show_status("init", status);
  kill(init, SIGCONT);
  kill(init, SIGKILL);
  waitpid(init, &status, 0);
  show_status("init", status);

  /* The death of init is the death of all, also of those below. */
  init = clone_with(CLONE_NEWPID);
  if (init == 0) {
    for (int i = 0; i < 3; i++)
      if (fork() == 0) {
        if (i == 2) {
          clone_with(CLONE_NEWPID);
        }
        write(pipefd[1], "y", 1);
        for (;;) pause();
      }
    for (;;) pause();
  }
  for (int i = 0; i < 4; i++) read(pipefd[0], &byte, 1);
  kill(init, SIGKILL);
  waitpid(init, &status, 0);
  show_status("init with children", status);
  SHOW(kill(init, 0));

  /* Orphans come to the init. */
  IN_NAMESPACE("orphans", CLONE_NEWPID, {
    pid_t middle = fork();
    if (middle == 0) {
      if (fork() == 0) {
        millis(20);
        SHOW(getppid());
        _exit(77);
      }
      _exit(0);
    }
    waitpid(middle, &status, 0);
    SHOW(wait(&status));
    show_status("orphan", status);
  });

  /* unshare: the next child is the init; after its death there are no more. */
  IN_CHILD("unshare", {
    SHOW(unshare(CLONE_NEWPID));
    IS(getpid() > 1);
    SHOW(unshare(CLONE_NEWPID));
    pid_t first = fork();
    if (first == 0) {
      SHOW(getpid());
      _exit(3);
    }
    waitpid(first, &status, 0);
    show_status("first", status);
    pid_t next = fork();
    printf("next: %s\n", next == -1 ? error_name(errno) : "ok");
    if (next == 0) _exit(0);
    SHOW(syscall(SYS_clone, CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, 0, 0, 0, 0));
  });

  /* setns by a pidfd. */
  init = clone_with(CLONE_NEWPID | CLONE_NEWUTS);
  if (init == 0) {
    sethostname("inside", 6);
    write(pipefd[1], "z", 1);
    for (;;) pause();
  }
  read(pipefd[0], &byte, 1);
  int pidfd = syscall(SYS_pidfd_open, init, 0);
  IN_CHILD("setns", {
    SHOW(setns(pidfd, 0));
    SHOW(setns(pidfd, 1));
    SHOW(setns(pidfd, CLONE_NEWPID | CLONE_NEWUTS));
    char name[65];
    gethostname(name, sizeof name);
    printf("host %s\n", name);
    if (fork() == 0) {
      SHOW(getpid());
      SHOW(getppid());
      SHOW(kill(1, 0));
      _exit(0);
    }
    wait(&status);
  });
  kill(init, SIGKILL);
  waitpid(init, &status, 0);
  SHOW(setns(pidfd, CLONE_NEWUTS));

  /* Chosen ids. */
  pid_t ids[2] = {1, 4242};
  struct clone_args args = {.flags = CLONE_NEWPID, .exit_signal = SIGCHLD, .set_tid = (uint64_t)ids, .set_tid_size = 2};
  pid_t child = syscall(SYS_clone3, &args, sizeof args);
  if (child == 0) {
    SHOW(getpid());
    _exit(0);
  }
  waitpid(child, &status, 0);
  printf("outside %d\n", child);
  ids[0] = 2;
  SHOW(syscall(SYS_clone3, &args, sizeof args));
  args.flags = 0;
  args.set_tid_size = 1;
  ids[0] = getpid();
  SHOW(syscall(SYS_clone3, &args, sizeof args));
  return 0;
}
