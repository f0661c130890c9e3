/* copy_file_range(2) with lengths beyond the end of the file, as programs that copy everything give them. */
#include "show.h"

static int in, out;

static void copy(loff_t from, loff_t to, size_t length) {
  loff_t a = from, b = to;
  errno = 0;
  long result = copy_file_range(in, &a, out, &b, length, 0);
  printf("%lld %lld %zx: %ld %s, now %lld %lld\n", (long long)from, (long long)to, length, result, result < 0 ? error_name(errno) : "", (long long)a, (long long)b);
}

int main(void) {
  setbuf(stdout, NULL);
  unlink("/tmp/in");
  unlink("/tmp/out");
  in = open("/tmp/in", O_CREAT | O_RDWR, 0644);
  out = open("/tmp/out", O_CREAT | O_RDWR, 0644);
  SHOW(write(in, "0123456789", 10));
  copy(0, 0, 4);
  copy(0, 0, SSIZE_MAX);
  copy(4, 0, SSIZE_MAX);
  copy(0, 4, SSIZE_MAX);
  copy(10, 0, SSIZE_MAX);
  copy(4, 0, SSIZE_MAX - 4096);
  copy(0, 0, SIZE_MAX);
  copy(4, 0, SIZE_MAX);
  copy(0, 4, SIZE_MAX);
  copy(0, 0, (size_t)SSIZE_MAX + 4096);
  copy(4, 4, (size_t)SSIZE_MAX + 4096);
  copy(-1, 0, 4);
  SHOW(lseek(in, 4, SEEK_SET));
  SHOW(copy_file_range(in, NULL, out, NULL, SSIZE_MAX, 0));
  SHOW(copy_file_range(in, NULL, out, NULL, SSIZE_MAX, 0));
  SHOW(lseek(in, 0, SEEK_CUR));
}
