/* How deep namespaces nest, and how many a user may have. See user_namespaces(7), pid_namespaces(7), namespaces(7). */
#include "show.h"

static pid_t clone_with(unsigned long flags) { return syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0); }

static int put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0) return -1;
  int result = write(fd, text, strlen(text));
  int error = errno;
  close(fd);
  errno = error;
  return result;
}

static void show_file(const char *path) {
  char text[64] = "";
  int fd = open(path, O_RDONLY);
  int n = read(fd, text, sizeof text - 1);
  close(fd);
  printf("%s: %s", path, n < 0 ? "?\n" : text);
}

/* Pid namespaces below each other, each with an init that makes the next. */
static int deeper(int depth) {
  pid_t child = clone_with(CLONE_NEWPID);
  if (child < 0) {
    printf("pid namespaces end after %d: %s\n", depth, error_name(errno));
    return 0;
  }
  if (child == 0) _exit(deeper(depth + 1));
  int status;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

static void map_root(void) {
  put("/proc/self/setgroups", "deny");
  put("/proc/self/uid_map", "0 0 1");
  put("/proc/self/gid_map", "0 0 1");
}

int main(void) {
  deeper(0);
  IN_CHILD("user namespaces", {
    int depth = 0;
    while (unshare(CLONE_NEWUSER) == 0) {
      map_root();
      depth++;
    }
    printf("user namespaces end after %d: %s\n", depth, error_name(errno));
  });
  IN_CHILD("unmapped", {
    SHOW(unshare(CLONE_NEWUSER));
    SHOW(unshare(CLONE_NEWUSER));
  });
  IN_CHILD("chrooted", {
    mkdir("/tmp/root", 0755);
    SHOW(chroot("/tmp/root"));
    SHOW(unshare(CLONE_NEWUSER));
    SHOW(unshare(CLONE_NEWUTS));
  });
  rmdir("/tmp/root");

  static const char *const kinds[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
  static const int flags[] = {CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID, 0x80, CLONE_NEWUSER, CLONE_NEWUTS};
  IN_CHILD("limits of a user namespace", {
    unshare(CLONE_NEWUSER);
    map_root();
    for (int i = 0; i < 8; i++) {
      char path[64];
      snprintf(path, sizeof path, "/proc/sys/user/max_%s_namespaces", kinds[i]);
      show_file(path);
      struct stat st;
      stat(path, &st);
      printf("%o %d %d\n", st.st_mode, st.st_uid, st.st_gid);
      SHOW(put(path, "1"));
      show_file(path);
      IN_CHILD(kinds[i], {
        SHOW(unshare(flags[i]));
        if (flags[i] == CLONE_NEWUSER) map_root();
        SHOW(unshare(flags[i]));
      });
      SHOW(put(path, "0"));
      IN_CHILD(kinds[i], SHOW(unshare(flags[i])));
      SHOW(put(path, "-1"));
      SHOW(put(path, "2147483648"));
      SHOW(put(path, "x"));
      SHOW(put(path, "2147483647"));
    }
  });
  IN_CHILD("limits of its creators", {
    unshare(CLONE_NEWUSER);
    map_root();
    SHOW(put("/proc/sys/user/max_uts_namespaces", "2"));
    SHOW(unshare(CLONE_NEWUTS));
    SHOW(unshare(CLONE_NEWUSER));
    map_root();
    show_file("/proc/sys/user/max_uts_namespaces");
    pid_t first = clone_with(CLONE_NEWUTS);
    if (first == 0) {
      /* It and its parent have one each. */
      SHOW(unshare(CLONE_NEWUTS));
      _exit(0);
    }
    int status;
    waitpid(first, &status, 0);
    /* A namespace that is gone does not count. */
    for (int i = 0; i < 5; i++) {
      pid_t child = clone_with(CLONE_NEWUTS);
      if (child == 0) _exit(0);
      if (child < 0) printf("%d: %s\n", i, error_name(errno));
      waitpid(child, &status, 0);
    }
    /* One that is held by a descriptor does. */
    int holds[2];
    pipe(holds);
    pid_t child = clone_with(CLONE_NEWUTS);
    if (child == 0) {
      char byte;
      read(holds[0], &byte, 1);
      _exit(0);
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/uts", child);
    int fd = open(path, O_RDONLY);
    write(holds[1], "x", 1);
    waitpid(child, &status, 0);
    SHOW(clone_with(CLONE_NEWUTS));
    close(fd);
    pid_t free = clone_with(CLONE_NEWUTS);
    if (free == 0) _exit(0);
    printf("after close: %s\n", free < 0 ? error_name(errno) : "ok");
    waitpid(free, &status, 0);
  });
  IN_CHILD("limits without privilege", {
    setuid(1000);
    OK(open("/proc/sys/user/max_uts_namespaces", O_WRONLY));
    OK(open("/proc/sys/user/max_uts_namespaces", O_RDONLY));
  });
  return 0;
}
