/* Signals of instructions that fail: number, code and address. See sigaction(2). */
#include "show.h"

static sigjmp_buf back;
static siginfo_t last;
static void catch_it(int signo, siginfo_t *info, void *context) {
  (void)signo;
  (void)context;
  last = *info;
  siglongjmp(back, 1);
}

#define TRY(what, base, ...)                                                                          \
  do {                                                                                                \
    if (sigsetjmp(back, 1) == 0) {                                                                    \
      __VA_ARGS__;                                                                                    \
      printf("%s: fine\n", what);                                                                     \
    } else                                                                                            \
      printf("%s: signal %d code %d at %+ld\n", what, last.si_signo, last.si_code, (long)((char *)last.si_addr - (char *)(base))); \
  } while (0)

int main(void) {
  struct sigaction action = {.sa_sigaction = catch_it, .sa_flags = SA_SIGINFO};
  int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
  for (int i = 0; i < 5; i++) sigaction(signals[i], &action, NULL);
  char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  TRY("null read", 0, (void)*(volatile char *)0);
  TRY("null write", 0, *(volatile char *)8 = 1);
  TRY("high address", 1L << 47, (void)*(volatile char *)(1L << 47));
  TRY("kernel address", -4096L, (void)*(volatile char *)-4096L);
  mprotect(page, 4096, PROT_READ);
  TRY("write to read-only", page, page[5] = 1);
  TRY("read of read-only", page, (void)*(volatile char *)page);
  mprotect(page, 4096, PROT_NONE);
  TRY("read of nothing", page, (void)*(volatile char *)page);
  munmap(page, 4096);
  TRY("unmapped", page, (void)*(volatile char *)(page + 100));
  TRY("across the border", page, (void)*(volatile long *)(page + 4096 - 4));
  page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  TRY("execute data", page, ((void (*)(void))page)());
  TRY("execute null", 0, ((void (*)(void))0)());
  mprotect(page, 4096, PROT_READ | PROT_EXEC);
  TRY("odd pc", page, ((void (*)(void))(page + 2))());
  mprotect(page, 4096, PROT_READ | PROT_WRITE);
  TRY("undefined", 0, asm volatile("udf #7"));
  TRY("integer division by zero", 0, { volatile int zero = 0; (void)(1 / zero); });
  TRY("brk", 0, { asm volatile("nop"); });
  if (sigsetjmp(back, 1) == 0) asm volatile("brk #1");
  else printf("brk: signal %d code %d\n", last.si_signo, last.si_code);
  TRY("misaligned exclusive", page, asm volatile("ldxr x9, [%0]" ::"r"(page + 1) : "x9"));
  TRY("misaligned acquire", page, asm volatile("ldar x9, [%0]" ::"r"(page + 2) : "x9"));
  TRY("misaligned plain", page, (void)*(volatile long *)(page + 3));
  int fd = memfd_create("x", 0);
  ftruncate(fd, 100);
  char *file = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  TRY("within the file's page", file, file[200] = 1);
  TRY("beyond the file", file, (void)*(volatile char *)(file + 4096));

  /* A fault whose signal is blocked or ignored kills. */
  IN_CHILD("blocked", {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    sigprocmask(SIG_BLOCK, &set, NULL);
    *(volatile char *)0 = 1;
  });
  IN_CHILD("ignored", {
    signal(SIGSEGV, SIG_IGN);
    raise(SIGSEGV);
    printf("raise is ignored\n");
    *(volatile char *)0 = 1;
  });
  IN_CHILD("default", {
    signal(SIGILL, SIG_DFL);
    asm volatile("udf #0");
  });
  IN_CHILD("abort", abort());
  return 0;
}
