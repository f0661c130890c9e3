/* Waiting for messages and for room: order, timeouts, signals, stops, poll. See mq_send(3), mq_receive(3). */
#include "mqueue.h"
#include <sys/epoll.h>

static mqd_t queue;
static char buffer[64];
/* Results of the waiters, in the order in which they had them. */
static struct {
  atomic_int count;
  struct {
    int who, result, error;
    char text[16];
  } entry[32];
} *board;

static void enter(int who, int result, const char *text) {
  int at = atomic_fetch_add(&board->count, 1);
  board->entry[at].who = who;
  board->entry[at].result = result;
  board->entry[at].error = errno;
  strncpy(board->entry[at].text, text, 15);
}

static void show_board(int from) {
  for (int i = from; i < board->count; i++) {
    if (board->entry[i].result < 0) printf("%d: %s\n", board->entry[i].who, error_name(board->entry[i].error));
    else printf("%d: %d %s\n", board->entry[i].who, board->entry[i].result, board->entry[i].text);
  }
}

static char state_of(pid_t pid) {
  char path[32], text[256] = "";
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  int fd = open(path, O_RDONLY);
  if (read(fd, text, sizeof text - 1) < 0) return '?';
  close(fd);
  return strrchr(text, ')')[2];
}

static void until_asleep(pid_t pid) {
  while (state_of(pid) != 'S') millis(2);
  millis(5);
  while (state_of(pid) != 'S') millis(2);
}

static pid_t receiver(int who, int nice_by) {
  pid_t pid = fork();
  if (pid > 0) {
    until_asleep(pid);
    return pid;
  }
  char text[64] = "";
  if (nice_by && nice(nice_by) < 0) _exit(1);
  int got = mq_receive(queue, text, sizeof text, NULL);
  enter(who, got, text);
  _exit(0);
}

static pid_t sender(int who, const char *text, unsigned priority) {
  pid_t pid = fork();
  if (pid > 0) {
    until_asleep(pid);
    return pid;
  }
  int result = mq_send(queue, text, strlen(text), priority);
  enter(who, result, text);
  _exit(0);
}

static void reap(void) {
  while (wait(NULL) > 0) continue;
}

static struct timespec in(long ms) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  t.tv_sec += ms / 1000;
  t.tv_nsec += ms % 1000 * 1000000;
  if (t.tv_nsec >= 1000000000) t.tv_sec++, t.tv_nsec -= 1000000000;
  return t;
}

static void first_come(void) {
  puts("receivers are served first come first, and by priority of the process");
  int from = board->count;
  pid_t pids[4] = {receiver(1, 0), receiver(2, 0), receiver(3, 5), receiver(4, 0)};
  static const char *const texts[] = {"one", "two", "three", "four"};
  for (int i = 0; i < 4; i++) {
    SHOW(mq_send(queue, texts[i], strlen(texts[i]), i));
    while (board->count < from + i + 1) millis(2);
  }
  (void)pids;
  reap();
  show_board(from);
  show_attr("nothing passed through the queue", queue);

  puts("senders too; their messages get in by their own priority");
  from = board->count;
  SHOW(mq_send(queue, "first", 5, 1));
  SHOW(mq_send(queue, "second", 6, 1));
  sender(11, "low", 0), sender(12, "high", 9), sender(13, "middle", 1);
  for (int i = 0; i < 5; i++) {
    unsigned priority;
    memset(buffer, 0, sizeof buffer);
    int expected = board->count + (i < 3);
    int got = mq_receive(queue, buffer, sizeof buffer, &priority);
    printf("%d %s %u\n", got, buffer, priority);
    while (board->count < expected) millis(2);
  }
  reap();
  show_board(from);
}

static void timeouts(void) {
  puts("timeouts");
  long before = now_ms();
  struct timespec t = in(60);
  SHOW(mq_timedreceive(queue, buffer, sizeof buffer, NULL, &t));
  IS(now_ms() - before >= 55);
  SHOW(mq_send(queue, "1", 1, 0));
  SHOW(mq_send(queue, "2", 1, 0));
  before = now_ms();
  t = in(60);
  SHOW(mq_timedsend(queue, "3", 1, 0, &t));
  IS(now_ms() - before >= 55);
  t = in(100000);
  SHOW(mq_timedreceive(queue, buffer, sizeof buffer, NULL, &t));
  SHOW(mq_timedreceive(queue, buffer, sizeof buffer, NULL, &t));
  show_attr("the third was never sent", queue);
}

