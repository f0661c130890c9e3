/* POSIX message queues: names, attributes, order, errors, limits. See mq_overview(7), mq_open(3), mq_send(3), mq_receive(3), mq_getattr(3). */
#include "mqueue.h"

static char buffer[8192];

static void take(mqd_t queue) {
  unsigned priority = 99;
  memset(buffer, 0, sizeof buffer);
  errno = 0;
  ssize_t got = mq_receive(queue, buffer, sizeof buffer, &priority);
  if (got < 0) printf("take: %s\n", error_name(errno));
  else printf("take: %zd bytes, priority %u, %s\n", got, priority, buffer);
}

static void names(void) {
  char longest[NAME_MAX + 3] = "/";
  memset(longest + 1, 'x', NAME_MAX);
  OK(open_raw("plain", O_CREAT | O_RDWR, 0600, NULL));
  SHOW(open_raw("", O_RDONLY, 0, NULL));
  SHOW(open_raw("/", O_RDONLY, 0, NULL));
  SHOW(open_raw(".", O_RDONLY, 0, NULL));
  SHOW(open_raw("..", O_RDONLY, 0, NULL));
  SHOW(open_raw("a/b", O_CREAT | O_RDWR, 0600, NULL));
  OK(open_raw(longest + 1, O_CREAT | O_RDWR, 0600, NULL));
  SHOW(mq_unlink(longest));
  longest[NAME_MAX + 1] = 'x';
  SHOW(open_raw(longest + 1, O_CREAT | O_RDWR, 0600, NULL));
  SHOW(open_raw((char *)1, O_CREAT | O_RDWR, 0600, NULL));
  SHOW(open_raw("x", O_CREAT | O_RDWR, 0600, (struct mq_attr *)1));
  SHOW(mq_open("/absent", O_RDWR));
  SHOW(mq_unlink("/absent"));
  SHOW(mq_unlink("/plain"));
  SHOW(mq_unlink("/plain"));
  SHOW(mq_open("noslash", O_RDWR));
  SHOW(mq_unlink("noslash"));
  SHOW(syscall(SYS_mq_unlink, "a/b"));
  SHOW(syscall(SYS_mq_unlink, (char *)1));
}

static void attributes(void) {
  struct mq_attr attr = {.mq_flags = O_NONBLOCK | 0x123, .mq_maxmsg = 3, .mq_msgsize = 20, .mq_curmsgs = 7};
  mqd_t queue, again;
  OK(queue = mq_open("/attr", O_CREAT | O_EXCL | O_RDWR, 0600, &attr));
  show_attr("new", queue);
  SHOW(mq_open("/attr", O_CREAT | O_EXCL | O_RDWR, 0600, &attr));
  SHOW(mq_open("/attr", O_ACCMODE));
  OK(again = mq_open("/attr", O_CREAT | O_RDWR | O_NONBLOCK, 0600, NULL));
  show_attr("again", again);
  printf("descriptor flags %o, status flags %o\n", fcntl(again, F_GETFD), fcntl(again, F_GETFL));
  printf("of the raw call: descriptor flags %o\n", fcntl(open_raw("attr", O_RDONLY, 0, NULL), F_GETFD));
  struct mq_attr old = {0}, next = {.mq_flags = O_NONBLOCK, .mq_maxmsg = 1000};
  SHOW(mq_setattr(queue, &next, &old));
  printf("old flags %lo\n", old.mq_flags);
  show_attr("set", queue);
  next.mq_flags = O_APPEND;
  SHOW(mq_setattr(queue, &next, &old));
  next.mq_flags = 1L << 40;
  SHOW(mq_setattr(queue, &next, &old));
  next.mq_flags = 0;
  SHOW(mq_setattr(queue, &next, NULL));
  show_attr("clear", queue);
  SHOW(fcntl(queue, F_SETFL, O_NONBLOCK));
  show_attr("fcntl", queue);
  SHOW(mq_getattr(-1, &old));
  SHOW(mq_getattr(1, &old));
  SHOW(syscall(SYS_mq_getsetattr, queue, (void *)1, NULL));
  SHOW(syscall(SYS_mq_getsetattr, queue, NULL, (void *)1));
  SHOW(syscall(SYS_mq_getsetattr, queue, NULL, NULL));
  for (long i = 0; i < 8; i++) {
    static const long pairs[][2] = {{0, 10}, {10, 0}, {-1, 10}, {10, -1}, {65537, 1}, {1, 16777217}, {1L << 40, 1}, {1, 1L << 40}};
    struct mq_attr bad = {.mq_maxmsg = pairs[i][0], .mq_msgsize = pairs[i][1]};
    printf("%ld messages of %ld: ", bad.mq_maxmsg, bad.mq_msgsize);
    SHOW(mq_open("/bad", O_CREAT | O_RDWR, 0600, &bad));
  }
  SHOW(mq_close(queue));
  SHOW(mq_close(queue));
  SHOW(mq_close(again));
  SHOW(mq_unlink("/attr"));
}

