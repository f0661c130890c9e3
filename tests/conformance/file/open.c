/* open(2), openat(2), openat2(2): flags, errors, path walk. */
#include "show.h"
#include <linux/openat2.h>
#include <sys/ioctl.h>

#define OPEN(...)                                                          \
  do {                                                                     \
    errno = 0;                                                             \
    int fd_ = open(__VA_ARGS__);                                           \
    printf("open(%s): %s\n", #__VA_ARGS__, fd_ < 0 ? error_name(errno) : "ok"); \
    if (fd_ >= 0) close(fd_);                                              \
  } while (0)

static void how(int dir, const char *path, unsigned long flags, unsigned long resolve) {
  struct open_how h = {.flags = flags, .resolve = resolve};
  int fd = syscall(SYS_openat2, dir, path, &h, sizeof h);
  printf("openat2(%s, %lx, %lx): %s\n", path, flags, resolve, fd < 0 ? error_name(errno) : "ok");
  if (fd >= 0) close(fd);
}

int main(void) {
  mkdir("/tmp/o", 0755);
  chdir("/tmp/o");
  umask(022);
  SHOW(mkdir("d", 0755));
  OPEN("f", O_RDONLY);
  OPEN("f", O_RDWR | O_CREAT, 0666);
  OPEN("f", O_RDWR | O_CREAT | O_EXCL, 0666);
  OPEN("f/", O_RDONLY);
  OPEN("g/", O_RDONLY | O_CREAT, 0666);
  OPEN("d/", O_RDONLY | O_CREAT, 0666);
  OPEN("d", O_RDONLY | O_CREAT, 0666);
  OPEN("d", O_WRONLY);
  OPEN("d", O_RDONLY);
  OPEN("d", O_RDONLY | O_TRUNC);
  OPEN("f", O_RDONLY | O_DIRECTORY);
  OPEN("f", O_CREAT | O_DIRECTORY, 0666);
  OPEN("d/.", O_CREAT | O_RDONLY, 0666);
  OPEN("d/..", O_CREAT | O_RDONLY, 0666);
  OPEN("", O_RDONLY);
  OPEN("f/x", O_RDONLY);
  OPEN("none/x", O_RDONLY | O_CREAT, 0666);
  SHOW(symlink("f", "l"));
  SHOW(symlink("gone", "dangling"));
  SHOW(symlink("loop", "loop"));
  OPEN("l", O_RDONLY | O_NOFOLLOW);
  OPEN("l", O_RDONLY | O_CREAT | O_EXCL, 0666);
  OPEN("dangling", O_RDONLY);
  OPEN("dangling", O_RDONLY | O_CREAT | O_NOFOLLOW, 0666);
  OPEN("dangling", O_RDONLY | O_CREAT, 0666);
  SHOW(access("gone", F_OK));
  OPEN("loop", O_RDONLY);
  OPEN("l", O_PATH | O_NOFOLLOW);
  OPEN("l/", O_RDONLY);
  OPEN((char *)8, O_RDONLY);
  OPEN(".", O_TMPFILE | O_RDWR, 0600);
  OPEN(".", O_TMPFILE | O_RDONLY, 0600);
  OPEN("f", O_TMPFILE | O_RDWR, 0600);
  char name[5000];
  memset(name, 'a', sizeof name);
  name[256] = 0;
  OPEN(name, O_RDONLY);
  name[255] = 0;
  OPEN(name, O_RDONLY);
  name[255] = 'a';
  name[4096] = 0;
  OPEN(name, O_RDONLY);
  int fd = open("f", O_RDWR | O_APPEND | O_NONBLOCK | O_CLOEXEC);
  printf("flags %o\n", fcntl(fd, F_GETFL));
  SHOW(fcntl(fd, F_GETFD));
  SHOW(fcntl(fd, F_SETFL, 0));
  printf("flags %o\n", fcntl(fd, F_GETFL));
  int path = open("f", O_PATH);
  printf("flags %o\n", fcntl(path, F_GETFL));
  char c;
  SHOW(read(path, &c, 1));
  SHOW(write(path, &c, 1));
  SHOW(fchmod(path, 0600));
  SHOW(lseek(path, 0, SEEK_SET));
  SHOW(fcntl(path, F_SETFL, O_NONBLOCK));
  SHOW(ioctl(path, 0x541b, &c));
  struct stat st;
  SHOW(fstat(path, &st));
  SHOW(close(path));
  SHOW(close(path));
  SHOW(dup2(fd, 100));
  SHOW(dup3(fd, fd, 0));
  SHOW(dup2(fd, fd) == fd);
  SHOW(dup3(fd, 101, 1));
  SHOW(fcntl(fd, F_DUPFD, 50));
  SHOW(fcntl(fd, F_DUPFD, -1));
  SHOW(fcntl(fd, F_DUPFD_CLOEXEC, 50));
  SHOW(fcntl(51, F_GETFD));
  SHOW(dup(99));
  SHOW(syscall(SYS_close_range, 50, 60, 0));
  SHOW(fcntl(50, F_GETFD));
  SHOW(syscall(SYS_close_range, 100, 100, 4));
  SHOW(fcntl(100, F_GETFD));
  SHOW(syscall(SYS_close_range, 5, 4, 0));
  struct rlimit limit = {10, 20};
  setrlimit(RLIMIT_NOFILE, &limit);
  int n = 0;
  while (open("f", O_RDONLY) >= 0) n++;
  printf("%d more: %s\n", n, error_name(errno));
  OPEN("none", O_RDONLY);
  SHOW(dup2(fd, 10));
  SHOW(fcntl(fd, F_DUPFD, 10));
  syscall(SYS_close_range, 3, 200, 0);
  int dir = open("d", O_PATH | O_DIRECTORY);
  symlink("/tmp/o/f", "d/abs");
  symlink("../f", "d/up");
  symlink("/inside", "d/in");
  close(open("d/inside", O_CREAT | O_WRONLY, 0644));
  how(dir, "inside", O_RDONLY, 0);
  how(dir, "abs", O_RDONLY, RESOLVE_BENEATH);
  how(dir, "up", O_RDONLY, RESOLVE_BENEATH);
  how(dir, "../f", O_RDONLY, RESOLVE_BENEATH);
  how(dir, "../d/inside", O_RDONLY, RESOLVE_BENEATH);
  how(dir, "abs", O_RDONLY, RESOLVE_IN_ROOT);
  how(dir, "in", O_RDONLY, RESOLVE_IN_ROOT);
  how(dir, "../../in", O_RDONLY, RESOLVE_IN_ROOT);
  how(dir, "/in", O_RDONLY, RESOLVE_IN_ROOT);
  how(dir, "/in", O_RDONLY, RESOLVE_BENEATH);
  how(dir, "up", O_RDONLY, RESOLVE_NO_SYMLINKS);
  how(dir, "inside", O_RDONLY, RESOLVE_NO_SYMLINKS);
  how(dir, "/proc/self/exe", O_RDONLY, RESOLVE_NO_MAGICLINKS);
  how(AT_FDCWD, "/proc/version", O_RDONLY, RESOLVE_NO_XDEV);
  how(dir, "inside", O_RDONLY, RESOLVE_IN_ROOT | RESOLVE_BENEATH);
  how(dir, "inside", O_RDONLY | (1UL << 30), 0);
  how(dir, "inside", O_RDONLY | (1UL << 40), 0);
  how(dir, "inside", O_RDONLY, 1UL << 20);
  struct open_how h = {.flags = O_RDONLY, .mode = 0644};
  SHOW(syscall(SYS_openat2, dir, "inside", &h, sizeof h));
  h.mode = 0;
  SHOW(syscall(SYS_openat2, dir, "inside", &h, 23));
  char big[64] = {0};
  big[40] = 1;
  SHOW(syscall(SYS_openat2, dir, "inside", big, 64));
  big[40] = 0;
  OK(syscall(SYS_openat2, dir, "inside", big, 64));
  OK(openat(dir, "inside", O_RDONLY));
  SHOW(openat(99, "inside", O_RDONLY));
  SHOW(openat(99, "/tmp/o/none", O_RDONLY));
  int file = open("f", O_RDONLY);
  SHOW(openat(file, "inside", O_RDONLY));
  return 0;
}
