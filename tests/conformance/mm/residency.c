/* Which pages are in memory: mincore(2), cachestat(2), /proc/[pid]/pagemap, and what fallocate(2) has only promised. */
#include "show.h"
#include <sys/mount.h>
#include <sys/sysmacros.h>

#define PAGE 4096UL
#define PAGES 8
struct cachestat_range { uint64_t off, len; };
struct cachestat { uint64_t cache, dirty, writeback, evicted, recently; };
#define cachestat(fd, range, out, flags) syscall(451, fd, range, out, flags)

static void show_core(const char *title, void *address) {
  unsigned char vec[PAGES];
  memset(vec, 9, sizeof vec);
  int result = mincore(address, PAGES * PAGE, vec);
  printf("%s: %d ", title, result);
  for (int i = 0; i < PAGES; i++) printf("%d", vec[i] & 1);
  printf("\n");
}

static void show_cache(const char *title, int fd, uint64_t off, uint64_t len) {
  struct cachestat_range range = {off, len};
  struct cachestat out = {77, 77, 77, 77, 77};
  errno = 0;
  long result = cachestat(fd, &range, &out, 0);
  if (result < 0) printf("%s: %s\n", title, error_name(errno));
  else printf("%s: %lu cached, %lu dirty, %lu in writeback\n", title, (long)out.cache, (long)out.dirty, (long)out.writeback);
}

/* The file's pages at the start of what the kernel maps with a page that is touched: 16 pages, aligned. */
static char *map_file(int flags, int fd) {
  char *reserved = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *aligned = (char *)(((uintptr_t)reserved + 0xffff) & ~(uintptr_t)0xffff);
  return mmap(aligned, PAGES * PAGE, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);
}

/* present, of a file, exclusive, frame number shown */
static void show_map(const char *title, int fd, void *address, int pages) {
  uint64_t entries[PAGES];
  ssize_t got = pread(fd, entries, pages * 8, (uintptr_t)address / PAGE * 8);
  printf("%s: %zd", title, got);
  for (int i = 0; i < got / 8; i++) {
    uint64_t e = entries[i];
    printf(" %s%s%s%s%s", e >> 63 & 1 ? "p" : "-", e >> 61 & 1 ? "f" : "-", e >> 56 & 1 ? "x" : "-", e >> 55 & 1 ? "d" : "-", e & ((1ULL << 55) - 1) ? "#" : "-");
  }
  printf("\n");
}

static int tmpfs_file(const char *name) { return open(name, O_RDWR | O_CREAT | O_TRUNC, 0644); }

