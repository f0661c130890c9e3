/* User namespaces, and what UTS and IPC namespaces need of them. See user_namespaces(7), uts_namespaces(7). */
#include "show.h"
#include <linux/capability.h>

static void show_ids(const char *what) { printf("%s: uid %d %d gid %d %d\n", what, getuid(), geteuid(), getgid(), getegid()); }
static void show_caps(const char *what) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  syscall(SYS_capget, &header, data);
  printf("%s: effective %x%08x permitted %x%08x\n", what, data[1].effective, data[0].effective, data[1].permitted, data[0].permitted);
}
static void show_name(const char *what) {
  char name[65];
  gethostname(name, sizeof name);
  printf("%s: %s\n", what, name);
}

int main(void) {
  sethostname("outside", 7);
  IN_CHILD("uts", {
    SHOW(unshare(CLONE_NEWUTS));
    show_name("copied");
    SHOW(sethostname("changed", 7));
    show_name("changed");
    SHOW(sethostname("x", -1));
    SHOW(sethostname("x", 65));
    SHOW(sethostname((char *)8, 4));
    SHOW(sethostname("", 0));
    show_name("empty");
  });
  show_name("mine");
  IN_CHILD("without privilege", {
    setuid(1000);
    SHOW(unshare(CLONE_NEWUTS));
    SHOW(unshare(CLONE_NEWPID));
    SHOW(unshare(CLONE_NEWNS));
    SHOW(unshare(CLONE_NEWIPC));
    SHOW(unshare(CLONE_NEWNET));
    SHOW(unshare(0x1));
    SHOW(unshare(0));
    SHOW(unshare(CLONE_FILES | CLONE_FS | CLONE_SYSVSEM));
  });
  IN_CHILD("user namespace", {
    setgid(1000);
    setuid(1000);
    SHOW(unshare(CLONE_NEWUSER | CLONE_NEWUTS));
    show_ids("unmapped");
    show_caps("inside");
    SHOW(sethostname("user", 4));
    show_name("inside");
    SHOW(setuid(0));
    SHOW(setgroups(0, NULL));
    SHOW(unshare(CLONE_NEWUSER));
    struct rlimit more = {RLIM_INFINITY, RLIM_INFINITY};
    SHOW(setrlimit(RLIMIT_MEMLOCK, &more));
    SHOW(setpriority(PRIO_PROCESS, 0, -1));
  });
  show_name("mine");
  return 0;
}
