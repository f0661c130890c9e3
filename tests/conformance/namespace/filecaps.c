/* Capabilities of files, set-user-ID programs, securebits and user namespaces. See capabilities(7), user_namespaces(7). */
#include "show.h"
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#define PROGRAM "/tmp/caps/program"

static int put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0) return -1;
  int result = write(fd, text, strlen(text));
  close(fd);
  return result;
}

static void show_caps(const char *what) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct d[2];
  syscall(SYS_capget, &header, d);
  uid_t r, e, s;
  getresuid(&r, &e, &s);
  printf("%s: permitted %x%08x effective %x%08x uid %d %d %d bits %x secure %d\n", what, d[1].permitted, d[0].permitted, d[1].effective, d[0].effective, r, e, s,
         prctl(PR_GET_SECUREBITS), prctl(PR_GET_DUMPABLE));
}

static void copy_self(void) {
  char buffer[65536];
  int from = open("/proc/self/exe", O_RDONLY), to = open(PROGRAM, O_CREAT | O_WRONLY | O_TRUNC, 0755);
  for (ssize_t n; (n = read(from, buffer, sizeof buffer)) > 0;)
    if (write(to, buffer, n) != n) perror("write");
  close(from), close(to);
}

static int set_caps(int revision, uint32_t caps, uint32_t rootid) {
  uint32_t data[6] = {revision == 3 ? 0x03000001 : 0x02000001, caps, 0, 0, 0, rootid};
  return setxattr(PROGRAM, "security.capability", data, revision == 3 ? 24 : 20, 0);
}

static void show_xattr(const char *what) {
  uint32_t data[6] = {0};
  int n = getxattr(PROGRAM, "security.capability", data, sizeof data);
  if (n < 0) printf("%s: %s\n", what, error_name(errno));
  else printf("%s: %d bytes, magic %x, permitted %x, root %d\n", what, n, data[0], data[1], n == 24 ? (int)data[5] : -1);
}

static void run(const char *what) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    execl(PROGRAM, "program", what, NULL);
    printf("%s: %s\n", what, error_name(errno));
    _exit(1);
  }
  waitpid(pid, NULL, 0);
}

/* A user namespace made by uid 1000, in which 0 is 1000 and 5 is 100005. */
static void in_namespace(void (*function)(void)) {
  int ready[2], go[2];
  char byte;
  if (pipe(ready) || pipe(go)) return;
  pid_t pid = fork();
  if (pid == 0) {
    setgroups(0, NULL), setgid(1000), setuid(1000), prctl(PR_SET_DUMPABLE, 1);
    SHOW(unshare(CLONE_NEWUSER));
    if (write(ready[1], "x", 1) != 1 || read(go[0], &byte, 1) != 1) _exit(1);
    SHOW(setuid(0));
    function();
    _exit(0);
  }
  if (read(ready[0], &byte, 1) != 1) return;
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
  SHOW(put(path, "0 1000 1\n5 100005 1\n"));
  snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
  SHOW(put(path, "0 1000 1\n5 100005 1\n"));
  if (write(go[1], "x", 1) != 1) return;
  waitpid(pid, NULL, 0);
  close(ready[0]), close(ready[1]), close(go[0]), close(go[1]);
}

static void as_user(const char *what, uid_t uid) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    setgroups(0, NULL), setgid(uid), setuid(uid);
    run(what);
    _exit(0);
  }
  waitpid(pid, NULL, 0);
}

static void inside(void) {
  show_caps("root inside");
  show_xattr("seen inside");
  run("executed inside");
  as_user("by 5 inside", 5);
}

static void set_inside(void) {
  SHOW(set_caps(2, 1 << CAP_NET_RAW, 0));
  show_xattr("set inside");
  SHOW(set_caps(3, 1 << CAP_NET_RAW, 0));
  SHOW(set_caps(3, 1 << CAP_NET_RAW, 7));
  SHOW(set_caps(3, 1 << CAP_NET_RAW, 5));
  show_xattr("for 5");
  SHOW(set_caps(2, 1 << CAP_NET_RAW, 0));
  as_user("by 5 inside", 5);
}

static void setuid_program(void) {
  struct stat st;
  stat(PROGRAM, &st);
  printf("owner %d mode %o\n", st.st_uid, st.st_mode);
  as_user("set-user-ID by 5", 5);
  SHOW(chmod(PROGRAM, 04755));
}

static void bits(void) {
  show_caps("before");
  SHOW(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT));
  run("NOROOT");
  SHOW(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS));
  SHOW(setresuid(5, 5, 5));
  show_caps("kept");
  SHOW(prctl(PR_SET_SECUREBITS, 0));
  SHOW(unshare(CLONE_NEWUSER));
  show_caps("a namespace inside");
}

int main(int argc, char **argv) {
  if (argc > 1) {
    show_caps(argv[1]);
    return 0;
  }
  SHOW(unshare(CLONE_NEWNS));
  SHOW(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
  mkdir("/tmp/caps", 0755);
  SHOW(mount("t", "/tmp/caps", "tmpfs", 0, "mode=755"));
  copy_self();
  puts("capabilities for every namespace");
  SHOW(set_caps(2, 1 << CAP_NET_RAW, 0));
  show_xattr("outside");
  as_user("by 1000", 1000);
  in_namespace(inside);
  puts("for the namespace whose root is 1000");
  SHOW(set_caps(3, 1 << CAP_NET_RAW, 1000));
  show_xattr("outside");
  as_user("by 1000", 1000);
  in_namespace(inside);
  puts("for another");
  SHOW(set_caps(3, 1 << CAP_NET_RAW, 1001));
  in_namespace(inside);
  puts("set inside");
  SHOW(removexattr(PROGRAM, "security.capability"));
  in_namespace(set_inside);
  SHOW(chown("/tmp/caps", 1000, 1000));
  SHOW(chown(PROGRAM, 1000, 1000));
  in_namespace(set_inside);
  show_xattr("outside");
  as_user("by 1000", 1000);
  puts("set-user-ID programs");
  SHOW(removexattr(PROGRAM, "security.capability"));
  SHOW(chmod(PROGRAM, 04755));
  in_namespace(setuid_program);
  SHOW(chown(PROGRAM, 0, 0));
  SHOW(chmod(PROGRAM, 04755));
  in_namespace(setuid_program);
  SHOW(chown(PROGRAM, 100005, 0));
  SHOW(chmod(PROGRAM, 02755));
  in_namespace(setuid_program);
  SHOW(chown(PROGRAM, 0, 0));
  puts("securebits");
  in_namespace(bits);
  return 0;
}
