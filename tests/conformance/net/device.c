/* Network devices by ioctl(2): a fresh namespace's lo, down and up, addresses, errors. */
#include "net.h"

static struct ifreq r;

static struct ifreq *named(const char *name) {
  memset(&r, 0, sizeof r);
  strcpy(r.ifr_name, name);
  return &r;
}

static void show_address(const char *what, int s, unsigned long request, const char *name) {
  if (ioctl(s, request, named(name))) printf("%s %s: %s\n", what, name, error_name(errno));
  else printf("%s %s: %s\n", what, name, inet_ntoa(((struct sockaddr_in *)&r.ifr_addr)->sin_addr));
}

static void list(int s) {
  struct ifreq many[10];
  struct ifconf c = {.ifc_len = sizeof many, .ifc_req = many};
  SHOW(ioctl(s, SIOCGIFCONF, &c));
  printf("%d addresses\n", (int)(c.ifc_len / sizeof many[0]));
  for (int i = 0; i < c.ifc_len / (int)sizeof many[0]; i++)
    printf("  %s %s\n", many[i].ifr_name, inet_ntoa(((struct sockaddr_in *)&many[i].ifr_addr)->sin_addr));
  c.ifc_req = NULL;
  SHOW(ioctl(s, SIOCGIFCONF, &c));
  printf("room for %d\n", (int)(c.ifc_len / sizeof many[0]));
}

static void set_address(int s, unsigned long request, const char *name, const char *ip) {
  named(name);
  struct sockaddr_in a = in4(ip, 0);
  memcpy(&r.ifr_addr, &a, sizeof a);
  printf("set %s %s: %s\n", name, ip, ioctl(s, request, &r) ? error_name(errno) : "ok");
}

int main(void) {
  SHOW(unshare(CLONE_NEWNET));
  int s = socket(AF_INET, SOCK_DGRAM, 0), u = socket(AF_UNIX, SOCK_STREAM, 0);
  SHOW(ioctl(s, SIOCGIFINDEX, named("lo")));
  printf("index %d\n", r.ifr_ifindex);
  SHOW(ioctl(s, SIOCGIFFLAGS, named("lo")));
  printf("flags %x\n", r.ifr_flags & 0xffff);
  SHOW(ioctl(s, SIOCGIFMTU, named("lo")));
  printf("mtu %d\n", r.ifr_mtu);
  SHOW(ioctl(s, SIOCGIFTXQLEN, named("lo")));
  printf("qlen %d\n", r.ifr_qlen);
  SHOW(ioctl(s, SIOCGIFMETRIC, named("lo")));
  printf("metric %d\n", r.ifr_metric);
  SHOW(ioctl(s, SIOCGIFHWADDR, named("lo")));
  printf("hardware %d %02x\n", r.ifr_hwaddr.sa_family, r.ifr_hwaddr.sa_data[0]);
  named("");
  r.ifr_ifindex = 1;
  SHOW(ioctl(s, SIOCGIFNAME, &r));
  printf("name %s\n", r.ifr_name);
  r.ifr_ifindex = 2;
  SHOW(ioctl(s, SIOCGIFNAME, &r));
  SHOW(ioctl(s, SIOCGIFFLAGS, named("nosuch")));
  SHOW(ioctl(u, SIOCGIFFLAGS, named("lo")));
  SHOW(ioctl(u, SIOCGIFADDR, named("lo")));
  SHOW(if_nametoindex("lo"));
  SHOW(if_nametoindex("nosuch"));
  show_address("address", s, SIOCGIFADDR, "lo");
  list(s);

  set_up("lo", 1);
  SHOW(ioctl(s, SIOCGIFFLAGS, named("lo")));
  printf("flags %x\n", r.ifr_flags & 0xffff);
  show_address("address", s, SIOCGIFADDR, "lo");
  show_address("netmask", s, SIOCGIFNETMASK, "lo");
  show_address("broadcast", s, SIOCGIFBRDADDR, "lo");
  show_address("destination", s, SIOCGIFDSTADDR, "lo");
  list(u);
  set_address(s, SIOCSIFADDR, "lo", "10.1.2.3");
  show_address("address", s, SIOCGIFADDR, "lo");
  show_address("netmask", s, SIOCGIFNETMASK, "lo");
  set_address(s, SIOCSIFNETMASK, "lo", "255.255.0.0");
  show_address("netmask", s, SIOCGIFNETMASK, "lo");
  set_address(s, SIOCSIFNETMASK, "lo", "255.0.255.0");
  set_address(s, SIOCSIFADDR, "lo:1", "10.1.2.4");
  set_address(s, SIOCSIFADDR, "lo", "230.0.0.1");
  set_address(s, SIOCSIFADDR, "nosuch", "10.0.0.1");
  list(s);
  named("lo");
  r.ifr_mtu = 1400;
  SHOW(ioctl(s, SIOCSIFMTU, &r));
  SHOW(ioctl(s, SIOCGIFMTU, named("lo")));
  printf("mtu %d\n", r.ifr_mtu);
  named("lo");
  r.ifr_mtu = -1;
  SHOW(ioctl(s, SIOCSIFMTU, &r));
  set_up("lo", 0);
  SHOW(ioctl(s, SIOCGIFFLAGS, named("lo")));
  printf("flags %x\n", r.ifr_flags & 0xffff);
  list(s);
  IN_CHILD("without CAP_NET_ADMIN", {
    SHOW(setuid(1000));
    named("lo");
    r.ifr_mtu = 1500;
    SHOW(ioctl(s, SIOCSIFMTU, &r));
    SHOW(ioctl(s, SIOCSIFFLAGS, &r));
    set_address(s, SIOCSIFADDR, "lo", "10.0.0.1");
    SHOW(ioctl(s, SIOCGIFMTU, named("lo")));
  });
  return 0;
}
