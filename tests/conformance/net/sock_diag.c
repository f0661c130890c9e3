/* NETLINK_SOCK_DIAG: sockets of IP and Unix sockets, all and one, by state and by filter. See sock_diag(7). */
#include "net.h"
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <sys/un.h>

static int diag;
static int known[16], knowns;

/* Send a request; the type of the answer's last message and its error. */
static void ask(const char *what, int type, int flags, const void *body, int size);

static const char *owner(unsigned inode) {
  for (int i = 0; i < knowns; i++) {
    struct stat st;
    fstat(known[i], &st);
    if (st.st_ino == inode) return "one of ours";
  }
  return inode ? "unknown" : "none";
}

static void show_inet(struct nlmsghdr *h) {
  struct inet_diag_msg *m = NLMSG_DATA(h);
  char src[64], dst[64];
  inet_ntop(m->idiag_family, m->id.idiag_src, src, sizeof src);
  inet_ntop(m->idiag_family, m->id.idiag_dst, dst, sizeof dst);
  int port = ntohs(m->id.idiag_dport);
  printf("  family %d state %d timer %d %s:%d %s:%s if %u queues %u %u uid %u inode %s", m->idiag_family, m->idiag_state, m->idiag_timer, src,
         ntohs(m->id.idiag_sport), dst, port ? "port" : "0", m->id.idiag_if, m->idiag_rqueue, m->idiag_wqueue, m->idiag_uid, owner(m->idiag_inode));
  int left = h->nlmsg_len - NLMSG_LENGTH(sizeof *m);
  for (struct rtattr *a = (void *)(m + 1); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
    if (a->rta_type == INET_DIAG_SHUTDOWN) printf(" shutdown %u", *(unsigned char *)RTA_DATA(a));
    if (a->rta_type == INET_DIAG_SKV6ONLY) printf(" v6only %u", *(unsigned char *)RTA_DATA(a));
    if (a->rta_type == INET_DIAG_CONG) printf(" %s", (char *)RTA_DATA(a));
    if (a->rta_type == INET_DIAG_INFO) printf(" info of state %u", *(unsigned char *)RTA_DATA(a));
    if (a->rta_type == INET_DIAG_MEMINFO) printf(" meminfo %zu", RTA_PAYLOAD(a));
    if (a->rta_type == INET_DIAG_SKMEMINFO) printf(" skmeminfo %zu", RTA_PAYLOAD(a));
  }
  printf("\n");
}

static void show_unix(struct nlmsghdr *h) {
  struct unix_diag_msg *m = NLMSG_DATA(h);
  printf("  family %d type %d state %d inode %s", m->udiag_family, m->udiag_type, m->udiag_state, owner(m->udiag_ino));
  int left = h->nlmsg_len - NLMSG_LENGTH(sizeof *m);
  for (struct rtattr *a = (void *)(m + 1); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
    unsigned *u = RTA_DATA(a);
    struct stat st;
    switch (a->rta_type) {
      case UNIX_DIAG_NAME:
        printf(" name %d bytes %s", (int)RTA_PAYLOAD(a), *(char *)u ? (char *)u : (char *)u + 1);
        break;
      case UNIX_DIAG_VFS:
        printf(" vfs %s", stat("/tmp/sock", &st) == 0 && st.st_ino == u[0] ? "the file" : "?");
        break;
      case UNIX_DIAG_PEER:
        printf(" peer %s", owner(u[0]));
        break;
      case UNIX_DIAG_ICONS:
        printf(" icons %d", (int)RTA_PAYLOAD(a) / 4);
        for (int i = 0; i < (int)RTA_PAYLOAD(a) / 4; i++) printf(" %s", owner(u[i]));
        break;
      case UNIX_DIAG_RQLEN:
        printf(" queues %u %s", u[0], m->udiag_state == TCP_LISTEN ? (u[1] == 3 ? "3" : "?") : u[1] ? "some" : "0");
        break;
      case UNIX_DIAG_SHUTDOWN:
        printf(" shutdown %u", *(unsigned char *)u);
        break;
      case UNIX_DIAG_UID:
        printf(" uid %u", u[0]);
        break;
    }
  }
  printf("\n");
}

