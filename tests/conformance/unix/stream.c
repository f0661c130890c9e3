/* Unix stream and packet sockets. */
#include "show.h"
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <linux/sockios.h>

static char buf[1 << 20];

static void show_poll(const char *what, int fd) {
  struct pollfd p = {fd, POLLIN | POLLOUT | POLLRDHUP, 0};
  int n = poll(&p, 1, 0);
  printf("poll %s: %d %x\n", what, n, p.revents);
}

static socklen_t name(struct sockaddr_un *a, const char *text, int length) {
  a->sun_family = AF_UNIX;
  memcpy(a->sun_path, text, length);
  return 2 + length;
}

static void show_name(const char *what, int (*get)(int, struct sockaddr *, socklen_t *), int fd) {
  struct sockaddr_un a;
  socklen_t n = sizeof a;
  memset(&a, 0, sizeof a);
  if (get(fd, (void *)&a, &n) < 0) {
    printf("%s: %s\n", what, error_name(errno));
    return;
  }
  printf("%s: %d '", what, n);
  for (int i = 0; i < (int)n - 2; i++) putchar(a.sun_path[i] ? a.sun_path[i] : '@');
  printf("'\n");
}

static void show_cred(const char *what, int fd) {
  struct ucred c = {0};
  socklen_t n = sizeof c;
  int r = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &n);
  printf("%s: %d pid %s uid %d gid %d\n", what, r, c.pid == getpid() ? "own" : c.pid == 0 ? "0" : "other", c.uid, c.gid);
}

static void pairs(void) {
  int s[2];
  SHOW(socketpair(AF_UNIX, SOCK_STREAM | 0x100, 0, s));
  SHOW(socketpair(AF_UNIX, SOCK_STREAM, 6, s));
  SHOW(socketpair(AF_UNIX, 99, 0, s));
  SHOW(socketpair(99, SOCK_STREAM, 0, s));
  SHOW(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s));
  struct stat st;
  fstat(s[0], &st);
  printf("mode %o\n", st.st_mode);
  show_name("sockname", getsockname, s[0]);
  show_name("peername", getpeername, s[0]);
  show_cred("peercred", s[0]);
  SHOW(read(s[0], buf, 10));
  SHOW(lseek(s[0], 0, SEEK_SET));
  SHOW(write(s[0], "one", 3));
  SHOW(write(s[0], "two", 3));
  int n;
  SHOW(ioctl(s[1], SIOCINQ, &n));
  printf("unread %d\n", n);
  SHOW(recv(s[1], buf, 2, MSG_PEEK));
  SHOW(read(s[1], buf, 4));
  printf("%.4s\n", buf);
  SHOW(recv(s[1], buf, 10, MSG_OOB));
  SHOW(sendto(s[0], "x", 1, 0, (void *)&(struct sockaddr_un){AF_UNIX}, 2));
  SHOW(send(s[0], "", 0, 0));
  show_poll("connected", s[1]);
  SHOW(shutdown(s[0], 7));
  SHOW(shutdown(s[0], SHUT_WR));
  show_poll("peer has shut down writing", s[1]);
  show_poll("shut down for writing", s[0]);
  SHOW(send(s[0], "x", 1, MSG_NOSIGNAL));
  SHOW(read(s[1], buf, 10));
  SHOW(read(s[1], buf, 10));
  SHOW(write(s[1], "back", 4));
  SHOW(shutdown(s[0], SHUT_RD));
  SHOW(read(s[0], buf, 10));
  SHOW(read(s[0], buf, 10));
  SHOW(send(s[1], "x", 1, MSG_NOSIGNAL));
  show_poll("both shut down", s[1]);
  close(s[0]);
  show_poll("peer closed", s[1]);
  SHOW(read(s[1], buf, 10));
  show_name("peername", getpeername, s[1]);
  close(s[1]);

  socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s);
  write(s[1], "unread", 6);
  close(s[1]);
  SHOW(read(s[0], buf, 3));
  close(s[0]);
  socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s);
  write(s[1], "unread", 6);
  close(s[0]);
  show_poll("peer closed with unread data", s[1]);
  SHOW(write(s[1], "x", 0));
  SHOW(read(s[1], buf, 10));
  SHOW(read(s[1], buf, 10));
  SHOW(write(s[1], "x", 1));
  signal(SIGPIPE, SIG_DFL);
  IN_CHILD("SIGPIPE", write(s[1], "x", 1));
  signal(SIGPIPE, SIG_IGN);
  close(s[1]);

  /* Blocking: everything is written, everything arrives. */
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  fflush(stdout);
  if (fork() == 0) {
    close(s[0]);
    printf("child wrote %zd\n", write(s[1], buf, 1000000));
    _exit(0);
  }
  close(s[1]);
  long total = 0, r;
  static char in[70000];
  while ((r = read(s[0], in, sizeof in)) > 0) total += r;
  wait(NULL);
  printf("read %ld\n", total);
  close(s[0]);
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  fflush(stdout);
  if (fork() == 0) {
    for (int i = 0; i < 4; i++) {
      millis(20);
      write(s[1], "abc", 3);
    }
    _exit(0);
  }
  SHOW(recv(s[0], buf, 10, MSG_WAITALL));
  wait(NULL);
  SHOW(recv(s[0], buf, 10, MSG_DONTWAIT));
  SHOW(recv(s[0], buf, 10, MSG_DONTWAIT));
  struct timeval tv = {0, 50000};
  SHOW(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv));
  SHOW(recv(s[0], buf, 10, 0));
  close(s[0]);
  close(s[1]);
}

