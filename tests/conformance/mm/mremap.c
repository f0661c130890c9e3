/* mremap: growing, shrinking, moving. */
#include "check.h"

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  catch_faults();
  char *area = anon(64 * PAGE, PROT_NONE);
  munmap(area, 64 * PAGE);
  char *p = mmap(area, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  for (int i = 0; i < 4; i++) p[i * PAGE] = i + 1;
  SHOW(mremap(p, 4 * PAGE, 0, 0));
  SHOW(mremap(p + 1, 4 * PAGE, 4 * PAGE, 0));
  SHOW(mremap(p, 4 * PAGE, 4 * PAGE, 8));
  SHOW(mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_FIXED, area));
  printf("same size stays: %d\n", mremap(p, 4 * PAGE, 4 * PAGE, 0) == p);
  printf("grows in place: %d\n", mremap(p, 4 * PAGE, 6 * PAGE, 0) == p);
  printf("content %d %d\n", p[3 * PAGE], p[5 * PAGE]);
  printf("shrinks: %d\n", mremap(p, 6 * PAGE, 3 * PAGE, 0) == p);
  touch("cut off", p + 3 * PAGE, 0);
  mmap(p + 3 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  SHOW(mremap(p, 3 * PAGE, 10 * PAGE, 0));
  char *q = mremap(p, 3 * PAGE, 10 * PAGE, MREMAP_MAYMOVE);
  printf("moved: %d content %d %d %d %d\n", q != p, q[0], q[PAGE], q[2 * PAGE], q[9 * PAGE]);
  touch("old place", p, 0);
  char *r = mremap(q, 10 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area + 32 * PAGE);
  printf("fixed: %d content %d %d\n", r == area + 32 * PAGE, r[0], r[PAGE]);
  touch("behind it", r + 2 * PAGE, 0);
  touch("source", q + 5 * PAGE, 0);
  SHOW(mremap(r, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, r + PAGE));
  char *kept = mremap(r, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
  printf("dontunmap: moved %d content %d, old %d\n", kept != r, kept[0], r[0]);
  SHOW(mremap(r, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
  SHOW(mremap(area + 50 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
  int fd = file_of(4 * PAGE);
  char *s = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  s[0] = 42;
  char *t = mremap(s, 0, 2 * PAGE, MREMAP_MAYMOVE);
  printf("duplicate of shared: %d\n", t != MAP_FAILED && t != s && t[0] == 42);
  SHOW(mremap(kept, 0, PAGE, MREMAP_MAYMOVE));
  mprotect(kept + PAGE, PAGE, PROT_READ);
  SHOW(mremap(kept, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE));
  return 0;
}
