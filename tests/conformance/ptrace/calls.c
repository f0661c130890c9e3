/* Stops at both ends of system calls, and what a tracer can do there. */
#include "show.h"
#include "trace.h"

static volatile int handled;
static void handler(int signo) { handled += signo; }

static void show_call(pid_t child) {
  struct ptrace_syscall_info info;
  memset(&info, 0xee, sizeof info);
  long size = ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info);
  struct user_regs_struct regs;
  get_regs(child, &regs);
  printf("  size %ld op %d arch %#x pc %d sp %d x7 %lld number %d message %lu ", size, info.op, info.arch, info.instruction_pointer == regs.pc,
         info.stack_pointer == regs.sp, regs.regs[7], call_number(child), event_message(child));
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) printf("nr %lld args %lld %lld\n", info.entry.nr, info.entry.args[0], info.entry.args[5]);
  else if (info.op == PTRACE_SYSCALL_INFO_EXIT) printf("result %lld error %d\n", info.exit.rval, info.exit.is_error);
  else printf("\n");
}

static long call6(long nr, long a, long f) {
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = 0;
  register long x2 __asm__("x2") = 0;
  register long x3 __asm__("x3") = 0;
  register long x4 __asm__("x4") = 0;
  register long x5 __asm__("x5") = f;
  register long x7 __asm__("x7") = 777;
  register long x8 __asm__("x8") = nr;
  __asm__ volatile("svc #0" : "+r"(x0), "+r"(x7) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8) : "memory");
  return x7 == 777 ? x0 : -10000;
}

static void calls(void) {
  pid_t child = TRACED_CHILD({
    long r = call6(SYS_getppid, 11, 66);
    long e = call6(SYS_close, 999, 0);
    long bad = call6(-1, 5, 0);
    _exit((r == getppid()) + (e == -EBADF) * 2 + (bad == -ENOSYS) * 4);
  });
  await("first", child);
  SHOW(ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD));
  show_call(child);
  for (int i = 0; i < 6; i++) {
    ptrace(PTRACE_SYSCALL, child, 0, 0);
    await("call", child);
    if (i == 1 || i == 2) show_info(child);
    if (i != 1) show_call(child);
  }
  SHOW(ptrace(PTRACE_SETOPTIONS, child, 0, 0));
  ptrace(PTRACE_SYSCALL, child, 0, 0);
  await("without a mark", child);
  show_call(child);
  ptrace(PTRACE_CONT, child, 0, 0);
  await("end", child);
}

static void changes(void) {
  puts("changes");
  pid_t child = TRACED_CHILD({
    long a = call6(SYS_getppid, 0, 0);
    long b = call6(SYS_getppid, 0, 0);
    long c = call6(SYS_close, 999, 0);
    long d = call6(SYS_getppid, 0, 0);
    _exit((a == -EPERM) + (b == getpid()) * 2 + (c == 0) * 4 + (d == 55) * 8);
  });
  await("first", child);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD);
  struct user_regs_struct regs;
  for (int i = 0; i < 8; i++) {
    ptrace(PTRACE_SYSCALL, child, 0, 0);
    await(i % 2 ? "exit" : "entry", child);
    get_regs(child, &regs);
    if (i == 0) {
      /* Not executed; the result is what x0 holds. */
      set_call_number(child, -1);
      regs.regs[0] = -EPERM;
      set_regs(child, &regs);
    }
    if (i == 2) set_call_number(child, SYS_getpid);
    if (i == 4) {
      int fd = open("/dev/null", O_RDONLY);
      close(fd);
      regs.regs[0] = 0;
      set_regs(child, &regs);
    }
    if (i == 7) {
      regs.regs[0] = 55;
      set_regs(child, &regs);
    }
    if (i < 4) printf("  number %d\n", call_number(child));
  }
  ptrace(PTRACE_CONT, child, 0, 0);
  await("end", child);

  puts("emulation");
  child = TRACED_CHILD({
    long a = call6(SYS_getppid, 33, 0);
    long b = call6(SYS_getppid, 0, 0);
    _exit((a == 33) + (b == 44) * 2);
  });
  await("first", child);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD);
  ptrace(PTRACE_SYSEMU, child, 0, 0);
  await("call", child);
  show_call(child);
  ptrace(PTRACE_SYSEMU, child, 0, 0);
  await("call", child);
  get_regs(child, &regs);
  regs.regs[0] = 44;
  set_regs(child, &regs);
  ptrace(PTRACE_CONT, child, 0, 0);
  await("end", child);

  puts("a signal from a call's stop");
  child = TRACED_CHILD({
    signal(SIGUSR1, handler);
    call6(SYS_getppid, 0, 0);
    _exit(handled);
  });
  await("first", child);
  ptrace(PTRACE_SYSCALL, child, 0, 0);
  await("rt_sigaction", child);
  ptrace(PTRACE_SYSCALL, child, 0, 0);
  await("rt_sigaction", child);
  ptrace(PTRACE_SYSCALL, child, 0, 0);
  await("getppid", child);
  ptrace(PTRACE_CONT, child, 0, SIGUSR1);
  await("the signal", child);
  show_info(child);
  ptrace(PTRACE_CONT, child, 0, SIGUSR1);
  await("end", child);
}

