/* Unix datagrams, descriptors and credentials in messages. */
#include "show.h"
#include <sys/socket.h>
#include <sys/un.h>

static char buf[300000];

static socklen_t name(struct sockaddr_un *a, const char *text, int length) {
  a->sun_family = AF_UNIX;
  memcpy(a->sun_path, text, length);
  return 2 + length;
}

static void show_poll(const char *what, int fd) {
  struct pollfd p = {fd, POLLIN | POLLOUT | POLLRDHUP, 0};
  int n = poll(&p, 1, 0);
  printf("poll %s: %d %x\n", what, n, p.revents);
}

static int send_fds(int s, const char *text, const int *fds, int count) {
  union {
    struct cmsghdr h;
    char b[CMSG_SPACE(300 * sizeof(int))];
  } c;
  memset(&c, 0, sizeof c);
  struct iovec v = {(void *)text, strlen(text)};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = CMSG_SPACE(count * sizeof(int))};
  c.h.cmsg_level = SOL_SOCKET;
  c.h.cmsg_type = SCM_RIGHTS;
  c.h.cmsg_len = CMSG_LEN(count * sizeof(int));
  memcpy(CMSG_DATA(&c.h), fds, count * sizeof(int));
  return sendmsg(s, &m, 0);
}

/* Receive and tell; the descriptors go to `out`. */
static void receive(const char *what, int s, int room, int flags, int *out) {
  union {
    struct cmsghdr h;
    char b[2000];
  } c;
  struct iovec v = {buf, 100};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = room};
  int n = recvmsg(s, &m, flags);
  if (n < 0) {
    printf("%s: %s\n", what, error_name(errno));
    return;
  }
  printf("%s: '%.*s' flags %x control %zu\n", what, n, buf, m.msg_flags & ~MSG_CMSG_CLOEXEC, m.msg_controllen);
  for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
    if (h->cmsg_type == SCM_RIGHTS) {
      int count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      printf("  %d descriptors\n", count);
      if (out) memcpy(out, CMSG_DATA(h), count * sizeof(int));
      else
        for (int i = 0; i < count; i++) close(((int *)CMSG_DATA(h))[i]);
    } else if (h->cmsg_type == SCM_CREDENTIALS) {
      struct ucred u;
      memcpy(&u, CMSG_DATA(h), sizeof u);
      printf("  pid %s uid %d gid %d\n", u.pid == getpid() ? "own" : u.pid == 0 ? "0" : "other", u.uid, u.gid);
    }
  }
}

static int open_count(void) {
  int n = 0;
  for (int i = 0; i < 1000; i++) n += fcntl(i, F_GETFD) >= 0;
  return n;
}

static void datagrams(void) {
  struct sockaddr_un a, b;
  socklen_t n = name(&a, "\0holm-dgram", 11), m;
  int r = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), s = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  SHOW(read(r, buf, 10));
  SHOW(listen(r, 1));
  SHOW(accept(r, NULL, NULL));
  SHOW(send(s, "x", 1, 0));
  SHOW(sendto(s, "x", 1, 0, (void *)&a, n));
  show_poll("fresh", s);
  SHOW(bind(r, (void *)&a, n));
  SHOW(sendto(s, "unbound", 7, 0, (void *)&a, n));
  m = sizeof b;
  SHOW(recvfrom(r, buf, 100, 0, (void *)&b, &m));
  printf("from %d\n", m);
  m = name(&b, "\0holm-sender", 12);
  bind(s, (void *)&b, m);
  SHOW(sendto(s, "bound", 5, 0, (void *)&a, n));
  SHOW(sendto(s, "", 0, 0, (void *)&a, n));
  m = sizeof b;
  memset(&b, 0, sizeof b);
  SHOW(recvfrom(r, buf, 3, MSG_TRUNC, (void *)&b, &m));
  printf("from %d %s\n", m, b.sun_path + 1);
  m = 4;
  SHOW(recvfrom(r, buf, 3, 0, (void *)&b, &m));
  printf("from %d\n", m);
  SHOW(connect(s, (void *)&a, n));
  for (int i = 0; i < 20; i++)
    if (send(s, "fill", 4, 0) < 0) {
      printf("full after %d: %s\n", i, error_name(errno));
      break;
    }
  show_poll("sender to a full queue", s);
  SHOW(read(r, buf, 100));
  show_poll("sender after a read", s);
  struct sockaddr_un self;
  m = name(&self, "\0holm-sender", 12);
  SHOW(connect(r, (void *)&self, m));
  int t = socket(AF_UNIX, SOCK_DGRAM, 0);
  SHOW(sendto(t, "x", 1, 0, (void *)&a, n));
  SHOW(connect(t, (void *)&a, n));
  while (read(r, buf, 100) >= 0) continue;
  SHOW(send(r, buf, 250000, 0));
  SHOW(shutdown(r, SHUT_RD));
  SHOW(send(s, "x", 1, MSG_NOSIGNAL));
  SHOW(read(r, buf, 10));
  close(r);
  show_poll("peer closed", s);
  SHOW(send(s, "x", 1, 0));
  SHOW(send(s, "x", 1, 0));
  self.sun_family = AF_UNSPEC;
  SHOW(connect(s, (void *)&self, 2));
}

