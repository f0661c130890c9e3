/* FIFOs: opening waits for the other end; POLLHUP only after a writer. */
#include "show.h"

static void handler(int s) { (void)s; }
static void show_poll(const char *what, int fd) {
  struct pollfd p = {fd, POLLIN | POLLOUT, 0};
  int n = poll(&p, 1, 0);
  printf("poll %s: %d %x\n", what, n, p.revents);
}

int main(void) {
  char b[100];
  chdir("/tmp");
  unlink("f");
  SHOW(mkfifo("f", 0600));
  SHOW(mkfifo("f", 0600));
  struct stat s;
  stat("f", &s);
  printf("mode %o size %ld\n", s.st_mode, (long)s.st_size);
  SHOW(open("f", O_WRONLY | O_NONBLOCK));
  int r = open("f", O_RDONLY | O_NONBLOCK);
  SHOW(read(r, b, 10));
  show_poll("fresh reader", r);
  int w = open("f", O_WRONLY | O_NONBLOCK);
  IS(w > 0);
  SHOW(read(r, b, 10));
  SHOW(write(w, "abc", 3));
  int r2 = open("f", O_RDONLY);
  SHOW(read(r2, b, 2));
  SHOW(read(r, b, 2));
  close(w);
  show_poll("reader after writer", r);
  SHOW(read(r, b, 10));
  close(r);
  close(r2);
  int rw = open("f", O_RDWR);
  show_poll("both", rw);
  SHOW(write(rw, "kept", 4));
  SHOW(read(rw, b, 4));
  close(rw);
  fflush(stdout);
  if (fork() == 0) {
    millis(50);
    int fd = open("f", O_WRONLY);
    write(fd, "from child", 10);
    _exit(0);
  }
  long t = now_ms();
  r = open("f", O_RDONLY);
  IS(now_ms() - t >= 40);
  wait(NULL);
  SHOW(read(r, b, 100));
  SHOW(read(r, b, 100));
  close(r);
  /* A reader that opens and closes at once still lets the writer in. */
  signal(SIGPIPE, SIG_IGN);
  if (fork() == 0) {
    millis(50);
    close(open("f", O_RDONLY));
    _exit(0);
  }
  w = open("f", O_WRONLY);
  IS(w > 0);
  wait(NULL);
  SHOW(write(w, "x", 1));
  close(w);
  /* Interrupted, and the end it stood for is gone again. */
  struct sigaction sa = {.sa_handler = handler};
  sigaction(SIGALRM, &sa, NULL);
  ualarm(50000, 0);
  SHOW(open("f", O_RDONLY));
  SHOW(open("f", O_WRONLY | O_NONBLOCK));
  ualarm(50000, 0);
  SHOW(open("f", O_WRONLY));
  r = open("f", O_RDONLY | O_NONBLOCK);
  SHOW(read(r, b, 1));
  SHOW(fcntl(r, F_GETPIPE_SZ));
  SHOW(unlink("f"));
  fstat(r, &s);
  printf("nlink %d\n", (int)s.st_nlink);
  /* Through /proc. */
  int p[2];
  pipe(p);
  char name[40];
  sprintf(name, "/proc/self/fd/%d", p[1]);
  w = open(name, O_WRONLY);
  IS(w > 0);
  SHOW(write(w, "again", 5));
  SHOW(read(p[0], b, 100));
  close(w);
  close(p[1]);
  SHOW(read(p[0], b, 100));
  int n = readlink(name, b, sizeof b);
  IS(n < 0);
  sprintf(name, "/proc/self/fd/%d", p[0]);
  n = readlink(name, b, sizeof b - 1);
  IS(n > 7 && !strncmp(b, "pipe:[", 6));
  return 0;
}
