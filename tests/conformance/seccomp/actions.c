/* What each verdict of a filter does to the call and to its caller. */
#include "show.h"
#include "filter.h"

#define ALLOW RETURN(SECCOMP_RET_ALLOW)
#define RULE(call, value) LOAD(NR), ON((call), (value)), ALLOW

static volatile sig_atomic_t trapped;
static siginfo_t info;
static uintptr_t next_pc;

static void on_sigsys(int signo, siginfo_t *si, void *context) {
  ucontext_t *uc = context;
  info = *si;
  trapped++;
  next_pc = uc->uc_mcontext.pc;
  printf("handler: signal %d, x0 is the argument: %s\n", signo, uc->uc_mcontext.regs[0] == 77 ? "yes" : "no");
  uc->uc_mcontext.regs[0] = 4711;
}

static void *thread_getppid(void *arg) {
  (void)arg;
  syscall(SYS_getppid);
  puts("the thread lives");
  return NULL;
}

static void *sleeper(void *arg) {
  (void)arg;
  pause();
  return NULL;
}

static void strict(void (*then)(void)) {
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
  write(1, "strict\n", 7);
  then();
  write(1, "ended\n", 6);
  syscall(SYS_exit, 3);
}
static void nothing(void) {}
static void get_pid(void) { syscall(SYS_getpid); }

