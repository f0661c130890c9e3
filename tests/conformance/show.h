/* What the tests share: results printed by name, so that they do not depend on numbers that differ from run to run. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static inline const char *error_name(int error) {
  const char *name = strerrorname_np(error);
  return name ? name : "?";
}

/* The result of a call: its value, or the name of its error. */
#define SHOW(call)                                                     \
  do {                                                                 \
    errno = 0;                                                         \
    long result_ = (long)(call);                                       \
    if (result_ == -1 && errno) printf("%s: %s\n", #call, error_name(errno)); \
    else printf("%s: %ld\n", #call, result_);                          \
  } while (0)

/* Only whether it succeeded: the value differs from run to run. */
#define OK(call)                                                       \
  do {                                                                 \
    errno = 0;                                                         \
    long result_ = (long)(call);                                       \
    printf("%s: %s\n", #call, result_ == -1 ? error_name(errno) : "ok"); \
  } while (0)

/* Whether a condition holds. */
#define IS(condition) printf("%s: %s\n", #condition, (condition) ? "yes" : "no")

static inline void show_status(const char *what, int status) {
  if (WIFEXITED(status)) printf("%s: exited %d\n", what, WEXITSTATUS(status));
  else if (WIFSIGNALED(status)) printf("%s: killed by %d%s\n", what, WTERMSIG(status), WCOREDUMP(status) ? " (core)" : "");
  else if (WIFSTOPPED(status)) printf("%s: stopped by %d\n", what, WSTOPSIG(status));
  else if (WIFCONTINUED(status)) printf("%s: continued\n", what);
  else printf("%s: status %x\n", what, status);
}

static inline void millis(long ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
  while (nanosleep(&t, &t) == -1 && errno == EINTR) continue;
}

static inline long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Run in a child and tell how it ended. */
#define IN_CHILD(what, ...)           \
  do {                                \
    fflush(stdout);                   \
    pid_t child_ = fork();            \
    if (child_ == 0) {                \
      __VA_ARGS__;                    \
      fflush(stdout);                 \
      _exit(0);                       \
    }                                 \
    int status_;                      \
    waitpid(child_, &status_, 0);     \
    show_status(what, status_);       \
  } while (0)

__attribute__((constructor)) static void setup_(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  /* Core dumps are refused everywhere, so that the core flag does not depend on where the test runs. */
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
}
