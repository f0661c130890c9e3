/* Process groups and sessions. See setpgid(2), setsid(2). */
#include "show.h"

int main(void) {
  pid_t self = getpid();
  int status, to[2], back[2];
  char byte;
  IS(getsid(0) == self);
  IS(getpgrp() == self);
  SHOW(setsid());
  SHOW(setpgid(0, 0));
  SHOW(setpgid(0, -1));
  SHOW(setpgid(99999, 0));
  SHOW(getpgid(99999));
  SHOW(getsid(99999));
  pipe(to);
  pipe(back);
  pid_t child = fork();
  if (child == 0) {
    IS(getpgrp() == getppid());
    write(back[1], "x", 1);
    read(to[0], &byte, 1);
    IS(getpgrp() == getpid());
    SHOW(setpgid(0, 99999));
    OK(setpgid(0, getppid()));
    OK(setsid());
    IS(getsid(0) == getpid());
    write(back[1], "x", 1);
    read(to[0], &byte, 1);
    char *argv[] = {"/test", "wait", NULL};
    (void)argv;
    _exit(0);
  }
  read(back[0], &byte, 1);
  OK(setpgid(child, child));
  IS(getpgid(child) == child);
  write(to[1], "x", 1);
  read(back[0], &byte, 1);
  OK(setpgid(child, self));
  IS(getsid(child) == child);
  write(to[1], "x", 1);
  waitpid(child, &status, 0);
  show_status("child", status);

  /* A process group leader cannot begin a session; its member can, and the group's number stays taken. */
  child = fork();
  if (child == 0) {
    setpgid(0, 0);
    SHOW(setsid());
    pid_t member = fork();
    if (member == 0) {
      OK(setsid());
      _exit(0);
    }
    waitpid(member, &status, 0);
    _exit(0);
  }
  waitpid(child, &status, 0);
  show_status("leader", status);

  /* After execve the parent may not move the child. */
  pipe(to);
  child = fork();
  if (child == 0) {
    fcntl(to[1], F_SETFD, FD_CLOEXEC);
    close(to[0]);
    execl("/proc/self/exe", "test", "sleep", NULL);
    execl("/test", "test", "sleep", NULL);
    _exit(127);
  }
  (void)status;
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  SHOW(kill(0, 0));
  SHOW(kill(-self, 0));
  SHOW(kill(-99999, 0));
  return 0;
}
