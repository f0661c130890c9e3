/* madvise, mincore, msync, mlock. */
#include "check.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  catch_faults();
  char *p = anon(8 * PAGE, PROT_READ | PROT_WRITE);
  unsigned char vec[8];
  memset(p, 5, 4 * PAGE);
  SHOW(mincore(p, 8 * PAGE, vec));
  for (int i = 0; i < 8; i++) printf("%d", vec[i] & 1);
  printf("\n");
  SHOW(mincore(p + 1, PAGE, vec));
  SHOW(mincore(p, 8 * PAGE, NULL));
  SHOW(madvise(p, 2 * PAGE, MADV_DONTNEED));
  printf("dontneed: %d %d\n", p[0], p[2 * PAGE]);
  SHOW(madvise(p + 1, PAGE, MADV_DONTNEED));
  SHOW(madvise(p, 0, MADV_DONTNEED));
  SHOW(madvise(p, PAGE, 999));
  SHOW(madvise(p, PAGE, MADV_REMOVE));
  SHOW(madvise(p, PAGE, MADV_NORMAL));
  SHOW(madvise(p, PAGE, MADV_RANDOM));
  SHOW(madvise(p, PAGE, MADV_SEQUENTIAL));
  SHOW(madvise(p, PAGE, MADV_WILLNEED));
  SHOW(madvise(p, PAGE, MADV_COLD));
  SHOW(madvise(p, PAGE, MADV_FREE));
  SHOW(madvise(p + 6 * PAGE, PAGE, MADV_POPULATE_WRITE));
  SHOW(mincore(p + 6 * PAGE, PAGE, vec));
  printf("populated: %d\n", vec[0] & 1);
  munmap(p + 5 * PAGE, PAGE);
  SHOW(madvise(p, 8 * PAGE, MADV_DONTNEED));
  printf("behind the gap: %d\n", p[6 * PAGE]);
  SHOW(madvise(p + 5 * PAGE, PAGE, MADV_POPULATE_READ));
  SHOW(mincore(p, 8 * PAGE, vec));
  mprotect(p, PAGE, PROT_READ);
  SHOW(madvise(p, PAGE, MADV_POPULATE_READ));
  SHOW(madvise(p, PAGE, MADV_POPULATE_WRITE));
  mprotect(p, PAGE, PROT_NONE);
  SHOW(madvise(p, PAGE, MADV_POPULATE_READ));

  char *w = anon(2 * PAGE, PROT_READ | PROT_WRITE);
  w[0] = 1;
  w[PAGE] = 2;
  SHOW(madvise(w, PAGE, MADV_WIPEONFORK));
  SHOW(madvise(w + PAGE, PAGE, MADV_DONTFORK));
  pid_t child = fork();
  if (child == 0) {
    printf("child: wiped %d\n", w[0]);
    touch("child: not inherited", w + PAGE, 0);
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  printf("parent: %d %d\n", w[0], w[PAGE]);

  int fd = file_of(4 * PAGE);
  char *f = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  memset(f, 9, 4 * PAGE);
  SHOW(madvise(f + PAGE, PAGE, MADV_REMOVE));
  printf("removed: %d %d\n", f[PAGE], f[2 * PAGE]);
  SHOW(madvise(f, PAGE, MADV_FREE));
  SHOW(madvise(f, PAGE, MADV_WIPEONFORK));
  SHOW(madvise(f, 4 * PAGE, MADV_DONTNEED));
  printf("still there: %d\n", f[0]);
  SHOW(msync(f, 4 * PAGE, MS_SYNC));
  SHOW(msync(f, 4 * PAGE, MS_ASYNC));
  SHOW(msync(f, 4 * PAGE, MS_SYNC | MS_ASYNC));
  SHOW(msync(f + 1, PAGE, MS_SYNC));
  SHOW(msync(f, PAGE, 64));
  SHOW(msync(p, 8 * PAGE, MS_SYNC));
  SHOW(mlock(f, PAGE));
  SHOW(msync(f, PAGE, MS_INVALIDATE));
  SHOW(madvise(f, PAGE, MADV_DONTNEED));
  SHOW(munlock(f, PAGE));
  SHOW(mlock(p + 5 * PAGE, PAGE));
  SHOW(mlock2(w, PAGE, 2));
  SHOW(mlockall(0));
  SHOW(mlockall(MCL_ONFAULT));
  SHOW(munlockall());
  struct rlimit limit = {2 * PAGE, 2 * PAGE};
  setrlimit(RLIMIT_MEMLOCK, &limit);
  setresuid(1000, 1000, 1000);
  SHOW(mlock(f, 3 * PAGE));
  SHOW(mlock(f, 2 * PAGE));
  SHOW(mlock(f, PAGE));
  SHOW(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0));
  limit.rlim_cur = 0;
  setrlimit(RLIMIT_MEMLOCK, &limit);
  SHOW(mlock(f, PAGE));
  return 0;
}
