/* A traced child: its stops, signals, registers and memory. See ptrace(2). */
#include "show.h"
#include "trace.h"

static volatile long word = 0x1122334455667788;
static const long constant = 42;
static volatile int handled;
static void handler(int signo) { handled += signo; }

static int add(int a, int b) __attribute__((noinline));
static int add(int a, int b) { return a + b; }
/* Four instructions that are stepped through: nothing the compiler could change. */
long stepped(long x);
__asm__(".text\n.balign 16\n.globl stepped\nstepped: add x0, x0, #1\n add x0, x0, #2\n add x0, x0, #4\n ret\n");

static void signals(void) {
  puts("signals");
  pid_t child = TRACED_CHILD({
    signal(SIGUSR1, handler);
    signal(SIGUSR2, SIG_IGN);
    raise(SIGUSR1);
    raise(SIGUSR1);
    raise(SIGUSR1);
    raise(SIGUSR2);
    raise(SIGWINCH);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGHUP);
    sigpending(&set);
    _exit(handled + (sigismember(&set, SIGTERM) ? 100 : 0));
  });
  await("first", child);
  IS(task_state(child) == 't');
  IS(status_field(child, "TracerPid:\t") == getpid());
  show_info(child);
  SHOW(ptrace(PTRACE_CONT, child, 0, 65));
  SHOW(ptrace(PTRACE_CONT, child, 0, -1));
  SHOW(ptrace(PTRACE_CONT, child, 0, 0));
  await("a handled signal", child);
  show_info(child);
  SHOW(ptrace(PTRACE_CONT, child, 0, SIGUSR1));
  await("suppressed", child);
  SHOW(ptrace(PTRACE_CONT, child, 0, 0));
  await("replaced", child);
  siginfo_t info;
  ptrace(PTRACE_GETSIGINFO, child, 0, &info);
  SHOW(ptrace(PTRACE_SETSIGINFO, child, 0, &info));
  SHOW(ptrace(PTRACE_SETSIGINFO, child, 0, NULL));
  SHOW(ptrace(PTRACE_CONT, child, 0, SIGCHLD));
  await("ignored", child);
  SHOW(ptrace(PTRACE_CONT, child, 0, SIGUSR2));
  await("ignored by default", child);
  SHOW(ptrace(PTRACE_CONT, child, 0, SIGWINCH));
  await("to be blocked", child);
  SHOW(ptrace(PTRACE_CONT, child, 0, SIGTERM));
  await("end", child);
  SHOW(ptrace(PTRACE_CONT, child, 0, 0));

  child = TRACED_CHILD(pause());
  await("first", child);
  SHOW(ptrace(PTRACE_KILL, child, 0, 0));
  await("killed", child);

  child = TRACED_CHILD(raise(SIGTERM));
  await("first", child);
  ptrace(PTRACE_CONT, child, 0, 0);
  await("a fatal signal", child);
  SHOW(ptrace(PTRACE_DETACH, child, 0, SIGTERM));
  await("after detaching", child);

  puts("waitid");
  child = TRACED_CHILD(_exit(3));
  memset(&info, 0, sizeof info);
  SHOW(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
  printf("code %d status %d\n", info.si_code, info.si_status);
  SHOW(waitid(P_PID, child, &info, WSTOPPED));
  printf("code %d status %d\n", info.si_code, info.si_status);
  info.si_pid = 0;
  SHOW(waitid(P_PID, child, &info, WSTOPPED | WNOHANG));
  IS(info.si_pid == 0);
  ptrace(PTRACE_DETACH, child, 0, 0);
  await("detached", child);
}