static atomic_int signals;
static void on_signal(int signo) { (void)signo, signals++; }

static pid_t signalled_receiver(int who, int flags) {
  pid_t pid = fork();
  if (pid > 0) {
    until_asleep(pid);
    return pid;
  }
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
  sigaction(SIGUSR1, &action, NULL);
  char text[64] = "";
  int got = mq_receive(queue, text, sizeof text, NULL);
  enter(who, got, text);
  _exit(signals);
}

static void interruptions(void) {
  int status;
  puts("a handler ends the wait, unless it restarts");
  int from = board->count;
  pid_t pid = signalled_receiver(21, 0);
  kill(pid, SIGUSR1);
  waitpid(pid, &status, 0);
  show_status("handler", status);
  pid = signalled_receiver(22, SA_RESTART);
  kill(pid, SIGUSR1);
  millis(20);
  until_asleep(pid);
  SHOW(mq_send(queue, "again", 5, 0));
  waitpid(pid, &status, 0);
  show_status("restarted", status);
  puts("a stop takes the place in the line, not the call");
  pid = receiver(23, 0);
  kill(pid, SIGSTOP);
  waitpid(pid, &status, WUNTRACED);
  show_status("stop", status);
  SHOW(mq_send(queue, "waits", 5, 0));
  show_attr("while it is stopped", queue);
  kill(pid, SIGCONT);
  waitpid(pid, &status, 0);
  show_status("continued", status);
  puts("one that is killed is passed over");
  pid_t gone = receiver(24, 0), other = receiver(25, 0);
  kill(gone, SIGKILL);
  waitpid(gone, NULL, 0);
  SHOW(mq_send(queue, "left", 4, 0));
  waitpid(other, &status, 0);
  SHOW(mq_send(queue, "1", 1, 0));
  SHOW(mq_send(queue, "2", 1, 0));
  gone = sender(26, "never", 0);
  kill(gone, SIGKILL);
  waitpid(gone, NULL, 0);
  SHOW(mq_receive(queue, buffer, sizeof buffer, NULL));
  SHOW(mq_receive(queue, buffer, sizeof buffer, NULL));
  show_attr("its message is gone", queue);
  show_board(from);
}

static int thread_result;
static void *close_it(void *arg) {
  mqd_t other = *(mqd_t *)arg;
  thread_result = mq_receive(other, buffer, sizeof buffer, NULL);
  return NULL;
}

static void descriptors(void) {
  puts("a descriptor closed under a waiter stays open for it");
  mqd_t other = mq_open("/block", O_RDWR);
  pthread_t thread;
  pthread_create(&thread, NULL, close_it, &other);
  millis(40);
  SHOW(mq_close(other));
  SHOW(mq_send(queue, "through", 7, 0));
  pthread_join(thread, NULL);
  printf("received %d\n", thread_result);
  puts("poll and epoll");
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN | EPOLLET};
  SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, queue, &event));
  SHOW(epoll_wait(epoll, &event, 1, 0));
  pid_t pid = fork();
  if (pid == 0) {
    millis(30);
    mq_send(queue, "event", 5, 0);
    _exit(0);
  }
  struct pollfd polled = {.fd = queue, .events = POLLIN};
  SHOW(poll(&polled, 1, 5000));
  printf("events %x\n", polled.revents);
  SHOW(epoll_wait(epoll, &event, 1, 5000));
  SHOW(epoll_wait(epoll, &event, 1, 0));
  waitpid(pid, NULL, 0);
  mq_send(queue, "fill", 4, 0);
  pid = fork();
  if (pid == 0) {
    millis(30);
    mq_receive(queue, buffer, sizeof buffer, NULL);
    _exit(0);
  }
  polled.events = POLLOUT;
  SHOW(poll(&polled, 1, 0));
  SHOW(poll(&polled, 1, 5000));
  printf("events %x\n", polled.revents);
  waitpid(pid, NULL, 0);
  SHOW(mq_receive(queue, buffer, sizeof buffer, NULL));
}

int main(void) {
  own_namespace();
  board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 64};
  OK(queue = mq_open("/block", O_CREAT | O_RDWR, 0600, &attr));
  first_come();
  timeouts();
  interruptions();
  descriptors();
  return 0;
}
