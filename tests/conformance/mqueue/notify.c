/* Notification of a message that comes to an empty queue. See mq_notify(3). */
#include "mqueue.h"
#include <linux/netlink.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>

static mqd_t queue;
static char buffer[64];

static void line(const char *what) {
  char text[100] = "", *pid;
  int fd = open("/tmp/mqueue/notify", O_RDONLY);
  ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  pid = strstr(text, "NOTIFY_PID:");
  if (got <= 0 || !pid) {
    printf("%s: nothing\n", what);
    return;
  }
  int number = atoi(pid + 11);
  *pid = 0;
  printf("%s: %s%s\n", what, text, number == 0 ? "nobody" : number == getpid() ? "this process" : number == getppid() ? "the parent" : "another process");
}

static struct sigevent event(int notify, int signo, int value) {
  struct sigevent e = {.sigev_notify = notify, .sigev_signo = signo, .sigev_value.sival_int = value};
  return e;
}

static void expect(const char *what) {
  siginfo_t info = {0};
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGRTMIN + 1);
  struct timespec soon = {0, 20000000};
  errno = 0;
  int signo = sigtimedwait(&set, &info, &soon);
  if (signo < 0) printf("%s: %s\n", what, error_name(errno));
  else
    printf("%s: signal %d, code %d, value %d, errno %d, uid %u, from %s\n", what, signo, info.si_code, info.si_int, info.si_errno, info.si_uid,
           info.si_pid == getpid() ? "itself" : info.si_pid == 0 ? "nobody" : "another");
}

static void drain(void) {
  struct mq_attr attr;
  for (mq_getattr(queue, &attr); attr.mq_curmsgs > 0; attr.mq_curmsgs--) mq_receive(queue, buffer, sizeof buffer, NULL);
}

static void signals(void) {
  struct sigevent e = event(SIGEV_SIGNAL, SIGUSR1, 42), other = event(SIGEV_SIGNAL, SIGRTMIN + 1, 43), none = event(SIGEV_NONE, 0, 0);
  line("before");
  SHOW(mq_notify(queue, &e));
  line("registered");
  SHOW(mq_notify(queue, &other));
  IN_CHILD("child", {
    line("seen by the child");
    SHOW(mq_notify(queue, &other));
    SHOW(mq_notify(queue, NULL));
  });
  line("still");
  IN_CHILD("sender", SHOW(mq_send(queue, "one", 3, 0)));
  expect("a message");
  line("only once");
  SHOW(mq_notify(queue, &other));
  SHOW(mq_send(queue, "two", 3, 0));
  expect("the queue was not empty");
  drain();
  SHOW(mq_send(queue, "three", 5, 0));
  expect("it was");
  drain();
  SHOW(mq_notify(queue, &e));
  SHOW(mq_notify(queue, NULL));
  line("taken back");
  SHOW(mq_notify(queue, NULL));
  SHOW(mq_send(queue, "four", 4, 0));
  expect("nothing");
  drain();
  SHOW(mq_notify(queue, &none));
  line("SIGEV_NONE");
  SHOW(mq_notify(queue, &e));
  SHOW(mq_send(queue, "five", 4, 0));
  expect("nothing");
  line("is over too");
  drain();
  e.sigev_signo = 0;
  SHOW(mq_notify(queue, &e));
  SHOW(mq_send(queue, "six", 3, 0));
  line("signal 0");
  drain();
  e.sigev_signo = 65;
  SHOW(mq_notify(queue, &e));
  e.sigev_signo = -1;
  SHOW(mq_notify(queue, &e));
  e = event(7, SIGUSR1, 0);
  SHOW(mq_notify(queue, &e));
  e = event(SIGEV_SIGNAL, SIGUSR1, 0);
  SHOW(mq_notify(-1, &e));
  SHOW(mq_notify(1, &e));
  SHOW(mq_notify(1, NULL));
  SHOW(syscall(SYS_mq_notify, queue, (void *)1));
}

static void *wait_for_one(void *arg) {
  mq_receive(queue, buffer, sizeof buffer, NULL);
  return arg;
}

