/* What a program is given: set-user-ID bits, file capabilities, ambient capabilities, securebits, no_new_privs. See capabilities(7), execve(2). */
#include "show.h"
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#ifndef PR_CAP_AMBIENT
#define PR_CAP_AMBIENT 47
#endif

static const char program[] = "/tmp/program";

static void set_caps(uint64_t effective, uint64_t permitted, uint64_t inheritable) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{effective, permitted, inheritable}, {effective >> 32, permitted >> 32, inheritable >> 32}};
  if (syscall(SYS_capset, &header, data) == -1) printf("capset: %s\n", error_name(errno));
}

static void show_caps(void) {
  char line[256];
  FILE *file = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, file))
    if (!strncmp(line, "Cap", 3) || !strncmp(line, "NoNew", 5)) {
      line[strcspn(line, "\n")] = ' ';
      printf("%s", line);
    }
  fclose(file);
  uid_t r, e, s;
  getresuid(&r, &e, &s);
  printf("uid %d %d %d ", r, e, s);
  getresgid(&r, &e, &s);
  printf("gid %d %d %d secure %ld bits %x dumpable %d\n", r, e, s, getauxval(AT_SECURE), prctl(PR_GET_SECUREBITS), prctl(PR_GET_DUMPABLE));
}

static void run(void) {
  execl(program, "program", "x", NULL);
  printf("exec: %s\n", error_name(errno));
}

#define RUN(what, ...) IN_CHILD(what, __VA_ARGS__; run())

static void as_user(void) {
  setgroups(0, NULL);
  setresgid(1000, 1000, 1000);
  setresuid(1000, 1000, 1000);
}

static int file_caps(int revision, uint32_t permitted, uint32_t inheritable, int effective, uint32_t rootid) {
  uint32_t data[6] = {(revision << 24) | effective, permitted, inheritable, 0, 0, rootid};
  return setxattr(program, "security.capability", data, revision == 3 ? 24 : revision == 2 ? 20 : 12, 0);
}

static void show_attribute(void) {
  uint32_t data[6] = {0};
  errno = 0;
  int n = getxattr(program, "security.capability", data, sizeof data);
  if (n < 0) printf("attribute: %s\n", error_name(errno));
  else printf("attribute: %d bytes %08x %x %x root %d\n", n, data[0], data[1], data[2], data[5]);
}

static int put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  int result = write(fd, text, strlen(text));
  close(fd);
  return result;
}

