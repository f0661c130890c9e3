/* What a read-only mount refuses, and what else is looked at first. */
#include "show.h"
#include <sys/mount.h>
#include <sys/xattr.h>
#include <utime.h>

int main(void) {
  setbuf(stdout, NULL);
  unshare(CLONE_NEWNS);
  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
  mkdir("/tmp/ro", 0755);
  mount("t", "/tmp/ro", "tmpfs", 0, NULL);
  chdir("/tmp/ro");
  close(open("f", O_CREAT | O_WRONLY, 0644));
  mkdir("d", 0755);
  mount(NULL, "/tmp/ro", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
  chdir("/tmp/ro");
  if (fork() == 0) {
    unshare(CLONE_NEWUSER);
    /* No id has a meaning here. */
    SHOW(chown("f", 1, 1));
    SHOW(chown("f", -1, -1));
    SHOW(chown("nosuch", 1, 1));
    int fd = open("f", O_RDONLY);
    SHOW(fchown(fd, 1, 1));
    SHOW(fchmod(fd, 0600));
    exit(0);
  }
  wait(NULL);
  SHOW(chown("f", 1, 1));
  SHOW(chmod("f", 0600));
  SHOW(truncate("f", 0));
  SHOW(truncate("d", 0));
  SHOW(truncate("f", -1));
  SHOW(utime("f", NULL));
  SHOW(setxattr("f", "user.a", "1", 1, 0));
  SHOW(setxattr("f", "bogus.a", "1", 1, 0));
  SHOW(removexattr("f", "user.a"));
  SHOW(unlink("f"));
  SHOW(unlink("nosuch"));
  SHOW(unlink("d"));
  SHOW(rmdir("f"));
  SHOW(rmdir("d"));
  SHOW(mkdir("d", 0755));
  SHOW(mkdir("e", 0755));
  SHOW(rename("f", "g"));
  SHOW(rename("nosuch", "g"));
  SHOW(rename("d", "f"));
  SHOW(link("f", "g"));
  SHOW(link("nosuch", "g"));
  SHOW(link("f", "d"));
  SHOW(symlink("f", "d"));
  SHOW(symlink("f", "s"));
  SHOW(mknod("p", S_IFIFO, 0));
  SHOW(open("f", O_WRONLY));
  SHOW(open("nosuch", O_WRONLY));
  SHOW(open("d", O_WRONLY));
  SHOW(open("n", O_CREAT | O_WRONLY, 0644));
  SHOW(open("f", O_CREAT | O_WRONLY, 0644));
  SHOW(open("f", O_CREAT | O_EXCL | O_WRONLY, 0644));
  SHOW(open(".", O_TMPFILE | O_WRONLY, 0644));
  SHOW(access("f", W_OK));
  SHOW(access("d", W_OK));
}