int main(void) {
  IN_CHILD("errno", {
    INSTALL(0, RULE(SYS_getppid, SECCOMP_RET_ERRNO | EXDEV));
    SHOW(getppid());
    INSTALL(0, RULE(SYS_getppid, SECCOMP_RET_ERRNO | 0));
    SHOW(syscall(SYS_getppid));
    OK(getpid());
  });
  IN_CHILD("large errno", {
    INSTALL(0, RULE(SYS_getppid, SECCOMP_RET_ERRNO | 0xffff));
    errno = 0;
    long r = syscall(SYS_getppid);
    printf("%ld, errno %d\n", r, errno);
  });
  IN_CHILD("arguments", {
    INSTALL(0, LOAD(NR), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_personality, 0, 4), LOAD(ARG(0)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffff, 0, 1), RETURN(SECCOMP_RET_ERRNO | E2BIG), RETURN(SECCOMP_RET_ERRNO | ENOENT), ALLOW);
    SHOW(syscall(SYS_personality, 0xffffffffUL));
    SHOW(syscall(SYS_personality, 0L));
  });
  IN_CHILD("the upper half of an argument", {
    INSTALL(0, LOAD(NR), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 4), LOAD(ARG(5) + 4),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x12345678, 0, 1), RETURN(SECCOMP_RET_ERRNO | E2BIG), RETURN(SECCOMP_RET_ERRNO | ENOENT), ALLOW);
    SHOW(syscall(SYS_getppid, 1L, 2L, 3L, 4L, 5L, 0x123456789abcdef0L));
    SHOW(syscall(SYS_getppid, 1L, 2L, 3L, 4L, 5L, 0x89abcdefL));
  });
  IN_CHILD("architecture", {
    INSTALL(0, LOAD(NR), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 3), LOAD(offsetof(struct seccomp_data, arch)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_AARCH64, 0, 1), RETURN(SECCOMP_RET_ERRNO | ENOTTY), ALLOW);
    SHOW(syscall(SYS_getppid));
  });
  IN_CHILD("calls that do not exist", {
    INSTALL(0, RULE(1000, SECCOMP_RET_ERRNO | EXDEV));
    SHOW(syscall(1000));
    SHOW(syscall(1001));
    INSTALL(0, RULE(-5, SECCOMP_RET_ERRNO | EBUSY));
    SHOW(syscall(-5));
  });
  IN_CHILD("trap", {
    struct sigaction action = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO};
    sigaction(SIGSYS, &action, NULL);
    INSTALL(0, RULE(SYS_setpriority, SECCOMP_RET_TRAP | 0x1234));
    long r = syscall(SYS_setpriority, 77L, 0L, 0L);
    printf("result %ld\n", r);
    printf("trapped %d signo %d errno %#x code %d\n", (int)trapped, info.si_signo, info.si_errno, info.si_code);
    IS((uintptr_t)info.si_call_addr == next_pc);
    IS(info.si_syscall == SYS_setpriority);
    IS(info.si_arch == AUDIT_ARCH_AARCH64);
  });
  IN_CHILD("trap without a handler", INSTALL(0, RULE(SYS_getppid, SECCOMP_RET_TRAP)); getppid());
  IN_CHILD("trap ignored", {
    signal(SIGSYS, SIG_IGN);
    INSTALL(0, RULE(SYS_getppid, SECCOMP_RET_TRAP));
    getppid();
  });
  IN_CHILD("trap blocked", {
    struct sigaction action = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO};
    sigaction(SIGSYS, &action, NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGSYS);
    sigprocmask(SIG_BLOCK, &set, NULL);
    INSTALL(0, RULE(SYS_getppid, SECCOMP_RET_TRAP));
    getppid();
  });
  IN_CHILD("kill process", INSTALL(0, RULE(SYS_getppid, SECCOMP_RET_KILL_PROCESS)); getppid());
  IN_CHILD("kill thread, the only one", INSTALL(0, RULE(SYS_getppid, SECCOMP_RET_KILL_THREAD)); getppid());
  IN_CHILD("kill thread, one of two", {
    INSTALL(0, RULE(SYS_getppid, SECCOMP_RET_KILL_THREAD));
    pthread_t thread;
    pthread_create(&thread, NULL, thread_getppid, NULL);
    pthread_join(thread, NULL);
    puts("joined");
  });
  IN_CHILD("kill process, one of two", {
    INSTALL(0, RULE(SYS_getppid, SECCOMP_RET_KILL_PROCESS));
    pthread_t thread;
    pthread_create(&thread, NULL, thread_getppid, NULL);
    pthread_join(thread, NULL);
    puts("joined");
  });
  IN_CHILD("kill with a handler", {
    struct sigaction action = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO};
    sigaction(SIGSYS, &action, NULL);
    INSTALL(0, RULE(SYS_getppid, SECCOMP_RET_KILL_PROCESS));
    getppid();
  });
  IN_CHILD("an unknown action", INSTALL(0, RULE(SYS_getppid, 0x10000)); getppid());
  IN_CHILD("log", {
    INSTALL(SECCOMP_FILTER_FLAG_LOG, RULE(SYS_getppid, SECCOMP_RET_LOG));
    OK(getppid());
  });
  IN_CHILD("trace without a tracer", INSTALL(0, RULE(SYS_getppid, SECCOMP_RET_TRACE | 9)); SHOW(getppid()));
  IN_CHILD("notify without a listener", INSTALL(0, RULE(SYS_getppid, SECCOMP_RET_USER_NOTIF)); SHOW(getppid()));

  /* Precedence. */
  static const uint32_t order[] = {SECCOMP_RET_ALLOW, SECCOMP_RET_LOG, SECCOMP_RET_TRACE, SECCOMP_RET_ERRNO | ENOSPC, SECCOMP_RET_TRAP, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_KILL_PROCESS};
  for (int i = 0; i + 1 < 7; i++) {
    printf("%#x over %#x\n", order[i + 1], order[i]);
    IN_CHILD("precedence", {
      INSTALL(0, RULE(SYS_getppid, order[i + 1]));
      INSTALL(0, RULE(SYS_getppid, order[i]));
      OK(getppid());
    });
  }
  IN_CHILD("the latest of equals", {
    INSTALL(0, RULE(SYS_getppid, SECCOMP_RET_ERRNO | 1));
    INSTALL(0, RULE(SYS_getppid, SECCOMP_RET_ERRNO | 2));
    SHOW(getppid());
  });

  /* Filters stay over execve and fork; a filter can forbid seccomp itself. */
  IN_CHILD("seccomp forbidden", {
    INSTALL(0, RULE(SYS_seccomp, SECCOMP_RET_ERRNO | EPERM));
    SHOW(INSTALL(0, ALLOW));
    IN_CHILD("child", SHOW(INSTALL(0, ALLOW)));
  });

  IN_CHILD("strict, exit", strict(nothing));
  IN_CHILD("strict, getpid", strict(get_pid));

  /* All threads at once. */
  IN_CHILD("tsync", {
    pthread_t thread;
    pthread_create(&thread, NULL, sleeper, NULL);
    millis(50);
    SHOW(INSTALL(SECCOMP_FILTER_FLAG_TSYNC, RULE(SYS_getppid, SECCOMP_RET_ERRNO | EDOM)));
    char path[64], text[4096];
    int count = 0;
    for (int i = 0; i < 2; i++) {
      snprintf(path, sizeof path, "/proc/self/task/%d/status", getpid() + i);
      int fd = open(path, O_RDONLY);
      if (fd < 0) continue;
      ssize_t n = read(fd, text, sizeof text - 1);
      text[n] = 0;
      close(fd);
      if (strstr(text, "Seccomp:\t2\nSeccomp_filters:\t1\n")) count++;
    }
    printf("threads with a filter: %d\n", count);
  });
  return 0;
}
