/* What tracers are told of: new threads, programs, ends. */
#include "show.h"
#include "trace.h"
#include <linux/filter.h>
#include <linux/seccomp.h>

static char *const self[] = {"/proc/self/exe", "leaf", NULL};
static void go(pid_t pid, long request, int signo) { ptrace(request, pid, 0, signo); }

/* Options that are wanted, and what the child does. */
#define ALL (PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEVFORKDONE | PTRACE_O_TRACEEXIT)

static void forks(void) {
  puts("fork");
  pid_t child = TRACED_CHILD({
    pid_t inner = fork();
    if (inner == 0) _exit(5);
    int status;
    waitpid(inner, &status, 0);
    _exit(WEXITSTATUS(status) + 1);
  });
  await("first", child);
  ptrace(PTRACE_SETOPTIONS, child, 0, ALL);
  go(child, PTRACE_CONT, 0);
  await("fork", child);
  show_info(child);
  pid_t inner = event_message(child);
  pid_name(inner);
  await("the new one", inner);
  show_info(inner);
  IS(status_field(inner, "PPid:\t") == child);
  IS(status_field(inner, "TracerPid:\t") == getpid());
  go(inner, PTRACE_CONT, 0);
  await("its end is near", inner);
  printf("  message %#lx number %d\n", event_message(inner), call_number(inner));
  IS(task_state(inner) == 't');
  go(child, PTRACE_CONT, 0);
  go(inner, PTRACE_CONT, 0);
  await("its end", inner);
  await("the parent hears of it", child);
  go(child, PTRACE_CONT, 0);
  await("the end is near", child);
  go(child, PTRACE_CONT, 0);
  await("end", child);

  puts("a fatal signal");
  child = TRACED_CHILD(pause());
  await("first", child);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEEXIT);
  go(child, PTRACE_CONT, 0);
  await_state(child, 'S');
  kill(child, SIGKILL);
  await("the end is near", child);
  printf("  message %#lx number %d\n", event_message(child), call_number(child));
  show_info(child);
  go(child, PTRACE_CONT, 0);
  await("end", child);
  child = TRACED_CHILD(*(volatile int *)8 = 1);
  await("first", child);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEEXIT);
  go(child, PTRACE_CONT, 0);
  await("a fault", child);
  show_info(child);
  go(child, PTRACE_CONT, SIGSEGV);
  await("the end is near", child);
  printf("  message %#lx number %d\n", event_message(child), call_number(child));
  go(child, PTRACE_CONT, 0);
  await("end", child);

  puts("vfork");
  child = TRACED_CHILD({
    pid_t inner = vfork();
    if (inner == 0) _exit(5);
    int status;
    waitpid(inner, &status, 0);
    _exit(WEXITSTATUS(status) + 1);
  });
  await("first", child);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE);
  go(child, PTRACE_CONT, 0);
  await("vfork", child);
  inner = event_message(child);
  pid_name(inner);
  await("the new one", inner);
  go(child, PTRACE_CONT, 0);
  await_state(child, 'D');
  go(inner, PTRACE_CONT, 0);
  await("its end", inner);
  await("done", child);
  IS((pid_t)event_message(child) == inner);
  go(child, PTRACE_CONT, 0);
  await("the parent hears of it", child);
  go(child, PTRACE_CONT, SIGCHLD);
  await("end", child);

  puts("clone");
  child = TRACED_CHILD({
    pid_t inner = syscall(SYS_clone, SIGUSR1, 0L, 0L, 0L, 0L);
    if (inner == 0) _exit(5);
    inner = syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0L, 0L, 0L, 0L);
    if (inner == 0) _exit(6);
    waitpid(inner, NULL, 0);
  });
  await("first", child);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK);
  go(child, PTRACE_CONT, 0);
  await("clone", child);
  inner = event_message(child);
  pid_name(inner);
  await("the new one", inner);
  SHOW(ptrace(PTRACE_DETACH, inner, 0, SIGTERM));
  await_state(inner, 'Z');
  go(child, PTRACE_CONT, 0);
  await("the first has ended", child);
  go(child, PTRACE_CONT, 0);
  await("the second has ended", child);
  go(child, PTRACE_KILL, 0);
  await("end", child);
}

