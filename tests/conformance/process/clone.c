/* clone and clone3: what is shared and what is copied, which flags go together. See clone(2). */
#include "show.h"
#include <linux/sched.h>

static char stack[65536] __attribute__((aligned(16)));
static int shared_value;
static volatile int tid_word;

static int child_main(void *arg) {
  shared_value = (int)(long)arg;
  return 17;
}

#define CLONE(flags)                                                  \
  do {                                                                \
    long r_ = syscall(SYS_clone, (flags), 0L, 0L, 0L, 0L);            \
    if (r_ == 0) _exit(0);                                            \
    printf("clone " #flags ": %s\n", r_ == -1 ? error_name(errno) : "ok"); \
    if (r_ > 0) waitpid(r_, NULL, __WALL);                            \
  } while (0)
#define CLONE3(...)                                                   \
  do {                                                                \
    struct clone_args args = {__VA_ARGS__};                           \
    long r_ = syscall(SYS_clone3, &args, sizeof args);                \
    if (r_ == 0) _exit(0);                                            \
    printf("clone3 " #__VA_ARGS__ ": %s\n", r_ == -1 ? error_name(errno) : "ok"); \
    if (r_ > 0) waitpid(r_, NULL, __WALL);                            \
  } while (0)

int main(void) {
  int status;
  CLONE(CLONE_THREAD);
  CLONE(CLONE_SIGHAND);
  CLONE(CLONE_THREAD | CLONE_SIGHAND);
  CLONE(CLONE_NEWNS | CLONE_FS);
  CLONE(CLONE_NEWUSER | CLONE_FS);
  CLONE(CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_NEWPID);
  CLONE(CLONE_NEWIPC | CLONE_SYSVSEM);
  CLONE(CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD);
  CLONE(CLONE_PIDFD | CLONE_DETACHED | SIGCHLD);
  CLONE(200);
  SHOW(syscall(SYS_clone3, 0L, 10L));
  SHOW(syscall(SYS_clone3, 0L, 88L));
  SHOW(syscall(SYS_clone3, 0L, 10000L));
  CLONE3(.flags = SIGCHLD);
  CLONE3(.flags = CLONE_DETACHED, .exit_signal = SIGCHLD);
  CLONE3(.exit_signal = 65);
  CLONE3(.flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, .exit_signal = SIGCHLD);
  CLONE3(.stack = 4096, .exit_signal = SIGCHLD);
  CLONE3(.stack_size = 4096, .exit_signal = SIGCHLD);
  CLONE3(.flags = 1ULL << 40, .exit_signal = SIGCHLD);
  CLONE3(.flags = CLONE_SIGHAND | CLONE_VM | CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD);
  CLONE3(.set_tid = (uint64_t)&status, .exit_signal = SIGCHLD);
  CLONE3(.set_tid_size = 1, .exit_signal = SIGCHLD);
  CLONE3(.set_tid = (uint64_t)&status, .set_tid_size = 40, .exit_signal = SIGCHLD);

  /* Shared memory with a stack of its own. */
  pid_t parent_tid = 0;
  pid_t child = clone(child_main, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | SIGCHLD, (void *)5L, &parent_tid);
  printf("after vfork: %d\n", shared_value);
  IS(parent_tid == child);
  IS(waitpid(child, &status, 0) == child);
  show_status("vfork child", status);
  child = clone(child_main, stack + sizeof stack, SIGCHLD, (void *)6L);
  waitpid(child, &status, 0);
  printf("after fork: %d\n", shared_value);

  /* The child's thread id is written, cleared and woken. */
  child = clone(child_main, stack + sizeof stack, CLONE_VM | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD, (void *)7L, NULL, NULL, &tid_word);
  waitpid(child, &status, 0);
  printf("tid word: %d value: %d\n", tid_word, shared_value);

  /* Handlers after CLONE_CLEAR_SIGHAND. */
  signal(SIGUSR1, (void (*)(int))child_main);
  signal(SIGUSR2, SIG_IGN);
  struct clone_args clear = {.flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD};
  child = syscall(SYS_clone3, &clear, sizeof clear);
  if (child == 0) {
    struct sigaction one, two;
    sigaction(SIGUSR1, NULL, &one);
    sigaction(SIGUSR2, NULL, &two);
    printf("USR1 %s USR2 %s\n", one.sa_handler == SIG_DFL ? "default" : "kept", two.sa_handler == SIG_IGN ? "ignored" : "default");
    _exit(0);
  }
  waitpid(child, &status, 0);

  /* A pidfd. */
  int pidfd = -1;
  struct clone_args with_fd = {.flags = CLONE_PIDFD, .pidfd = (uint64_t)&pidfd, .exit_signal = SIGCHLD};
  child = syscall(SYS_clone3, &with_fd, sizeof with_fd);
  if (child == 0) {
    millis(20);
    _exit(33);
  }
  struct pollfd poll_fd = {pidfd, POLLIN, 0};
  SHOW(poll(&poll_fd, 1, 0));
  SHOW(poll(&poll_fd, 1, 5000));
  IS(poll_fd.revents == POLLIN);
  IS((fcntl(pidfd, F_GETFD) & FD_CLOEXEC) != 0);
  siginfo_t info = {0};
  SHOW(waitid(P_PIDFD, pidfd, &info, WEXITED));
  printf("pidfd status %d\n", info.si_status);
  SHOW(syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0));
  SHOW(syscall(SYS_pidfd_open, getpid(), 1));
  SHOW(syscall(SYS_pidfd_open, -1, 0));
  SHOW(syscall(SYS_pidfd_open, 99999, 0));

  /* CLONE_PARENT: a sibling. */
  child = fork();
  if (child == 0) {
    pid_t sibling = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
    if (sibling == 0) _exit(21);
    SHOW(waitpid(sibling, &status, 0));
    _exit(20);
  }
  int statuses = 0;
  for (int i = 0; i < 2; i++)
    if (wait(&status) > 0) statuses += WEXITSTATUS(status);
  printf("statuses of both: %d\n", statuses);
  return 0;
}