static void names(void) {
  struct sockaddr_un a, b;
  socklen_t n;
  umask(022);
  chdir("/tmp");
  unlink("sock");
  int l = socket(AF_UNIX, SOCK_STREAM, 0), c;
  show_name("unbound", getsockname, l);
  show_name("unconnected", getpeername, l);
  show_poll("fresh", l);
  SHOW(listen(l, 5));
  SHOW(accept(l, NULL, NULL));
  SHOW(read(l, buf, 1));
  SHOW(send(l, "x", 1, MSG_NOSIGNAL));
  n = name(&a, "sock", 5);
  SHOW(bind(l, (void *)&a, 1));
  SHOW(bind(l, (void *)&a, 200));
  a.sun_family = AF_INET;
  SHOW(bind(l, (void *)&a, n));
  a.sun_family = AF_UNIX;
  SHOW(connect(l, (void *)&a, n));
  SHOW(bind(l, (void *)&a, n));
  SHOW(bind(l, (void *)&a, n));
  name(&b, "other", 6);
  SHOW(bind(l, (void *)&b, 8));
  SHOW(access("other", F_OK));
  show_name("bound", getsockname, l);
  struct stat st;
  stat("sock", &st);
  printf("mode %o\n", st.st_mode);
  SHOW(open("sock", O_RDWR));
  c = socket(AF_UNIX, SOCK_STREAM, 0);
  SHOW(bind(c, (void *)&a, n));
  SHOW(connect(c, (void *)&a, n));
  int d = socket(AF_UNIX, SOCK_DGRAM, 0);
  SHOW(connect(d, (void *)&a, n));
  name(&b, "none", 5);
  SHOW(connect(c, (void *)&b, 7));
  close(open("plain", O_CREAT, 0600));
  name(&b, "plain", 6);
  SHOW(connect(c, (void *)&b, 8));
  SHOW(listen(l, 1));
  show_poll("listening", l);
  SHOW(connect(l, (void *)&a, n));
  SHOW(connect(c, (void *)&a, n));
  SHOW(connect(c, (void *)&a, n));
  show_poll("with a connection", l);
  show_poll("connected", c);
  show_cred("client's peer", c);
  SHOW(write(c, "early", 5));
  struct sockaddr_un from;
  socklen_t fl = sizeof from;
  int s = accept4(l, (void *)&from, &fl, SOCK_NONBLOCK);
  IS(s > 0);
  printf("peer's name: %d\n", fl);
  SHOW(fcntl(s, F_GETFL));
  show_name("server's name", getsockname, s);
  show_name("server's peer", getpeername, s);
  show_name("client's name", getsockname, c);
  show_name("client's peer", getpeername, c);
  show_cred("server's peer", s);
  SHOW(read(s, buf, 10));
  SHOW(unlink("sock"));
  int e = socket(AF_UNIX, SOCK_STREAM, 0);
  SHOW(connect(e, (void *)&a, n));
  close(l);
  SHOW(write(c, "still", 5));
  SHOW(read(s, buf, 10));
  close(s);
  SHOW(read(c, buf, 10));
  close(c);

  /* The backlog. */
  l = socket(AF_UNIX, SOCK_STREAM, 0);
  n = name(&a, "\0holm-test", 10);
  SHOW(bind(l, (void *)&a, n));
  show_name("abstract", getsockname, l);
  c = socket(AF_UNIX, SOCK_STREAM, 0);
  SHOW(bind(c, (void *)&a, n));
  SHOW(connect(c, (void *)&a, n));
  listen(l, 1);
  int k[4];
  for (int i = 0; i < 4; i++) {
    k[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    SHOW(connect(k[i], (void *)&a, n));
  }
  close(l);
  SHOW(read(k[0], buf, 1));
  SHOW(read(k[0], buf, 1));
  show_poll("of a listener that is gone", k[1]);
  int error;
  socklen_t el = sizeof error;
  SHOW(getsockopt(k[1], SOL_SOCKET, SO_ERROR, &error, &el));
  printf("error %s\n", error_name(error));
  SHOW(read(k[1], buf, 1));
  SHOW(connect(k[3], (void *)&a, n));
  /* Autobind. */
  c = socket(AF_UNIX, SOCK_STREAM, 0);
  SHOW(bind(c, (void *)&a, 2));
  struct sockaddr_un auto_;
  fl = sizeof auto_;
  getsockname(c, (void *)&auto_, &fl);
  printf("autobind: %d %d\n", fl, auto_.sun_path[0]);
}

static void packets(void) {
  int s[2];
  socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, s);
  SHOW(write(s[0], "first", 5));
  SHOW(write(s[0], "", 0));
  SHOW(write(s[0], "third", 5));
  SHOW(recv(s[1], buf, 2, MSG_PEEK | MSG_TRUNC));
  struct iovec v = {buf, 2};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
  SHOW(recvmsg(s[1], &m, 0));
  printf("flags %x\n", m.msg_flags);
  SHOW(read(s[1], buf, 10));
  SHOW(read(s[1], buf, 10));
  SHOW(read(s[1], buf, 10));
  SHOW(write(s[0], buf, 300000));
  SHOW(sendto(s[0], "x", 1, 0, (void *)&(struct sockaddr_un){AF_UNIX, "nowhere"}, 10));
  close(s[0]);
  SHOW(read(s[1], buf, 10));
  SHOW(read(s[1], buf, 10));
  int u = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  SHOW(read(u, buf, 10));
  SHOW(send(u, "x", 1, MSG_NOSIGNAL));
}

