/* splice(2), tee(2), vmsplice(2). */
#include "show.h"
#include <sys/uio.h>

static char buf[200000] __attribute__((aligned(4096)));

static void text(int fd) {
  char b[100];
  int n = read(fd, b, sizeof b - 1);
  if (n < 0) printf("  read: %s\n", error_name(errno));
  else printf("  read %d: %.*s\n", n, n, b);
}

int main(void) {
  int a[2], b[2];
  pipe2(a, O_NONBLOCK);
  pipe2(b, O_NONBLOCK);
  int f = open("/tmp/splice", O_RDWR | O_CREAT | O_TRUNC, 0600);
  write(f, "0123456789abcdef", 16);
  SHOW(splice(f, NULL, a[1], NULL, 4, 0));
  text(a[0]);
  lseek(f, 0, SEEK_SET);
  SHOW(splice(f, NULL, a[1], NULL, 4, 0));
  SHOW(lseek(f, 0, SEEK_CUR));
  loff_t at = 10;
  SHOW(splice(f, &at, a[1], NULL, 100, 0));
  printf("at %ld, position %ld\n", (long)at, (long)lseek(f, 0, SEEK_CUR));
  text(a[0]);
  SHOW(splice(f, &at, a[1], NULL, 100, 0));
  write(a[1], "hello", 5);
  SHOW(tee(a[0], b[1], 3, 0));
  SHOW(tee(a[0], b[1], 100, 0));
  text(b[0]);
  write(a[1], " world", 6);
  SHOW(splice(a[0], NULL, b[1], NULL, 7, 0));
  text(b[0]);
  text(a[0]);
  SHOW(splice(a[0], NULL, b[1], NULL, 7, 0));
  SHOW(tee(a[0], b[1], 7, 0));
  write(a[1], "to the file", 11);
  at = 2;
  SHOW(splice(a[0], NULL, f, &at, 6, 0));
  printf("at %ld\n", (long)at);
  lseek(f, 0, SEEK_SET);
  text(f);
  SHOW(splice(a[0], &at, f, NULL, 6, 0));
  SHOW(splice(f, NULL, f, NULL, 6, 0));
  SHOW(splice(a[0], NULL, a[1], NULL, 6, 0));
  SHOW(tee(a[0], a[1], 6, 0));
  SHOW(splice(a[1], NULL, b[1], NULL, 6, 0));
  SHOW(splice(99, NULL, b[1], NULL, 6, 0));
  SHOW(splice(a[0], NULL, b[1], NULL, 6, 0x100));
  SHOW(splice(a[0], NULL, b[1], NULL, 0, 0));
  text(a[0]);
  struct iovec v[2] = {{"vm", 2}, {"splice", 6}};
  SHOW(vmsplice(a[1], v, 2, 0));
  text(a[0]);
  v[0].iov_base = buf;
  v[0].iov_len = sizeof buf;
  SHOW(vmsplice(a[1], v, 1, SPLICE_F_NONBLOCK));
  SHOW(vmsplice(a[1], v, 1, SPLICE_F_NONBLOCK));
  v[0].iov_len = 10;
  SHOW(vmsplice(a[0], v, 1, 0));
  SHOW(vmsplice(f, v, 1, 0));
  close(b[0]);
  signal(SIGPIPE, SIG_IGN);
  SHOW(splice(a[0], NULL, b[1], NULL, 6, 0));
  close(b[1]);
  /* A page that two pipes share is not changed by later writes. */
  pipe2(b, O_NONBLOCK);
  while (read(a[0], buf, sizeof buf) > 0) continue;
  write(a[1], "shared", 6);
  tee(a[0], b[1], 100, 0);
  write(a[1], "+a", 2);
  write(b[1], "+b", 2);
  text(a[0]);
  text(b[0]);
  int n = open("/dev/null", O_WRONLY);
  write(a[1], "gone", 4);
  SHOW(splice(a[0], NULL, n, NULL, 100, 0));
  text(a[0]);
  return 0;
}
