/*
 * repeat N PROGRAM ARG…: runs a program N times and writes, for each time, the nanoseconds from vfork to wait to standard error.
 * Its exit status is the last one's. The program's output goes where ours goes; "-q" before N drops it.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "clock.h"

extern char **environ;

int main(int argc, char **argv) {
  int quiet = argc > 1 && strcmp(argv[1], "-q") == 0;
  int at = 1 + quiet, status = 0;
  if (argc < at + 2) return 2;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (quiet) posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  for (int n = atoi(argv[at]); n > 0; n--) {
    pid_t pid;
    double from = now();
    if (posix_spawn(&pid, argv[at + 1], &actions, NULL, argv + at + 1, environ) != 0) return 127;
    waitpid(pid, &status, 0);
    fprintf(stderr, "%.0f\n", now() - from);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
