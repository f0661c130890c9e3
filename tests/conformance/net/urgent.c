/* Urgent data of TCP: send(2) and recv(2) with MSG_OOB, SO_OOBINLINE, SIOCATMARK, SIGURG, POLLPRI. See tcp(7). */
#include "net.h"

#define SIOCATMARK_ 0x8905

static int a, b;
static volatile int urgent;

static void handler(int signo) { urgent += signo == SIGURG; }

static void begin(const char *what, int on) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  printf("-- %s\n", what);
  bind(listener, (void *)&address, sizeof address);
  listen(listener, 1);
  getsockname(listener, (void *)&address, &length);
  a = socket(AF_INET, SOCK_STREAM, 0);
  connect(a, (void *)&address, sizeof address);
  b = accept(listener, NULL, NULL);
  close(listener);
  fcntl(b, F_SETOWN, getpid());
  if (on) setsockopt(b, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
  urgent = 0;
}

static void end(void) {
  close(a);
  close(b);
}

static void settle(void) { usleep(20000); }

static void put(const char *text, int flags) {
  int before = urgent;
  long sent = send(a, text, strlen(text), flags);
  settle();
  printf("send(\"%s\"%s): %ld, %d signals\n", text, flags & MSG_OOB ? ", MSG_OOB" : "", sent, urgent - before);
}

static void state(void) {
  int mark = -1, readable = -1;
  struct pollfd one = {b, POLLIN | POLLPRI | POLLOUT, 0};
  ioctl(b, SIOCATMARK_, &mark);
  ioctl(b, FIONREAD, &readable);
  poll(&one, 1, 0);
  printf("  mark %d, readable %d, events %x\n", mark, readable, one.revents & (POLLIN | POLLPRI));
}

static void take(int flags, int size) {
  char buffer[32] = "";
  struct iovec iov = {buffer, size};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
  ssize_t got = recvmsg(b, &message, flags | MSG_DONTWAIT);
  const char *how = flags & MSG_OOB ? flags & MSG_PEEK ? " MSG_OOB MSG_PEEK" : " MSG_OOB" : flags & MSG_PEEK ? " MSG_PEEK" : "";
  if (got < 0) printf("recv(%d%s): %s\n", size, how, error_name(errno));
  else printf("recv(%d%s): %zd \"%s\" flags %x\n", size, how, got, buffer, message.msg_flags & (MSG_OOB | MSG_TRUNC));
  state();
}

int main(void) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigaction(SIGURG, &action, NULL);
  unshare(CLONE_NEWNET);
  set_up("lo", 1);
  for (int on = 0; on < 2; on++) {
    begin(on ? "in line: without" : "without", on);
    put("x", 0);
    take(MSG_OOB, 1);
    end();
    begin("one", on);
    put("x", MSG_OOB);
    state();
    take(MSG_OOB | MSG_PEEK, 1);
    take(MSG_OOB, 1);
    take(MSG_OOB, 1);
    take(0, 4);
    end();
    begin("dropped", on);
    put("x", MSG_OOB);
    take(0, 1);
    take(MSG_OOB, 1);
    end();
    begin("behind others", on);
    put("hello", MSG_OOB);
    state();
    take(MSG_PEEK, 10);
    take(0, 10);
    take(0, 10);
    end();
    begin("read first", on);
    put("hello", MSG_OOB);
    take(MSG_OOB, 1);
    take(0, 10);
    put("world", 0);
    state();
    take(MSG_PEEK, 3);
    take(0, 3);
    take(0, 3);
    end();
    begin("in the middle", on);
    put("hello", MSG_OOB);
    put("world", 0);
    take(MSG_PEEK, 20);
    take(0, 2);
    take(0, 20);
    take(0, 20);
    take(MSG_OOB, 1);
    end();
    begin("two", on);
    put("hello", MSG_OOB);
    put("world", MSG_OOB);
    state();
    take(MSG_OOB, 1);
    take(0, 20);
    take(0, 20);
    end();
    begin("two, the first read", on);
    put("a", MSG_OOB);
    take(MSG_OOB, 1);
    put("b", MSG_OOB);
    state();
    take(0, 5);
    take(MSG_OOB, 1);
    take(0, 5);
    end();
    begin("two, between", on);
    put("ab", MSG_OOB);
    take(MSG_OOB, 1);
    take(0, 1);
    put("cd", MSG_OOB);
    state();
    take(0, 9);
    take(0, 9);
    end();
    begin("waiting for all", on);
    put("hello", MSG_OOB);
    put("world", 0);
    char buffer[16] = "";
    SHOW(recv(b, buffer, 8, MSG_WAITALL));
    printf("\"%s\"\n", buffer);
    state();
    memset(buffer, 0, sizeof buffer);
    SHOW(recv(b, buffer, on ? 6 : 5, MSG_WAITALL));
    printf("\"%s\"\n", buffer);
    end();
    begin("nothing to put it into", on);
    put("x", MSG_OOB);
    take(MSG_OOB, 0);
    end();
    begin("thrown away", on);
    put("xyz", MSG_OOB);
    SHOW(recv(b, NULL, 2, MSG_TRUNC));
    state();
    SHOW(recv(b, NULL, 1, MSG_TRUNC | MSG_OOB));
    state();
    end();
    begin("closed behind it", on);
    put("x", MSG_OOB);
    close(a);
    settle();
    state();
    take(MSG_OOB, 1);
    take(0, 1);
    take(MSG_OOB, 1);
    close(b);
  }
  begin("made in line late", 0);
  put("xy", MSG_OOB);
  take(0, 5);
  int one = 1;
  SHOW(setsockopt(b, SOL_SOCKET, SO_OOBINLINE, &one, sizeof one));
  state();
  take(MSG_OOB, 1);
  take(0, 5);
  end();
  begin("at least three bytes", 0);
  one = 3;
  SHOW(setsockopt(b, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof one));
  put("xy", 0);
  state();
  put("z", MSG_OOB);
  state();
  end();
  return 0;
}