static void order(void) {
  struct mq_attr attr = {.mq_maxmsg = 8, .mq_msgsize = 20};
  mqd_t queue, reader, writer;
  OK(queue = mq_open("/order", O_CREAT | O_RDWR | O_NONBLOCK, 0600, &attr));
  OK(reader = mq_open("/order", O_RDONLY));
  OK(writer = mq_open("/order", O_WRONLY));
  take(queue);
  static const struct {
    unsigned priority;
    const char *text;
  } messages[] = {{1, "a"}, {3, "b"}, {1, "c"}, {0, "d"}, {32767, "e"}, {3, "f"}, {2, "g"}, {3, ""}};
  for (int i = 0; i < 8; i++) SHOW(mq_send(writer, messages[i].text, strlen(messages[i].text), messages[i].priority));
  SHOW(mq_send(queue, "full", 4, 0));
  show_attr("full", queue);
  struct pollfd polled[] = {{.fd = queue, .events = POLLIN | POLLOUT}, {.fd = reader, .events = POLLIN | POLLOUT}};
  SHOW(poll(polled, 2, 0));
  printf("events %x %x\n", polled[0].revents, polled[1].revents);
  for (int i = 0; i < 9; i++) take(queue);
  SHOW(poll(polled, 2, 0));
  printf("events %x %x\n", polled[0].revents, polled[1].revents);
  SHOW(mq_send(reader, "x", 1, 0));
  SHOW(mq_receive(writer, buffer, sizeof buffer, NULL));
  SHOW(mq_send(queue, "x", 1, 32768));
  SHOW(mq_send(queue, "x", 21, 0));
  SHOW(mq_send(queue, (char *)1, 20, 0));
  SHOW(mq_receive(queue, buffer, 19, NULL));
  SHOW(mq_send(1, "x", 1, 0));
  SHOW(mq_receive(-1, buffer, 20, NULL));
  SHOW(mq_receive(0, buffer, 20, NULL));
  /* A message that the receiver has no memory for is lost. */
  SHOW(mq_send(queue, "lost", 4, 0));
  SHOW(mq_receive(queue, (char *)1, 20, NULL));
  SHOW(mq_receive(queue, buffer, 20, NULL));
  SHOW(mq_send(queue, "lost", 4, 0));
  SHOW(mq_receive(queue, buffer, 20, (unsigned *)1));
  SHOW(mq_receive(queue, buffer, 20, NULL));
  struct timespec bad = {0, 1000000000}, negative = {-1, 0}, past = {1, 0};
  SHOW(mq_timedsend(queue, "x", 1, 0, &bad));
  SHOW(mq_timedreceive(queue, buffer, 20, NULL, &bad));
  SHOW(mq_timedreceive(queue, buffer, 20, NULL, &negative));
  SHOW(mq_timedreceive(queue, buffer, 20, NULL, (struct timespec *)1));
  SHOW(mq_timedreceive(-1, buffer, 20, NULL, &bad));
  SHOW(mq_timedsend(queue, "x", 1, 32768, &bad));
  SHOW(mq_send(-1, "x", 1, 32768));
  SHOW(mq_timedreceive(queue, buffer, 20, NULL, &past));
  SHOW(mq_timedreceive(reader, buffer, 20, NULL, &past));
  SHOW(mq_timedsend(writer, "x", 1, 0, &past));
  SHOW(mq_timedreceive(reader, buffer, 20, NULL, &past));
  /* The queue lives as long as a descriptor. */
  SHOW(mq_unlink("/order"));
  SHOW(mq_send(queue, "still", 5, 0));
  take(reader);
  struct stat st;
  SHOW(fstat(queue, &st));
  printf("mode %o, %lu links, size %ld\n", st.st_mode, (unsigned long)st.st_nlink, (long)st.st_size);
  mq_close(queue), mq_close(reader), mq_close(writer);
}

