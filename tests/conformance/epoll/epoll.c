/* epoll: level and edge, one-shot, exclusive, nesting, closed files. */
#include "show.h"
#include <sys/epoll.h>

static int ep;

static int ctl(int op, int fd, unsigned events) {
  struct epoll_event e = {.events = events, .data.u64 = fd};
  return epoll_ctl(ep, op, fd, &e);
}

static void wait_show(const char *what, int timeout) {
  struct epoll_event e[10];
  int n = epoll_wait(ep, e, 10, timeout);
  if (n < 0) {
    printf("%s: %s\n", what, error_name(errno));
    return;
  }
  printf("%s: %d", what, n);
  for (int i = 0; i < n; i++) printf(" %x", e[i].events);
  printf("\n");
}

static void handler(int s) { (void)s; }

int main(void) {
  char c;
  int p[2], q[2];
  SHOW(epoll_create1(1));
  SHOW(epoll_create(0));
  ep = epoll_create1(EPOLL_CLOEXEC);
  pipe2(p, O_NONBLOCK);
  pipe2(q, O_NONBLOCK);
  SHOW(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN));
  SHOW(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN));
  SHOW(ctl(EPOLL_CTL_MOD, q[0], EPOLLIN));
  SHOW(ctl(EPOLL_CTL_DEL, q[0], EPOLLIN));
  SHOW(ctl(EPOLL_CTL_ADD, 99, EPOLLIN));
  SHOW(ctl(EPOLL_CTL_ADD, ep, EPOLLIN));
  SHOW(ctl(7, p[0], EPOLLIN));
  SHOW(epoll_ctl(p[0], EPOLL_CTL_ADD, p[1], &(struct epoll_event){0}));
  SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, q[0], (void *)8));
  SHOW(ctl(EPOLL_CTL_ADD, open("/proc/self/exe", O_RDONLY), EPOLLIN));
  SHOW(ctl(EPOLL_CTL_ADD, open("/", O_RDONLY), EPOLLIN));
  SHOW(ctl(EPOLL_CTL_ADD, open("/dev/null", O_RDWR), EPOLLIN));
  SHOW(epoll_wait(ep, NULL, 0, 0));
  SHOW(epoll_wait(ep, (void *)8, 10, 0));
  SHOW(epoll_wait(p[0], NULL, 1, 0));
  wait_show("nothing", 0);
  write(p[1], "x", 1);
  SHOW(epoll_wait(ep, (void *)8, 10, 0));
  wait_show("level", 0);
  wait_show("level again", -1);
  SHOW(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET));
  wait_show("edge after mod", 0);
  wait_show("edge again", 0);
  write(p[1], "x", 1);
  wait_show("edge after another write", 0);
  read(p[0], &c, 1);
  wait_show("edge after a read", 0);
  read(p[0], &c, 1);
  write(p[1], "x", 1);
  wait_show("edge after empty and full", 0);
  SHOW(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT));
  wait_show("one-shot", 0);
  write(p[1], "x", 1);
  wait_show("one-shot again", 0);
  SHOW(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT));
  wait_show("one-shot armed", 0);
  SHOW(ctl(EPOLL_CTL_MOD, p[0], 0));
  wait_show("no events", 0);
  SHOW(ctl(EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLET));
  wait_show("write edge", 0);
  while (write(p[1], "xxxxxxxxxxxxxxxx", 16) > 0) continue;
  wait_show("full", 0);
  read(p[0], &c, 1);
  wait_show("one byte of room", 0);
  char big[4096];
  read(p[0], big, sizeof big);
  wait_show("a page of room", 0);
  read(p[0], big, sizeof big);
  wait_show("two pages of room", 0);
  SHOW(ctl(EPOLL_CTL_DEL, p[1], 0));
  SHOW(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL));

  /* Closing: the item goes with the last descriptor of the file. */
  ctl(EPOLL_CTL_ADD, q[0], EPOLLIN);
  write(q[1], "x", 1);
  int copy = dup(q[0]);
  close(q[0]);
  wait_show("closed with a copy", 0);
  close(copy);
  wait_show("closed", 0);
  signal(SIGPIPE, SIG_IGN);
  ctl(EPOLL_CTL_ADD, q[1], 0);
  wait_show("broken pipe", 0);
  close(q[1]);
  pipe2(q, O_NONBLOCK);
  ctl(EPOLL_CTL_ADD, q[0], EPOLLIN | EPOLLRDHUP | EPOLLPRI);
  close(q[1]);
  wait_show("hang-up", 0);
  close(q[0]);

  /* The same file by two descriptors; order. */
  pipe2(q, O_NONBLOCK);
  copy = dup(q[0]);
  SHOW(ctl(EPOLL_CTL_ADD, q[0], EPOLLIN));
  SHOW(ctl(EPOLL_CTL_ADD, copy, EPOLLIN));
  write(q[1], "x", 1);
  wait_show("two descriptors", 0);
  struct epoll_event one[1];
  int first, second;
  epoll_wait(ep, one, 1, 0);
  first = one[0].data.u64;
  epoll_wait(ep, one, 1, 0);
  second = one[0].data.u64;
  printf("in turn: %s\n", first != second ? "yes" : "no");
  SHOW(ctl(EPOLL_CTL_DEL, q[0], 0));
  SHOW(ctl(EPOLL_CTL_DEL, copy, 0));

  /* Waiting. */
  ctl(EPOLL_CTL_ADD, q[0], EPOLLIN);
  read(q[0], &c, 1);
  fflush(stdout);
  if (fork() == 0) {
    millis(50);
    write(q[1], "x", 1);
    _exit(0);
  }
  wait_show("woken", 5000);
  wait(NULL);
  read(q[0], &c, 1);
  long start = now_ms();
  wait_show("timeout", 50);
  IS(now_ms() - start >= 49);
  struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &sa, NULL);
  ualarm(50000, 0);
  wait_show("interrupted", -1);
  sigset_t all, empty;
  sigfillset(&all);
  sigemptyset(&empty);
  sigprocmask(SIG_BLOCK, &all, NULL);
  raise(SIGALRM);
  SHOW(epoll_pwait(ep, one, 1, 1000, &empty));
  SHOW(epoll_pwait(ep, one, 1, 0, &all));
  struct timespec ts = {0, 1000000};
  SHOW(syscall(SYS_epoll_pwait2, ep, one, 1, &ts, NULL, 8));
  ts.tv_nsec = -1;
  SHOW(syscall(SYS_epoll_pwait2, ep, one, 1, &ts, NULL, 8));

  /* Nesting. */
  int inner = ep, outer = epoll_create1(0);
  ep = outer;
  SHOW(ctl(EPOLL_CTL_ADD, inner, EPOLLIN));
  wait_show("nested, nothing", 0);
  write(q[1], "x", 1);
  wait_show("nested", 0);
  struct pollfd pf = {outer, POLLIN, 0};
  SHOW(poll(&pf, 1, 0));
  read(q[0], &c, 1);
  wait_show("nested, gone", 0);
  ep = inner;
  SHOW(ctl(EPOLL_CTL_ADD, outer, EPOLLIN));
  int chain = outer;
  for (int i = 0; i < 5; i++) {
    ep = epoll_create1(0);
    SHOW(ctl(EPOLL_CTL_ADD, chain, EPOLLIN));
    chain = ep;
  }
  /* Exclusive. */
  ep = epoll_create1(0);
  SHOW(ctl(EPOLL_CTL_ADD, q[0], EPOLLIN | EPOLLEXCLUSIVE));
  SHOW(ctl(EPOLL_CTL_MOD, q[0], EPOLLIN));
  SHOW(ctl(EPOLL_CTL_MOD, q[0], EPOLLIN | EPOLLEXCLUSIVE));
  SHOW(ctl(EPOLL_CTL_ADD, q[1], EPOLLIN | EPOLLEXCLUSIVE | EPOLLRDHUP));
  SHOW(ctl(EPOLL_CTL_ADD, inner, EPOLLIN | EPOLLEXCLUSIVE));
  SHOW(ctl(EPOLL_CTL_ADD, q[1], EPOLLOUT | EPOLLEXCLUSIVE | EPOLLONESHOT));
  return 0;
}
