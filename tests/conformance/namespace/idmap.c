/* uid_map, gid_map, projid_map and setgroups; ids that mean nothing; capabilities of the owner. See user_namespaces(7). */
#include "show.h"
#include <grp.h>
#include <linux/capability.h>
#include <sys/xattr.h>

static int to_child[2], to_parent[2];
static char byte;

static int put_n(const char *path, const char *text, size_t length) {
  int fd = open(path, O_WRONLY);
  if (fd < 0) return -1;
  int result = write(fd, text, length);
  int error = errno;
  close(fd);
  errno = error;
  return result;
}
static int put(const char *path, const char *text) { return put_n(path, text, strlen(text)); }

static int put_of(pid_t pid, const char *file, const char *text) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
  return put(path, text);
}

static void show_file(const char *path) {
  char text[512] = "";
  int fd = open(path, O_RDONLY);
  int n = read(fd, text, sizeof text - 1);
  close(fd);
  printf("%s:\n%s", path, n < 0 ? "?\n" : text);
}

static void show_caps(const char *what) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  syscall(SYS_capget, &header, data);
  printf("%s: effective %x%08x permitted %x%08x\n", what, data[1].effective, data[0].effective, data[1].permitted, data[0].permitted);
}

/* A child in a new user namespace that waits to be told to go on. */
#define IN_USER_NS(what, setup, ...)                                     \
  do {                                                                   \
    pid_t child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0); \
    if (child == 0) {                                                    \
      read(to_child[0], &byte, 1);                                       \
      __VA_ARGS__;                                                       \
      _exit(0);                                                          \
    }                                                                    \
    setup;                                                               \
    write(to_child[1], "x", 1);                                          \
    int status_;                                                         \
    waitpid(child, &status_, 0);                                         \
    show_status(what, status_);                                          \
  } while (0)