int main(void) {
  mkdir("/tmp/res", 0755);
  chdir("/tmp/res");
  int fd = tmpfs_file("f");
  SHOW(fallocate(fd, 0, 0, PAGES * PAGE));
  struct stat st;
  fstat(fd, &st);
  printf("blocks %ld\n", (long)st.st_blocks);
  char *map = map_file(MAP_SHARED, fd);
  show_core("promised", map);
  SHOW(lseek(fd, 0, SEEK_DATA));
  SHOW(lseek(fd, 0, SEEK_HOLE));
  map[2 * PAGE] = 1;
  show_core("written to", map);
  char byte = 0;
  SHOW(pread(fd, &byte, 1, 4 * PAGE));
  show_core("read by pread", map);
  SHOW(pwrite(fd, &byte, 1, 5 * PAGE));
  show_core("written by pwrite", map);
  SHOW(map[7 * PAGE]);
  show_core("read", map);
  SHOW(lseek(fd, 0, SEEK_DATA));
  SHOW(lseek(fd, 2 * PAGE, SEEK_HOLE));
  SHOW(lseek(fd, 3 * PAGE, SEEK_DATA));
  SHOW(lseek(fd, 6 * PAGE, SEEK_DATA));
  show_cache("all", fd, 0, 0);
  show_cache("part", fd, PAGE, 3 * PAGE);
  show_cache("unaligned", fd, PAGE + 1, 3 * PAGE);
  show_cache("behind the end", fd, 100 * PAGE, 3 * PAGE);
  SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 3 * PAGE));
  show_cache("after a hole was punched", fd, 0, 0);
  show_core("after a hole was punched", map);

  struct cachestat_range range = {0, 0};
  struct cachestat out;
  SHOW(cachestat(fd, &range, &out, 1));
  SHOW(cachestat(fd, NULL, &out, 0));
  SHOW(cachestat(fd, &range, NULL, 0));
  SHOW(cachestat(99, &range, &out, 0));
  SHOW(cachestat(open("f", O_PATH), &range, &out, 0));
  show_cache("a folder", open(".", O_RDONLY), 0, 0);
  show_cache("null", open("/dev/null", O_RDONLY), 0, 0);
  show_cache("version", open("/proc/version", O_RDONLY), 0, 0);
  int p[2];
  pipe(p);
  show_cache("a pipe", p[0], 0, 0);
  int memory = memfd_create("m", 0);
  ftruncate(memory, 10 * PAGE);
  show_cache("a memfd", memory, 0, 0);
  write(memory, "x", 1);
  show_cache("a memfd with a byte", memory, 0, 0);

  mkdir("low", 0755);
  mkdir("up", 0755);
  mkdir("work", 0755);
  mkdir("merged", 0755);
  int low = open("low/f", O_RDWR | O_CREAT, 0644);
  write(low, "hello", 5);
  SHOW(mount("overlay", "merged", "overlay", 0, "lowerdir=low,upperdir=up,workdir=work"));
  int over = open("merged/f", O_RDWR);
  write(over, "world", 5);
  show_cache("a file of an overlay", over, 0, 0);
  close(over);
  SHOW(umount("merged"));

  int pagemap = open("/proc/self/pagemap", O_RDONLY);
  char *anonymous = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  madvise(anonymous, PAGES * PAGE, MADV_NOHUGEPAGE);
  anonymous[0] = 1;
  SHOW(anonymous[PAGE]);
  anonymous[3 * PAGE] = 1;
  show_map("anonymous", pagemap, anonymous, 4);
  show_map("shared file", pagemap, map + 4 * PAGE, 4);
  char *copy = map_file(MAP_PRIVATE, fd);
  SHOW(copy[7 * PAGE]);
  copy[6 * PAGE] = 1;
  show_map("private file", pagemap, copy + 4 * PAGE, 4);
  show_map("shared file, mapped twice", pagemap, map + 4 * PAGE, 4);
  mprotect(anonymous, PAGE, PROT_NONE);
  show_map("without access", pagemap, anonymous, 2);
  munmap(anonymous, PAGE);
  show_map("unmapped", pagemap, anonymous, 2);
  fflush(stdout);
  if (fork() == 0) {
    show_map("after fork", pagemap, anonymous + 3 * PAGE, 1);
    int own = open("/proc/self/pagemap", O_RDONLY);
    show_map("of the child", own, anonymous + 3 * PAGE, 1);
    anonymous[3 * PAGE] = 2;
    show_map("of the child, written to", own, anonymous + 3 * PAGE, 1);
    fflush(stdout);
    setresuid(1000, 1000, 1000);
    SHOW(open("/proc/self/pagemap", O_RDONLY) >= 0);
    prctl(PR_SET_DUMPABLE, 1);
    int mine = open("/proc/self/pagemap", O_RDONLY);
    show_map("as somebody", mine, anonymous + 3 * PAGE, 1);
    show_map("opened before", own, anonymous + 3 * PAGE, 1);
    SHOW(open("/proc/1/pagemap", O_RDONLY));
    int file = open("/tmp/res/f", O_RDONLY);
    show_cache("a file of somebody else", file, 0, 0);
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  uint64_t entries[4];
  SHOW(pread(pagemap, entries, 7, 0));
  SHOW(pread(pagemap, entries, 8, 4));
  SHOW(pread(pagemap, entries, 0, 0));
  SHOW(pread(pagemap, entries, 32, (1UL << 36) * 8 - 16));
  SHOW(pread(pagemap, entries, 32, (1UL << 36) * 8));
  SHOW(pread(pagemap, entries, 32, (1UL << 40) * 8));
  SHOW(lseek(pagemap, 16, SEEK_SET));
  SHOW(lseek(pagemap, 0, SEEK_END));
  SHOW(read(pagemap, entries, 16));
  SHOW(lseek(pagemap, 0, SEEK_CUR));
  SHOW(open("/proc/self/pagemap", O_RDWR) >= 0);
  fstat(pagemap, &st);
  printf("mode %o\n", st.st_mode);
  return 0;
}
