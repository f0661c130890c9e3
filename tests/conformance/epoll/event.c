/* eventfd, timerfd, signalfd. */
#include "show.h"
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static void put(int fd, uint64_t v) {
  if (write(fd, &v, 8) != 8) printf("write %llx: %s\n", (unsigned long long)v, error_name(errno));
  else printf("write %llx: ok\n", (unsigned long long)v);
}

static void take(int fd) {
  uint64_t v;
  if (read(fd, &v, 8) != 8) printf("read: %s\n", error_name(errno));
  else printf("read: %llx\n", (unsigned long long)v);
}

static void show_poll(int fd) {
  struct pollfd p = {fd, POLLIN | POLLOUT, 0};
  int n = poll(&p, 1, 0);
  printf("poll: %d %x\n", n, p.revents);
}

static void fdinfo(int fd, const char *skip) {
  char name[50], line[200];
  sprintf(name, "/proc/self/fdinfo/%d", fd);
  FILE *f = fopen(name, "r");
  while (f && fgets(line, sizeof line, f))
    if (strncmp(line, "ino:", 4) && strncmp(line, "mnt_id:", 7) && strncmp(line, "eventfd-id:", 11) && (!skip || strncmp(line, skip, strlen(skip)))) fputs(line, stdout);
  if (f) fclose(f);
}

static void events(void) {
  char c[4];
  SHOW(eventfd(0, 8));
  int fd = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
  SHOW(fcntl(fd, F_GETFL));
  struct stat s;
  fstat(fd, &s);
  printf("mode %o size %ld\n", s.st_mode, (long)s.st_size);
  SHOW(lseek(fd, 0, SEEK_SET));
  SHOW(read(fd, c, 4));
  SHOW(write(fd, c, 4));
  show_poll(fd);
  take(fd);
  take(fd);
  show_poll(fd);
  put(fd, 0);
  show_poll(fd);
  put(fd, 0xfffffffffffffffe);
  show_poll(fd);
  put(fd, 1);
  put(fd, 0);
  put(fd, 0xffffffffffffffff);
  fdinfo(fd, NULL);
  take(fd);
  int sem = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
  take(sem);
  take(sem);
  take(sem);
  int blocking = eventfd(0, 0);
  fflush(stdout);
  if (fork() == 0) {
    millis(50);
    uint64_t v = 5;
    write(blocking, &v, 8);
    _exit(0);
  }
  take(blocking);
  wait(NULL);
}

static void timers(void) {
  struct itimerspec t = {{0, 0}, {0, 50000000}}, old;
  SHOW(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
  SHOW(timerfd_create(CLOCK_MONOTONIC, 1));
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  char c[4];
  SHOW(read(fd, c, 4));
  SHOW(write(fd, c, 4));
  take(fd);
  show_poll(fd);
  SHOW(timerfd_gettime(fd, &old));
  printf("%ld %ld %ld %ld\n", (long)old.it_value.tv_sec, old.it_value.tv_nsec, (long)old.it_interval.tv_sec, old.it_interval.tv_nsec);
  SHOW(timerfd_settime(fd, 8, &t, NULL));
  SHOW(timerfd_settime(0, 0, &t, NULL));
  SHOW(timerfd_settime(fd, 0, (void *)8, NULL));
  t.it_value.tv_nsec = 1000000000;
  SHOW(timerfd_settime(fd, 0, &t, NULL));
  t.it_value.tv_nsec = 50000000;
  long start = now_ms();
  SHOW(timerfd_settime(fd, 0, &t, NULL));
  take(fd);
  struct pollfd p = {fd, POLLIN, 0};
  SHOW(poll(&p, 1, 5000));
  IS(now_ms() - start >= 45);
  take(fd);
  take(fd);
  t = (struct itimerspec){{0, 30000000}, {0, 1}};
  SHOW(timerfd_settime(fd, 0, &t, NULL));
  millis(100);
  uint64_t v;
  read(fd, &v, 8);
  IS(v >= 3 && v <= 5);
  t = (struct itimerspec){{1000, 0}, {2000, 0}};
  SHOW(timerfd_settime(fd, 0, &t, &old));
  IS(old.it_interval.tv_nsec == 30000000);
  timerfd_gettime(fd, &old);
  IS(old.it_value.tv_sec == 1999 && old.it_interval.tv_sec == 1000);
  fdinfo(fd, "it_value");
  t = (struct itimerspec){{0, 0}, {0, 0}};
  SHOW(timerfd_settime(fd, 0, &t, NULL));
  fdinfo(fd, NULL);
  int real = timerfd_create(CLOCK_REALTIME, 0);
  t.it_value.tv_sec = 1;
  SHOW(timerfd_settime(real, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &t, NULL));
  take(real);
  clock_gettime(CLOCK_REALTIME, &t.it_value);
  t.it_value.tv_sec += 1;
  SHOW(timerfd_settime(real, TFD_TIMER_ABSTIME, &t, NULL));
  start = now_ms();
  take(real);
  IS(now_ms() - start > 900);
}

static void signals(void) {
  sigset_t m;
  sigemptyset(&m);
  sigaddset(&m, SIGUSR1);
  sigaddset(&m, SIGRTMIN);
  sigaddset(&m, SIGCHLD);
  sigaddset(&m, SIGKILL);
  SHOW(syscall(SYS_signalfd4, -1, &m, 4, 0));
  SHOW(syscall(SYS_signalfd4, -1, &m, 8, 1));
  SHOW(syscall(SYS_signalfd4, 0, &m, 8, 0));
  SHOW(syscall(SYS_signalfd4, 99, &m, 8, 0));
  sigprocmask(SIG_BLOCK, &m, NULL);
  int fd = signalfd(-1, &m, SFD_NONBLOCK);
  struct signalfd_siginfo s[4];
  SHOW(read(fd, s, 100));
  SHOW(read(fd, s, sizeof s));
  show_poll(fd);
  raise(SIGUSR1);
  union sigval v = {.sival_int = 42};
  sigqueue(getpid(), SIGRTMIN, v);
  v.sival_int = 43;
  sigqueue(getpid(), SIGRTMIN, v);
  show_poll(fd);
  int n = read(fd, s, sizeof s);
  for (int i = 0; i < n / 128; i++) printf("signal %u code %d int %d self %d\n", s[i].ssi_signo, s[i].ssi_code, s[i].ssi_int, s[i].ssi_pid == (unsigned)getpid());
  if (fork() == 0) _exit(7);
  struct pollfd p = {fd, POLLIN, 0};
  SHOW(poll(&p, 1, -1));
  SHOW(read(fd, s, 128));
  printf("signal %u code %d status %d\n", s[0].ssi_signo, s[0].ssi_code, s[0].ssi_status);
  wait(NULL);
  raise(SIGUSR1);
  sigdelset(&m, SIGUSR1);
  SHOW(signalfd(fd, &m, 0) == fd);
  show_poll(fd);
  fdinfo(fd, NULL);
  SHOW(write(fd, s, 128));
}

int main(void) {
  events();
  timers();
  signals();
  return 0;
}
