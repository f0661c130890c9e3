/* Pipes: capacity, atomicity, packets, ends that go away, what a signal leaves. */
#include "show.h"
#include <sys/ioctl.h>
#include <sys/uio.h>

static char buf[1 << 21];
static volatile sig_atomic_t got;
static void handler(int s) { got = s; }

static void show_poll(const char *what, int fd) {
  struct pollfd p = {fd, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0};
  int n = poll(&p, 1, 0);
  printf("poll %s: %d %x\n", what, n, p.revents);
}

static long fill(int fd, int size) {
  long total = 0, n;
  while ((n = write(fd, buf, size)) > 0) total += n;
  return total;
}

static long drain(int fd) {
  long total = 0, n;
  while ((n = read(fd, buf, sizeof buf)) > 0) total += n;
  return total;
}

static void fills(void) {
  static const int sizes[] = {1, 100, 2048, 2049, 2500, 4095, 4096, 4097, 5000, 65536, 100000};
  for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    int p[2];
    pipe2(p, O_NONBLOCK);
    long total = fill(p[1], sizes[i]);
    int available;
    ioctl(p[0], FIONREAD, &available);
    printf("writes of %d: %ld, FIONREAD %d, drained %ld\n", sizes[i], total, available, drain(p[0]));
    close(p[0]);
    close(p[1]);
  }
}

static void ends(void) {
  int p[2];
  SHOW(pipe2(p, 0x7) );
  SHOW(pipe2((int *)8, 0));
  SHOW(pipe2(p, O_NONBLOCK | O_CLOEXEC));
  IS(fcntl(p[0], F_GETFD) == FD_CLOEXEC);
  SHOW(fcntl(p[0], F_GETFL));
  SHOW(fcntl(p[1], F_GETFL) == (O_WRONLY | O_NONBLOCK));
  SHOW(lseek(p[0], 0, SEEK_SET));
  SHOW(pread(p[0], buf, 1, 0));
  SHOW(write(p[0], "x", 1));
  SHOW(read(p[1], buf, 1));
  SHOW(fsync(p[0]));
  SHOW(ftruncate(p[1], 0));
  struct stat s;
  fstat(p[0], &s);
  printf("mode %o size %ld nlink %d blksize %d uid %d\n", s.st_mode, (long)s.st_size, (int)s.st_nlink, (int)s.st_blksize, s.st_uid);
  SHOW(fchmod(p[0], 0400));
  fstat(p[1], &s);
  printf("mode %o\n", s.st_mode);
  SHOW(read(p[0], buf, 10));
  SHOW(read(p[0], buf, 0));
  SHOW(write(p[1], "hello", 5));
  SHOW(read(p[0], (char *)8, 3));
  SHOW(write(p[1], (char *)8, 3));
  show_poll("read end with data", p[0]);
  show_poll("write end with room", p[1]);
  SHOW(read(p[0], buf, 100));
  SHOW(fill(p[1], 4096));
  show_poll("full write end", p[1]);
  SHOW(read(p[0], buf, 4095));
  show_poll("write end after 4095 bytes", p[1]);
  SHOW(write(p[1], "x", 1));
  SHOW(read(p[0], buf, 1));
  show_poll("write end after 4096 bytes", p[1]);
  SHOW(write(p[1], buf, 5000));
  SHOW(drain(p[0]));
  close(p[1]);
  show_poll("read end without writer", p[0]);
  SHOW(read(p[0], buf, 10));
  close(p[0]);
  pipe(p);
  close(p[0]);
  show_poll("write end without reader", p[1]);
  signal(SIGPIPE, handler);
  SHOW(write(p[1], "x", 1));
  printf("signal %d\n", got);
  SHOW(write(p[1], "x", 0));
  signal(SIGPIPE, SIG_DFL);
  IN_CHILD("SIGPIPE", write(p[1], "x", 1));
  close(p[1]);
}

