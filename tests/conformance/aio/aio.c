/* Asynchronous I/O of the kernel: contexts, requests, events, the ring, eventfds, polls. See io_setup(2), io_submit(2), io_getevents(2). */
#include "show.h"
#include <linux/aio_abi.h>
#include <sys/eventfd.h>
#include <sys/uio.h>

#define io_setup(n, c) syscall(SYS_io_setup, n, c)
#define io_destroy(c) syscall(SYS_io_destroy, c)
#define io_submit(c, n, l) syscall(SYS_io_submit, c, (long)(n), l)
#define io_getevents(c, least, most, e, t) syscall(SYS_io_getevents, c, (long)(least), (long)(most), e, t)
#define io_cancel(c, i, r) syscall(SYS_io_cancel, c, i, r)

struct ring { unsigned id, nr, head, tail, magic, compat, incompat, length; struct io_event events[]; };
static struct iocb requests[300], *list[300];
static struct io_event events[300];
static aio_context_t ctx;
static const struct timespec none = {0, 0}, short_time = {0, 30000000};

static struct iocb *request(int i, int op, int fd, void *buf, size_t bytes, long long offset) {
  requests[i] = (struct iocb){.aio_data = 0x1122334455660000ULL + i, .aio_key = 77, .aio_lio_opcode = op, .aio_fildes = fd, .aio_buf = (uintptr_t)buf, .aio_nbytes = bytes, .aio_offset = offset};
  return list[i] = &requests[i];
}

static void reap(long least, long most, const struct timespec *limit) {
  struct timespec copy = limit ? *limit : none;
  errno = 0;
  long n = io_getevents(ctx, least, most, events, limit ? &copy : NULL);
  if (n < 0) { printf("events: %s\n", error_name(errno)); return; }
  printf("events: %ld\n", n);
  for (long i = 0; i < n; i++)
    printf("  %llx of request %d: %lld %lld\n", events[i].data, (int)((struct iocb *)(uintptr_t)events[i].obj - requests), events[i].res, events[i].res2);
}

static long number(const char *path) {
  char text[32] = "";
  int fd = open(path, O_RDONLY);
  read(fd, text, sizeof text - 1);
  close(fd);
  return atol(text);
}

static void handler(int s) { (void)s; }

static void *later(void *arg) {
  usleep(50000);
  write(*(int *)arg, "late", 4);
  return NULL;
}

static void *destroyer(void *arg) {
  (void)arg;
  usleep(50000);
  io_destroy(ctx);
  return NULL;
}

