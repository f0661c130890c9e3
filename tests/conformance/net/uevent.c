/* NETLINK_KOBJECT_UEVENT: what is told about devices that come and go, and what programs tell each other. See netlink(7). */
#include "net.h"
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

static int listener(int groups) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
  SHOW(bind(fd, (void *)&address, sizeof address));
  setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int));
  return fd;
}

/* Print all messages, with the lines of each. The events of a device's queues are of no interest here. */
static void drain(const char *what, int fd) {
  printf("-- %s\n", what);
  for (;;) {
    char bytes[4096], control[64];
    struct sockaddr_nl from;
    struct iovec iov = {bytes, sizeof bytes};
    struct msghdr msg = {&from, sizeof from, &iov, 1, control, sizeof control, 0};
    ssize_t count = recvmsg(fd, &msg, 0);
    if (count < 0) break;
    if (memmem(bytes, count, "/queues/", 8)) continue;
    struct ucred *cred = (void *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
    printf("from %s group %d, pid %s uid %d:", from.nl_pid == 0 ? "kernel" : "somebody", from.nl_groups, cred->pid == 0 ? "0" : cred->pid == getpid() ? "self" : "other", cred->uid);
    for (char *at = bytes; at < bytes + count; at += strlen(at) + 1)
      printf(" %s", !strncmp(at, "SEQNUM=", 7) ? "SEQNUM=N" : !strncmp(at, "IFINDEX=", 8) ? "IFINDEX=N" : at);
    printf("\n");
  }
}

static int rtnl;
static struct { struct nlmsghdr header; struct ifinfomsg link; char attributes[256]; } request;
static void *end(void) { return (char *)&request + NLMSG_ALIGN(request.header.nlmsg_len); }

static void begin(int type, int flags, int index) {
  memset(&request, 0, sizeof request);
  request.header = (struct nlmsghdr){NLMSG_LENGTH(sizeof request.link), type, NLM_F_REQUEST | NLM_F_ACK | flags};
  request.link.ifi_index = index;
}

static struct rtattr *add(int type, const void *data, int length) {
  struct rtattr *attribute = end();
  *attribute = (struct rtattr){RTA_LENGTH(length), type};
  if (length > 0) memcpy(RTA_DATA(attribute), data, length);
  request.header.nlmsg_len = NLMSG_ALIGN(request.header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
  return attribute;
}

static void finish(const char *what) {
  char answer[1024];
  send(rtnl, &request, request.header.nlmsg_len, 0);
  recv(rtnl, answer, sizeof answer, 0);
  printf("%s: %d\n", what, ((struct nlmsgerr *)NLMSG_DATA(answer))->error);
}

static void make(const char *name, const char *kind) {
  begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
  add(IFLA_IFNAME, name, strlen(name) + 1);
  struct rtattr *info = add(IFLA_LINKINFO, NULL, 0);
  add(IFLA_INFO_KIND, kind, strlen(kind) + 1);
  info->rta_len = (char *)end() - (char *)info;
  finish("create");
}

int main(void) {
  unshare(CLONE_NEWNET);
  int fd = listener(1), udev = listener(2);
  rtnl = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  make("d0", "dummy");
  drain("created", fd);
  make("b0", "bridge");
  drain("bridge", fd);
  begin(RTM_NEWLINK, 0, if_nametoindex("d0"));
  add(IFLA_IFNAME, "d1", 3);
  finish("rename");
  drain("renamed", fd);
  set_up("d1", 1);
  drain("up", fd);
  int own = open("/proc/self/ns/net", O_RDONLY);
  unshare(CLONE_NEWNET);
  int other = listener(1);
  int second = open("/proc/self/ns/net", O_RDONLY);
  setns(own, CLONE_NEWNET);
  begin(RTM_NEWLINK, 0, if_nametoindex("d1"));
  add(IFLA_NET_NS_FD, &second, 4);
  finish("move");
  drain("moved: from", fd);
  drain("moved: to", other);
  begin(RTM_DELLINK, 0, if_nametoindex("b0"));
  finish("delete");
  drain("deleted", fd);

  puts("-- messages of programs");
  int sender = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
  struct sockaddr_nl to = {.nl_family = AF_NETLINK, .nl_groups = 2};
  SHOW(sendto(sender, "hello", 6, 0, (void *)&to, sizeof to));
  drain("udev's group", udev);
  drain("the kernel's group", fd);
  to.nl_groups = 3;
  SHOW(sendto(sender, "both", 5, 0, (void *)&to, sizeof to));
  drain("udev's group", udev);
  drain("the kernel's group", fd);
  to.nl_groups = 4;
  SHOW(sendto(sender, "none", 5, 0, (void *)&to, sizeof to));
  struct { struct nlmsghdr header; char text[24]; } event = {{NLMSG_LENGTH(24), 16, NLM_F_REQUEST | NLM_F_ACK}, "add@/x\0ACTION=add\0X=12"};
  to.nl_groups = 0;
  SHOW(sendto(sender, &event, sizeof event, 0, (void *)&to, sizeof to));
  char answer[256];
  SHOW(recv(sender, answer, sizeof answer, 0));
  printf("result %d\n", ((struct nlmsgerr *)NLMSG_DATA(answer))->error);
  drain("an event of our own", fd);
  SHOW(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &(int){32}, sizeof(int)));
  SHOW(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &(int){33}, sizeof(int)));
  setresuid(1000, 1000, 1000);
  int user = listener(1);
  to.nl_groups = 2;
  SHOW(sendto(user, "hello", 6, 0, (void *)&to, sizeof to));
  to.nl_groups = 0;
  SHOW(sendto(user, &event, sizeof event, 0, (void *)&to, sizeof to));
  SHOW(recv(user, answer, sizeof answer, 0));
  printf("result %d\n", ((struct nlmsgerr *)NLMSG_DATA(answer))->error);
  return 0;
}
