/* Code that is executed much and then changes: written anew, remapped, protected, moved, shared with another process. */
#include "../show.h"

#define PAGE 4096
#define RX (PROT_READ | PROT_EXEC)
#define RW (PROT_READ | PROT_WRITE)

typedef long (*Function)(long);

/* add x0, x0, k; ret */
static void put_add(void *at, int k) {
  uint32_t code[] = {0x91000000u | (uint32_t)k << 10, 0xd65f03c0};
  memcpy(at, code, sizeof code);
}

static void sync_code(void *at, size_t bytes) { __builtin___clear_cache((char *)at, (char *)at + bytes); }

/* Often enough to be worth a translation. */
static long hot(void *code) {
  Function f = (Function)code;
  long sum = 0;
  for (int i = 0; i < 30000; i++) sum = f(sum);
  return sum / 30000;
}

static sigjmp_buf escape;
static volatile long fault_pc;
static void on_fault(int sig, siginfo_t *info, void *context) {
  (void)context;
  fault_pc = (long)info->si_addr;
  siglongjmp(escape, sig);
}

/* Call code that may be gone. */
static void show_call(const char *what, void *code) {
  int sig = sigsetjmp(escape, 1);
  if (sig == 0) printf("%s: %ld\n", what, hot(code));
  else printf("%s: signal %d, at the code: %s\n", what, sig, fault_pc == (long)code ? "yes" : "no");
}

static int code_file(int first, int pages) {
  int fd = memfd_create("code", 0);
  ftruncate(fd, pages * PAGE);
  for (int i = 0; i < pages; i++) {
    char page[PAGE];
    memset(page, 0, sizeof page);
    put_add(page, first + i);
    pwrite(fd, page, PAGE, i * PAGE);
  }
  return fd;
}

static void rewritten(void) {
  puts("-- written, executed, written again");
  char *p = mmap(NULL, PAGE, RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int k = 1; k < 6; k++) {
    put_add(p, k);
    sync_code(p, 8);
    show_call("same page", p);
  }
  long sum = 0;
  for (int i = 0; i < 3000; i++) {
    put_add(p + 64 * (i % 8), i % 4000);
    sync_code(p + 64 * (i % 8), 8);
    sum += ((Function)(p + 64 * (i % 8)))(1);
  }
  printf("3000 small functions: %ld\n", sum);
  puts("-- writable or executable, never both");
  for (int k = 10; k < 14; k++) {
    mprotect(p, PAGE, RW);
    put_add(p, k);
    sync_code(p, 8);
    mprotect(p, PAGE, RX);
    show_call("same page", p);
  }
  munmap(p, PAGE);
}

static void remapped(void) {
  puts("-- remapped");
  int one = code_file(100, 3), two = code_file(200, 3);
  char *p = mmap(NULL, 3 * PAGE, RX, MAP_PRIVATE, one, 0);
  for (int i = 0; i < 3; i++) show_call("first file", p + i * PAGE);
  mmap(p + PAGE, PAGE, RX, MAP_PRIVATE | MAP_FIXED, two, 2 * PAGE);
  for (int i = 0; i < 3; i++) show_call("page of the second in the middle", p + i * PAGE);
  mmap(p, 3 * PAGE, RX, MAP_SHARED | MAP_FIXED, two, 0);
  for (int i = 0; i < 3; i++) show_call("second file", p + i * PAGE);
  mmap(p, 3 * PAGE, RX, MAP_PRIVATE | MAP_FIXED, one, 0);
  show_call("first file again", p);
  mprotect(p, PAGE, PROT_READ);
  show_call("not executable", p);
  mprotect(p, PAGE, RX);
  show_call("executable", p);
  mprotect(p, PAGE, PROT_NONE);
  show_call("no access", p);
  mprotect(p, PAGE, RX);
  show_call("executable", p);
  munmap(p + PAGE, PAGE);
  show_call("unmapped", p + PAGE);
  show_call("its neighbour", p + 2 * PAGE);
  char *q = mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  q = mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q + 4 * PAGE);
  show_call("moved", q);
  show_call("where it was", p);
  mprotect(q, PAGE, RW);
  put_add(q, 7);
  mprotect(q, PAGE, RX);
  sync_code(q, 8);
  show_call("private copy", q);
  madvise(q, PAGE, MADV_DONTNEED);
  show_call("dropped", q);
  close(one);
  close(two);
}

