/* inotify(7): which events come, in which order. */
#include "show.h"
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <dirent.h>

static int ifd;

static void events(const char *what) {
  char buf[8192] __attribute__((aligned(8)));
  ssize_t n = read(ifd, buf, sizeof buf);
  printf("%s:", what);
  if (n < 0) printf(" %s", error_name(errno));
  for (char *p = buf; n > 0 && p < buf + n;) {
    struct inotify_event *e = (void *)p;
    printf(" %d:%x%s%s%s", e->wd, e->mask, e->cookie ? "*" : "", e->len ? "=" : "", e->len ? e->name : "");
    p += sizeof *e + e->len;
  }
  printf("\n");
}

int main(void) {
  mkdir("/tmp/i", 0755);
  chdir("/tmp/i");
  mkdir("d", 0755);
  mkdir("e", 0755);
  ifd = inotify_init1(IN_NONBLOCK);
  SHOW(inotify_add_watch(ifd, "d", IN_ALL_EVENTS));
  SHOW(inotify_add_watch(ifd, "none", IN_ALL_EVENTS));
  SHOW(inotify_add_watch(ifd, "d", 0));
  SHOW(inotify_add_watch(999, "d", IN_ALL_EVENTS));
  SHOW(inotify_add_watch(0, "d", IN_ALL_EVENTS));
  events("nothing");
  int fd = open("d/f", O_CREAT | O_RDWR, 0644);
  events("create");
  write(fd, "x", 1);
  write(fd, "x", 1);
  events("write");
  char c;
  pread(fd, &c, 1, 0);
  events("read");
  ftruncate(fd, 0);
  events("truncate");
  fchmod(fd, 0600);
  events("chmod");
  close(fd);
  events("close");
  close(open("d/f", O_RDONLY));
  events("open and close");
  link("d/f", "d/g");
  events("link");
  unlink("d/g");
  events("unlink");
  rename("d/f", "d/h");
  events("rename");
  SHOW(inotify_add_watch(ifd, "d/h", IN_ALL_EVENTS));
  rename("d/h", "e/h");
  events("move away");
  rename("e/h", "d/h");
  events("move back");
  mkdir("d/sub", 0755);
  events("mkdir");
  rmdir("d/sub");
  events("rmdir");
  symlink("x", "d/s");
  events("symlink");
  unlink("d/s");
  events("unlink symlink");
  SHOW(inotify_add_watch(ifd, "d/h", IN_ATTRIB | IN_MASK_CREATE));
  SHOW(inotify_add_watch(ifd, "d/h", IN_DELETE_SELF | IN_ATTRIB));
  unlink("d/h");
  events("unlink watched");
  SHOW(inotify_rm_watch(ifd, 99));
  opendir("d");
  events("opendir");
  rmdir("d");
  events("rmdir watched");
  SHOW(inotify_add_watch(ifd, "e", IN_CREATE | IN_ONESHOT));
  mkdir("e/1", 0755);
  mkdir("e/2", 0755);
  events("one shot");
  SHOW(inotify_add_watch(ifd, "e", IN_CREATE));
  SHOW(inotify_rm_watch(ifd, 4));
  events("removed");
  SHOW(inotify_add_watch(ifd, "e", IN_CREATE));
  mkdir("e/3", 0755);
  SHOW(read(ifd, &c, 1));
  int n;
  ioctl(ifd, 0x541b, &n);
  printf("%d bytes\n", n);
  return 0;
}
