/* Which namespace an open kernel parameter belongs to: the one in which it was opened, or the reader's. See proc_sys(5). */
#include "show.h"
#include <sys/mount.h>

static int put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  int result = write(fd, text, strlen(text));
  int error = errno;
  close(fd);
  errno = error;
  return result;
}

static void show(const char *what, int fd) {
  char text[128] = "";
  ssize_t got = pread(fd, text, sizeof text - 1, 0);
  printf("%s: %s", what, got < 0 ? error_name(errno) : text);
  if (got < 0) printf("\n");
}

static void show_path(const char *what, const char *path) {
  int fd = open(path, O_RDONLY);
  show(what, fd);
  close(fd);
}

static void map_root(void) {
  put("/proc/self/setgroups", "deny");
  put("/proc/self/uid_map", "0 0 1");
  put("/proc/self/gid_map", "0 0 1");
}

static void check(const char *path, const char *kind, int flags, const char *first, const char *second, const char *third) {
  printf("%s\n", path);
  IN_CHILD("opened before", {
    SHOW(unshare(flags));
    if (flags & CLONE_NEWUSER) map_root();
    SHOW(put(path, first));
    int fd = open(path, O_RDWR);
    /* The first one lives on. */
    IS(open(kind, O_RDONLY) >= 0);
    int directory = open("/proc/sys", O_RDONLY | O_DIRECTORY);
    show("first", fd);
    SHOW(unshare(flags));
    if (flags & CLONE_NEWUSER) map_root();
    SHOW(put(path, second));
    show("by the descriptor", fd);
    show_path("by the path", path);
    SHOW(pwrite(fd, third, strlen(third), 0));
    show("by the descriptor", fd);
    show_path("by the path", path);
    int again = openat(directory, path + strlen("/proc/sys/"), O_RDONLY);
    show("by the directory", again);
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    show_path("by the link", link);
  });
}

int main(void) {
  check("/proc/sys/kernel/hostname", "/proc/self/ns/uts", CLONE_NEWUTS, "one", "two", "three");
  check("/proc/sys/kernel/msgmax", "/proc/self/ns/ipc", CLONE_NEWIPC, "11", "22", "33");
  check("/proc/sys/kernel/sem", "/proc/self/ns/ipc", CLONE_NEWIPC, "11", "22", "33");
  check("/proc/sys/fs/mqueue/msg_max", "/proc/self/ns/ipc", CLONE_NEWIPC, "11", "22", "33");
  check("/proc/sys/user/max_uts_namespaces", "/proc/self/ns/user", CLONE_NEWUSER, "11", "22", "33");
  check("/proc/sys/net/core/somaxconn", "/proc/self/ns/net", CLONE_NEWNET, "11", "22", "33");
  IN_CHILD("ns_last_pid", {
    int fd = open("/proc/sys/kernel/ns_last_pid", O_RDWR);
    SHOW(unshare(CLONE_NEWPID));
    pid_t child = fork();
    if (child == 0) {
      show("by the descriptor", fd);
      SHOW(pwrite(fd, "50", 2, 0));
      pid_t next = fork();
      if (next == 0) _exit(0);
      SHOW(next);
      waitpid(next, NULL, 0);
      _exit(0);
    }
    waitpid(child, NULL, 0);
  });
  return 0;
}