static void sizes(void) {
  int p[2];
  pipe2(p, O_NONBLOCK);
  SHOW(fcntl(p[0], F_GETPIPE_SZ));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, 5000));
  SHOW(fill(p[1], 1000));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, 0));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, -1));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, 1 << 20));
  SHOW(fill(p[1], 65536));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, 4096));
  SHOW(drain(p[0]));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, 4096));
  SHOW(fill(p[1], 65536));
  close(p[0]);
  close(p[1]);
}

static void packets(void) {
  int p[2];
  pipe2(p, O_DIRECT | O_NONBLOCK);
  SHOW(write(p[1], "one", 3));
  SHOW(write(p[1], "two", 3));
  SHOW(write(p[1], buf, 5000));
  int available;
  ioctl(p[0], FIONREAD, &available);
  printf("FIONREAD %d\n", available);
  SHOW(read(p[0], buf, 1));
  SHOW(read(p[0], buf, 100));
  SHOW(read(p[0], buf, 100000));
  SHOW(read(p[0], buf, 100000));
  SHOW(read(p[0], buf, 100000));
  SHOW(fcntl(p[1], F_SETFL, O_NONBLOCK));
  SHOW(write(p[1], "aa", 2));
  SHOW(write(p[1], "bb", 2));
  SHOW(read(p[0], buf, 100));
  close(p[0]);
  close(p[1]);
}

static void blocking(void) {
  int p[2];
  pipe(p);
  for (int i = 0; i < (int)sizeof buf; i++) buf[i] = i % 251;
  fflush(stdout);
  if (fork() == 0) {
    close(p[0]);
    long n = write(p[1], buf, 300000);
    printf("child wrote %ld\n", n);
    _exit(0);
  }
  close(p[1]);
  long total = 0, n, wrong = 0;
  static char in[7777];
  while ((n = read(p[0], in, sizeof in)) > 0) {
    for (int i = 0; i < n; i++) wrong += in[i] != (char)((total + i) % 251);
    total += n;
  }
  wait(NULL);
  printf("read %ld, %ld wrong\n", total, wrong);
  close(p[0]);

  /* What a signal leaves of a write that has begun, and of one that has not. */
  struct sigaction sa = {.sa_handler = handler};
  sigaction(SIGALRM, &sa, NULL);
  pipe(p);
  ualarm(50000, 0);
  SHOW(write(p[1], buf, 100000));
  ualarm(50000, 0);
  SHOW(write(p[1], buf, 10));
  drain((fcntl(p[0], F_SETFL, O_NONBLOCK), p[0]));
  fcntl(p[0], F_SETFL, 0);
  ualarm(50000, 0);
  SHOW(read(p[0], buf, 10));
  sa.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &sa, NULL);
  fflush(stdout);
  if (fork() == 0) {
    millis(150);
    write(p[1], "late", 4);
    _exit(0);
  }
  ualarm(50000, 0);
  SHOW(read(p[0], buf, 10));
  wait(NULL);
  close(p[0]);
  close(p[1]);

  /* Vectors; a reader that goes away while a writer sleeps. */
  pipe(p);
  struct iovec v[3] = {{"ab", 2}, {NULL, 0}, {"cde", 3}};
  SHOW(writev(p[1], v, 3));
  struct iovec w[2] = {{buf, 1}, {buf + 100, 10}};
  SHOW(readv(p[0], w, 2));
  printf("%c %.4s\n", buf[0], buf + 100);
  signal(SIGPIPE, SIG_IGN);
  fflush(stdout);
  if (fork() == 0) {
    close(p[0]);
    SHOW(write(p[1], buf, 100000));
    SHOW(write(p[1], buf, 100000));
    _exit(0);
  }
  millis(50);
  close(p[0]);
  wait(NULL);
  close(p[1]);
}

int main(void) {
  fills();
  ends();
  sizes();
  packets();
  blocking();
  return 0;
}
