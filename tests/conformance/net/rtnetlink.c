/* rtnetlink: a fresh namespace listed, lo raised by messages, notifications, errors. */
#include "net.h"
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

static int s, seq;
static char buf[65536];

static void dump_attributes(const char *b, int length, int depth) {
  for (const struct rtattr *a = (const void *)b; RTA_OK(a, length); a = RTA_NEXT(a, length)) {
    int size = RTA_PAYLOAD(a);
    printf("%*s%d: %d bytes", depth, "", a->rta_type & 0x3fff, size);
    for (int i = 0; i < size && i < 16; i++) printf(" %02x", ((unsigned char *)RTA_DATA(a))[i]);
    puts("");
  }
}

static void show_reply(int header, int attributes) {
  int more = 1;
  while (more) {
    int n = recv(s, buf, sizeof buf, MSG_DONTWAIT);
    if (n < 0) {
      printf("no more: %s\n", error_name(errno));
      return;
    }
    int left = n;
    for (struct nlmsghdr *h = (void *)buf; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
      printf("type %d flags %x sequence %s", h->nlmsg_type, h->nlmsg_flags, h->nlmsg_seq == (unsigned)seq ? "same" : "other");
      if (h->nlmsg_type == NLMSG_ERROR) {
        struct nlmsgerr *e = NLMSG_DATA(h);
        printf(" error %s, length %d, of type %d\n", e->error ? error_name(-e->error) : "none", h->nlmsg_len, e->msg.nlmsg_type);
        more = 0;
        continue;
      }
      if (h->nlmsg_type == NLMSG_DONE) {
        puts(" done");
        more = 0;
        continue;
      }
      for (int i = 0; i < header; i++) printf(" %02x", ((unsigned char *)NLMSG_DATA(h))[i]);
      puts("");
      if (attributes) dump_attributes((char *)NLMSG_DATA(h) + header, h->nlmsg_len - NLMSG_HDRLEN - header, 2);
      if (!(h->nlmsg_flags & NLM_F_MULTI)) more = 0;
    }
  }
}

static int request(int type, int flags, const void *body, int size) {
  char m[1000] = {0};
  struct nlmsghdr *h = (void *)m;
  h->nlmsg_len = NLMSG_LENGTH(size);
  h->nlmsg_type = type;
  h->nlmsg_flags = flags;
  h->nlmsg_seq = ++seq;
  memcpy(NLMSG_DATA(h), body, size);
  printf("request %d flags %x: %s\n", type, flags, send(s, m, h->nlmsg_len, 0) < 0 ? error_name(errno) : "sent");
  return 0;
}

int main(void) {
  SHOW(unshare(CLONE_NEWNET));
  SHOW(socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE));
  SHOW(socket(AF_NETLINK, SOCK_RAW, 77));
  s = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  struct sockaddr_nl name, to = {.nl_family = AF_NETLINK};
  socklen_t n = sizeof name;
  SHOW(getsockname(s, (struct sockaddr *)&name, &n));
  printf("port %d groups %x\n", name.nl_pid, name.nl_groups);
  SHOW(bind(s, (struct sockaddr *)&to, 4));
  SHOW(bind(s, ADDR(to)));
  SHOW(getsockname(s, (struct sockaddr *)&name, &n));
  IS(name.nl_pid == (unsigned)getpid());
  int other = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE);
  SHOW(bind(other, ADDR(name)));
  SHOW(getpeername(s, (struct sockaddr *)&name, &n));
  printf("peer %d groups %x\n", name.nl_pid, name.nl_groups);
  SHOW(listen(s, 1));
  SHOW(shutdown(s, SHUT_RD));
  show_poll("idle", s);

  puts("-- listings");
  struct ifinfomsg link = {0};
  request(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, &link, sizeof link);
  show_poll("answered", s);
  show_reply(sizeof link, 0);
  struct ifaddrmsg address = {0};
  request(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, &address, sizeof address);
  show_reply(sizeof address, 1);
  struct rtmsg route = {0};
  request(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, &route, sizeof route);
  show_reply(sizeof route, 1);
  struct rtmsg rule = {.rtm_family = AF_INET};
  request(RTM_GETRULE, NLM_F_REQUEST | NLM_F_DUMP, &rule, sizeof rule);
  show_reply(sizeof rule, 1);

  puts("-- lo");
  link.ifi_index = 1;
  request(RTM_GETLINK, NLM_F_REQUEST, &link, sizeof link);
  show_reply(sizeof link, 0);
  link.ifi_index = 2;
  request(RTM_GETLINK, NLM_F_REQUEST, &link, sizeof link);
  show_reply(sizeof link, 0);
  link.ifi_index = 0;
  request(RTM_GETLINK, NLM_F_REQUEST, &link, sizeof link);
  show_reply(sizeof link, 0);
  int group = RTNLGRP_LINK;
  SHOW(setsockopt(other, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group));
  group = RTNLGRP_IPV4_IFADDR;
  SHOW(setsockopt(other, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group));
  link.ifi_index = 1;
  link.ifi_flags = link.ifi_change = IFF_UP;
  request(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, &link, sizeof link);
  show_reply(0, 0);
  address.ifa_family = AF_INET;
  request(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, &address, sizeof address);
  show_reply(sizeof address, 0);
  request(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, &route, sizeof route);
  show_reply(sizeof route, 0);
  puts("-- what members hear");
  for (int i = 0; i < 2; i++) {
    struct sockaddr_nl from;
    n = sizeof from;
    int size = recvfrom(other, buf, sizeof buf, MSG_DONTWAIT, (struct sockaddr *)&from, &n);
    if (size < 0) {
      printf("nothing: %s\n", error_name(errno));
      break;
    }
    printf("type %d from %d groups %x\n", ((struct nlmsghdr *)buf)->nlmsg_type, from.nl_pid, from.nl_groups);
  }

  puts("-- errors");
  request(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK | NLM_F_EXCL, &link, sizeof link);
  show_reply(0, 0);
  request(RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK, &link, sizeof link);
  show_reply(0, 0);
  link.ifi_index = 9;
  request(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, &link, sizeof link);
  show_reply(0, 0);
  request(RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK, &link, sizeof link);
  show_reply(0, 0);
  request(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, &link, 4);
  show_reply(0, 0);
  request(999, NLM_F_REQUEST | NLM_F_ACK, &link, sizeof link);
  show_reply(0, 0);
  request(NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, &link, sizeof link);
  show_reply(0, 0);
  request(RTM_GETLINK, NLM_F_DUMP, &link, sizeof link);
  show_reply(0, 0);
  address.ifa_index = 9;
  request(RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, &address, sizeof address);
  show_reply(0, 0);
  int one = 1;
  SHOW(setsockopt(s, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one));
  request(RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK, &link, sizeof link);
  show_reply(0, 0);
  to.nl_pid = 4242;
  SHOW(sendto(s, buf, 16, 0, ADDR(to)));
  unsigned groups[4];
  n = sizeof groups;
  SHOW(getsockopt(other, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, groups, &n));
  printf("%d bytes: %x %x\n", n, groups[0], groups[1]);
  IN_CHILD("without CAP_NET_ADMIN", {
    SHOW(setuid(1000));
    link.ifi_index = 1;
    request(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, &link, sizeof link);
    show_reply(0, 0);
    SHOW(sendto(s, buf, 16, 0, ADDR(to)));
  });
  return 0;
}