static void passing(void) {
  int s[2], p[2], got[300];
  socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s);
  pipe(p);
  int before = open_count();
  write(s[0], "a", 1);
  SHOW(send_fds(s[0], "bc", p, 2));
  write(s[0], "d", 1);
  receive("first", s[1], 200, 0, got);
  IS(got[0] > 0 && fcntl(got[0], F_GETFD) == 0);
  write(got[1], "through", 7);
  SHOW(read(p[0], buf, 100));
  close(got[0]);
  close(got[1]);
  receive("rest", s[1], 200, 0, NULL);
  SHOW(send_fds(s[0], "x", p, 2));
  receive("close-on-exec", s[1], 200, MSG_CMSG_CLOEXEC, got);
  IS(fcntl(got[0], F_GETFD) == FD_CLOEXEC);
  close(got[0]);
  close(got[1]);
  send_fds(s[0], "x", p, 2);
  receive("room for one", s[1], CMSG_LEN(sizeof(int)), 0, NULL);
  send_fds(s[0], "x", p, 2);
  receive("no room", s[1], 0, 0, NULL);
  send_fds(s[0], "x", p, 2);
  receive("too little room", s[1], 10, 0, NULL);
  send_fds(s[0], "x", p, 2);
  SHOW(read(s[1], buf, 10));
  send_fds(s[0], "x", p, 1);
  receive("peek", s[1], 200, MSG_PEEK, NULL);
  receive("after peek", s[1], 200, 0, NULL);
  IS(open_count() == before);
  for (int i = 0; i < 300; i++) got[i] = p[0];
  SHOW(send_fds(s[0], "x", got, 253));
  receive("253", s[1], 2000, 0, NULL);
  SHOW(send_fds(s[0], "x", got, 254));
  got[0] = 999;
  SHOW(send_fds(s[0], "x", got, 1));
  struct rlimit l;
  getrlimit(RLIMIT_NOFILE, &l);
  struct rlimit few = {open_count() + 1, l.rlim_max};
  setrlimit(RLIMIT_NOFILE, &few);
  send_fds(s[0], "x", p, 2);
  receive("limit", s[1], 200, 0, NULL);
  setrlimit(RLIMIT_NOFILE, &l);
  /* A descriptor in flight keeps its file open. */
  send_fds(s[0], "x", p + 1, 1);
  close(p[1]);
  fcntl(p[0], F_SETFL, O_NONBLOCK);
  SHOW(read(p[0], buf, 10));
  receive("last", s[1], 200, 0, NULL);
  SHOW(read(p[0], buf, 10));
}

static void credentials(void) {
  int s[2], one = 1;
  socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
  write(s[0], "before", 6);
  setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof one);
  receive("before SO_PASSCRED", s[1], 200, 0, NULL);
  write(s[0], "after", 5);
  receive("after SO_PASSCRED", s[1], 200, 0, NULL);
  fflush(stdout);
  if (fork() == 0) {
    setgid(20);
    setuid(10);
    write(s[0], "child", 5);
    union {
      struct cmsghdr h;
      char b[CMSG_SPACE(sizeof(struct ucred))];
    } c = {.h = {CMSG_LEN(sizeof(struct ucred)), SOL_SOCKET, SCM_CREDENTIALS}};
    struct ucred u = {getpid(), 0, 0};
    memcpy(CMSG_DATA(&c.h), &u, sizeof u);
    struct iovec v = {"explicit", 8};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof c};
    SHOW(sendmsg(s[0], &m, 0));
    u.uid = 10;
    u.gid = 20;
    memcpy(CMSG_DATA(&c.h), &u, sizeof u);
    SHOW(sendmsg(s[0], &m, 0));
    u.pid = 1;
    memcpy(CMSG_DATA(&c.h), &u, sizeof u);
    SHOW(sendmsg(s[0], &m, 0));
    _exit(0);
  }
  wait(NULL);
  receive("child", s[1], 200, 0, NULL);
  receive("explicit", s[1], 200, 0, NULL);
  /* A stream does not mix senders. */
  socketpair(AF_UNIX, SOCK_STREAM, 0, s);
  setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof one);
  write(s[0], "parent", 6);
  write(s[0], "again", 5);
  fflush(stdout);
  if (fork() == 0) {
    write(s[0], "child", 5);
    _exit(0);
  }
  wait(NULL);
  receive("one", s[1], 200, 0, NULL);
  receive("two", s[1], 200, 0, NULL);
}

static void many(void) {
  int s[2];
  socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, s);
  struct iovec v[3] = {{"one", 3}, {"three", 5}, {"", 0}};
  struct mmsghdr m[3];
  memset(m, 0, sizeof m);
  for (int i = 0; i < 3; i++) m[i].msg_hdr = (struct msghdr){.msg_iov = &v[i], .msg_iovlen = 1};
  SHOW(sendmmsg(s[0], m, 3, 0));
  printf("%d %d %d\n", m[0].msg_len, m[1].msg_len, m[2].msg_len);
  struct iovec w[4];
  struct mmsghdr r[4];
  memset(r, 0, sizeof r);
  for (int i = 0; i < 4; i++) {
    w[i] = (struct iovec){buf + 10 * i, 4};
    r[i].msg_hdr = (struct msghdr){.msg_iov = &w[i], .msg_iovlen = 1};
  }
  SHOW(recvmmsg(s[1], r, 4, 0, NULL));
  printf("%d %d %x %d\n", r[0].msg_len, r[1].msg_len, r[1].msg_hdr.msg_flags, r[2].msg_len);
  SHOW(recvmmsg(s[1], r, 4, 0, NULL));
  m[1].msg_hdr.msg_iov = (void *)8;
  SHOW(sendmmsg(s[0], m, 3, 0));
  SHOW(sendmmsg(s[0], m + 1, 2, 0));
}

int main(void) {
  datagrams();
  passing();
  credentials();
  many();
  return 0;
}
