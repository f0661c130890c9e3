/* Memory shared and copied between processes: fork, shared anonymous memory, shared and private files, exec. */
#include "check.h"

static void wait_for(pid_t child) {
  int status;
  waitpid(child, &status, 0);
  printf("  child: %s %d\n", WIFSIGNALED(status) ? "signal" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  const int pages = 200;
  unsigned char *own = (unsigned char *)anon(pages * PAGE, PROT_READ | PROT_WRITE);
  int *shared = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < pages; i++) own[i * PAGE] = i;
  puts("generations");
  for (int generation = 0; generation < 4; generation++) {
    pid_t child = fork();
    if (child != 0) {
      wait_for(child);
      int sum = 0;
      for (int i = 0; i < pages; i++) sum += own[i * PAGE];
      printf("  generation %d keeps %d\n", generation, sum);
      if (generation > 0) _exit(generation);
      break;
    }
    for (int i = generation; i < pages; i += 2) own[i * PAGE] += 1;
    shared[generation] = generation + 10;
    if (generation == 3) _exit(7);
  }
  printf("shared %d %d %d %d\n", shared[0], shared[1], shared[2], shared[3]);

  puts("a file between two processes");
  int fd = file_of(4 * PAGE);
  char *mapped = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  char *private = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  strcpy(mapped, "parent");
  strcpy(private + PAGE, "copy");
  pid_t child = fork();
  if (child == 0) {
    printf("  child sees %s, %s\n", mapped, private + PAGE);
    strcpy(mapped + 2 * PAGE, "from the child");
    strcpy(private + PAGE, "changed");
    pwrite(fd, "written", 8, 3 * PAGE);
    _exit(0);
  }
  wait_for(child);
  printf("  parent sees %s, %s, %s, %s\n", mapped + 2 * PAGE, private + 2 * PAGE, mapped + 3 * PAGE, private + PAGE);
  munmap(mapped, 4 * PAGE);
  char buffer[16];
  pread(fd, buffer, 15, 2 * PAGE);
  printf("  the file keeps %s\n", buffer);

  puts("write to text");
  extern int main(void);
  char *text = (char *)((uintptr_t)main & ~(PAGE - 1));
  SHOW(mprotect(text, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
  child = fork();
  if (child == 0) {
    volatile char *c = text;
    *c = *c;
    _exit(3);
  }
  wait_for(child);

  puts("pipes move pages of every kind");
  int ends[2];
  pipe(ends);
  char *zero = anon(2 * PAGE, PROT_READ);
  printf("  %ld\n", (long)write(ends[1], zero, 2 * PAGE));
  char *target = anon(2 * PAGE, PROT_READ | PROT_WRITE);
  memset(target, 9, 2 * PAGE);
  printf("  %ld\n", (long)read(ends[0], target, 2 * PAGE));
  int sum = 0;
  for (unsigned long i = 0; i < 2 * PAGE; i++) sum += target[i];
  printf("  sum %d\n", sum);

  puts("many mappings");
  long made = 0;
  char *area = mmap(NULL, 4000 * 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  for (int i = 0; i < 4000; i++)
    if (mprotect(area + i * 2 * PAGE, PAGE, PROT_READ | PROT_WRITE) == 0) made++;
  for (int i = 0; i < 4000; i += 7) area[i * 2 * PAGE] = i;
  child = fork();
  if (child == 0) {
    int wrong = 0;
    for (int i = 0; i < 4000; i += 7) wrong += area[i * 2 * PAGE] != (char)i;
    _exit(wrong != 0);
  }
  wait_for(child);
  printf("  made %ld\n", made);
  SHOW(munmap(area, 4000 * 2 * PAGE));
  return 0;
}