static void copy_self(void) {
  char buffer[65536];
  int in = open("/proc/self/exe", O_RDONLY), out = open(program, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  for (ssize_t n; (n = read(in, buffer, sizeof buffer)) > 0;) write(out, buffer, n);
  close(in);
  close(out);
  chmod(program, 0755);
}

#define NET_RAW (1 << CAP_NET_RAW)
#define ADMIN (1 << CAP_SYS_ADMIN)

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) {
    show_caps();
    return 0;
  }
  /* A mount of its own: what is mounted on /tmp may be nosuid. */
  unshare(CLONE_NEWNS);
  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
  mount("t", "/tmp", "tmpfs", 0, "mode=1777");
  copy_self();
  RUN("root", ;);
  RUN("user", as_user());

  /* Set-user-ID and set-group-ID. */
  chmod(program, 04755);
  RUN("set-user-ID root", as_user());
  RUN("set-user-ID and no_new_privs", as_user(); prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  chown(program, 1001, 1002);
  chmod(program, 06755);
  RUN("set-user-ID and set-group-ID", as_user());
  RUN("set-user-ID by root", ;);
  chmod(program, 02745);
  RUN("set-group-ID without execution", as_user());
  chown(program, 0, 0);
  chmod(program, 0755);

  /* Securebits. */
  RUN("noroot", prctl(PR_SET_SECUREBITS, SECBIT_NOROOT));
  RUN("keep_caps", {
    prctl(PR_SET_KEEPCAPS, 1);
    as_user();
    set_caps(NET_RAW, NET_RAW, 0);
    show_caps();
  });
  RUN("no_setuid_fixup", {
    prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP);
    as_user();
    show_caps();
  });
  IN_CHILD("locks", {
    SHOW(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED));
    SHOW(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT));
    SHOW(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT_LOCKED));
    SHOW(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_KEEP_CAPS_LOCKED));
    SHOW(prctl(PR_SET_KEEPCAPS, 1));
    SHOW(prctl(PR_SET_SECUREBITS, 0x100));
    SHOW(prctl(PR_SET_KEEPCAPS, 2));
    as_user();
    SHOW(prctl(PR_SET_SECUREBITS, 0));
  });

  /* Ambient capabilities. */
  RUN("ambient", {
    prctl(PR_SET_KEEPCAPS, 1);
    as_user();
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0));
    set_caps(NET_RAW | ADMIN, NET_RAW | ADMIN, NET_RAW | ADMIN);
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_NET_RAW, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 41, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 1, 1, 0));
    SHOW(prctl(PR_CAP_AMBIENT, 9, 1, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0));
    SHOW(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_SYS_ADMIN, 0, 0));
  });
  chmod(program, 04755);
  RUN("ambient and set-user-ID", {
    prctl(PR_SET_KEEPCAPS, 1);
    as_user();
    set_caps(NET_RAW, NET_RAW, NET_RAW);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0);
  });
  chmod(program, 0755);

  /* File capabilities. */
  SHOW(file_caps(1, NET_RAW, 0, 1, 0));
  SHOW(file_caps(4, NET_RAW, 0, 1, 0));
  SHOW(setxattr(program, "security.capability", "", 0, 0));
  SHOW(setxattr(program, "security.capability", "abcdefgh", 8, 0));
  SHOW(file_caps(2, NET_RAW | ADMIN, 0, 1, 0));
  show_attribute();
  RUN("file capabilities", as_user());
  RUN("file capabilities and a bounding set", prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0); as_user());
  RUN("file capabilities and no_new_privs", as_user(); prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  RUN("file capabilities of root", ;);
  RUN("file capabilities, ambient", {
    prctl(PR_SET_KEEPCAPS, 1);
    as_user();
    set_caps(1, 1, 1);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0);
  });
  SHOW(file_caps(2, NET_RAW, 0, 0, 0));
  RUN("permitted only", as_user());
  SHOW(file_caps(2, 0, ADMIN, 1, 0));
  RUN("inheritable", {
    prctl(PR_SET_KEEPCAPS, 1);
    as_user();
    set_caps(ADMIN, ADMIN, ADMIN);
  });
  SHOW(file_caps(2, NET_RAW, 0, 1, 0));
  chmod(program, 04755);
  RUN("set-user-ID with file capabilities", as_user());
  chmod(program, 0755);
  SHOW(file_caps(2, NET_RAW, 0, 1, 0));
  chown(program, 0, 0);
  show_attribute();
  SHOW(file_caps(2, NET_RAW, 0, 1, 0));
  int fd = open(program, O_WRONLY | O_APPEND);
  write(fd, "x", 1);
  close(fd);
  show_attribute();
  SHOW(file_caps(2, NET_RAW, 0, 1, 0));
  mount(NULL, "/tmp", NULL, MS_REMOUNT | MS_BIND | MS_NOSUID, NULL);
  RUN("nosuid", as_user());
  mount(NULL, "/tmp", NULL, MS_REMOUNT | MS_BIND, NULL);
  SHOW(file_caps(3, NET_RAW, 0, 1, 1000));
  show_attribute();
  RUN("of another namespace's root", as_user());
  IN_CHILD("without privilege", {
    as_user();
    SHOW(file_caps(2, NET_RAW, 0, 1, 0));
    SHOW(removexattr(program, "security.capability"));
    show_attribute();
  });

  /* Inside a user namespace. */
  IN_CHILD("user namespace", {
    chown(program, 1000, 1000);
    file_caps(3, NET_RAW, 0, 1, 1000);
    as_user();
    prctl(PR_SET_DUMPABLE, 1);
    unshare(CLONE_NEWUSER);
    put("/proc/self/setgroups", "deny");
    put("/proc/self/uid_map", "0 1000 1");
    put("/proc/self/gid_map", "0 1000 1");
    show_attribute();
    RUN("as its root", ;);
    SHOW(file_caps(2, ADMIN, 0, 1, 0));
    show_attribute();
    SHOW(file_caps(3, ADMIN, 0, 1, 1));
    SHOW(file_caps(3, ADMIN, 0, 1, 0));
  });
  show_attribute();
  SHOW(file_caps(2, NET_RAW, 0, 1, 0));
  chown(program, 0, 0);
  SHOW(file_caps(2, NET_RAW, 0, 1, 0));
  chmod(program, 04755);
  IN_CHILD("an unmapped owner", {
    as_user();
    prctl(PR_SET_DUMPABLE, 1);
    unshare(CLONE_NEWUSER);
    put("/proc/self/uid_map", "1000 1000 1");
    show_attribute();
    run();
  });
  SHOW(umount("/tmp"));
  return 0;
}
