/* What a handler sees on its stack, and what returning from it restores. Linux: arch/arm64/kernel/signal.c. */
#include "show.h"
#include <asm/sigcontext.h>
#include <ucontext.h>

static ucontext_t *seen;
static siginfo_t *seen_info;

static void look(int signo, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  seen = uc;
  seen_info = info;
  printf("signal %d\n", signo);
  printf("offset of ucontext %ld\n", (long)((char *)uc - (char *)info));
  printf("aligned %ld\n", (long)info % 16);
  printf("regs at %ld pstate at %ld reserved at %ld\n", (long)((char *)&uc->uc_mcontext.regs - (char *)uc),
         (long)((char *)&uc->uc_mcontext.pstate - (char *)uc), (long)((char *)&uc->uc_mcontext.__reserved - (char *)uc));
  struct _aarch64_ctx *head = (void *)uc->uc_mcontext.__reserved;
  while (head->magic) {
    if (head->magic == FPSIMD_MAGIC || head->magic == ESR_MAGIC) printf("record %x size %x\n", head->magic, head->size);
    head = (void *)((char *)head + head->size);
  }
  printf("flags %lx link %p stack flags %d mask %lx\n", uc->uc_flags, (void *)uc->uc_link, uc->uc_stack.ss_flags, uc->uc_sigmask.__val[0]);
}

static void change(int signo, siginfo_t *info, void *context) {
  (void)signo;
  (void)info;
  ucontext_t *uc = context;
  uc->uc_mcontext.regs[0] = 4242;
  struct fpsimd_context *fp = (void *)uc->uc_mcontext.__reserved;
  double two = 2.5;
  memcpy(&fp->vregs[8], &two, 8);
  sigaddset(&uc->uc_sigmask, SIGUSR2);
}

static void skip_fault(int signo, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  printf("fault %d code %d address %s, fault_address %s\n", signo, info->si_code, info->si_addr == (void *)0x1234 ? "right" : "wrong",
         uc->uc_mcontext.fault_address == 0x1234 ? "right" : "wrong");
  struct _aarch64_ctx *head = (void *)uc->uc_mcontext.__reserved;
  while (head->magic) {
    if (head->magic == ESR_MAGIC) printf("esr class %llx write %d\n", (unsigned long long)(((struct esr_context *)head)->esr >> 26 & 0x3f),
                                         (int)(((struct esr_context *)head)->esr >> 6 & 1));
    head = (void *)((char *)head + head->size);
  }
  uc->uc_mcontext.pc += 4;
}

static sigjmp_buf back;
static void jump(int signo) { siglongjmp(back, signo); }

int main(void) {
  struct sigaction action = {.sa_sigaction = look, .sa_flags = SA_SIGINFO};
  sigaddset(&action.sa_mask, SIGTERM);
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);

  action.sa_sigaction = change;
  sigaction(SIGUSR1, &action, NULL);
  register long x0 asm("x0") = getpid();
  register long x1 asm("x1") = SIGUSR1;
  register long x8 asm("x8") = SYS_kill;
  register double d8 asm("d8") = 1.5;
  asm volatile("svc #0" : "+r"(x0), "+w"(d8) : "r"(x1), "r"(x8) : "memory");
  long result = x0;
  double value = d8;
  printf("x0 %ld d8 %g\n", result, value);
  sigset_t set;
  sigprocmask(SIG_SETMASK, NULL, &set);
  printf("SIGUSR2 blocked %d\n", sigismember(&set, SIGUSR2));

  /* All general registers survive a handler. */
  action.sa_sigaction = (void (*)(int, siginfo_t *, void *))(void (*)(void))strlen;
  signal(SIGUSR1, SIG_DFL);
  action.sa_flags = SA_SIGINFO;
  action.sa_sigaction = skip_fault;
  sigaction(SIGSEGV, &action, NULL);
  *(volatile int *)0x1234 = 5;
  (void)*(volatile int *)0x1234;
  printf("behind the faults\n");

  signal(SIGALRM, jump);
  int from = sigsetjmp(back, 1);
  if (from == 0) {
    alarm(1);
    for (;;) continue;
  }
  printf("jumped out of %d\n", from);
  sigprocmask(SIG_SETMASK, NULL, &set);
  printf("SIGALRM blocked %d\n", sigismember(&set, SIGALRM));

  /* A broken frame kills. */
  signal(SIGSEGV, SIG_DFL);
  IN_CHILD("misaligned sp at sigreturn", asm volatile("mov x8, #139\n sub sp, sp, #8\n svc #0" ::: "x8"));
  IN_CHILD("no frame at sigreturn", asm volatile("mov x8, #139\n mov x9, sp\n mov x10, #4096\n mov sp, x10\n svc #0" ::: "x8", "x9", "x10"));
  IN_CHILD("no stack for the frame", {
    signal(SIGUSR1, jump);
    asm volatile("mov x10, #4096\n mov sp, x10\n mov x8, #172\n svc #0\n mov x1, #10\n mov x8, #129\n svc #0\n" ::: "x0", "x1", "x8", "x10");
  });
  return 0;
}
