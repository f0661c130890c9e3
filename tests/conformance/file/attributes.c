/* Mode, owner, times, access(2), stat(2), statx(2), umask(2), extended attributes. */
#include "show.h"
#include <sys/xattr.h>
#include <sys/sysmacros.h>
#include <sys/statfs.h>
#include <grp.h>

static void mode(const char *path) {
  struct stat st;
  if (lstat(path, &st) < 0) printf("%s: %s\n", path, error_name(errno));
  else printf("%s: %o %d:%d links %ld size %ld\n", path, st.st_mode, st.st_uid, st.st_gid, (long)st.st_nlink, (long)st.st_size);
}

static void as_user(void) {
  setgroups(0, NULL);
  setresgid(1000, 1000, 1000);
  setresuid(1000, 1000, 1000);
}

int main(void) {
  umask(0);
  chmod("/", 0755);
  mkdir("/tmp/a", 0777);
  chdir("/tmp/a");
  umask(027);
  close(open("f", O_CREAT | O_WRONLY, 0777));
  mkdir("d", 02777);
  mode("f");
  mode("d");
  SHOW(umask(0));
  SHOW(chmod("f", 06755));
  mode("f");
  SHOW(chown("f", 1000, 1000));
  mode("f");
  SHOW(chmod("f", 06711));
  SHOW(chown("f", -1, -1));
  mode("f");
  SHOW(chmod("f", 02700));
  SHOW(chown("f", 0, 0));
  mode("f");
  chmod("f", 06777);
  int fd = open("f", O_WRONLY);
  SHOW(write(fd, "x", 1));
  mode("f");
  chmod("f", 06777);
  IN_CHILD("write by another user", as_user(); int g = open("f", O_WRONLY); SHOW(write(g, "x", 1)); mode("f"));
  mkdir("sg", 02777);
  chown("sg", 0, 50);
  chmod("sg", 02777);
  close(open("sg/f", O_CREAT | O_WRONLY, 0644));
  mkdir("sg/d", 0755);
  mode("sg/f");
  mode("sg/d");
  SHOW(symlink("f", "l"));
  mode("l");
  SHOW(lchown("l", 5, 6));
  mode("l");
  SHOW(fchmodat(AT_FDCWD, "l", 0600, AT_SYMLINK_NOFOLLOW));
  SHOW(chmod("none", 0600));
  SHOW(fchmod(999, 0600));
  chmod("f", 0640);
  chown("f", 1000, 50);
  mkdir("sticky", 01777);
  chmod("sticky", 01777);
  close(open("sticky/root", O_CREAT | O_WRONLY, 0666));
  IN_CHILD("user",
    as_user();
    SHOW(access("f", R_OK));
    SHOW(access("f", X_OK));
    SHOW(chmod("f", 02644));
    mode("f");
    SHOW(chown("f", 1000, 50));
    SHOW(chown("f", 1000, 1000));
    SHOW(chown("f", 0, 1000));
    SHOW(chmod("d", 0777));
    SHOW(open("/tmp/a/none", O_CREAT | O_WRONLY, 0600) >= 0);
    SHOW(unlink("sticky/root"));
    SHOW(rename("sticky/root", "sticky/x"));
    SHOW(link("sticky/root", "mine"));
    SHOW(mknod("dev", S_IFCHR | 0600, makedev(1, 3)));
    SHOW(mknod("fifo", S_IFIFO | 0600, 0));
    SHOW(chroot("/tmp"));
    struct timespec both[2] = {{1, 2}, {3, 4}};
    SHOW(utimensat(AT_FDCWD, "sticky/root", NULL, 0));
    SHOW(utimensat(AT_FDCWD, "sticky/root", both, 0));
    SHOW(utimensat(AT_FDCWD, "d", NULL, 0)));
  SHOW(access("f", X_OK));
  SHOW(access("f", 8));
  SHOW(faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS));
  struct timespec times[2] = {{100, 5}, {200, 6}};
  SHOW(utimensat(AT_FDCWD, "f", times, 0));
  struct stat st;
  stat("f", &st);
  printf("%ld.%ld %ld.%ld\n", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec, (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_sec = -5;
  SHOW(utimensat(AT_FDCWD, "f", times, 0));
  stat("f", &st);
  printf("%ld.%ld %ld.%ld\n", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec, (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
  times[1].tv_nsec = 1000000000;
  SHOW(utimensat(AT_FDCWD, "f", times, 0));
  SHOW(futimens(fd, NULL));
  SHOW(utimensat(AT_FDCWD, "f", times, 0x80));
  times[0].tv_nsec = times[1].tv_nsec = UTIME_OMIT;
  SHOW(utimensat(AT_FDCWD, "none", times, 0));
  struct statx sx;
  SHOW(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &sx));
  printf("%x %o %d\n", sx.stx_mask & STATX_BASIC_STATS, sx.stx_mode, sx.stx_uid);
  SHOW(statx(AT_FDCWD, "f", 0, 0x80000000U, &sx));
  SHOW(statx(AT_FDCWD, "f", 0x8, STATX_BASIC_STATS, &sx));
  SHOW(fstatat(fd, "", &st, AT_EMPTY_PATH));
  SHOW(fstatat(fd, "", &st, 0));
  SHOW(fstatat(fd, "x", &st, 0));
  SHOW(fstatat(999, "x", &st, 0));
  SHOW(fstatat(AT_FDCWD, "f", &st, 0x8));
  SHOW(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
  stat("null", &st);
  printf("%o %d,%d\n", st.st_mode, major(st.st_rdev), minor(st.st_rdev));
  SHOW(mknod("sock", S_IFSOCK | 0600, 0));
  SHOW(mknod("dir", S_IFDIR | 0600, 0));
  SHOW(mknod("bad", 0770000, 0));
  SHOW(mknod("plain", 0600, 0));
  mode("plain");
  SHOW(open("sock", O_RDONLY));
  struct statfs fs;
  SHOW(statfs(".", &fs));
  printf("type %lx bsize %ld namelen %ld\n", (long)fs.f_type, (long)fs.f_bsize, (long)fs.f_namelen);
  char value[64];
  SHOW(setxattr("f", "user.a", "12345", 5, 0));
  SHOW(setxattr("f", "user.a", "12345", 5, XATTR_CREATE));
  SHOW(setxattr("f", "user.b", "12345", 5, XATTR_REPLACE));
  SHOW(getxattr("f", "user.a", value, 64));
  SHOW(getxattr("f", "user.a", value, 0));
  SHOW(getxattr("f", "user.a", value, 3));
  SHOW(getxattr("f", "user.none", value, 64));
  SHOW(setxattr("f", "trusted.t", "", 0, 0));
  SHOW(setxattr("f", "bogus.t", "x", 1, 0));
  SHOW(setxattr("f", "", "x", 1, 0));
  SHOW(setxattr("l", "user.a", "via", 3, 0));
  SHOW(lsetxattr("l", "user.a", "x", 1, 0));
  SHOW(lsetxattr("l", "trusted.a", "x", 1, 0));
  SHOW(fsetxattr(fd, "user.fd", "x", 1, 0));
  SHOW(fsetxattr(999, "user.fd", "x", 1, 0));
  SHOW(setxattr("f", "user.big", value, 65537, 0));
  SHOW(listxattr("f", value, 2));
  SHOW(removexattr("f", "user.a"));
  SHOW(removexattr("f", "user.a"));
  SHOW(setxattr("null", "user.a", "x", 1, 0));
  return 0;
}
