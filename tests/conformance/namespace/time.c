/* Time namespaces: offsets, when they are fixed, and who sees them. See time_namespaces(7). */
#include "show.h"
#include <linux/sched.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>

#define CLONE_TIME 0x80

static int put(const char *text) {
  int fd = open("/proc/self/timens_offsets", O_WRONLY);
  int result = write(fd, text, strlen(text));
  int error = errno;
  close(fd);
  errno = error;
  return result;
}

static void show_offsets(void) {
  char text[256] = "";
  int fd = open("/proc/self/timens_offsets", O_RDONLY);
  read(fd, text, sizeof text - 1);
  close(fd);
  printf("%s", text);
}

static long seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec;
}
static long by_syscall(clockid_t clock) {
  struct timespec t;
  syscall(SYS_clock_gettime, clock, &t);
  return t.tv_sec;
}

static long base[3];
/* Whether a clock is about `offset` seconds ahead of what the parent saw. */
static int ahead(long now, long then, long offset) { return now - then >= offset && now - then < offset + 60; }

static void show_clocks(const char *what, long monotonic, long boottime) {
  printf("%s: monotonic %d raw %d coarse %d boottime %d", what, ahead(seconds(CLOCK_MONOTONIC), base[0], monotonic),
         ahead(seconds(CLOCK_MONOTONIC_RAW), base[0], monotonic), ahead(seconds(CLOCK_MONOTONIC_COARSE), base[0], monotonic),
         ahead(seconds(CLOCK_BOOTTIME), base[1], boottime));
  printf(" by system calls %d %d", ahead(by_syscall(CLOCK_MONOTONIC), base[0], monotonic), ahead(by_syscall(CLOCK_BOOTTIME), base[1], boottime));
  printf(" realtime %d\n", ahead(seconds(CLOCK_REALTIME), base[2], 0));
}

int main(int argc, char **argv) {
  int status;
  base[0] = seconds(CLOCK_MONOTONIC);
  base[1] = seconds(CLOCK_BOOTTIME);
  base[2] = seconds(CLOCK_REALTIME);
  if (argc > 1) {
    for (int i = 0; i < 3; i++) base[i] = atol(argv[i + 1]);
    show_clocks("new program", 1000, 2000);
    return 0;
  }
  show_offsets();
  SHOW(put("monotonic 1 0"));
  IN_CHILD("offsets", {
    SHOW(unshare(CLONE_TIME));
    show_offsets();
    SHOW(put(""));
    SHOW(put("monotonic 1"));
    SHOW(put("realtime 1 0"));
    SHOW(put("monotonic 1 1000000000"));
    SHOW(put("monotonic -1000000000 0"));
    SHOW(put("monotonic 9223372037 0"));
    SHOW(put("monotonic 4611686018 0"));
    SHOW(put("monotonic 4600000000 999999999\nboottime 4600000000 5\n"));
    show_offsets();
    SHOW(put("monotonic 7 0\nboottime 8 0\nmonotonic 9 0\n"));
    show_offsets();
    SHOW(put("1 1000 0\n7 2000 0"));
    show_offsets();
    show_clocks("not for oneself", 0, 0);
    struct stat own, children;
    stat("/proc/self/ns/time", &own);
    stat("/proc/self/ns/time_for_children", &children);
    IS(own.st_ino != children.st_ino);
    IN_CHILD("child", {
      show_clocks("child", 1000, 2000);
      stat("/proc/self/ns/time", &own);
      IS(own.st_ino == children.st_ino);
      struct sysinfo info;
      sysinfo(&info);
      IS(ahead(info.uptime, base[1], 2000));
      double up = 0;
      FILE *file = fopen("/proc/uptime", "r");
      fscanf(file, "%lf", &up);
      fclose(file);
      IS(ahead(up, base[1], 2000));
      unsigned long long start = 0;
      file = fopen("/proc/self/stat", "r");
      fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %llu", &start);
      fclose(file);
      IS(ahead(start / 100, base[1], 2000));
      /* An absolute sleep is on the clock that one sees. */
      struct timespec until;
      clock_gettime(CLOCK_MONOTONIC, &until);
      until.tv_nsec += 20000000;
      if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
      SHOW(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL));
      until.tv_sec = 1;
      SHOW(clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &until, NULL));
      int fd = timerfd_create(CLOCK_MONOTONIC, 0);
      struct itimerspec in = {.it_value = {seconds(CLOCK_MONOTONIC) + 100, 0}};
      SHOW(timerfd_settime(fd, TFD_TIMER_ABSTIME, &in, NULL));
      struct itimerspec left;
      timerfd_gettime(fd, &left);
      IS(left.it_value.tv_sec >= 98 && left.it_value.tv_sec <= 100);
      timer_t timer;
      struct sigevent event = {.sigev_notify = SIGEV_NONE};
      timer_create(CLOCK_BOOTTIME, &event, &timer);
      in.it_value.tv_sec = seconds(CLOCK_BOOTTIME) + 100;
      SHOW(timer_settime(timer, TIMER_ABSTIME, &in, NULL));
      timer_gettime(timer, &left);
      IS(left.it_value.tv_sec >= 98 && left.it_value.tv_sec <= 100);
      SHOW(unshare(CLONE_TIME));
      show_offsets();
    });
    SHOW(put("monotonic 1 0"));
    IN_CHILD("program", {
      char a[24], b[24], c[24];
      snprintf(a, sizeof a, "%ld", base[0]);
      snprintf(b, sizeof b, "%ld", base[1]);
      snprintf(c, sizeof c, "%ld", base[2]);
      execl("/proc/self/exe", "test", a, b, c, NULL);
    });
    /* A program that is executed enters too. */
    char a[24], b[24], c[24];
    snprintf(a, sizeof a, "%ld", base[0]);
    snprintf(b, sizeof b, "%ld", base[1]);
    snprintf(c, sizeof c, "%ld", base[2]);
    execl("/proc/self/exe", "test", a, b, c, NULL);
  });
  IN_CHILD("entered", {
    unshare(CLONE_TIME);
    put("monotonic 500 0");
    int ns = open("/proc/self/ns/time_for_children", O_RDONLY);
    int old = open("/proc/self/ns/time", O_RDONLY);
    SHOW(setns(ns, CLONE_TIME));
    show_clocks("entered", 500, 0);
    SHOW(put("monotonic 1 0"));
    IN_CHILD("child", show_clocks("child", 500, 0));
    SHOW(setns(old, 0));
    show_clocks("back", 0, 0);
  });
  struct clone_args args = {.flags = CLONE_TIME, .exit_signal = SIGCHLD};
  pid_t child = syscall(SYS_clone3, &args, sizeof args);
  if (child == 0) {
    show_offsets();
    _exit(4);
  }
  waitpid(child, &status, 0);
  show_status("clone3", status);
  IN_CHILD("without privilege", {
    setuid(1000);
    SHOW(unshare(CLONE_TIME));
    SHOW(unshare(CLONE_TIME | CLONE_NEWUSER));
    SHOW(put("monotonic 1 0"));
  });
  return 0;
}
