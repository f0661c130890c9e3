/* Init reads its terminal in the background: SIGTTIN does not stop it, so it tries again and again until it is in the foreground; others run. */
#define _GNU_SOURCE
#include "../show.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void init(const char *name) {
  char buffer[16];
  int ready[2];
  setsid();
  int tty = open(name, O_RDWR);
  ioctl(tty, TIOCSCTTY, 0);
  pipe(ready);
  pid_t own = getpgrp();
  if (fork() == 0) {
    setpgid(0, 0);
    /* Without a member whose parent is in another group of the session, init's group would be an orphan. */
    pid_t member = fork();
    if (member == 0) for (;;) pause();
    setpgid(member, own);
    signal(SIGTTOU, SIG_IGN);
    SHOW(tcsetpgrp(tty, getpgrp()));
    write(ready[1], "r", 1);
    usleep(50000);
    printf("others run\n");
    SHOW(tcsetpgrp(tty, own));
    kill(member, SIGKILL);
    fflush(stdout);
    _exit(0);
  }
  read(ready[0], buffer, 1);
  ssize_t count = read(tty, buffer, sizeof buffer);
  printf("init has read %zd bytes\n", count);
  while (wait(NULL) > 0);
  fflush(stdout);
  _exit(0);
}

int main(void) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(master);
  unlockpt(master);
  char *name = ptsname(master);
  unshare(CLONE_NEWPID);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) init(name);
  write(master, "line\n", 5);
  int status;
  SHOW(waitpid(child, &status, 0) == child);
  SHOW(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return 0;
}