static void memory(void) {
  puts("memory");
  pid_t child = TRACED_CHILD({
    raise(SIGUSR2);
    _exit(word == 99 && add(1, 2) == 3 && constant == 43 ? 0 : 1);
  });
  await("first", child);
  long value = 0;
  SHOW(ptrace(PTRACE_PEEKDATA, child, &word, &value));
  IS(value == 0x1122334455667788);
  SHOW(ptrace(PTRACE_PEEKTEXT, child, (char *)&word + 3, &value));
  SHOW(ptrace(PTRACE_PEEKDATA, child, 8, &value));
  SHOW(ptrace(PTRACE_PEEKDATA, child, &word, 8));
  SHOW(ptrace(PTRACE_PEEKUSR, child, 0, &value));
  SHOW(ptrace(PTRACE_POKEUSR, child, 0, 0));
  SHOW(ptrace(PTRACE_POKEDATA, child, &word, 99));
  SHOW(ptrace(PTRACE_POKEDATA, child, 8, 99));
  /* Text and constants too, and only in the child. */
  SHOW(ptrace(PTRACE_POKEDATA, child, &constant, 43));
  IS(word == 0x1122334455667788 && *(volatile const long *)&constant == 42);
  SHOW(ptrace(PTRACE_PEEKTEXT, child, &stepped, &value));
  long saved = value;
  SHOW(ptrace(PTRACE_POKETEXT, child, &stepped, (value & ~0xffffffffL) | 0xd4200000));
  IS(stepped(0) == 7);

  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", child);
  int fd = open(path, O_RDWR);
  IS(fd >= 0);
  long through = 0;
  SHOW(pread(fd, &through, sizeof through, (off_t)&word));
  IS(through == 99);
  SHOW(pwrite(fd, &saved, sizeof saved, (off_t)&stepped));
  SHOW(pread(fd, &through, sizeof through, (off_t)&stepped));
  IS(through == saved);
  SHOW(pread(fd, &through, sizeof through, 16));
  SHOW(lseek(fd, 0, SEEK_END));
  IS(lseek(fd, (off_t)&word, SEEK_SET) == (off_t)&word);
  SHOW(read(fd, &through, sizeof through));
  long local = 0;
  struct iovec to = {&local, sizeof local};
  struct iovec from = {(void *)&word, sizeof word};
  SHOW(process_vm_readv(child, &to, 1, &from, 1, 0));
  IS(local == 99);
  from.iov_base = (void *)&constant;
  SHOW(process_vm_writev(child, &to, 1, &from, 1, 0));
  ptrace(PTRACE_CONT, child, 0, 0);
  await("a signal", child);
  ptrace(PTRACE_CONT, child, 0, 0);
  await("end", child);
  SHOW(read(fd, &through, sizeof through));
  close(fd);
}