static void ask(const char *what, int type, int flags, const void *body, int size) {
  static char buffer[65536];
  struct nlmsghdr *h = (void *)buffer;
  memset(buffer, 0, 1024);
  h->nlmsg_len = NLMSG_LENGTH(size);
  h->nlmsg_type = type;
  h->nlmsg_flags = NLM_F_REQUEST | flags;
  h->nlmsg_seq = 7;
  memcpy(NLMSG_DATA(h), body, size);
  printf("%s\n", what);
  if (send(diag, buffer, h->nlmsg_len, 0) < 0) printf("  send: %s\n", error_name(errno));
  for (int done = 0; !done;) {
    ssize_t got = recv(diag, buffer, sizeof buffer, 0);
    if (got < 0) {
      printf("  recv: %s\n", error_name(errno));
      return;
    }
    for (h = (void *)buffer; NLMSG_OK(h, got); h = NLMSG_NEXT(h, got)) {
      if (h->nlmsg_type == NLMSG_DONE) done = printf("  done\n");
      else if (h->nlmsg_type == NLMSG_ERROR) done = printf("  %s\n", *(int *)NLMSG_DATA(h) ? error_name(-*(int *)NLMSG_DATA(h)) : "ok");
      else if (*(unsigned char *)NLMSG_DATA(h) == AF_UNIX) show_unix(h), done = !(h->nlmsg_flags & NLM_F_MULTI);
      else show_inet(h), done = !(h->nlmsg_flags & NLM_F_MULTI);
    }
  }
}

static int bound(int family, int type, const char *ip, int port) {
  int fd = socket(family, type, 0);
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  inet_pton(family, ip, family == AF_INET ? (void *)&in.sin_addr : (void *)&in6.sin6_addr);
  if (bind(fd, family == AF_INET ? (void *)&in : (void *)&in6, family == AF_INET ? sizeof in : sizeof in6)) printf("bind: %s\n", error_name(errno));
  return known[knowns++] = fd;
}

static void connect_to(int fd, int port) {
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(fd, (void *)&in, sizeof in)) printf("connect: %s\n", error_name(errno));
}

#define ALL 0xffffffff
static struct inet_diag_req_v2 inet(int family, int protocol, unsigned states) {
  struct inet_diag_req_v2 r = {.sdiag_family = family, .sdiag_protocol = protocol, .idiag_states = states};
  return r;
}

static void inet_lists(void) {
  struct inet_diag_req_v2 r = inet(AF_INET, IPPROTO_TCP, ALL);
  ask("TCP listeners", SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, (r.idiag_states = 1 << TCP_LISTEN, &r), sizeof r);
  r.idiag_states = 1 << TCP_ESTABLISHED;
  r.id.idiag_sport = htons(7001);
  ask("TCP connections from a port", SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &r, sizeof r);
  r.idiag_ext = 1 << (INET_DIAG_CONG - 1) | 1 << (INET_DIAG_INFO - 1) | 1 << (INET_DIAG_MEMINFO - 1) | 1 << (INET_DIAG_SKMEMINFO - 1);
  ask("the same with more", SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &r, sizeof r);
  r = inet(AF_INET6, IPPROTO_TCP, ALL);
  ask("TCP by IPv6", SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &r, sizeof r);
  r = inet(AF_INET, IPPROTO_UDP, ALL);
  ask("UDP", SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &r, sizeof r);
  r = inet(AF_INET, IPPROTO_UDP, 1 << TCP_ESTABLISHED);
  ask("connected UDP", SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &r, sizeof r);
}

