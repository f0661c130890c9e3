/* Descriptors of processes and threads. See pidfd_open(2), pidfd_send_signal(2), pidfd_getfd(2), waitid(2), clone(2). */
#include "show.h"
#include <linux/sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#define PIDFD_THREAD_ O_EXCL

static int open_(pid_t pid, unsigned flags) { return syscall(SYS_pidfd_open, pid, flags); }
static int send_(int fd, int sig, siginfo_t *info, unsigned flags) { return syscall(SYS_pidfd_send_signal, fd, sig, info, flags); }
static int get_(int fd, int target, unsigned flags) { return syscall(SYS_pidfd_getfd, fd, target, flags); }

static short polled(int fd) {
  struct pollfd p = {fd, POLLIN, 0};
  poll(&p, 1, 0);
  return p.revents;
}

static ino_t inode(int fd) {
  struct stat st;
  fstat(fd, &st);
  return st.st_ino;
}

static pid_t thread_id;
static atomic_int go;
static void *thread(void *argument) {
  (void)argument;
  thread_id = gettid();
  go = 1;
  while (go == 1) usleep(1000);
  return NULL;
}

static void handler(int signo, siginfo_t *info, void *context) {
  (void)context;
  printf("signal %d code %d by thread %s\n", signo, info->si_code, gettid() == getpid() ? "leader" : "other");
}

