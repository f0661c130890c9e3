/* Flags that chattr(1) sets, and what they forbid, on tmpfs and on an overlay. See ioctl_iflags(2), ioctl_xfs_fsgetxattr(2). */
#include "show.h"
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/xattr.h>

static const char *names(int flags) {
  static char text[64];
  text[0] = 0;
  if (flags & FS_IMMUTABLE_FL) strcat(text, "i");
  if (flags & FS_APPEND_FL) strcat(text, "a");
  if (flags & FS_NODUMP_FL) strcat(text, "d");
  if (flags & FS_NOATIME_FL) strcat(text, "A");
  if (flags & ~(FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL)) strcat(text, "+");
  return text;
}

static int change(const char *path, int flags) {
  int fd = open(path, O_RDONLY);
  int result = ioctl(fd, FS_IOC_SETFLAGS, &flags) ? errno : 0;
  close(fd);
  errno = result;
  return result ? -1 : 0;
}

static void show_flags(const char *path) {
  int flags = 0, fd = open(path, O_RDONLY);
  struct fsxattr x;
  memset(&x, 7, sizeof x);
  if (ioctl(fd, FS_IOC_GETFLAGS, &flags)) printf("%s: %s\n", path, error_name(errno));
  else printf("%s: \"%s\"", path, names(flags));
  if (ioctl(fd, FS_IOC_FSGETXATTR, &x)) printf(" %s\n", error_name(errno));
  else printf(" %x %u %u %u %u\n", x.fsx_xflags, x.fsx_extsize, x.fsx_nextents, x.fsx_projid, x.fsx_cowextsize);
  struct statx s;
  if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &s) == 0) printf("  statx %llx\n", s.stx_attributes & 0x70ULL);
  close(fd);
}

static void forbidden(const char *file, const char *directory) {
  char inside[64], other[64];
  struct timespec times[2] = {{1, 0}, {1, 0}}, now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
  int fd;
  snprintf(inside, sizeof inside, "%s/in", directory);
  snprintf(other, sizeof other, "%s/other", directory);
  printf("-- %s\n", file);
  SHOW((fd = open(file, O_RDONLY)) >= 0);
  close(fd);
  SHOW(open(file, O_WRONLY) < 0 ? -1 : 0);
  SHOW(open(file, O_RDWR | O_APPEND) < 0 ? -1 : 0);
  SHOW(open(file, O_RDONLY | O_TRUNC) < 0 ? -1 : 0);
  SHOW(open(file, O_WRONLY | O_APPEND | O_TRUNC) < 0 ? -1 : 0);
  SHOW(open(file, O_WRONLY | O_CREAT | O_APPEND, 0600) < 0 ? -1 : 0);
  SHOW(access(file, W_OK));
  SHOW(truncate(file, 0));
  SHOW(chmod(file, 0600));
  SHOW(chown(file, 5, 5));
  SHOW(utimensat(AT_FDCWD, file, times, 0));
  SHOW(utimensat(AT_FDCWD, file, now, 0));
  SHOW(utimensat(AT_FDCWD, file, NULL, 0));
  SHOW(setxattr(file, "user.x", "1", 1, 0));
  SHOW(removexattr(file, "user.none"));
  SHOW(link(file, "link"));
  SHOW(rename(file, "renamed"));
  SHOW(rename("plain", file));
  SHOW(unlink(file));
  printf("-- %s\n", directory);
  SHOW(open(other, O_WRONLY | O_CREAT, 0600) < 0 ? -1 : 0);
  SHOW(mkdir(other, 0700));
  SHOW(unlink(inside));
  SHOW(rename(inside, other));
  SHOW(rename("plain", inside));
  SHOW(rmdir(directory));
  SHOW(chmod(directory, 0755));
}

