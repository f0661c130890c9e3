/* User and group ids, capabilities. See credentials(7), capabilities(7), setresuid(2). */
#include "show.h"
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>

static void show_ids(const char *what) {
  uid_t r, e, s;
  gid_t rg, eg, sg;
  getresuid(&r, &e, &s);
  getresgid(&rg, &eg, &sg);
  printf("%s: uid %d %d %d gid %d %d %d fs %d %d\n", what, r, e, s, rg, eg, sg, (int)syscall(SYS_setfsuid, -1), (int)syscall(SYS_setfsgid, -1));
}

static void show_caps(const char *what) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  syscall(SYS_capget, &header, data);
  printf("%s: effective %x%08x permitted %x%08x inheritable %x%08x\n", what, data[1].effective, data[0].effective, data[1].permitted,
         data[0].permitted, data[1].inheritable, data[0].inheritable);
}

int main(void) {
  show_ids("root");
  struct __user_cap_header_struct header = {0, 0};
  SHOW(syscall(SYS_capget, &header, NULL));
  printf("version %x\n", header.version);
  struct __user_cap_data_struct none[2] = {{0}};
  SHOW(syscall(SYS_capget, &header, none));
  header.pid = 99999;
  SHOW(syscall(SYS_capget, &header, none));

  IN_CHILD("setuid", {
    SHOW(setuid(1000));
    show_ids("setuid");
    show_caps("setuid");
    SHOW(setuid(0));
    SHOW(seteuid(0));
    SHOW(setgid(1000));
    SHOW(setgroups(0, NULL));
    SHOW(kill(getppid(), 0));
    SHOW(kill(1, 0));
    SHOW(setpriority(PRIO_PROCESS, 0, -5));
    SHOW(sethostname("x", 1));
    struct rlimit more = {RLIM_INFINITY, RLIM_INFINITY};
    SHOW(setrlimit(RLIMIT_MEMLOCK, &more));
  });
  IN_CHILD("seteuid", {
    SHOW(seteuid(1000));
    show_ids("seteuid");
    show_caps("seteuid");
    SHOW(seteuid(0));
    show_caps("back");
  });
  IN_CHILD("setresuid", {
    SHOW(setresgid(1, 2, 3));
    SHOW(setresuid(1, 2, 3));
    show_ids("setresuid");
    SHOW(setresuid(2, 3, 1));
    show_ids("permuted");
    SHOW(setresuid(4, -1, -1));
    SHOW(setreuid(-1, 1));
    SHOW(setreuid(1, 2));
    show_ids("setreuid");
    SHOW(setregid(3, 1));
    show_ids("setregid");
    SHOW(syscall(SYS_setfsuid, 3));
    SHOW(syscall(SYS_setfsuid, 99));
    SHOW(setuid(7));
  });
  IN_CHILD("keepcaps", {
    SHOW(prctl(PR_SET_KEEPCAPS, 1));
    SHOW(setuid(1000));
    show_caps("kept");
    SHOW(prctl(PR_GET_KEEPCAPS));
  });
  IN_CHILD("groups", {
    gid_t groups[4] = {30, 10, 20, 10};
    SHOW(setgroups(4, groups));
    gid_t read_back[8] = {0};
    SHOW(getgroups(0, NULL));
    SHOW(getgroups(2, read_back));
    SHOW(getgroups(8, read_back));
    printf("%d %d %d %d\n", read_back[0], read_back[1], read_back[2], read_back[3]);
    SHOW(setgroups(70000, groups));
  });
  IN_CHILD("capset", {
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2] = {{.effective = 1, .permitted = 3, .inheritable = 1}};
    SHOW(syscall(SYS_capset, &h, d));
    show_caps("set");
    d[0].permitted = 7;
    SHOW(syscall(SYS_capset, &h, d));
    d[0].permitted = 1;
    d[0].effective = 2;
    SHOW(syscall(SYS_capset, &h, d));
    h.pid = 1;
    SHOW(syscall(SYS_capset, &h, d) == -1);
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 0, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 1, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 50, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 0, 0, 0));
    SHOW(prctl(PR_CAPBSET_DROP, 5));
  });
  IN_CHILD("bounding", {
    SHOW(prctl(PR_CAPBSET_READ, 5));
    SHOW(prctl(PR_CAPBSET_DROP, 5));
    SHOW(prctl(PR_CAPBSET_READ, 5));
    SHOW(prctl(PR_CAPBSET_READ, 41));
  });
  IN_CHILD("securebits", {
    SHOW(prctl(PR_GET_SECUREBITS));
    SHOW(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED));
    SHOW(prctl(PR_SET_SECUREBITS, 0));
    SHOW(prctl(PR_SET_SECUREBITS, 0x1000));
    SHOW(setuid(1000));
    show_caps("no fixup");
  });
  SHOW(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
  SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  SHOW(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  char name[17] = {0};
  SHOW(prctl(PR_SET_NAME, "a name that is too long"));
  SHOW(prctl(PR_GET_NAME, name));
  printf("%s\n", name);
  SHOW(prctl(PR_GET_DUMPABLE));
  SHOW(prctl(PR_SET_DUMPABLE, 2));
  SHOW(prctl(PR_SET_DUMPABLE, 0));
  SHOW(prctl(PR_GET_DUMPABLE));
  SHOW(prctl(PR_SET_PDEATHSIG, 65));
  SHOW(prctl(PR_GET_TIMERSLACK));
  SHOW(prctl(PR_SET_TIMERSLACK, 1000));
  SHOW(prctl(PR_GET_TIMERSLACK));
  SHOW(prctl(12345, 0, 0, 0, 0));
  return 0;
}
