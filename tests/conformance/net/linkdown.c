/* Routes by a device without a carrier are marked (RTNH_F_LINKDOWN). See rtnetlink(7). */
#include "net.h"
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

static int s;

/* struct nlattr `type` with some bytes; nested ones are closed by `end`. */
static char message[1024];
static struct rtattr *attribute(int type, const void *data, int size) {
  struct nlmsghdr *h = (void *)message;
  struct rtattr *a = (void *)(message + NLMSG_ALIGN(h->nlmsg_len));
  a->rta_type = type;
  a->rta_len = RTA_LENGTH(size);
  if (size) memcpy(RTA_DATA(a), data, size);
  h->nlmsg_len = NLMSG_ALIGN(h->nlmsg_len) + RTA_ALIGN(a->rta_len);
  return a;
}

static void end(struct rtattr *a) {
  struct nlmsghdr *h = (void *)message;
  a->rta_len = message + h->nlmsg_len - (char *)a;
}

static void pair(const char *one, const char *other) {
  struct nlmsghdr *h = (void *)message;
  memset(message, 0, sizeof message);
  h->nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg));
  h->nlmsg_type = RTM_NEWLINK;
  h->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
  attribute(IFLA_IFNAME, one, strlen(one) + 1);
  struct rtattr *info = attribute(IFLA_LINKINFO, NULL, 0);
  attribute(IFLA_INFO_KIND, "veth", 4);
  struct rtattr *data = attribute(IFLA_INFO_DATA, NULL, 0);
  struct rtattr *peer = attribute(VETH_INFO_PEER, NULL, 0);
  h->nlmsg_len += sizeof(struct ifinfomsg);
  attribute(IFLA_IFNAME, other, strlen(other) + 1);
  end(peer);
  end(data);
  end(info);
  send(s, message, h->nlmsg_len, 0);
  recv(s, message, sizeof message, 0);
  printf("a pair: %s\n", *(int *)NLMSG_DATA(h) ? error_name(-*(int *)NLMSG_DATA(h)) : "ok");
}

static void address(const char *name, const char *ip, const char *mask) {
  struct ifreq r;
  memset(&r, 0, sizeof r);
  strcpy(r.ifr_name, name);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in a = in4(ip, 0);
  memcpy(&r.ifr_addr, &a, sizeof a);
  SHOW(ioctl(fd, SIOCSIFADDR, &r));
  a = in4(mask, 0);
  memcpy(&r.ifr_netmask, &a, sizeof a);
  SHOW(ioctl(fd, SIOCSIFNETMASK, &r));
  close(fd);
}

/* The IPv4 routes but for those by lo. */
static void routes(const char *when) {
  static char buffer[65536];
  struct {
    struct nlmsghdr h;
    struct rtmsg m;
  } r = {{NLMSG_LENGTH(sizeof(struct rtmsg)), RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}, {.rtm_family = AF_INET}};
  send(s, &r, sizeof r, 0);
  printf("%s\n", when);
  for (;;) {
    int got = recv(s, buffer, sizeof buffer, 0);
    for (struct nlmsghdr *h = (void *)buffer; NLMSG_OK(h, got); h = NLMSG_NEXT(h, got)) {
      if (h->nlmsg_type == NLMSG_DONE) return;
      struct rtmsg *m = NLMSG_DATA(h);
      char destination[64] = "-", name[IFNAMSIZ] = "-";
      int left = RTM_PAYLOAD(h);
      for (struct rtattr *a = RTM_RTA(m); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type == RTA_DST) inet_ntop(AF_INET, RTA_DATA(a), destination, sizeof destination);
        if (a->rta_type == RTA_OIF) if_indextoname(*(int *)RTA_DATA(a), name);
      }
      if (strcmp(name, "lo")) printf("  %s/%d by %s table %d type %d scope %d flags %x\n", destination, m->rtm_dst_len, name, m->rtm_table, m->rtm_type, m->rtm_scope, m->rtm_flags);
    }
  }
}

int main(void) {
  setbuf(stdout, NULL);
  if (unshare(CLONE_NEWNET)) printf("unshare: %s\n", error_name(errno));
  s = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  set_up("lo", 1);
  pair("v", "w");
  address("v", "10.0.0.1", "255.255.255.0");
  routes("down");
  set_up("v", 1);
  routes("up, the other end down");
  set_up("w", 1);
  usleep(300000);
  routes("both up");
  set_up("w", 0);
  usleep(300000);
  routes("the other end down again");
  set_up("v", 0);
  routes("both down");
}