static void all(void) {
  int fd, flags;
  struct fsxattr x = {0};
  close(open("file", O_WRONLY | O_CREAT, 0644));
  close(open("plain", O_WRONLY | O_CREAT, 0644));
  mkdir("directory", 0755);
  close(open("directory/in", O_WRONLY | O_CREAT, 0644));
  int before = open("file", O_RDWR), append = open("file", O_RDWR | O_APPEND);
  write(before, "hello", 5);
  show_flags("file");
  show_flags("directory");
  SHOW(change("file", FS_IMMUTABLE_FL));
  SHOW(change("directory", FS_IMMUTABLE_FL));
  show_flags("file");
  show_flags("directory");
  forbidden("file", "directory");
  SHOW(write(before, "x", 1));
  SHOW(ftruncate(before, 3));
  SHOW(fchmod(before, 0600));
  SHOW(fallocate(before, 0, 0, 10));
  SHOW(change("file", FS_APPEND_FL));
  SHOW(change("directory", FS_APPEND_FL));
  show_flags("file");
  forbidden("file", "directory");
  SHOW(ftruncate(before, 3));
  SHOW(fallocate(before, FALLOC_FL_KEEP_SIZE, 0, 10));
  SHOW(fallocate(before, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, 1));
  SHOW(write(append, "more", 4));
  SHOW(fcntl(append, F_SETFL, 0));
  SHOW(fcntl(append, F_SETFL, O_APPEND | O_NONBLOCK));
  SHOW(fcntl(before, F_SETFL, O_APPEND));
  SHOW(mmap(NULL, 4096, PROT_READ, MAP_SHARED, append, 0) == MAP_FAILED ? -1 : 0);
  SHOW(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, append, 0) == MAP_FAILED ? -1 : 0);
  SHOW(change("file", 0));
  SHOW(change("directory", FS_NODUMP_FL | FS_NOATIME_FL | FS_APPEND_FL));
  close(open("directory/heir", O_WRONLY | O_CREAT, 0644));
  mkdir("directory/below", 0755);
  show_flags("directory/heir");
  show_flags("directory/below");
  SHOW(change("directory", 0));
  printf("-- others\n");
  SHOW(change("file", FS_COMPR_FL));
  SHOW(change("file", FS_SYNC_FL));
  SHOW(change("file", FS_EXTENT_FL));
  fd = open("file", O_RDONLY);
  SHOW(ioctl(fd, FS_IOC_SETFLAGS, NULL));
  SHOW(ioctl(fd, FS_IOC_GETFLAGS, NULL));
  x.fsx_xflags = FS_XFLAG_NODUMP;
  SHOW(ioctl(fd, FS_IOC_FSSETXATTR, &x));
  show_flags("file");
  x.fsx_xflags = FS_XFLAG_NODUMP | FS_XFLAG_EXTSIZE;
  SHOW(ioctl(fd, FS_IOC_FSSETXATTR, &x));
  x.fsx_xflags = 0;
  x.fsx_projid = 5;
  SHOW(ioctl(fd, FS_IOC_FSSETXATTR, &x));
  x.fsx_projid = 0;
  SHOW(ioctl(fd, FS_IOC_FSSETXATTR, &x));
  show_flags("file");
  fflush(stdout);
  if (fork() == 0) {
    setresuid(1000, 1000, 1000);
    flags = FS_NODUMP_FL;
    SHOW(ioctl(fd, FS_IOC_SETFLAGS, &flags));
    SHOW(ioctl(fd, FS_IOC_GETFLAGS, &flags));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  if (fork() == 0) {
    chown("file", 1000, 1000);
    setresuid(1000, 1000, 1000);
    flags = FS_NODUMP_FL;
    SHOW(ioctl(fd, FS_IOC_SETFLAGS, &flags));
    flags = FS_IMMUTABLE_FL | FS_NODUMP_FL;
    SHOW(ioctl(fd, FS_IOC_SETFLAGS, &flags));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  show_flags("file");
}

int main(void) {
  int p[2], flags = 0;
  umask(0);
  mkdir("/tmp/attr", 0755);
  chdir("/tmp/attr");
  mkdir("t", 0755);
  chdir("t");
  all();
  chdir("..");
  mkdir("low", 0755);
  close(open("low/below", O_WRONLY | O_CREAT, 0644));
  mkdir("up", 0755);
  mkdir("work", 0755);
  mkdir("merged", 0755);
  SHOW(mount("overlay", "merged", "overlay", 0, "lowerdir=low,upperdir=up,workdir=work"));
  chdir("merged");
  printf("==== overlay\n");
  all();
  show_flags("below");
  SHOW(change("below", FS_IMMUTABLE_FL));
  show_flags("below");
  SHOW(unlink("below"));
  chdir("..");
  show_flags("up/below");
  char value[16] = "";
  SHOW(getxattr("up/below", "trusted.overlay.protattr", value, sizeof value));
  printf("%s\n", value);
  SHOW(change("merged/below", FS_APPEND_FL | FS_NODUMP_FL));
  show_flags("up/below");
  SHOW(unlink("merged/below"));
  SHOW(change("merged/below", FS_NODUMP_FL));
  SHOW(getxattr("up/below", "trusted.overlay.protattr", value, sizeof value));
  SHOW(unlink("merged/below"));
  SHOW(umount("merged"));
  printf("==== elsewhere\n");
  mkfifo("fifo", 0644);
  int fd = open("fifo", O_RDWR);
  SHOW(ioctl(fd, FS_IOC_GETFLAGS, &flags));
  pipe(p);
  SHOW(ioctl(p[0], FS_IOC_GETFLAGS, &flags));
  SHOW(ioctl(open("/proc/version", O_RDONLY), FS_IOC_GETFLAGS, &flags));
  SHOW(ioctl(open("/proc", O_RDONLY), FS_IOC_SETFLAGS, &flags));
  SHOW(ioctl(open("/dev/null", O_RDONLY), FS_IOC_GETFLAGS, &flags));
  SHOW(ioctl(open("t/file", O_PATH), FS_IOC_GETFLAGS, &flags));
  SHOW(ioctl(memfd_create("m", 0), FS_IOC_GETFLAGS, &flags));
  mkdir("ro", 0755);
  mount("none", "ro", "tmpfs", 0, NULL);
  close(open("ro/f", O_WRONLY | O_CREAT, 0644));
  mount("none", "ro", NULL, MS_REMOUNT | MS_RDONLY, NULL);
  SHOW(change("ro/f", FS_NODUMP_FL));
  SHOW(umount("ro"));
  return 0;
}
