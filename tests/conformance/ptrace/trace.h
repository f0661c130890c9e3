/* What tracers do, and how they tell about it. */
#include <elf.h>
#include <linux/ptrace.h>
#include <stddef.h>
#include <sys/uio.h>
#include <sys/user.h>

#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP 128
#endif
#ifndef NT_ARM_SYSTEM_CALL
#define NT_ARM_SYSTEM_CALL 0x404
#endif

#define ptrace(request, pid, addr, data) syscall(SYS_ptrace, (long)(request), (long)(pid), (void *)(long)(addr), (void *)(long)(data))

static pid_t known_pids[32];
static int known_count;

/* A name that is the same in every run: the order in which they were met. */
static inline int pid_name(pid_t pid) {
  for (int i = 0; i < known_count; i++) if (known_pids[i] == pid) return i + 1;
  known_pids[known_count] = pid;
  return ++known_count;
}

static inline const char *event_name(int event) {
  static const char *const names[] = {"", "fork", "vfork", "clone", "exec", "vfork done", "exit", "seccomp"};
  return event == PTRACE_EVENT_STOP ? "stop" : names[event];
}

static inline void say_status(const char *what, pid_t pid, int status) {
  printf("%s: thread %d ", what, pid_name(pid));
  if (WIFEXITED(status)) printf("exited %d\n", WEXITSTATUS(status));
  else if (WIFSIGNALED(status)) printf("killed by %d\n", WTERMSIG(status));
  else if (WIFCONTINUED(status)) printf("continued\n");
  else if (status >> 16) printf("stopped by %d, event %s\n", WSTOPSIG(status), event_name(status >> 16));
  else printf("stopped by %d%s\n", WSTOPSIG(status) & 0x7f, WSTOPSIG(status) & 0x80 ? " in a call" : "");
}

/* Wait for one thread, and tell what it did. */
static inline int await(const char *what, pid_t pid) {
  int status = 0;
  pid_t found = waitpid(pid, &status, __WALL);
  if (found < 0) printf("%s: wait %s\n", what, error_name(errno));
  else say_status(what, found, status);
  return status;
}

static inline void show_info(pid_t pid) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  errno = 0;
  if (ptrace(PTRACE_GETSIGINFO, pid, 0, &info) < 0) printf("  info: %s\n", error_name(errno));
  else printf("  info: signo %d code %#x\n", info.si_signo, info.si_code);
}

static inline unsigned long event_message(pid_t pid) {
  unsigned long message = 0;
  ptrace(PTRACE_GETEVENTMSG, pid, 0, &message);
  return message;
}

static inline long get_regs(pid_t pid, struct user_regs_struct *regs) {
  struct iovec iov = {regs, sizeof *regs};
  return ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov);
}
static inline long set_regs(pid_t pid, struct user_regs_struct *regs) {
  struct iovec iov = {regs, sizeof *regs};
  return ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov);
}
static inline int call_number(pid_t pid) {
  int number = 12345;
  struct iovec iov = {&number, sizeof number};
  ptrace(PTRACE_GETREGSET, pid, NT_ARM_SYSTEM_CALL, &iov);
  return number;
}
static inline void set_call_number(pid_t pid, int number) {
  struct iovec iov = {&number, sizeof number};
  ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &iov);
}

/* A field of /proc/[pid]/status. */
static inline long status_field(pid_t pid, const char *field) {
  char path[64], text[4096];
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  int fd = open(path, O_RDONLY);
  if (fd < 0) return -1;
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  text[n > 0 ? n : 0] = 0;
  char *at = strstr(text, field);
  return at ? strtol(at + strlen(field), NULL, 10) : -1;
}
static inline char task_state(pid_t pid) {
  char path[64], text[4096];
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  int fd = open(path, O_RDONLY);
  if (fd < 0) return '-';
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  text[n > 0 ? n : 0] = 0;
  char *at = strstr(text, "State:\t");
  return at ? at[7] : '?';
}
static inline void await_state(pid_t pid, char state) {
  for (int i = 0; i < 500 && task_state(pid) != state; i++) millis(10);
}

/* A child that asks to be traced and stops. */
#define TRACED_CHILD(...)                 \
  ({                                      \
    fflush(stdout);                       \
    pid_t child_ = fork();                \
    if (child_ == 0) {                    \
      ptrace(PTRACE_TRACEME, 0, 0, 0);    \
      raise(SIGSTOP);                     \
      __VA_ARGS__;                        \
      _exit(0);                           \
    }                                     \
    child_;                               \
  })
#define CHILD(...)                        \
  ({                                      \
    fflush(stdout);                       \
    pid_t child_ = fork();                \
    if (child_ == 0) {                    \
      __VA_ARGS__;                        \
      _exit(0);                           \
    }                                     \
    child_;                               \
  })
