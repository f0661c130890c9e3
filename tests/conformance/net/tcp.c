/* TCP over lo: connections, their errors and ends, options, polls. */
#include "net.h"

static char buf[4000000];

static int listener(int port, int backlog) {
  int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in a = in4("127.0.0.1", port);
  int one = 1;
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(s, ADDR(a)) || listen(s, backlog)) perror("listener");
  return s;
}

static void pair(int l, int port, int *c, int *s) {
  struct sockaddr_in a = in4("127.0.0.1", port);
  *c = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(*c, ADDR(a))) perror("connect");
  *s = accept4(l, NULL, NULL, SOCK_NONBLOCK);
  if (*s < 0) perror("accept");
  fcntl(*c, F_SETFL, O_NONBLOCK);
}

int main(void) {
  SHOW(unshare(CLONE_NEWNET));
  signal(SIGPIPE, SIG_IGN);
  struct sockaddr_in to = in4("127.0.0.1", 5000), far = in4("10.1.1.1", 80);
  int c, s, t;
  c = socket(AF_INET, SOCK_STREAM, 0);
  puts("-- lo is down");
  SHOW(connect(c, ADDR(to)));
  struct sockaddr_in own = in4("127.0.0.1", 5555);
  SHOW(bind(c, ADDR(own)));
  set_up("lo", 1);
  puts("-- unconnected");
  show_poll("fresh", c);
  show_name("name", getsockname, c);
  show_name("peer", getpeername, c);
  SHOW(send(c, "x", 1, 0));
  SHOW(recv(c, buf, 1, 0));
  SHOW(shutdown(c, SHUT_RDWR));
  SHOW(accept(c, NULL, NULL));
  SHOW(connect(c, ADDR(far)));
  SHOW(connect(c, ADDR(to)));
  SHOW(connect(c, ADDR(to)));
  OPTION(c, SOL_SOCKET, SO_ERROR);
  int wait;
  SHOW(ioctl(c, FIONREAD, &wait));
  close(c);
  c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  SHOW(connect(c, ADDR(to)));
  show_poll("refused", c);
  OPTION(c, SOL_SOCKET, SO_ERROR);
  show_poll("after the error", c);
  close(c);

  puts("-- listening");
  int l = listener(5000, 5);
  show_poll("nobody", l);
  SHOW(accept(l, NULL, NULL));
  SHOW(recv(l, buf, 1, 0));
  SHOW(send(l, buf, 1, 0));
  SHOW(connect(l, ADDR(to)));
  OPTION(l, SOL_SOCKET, SO_ACCEPTCONN);
  t = socket(AF_INET, SOCK_STREAM, 0);
  SHOW(bind(t, ADDR(to)));
  SET(t, SOL_SOCKET, SO_REUSEADDR, 1);
  SHOW(bind(t, ADDR(to)));
  SHOW(bind(t, ADDR(far)));
  SHOW(listen(t, 1));
  show_name("listening", getsockname, t);
  close(t);

  puts("-- a connection");
  c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  SHOW(connect(c, ADDR(to)));
  show_poll("connected", c);
  OPTION(c, SOL_SOCKET, SO_ERROR);
  SHOW(connect(c, ADDR(to)));
  SHOW(connect(c, ADDR(to)));
  show_poll("a connection", l);
  struct sockaddr_in from;
  socklen_t n = sizeof from;
  s = accept4(l, (struct sockaddr *)&from, &n, SOCK_NONBLOCK);
  IS(s >= 0);
  IS(ntohs(from.sin_port) == local_port(c));
  show_name("client", getsockname, c);
  show_name("client's peer", getpeername, c);
  show_name("server", getsockname, s);
  show_name("server's peer", getpeername, s);
  show_poll("client", c);
  show_poll("server", s);
  SHOW(recv(s, buf, 10, 0));
  SHOW(send(c, "hello world", 11, 0));
  show_poll("server", s);
  SHOW(ioctl(s, FIONREAD, &wait));
  printf("waiting %d\n", wait);
  SHOW(recv(s, buf, 5, MSG_PEEK));
  SHOW(recv(s, buf, 5, 0));
  SHOW(recv(s, buf, 3, MSG_TRUNC));
  SHOW(recv(s, buf, 100, 0));
  SHOW(sendto(c, "abc", 3, 0, ADDR(far)));
  SHOW(recv(s, buf, 3, MSG_WAITALL));
  SHOW(recv(s, buf, 3, MSG_OOB));
  SHOW(listen(c, 1));

  puts("-- half closed");
  SHOW(shutdown(c, SHUT_WR));
  show_poll("client", c);
  show_poll("server", s);
  SHOW(recv(s, buf, 10, 0));
  SHOW(recv(s, buf, 10, 0));
  SHOW(send(c, "x", 1, 0));
  SHOW(send(s, "more", 4, 0));
  SHOW(recv(c, buf, 10, 0));
  SHOW(shutdown(s, SHUT_WR));
  show_poll("client", c);
  show_poll("server", s);
  SHOW(recv(c, buf, 10, 0));
  SHOW(shutdown(c, SHUT_WR));
  show_name("peer", getpeername, c);
  close(c);
  close(s);

  puts("-- closed by the server");
  pair(l, 5000, &c, &s);
  SHOW(send(s, "bye", 3, 0));
  close(s);
  show_poll("client", c);
  SHOW(send(c, "x", 1, 0));
  show_poll("client after a reset", c);
  SHOW(recv(c, buf, 10, 0));
  SHOW(recv(c, buf, 10, 0));
  SHOW(send(c, "x", 1, 0));
  close(c);

  puts("-- closed with unread data");
  pair(l, 5000, &c, &s);
  SHOW(send(c, "unread", 6, 0));
  close(s);
  show_poll("client", c);
  OPTION(c, SOL_SOCKET, SO_ERROR);
  SHOW(recv(c, buf, 10, 0));
  SHOW(send(c, "x", 1, 0));
  close(c);

  puts("-- linger 0");
  pair(l, 5000, &c, &s);
  struct linger zero = {1, 0};
  SHOW(setsockopt(c, SOL_SOCKET, SO_LINGER, &zero, sizeof zero));
  close(c);
  show_poll("server", s);
  SHOW(recv(s, buf, 10, 0));
  SHOW(recv(s, buf, 10, 0));
  SHOW(send(s, "x", 1, 0));
  close(s);

  puts("-- a client that goes before it is accepted");
  c = socket(AF_INET, SOCK_STREAM, 0);
  SHOW(connect(c, ADDR(to)));
  SHOW(send(c, "early", 5, 0));
  close(c);
  s = accept4(l, NULL, NULL, SOCK_NONBLOCK);
  SHOW(recv(s, buf, 10, 0));
  SHOW(recv(s, buf, 10, 0));
  close(s);

  puts("-- the listener goes with a connection");
  c = socket(AF_INET, SOCK_STREAM, 0);
  SHOW(connect(c, ADDR(to)));
  close(l);
  millis(20);
  show_poll("client", c);
  SHOW(recv(c, buf, 10, 0));
  close(c);
  c = socket(AF_INET, SOCK_STREAM, 0);
  SHOW(connect(c, ADDR(to)));
  close(c);

  puts("-- full buffers");
  l = listener(5001, 5);
  pair(l, 5001, &c, &s);
  long total = 0;
  for (;;) {
    long k = send(c, buf, sizeof buf, 0);
    if (k < 0) {
      printf("full: %s\n", error_name(errno));
      break;
    }
    total += k;
  }
  IS(total > 100000);
  struct pollfd p = {c, POLLOUT, 0};
  printf("poll full: %d\n", poll(&p, 1, 0));
  long got = 0;
  while (got < total) {
    long k = recv(s, buf, sizeof buf, 0);
    if (k > 0) got += k;
    else millis(1);
  }
  IS(got == total);
  printf("poll empty: %d\n", poll(&p, 1, 1000));
  close(c);
  close(s);

  puts("-- options");
  pair(l, 5001, &c, &s);
  OPTION(c, IPPROTO_TCP, TCP_NODELAY);
  SET(c, IPPROTO_TCP, TCP_NODELAY, 1);
  OPTION(c, IPPROTO_TCP, TCP_NODELAY);
  OPTION(c, IPPROTO_TCP, TCP_KEEPIDLE);
  OPTION(c, IPPROTO_TCP, TCP_KEEPINTVL);
  OPTION(c, IPPROTO_TCP, TCP_KEEPCNT);
  SET(c, IPPROTO_TCP, TCP_KEEPIDLE, 10);
  SET(c, IPPROTO_TCP, TCP_KEEPIDLE, 0);
  OPTION(c, IPPROTO_TCP, TCP_KEEPIDLE);
  SET(c, SOL_SOCKET, SO_KEEPALIVE, 1);
  OPTION(c, SOL_SOCKET, SO_KEEPALIVE);
  OPTION(c, IPPROTO_TCP, TCP_CORK);
  OPTION(c, IPPROTO_TCP, TCP_USER_TIMEOUT);
  OPTION(c, IPPROTO_TCP, TCP_DEFER_ACCEPT);
  OPTION(c, IPPROTO_TCP, TCP_SYNCNT);
  OPTION(c, IPPROTO_IP, IP_TTL);
  OPTION(c, IPPROTO_IP, IP_TOS);
  SET(c, IPPROTO_IP, IP_TTL, 0);
  SET(c, IPPROTO_IP, IP_TTL, 256);
  SET(c, IPPROTO_IP, IP_TTL, 5);
  OPTION(c, IPPROTO_IP, IP_TTL);
  OPTION(c, IPPROTO_TCP, 12345);
  SET(c, IPPROTO_TCP, 12345, 1);
  OPTION(c, SOL_SOCKET, SO_TYPE);
  OPTION(c, SOL_SOCKET, SO_DOMAIN);
  OPTION(c, SOL_SOCKET, SO_PROTOCOL);
  struct tcp_info info;
  n = sizeof info;
  SHOW(getsockopt(c, IPPROTO_TCP, TCP_INFO, &info, &n));
  printf("state %d\n", info.tcpi_state);
  struct sockaddr un = {.sa_family = AF_UNSPEC};
  SHOW(connect(c, &un, sizeof un));
  show_name("peer", getpeername, c);
  SHOW(recv(s, buf, 1, 0));
  close(c);
  close(s);

  puts("-- backlog");
  close(l);
  l = listener(5002, 1);
  to = in4("127.0.0.1", 5002);
  int waiting[4];
  for (int i = 0; i < 4; i++) {
    waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int e = connect(waiting[i], ADDR(to));
    struct pollfd q = {waiting[i], POLLOUT, 0};
    printf("connect %d: %s, poll %d\n", i, e ? error_name(errno) : "ok", poll(&q, 1, 20));
  }
  s = accept4(l, NULL, NULL, SOCK_NONBLOCK);
  IS(s >= 0);
  struct pollfd q = {waiting[2], POLLOUT, 0};
  printf("after accept: %d\n", poll(&q, 1, 5000));
  close(s);
  for (int i = 0; i < 4; i++) close(waiting[i]);
  close(l);

  puts("-- IPv6");
  struct sockaddr_in6 to6 = in6("::1", 6000), any6 = in6("::", 6000);
  l = socket(AF_INET6, SOCK_STREAM, 0);
  SHOW(bind(l, ADDR(any6)));
  SHOW(listen(l, 5));
  c = socket(AF_INET6, SOCK_STREAM, 0);
  SHOW(connect(c, ADDR(to6)));
  s = accept(l, NULL, NULL);
  show_name("client", getsockname, c);
  show_name("server", getsockname, s);
  close(c);
  close(s);
  c = socket(AF_INET, SOCK_STREAM, 0);
  to = in4("127.0.0.1", 6000);
  SHOW(connect(c, ADDR(to)));
  s = accept(l, NULL, NULL);
  show_name("client", getsockname, c);
  show_name("server", getsockname, s);
  show_name("server's peer", getpeername, s);
  t = socket(AF_INET, SOCK_STREAM, 0);
  SHOW(bind(t, ADDR(to)));
  SET(t, SOL_SOCKET, SO_REUSEADDR, 1);
  SHOW(bind(t, ADDR(to)));
  close(c);
  close(s);

  puts("-- reuse of a port");
  int r1 = socket(AF_INET, SOCK_STREAM, 0), r2 = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in shared = in4("127.0.0.1", 6500);
  SET(r1, SOL_SOCKET, SO_REUSEPORT, 1);
  SHOW(bind(r1, ADDR(shared)));
  SHOW(bind(r2, ADDR(shared)));
  SET(r2, SOL_SOCKET, SO_REUSEPORT, 1);
  SHOW(bind(r2, ADDR(shared)));
  SHOW(listen(r1, 1));
  SHOW(listen(r2, 1));
  return 0;
}
