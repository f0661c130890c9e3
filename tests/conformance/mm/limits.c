/* brk, RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK, stack growth, overcommit. */
#include "check.h"

static long raw_brk(unsigned long address) { return syscall(SYS_brk, address); }

static int depth(int n) {
  volatile char frame[8192];
  frame[0] = n;
  return n == 0 ? frame[0] : depth(n - 1) + frame[0] * 0;
}

static void in_child(const char *what, void (*body)(void)) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    body();
    fflush(stdout);
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  printf("%s: %s %d\n", what, WIFSIGNALED(status) ? "signal" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void limit_as(void) {
  struct rlimit limit = {64 << 20, 64 << 20};
  setrlimit(RLIMIT_AS, &limit);
  SHOW(mmap(NULL, 128 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  SHOW(mmap(NULL, 16 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static void limit_data(void) {
  struct rlimit limit = {8 << 20, 8 << 20};
  setrlimit(RLIMIT_DATA, &limit);
  SHOW(mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  SHOW(mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  SHOW(mmap(NULL, 16 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  long old = raw_brk(0);
  printf("brk beyond the limit moves: %d\n", raw_brk(old + (16 << 20)) != old);
}

static void small_stack(void) {
  struct rlimit limit = {256 << 10, 256 << 10};
  setrlimit(RLIMIT_STACK, &limit);
  printf("%d\n", depth(10));
  fflush(stdout);
  printf("%d\n", depth(100));
}

static void deep_stack(void) { printf("%d\n", depth(900)); }

static void guard_gap(void) {
  catch_faults();
  char *area = anon(1024 * PAGE, PROT_READ | PROT_WRITE);
  munmap(area, 1024 * PAGE);
  char *low = mmap(area, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  char *grow = mmap(area + 600 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
  low[0] = 1;
  touch("one page below", grow - 1, 1);
  touch("many pages below", grow - 200 * PAGE, 1);
  touch("inside the guard gap", low + 200 * PAGE, 1);
  touch("outside the guard gap", low + 300 * PAGE, 1);
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  unsigned long start = raw_brk(0);
  printf("grow: %d\n", raw_brk(start + 10 * PAGE) == (long)(start + 10 * PAGE));
  memset((void *)start, 1, 10 * PAGE);
  printf("shrink: %d\n", raw_brk(start + PAGE) == (long)(start + PAGE));
  printf("odd end: %d\n", raw_brk(start + PAGE + 5) == (long)(start + PAGE + 5));
  printf("zeroed: %d\n", ((char *)start)[PAGE + 4]);
  printf("below the start: %d\n", raw_brk(8) == (long)(start + PAGE + 5));
  printf("absurd: %d\n", raw_brk(1UL << 60) == (long)(start + PAGE + 5));
  in_child("RLIMIT_AS", limit_as);
  in_child("RLIMIT_DATA", limit_data);
  in_child("RLIMIT_STACK", small_stack);
  in_child("deep recursion", deep_stack);
  in_child("guard gap", guard_gap);
  SHOW(mmap(NULL, 1UL << 40, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  SHOW(mmap(NULL, 1UL << 40, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  SHOW(mmap(NULL, 1UL << 40, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  SHOW(mmap(NULL, 1UL << 47, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  SHOW(mmap(NULL, 1UL << 48, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  char *far = mmap((void *)(1UL << 40), 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  printf("above 4 GiB: %d\n", far == (char *)(1UL << 40));
  strcpy(far + PAGE - 3, "across");
  printf("%s\n", far + PAGE - 3);
  return 0;
}
