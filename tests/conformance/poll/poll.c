/* poll, ppoll, select, pselect. */
#include "show.h"
#include <sys/select.h>

static volatile sig_atomic_t got;
static void handler(int s) { got++; (void)s; }

static int raw_ppoll(struct pollfd *p, unsigned n, struct timespec *t, const sigset_t *m, size_t size) {
  return syscall(SYS_ppoll, p, n, t, m, size);
}

int main(void) {
  int p[2], q[2];
  pipe(p);
  pipe(q);
  struct pollfd f[4] = {{p[0], POLLIN, 0}, {q[1], POLLOUT, 0}, {-1, POLLIN, 7}, {77, POLLIN, 0}};
  SHOW(poll(f, 4, 0));
  printf("%x %x %x %x\n", f[0].revents, f[1].revents, f[2].revents, f[3].revents);
  SHOW(poll(f, 1, 0));
  SHOW(poll(NULL, 0, 1));
  SHOW(poll(NULL, 1, 0));
  SHOW(poll((struct pollfd *)8, 1, 0));
  SHOW(raw_ppoll(f, 2000000, NULL, NULL, 8));
  struct timespec t = {0, 1000000000};
  SHOW(raw_ppoll(f, 1, &t, NULL, 8));
  t = (struct timespec){-1, 0};
  SHOW(raw_ppoll(f, 1, &t, NULL, 8));
  sigset_t m;
  sigemptyset(&m);
  t = (struct timespec){0, 0};
  SHOW(raw_ppoll(f, 1, &t, &m, 7));
  long start = now_ms();
  t = (struct timespec){0, 60000000};
  SHOW(raw_ppoll(f, 1, &t, NULL, 8));
  IS(now_ms() - start >= 59);
  printf("left %ld.%09ld\n", (long)t.tv_sec, t.tv_nsec);
  t = (struct timespec){5, 0};
  SHOW(raw_ppoll(f, 2, &t, NULL, 8));
  IS(t.tv_sec == 4 || (t.tv_sec == 5 && t.tv_nsec == 0));
  int file = open("/proc/self/exe", O_RDONLY), null = open("/dev/null", O_RDWR), dir = open("/", O_RDONLY);
  struct pollfd always[3] = {{file, POLLIN | POLLOUT | POLLPRI, 0}, {null, POLLIN | POLLOUT, 0}, {dir, POLLIN, 0}};
  SHOW(poll(always, 3, -1));
  printf("%x %x %x\n", always[0].revents, always[1].revents, always[2].revents);
  int path = open("/", O_PATH);
  struct pollfd o = {path, POLLIN, 0};
  SHOW(poll(&o, 1, 0));
  printf("%x\n", o.revents);

  fflush(stdout);
  if (fork() == 0) {
    millis(50);
    write(p[1], "x", 1);
    _exit(0);
  }
  SHOW(poll(f, 1, -1));
  printf("%x\n", f[0].revents);
  wait(NULL);
  char c;
  read(p[0], &c, 1);

  /* Signals: EINTR, never restarted; ppoll's mask is in force only while it waits. */
  struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &sa, NULL);
  ualarm(50000, 0);
  SHOW(poll(f, 1, 1000));
  sigset_t block, empty;
  sigemptyset(&block);
  sigaddset(&block, SIGALRM);
  sigemptyset(&empty);
  sigprocmask(SIG_BLOCK, &block, NULL);
  got = 0;
  raise(SIGALRM);
  SHOW(poll(f, 1, 0));
  printf("got %d\n", got);
  t = (struct timespec){1, 0};
  SHOW(ppoll(f, 1, &t, &empty));
  printf("got %d\n", got);
  raise(SIGALRM);
  write(p[1], "x", 1);
  SHOW(ppoll(f, 1, &t, &empty));
  printf("got %d\n", got);
  sigset_t now;
  sigprocmask(SIG_BLOCK, NULL, &now);
  IS(sigismember(&now, SIGALRM));
  signal(SIGALRM, SIG_IGN);
  sigprocmask(SIG_UNBLOCK, &block, NULL);

  fd_set r, w, e;
#define SETS FD_ZERO(&r); FD_ZERO(&w); FD_ZERO(&e); FD_SET(p[0], &r); FD_SET(q[0], &r); FD_SET(q[1], &w); FD_SET(p[0], &e)
  SETS;
  struct timeval tv = {1, 0};
  SHOW(select(q[1] + 1, &r, &w, &e, &tv));
  printf("%d %d %d %d\n", FD_ISSET(p[0], &r), FD_ISSET(q[0], &r), FD_ISSET(q[1], &w), FD_ISSET(p[0], &e));
  SETS;
  SHOW(select(p[0] + 1, &r, NULL, NULL, &tv));
  printf("%d %d\n", FD_ISSET(p[0], &r), FD_ISSET(q[0], &r));
  read(p[0], &c, 1);
  SETS;
  FD_CLR(q[1], &w);
  tv = (struct timeval){0, 50000};
  SHOW(select(q[1] + 1, &r, &w, &e, &tv));
  printf("%d, left %ld.%06ld\n", FD_ISSET(p[0], &r), (long)tv.tv_sec, (long)tv.tv_usec);
  SETS;
  FD_SET(100, &r);
  SHOW(select(101, &r, NULL, NULL, &tv));
  SHOW(select(-1, &r, NULL, NULL, &tv));
  tv = (struct timeval){0, 1000};
  SHOW(select(0, NULL, NULL, NULL, &tv));
  tv = (struct timeval){-1, 0};
  SHOW(select(0, NULL, NULL, NULL, &tv));
  close(p[1]);
  SETS;
  FD_CLR(q[1], &w);
  tv = (struct timeval){0, 0};
  SHOW(select(q[1] + 1, &r, NULL, &e, &tv));
  printf("%d %d\n", FD_ISSET(p[0], &r), FD_ISSET(p[0], &e));
  SHOW(poll(f, 1, 0));
  printf("%x\n", f[0].revents);
  return 0;
}