static void registers(void) {
  puts("registers");
  pid_t child = TRACED_CHILD(raise(SIGUSR2));
  await("first", child);
  struct user_regs_struct regs, before;
  SHOW(get_regs(child, &before));
  IS(before.pc != 0 && before.sp % 16 == 0);
  struct iovec iov = {&regs, 12};
  SHOW(ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &iov));
  iov.iov_len = 16;
  SHOW(ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &iov));
  IS(iov.iov_len == 16 && regs.regs[1] == before.regs[1]);
  iov.iov_len = 4096;
  static char large[4096];
  iov.iov_base = large;
  SHOW(ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &iov));
  printf("%zu bytes\n", iov.iov_len);
  iov.iov_len = 4096;
  SHOW(ptrace(PTRACE_GETREGSET, child, NT_PRFPREG, &iov));
  printf("%zu bytes\n", iov.iov_len);
  iov.iov_len = 4096;
  SHOW(ptrace(PTRACE_GETREGSET, child, NT_ARM_TLS, &iov));
  printf("%zu bytes\n", iov.iov_len);
  IS(*(long *)large == (long)__builtin_thread_pointer());
  iov.iov_len = 4096;
  SHOW(ptrace(PTRACE_GETREGSET, child, NT_ARM_HW_BREAK, &iov));
  printf("%zu bytes, architecture %d\n", iov.iov_len, (large[1] & 0xff) >= 6);
  iov.iov_len = 4096;
  SHOW(ptrace(PTRACE_GETREGSET, child, NT_ARM_SYSTEM_CALL, &iov));
  printf("%zu bytes, %d\n", iov.iov_len, *(int *)large);
  SHOW(ptrace(PTRACE_GETREGSET, child, 77, &iov));
  SHOW(ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, 8));
  SHOW(ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, NULL));

  /* Call a function in the child: a breakpoint is its return address. */
  regs = before;
  regs.regs[0] = 20;
  regs.regs[1] = 22;
  regs.regs[30] = 0;
  regs.pc = (long)add;
  SHOW(set_regs(child, &regs));
  ptrace(PTRACE_CONT, child, 0, 0);
  await("returned", child);
  show_info(child);
  get_regs(child, &regs);
  printf("add: %lld, pc %lld\n", regs.regs[0], regs.pc);
  regs.pstate = 0xd;
  SHOW(set_regs(child, &regs));

  /* Single steps. */
  regs = before;
  regs.regs[0] = 100;
  regs.pc = (long)stepped;
  regs.regs[30] = (long)stepped;
  SHOW(set_regs(child, &regs));
  for (int i = 0; i < 5; i++) {
    ptrace(PTRACE_SINGLESTEP, child, 0, 0);
    int status;
    waitpid(child, &status, 0);
    siginfo_t info;
    ptrace(PTRACE_GETSIGINFO, child, 0, &info);
    get_regs(child, &regs);
    printf("step: signal %d code %d, at %lld, x0 %lld, address %d\n", WSTOPSIG(status), info.si_code, regs.pc - (long)stepped, regs.regs[0],
           (long)info.si_addr == (long)regs.pc);
  }
  /* A breakpoint in the text. */
  long text;
  ptrace(PTRACE_PEEKTEXT, child, (char *)stepped + 8, &text);
  ptrace(PTRACE_POKETEXT, child, (char *)stepped + 8, (text & ~0xffffffffL) | 0xd4200000);
  ptrace(PTRACE_CONT, child, 0, 0);
  await("breakpoint", child);
  show_info(child);
  get_regs(child, &regs);
  printf("at %lld, x0 %lld\n", regs.pc - (long)stepped, regs.regs[0]);
  ptrace(PTRACE_POKETEXT, child, (char *)stepped + 8, text);
  ptrace(PTRACE_SINGLESTEP, child, 0, 0);
  await("stepped over", child);
  get_regs(child, &regs);
  printf("at %lld, x0 %lld\n", regs.pc - (long)stepped, regs.regs[0]);
  set_regs(child, &before);
  ptrace(PTRACE_CONT, child, 0, 0);
  await("where it was", child);

  /* A step into a handler. */
  ptrace(PTRACE_CONT, child, 0, 0);
  await("end", child);
  child = TRACED_CHILD({
    signal(SIGUSR1, handler);
    raise(SIGUSR1);
  });
  await("first", child);
  ptrace(PTRACE_CONT, child, 0, 0);
  await("the signal", child);
  ptrace(PTRACE_SINGLESTEP, child, 0, SIGUSR1);
  await("in the handler", child);
  show_info(child);
  get_regs(child, &regs);
  IS(regs.pc == (long)handler && regs.regs[0] == SIGUSR1);
  ptrace(PTRACE_CONT, child, 0, 0);
  await("end", child);

  /* A step over a system call. */
  child = TRACED_CHILD(__asm__ volatile("mov x8, #172\n brk #5\n svc #0\n nop" ::: "x0", "x8"));
  await("first", child);
  ptrace(PTRACE_CONT, child, 0, 0);
  await("brk", child);
  get_regs(child, &regs);
  regs.pc += 4;
  set_regs(child, &regs);
  long svc = regs.pc;
  ptrace(PTRACE_SINGLESTEP, child, 0, 0);
  await("over svc", child);
  show_info(child);
  get_regs(child, &regs);
  IS((pid_t)regs.regs[0] == child && (long)regs.pc == svc + 4);
  ptrace(PTRACE_CONT, child, 0, 0);
  await("end", child);
}