static void ends(void) {
  struct sigevent e = event(SIGEV_SIGNAL, SIGUSR1, 5);
  puts("whoever waits for the message gets it, without notification");
  pthread_t thread;
  SHOW(mq_notify(queue, &e));
  pthread_create(&thread, NULL, wait_for_one, NULL);
  millis(40);
  SHOW(mq_send(queue, "taken", 5, 0));
  pthread_join(thread, NULL);
  expect("nothing");
  line("still registered");
  puts("any descriptor that is closed ends it");
  mqd_t other = mq_open("/notify", O_RDONLY);
  SHOW(mq_close(other));
  line("closed");
  IN_CHILD("an owner that exits", SHOW(mq_notify(queue, &e)));
  line("gone");
  SHOW(mq_notify(queue, &e));
  IN_CHILD("a child that closes", SHOW(mq_close(queue)));
  line("another's close does not count");
  SHOW(mq_notify(queue, NULL));
  puts("a program executed later gets nothing");
  int to_child[2], from_child[2];
  if (pipe(to_child) || pipe(from_child)) return;
  pid_t pid = fork();
  if (pid == 0) {
    fcntl(queue, F_SETFD, 0);
    SHOW(mq_notify(queue, &e));
    sigset_t set;
    sigemptyset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    close(to_child[1]), close(from_child[0]);
    char in[8], out[8];
    snprintf(in, 8, "%d", to_child[0]), snprintf(out, 8, "%d", from_child[1]);
    execl("/proc/self/exe", "notify", in, out, NULL);
    _exit(1);
  }
  close(to_child[0]), close(from_child[1]);
  char ready;
  if (read(from_child[0], &ready, 1) != 1) puts("it did not start");
  line("after the execution");
  SHOW(mq_send(queue, "stale", 5, 0));
  line("sent");
  close(to_child[1]);
  int status;
  waitpid(pid, &status, 0);
  show_status("it", status);
  drain();
}

static void cookies(void) {
  puts("SIGEV_THREAD");
  char cookie[32] = "thirty-one bytes and the reason", got[64];
  int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE), unix_socket = socket(AF_UNIX, SOCK_DGRAM, 0);
  struct sigevent e = event(SIGEV_THREAD, netlink, 0);
  e.sigev_value.sival_ptr = cookie;
  SHOW(syscall(SYS_mq_notify, queue, &e));
  line("registered");
  SHOW(recv(netlink, got, sizeof got, 0));
  SHOW(mq_send(queue, "one", 3, 0));
  struct sockaddr_nl from;
  socklen_t length = sizeof from;
  memset(&from, 0xff, sizeof from);
  SHOW(recvfrom(netlink, got, sizeof got, 0, (struct sockaddr *)&from, &length));
  printf("%.31s, reason %d, from family %d port %u groups %u\n", got, got[31], from.nl_family, from.nl_pid, from.nl_groups);
  line("over");
  drain();
  SHOW(syscall(SYS_mq_notify, queue, &e));
  SHOW(mq_notify(queue, NULL));
  SHOW(recv(netlink, got, sizeof got, 0));
  printf("reason %d\n", got[31]);
  SHOW(syscall(SYS_mq_notify, queue, &e));
  struct pollfd polled = {.fd = netlink, .events = POLLIN};
  SHOW(poll(&polled, 1, 0));
  mq_close(mq_open("/notify", O_RDONLY));
  SHOW(poll(&polled, 1, 0));
  SHOW(recv(netlink, got, sizeof got, 0));
  printf("reason %d\n", got[31]);
  e.sigev_signo = unix_socket;
  SHOW(syscall(SYS_mq_notify, queue, &e));
  e.sigev_signo = 1;
  SHOW(syscall(SYS_mq_notify, queue, &e));
  e.sigev_signo = -1;
  SHOW(syscall(SYS_mq_notify, queue, &e));
  e.sigev_signo = netlink;
  e.sigev_value.sival_ptr = (void *)1;
  SHOW(syscall(SYS_mq_notify, queue, &e));
  e.sigev_value.sival_ptr = cookie;
  SHOW(syscall(SYS_mq_notify, -1, &e));
  SHOW(syscall(SYS_mq_notify, queue, &e));
  SHOW(syscall(SYS_mq_notify, queue, &e));
  SHOW(close(netlink));
  SHOW(mq_send(queue, "nobody", 6, 0));
  line("without a socket");
  drain();
}

static atomic_int called;
static void function(union sigval value) {
  ssize_t got = mq_receive(queue, buffer, sizeof buffer, NULL);
  printf("called with %d: %zd bytes\n", value.sival_int, got);
  called++;
}

static void library(void) {
  puts("the library's thread");
  struct sigevent e = event(SIGEV_THREAD, 0, 77);
  e.sigev_notify_function = function;
  for (int i = 1; i <= 3; i++) {
    SHOW(mq_notify(queue, &e));
    SHOW(mq_send(queue, "thread", 6, 0));
    while (called < i) millis(2);
  }
}

int main(int argc, char **argv) {
  if (argc == 3) {
    char byte;
    if (write(atoi(argv[2]), "r", 1) == 1 && read(atoi(argv[1]), &byte, 1) == 0) return 3;
    return 4;
  }
  own_namespace();
  mkdir("/tmp/mqueue", 0755);
  SHOW(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
  SHOW(mount("mqueue", "/tmp/mqueue", "mqueue", 0, NULL));
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGRTMIN + 1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  struct mq_attr attr = {.mq_maxmsg = 5, .mq_msgsize = 64};
  OK(queue = mq_open("/notify", O_CREAT | O_RDWR, 0600, &attr));
  signals();
  ends();
  cookies();
  library();
  return 0;
}
