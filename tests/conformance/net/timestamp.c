/* SO_TIMESTAMP and its relatives: when messages arrived. See socket(7), cmsg(3). */
#include "net.h"
#include <sys/un.h>

#ifndef SO_TIMESTAMP_NEW
#define SO_TIMESTAMP_NEW 63
#define SO_TIMESTAMPNS_NEW 64
#endif

static void set(int fd, int name, int on) { printf("set %d to %d: %d\n", name, on, setsockopt(fd, SOL_SOCKET, name, &on, sizeof on)); }

static void show_all(int fd) {
  const int names[] = {SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_NEW};
  for (int i = 0; i < 4; i++) {
    int value = -1;
    socklen_t length = sizeof value;
    getsockopt(fd, SOL_SOCKET, names[i], &value, &length);
    printf("%d: %d%s", names[i], value, i == 3 ? "\n" : ", ");
  }
}

/* Receive one message; say which control messages came, in order, and whether times are of now, and of before it was asked for. */
static void receive_late(const char *what, int fd, size_t room, int flags, int late) {
  char byte[8], control[256];
  struct iovec iov = {byte, sizeof byte};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = room};
  struct timespec before, now;
  clock_gettime(CLOCK_REALTIME, &before);
  ssize_t count = recvmsg(fd, &msg, flags);
  printf("%s: %zd%s", what, count, msg.msg_flags & MSG_CTRUNC ? " truncated" : "");
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
    printf(", level %d type %d length %zu", c->cmsg_level, c->cmsg_type, (size_t)c->cmsg_len);
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type == SCM_CREDENTIALS || c->cmsg_len < CMSG_LEN(16)) continue;
    long pair[2];
    memcpy(pair, CMSG_DATA(c), sizeof pair);
    int micro = c->cmsg_type == SO_TIMESTAMP || c->cmsg_type == SO_TIMESTAMP_NEW;
    clock_gettime(CLOCK_REALTIME, &now);
    double at = pair[0] - before.tv_sec + pair[1] / (micro ? 1e6 : 1e9);
    double age = now.tv_sec - before.tv_sec + now.tv_nsec / 1e9 - at;
    printf(" %s", age > -0.01 && age < 60 && pair[1] < (micro ? 1000000 : 1000000000) ? "of now" : "of another time");
    if (late) printf(at - before.tv_nsec / 1e9 < -0.2 ? ", waited" : ", when it was asked for");
  }
  printf("\n");
}

static void receive(const char *what, int fd, size_t room, int flags) { receive_late(what, fd, room, flags, 0); }

int main(void) {
  unshare(CLONE_NEWNET);
  set_up("lo", 1);
  int one = 1;
  int from = socket(AF_INET, SOCK_DGRAM, 0), to = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  bind(to, (void *)&address, sizeof address);
  getsockname(to, (void *)&address, &length);
  connect(from, (void *)&address, sizeof address);
  show_all(to);
  const int names[] = {SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_NEW};
  for (int i = 0; i < 4; i++) {
    set(to, names[i], 7);
    show_all(to);
    SHOW(send(from, "x", 1, 0));
    receive("peek", to, 256, MSG_PEEK);
    receive("udp", to, 256, 0);
  }
  SHOW(send(from, "x", 1, 0));
  usleep(250000);
  receive_late("late", to, 256, 0, 1);
  setsockopt(to, IPPROTO_IP, IP_PKTINFO, &one, sizeof one);
  SHOW(send(from, "x", 1, 0));
  receive("with pktinfo", to, 256, 0);
  SHOW(send(from, "x", 1, 0));
  receive("no room", to, 24, 0);
  SHOW(send(from, "x", 1, 0));
  receive("none", to, 0, 0);
  set(to, SO_TIMESTAMP, 0);
  show_all(to);
  setsockopt(to, SOL_SOCKET, SO_TIMESTAMP, &one, 2);

  int pair[2];
  for (int kind = 0; kind < 3; kind++) {
    int type = kind == 0 ? SOCK_DGRAM : kind == 1 ? SOCK_SEQPACKET : SOCK_STREAM;
    socketpair(AF_UNIX, type, 0, pair);
    SHOW(send(pair[0], "x", 1, 0));
    usleep(250000);
    set(pair[1], SO_TIMESTAMP, 1);
    setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof one);
    receive_late("unix, sent before", pair[1], 256, 0, 1);
    SHOW(send(pair[0], "x", 1, 0));
    usleep(250000);
    receive_late("unix", pair[1], 256, 0, 1);
  }

  int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  address.sin_port = 0;
  bind(listener, (void *)&address, sizeof address);
  getsockname(listener, (void *)&address, &length);
  set(listener, SO_TIMESTAMPNS, 1);
  setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){3, 4000}, sizeof(struct timeval));
  setsockopt(listener, SOL_SOCKET, SO_RCVLOWAT, &(int){5}, sizeof(int));
  setsockopt(listener, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
  listen(listener, 1);
  connect(client, (void *)&address, sizeof address);
  int server = accept(listener, NULL, NULL);
  show_all(server);
  puts("-- inherited");
  struct timeval timeout;
  length = sizeof timeout;
  getsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &timeout, &length);
  printf("timeout %ld.%06ld\n", timeout.tv_sec, timeout.tv_usec);
  show_option("SO_RCVLOWAT", server, SOL_SOCKET, SO_RCVLOWAT);
  show_option("SO_KEEPALIVE", server, SOL_SOCKET, SO_KEEPALIVE);
  setsockopt(server, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof one);
  SHOW(send(client, "x", 1, 0));
  usleep(250000);
  receive_late("tcp", server, 256, 0, 1);
  return 0;
}