static void programs(void) {
  puts("exec, as of old");
  pid_t child = TRACED_CHILD(execv(self[0], self));
  await("first", child);
  go(child, PTRACE_CONT, 0);
  await("exec", child);
  show_info(child);
  go(child, PTRACE_CONT, 0);
  await("end", child);

  puts("exec");
  child = TRACED_CHILD(execv(self[0], self));
  await("first", child);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD);
  for (int i = 0; i < 8; i++) {
    go(child, PTRACE_SYSCALL, 0);
    int status = await("exec", child);
    printf("  number %d\n", call_number(child));
    if (status >> 16 == PTRACE_EVENT_EXEC) break;
  }
  IS((pid_t)event_message(child) == child);
  struct user_regs_struct regs;
  get_regs(child, &regs);
  IS(regs.regs[0] == 0 && regs.regs[30] == 0 && regs.pc != 0);
  go(child, PTRACE_SYSCALL, 0);
  await("its end", child);
  printf("  number %d\n", call_number(child));
  go(child, PTRACE_CONT, 0);
  await("end", child);
}

static void *exec_in_thread(void *arg) {
  (void)arg;
  execv(self[0], self);
  return NULL;
}
static void *sleeping(void *arg) {
  (void)arg;
  pause();
  return NULL;
}
static void *ending(void *arg) { return arg; }

static void threads(void) {
  puts("threads");
  pid_t child = TRACED_CHILD({
    pthread_t thread;
    pthread_create(&thread, NULL, ending, NULL);
    pthread_join(thread, NULL);
    _exit(9);
  });
  await("first", child);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT);
  go(child, PTRACE_CONT, 0);
  await("clone", child);
  pid_t thread = event_message(child);
  pid_name(thread);
  await("the new one", thread);
  IS(status_field(thread, "Tgid:\t") == child);
  go(thread, PTRACE_CONT, 0);
  await("it ends", thread);
  printf("  message %#lx\n", event_message(thread));
  go(thread, PTRACE_CONT, 0);
  await("it has ended", thread);
  go(child, PTRACE_CONT, 0);
  await("the end is near", child);
  printf("  message %#lx\n", event_message(child));
  go(child, PTRACE_CONT, 0);
  await("end", child);

  puts("a thread executes a program");
  child = TRACED_CHILD({
    pthread_t thread;
    pthread_create(&thread, NULL, exec_in_thread, NULL);
    pause();
  });
  await("first", child);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC);
  go(child, PTRACE_CONT, 0);
  await("clone", child);
  thread = event_message(child);
  pid_name(thread);
  await("the new one", thread);
  go(child, PTRACE_CONT, 0);
  await_state(child, 'S');
  go(thread, PTRACE_CONT, 0);
  await("exec", child);
  IS((pid_t)event_message(child) == thread);
  SHOW(waitpid(thread, NULL, __WALL | WNOHANG));
  go(child, PTRACE_CONT, 0);
  await("end", child);

  puts("the leader ends first");
  child = TRACED_CHILD({
    pthread_t one;
    pthread_create(&one, NULL, sleeping, NULL);
    syscall(SYS_exit, 1);
  });
  await("first", child);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACECLONE);
  go(child, PTRACE_CONT, 0);
  await("clone", child);
  thread = event_message(child);
  pid_name(thread);
  await("the new one", thread);
  go(thread, PTRACE_CONT, 0);
  go(child, PTRACE_CONT, 0);
  await_state(child, 'Z');
  SHOW(waitpid(child, NULL, WNOHANG | __WALL));
  kill(child, SIGKILL);
  await("the thread", thread);
  await("end", child);
}