struct filtered {
  struct inet_diag_req_v2 r;
  struct rtattr a;
  union {
    struct inet_diag_bc_op op[8];
    unsigned char bytes[32];
  };
};

static void filter(const char *what, const void *code, int size) {
  struct filtered f = {.r = inet(AF_INET, IPPROTO_TCP, 1 << TCP_LISTEN)};
  f.a.rta_type = INET_DIAG_REQ_BYTECODE;
  f.a.rta_len = RTA_LENGTH(size);
  memcpy(f.bytes, code, size);
  ask(what, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &f, sizeof f.r + RTA_SPACE(size));
}

static void filters(void) {
  filter("port is 7002", (struct inet_diag_bc_op[]){{INET_DIAG_BC_S_EQ, 8, 12}, {0, 0, 7002}}, 8);
  filter("port is 7002 or less", (struct inet_diag_bc_op[]){{INET_DIAG_BC_S_LE, 8, 12}, {0, 0, 7002}}, 8);
  filter("port is not 7002", (struct inet_diag_bc_op[]){{INET_DIAG_BC_S_EQ, 8, 12}, {0, 0, 7002}, {INET_DIAG_BC_JMP, 4, 8}}, 12);
  filter("chosen by the kernel", (struct inet_diag_bc_op[]){{INET_DIAG_BC_AUTO, 4, 8}}, 4);
  unsigned char host[16] = {INET_DIAG_BC_S_COND, 16, 20, 0, AF_INET, 8, 0, 0, 255, 255, 255, 255, 127, 0, 0, 0};
  filter("from 127.0.0.0/8", host, 16);
  host[5] = 33;
  filter("from 127.0.0.0/33", host, 16);
  host[4] = 9;
  filter("from another family", host, 16);
  filter("an unknown operation", (struct inet_diag_bc_op[]){{99, 4, 8}}, 4);
  filter("a jump to nowhere", (struct inet_diag_bc_op[]){{INET_DIAG_BC_S_EQ, 8, 16}, {0, 0, 7002}}, 8);
  filter("a jump backward", (struct inet_diag_bc_op[]){{INET_DIAG_BC_JMP, 0, 4}}, 4);
  filter("half an operation", "\0\4", 2);
  filter("a comparison with nothing", (struct inet_diag_bc_op[]){{INET_DIAG_BC_S_EQ, 4, 8}}, 4);
}

static void errors(void) {
  struct inet_diag_req_v2 r = inet(AF_INET, IPPROTO_TCP, ALL);
  ask("a short request", SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &r, 1);
  ask("a request without a body", SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &r, 8);
  ask("an unknown type", 99, NLM_F_DUMP, &r, sizeof r);
  r.sdiag_family = 45;
  ask("a family without sockets", SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &r, sizeof r);
  r.sdiag_family = 200;
  ask("no family", SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &r, sizeof r);
  r = inet(AF_INET, 99, ALL);
  ask("an unknown protocol", SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &r, sizeof r);
  r = inet(AF_INET, IPPROTO_TCP, ALL);
  r.id.idiag_sport = htons(7001);
  inet_pton(AF_INET, "127.0.0.1", r.id.idiag_src);
  r.id.idiag_cookie[0] = r.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  ask("the listener", SOCK_DIAG_BY_FAMILY, 0, &r, sizeof r);
  r.id.idiag_cookie[0] = 0xfffffff0;
  ask("the listener with another cookie", SOCK_DIAG_BY_FAMILY, 0, &r, sizeof r);
  r.id.idiag_sport = htons(7009);
  r.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
  ask("nobody", SOCK_DIAG_BY_FAMILY, 0, &r, sizeof r);
}

