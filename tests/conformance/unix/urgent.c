/* Data out of band and descriptors of senders on Unix sockets. See unix(7), send(2), sockatmark(3). */
#include "show.h"
#include <sys/ioctl.h>
#include <sys/socket.h>

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif
#define SCM_PIDFD 4
#define SIOCATMARK_ 0x8905
#define FIOSETOWN_ 0x8901
#define FIOGETOWN_ 0x8903

static int ends[2];
static volatile int urgent;

static void handler(int signo) { urgent += signo == SIGURG; }

static void take(int flags, int size) {
  char buffer[16] = "";
  struct iovec iov = {buffer, size};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
  ssize_t got = recvmsg(ends[1], &message, flags | MSG_DONTWAIT);
  if (got < 0) printf("recv(%x): %s\n", flags, error_name(errno));
  else printf("recv(%x): \"%.*s\"%s\n", flags, (int)got, buffer, message.msg_flags & MSG_OOB ? " out of band" : "");
}

static int at_mark(void) {
  int mark = -1;
  return ioctl(ends[1], SIOCATMARK_, &mark) < 0 ? -errno : mark;
}

static int events(void) {
  struct pollfd one = {ends[1], POLLIN | POLLPRI, 0};
  poll(&one, 1, 0);
  return one.revents;
}

static void begin(const char *what) {
  printf("-- %s\n", what);
  socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

static void end(void) {
  close(ends[0]);
  close(ends[1]);
}

static void sender(int type) {
  int pair[2], on = 1;
  socketpair(AF_UNIX, type, 0, pair);
  SHOW(setsockopt(pair[1], SOL_SOCKET, SO_PASSPIDFD, &on, sizeof on));
  pid_t child = fork();
  if (child == 0) _exit(write(pair[0], "x", 1) != 1);
  char byte, control[256];
  struct iovec iov = {&byte, 1};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  SHOW(recvmsg(pair[1], &message, 0));
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
    printf("level %d type %d, %zu bytes\n", c->cmsg_level, c->cmsg_type, c->cmsg_len - CMSG_LEN(0));
    if (c->cmsg_type != SCM_PIDFD) continue;
    int fd = *(int *)CMSG_DATA(c);
    siginfo_t info;
    SHOW(waitid((idtype_t)3, fd, &info, WEXITED));
    IS(info.si_pid == child);
    SHOW(fcntl(fd, F_GETFD));
  }
  socklen_t length = sizeof on;
  SHOW(getsockopt(pair[1], SOL_SOCKET, SO_PASSPIDFD, &on, &length));
  printf("%d\n", on);
  write(pair[0], "y", 1);
  message.msg_controllen = 0;
  message.msg_control = NULL;
  SHOW(recvmsg(pair[1], &message, 0));
  IS((message.msg_flags & MSG_CTRUNC) != 0);
}

int main(void) {
  int on = 1, owner = getpid();
  signal(SIGURG, handler);
  begin("one byte");
  SHOW(send(ends[0], "", 0, MSG_OOB));
  take(MSG_OOB, 1);
  SHOW(send(ends[0], "a", 1, MSG_OOB));
  IS(urgent == 0);
  printf("events %x, mark %d\n", events(), at_mark());
  take(MSG_OOB | MSG_PEEK, 1);
  take(MSG_OOB, 1);
  printf("events %x, mark %d\n", events(), at_mark());
  take(MSG_OOB, 1);
  take(0, 1);
  end();

  begin("behind others");
  SHOW(ioctl(ends[1], FIOSETOWN_, &owner));
  owner = 0;
  SHOW(ioctl(ends[1], FIOGETOWN_, &owner));
  IS(owner == getpid());
  SHOW(send(ends[0], "hello", 5, MSG_OOB));
  IS(urgent == 1);
  printf("mark %d\n", at_mark());
  take(MSG_PEEK, 10);
  take(0, 10);
  printf("mark %d\n", at_mark());
  take(0, 10);
  take(MSG_OOB, 1);
  end();

  begin("read up to the mark");
  send(ends[0], "hello", 5, MSG_OOB);
  send(ends[0], "world", 5, 0);
  take(0, 10);
  take(MSG_OOB, 1);
  printf("mark %d\n", at_mark());
  take(0, 10);
  end();

  begin("a second one");
  send(ends[0], "ab", 2, MSG_OOB);
  send(ends[0], "cd", 2, MSG_OOB);
  take(0, 10);
  take(0, 10);
  take(MSG_OOB, 1);
  end();

  begin("inline");
  SHOW(setsockopt(ends[1], SOL_SOCKET, SO_OOBINLINE, &on, sizeof on));
  send(ends[0], "ab", 2, MSG_OOB);
  take(MSG_OOB, 1);
  take(0, 10);
  take(0, 10);
  end();

  int pair[2];
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  SHOW(send(pair[0], "a", 1, MSG_OOB));
  SHOW(ioctl(pair[0], SIOCATMARK_, &on));
  socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
  SHOW(send(pair[0], "a", 1, MSG_OOB));

  sender(SOCK_STREAM);
  sender(SOCK_DGRAM);
  return 0;
}