static void wait_for_call(pid_t child, const char *what) {
  ptrace(PTRACE_SYSCALL, child, 0, 0);
  await(what, child);
  struct user_regs_struct regs;
  get_regs(child, &regs);
  printf("  number %d x8 %lld x0 %lld x7 %lld\n", call_number(child), regs.regs[8], regs.regs[0] < 0x10000 || (long long)regs.regs[0] < 0 ? (long long)regs.regs[0] : 1, regs.regs[7] < 2 ? (long long)regs.regs[7] : 2);
}

static void interrupted(void) {
  int ends[2];
  puts("an interrupted read");
  pipe(ends);
  pid_t child = TRACED_CHILD({
    char byte;
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    action.sa_flags = 0;
    sigaction(SIGUSR2, &action, NULL);
    raise(SIGHUP);
    long r = syscall(SYS_read, ends[0], &byte, 1L);
    _exit(r == -1 && errno == EINTR ? 1 : 2);
  });
  await("first", child);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD);
  ptrace(PTRACE_CONT, child, 0, 0);
  await("ready", child);
  wait_for_call(child, "behind raise");
  if (call_number(child) != SYS_read) wait_for_call(child, "read");
  while (call_number(child) != SYS_read) {
    int status;
    ptrace(PTRACE_SYSCALL, child, 0, 0);
    waitpid(child, &status, 0);
  }
  ptrace(PTRACE_SYSCALL, child, 0, 0);
  await_state(child, 'S');
  kill(child, SIGWINCH);
  await("interrupted", child);
  struct user_regs_struct regs;
  get_regs(child, &regs);
  printf("  x0 %lld\n", regs.regs[0]);
  wait_for_call(child, "an ignored signal");
  wait_for_call(child, "again");
  ptrace(PTRACE_SYSCALL, child, 0, 0);
  await_state(child, 'S');
  kill(child, SIGUSR1);
  await("interrupted", child);
  wait_for_call(child, "a signal that restarts");
  ptrace(PTRACE_SYSCALL, child, 0, SIGUSR1);
  await("sigreturn", child);
  printf("  number %d\n", call_number(child));
  wait_for_call(child, "returned");
  wait_for_call(child, "read");
  ptrace(PTRACE_SYSCALL, child, 0, 0);
  await_state(child, 'S');
  kill(child, SIGUSR2);
  await("interrupted", child);
  wait_for_call(child, "a signal that does not");
  ptrace(PTRACE_CONT, child, 0, SIGUSR2);
  await("end", child);

  puts("an interrupted sleep");
  child = TRACED_CHILD({
    struct timespec t = {0, 300000000};
    raise(SIGHUP);
    long r = syscall(SYS_nanosleep, &t, &t);
    _exit(r == 0 ? 0 : 1);
  });
  await("first", child);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD);
  ptrace(PTRACE_CONT, child, 0, 0);
  await("ready", child);
  do {
    int status;
    ptrace(PTRACE_SYSCALL, child, 0, 0);
    waitpid(child, &status, 0);
  } while (call_number(child) != SYS_nanosleep);
  ptrace(PTRACE_SYSCALL, child, 0, 0);
  await_state(child, 'S');
  kill(child, SIGWINCH);
  await("interrupted", child);
  get_regs(child, &regs);
  printf("  x0 %lld number %d\n", regs.regs[0], call_number(child));
  wait_for_call(child, "an ignored signal");
  wait_for_call(child, "again");
  wait_for_call(child, "slept");
  ptrace(PTRACE_CONT, child, 0, 0);
  await("end", child);
}

int main(void) {
  calls();
  changes();
  interrupted();
  return 0;
}