static void shared(void) {
  puts("-- one page of a file at two addresses");
  int fd = code_file(300, 2);
  char *a = mmap(NULL, 2 * PAGE, RX, MAP_SHARED, fd, 0);
  char *b = mmap(NULL, 2 * PAGE, RX, MAP_SHARED, fd, 0);
  char *w = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
  show_call("a", a);
  show_call("b", b);
  put_add(w, 301);
  sync_code(w, 8);
  sync_code(a, 8);
  sync_code(b, 8);
  show_call("a after a write through another mapping", a);
  show_call("b after a write through another mapping", b);
  uint32_t code[] = {0x91000000u | 302 << 10, 0xd65f03c0};
  pwrite(fd, code, sizeof code, 0);
  sync_code(a, 8);
  sync_code(b, 8);
  show_call("a after pwrite", a);
  show_call("b after pwrite", b);
  /* Its address relative to the page: adr x0, .; ret */
  uint32_t adr[] = {0x10000000, 0xd65f03c0};
  memcpy(w + PAGE, adr, sizeof adr);
  sync_code(a + PAGE, 8);
  sync_code(b + PAGE, 8);
  long sum = 0;
  for (int i = 0; i < 30000; i++) {
    sum += ((Function)(a + PAGE))(0) == (long)(a + PAGE);
    sum += ((Function)(b + PAGE))(0) == (long)(b + PAGE);
  }
  printf("where they are: %ld\n", sum);
  puts("-- the same page in two processes, elsewhere");
  int to[2], from[2];
  pipe(to);
  pipe(from);
  fflush(stdout);
  pid_t child = fork();
  char c;
  if (child == 0) {
    char *other = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + PAGE;
    mmap(other, PAGE, RX, MAP_SHARED | MAP_FIXED, fd, 0);
    munmap(a, 2 * PAGE);
    show_call("child", other);
    write(from[1], "x", 1);
    read(to[0], &c, 1);
    sync_code(other, 8);
    show_call("child after the parent's write", other);
    put_add(w, 304);
    sync_code(other, 8);
    show_call("child after its own", other);
    write(from[1], "x", 1);
    _exit(0);
  }
  read(from[0], &c, 1);
  show_call("parent", a);
  put_add(w, 303);
  sync_code(a, 8);
  show_call("parent after its write", a);
  write(to[1], "x", 1);
  read(from[0], &c, 1);
  sync_code(a, 8);
  show_call("parent after the child's", a);
  waitpid(child, NULL, 0);
}

static void copied(void) {
  puts("-- fork: private copies of hot code");
  char *p = mmap(NULL, PAGE, RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  put_add(p, 400);
  sync_code(p, 8);
  show_call("before", p);
  IN_CHILD("child", {
    show_call("child before", p);
    put_add(p, 401);
    sync_code(p, 8);
    show_call("child after", p);
    IN_CHILD("grandchild", {
      put_add(p, 402);
      sync_code(p, 8);
      show_call("grandchild", p);
    });
    show_call("child again", p);
  });
  show_call("parent", p);
  put_add(p, 403);
  sync_code(p, 8);
  show_call("parent after", p);
}

static char *hole;
static int faults;
static void fill_hole(int sig, siginfo_t *info, void *context) {
  (void)sig;
  (void)context;
  faults++;
  char *page = (char *)((long)info->si_addr & -PAGE);
  mprotect(page, PAGE, RW);
  *(long *)hole = 1000;
}

static void faulting(void) {
  puts("-- faults in a hot loop");
  struct sigaction action = {.sa_sigaction = fill_hole, .sa_flags = SA_SIGINFO};
  struct sigaction old;
  sigaction(SIGSEGV, &action, &old);
  /* 1: ldr x3, [x0], 8; adds x2, x2, x3; csinc x4, x4, x4, cc; subs x1, x1, 1; b.ne 1b; add x0, x2, x4; ret, after mov x2, 0; mov x4, 0 */
  uint32_t code[] = {0xd2800002, 0xd2800004, 0xf8408403, 0xab030042, 0x9a843484, 0xf1000421, 0x54ffff81, 0x8b040040, 0xd65f03c0};
  char *p = mmap(NULL, PAGE, RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(p, code, sizeof code);
  sync_code(p, sizeof code);
  char *data = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 4 * PAGE / 8; i++) ((unsigned long *)data)[i] = i % 3 ? ~0UL - i : (unsigned long)i;
  hole = data;
  for (int round = 0; round < 40; round++) {
    for (int i = 1; i < 4; i++) mprotect(data + i * PAGE, PAGE, round & 1 ? PROT_NONE : RW);
    unsigned long sum = ((unsigned long (*)(void *, long))p)(data, 4 * PAGE / 8);
    if (round % 10 < 2) printf("round %d: %lx, faults %d\n", round, sum, faults);
  }
  sigaction(SIGSEGV, &old, NULL);
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  rewritten();
  remapped();
  shared();
  copied();
  faulting();
  return 0;
}
