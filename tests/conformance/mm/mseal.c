/* Sealed ranges: mseal(2). See Documentation/userspace-api/mseal.rst. */
#include "show.h"
#include <sys/shm.h>

#define PAGE 4096UL
#define mseal(a, n, f) syscall(462, a, n, f)

static char *map(int pages, int prot) { return mmap(NULL, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }
static int same(void *a, void *b) { return a == b; }

static void flags_of(void *address) {
  char line[512], head[32];
  FILE *in = fopen("/proc/self/smaps", "r");
  int here = 0;
  snprintf(head, sizeof head, "%08lx-", (long)address);
  while (fgets(line, sizeof line, in)) {
    if (strncmp(line, head, strlen(head)) == 0) here = 1;
    if (here && strncmp(line, "VmFlags:", 8) == 0) {
      printf("sealed: %s\n", strstr(line, " sl") ? "yes" : "no");
      break;
    }
  }
  fclose(in);
}

int main(void) {
  char *p = map(8, PROT_READ | PROT_WRITE);
  SHOW(mseal(p, PAGE, 1));
  SHOW(mseal(p + 1, PAGE, 0));
  SHOW(mseal(p, 0, 0));
  SHOW(mseal(p, -PAGE, 0));
  SHOW(mseal(p, -1UL, 0));
  SHOW(mseal((char *)16 + 0x1000 - 16, PAGE, 0));
  munmap(p + 3 * PAGE, PAGE);
  SHOW(mseal(p, 8 * PAGE, 0));
  SHOW(mprotect(p, PAGE, PROT_READ));
  SHOW(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
  SHOW(mseal(p + PAGE, PAGE + 1, 0));
  SHOW(mseal(p + PAGE, PAGE, 0));
  flags_of(p);
  flags_of(p + PAGE);
  SHOW(mprotect(p + PAGE, PAGE, PROT_READ));
  SHOW(mprotect(p, 2 * PAGE, PROT_READ));
  SHOW((p[0] = 1));
  SHOW(munmap(p, 3 * PAGE));
  SHOW(munmap(p + 2 * PAGE, PAGE));
  SHOW(munmap(p, PAGE));
  p[PAGE] = 5;
  SHOW(same(mmap(p + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), MAP_FAILED));
  SHOW(errno == EPERM);
  SHOW(same(mremap(p + PAGE, 2 * PAGE, PAGE, 0), MAP_FAILED));
  SHOW(errno == EPERM);
  SHOW(same(mremap(p + PAGE, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE), MAP_FAILED));
  SHOW(errno == EPERM);
  char *q = map(4, PROT_READ | PROT_WRITE);
  SHOW(same(mremap(q, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + PAGE), MAP_FAILED));
  SHOW(errno == EPERM);
  SHOW(same(mremap(NULL, PAGE, PAGE, MREMAP_MAYMOVE), MAP_FAILED));
  SHOW(errno == EFAULT);
  SHOW(madvise(p + PAGE, PAGE, MADV_DONTNEED));
  SHOW(p[PAGE]);
  SHOW(mlock(p + PAGE, PAGE));
  SHOW(munlock(p + PAGE, PAGE));
  SHOW(madvise(p + PAGE, PAGE, MADV_DONTDUMP));

  char *ro = map(4, PROT_READ | PROT_WRITE);
  ro[0] = 3;
  mprotect(ro, 4 * PAGE, PROT_READ);
  SHOW(mseal(ro, 4 * PAGE, 0));
  SHOW(madvise(ro, PAGE, MADV_DONTNEED));
  SHOW(madvise(ro, PAGE, MADV_FREE));
  SHOW(madvise(ro, PAGE, MADV_DONTFORK));
  SHOW(madvise(ro, PAGE, MADV_WIPEONFORK));
  SHOW(madvise(ro, PAGE, MADV_WILLNEED));
  SHOW(madvise(ro, PAGE, MADV_COLD));
  SHOW(ro[0]);
  int fd = open("/proc/self/exe", O_RDONLY);
  char *file = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
  SHOW(mseal(file, PAGE, 0));
  SHOW(madvise(file, PAGE, MADV_DONTNEED));
  SHOW(munmap(file, PAGE));
  fflush(stdout);
  if (fork() == 0) {
    SHOW(munmap(p + PAGE, PAGE));
    flags_of(p + PAGE);
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  int id = shmget(IPC_PRIVATE, 2 * PAGE, 0600);
  char *shared = shmat(id, NULL, 0);
  shmctl(id, IPC_RMID, NULL);
  SHOW(mseal(shared, PAGE, 0));
  SHOW(shmdt(shared));
  SHOW((shared[0] = 4));
  char *old = sbrk(0);
  sbrk(16 * PAGE);
  char *top = (char *)(((uintptr_t)old + PAGE - 1) / PAGE * PAGE);
  SHOW(mseal(top + 4 * PAGE, PAGE, 0));
  SHOW(brk(old));
  SHOW(same(sbrk(0), old + 16 * PAGE));
  return 0;
}