static void masks(void) {
  puts("masks and queues");
  pid_t child = TRACED_CHILD({
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    union sigval value = {.sival_int = 5};
    sigqueue(getpid(), SIGRTMIN, value);
    raise(SIGUSR1);
    raise(SIGUSR2);
    sigprocmask(SIG_BLOCK, NULL, &set);
    _exit(sigismember(&set, SIGUSR1) * 4 + sigismember(&set, SIGHUP) * 2 + sigismember(&set, SIGKILL));
  });
  await("first", child);
  ptrace(PTRACE_CONT, child, 0, 0);
  await("second", child);
  uint64_t mask = 0;
  SHOW(ptrace(PTRACE_GETSIGMASK, child, 4, &mask));
  SHOW(ptrace(PTRACE_GETSIGMASK, child, 8, &mask));
  IS(mask == ((1ULL << (SIGUSR1 - 1)) | (1ULL << (SIGRTMIN - 1))));
  struct ptrace_peeksiginfo_args args = {.off = 0, .flags = 0, .nr = 10};
  siginfo_t info[10];
  SHOW(ptrace(PTRACE_PEEKSIGINFO, child, &args, info));
  printf("signo %d code %d\n", info[0].si_signo, info[0].si_code);
  args.flags = PTRACE_PEEKSIGINFO_SHARED;
  SHOW(ptrace(PTRACE_PEEKSIGINFO, child, &args, info));
  printf("signo %d code %d value %d\n", info[0].si_signo, info[0].si_code, info[0].si_value.sival_int);
  args.off = 1;
  SHOW(ptrace(PTRACE_PEEKSIGINFO, child, &args, info));
  args.flags = 2;
  SHOW(ptrace(PTRACE_PEEKSIGINFO, child, &args, info));
  args.flags = 0;
  args.nr = -1;
  SHOW(ptrace(PTRACE_PEEKSIGINFO, child, &args, info));
  mask = (1ULL << (SIGHUP - 1)) | (1ULL << (SIGKILL - 1)) | (1ULL << (SIGRTMIN - 1)) | (1ULL << (SIGUSR1 - 1));
  SHOW(ptrace(PTRACE_SETSIGMASK, child, 8, &mask));
  ptrace(PTRACE_CONT, child, 0, 0);
  await("end", child);
}

static void errors(void) {
  puts("errors");
  SHOW(ptrace(PTRACE_CONT, 99999999, 0, 0));
  SHOW(ptrace(PTRACE_CONT, getpid(), 0, 0));
  SHOW(ptrace(PTRACE_ATTACH, getpid(), 0, 0));
  SHOW(ptrace(PTRACE_ATTACH, 0, 0, 0));
  pid_t child = CHILD(pause());
  SHOW(ptrace(PTRACE_CONT, child, 0, 0));
  SHOW(ptrace(PTRACE_SEIZE, child, 1, 0));
  SHOW(ptrace(PTRACE_SEIZE, child, 0, 0x1000));
  SHOW(ptrace(12345, child, 0, 0));
  SHOW(ptrace(PTRACE_ATTACH, child, 0, 0));
  SHOW(ptrace(PTRACE_ATTACH, child, 0, 0));
  await("attached", child);
  show_info(child);
  SHOW(ptrace(12345, child, 0, 0));
  SHOW(ptrace(PTRACE_SETOPTIONS, child, 0, 0x1000));
  SHOW(ptrace(PTRACE_SETOPTIONS, child, 0, 0xff));
  SHOW(ptrace(PTRACE_INTERRUPT, child, 0, 0));
  SHOW(ptrace(PTRACE_LISTEN, child, 0, 0));
  SHOW(ptrace(PTRACE_DETACH, child, 0, 99));
  SHOW(ptrace(PTRACE_DETACH, child, 0, 0));
  SHOW(ptrace(PTRACE_DETACH, child, 0, 0));
  kill(child, SIGKILL);
  await("end", child);
  child = TRACED_CHILD(_exit(0));
  await("first", child);
  IN_CHILD("another process", SHOW(ptrace(PTRACE_CONT, child, 0, 0)); SHOW(ptrace(PTRACE_ATTACH, child, 0, 0)));
  ptrace(PTRACE_CONT, child, 0, 0);
  await("end", child);
  child = CHILD({
    SHOW(ptrace(PTRACE_TRACEME, 0, 0, 0));
    SHOW(ptrace(PTRACE_TRACEME, 0, 0, 0));
  });
  await("end", child);
}

int main(void) {
  signals();
  memory();
  registers();
  masks();
  errors();
  return 0;
}