static void tracers(void) {
  puts("the tracer is not the parent");
  int ends[2], back[2];
  pipe(ends);
  pipe(back);
  pid_t child = CHILD({
    char byte;
    read(ends[0], &byte, 1);
    _exit(8);
  });
  pid_t tracer = CHILD({
    known_count = 0;
    SHOW(ptrace(PTRACE_ATTACH, child, 0, 0));
    await("tracer", child);
    write(ends[1], "", 1);
    ptrace(PTRACE_CONT, child, 0, 0);
    await_state(child, 'Z');
    write(back[1], "", 1);
    char byte;
    millis(50);
    await("tracer", child);
    (void)byte;
  });
  char byte;
  read(back[0], &byte, 1);
  SHOW(waitpid(child, NULL, WNOHANG));
  int status;
  waitpid(tracer, &status, 0);
  waitpid(child, &status, 0);
  show_status("the parent", status);

  puts("the tracer ends");
  child = CHILD(pause());
  tracer = CHILD({
    ptrace(PTRACE_ATTACH, child, 0, 0);
    waitpid(child, NULL, 0);
  });
  waitpid(tracer, NULL, 0);
  await_state(child, 'S');
  printf("state %c tracer %ld\n", task_state(child), status_field(child, "TracerPid:\t"));
  kill(child, SIGTERM);
  waitpid(child, &status, 0);
  show_status("the child", status);

  child = CHILD(pause());
  tracer = CHILD({
    ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_EXITKILL);
  });
  waitpid(tracer, NULL, 0);
  waitpid(child, &status, 0);
  show_status("with EXITKILL", status);
}

static void filters(void) {
  puts("seccomp");
  pid_t child = TRACED_CHILD({
    struct sock_filter insns[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | 0x123),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getuid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog prog = {6, insns};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &prog);
    long a = syscall(SYS_getppid);
    long b = syscall(SYS_getppid);
    long c = syscall(SYS_getppid);
    errno = 0;
    syscall(SYS_getppid);
    int d = errno;
    _exit((a == getppid()) + (b == 77) * 2 + (c == getpid()) * 4 + (d == EXDEV) * 8);
  });
  await("first", child);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESECCOMP);
  struct user_regs_struct regs;
  for (int i = 0; i < 4; i++) {
    go(child, PTRACE_CONT, 0);
    await("call", child);
    struct ptrace_syscall_info info;
    long size = ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info);
    printf("  size %ld op %d nr %lld data %#x message %#lx\n", size, info.op, info.seccomp.nr, info.seccomp.ret_data, event_message(child));
    get_regs(child, &regs);
    if (i == 1) {
      set_call_number(child, -1);
      regs.regs[0] = 77;
      set_regs(child, &regs);
    }
    if (i == 2) set_call_number(child, SYS_getpid);
    if (i == 3) set_call_number(child, SYS_getuid);
  }
  SHOW(ptrace(PTRACE_SECCOMP_GET_FILTER, child, 0, NULL));
  struct sock_filter copy[6];
  SHOW(ptrace(PTRACE_SECCOMP_GET_FILTER, child, 0, copy));
  printf("  %#x %d\n", copy[2].k, copy[1].jf);
  SHOW(ptrace(PTRACE_SECCOMP_GET_FILTER, child, 1, NULL));
  struct { uint64_t index, flags; } metadata = {0, 99};
  SHOW(ptrace(PTRACE_SECCOMP_GET_METADATA, child, sizeof metadata, &metadata));
  printf("  flags %llu\n", (unsigned long long)metadata.flags);
  /* getppid() of the C library is one more. */
  go(child, PTRACE_CONT, 0);
  await("call", child);
  go(child, PTRACE_CONT, 0);
  await("end", child);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "leaf") == 0) return 21;
  forks();
  programs();
  threads();
  tracers();
  filters();
  return 0;
}
