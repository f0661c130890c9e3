/* /proc/self/maps, smaps, statm and status of ranges at known places. */
#include "check.h"

#define BASE 0x20000000UL

/* Lines of `path` about the test's own ranges; device and inode are not compared. */
static void show(const char *path, const char *const *fields) {
  FILE *file = fopen(path, "r");
  char line[400];
  int ours = 0;
  while (file && fgets(line, sizeof line, file)) {
    unsigned long from, to, offset;
    char access[8], dev[16], inode[24], name[300] = "";
    if (sscanf(line, "%lx-%lx %7s %lx %15s %23s %299[^\n]", &from, &to, access, &offset, dev, inode, name) >= 6) {
      ours = from >= BASE && from < BASE + 0x1000000;
      if (ours) printf("%lx-%lx %s %08lx %s%s\n", from, to, access, offset, strcmp(inode, "0") ? "file " : "", name);
      continue;
    }
    if (!ours || !fields) continue;
    for (int i = 0; fields[i]; i++)
      if (strncmp(line, fields[i], strlen(fields[i])) == 0) fputs(line, stdout);
  }
  if (file) fclose(file);
  else printf("%s: %s\n", path, name_of(errno));
}

static long field(const char *name) {
  FILE *file = fopen("/proc/self/status", "r");
  char line[200];
  long value = -1;
  while (file && fgets(line, sizeof line, file))
    if (strncmp(line, name, strlen(name)) == 0) value = atol(line + strlen(name));
  if (file) fclose(file);
  return value;
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  int fd = open("/tmp/a file", O_CREAT | O_RDWR | O_TRUNC, 0600);
  ftruncate(fd, 8 * PAGE);
  char *p = (char *)BASE;
  mmap(p, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  mmap(p + 8 * PAGE, 4 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 2 * PAGE);
  mmap(p + 16 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
  mmap(p + 32 * PAGE, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  mmap(p + 48 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  mprotect(p + PAGE, PAGE, PROT_READ);
  memset(p, 1, PAGE);
  memset(p + 2 * PAGE, 1, 2 * PAGE);
  p[16 * PAGE] = 1;
  p[48 * PAGE] = 1;
  (void)*(volatile char *)(p + PAGE);
  puts("-- maps");
  show("/proc/self/maps", NULL);
  puts("-- adjacent ranges merge");
  mmap(p + 64 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  mprotect(p + 65 * PAGE, PAGE, PROT_READ);
  show("/proc/self/maps", NULL);
  mprotect(p + 65 * PAGE, PAGE, PROT_READ | PROT_WRITE);
  mmap(p + 68 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  show("/proc/self/maps", NULL);
  puts("-- unlinked file");
  unlink("/tmp/a file");
  show("/proc/self/maps", NULL);
  puts("-- smaps");
  mlock(p + 48 * PAGE, PAGE);
  const char *sizes[] = {"Size:", "Anonymous:", NULL};
  show("/proc/self/smaps", sizes);
  puts("-- counts");
  long size = field("VmSize:"), locked = field("VmLck:"), data = field("VmData:");
  char *more = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  printf("VmSize +%ld, VmData +%ld\n", field("VmSize:") - size, field("VmData:") - data);
  mlock(more, 4 * PAGE);
  printf("VmLck +%ld\n", field("VmLck:") - locked);
  long anon = field("RssAnon:");
  memset(more, 1, 64 * PAGE);
  // Linux counts in batches.
  long grown = field("RssAnon:") - anon;
  printf("RssAnon: %d\n", grown >= 128 && grown <= 256);
  munmap(more, 64 * PAGE);
  printf("VmSize +%ld, VmPeak above VmSize: %d\n", field("VmSize:") - size, field("VmPeak:") > field("VmSize:"));
  long total, resident, shared, text, lib, dataPages, dirty;
  FILE *statm = fopen("/proc/self/statm", "r");
  if (statm && fscanf(statm, "%ld %ld %ld %ld %ld %ld %ld", &total, &resident, &shared, &text, &lib, &dataPages, &dirty) == 7)
    printf("statm: %d %d %d %ld %ld\n", total * 4 == field("VmSize:"), resident > 0 && resident <= total, text * 4 == field("VmExe:"), lib, dirty);
  return 0;
}