static void options(void) {
  int s = socket(AF_UNIX, SOCK_STREAM, 0), v;
  socklen_t n;
  static const int names[] = {SO_TYPE, SO_DOMAIN, SO_PROTOCOL, SO_ERROR, SO_ACCEPTCONN, SO_SNDBUF, SO_RCVBUF, SO_PASSCRED, SO_REUSEADDR, SO_KEEPALIVE, SO_RCVLOWAT, SO_SNDLOWAT, SO_PRIORITY, 200};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    n = sizeof v;
    v = -1;
    int r = getsockopt(s, SOL_SOCKET, names[i], &v, &n);
    if (r < 0) printf("option %d: %s\n", names[i], error_name(errno));
    else printf("option %d: %d\n", names[i], v);
  }
  v = 1000;
  SHOW(setsockopt(s, SOL_SOCKET, SO_SNDBUF, &v, 4));
  getsockopt(s, SOL_SOCKET, SO_SNDBUF, &v, &n);
  printf("%d\n", v);
  v = 50000;
  SHOW(setsockopt(s, SOL_SOCKET, SO_SNDBUF, &v, 4));
  getsockopt(s, SOL_SOCKET, SO_SNDBUF, &v, &n);
  printf("%d\n", v);
  SHOW(setsockopt(s, SOL_SOCKET, SO_SNDBUF, &v, 2));
  SHOW(setsockopt(s, SOL_SOCKET, SO_TYPE, &v, 4));
  SHOW(setsockopt(s, SOL_SOCKET, 200, &v, 4));
  SHOW(setsockopt(s, 6, 1, &v, 4));
  SHOW(getsockopt(s, 6, 1, &v, &n));
  SHOW(setsockopt(0, SOL_SOCKET, SO_TYPE, &v, 4));
  SHOW(getsockopt(99, SOL_SOCKET, SO_TYPE, &v, &n));
  struct linger l = {1, 5};
  SHOW(setsockopt(s, SOL_SOCKET, SO_LINGER, &l, sizeof l));
  n = sizeof l;
  l = (struct linger){0};
  getsockopt(s, SOL_SOCKET, SO_LINGER, &l, &n);
  printf("linger %d %d\n", l.l_onoff, l.l_linger);
  SHOW(socket(AF_UNIX, SOCK_RAW, 0) > 0);
  SHOW(socket(AF_UNIX, SOCK_RDM, 0));
  SHOW(socket(AF_UNIX, SOCK_STREAM, 1) > 0);
  SHOW(socket(AF_UNIX, SOCK_STREAM, 2));
  SHOW(socket(-1, SOCK_STREAM, 0));
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  pairs();
  names();
  packets();
  options();
  return 0;
}