int main(void) {
  pipe(to_child);
  pipe(to_parent);
  show_file("/proc/self/uid_map");
  show_file("/proc/self/gid_map");
  show_file("/proc/self/projid_map");
  show_file("/proc/self/setgroups");
  SHOW(put("/proc/self/uid_map", "0 0 1"));
  SHOW(put("/proc/self/setgroups", "deny"));

  IN_USER_NS("by the parent", {
    SHOW(put_of(child, "uid_map", ""));
    SHOW(put_of(child, "uid_map", "0\n"));
    SHOW(put_of(child, "uid_map", "0 0"));
    SHOW(put_of(child, "uid_map", "0 0 0"));
    SHOW(put_of(child, "uid_map", "0 0 1 x"));
    SHOW(put_of(child, "uid_map", "a 0 1"));
    SHOW(put_of(child, "uid_map", "-1 0 1"));
    SHOW(put_of(child, "uid_map", "0 4294967295 1"));
    SHOW(put_of(child, "uid_map", "4294967294 0 2"));
    SHOW(put_of(child, "uid_map", "0 0 10\n5 20 10"));
    SHOW(put_of(child, "uid_map", "0 0 10\n20 5 10"));
    SHOW(put_of(child, "uid_map", "0 0 10\n\n"));
    SHOW(put_of(child, "uid_map", "0 1000 1\n1 100000 65536\n"));
    SHOW(put_of(child, "uid_map", "0 1000 1"));
    SHOW(put_of(child, "gid_map", " 0   1000\t1 \n  1 100000 65536"));
    SHOW(put_of(child, "projid_map", "0 0 1"));
    SHOW(put_of(child, "setgroups", "deny"));
    SHOW(put_of(child, "setgroups", "allow\n"));
    SHOW(put_of(child, "setgroups", "allow "));
    SHOW(put_of(child, "setgroups", "allowed"));
    SHOW(put_of(child, "setgroups", "something"));
  }, {
    show_file("/proc/self/uid_map");
    show_file("/proc/self/gid_map");
    show_file("/proc/self/projid_map");
    show_file("/proc/self/setgroups");
    printf("ids %d %d %d %d\n", getuid(), geteuid(), getgid(), getegid());
    show_caps("unmapped ids");
    SHOW(setuid(70000));
    SHOW(setgid(5));
    SHOW(setuid(5));
    show_caps("uid 5");
    printf("ids %d %d %d %d\n", getuid(), geteuid(), getgid(), getegid());
    struct stat st;
    stat("/proc/self", &st);
    printf("/proc/self %d %d\n", st.st_uid, st.st_gid);
    stat("/proc/1", &st);
    printf("/proc/1 %d %d\n", st.st_uid, st.st_gid);
  });

  /* Limits of a map. */
  IN_USER_NS("340 lines", {
    static char text[8192];
    int used = 0;
    for (int i = 0; i < 341; i++) used += snprintf(text + used, sizeof text - used, "%d %d 1\n", i, i);
    SHOW(put_of(child, "uid_map", text));
    text[used - 10] = 0;
    *(strrchr(text, '\n') + 1) = 0;
    SHOW(put_of(child, "uid_map", text));
    memset(text, ' ', 4095);
    memcpy(text, "0 0 1", 5);
    text[4096] = 0;
    text[4095] = ' ';
    SHOW(put_of(child, "gid_map", text));
    text[4095] = 0;
    SHOW(put_of(child, "gid_map", text));
  }, {
    SHOW(setuid(339));
    SHOW(setuid(340));
  });
  IN_USER_NS("position", {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/uid_map", child);
    int fd = open(path, O_RDWR);
    SHOW(lseek(fd, 3, SEEK_SET));
    SHOW(write(fd, "0 0 1", 5));
    SHOW(lseek(fd, 0, SEEK_SET));
    SHOW(write(fd, "0 0 1", 5));
    SHOW(write(fd, "0 0 1", 5));
    close(fd);
  }, ;);

  /* Without privilege: one's own id, and no groups. */
  IN_CHILD("ordinary user", {
    setgroups(0, NULL);
    setgid(1000);
    setuid(1000);
    prctl(PR_SET_DUMPABLE, 1);
    SHOW(unshare(CLONE_NEWUSER));
    SHOW(put("/proc/self/uid_map", "0 1001 1"));
    SHOW(put("/proc/self/uid_map", "0 1000 2"));
    SHOW(put("/proc/self/uid_map", "0 0 1"));
    SHOW(put("/proc/self/gid_map", "0 1000 1"));
    SHOW(put("/proc/self/uid_map", "0 1000 1"));
    SHOW(setgroups(0, NULL));
    SHOW(put("/proc/self/setgroups", "deny"));
    SHOW(put("/proc/self/gid_map", "0 1000 1"));
    SHOW(put("/proc/self/setgroups", "deny"));
    SHOW(put("/proc/self/setgroups", "allow"));
    SHOW(setgroups(0, NULL));
    printf("ids %d %d\n", getuid(), getgid());
    show_file("/proc/self/uid_map");
    SHOW(setuid(1));
    struct stat st;
    stat("/", &st);
    printf("/ %d %d\n", st.st_uid, st.st_gid);
    SHOW(sethostname("x", 1));
    SHOW(chown("/tmp", 0, 0));
    int fd = open("/tmp/mine", O_CREAT | O_WRONLY, 0600);
    SHOW(fchown(fd, 0, 0));
    SHOW(fchown(fd, 1, 0));
    SHOW(fchmod(fd, 04755));
    fstat(fd, &st);
    printf("mine %d %d %o\n", st.st_uid, st.st_gid, st.st_mode);
    close(fd);
    unlink("/tmp/mine");
    /* Nested: the outer id is the parent's. */
    SHOW(unshare(CLONE_NEWUSER));
    SHOW(put("/proc/self/setgroups", "allow"));
    SHOW(put("/proc/self/setgroups", "deny"));
    SHOW(put("/proc/self/uid_map", "500 0 1"));
    SHOW(put("/proc/self/gid_map", "500 0 1"));
    printf("ids %d %d\n", getuid(), getgid());
    show_file("/proc/self/uid_map");
    IN_CHILD("its child", show_file("/proc/self/uid_map"));
  });
  stat("/tmp", &(struct stat){0});

  /* The owner has every capability in what he has made; others have none. */
  setegid(1000);
  seteuid(1000);
  pid_t owned = syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
  if (owned == 0) {
    write(to_parent[1], "x", 1);
    for (;;) pause();
  }
  read(to_parent[0], &byte, 1);
  seteuid(0);
  setegid(0);
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/uts", owned);
  int uts = open(path, O_RDONLY);
  snprintf(path, sizeof path, "/proc/%d/ns/user", owned);
  int user = open(path, O_RDONLY);
  IN_CHILD("the owner", {
    setresgid(1000, 1000, 1000);
    setresuid(1000, 1000, 1000);
    SHOW(setns(uts, 0));
    SHOW(setns(user, 0));
    SHOW(setns(uts, 0));
    SHOW(sethostname("owned", 5));
    show_caps("inside");
  });
  IN_CHILD("somebody else", {
    setresgid(1001, 1001, 1001);
    setresuid(1001, 1001, 1001);
    SHOW(setns(user, 0));
    SHOW(setns(uts, 0));
    SHOW(kill(owned, 0));
  });
  IN_CHILD("root", {
    SHOW(setns(uts, 0));
    SHOW(sethostname("rooted", 6));
    SHOW(setns(user, 0));
    show_caps("inside");
    SHOW(sethostname("again", 5));
  });
  kill(owned, SIGKILL);
  waitpid(owned, &(int){0}, 0);

  /* A map written by somebody in another namespace than the parent's. */
  pid_t target = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (target == 0) {
    for (;;) pause();
  }
  IN_CHILD("a sibling", {
    int held = open((snprintf(path, sizeof path, "/proc/%d/uid_map", target), path), O_WRONLY);
    unshare(CLONE_NEWUSER);
    SHOW(put_of(target, "uid_map", "0 0 1"));
    SHOW(write(held, "0 0 1", 5));
  });
  kill(target, SIGKILL);
  waitpid(target, &(int){0}, 0);
  return 0;
}
