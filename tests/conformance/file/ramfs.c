/* ramfs, limits of descriptors, /proc/[pid]/map_files, the locks of a description. See proc_sys_fs(5), fcntl_locking(2). */
#include "show.h"
#include <sys/mount.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

static int write_text(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0) return fd;
  int written = write(fd, text, strlen(text));
  int failed = errno;
  close(fd);
  errno = failed;
  return written < 0 ? -1 : 0;
}

int main(void) {
  struct statfs about;
  struct stat st;
  SHOW(unshare(CLONE_NEWNS));
  SHOW(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
  SHOW(mkdir("/tmp/r", 0755));
  SHOW(mount("r", "/tmp/r", "ramfs", 0, "mode=x"));
  SHOW(mount("r", "/tmp/r", "ramfs", 0, "mode=1700,size=3,anything"));
  SHOW(statfs("/tmp/r", &about));
  printf("%lx %ld %ld %ld %ld %ld\n", about.f_type, about.f_bsize, about.f_blocks, about.f_bfree, about.f_files, about.f_namelen);
  SHOW(stat("/tmp/r", &st));
  printf("%o\n", st.st_mode);
  int fd = open("/tmp/r/f", O_RDWR | O_CREAT, 0644);
  SHOW(write(fd, "text", 4));
  SHOW(fsetxattr(fd, "user.a", "b", 1, 0));
  SHOW(fallocate(fd, 0, 0, 4096));
  SHOW(ftruncate(fd, 10000));
  SHOW(lseek(fd, 0, SEEK_END));

  struct flock range = {.l_type = F_WRLCK, .l_start = 10, .l_len = 5};
  SHOW(fcntl(fd, F_OFD_SETLK, &range));
  range = (struct flock){.l_type = F_UNLCK, .l_start = 0, .l_len = 100};
  SHOW(fcntl(fd, F_OFD_GETLK, &range));
  printf("%d %ld %ld %d\n", range.l_type, (long)range.l_start, (long)range.l_len, range.l_pid);
  range = (struct flock){.l_type = F_UNLCK, .l_start = 20, .l_len = 100};
  SHOW(fcntl(fd, F_OFD_GETLK, &range));
  printf("%d\n", range.l_type);
  range = (struct flock){.l_type = F_UNLCK, .l_start = 0, .l_len = 100};
  SHOW(fcntl(fd, F_GETLK, &range));

  char name[64], target[64] = "";
  char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
  snprintf(name, sizeof name, "/proc/self/map_files/%lx-%lx", (long)page, (long)page + 4096);
  OK(readlink(name, target, sizeof target - 1));
  puts(target);
  SHOW(lstat(name, &st));
  printf("%o %ld\n", st.st_mode, (long)st.st_size);
  SHOW(stat(name, &st));
  printf("%o %ld\n", st.st_mode, (long)st.st_size);
  snprintf(name, sizeof name, "/proc/self/map_files/0%lx-%lx", (long)page, (long)page + 4096);
  OK(readlink(name, target, sizeof target - 1));
  snprintf(name, sizeof name, "/proc/self/map_files/%lx-%lx", (long)page, (long)page + 8192);
  OK(readlink(name, target, sizeof target - 1));

  struct rlimit limit = {100, 2000000};
  SHOW(setrlimit(RLIMIT_NOFILE, &limit));
  SHOW(write_text("/proc/sys/fs/nr_open", "63"));
  SHOW(write_text("/proc/sys/fs/nr_open", "2000000"));
  SHOW(setrlimit(RLIMIT_NOFILE, &limit));
  SHOW(dup2(1, 99));
  SHOW(dup2(1, 100));
  SHOW(write_text("/proc/sys/fs/nr_open", "64"));
  OK(fork());
  SHOW(close(99));
  SHOW(write_text("/proc/sys/fs/nr_open", "1048576"));
  return 0;
}
