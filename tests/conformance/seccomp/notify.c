/* A supervisor that decides about the calls of its child. See seccomp_unotify(2). */
#include "show.h"
#include "filter.h"
#include <sys/ioctl.h>
#include <sys/socket.h>

#define ALLOW RETURN(SECCOMP_RET_ALLOW)
#define RULE(call, value) LOAD(NR), ON((call), (value)), ALLOW
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

static int pair[2];
/* What the child has to say, printed when the supervisor has printed its own. */
static char said[1024];
#define SAY(...) snprintf(said + strlen(said), sizeof said - strlen(said), __VA_ARGS__)

static void send_fd(int fd) {
  char control[CMSG_SPACE(sizeof fd)] = {0}, byte = 0;
  struct iovec iov = {&byte, 1};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(c), &fd, sizeof fd);
  sendmsg(pair[1], &msg, 0);
}

static int receive_fd(void) {
  char control[CMSG_SPACE(sizeof(int))], byte;
  struct iovec iov = {&byte, 1};
  struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  recvmsg(pair[0], &msg, 0);
  int fd;
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof fd);
  return fd;
}

/* Run `body` in a child whose calls `call` this process decides about. */
static pid_t supervise(long call, unsigned flags, int *listener, void (*body)(void)) {
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    no_new_privs();
    int fd = INSTALL(SECCOMP_FILTER_FLAG_NEW_LISTENER | flags, RULE(call, SECCOMP_RET_USER_NOTIF));
    if (fd < 0) printf("install: %s\n", error_name(errno));
    send_fd(fd);
    close(fd);
    char byte;
    read(pair[1], &byte, 1);
    body();
    read(pair[1], &byte, 1);
    fputs(said, stdout);
    _exit(0);
  }
  *listener = receive_fd();
  write(pair[0], "", 1);
  return child;
}

static short ready(int fd, short events, int timeout) {
  struct pollfd p = {fd, events, 0};
  poll(&p, 1, timeout);
  return p.revents;
}

static void finish(pid_t child, int listener) {
  int status;
  write(pair[0], "", 1);
  waitpid(child, &status, 0);
  show_status("child", status);
  IS(ready(listener, POLLIN | POLLOUT, 0) == POLLHUP);
  struct seccomp_notif req = {0};
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req));
  close(listener);
  close(pair[0]);
  close(pair[1]);
}

static void call_mkdir(void) {
  for (int i = 0; i < 4; i++) {
    errno = 0;
    long r = syscall(SYS_mkdirat, AT_FDCWD, "/tmp/notified", 0700 + i);
    SAY("child: mkdir %ld %s\n", r, errno ? error_name(errno) : "");
  }
}
static volatile sig_atomic_t handled;
static void on_signal(int signo) {
  (void)signo;
  handled++;
}
static void call_getppid(void) {
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGUSR1, &action, NULL);
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR2, &action, NULL);
  errno = 0;
  long r = syscall(SYS_getppid);
  SAY("child: getppid %ld %s, handled %d\n", r, errno ? error_name(errno) : "", (int)handled);
}
static void call_openat(void) {
  int fd = open("/nowhere", O_RDONLY);
  char text[16] = "";
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  SAY("child: open %d, read %zd %s, cloexec %d\n", fd, n, text, fcntl(fd, F_GETFD));
}