static long limit_of(const char *name) {
  char path[64], text[32] = "";
  snprintf(path, sizeof path, "/proc/sys/fs/mqueue/%s", name);
  int fd = open(path, O_RDONLY);
  if (fd < 0 || read(fd, text, sizeof text - 1) < 0) return -1;
  close(fd);
  return atol(text);
}

static void set(const char *name, const char *value) {
  char path[64];
  snprintf(path, sizeof path, "/proc/sys/fs/mqueue/%s", name);
  int fd = open(path, O_WRONLY);
  errno = 0;
  long written = fd < 0 ? -1 : write(fd, value, strlen(value));
  printf("%s = %s: %s, now %ld\n", name, value, written < 0 ? error_name(errno) : "ok", limit_of(name));
  close(fd);
}

static void try(long messages, long size) {
  struct mq_attr attr = {.mq_maxmsg = messages, .mq_msgsize = size};
  errno = 0;
  mqd_t queue = mq_open("/try", O_CREAT | O_RDWR, 0600, messages < 0 ? NULL : &attr);
  printf("%ld messages of %ld: %s\n", messages, size, queue == (mqd_t)-1 ? error_name(errno) : "ok");
  if (queue == (mqd_t)-1) return;
  show_attr("which are", queue);
  mq_close(queue);
  mq_unlink("/try");
}

/* Without CAP_SYS_RESOURCE the sysctls and RLIMIT_MSGQUEUE count. */
static void limited(void) {
  static const char *const names[] = {"queues_max", "msg_max", "msgsize_max", "msg_default", "msgsize_default"};
  for (int i = 0; i < 5; i++) printf("%s %ld\n", names[i], limit_of(names[i]));
  set("msg_max", "0");
  set("msg_max", "65537");
  set("msg_max", "20");
  set("msgsize_max", "127");
  set("msgsize_max", "16777217");
  set("msgsize_max", "100000");
  set("msg_default", "15");
  set("msg_default", "0");
  set("msgsize_default", "127");
  set("msgsize_default", "256");
  set("queues_max", "2");
  struct rlimit limit = {20000, 20000};
  SHOW(setrlimit(RLIMIT_MSGQUEUE, &limit));
  try(-1, 0);
  IN_CHILD("user", {
    SHOW(setgid(1000));
    SHOW(setuid(1000));
    set("msg_max", "30");
    try(-1, 0);
    try(20, 16);
    try(21, 16);
    try(1, 100001);
    try(1, 20000 - 96);
    try(1, 20000 - 95);
    try(10, (20000 - 960) / 10);
    try(10, (20000 - 960) / 10 + 1);
    struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 16};
    mqd_t first, second;
    OK(first = mq_open("/first", O_CREAT | O_RDWR, 0600, &attr));
    OK(second = mq_open("/second", O_CREAT | O_RDWR, 0600, &attr));
    SHOW(mq_open("/third", O_CREAT | O_RDWR, 0600, &attr));
    /* One without a name still counts. */
    SHOW(mq_unlink("/first"));
    SHOW(mq_open("/third", O_CREAT | O_RDWR, 0600, &attr));
    SHOW(mq_close(first));
    OK(first = mq_open("/third", O_CREAT | O_RDWR, 0600, &attr));
    mq_unlink("/second"), mq_unlink("/third");
    mq_close(first), mq_close(second);
    attr.mq_msgsize = 9000;
    OK(first = mq_open("/half", O_CREAT | O_RDWR, 0600, &attr));
    OK(second = mq_open("/half2", O_CREAT | O_RDWR, 0600, &attr));
    attr.mq_msgsize = 2000;
    SHOW(mq_close(second) || mq_unlink("/half2"));
    OK(second = mq_open("/rest", O_CREAT | O_RDWR, 0600, &attr));
    mq_unlink("/half"), mq_unlink("/rest");
  });
  set("queues_max", "256");
}

int main(void) {
  own_namespace();
  names();
  attributes();
  order();
  limited();
  return 0;
}