int main(void) {
  char buf[64] = "", other[64] = "";
  long base = number("/proc/sys/fs/aio-nr");
  printf("most %ld\n", number("/proc/sys/fs/aio-max-nr"));
  SHOW(io_setup(0, &ctx));
  ctx = 1;
  SHOW(io_setup(1, &ctx));
  ctx = 0;
  SHOW(io_setup(1, NULL));
  SHOW(io_setup(100000, &ctx));
  SHOW(io_setup(0x7fffffff, &ctx));
  SHOW(io_setup(10, &ctx));
  printf("used %ld\n", number("/proc/sys/fs/aio-nr") - base);
  struct ring *ring = (struct ring *)ctx;
  printf("ring nr %u head %u tail %u magic %x compat %u incompat %u length %u\n", ring->nr, ring->head, ring->tail, ring->magic, ring->compat, ring->incompat, ring->length);

  int fd = open("/tmp/aio", O_RDWR | O_CREAT | O_TRUNC, 0644);
  strcpy(buf, "hello");
  request(0, IOCB_CMD_PWRITE, fd, buf, 5, 3);
  request(1, IOCB_CMD_PREAD, fd, other, 64, 0);
  SHOW(io_submit(ctx, 2, list));
  printf("key %u, position %ld\n", requests[0].aio_key, (long)lseek(fd, 0, SEEK_CUR));
  printf("head %u tail %u\n", ring->head, ring->tail);
  reap(1, 10, NULL);
  printf("\"%s\" head %u tail %u\n", other + 3, ring->head, ring->tail);
  reap(0, 10, NULL);
  reap(1, 10, &none);
  reap(1, 10, &short_time);
  struct iovec iov[2] = {{buf, 2}, {buf + 3, 2}};
  request(0, IOCB_CMD_PWRITEV, fd, iov, 2, 0);
  request(1, IOCB_CMD_PREADV, fd, iov, 2, 3);
  request(2, IOCB_CMD_FSYNC, fd, NULL, 0, 0);
  request(3, IOCB_CMD_FDSYNC, fd, NULL, 0, 0);
  SHOW(io_submit(ctx, 4, list));
  reap(2, 2, NULL);
  reap(2, 10, NULL);

  printf("-- refused\n");
  int ro = open("/tmp/aio", O_RDONLY), dir = open("/tmp", O_RDONLY);
  request(0, IOCB_CMD_PWRITE, ro, buf, 5, 0);
  SHOW(io_submit(ctx, 1, list));
  request(0, IOCB_CMD_PREAD, 99, buf, 5, 0);
  SHOW(io_submit(ctx, 1, list));
  request(0, IOCB_CMD_PREAD, dir, buf, 5, 0);
  SHOW(io_submit(ctx, 1, list));
  request(0, IOCB_CMD_PREAD, fd, buf, 5, -1);
  SHOW(io_submit(ctx, 1, list));
  request(0, IOCB_CMD_PREAD, fd, NULL, 5, 0);
  SHOW(io_submit(ctx, 1, list));
  request(0, IOCB_CMD_PREAD, fd, buf, -5, 0);
  SHOW(io_submit(ctx, 1, list));
  request(0, IOCB_CMD_NOOP, fd, NULL, 0, 0);
  SHOW(io_submit(ctx, 1, list));
  request(0, 42, fd, NULL, 0, 0);
  SHOW(io_submit(ctx, 1, list));
  request(0, IOCB_CMD_FSYNC, fd, buf, 0, 0);
  SHOW(io_submit(ctx, 1, list));
  request(0, IOCB_CMD_PREAD, fd, buf, 5, 0)->aio_reserved2 = 1;
  SHOW(io_submit(ctx, 1, list));
  request(0, IOCB_CMD_PREAD, fd, buf, 5, 0)->aio_flags = IOCB_FLAG_RESFD;
  requests[0].aio_resfd = fd;
  SHOW(io_submit(ctx, 1, list));
  requests[0].aio_resfd = 99;
  SHOW(io_submit(ctx, 1, list));
  list[0] = NULL;
  SHOW(io_submit(ctx, 1, list));
  SHOW(io_submit(ctx, 1, NULL));
  SHOW(io_submit(ctx, -1, list));
  SHOW(io_submit(ctx, 0, list));
  SHOW(io_submit(ctx + 4096, 1, list));
  SHOW(io_submit(0, 1, list));
  request(0, IOCB_CMD_PREAD, fd, buf, 2, 0);
  request(1, 42, fd, buf, 2, 0);
  SHOW(io_submit(ctx, 2, list));
  reap(0, 10, &none);
  SHOW(io_getevents(ctx, -1, 1, events, NULL));
  SHOW(io_getevents(ctx, 2, 1, events, NULL));
  SHOW(io_getevents(0, 0, 1, events, NULL));
  request(0, IOCB_CMD_PREAD, fd, buf, 2, 0);
  SHOW(io_submit(ctx, 1, list));
  SHOW(io_getevents(ctx, 1, 1, NULL, NULL));
  SHOW(io_getevents(ctx, 1, 1, events, (void *)1));
  reap(1, 1, NULL);

  printf("-- all places\n");
  for (int i = 0; i < 300; i++) request(i, IOCB_CMD_PREAD, fd, buf, 1, 0);
  long n = io_submit(ctx, 300, list);
  printf("at least what was asked for: %d\n", n >= 10);
  SHOW(io_submit(ctx, 1, list));
  printf("all: %d\n", io_getevents(ctx, 300, 300, events, (struct timespec *)&none) == n);
  SHOW(io_submit(ctx, 1, list));
  ring->head = ring->tail;
  reap(0, 1, &none);

  printf("-- pipes\n");
  int p[2];
  pipe(p);
  write(p[1], "abc", 3);
  request(0, IOCB_CMD_PREAD, p[0], buf, 64, 0);
  SHOW(io_submit(ctx, 1, list));
  reap(1, 1, NULL);
  pthread_t thread;
  pthread_create(&thread, NULL, later, &p[1]);
  request(0, IOCB_CMD_PREAD, fd, other, 1, 0);
  request(1, IOCB_CMD_PREAD, p[0], buf, 64, 100);
  request(2, IOCB_CMD_PREAD, fd, other, 2, 0);
  SHOW(io_submit(ctx, 3, list));
  pthread_join(thread, NULL);
  reap(3, 3, NULL);
  fcntl(p[0], F_SETFL, O_NONBLOCK);
  request(0, IOCB_CMD_PREAD, p[0], buf, 64, 0);
  SHOW(io_submit(ctx, 1, list));
  reap(1, 1, NULL);
  fcntl(p[0], F_SETFL, 0);
  request(0, IOCB_CMD_PREAD, p[0], buf, 64, 0)->aio_rw_flags = 8;
  SHOW(io_submit(ctx, 1, list));
  reap(1, 1, NULL);
  struct sigaction action = {.sa_handler = handler};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval alarm = {.it_value = {0, 50000}};
  setitimer(ITIMER_REAL, &alarm, NULL);
  request(0, IOCB_CMD_PREAD, p[0], buf, 64, 0);
  SHOW(io_submit(ctx, 1, list));
  reap(1, 1, NULL);
  setitimer(ITIMER_REAL, &alarm, NULL);
  reap(1, 1, NULL);

  printf("-- eventfd\n");
  int event = eventfd(0, EFD_NONBLOCK);
  uint64_t count = 0;
  for (int i = 0; i < 3; i++) {
    request(i, IOCB_CMD_PREAD, fd, other, 1, 0)->aio_flags = IOCB_FLAG_RESFD;
    requests[i].aio_resfd = event;
  }
  SHOW(io_submit(ctx, 3, list));
  read(event, &count, 8);
  printf("count %lu\n", (long)count);
  reap(3, 3, NULL);

  printf("-- polls\n");
  request(0, IOCB_CMD_POLL, p[0], (void *)POLLIN, 0, 0)->aio_flags = IOCB_FLAG_RESFD;
  requests[0].aio_resfd = event;
  request(1, IOCB_CMD_POLL, p[1], (void *)(POLLIN | POLLOUT), 0, 0);
  request(2, IOCB_CMD_POLL, p[0], (void *)POLLIN, 1, 0);
  SHOW(io_submit(ctx, 3, list));
  reap(0, 3, &none);
  write(p[1], "x", 1);
  reap(1, 3, &short_time);
  count = 0;
  read(event, &count, 8);
  printf("count %lu\n", (long)count);
  read(p[0], buf, 1);
  request(0, IOCB_CMD_POLL, p[0], (void *)POLLIN, 0, 0);
  SHOW(io_submit(ctx, 1, list));
  SHOW(io_cancel(ctx, &requests[1], events));
  SHOW(io_cancel(ctx, &requests[0], events));
  reap(1, 1, &short_time);
  SHOW(io_cancel(ctx, &requests[0], events));
  requests[0].aio_key = 5;
  SHOW(io_cancel(ctx, &requests[0], events));
  SHOW(io_cancel(ctx, NULL, events));
  request(0, IOCB_CMD_POLL, p[0], (void *)POLLIN, 0, 0);
  SHOW(io_submit(ctx, 1, list));
  close(p[1]);
  reap(1, 1, &short_time);

  printf("-- the end\n");
  fflush(stdout);
  if (fork() == 0) {
    SHOW(io_submit(ctx, 0, list));
    printf("a child's ring: %x\n", ring->magic);
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  pthread_create(&thread, NULL, destroyer, NULL);
  reap(1, 1, NULL);
  pthread_join(thread, NULL);
  SHOW(io_destroy(ctx));
  SHOW(io_destroy(0));
  usleep(50000);
  printf("used %ld\n", number("/proc/sys/fs/aio-nr") - base);
  unsigned char vec;
  SHOW(mincore((void *)ctx, 4096, &vec));
  return 0;
}
