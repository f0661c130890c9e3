/* overlayfs: what it takes as options, whose extended attributes it uses, what may lie below it. */
#include "mountinfo.h"
#include <sys/xattr.h>

static void make(const char *path, const char *text) {
  int fd = open(path, O_CREAT | O_WRONLY, 0644);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) printf("%s: %s\n", path, error_name(errno));
  close(fd);
}

/* The option of an extended attribute of the overlay's own. */
static void attribute(const char *path, const char *name) {
  char value[64];
  ssize_t size = lgetxattr(path, name, value, sizeof value);
  if (size < 0) printf("%s %s: %s\n", path, name, error_name(errno));
  else printf("%s %s: %.*s\n", path, name, (int)size, value);
}

static void show_type(const char *path) {
  struct stat st;
  if (lstat(path, &st) < 0) printf("%s: %s\n", path, error_name(errno));
  else printf("%s: %o %u:%u\n", path, st.st_mode, major(st.st_rdev), minor(st.st_rdev));
}

static int overlay(const char *where, const char *options) { return mount("overlay", where, "overlay", 0, options); }

static void trees(void) {
  for (const char *const *name = (const char *const[]){"l1", "l2", "u", "w", "u2", "w2", "m", "n", "o", "p", NULL}; *name; name++)
    mkdir(*name, 0755);
  make("l1/a", "l1");
  make("l2/b", "l2");
  mkdir("l1/d", 0755);
  make("l1/d/x", "x");
  make("l1/d/y", "y");
}

static void options(void) {
  SHOW(overlay("m", NULL));
  SHOW(overlay("m", "lowerdir=l1"));
  SHOW(overlay("m", "lowerdir=l1,upperdir=u"));
  SHOW(overlay("m", "lowerdir=l1,upperdir=u,workdir=u"));
  SHOW(overlay("m", "lowerdir=l1,upperdir=u,workdir=w,bogus"));
  SHOW(overlay("m", "lowerdir=l1,upperdir=u,workdir=w,userxattr=on"));
  SHOW(overlay("m", "lowerdir=l1:l2,userxattr,redirect_dir=on"));
  SHOW(overlay("m", "lowerdir=l1:l2,userxattr,redirect_dir=off"));
  SHOW(overlay("m", "lowerdir=l1:l2,userxattr,redirect_dir=follow"));
  SHOW(overlay("m", "lowerdir=l1:nosuch"));
  SHOW(overlay("m", "lowerdir=l1:l2,userxattr,redirect_dir=nofollow"));
  SHOW(umount("m"));
}

/* Change things through an overlay and look at what it leaves in the upper tree. */
static void changes(const char *where, const char *upper, const char *prefix) {
  char path[64], name[64];
#define IN(directory, file) (snprintf(path, sizeof path, "%s/%s", directory, file), path)
#define ATTRIBUTE(file) (snprintf(name, sizeof name, "%soverlay.%s", prefix, file), name)
  SHOW(unlink(IN(where, "a")));
  SHOW(unlink(IN(where, "d/x")));
  SHOW(unlink(IN(where, "d/y")));
  SHOW(rmdir(IN(where, "d")));
  SHOW(mkdir(IN(where, "d"), 0755));
  SHOW(mkdir(IN(where, "new"), 0755));
  SHOW(chmod(IN(where, "b"), 0600));
  show_type(IN(upper, "a"));
  show_type(IN(upper, "b"));
  attribute(IN(upper, "d"), ATTRIBUTE("opaque"));
  attribute(IN(upper, "new"), ATTRIBUTE("opaque"));
  attribute(IN(where, "d"), ATTRIBUTE("opaque"));
  SHOW(lsetxattr(IN(where, "d"), ATTRIBUTE("opaque"), "n", 1, 0));
  SHOW(lsetxattr(IN(where, "d"), "user.mine", "1", 1, 0));
  attribute(IN(upper, "d"), "user.mine");
  SHOW(access(IN(where, "d/x"), F_OK));
  SHOW(mknod(IN(where, "wh"), S_IFCHR, 0));
  SHOW(mknod(IN(where, "null"), S_IFCHR | 0666, makedev(1, 3)));
}

static void depth(void) {
  SHOW(overlay("n", "lowerdir=l1:l2,upperdir=m,workdir=p"));
  SHOW(overlay("n", "lowerdir=l1:l2,upperdir=u,workdir=m"));
  SHOW(overlay("n", "lowerdir=m:l2"));
  SHOW(overlay("o", "lowerdir=n:l2"));
  SHOW(access("n/new", F_OK));
  SHOW(umount("n"));
}

static void write_to(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) printf("%s: %s\n", path, error_name(errno));
  close(fd);
}

/* The superuser of a user namespace mounts one. */
static void less_privileged(void) {
  if (fork() == 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS)) printf("unshare: %s\n", error_name(errno));
    write_to("/proc/self/setgroups", "deny");
    write_to("/proc/self/uid_map", "0 0 1");
    write_to("/proc/self/gid_map", "0 0 1");
    SHOW(mount("t", "o", "tmpfs", 0, NULL));
    mkdir("o/u", 0755);
    mkdir("o/w", 0755);
    SHOW(overlay("n", "lowerdir=l1:l2,upperdir=o/u,workdir=o/w,userxattr"));
    changes("n", "o/u", "user.");
    exit(0);
  }
  wait(NULL);
}

int main(void) {
  begin();
  trees();
  options();
  SHOW(overlay("m", "lowerdir=l1:l2,upperdir=u,workdir=w"));
  changes("m", "u", "trusted.");
  depth();
  info("/tmp/m");
  SHOW(umount("m"));
  SHOW(overlay("m", "lowerdir=l1:l2,upperdir=u2,workdir=w2,userxattr"));
  changes("m", "u2", "user.");
  info("/tmp/m");
  SHOW(umount("m"));
  less_privileged();
}
