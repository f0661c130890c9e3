/* What the tests of sockets share: a network namespace of their own with lo up, addresses, polls. */
#include "show.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static inline struct sockaddr_in in4(const char *ip, int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, ip, &a.sin_addr);
  return a;
}

static inline struct sockaddr_in6 in6(const char *ip, int port) {
  struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  inet_pton(AF_INET6, ip, &a.sin6_addr);
  return a;
}

#define ADDR(a) (struct sockaddr *)&(a), sizeof(a)

/* Ports that the kernel chose are shown as ephemeral. */
static inline void show_name(const char *what, int (*get)(int, struct sockaddr *, socklen_t *), int fd) {
  struct sockaddr_storage a;
  socklen_t n = sizeof a;
  char text[100];
  memset(&a, 0, sizeof a);
  if (get(fd, (struct sockaddr *)&a, &n)) {
    printf("%s: %s\n", what, error_name(errno));
    return;
  }
  int port = ntohs(((struct sockaddr_in *)&a)->sin_port);
  void *ip = a.ss_family == AF_INET ? (void *)&((struct sockaddr_in *)&a)->sin_addr : (void *)&((struct sockaddr_in6 *)&a)->sin6_addr;
  inet_ntop(a.ss_family, ip, text, sizeof text);
  if (port >= 32768 && port < 61000) printf("%s: %s ephemeral (%d)\n", what, text, (int)n);
  else printf("%s: %s %d (%d)\n", what, text, port, (int)n);
}

static inline void show_poll(const char *what, int fd) {
  struct pollfd p = {fd, POLLIN | POLLOUT | POLLRDHUP | POLLPRI, 0};
  int n = poll(&p, 1, 0);
  printf("poll %s: %d %x\n", what, n, p.revents);
}

static inline void show_option(const char *what, int fd, int level, int name) {
  int value = -1;
  socklen_t n = sizeof value;
  if (getsockopt(fd, level, name, &value, &n)) printf("%s: %s\n", what, error_name(errno));
  else printf("%s: %d (%d)\n", what, value, (int)n);
}

#define OPTION(fd, level, name) show_option(#name, fd, level, name)
#define SET(fd, level, name, v)                                            \
  do {                                                                     \
    int value_ = v;                                                        \
    int result_ = setsockopt(fd, level, name, &value_, sizeof value_);     \
    printf("set %s %s: %s\n", #name, #v, result_ ? error_name(errno) : "ok"); \
  } while (0)

static inline int local_port(int fd) {
  struct sockaddr_in6 a;
  socklen_t n = sizeof a;
  return getsockname(fd, (struct sockaddr *)&a, &n) ? -1 : ntohs(a.sin6_port);
}

static inline void set_up(const char *name, int up) {
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  struct ifreq r;
  memset(&r, 0, sizeof r);
  strcpy(r.ifr_name, name);
  ioctl(s, SIOCGIFFLAGS, &r);
  if (up) r.ifr_flags |= IFF_UP;
  else r.ifr_flags &= ~IFF_UP;
  ioctl(s, SIOCSIFFLAGS, &r);
  close(s);
}
