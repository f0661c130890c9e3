/* The file system itself: watches, extended attributes, what remains of a group that is gone. */
#include "cgroup.h"
#include <sys/xattr.h>

static void show_events(int fd) {
  char buffer[4096];
  ssize_t n = read(fd, buffer, sizeof buffer);
  if (n < 0) printf("no events: %s\n", error_name(errno));
  for (char *at = buffer; at < buffer + n;) {
    struct inotify_event *e = (void *)at;
    printf("event wd %d mask %x name %s\n", e->wd, e->mask, e->len ? e->name : "");
    at += sizeof *e + e->len;
  }
}

int main(void) {
  mount_cgroups();
  SHOW(mkdir("x", 0755));
  int fd = inotify_init1(IN_NONBLOCK);
  SHOW(inotify_add_watch(fd, "x/cgroup.events", IN_MODIFY | IN_DELETE_SELF));
  SHOW(inotify_add_watch(fd, ".", IN_CREATE | IN_DELETE | IN_ONLYDIR));
  SHOW(mkdir("y", 0755));
  show_events(fd);
  SHOW(rmdir("y"));
  show_events(fd);
  PUT("x/cgroup.freeze", "1");
  millis(50);
  show_events(fd);
  PUT("x/cgroup.freeze", "1");
  millis(50);
  show_events(fd);

  puts("-- extended attributes");
  char value[64];
  SHOW(setxattr("x", "user.a", "one", 3, 0));
  SHOW(setxattr("x", "user.a", "two", 3, XATTR_CREATE));
  SHOW(setxattr("x", "user.b", "two", 3, XATTR_REPLACE));
  SHOW(setxattr("x", "trusted.delegate", "1", 1, 0));
  SHOW(setxattr("x/cgroup.procs", "user.c", "three", 5, 0));
  SHOW(getxattr("x", "user.a", value, sizeof value));
  SHOW(getxattr("x", "user.none", value, sizeof value));
  SHOW(getxattr("x/cgroup.procs", "user.c", value, sizeof value));
  SHOW(listxattr("x/cgroup.procs", value, sizeof value));
  SHOW(removexattr("x", "user.a"));
  SHOW(removexattr("x", "user.a"));

  puts("-- open files of a group that is gone");
  struct stat st;
  int dir = open("x", O_RDONLY | O_DIRECTORY), file = open("x/cgroup.freeze", O_RDWR), events = open("x/cgroup.events", O_RDONLY);
  char text[64];
  IS(read(events, text, sizeof text) > 0);
  SHOW(fstat(dir, &st));
  printf("links %d\n", (int)st.st_nlink);
  SHOW(rmdir("x"));
  SHOW(fstat(dir, &st));
  SHOW(write(file, "0", 1));
  SHOW(pread(file, text, sizeof text, 0));
  SHOW(mkdirat(dir, "z", 0755));
  SHOW(faccessat(dir, "cgroup.procs", F_OK, 0));
  SHOW(unlinkat(AT_FDCWD, "x", AT_REMOVEDIR));
  show_events(fd);
  SHOW(mkdir("x", 0755));
  FILE_IS("x/cgroup.freeze");
  SHOW(getxattr("x", "trusted.delegate", value, sizeof value));
  SHOW(rmdir("x"));
  unmount_cgroups();
}