int main(void) {
  setenv("LC_ALL", "C", 1);
  int listener;
  pid_t child = supervise(SYS_mkdirat, 0, &listener, call_mkdir);
  struct seccomp_notif req = {.pid = 1};
  struct seccomp_notif_resp resp = {0};
  SHOW(read(listener, &req, sizeof req));
  SHOW(ioctl(listener, 0x1234, 0));
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req));
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, NULL));
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, 2UL));
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, 0UL));
  IS(ready(listener, POLLIN | POLLOUT, -1) == POLLIN);
  memset(&req, 0, sizeof req);
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req));
  IS((pid_t)req.pid == child);
  IS(req.data.nr == SYS_mkdirat && req.data.arch == AUDIT_ARCH_AARCH64 && (int)req.data.args[0] == AT_FDCWD && req.data.args[2] == 0700);
  IS(req.flags == 0 && req.data.instruction_pointer != 0);
  IS(ready(listener, POLLIN | POLLOUT, 0) == POLLOUT);
  uint64_t other = req.id + 100;
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &req.id));
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &other));
  resp.id = other;
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp));
  resp.id = req.id;
  resp.flags = 2;
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp));
  resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  resp.error = -EPERM;
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp));
  resp.flags = 0;
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp));
  for (int i = 0; i < 3; i++) {
    memset(&req, 0, sizeof req);
    ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req);
    resp = (struct seccomp_notif_resp){.id = req.id};
    if (i == 0) resp.val = 12345;
    if (i == 1) resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    if (i == 2) resp.error = -EEXIST;
    SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp));
  }
  finish(child, listener);
  SHOW(rmdir("/tmp/notified"));

  puts("descriptors");
  child = supervise(SYS_openat, 0, &listener, call_openat);
  memset(&req, 0, sizeof req);
  ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req);
  int pipes[2];
  pipe(pipes);
  write(pipes[1], "hello", 5);
  struct seccomp_notif_addfd addfd = {.id = req.id, .srcfd = 999};
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd));
  addfd.srcfd = pipes[0];
  addfd.newfd = 50;
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd));
  addfd.flags = 8;
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd));
  addfd.flags = SECCOMP_ADDFD_FLAG_SETFD;
  addfd.newfd_flags = O_NONBLOCK;
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd));
  addfd.newfd_flags = O_CLOEXEC;
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd));
  addfd.newfd = 1 << 30;
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd));
  addfd.id++;
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd));
  addfd.id--;
  addfd.newfd = 60;
  addfd.flags = SECCOMP_ADDFD_FLAG_SETFD | SECCOMP_ADDFD_FLAG_SEND;
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd));
  finish(child, listener);

  puts("interrupted before it is received");
  child = supervise(SYS_getppid, 0, &listener, call_getppid);
  IS(ready(listener, POLLIN, -1) == POLLIN);
  kill(child, SIGUSR1);
  finish(child, listener);

  puts("restarted");
  child = supervise(SYS_getppid, 0, &listener, call_getppid);
  memset(&req, 0, sizeof req);
  ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req);
  uint64_t first = req.id;
  kill(child, SIGUSR2);
  memset(&req, 0, sizeof req);
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req));
  IS(req.id != first);
  resp = (struct seccomp_notif_resp){.id = first};
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp));
  resp = (struct seccomp_notif_resp){.id = req.id, .val = 7};
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp));
  finish(child, listener);

  puts("not interrupted once received");
  child = supervise(SYS_getppid, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &listener, call_getppid);
  memset(&req, 0, sizeof req);
  ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req);
  kill(child, SIGUSR1);
  millis(50);
  resp = (struct seccomp_notif_resp){.id = req.id, .val = 8};
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &req.id));
  SHOW(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp));
  finish(child, listener);

  puts("killed");
  child = supervise(SYS_getppid, 0, &listener, call_getppid);
  memset(&req, 0, sizeof req);
  ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req);
  kill(child, SIGKILL);
  finish(child, listener);

  puts("the supervisor goes");
  child = supervise(SYS_getppid, 0, &listener, call_getppid);
  memset(&req, 0, sizeof req);
  ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req);
  close(listener);
  write(pair[0], "", 1);
  int status;
  waitpid(child, &status, 0);
  show_status("child", status);

  IN_CHILD("two listeners", {
    int fd = INSTALL(SECCOMP_FILTER_FLAG_NEW_LISTENER, ALLOW);
    SHOW(fcntl(fd, F_GETFD));
    char link[64] = "", path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    readlink(path, link, sizeof link - 1);
    printf("%s\n", link);
    SHOW(INSTALL(SECCOMP_FILTER_FLAG_NEW_LISTENER, ALLOW));
    close(fd);
    OK(INSTALL(SECCOMP_FILTER_FLAG_NEW_LISTENER, ALLOW));
  });
  return 0;
}