int main(void) {
  int status;
  siginfo_t info;
  SHOW(open_(0, 0));
  SHOW(open_(-1, 0));
  SHOW(open_(getpid(), 1));
  SHOW(open_(999999, 0));
  int self = open_(getpid(), 0);
  IS((fcntl(self, F_GETFD) & FD_CLOEXEC) != 0);
  printf("flags %o\n", fcntl(self, F_GETFL) & ~O_LARGEFILE);
  int nonblocking = open_(getpid(), O_NONBLOCK);
  printf("flags %o\n", fcntl(nonblocking, F_GETFL) & ~O_LARGEFILE);
  int leader = open_(getpid(), PIDFD_THREAD_);
  printf("flags %o\n", fcntl(leader, F_GETFL) & ~O_LARGEFILE);
  IS(inode(self) == inode(nonblocking));
  pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  int fd = open_(child, 0);
  IS(inode(self) != inode(fd));
  struct stat st;
  fstat(fd, &st);
  printf("mode %o size %ld\n", st.st_mode, (long)st.st_size);
  struct statfs fs;
  fstatfs(fd, &fs);
  printf("magic %lx\n", (long)fs.f_type);
  char path[64], link[64] = "";
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  readlink(path, link, sizeof link - 1);
  printf("%s\n", link);
  SHOW(fchmod(fd, 0600));
  char byte;
  SHOW(read(fd, &byte, 1));
  SHOW(write(fd, &byte, 1));
  SHOW(lseek(fd, 0, SEEK_SET));
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
  FILE *file = fopen(path, "r");
  char line[128];
  while (fgets(line, sizeof line, file)) {
    int number = 0;
    if (sscanf(line, "Pid: %d", &number) == 1 || sscanf(line, "NSpid: %d", &number) == 1)
      printf("%.*s %s\n", (int)strcspn(line, "\t"), line, number == child ? "right" : "wrong");
  }
  fclose(file);

  /* Signals. */
  SHOW(send_(fd, 0, NULL, 0));
  SHOW(send_(fd, 65, NULL, 0));
  SHOW(send_(fd, 0, NULL, 8));
  SHOW(send_(fd, 0, NULL, 3));
  SHOW(send_(0, 0, NULL, 0));
  SHOW(send_(-1, 0, NULL, 0));
  memset(&info, 0, sizeof info);
  info.si_signo = SIGUSR1;
  info.si_code = SI_QUEUE;
  SHOW(send_(fd, SIGUSR2, &info, 0));
  info.si_code = SI_USER;
  SHOW(send_(fd, SIGUSR1, &info, 0));
  snprintf(path, sizeof path, "/proc/%d", child);
  int directory = open(path, O_DIRECTORY);
  SHOW(send_(directory, 0, NULL, 0));
  SHOW(open_(child, 0) >= 0);
  SHOW(waitid(P_PIDFD, directory, &info, WEXITED | WNOHANG));
  SHOW(waitid(P_PIDFD, 0, &info, WEXITED | WNOHANG));
  SHOW(waitid(P_PIDFD, self, &info, WEXITED | WNOHANG));
  int waiting = open_(child, O_NONBLOCK);
  SHOW(waitid(P_PIDFD, waiting, &info, WEXITED));
  printf("poll %x\n", polled(fd));
  SHOW(send_(fd, SIGKILL, NULL, 0));
  struct pollfd p = {fd, POLLIN, 0};
  SHOW(poll(&p, 1, -1));
  printf("poll %x\n", p.revents);
  SHOW(send_(fd, 0, NULL, 0));
  SHOW(open_(child, 0) >= 0);
  SHOW(get_(fd, 0, 0));
  SHOW(ioctl(fd, _IO(0xff, 10), 0));
  memset(&info, 0, sizeof info);
  SHOW(waitid(P_PIDFD, fd, &info, WEXITED | WNOWAIT));
  printf("code %d status %d\n", info.si_code, info.si_status);
  SHOW(waitid(P_PIDFD, fd, NULL, WEXITED));
  SHOW(waitid(P_PIDFD, fd, NULL, WEXITED));
  printf("poll %x\n", polled(fd));
  SHOW(send_(fd, 0, NULL, 0));
  SHOW(open_(child, 0));
  SHOW(get_(fd, 0, 0));
  SHOW(ioctl(fd, _IO(0xff, 10), 0));
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
  file = fopen(path, "r");
  while (fgets(line, sizeof line, file))
    if (strstr(line, "id:") && !strstr(line, "mnt_id")) printf("%s", line);
  fclose(file);
  SHOW(send_(directory, 0, NULL, 0));
  close(directory);

  /* Threads. */
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigaction(SIGUSR1, &action, NULL);
  pthread_t t;
  pthread_create(&t, NULL, thread, NULL);
  while (go == 0) usleep(1000);
  SHOW(open_(thread_id, 0));
  int other = open_(thread_id, PIDFD_THREAD_);
  IS(other >= 0);
  printf("poll %x\n", polled(other));
  SHOW(send_(leader, SIGUSR1, NULL, 0));
  SHOW(send_(leader, SIGUSR1, NULL, 2));
  SHOW(send_(self, SIGUSR1, NULL, 1));
  SHOW(send_(other, SIGUSR1, NULL, 0));
  millis(20);
  go = 2;
  pthread_join(t, NULL);
  millis(20);
  printf("poll %x\n", polled(other));
  SHOW(send_(other, 0, NULL, 0));

  /* A process group. */
  child = fork();
  if (child == 0) {
    setpgid(0, 0);
    for (int i = 0; i < 2; i++)
      if (fork() == 0) {
        for (;;) pause();
      }
    for (;;) pause();
  }
  fd = open_(child, 0);
  while (getpgid(child) != child) usleep(1000);
  millis(50);
  SHOW(send_(fd, SIGTERM, NULL, 4));
  waitpid(child, &status, 0);
  show_status("group", status);
  millis(20);
  SHOW(kill(-child, 0));
  SHOW(send_(fd, 0, NULL, 4));
  close(fd);

  /* Other processes' files. */
  int pipefd[2];
  pipe(pipefd);
  child = fork();
  if (child == 0) {
    int target = open("/proc/self/comm", O_RDONLY);
    write(pipefd[1], &target, sizeof target);
    for (;;) pause();
  }
  int target;
  read(pipefd[0], &target, sizeof target);
  fd = open_(child, 0);
  SHOW(get_(fd, target, 1));
  SHOW(get_(fd, 999, 0));
  SHOW(get_(0, 0, 0));
  int copy = get_(fd, target, 0);
  IS(copy >= 0);
  IS((fcntl(copy, F_GETFD) & FD_CLOEXEC) != 0);
  IN_CHILD("without privilege", {
    setuid(1000);
    SHOW(get_(fd, target, 0));
    SHOW(send_(fd, 0, NULL, 0));
    SHOW(ioctl(fd, _IO(0xff, 10), 0));
  });

  /* Namespaces. */
  static const char *const names[] = {"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "time_for_children", "user", "uts"};
  for (int i = 0; i < 10; i++) {
    int ns = ioctl(fd, _IO(0xff, i + 1), 0);
    snprintf(path, sizeof path, "/proc/%d/ns/%s", child, names[i]);
    stat(path, &st);
    printf("%s: %s\n", names[i], ns >= 0 && inode(ns) == st.st_ino ? "the same" : "other");
    close(ns);
  }
  SHOW(ioctl(fd, _IO(0xff, 1), 1));
  SHOW(ioctl(fd, _IO(0xff, 11), 0));
  SHOW(ioctl(fd, _IO(0xff, 77), 0));
  SHOW(setns(fd, CLONE_NEWUTS));
  kill(child, SIGKILL);
  waitpid(child, &status, 0);

  /* From clone. */
  int made = -1;
  struct clone_args args = {.flags = CLONE_PIDFD, .pidfd = (uint64_t)&made, .exit_signal = SIGCHLD};
  child = syscall(SYS_clone3, &args, sizeof args);
  if (child == 0) _exit(9);
  IS(made >= 0);
  IS((fcntl(made, F_GETFD) & FD_CLOEXEC) != 0);
  SHOW(waitid(P_PIDFD, made, &info, WEXITED));
  printf("status %d\n", info.si_status);
  made = -1;
  child = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &made, 0, 0);
  if (child == 0) _exit(8);
  IS(made >= 0);
  waitpid(child, &status, 0);
  SHOW(syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, &made, 0, 0));
  SHOW(syscall(SYS_clone, CLONE_PIDFD | CLONE_DETACHED | SIGCHLD, 0, &made, 0, 0));

  /* A process that one does not see. */
  pid_t init = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
  if (init == 0) {
    SHOW(send_(self, 0, NULL, 0));
    SHOW(waitid(P_PIDFD, self, &info, WEXITED | WNOHANG));
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", self);
    _exit(0);
  }
  waitpid(init, &status, 0);
  return 0;
}