static void unix_lists(void) {
  struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "/tmp/sock"};
  unlink("/tmp/sock");
  knowns = 0;
  int listener = known[knowns++] = socket(AF_UNIX, SOCK_STREAM, 0);
  SHOW(bind(listener, (void *)&name, sizeof name));
  SHOW(listen(listener, 3));
  int client = known[knowns++] = socket(AF_UNIX, SOCK_STREAM, 0);
  SHOW(connect(client, (void *)&name, sizeof name));
  struct sockaddr_un hidden = {.sun_family = AF_UNIX, .sun_path = "\0hidden"};
  int dgram = known[knowns++] = socket(AF_UNIX, SOCK_DGRAM, 0);
  SHOW(bind(dgram, (void *)&hidden, sizeof(sa_family_t) + 7));
  int pair[2];
  socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
  known[knowns++] = pair[0];
  known[knowns++] = pair[1];
  SHOW(shutdown(pair[0], SHUT_WR));
  SHOW(write(pair[1], "abc", 3));
  struct unix_diag_req r = {.sdiag_family = AF_UNIX, .udiag_states = 1 << TCP_LISTEN, .udiag_show = 0x5f};
  ask("Unix listeners", SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &r, sizeof r);
  r.udiag_states = 1 << TCP_CLOSE;
  ask("Unix, not connected", SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &r, sizeof r);
  struct stat st;
  r.udiag_states = ALL;
  r.udiag_cookie[0] = r.udiag_cookie[1] = ALL;
  for (int i = 0; i < 2; i++) {
    fstat(pair[i], &st);
    r.udiag_ino = st.st_ino;
    ask("one end of a pair", SOCK_DIAG_BY_FAMILY, 0, &r, sizeof r);
  }
  fstat(client, &st);
  r.udiag_ino = st.st_ino;
  ask("a client", SOCK_DIAG_BY_FAMILY, 0, &r, sizeof r);
  r.udiag_show = 0;
  ask("with nothing shown", SOCK_DIAG_BY_FAMILY, 0, &r, sizeof r);
  r.udiag_cookie[0] = 1;
  ask("with another cookie", SOCK_DIAG_BY_FAMILY, 0, &r, sizeof r);
  r.udiag_ino = 0;
  ask("no inode", SOCK_DIAG_BY_FAMILY, 0, &r, sizeof r);
  r.udiag_ino = ALL;
  ask("nobody's inode", SOCK_DIAG_BY_FAMILY, 0, &r, sizeof r);
  ask("a short request", SOCK_DIAG_BY_FAMILY, 0, &r, 8);
}

int main(void) {
  setbuf(stdout, NULL);
  if (unshare(CLONE_NEWNET)) printf("unshare: %s\n", error_name(errno));
  set_up("lo", 1);
  SHOW(socket(AF_NETLINK, SOCK_RAW, 31));
  diag = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
  IS(diag >= 0);
  struct timeval soon = {3, 0};
  setsockopt(diag, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
  int first = bound(AF_INET, SOCK_STREAM, "127.0.0.1", 7001);
  SHOW(listen(first, 5));
  SHOW(listen(bound(AF_INET, SOCK_STREAM, "0.0.0.0", 7002), 10));
  SHOW(listen(bound(AF_INET6, SOCK_STREAM, "::", 7003), 1));
  int client = known[knowns++] = socket(AF_INET, SOCK_STREAM, 0);
  connect_to(client, 7001);
  int server = known[knowns++] = accept(first, NULL, NULL);
  SHOW(write(client, "hello", 5));
  connect_to(known[knowns++] = socket(AF_INET, SOCK_STREAM, 0), 7001);
  SHOW(shutdown(server, SHUT_WR));
  bound(AF_INET, SOCK_DGRAM, "127.0.0.1", 7001);
  connect_to(bound(AF_INET, SOCK_DGRAM, "127.0.0.1", 7005), 7001);
  usleep(100000);
  struct inet_diag_req_v2 finished = inet(AF_INET, IPPROTO_TCP, 1 << TCP_FIN_WAIT2);
  ask("a connection without a writer", SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &finished, sizeof finished);
  inet_lists();
  filters();
  errors();
  unix_lists();
}
