/* /proc/[pid]/maps: ranges, protections, names. See proc_pid_maps(5). */
#include "show.h"

/* The lines about [from, to), with offsets from the start. */
static void maps(const char *what, char *from, char *to) {
  char line[512];
  FILE *file = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, file)) {
    unsigned long start, end, offset, inode;
    char mode[8], device[16], name[256] = "";
    sscanf(line, "%lx-%lx %7s %lx %15s %lu %255[^\n]", &start, &end, mode, &offset, device, &inode, name);
    if (end <= (unsigned long)from || start >= (unsigned long)to) continue;
    int column = (int)strcspn(line, "/[");
    printf("%s: +%lu %lu pages %s %lx %s %s\n", what, (start - (unsigned long)from) / 4096, (end - start) / 4096, mode, offset, inode ? "inode" : "-", name);
    if (name[0] && column != 73) printf("name at column %d\n", column);
  }
  fclose(file);
}

static void named(const char *name) {
  char line[512];
  int found = 0;
  FILE *file = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    size_t length = strlen(line);
    if (length > strlen(name) && !strcmp(line + length - strlen(name), name)) {
      char mode[8];
      sscanf(line, "%*s %7s", mode);
      printf("%s %s\n", name, mode);
      found = 1;
    }
  }
  if (!found) printf("%s is missing\n", name);
  fclose(file);
}

int main(void) {
  free(malloc(100000));
  sbrk(4096);
  named("[heap]");
  named("[stack]");
  named("[vdso]");
  chdir("/tmp");
  char *base = mmap(NULL, 64 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *end = base + 64 * 4096;
  maps("reserved", base, end);
  mprotect(base + 4096, 2 * 4096, PROT_READ | PROT_WRITE);
  mprotect(base + 5 * 4096, 4096, PROT_READ | PROT_EXEC);
  mmap(base + 8 * 4096, 4096, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int file = open("mapped file", O_CREAT | O_RDWR | O_TRUNC, 0600);
  ftruncate(file, 5 * 4096);
  mmap(base + 10 * 4096, 2 * 4096, PROT_READ, MAP_FIXED | MAP_SHARED, file, 4096);
  mmap(base + 12 * 4096, 2 * 4096, PROT_READ, MAP_FIXED | MAP_SHARED, file, 3 * 4096);
  mmap(base + 16 * 4096, 4096, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE, file, 0);
  int newline = open("new\nline", O_CREAT | O_RDWR, 0600);
  ftruncate(newline, 4096);
  mmap(base + 18 * 4096, 4096, PROT_READ, MAP_FIXED | MAP_PRIVATE, newline, 0);
  int memory = memfd_create("memory", 0);
  ftruncate(memory, 4096);
  mmap(base + 20 * 4096, 4096, PROT_READ, MAP_FIXED | MAP_SHARED, memory, 0);
  munmap(base + 22 * 4096, 4096);
  maps("filled", base, end);
  unlink("mapped file");
  unlink("new\nline");
  maps("deleted", base + 10 * 4096, base + 20 * 4096);
  /* The whole is readable in small pieces. */
  int whole = open("/proc/self/maps", O_RDONLY);
  char byte;
  long count = 0;
  long lines = 0;
  while (read(whole, &byte, 1) == 1) count++, lines += byte == '\n';
  IS(count > 500 && lines > 10);
  SHOW(lseek(whole, 0, SEEK_SET));
  SHOW(read(whole, &byte, 1));
  SHOW(write(whole, &byte, 1));
  return 0;
}
