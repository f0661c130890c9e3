/* What /proc/locks and /proc/[pid]/fdinfo show of locks and of those who wait for them. See proc_locks(5). */
#include "show.h"
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

static pid_t self, others[8];
static int other_count;
static struct stat file;

static int lock(int fd, int cmd, int type, long start, long len) {
  struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
  return fcntl(fd, cmd, &l);
}

/* Lines about the file; processes by name, and numbers of lines only when asked for. */
static void show_file(const char *title, const char *path, int numbers) {
  char line[256], head[64], kind[16], mode[16], type[16], place[64], range[64], ours[64];
  int pid, id, base = 0;
  printf("%s\n", title);
  FILE *in = fopen(path, "r");
  if (!in) { printf("%s\n", error_name(errno)); return; }
  snprintf(ours, sizeof ours, "%02x:%02x:%lu", major(file.st_dev), minor(file.st_dev), (unsigned long)file.st_ino);
  while (fgets(line, sizeof line, in)) {
    char *at = strncmp(line, "lock:\t", 6) == 0 ? line + 6 : line, *arrow = strstr(at, "-> ");
    int level = 0;
    if (sscanf(at, "%d:", &id) != 1 || strncmp(strchr(at, ':'), ": ", 2) != 0) continue;
    char *rest = strchr(at, ':') + 2;
    if (arrow) { level = (int)(arrow - rest) + 1; rest = arrow + 3; }
    if (sscanf(rest, "%15s %15s %15s %d %63s %63[^\n]", kind, mode, type, &pid, place, range) != 6) { printf("? %s", line); continue; }
    if (strcmp(place, ours) != 0) continue;
    snprintf(head, sizeof head, pid == self ? "self" : pid == -1 ? "-1" : pid == 0 ? "0" : "other");
    for (int i = 0; i < other_count; i++) if (pid == others[i]) snprintf(head, sizeof head, "child%d", i);
    if (base == 0) base = id;
    printf("%*s", level * 2, "");
    if (numbers) printf("+%d ", id - base);
    printf("%.15s|%s|%s %s\n", rest, type, head, range);
  }
  fclose(in);
}

/* Until a child sleeps. */
static void settle(pid_t pid) {
  char path[64], text[256], state = 'R';
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  while (state != 'S') {
    usleep(50000);
    int fd = open(path, O_RDONLY);
    text[read(fd, text, sizeof text - 1)] = 0;
    close(fd);
    state = strrchr(text, ')')[2];
  }
}

static pid_t waiter(int fd, int whole, int type, long start, long len) {
  pid_t pid = fork();
  if (pid == 0) {
    if (whole) { int own = open("/tmp/pl/f", O_RDWR); flock(own, type); }
    else lock(fd, F_SETLKW, type, start, len);
    pause();
  }
  others[other_count++] = pid;
  settle(pid);
  return pid;
}

static void end_children(void) {
  for (int i = 0; i < other_count; i++) { kill(others[i], SIGKILL); waitpid(others[i], NULL, 0); }
  other_count = 0;
}

int main(void) {
  /* Each processor has a list of its own. */
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  sched_setaffinity(0, sizeof one, &one);
  self = getpid();
  mkdir("/tmp/pl", 0755);
  int fd = open("/tmp/pl/f", O_RDWR | O_CREAT, 0644), again = open("/tmp/pl/f", O_RDWR);
  fstat(fd, &file);
  char info[64], info2[64];
  snprintf(info, sizeof info, "/proc/self/fdinfo/%d", fd);
  snprintf(info2, sizeof info2, "/proc/self/fdinfo/%d", again);
  lock(fd, F_SETLK, F_WRLCK, 10, 10);
  lock(fd, F_SETLK, F_RDLCK, 30, 0);
  show_file("two", "/proc/locks", 1);
  lock(fd, F_SETLK, F_RDLCK, 12, 2);
  show_file("split", "/proc/locks", 1);
  lock(fd, F_SETLK, F_WRLCK, 12, 2);
  show_file("joined", "/proc/locks", 1);
  lock(again, F_SETLK, F_WRLCK, 100, 5);
  lock(fd, F_SETLK, F_UNLCK, 15, 20);
  show_file("cut", "/proc/locks", 1);
  show_file("fdinfo", info, 1);
  show_file("fdinfo of the other description", info2, 1);
  lock(fd, F_SETLK, F_WRLCK, 0, 0);
  show_file("all replaced", "/proc/locks", 1);
  lock(fd, F_SETLK, F_UNLCK, 0, 0);
  show_file("none", "/proc/locks", 1);

  lock(again, F_OFD_SETLK, F_RDLCK, 5, 5);
  flock(fd, LOCK_SH);
  flock(again, LOCK_SH);
  show_file("descriptions", "/proc/locks", 1);
  show_file("fdinfo", info2, 1);
  flock(fd, LOCK_UN);
  flock(again, LOCK_UN);
  lock(again, F_OFD_SETLK, F_UNLCK, 0, 0);

  lock(fd, F_SETLK, F_WRLCK, 0, 10);
  waiter(fd, 0, F_WRLCK, 5, 10);
  waiter(fd, 0, F_RDLCK, 0, 3);
  waiter(fd, 0, F_WRLCK, 12, 1);
  waiter(fd, 0, F_WRLCK, 5, 1);
  show_file("waiting", "/proc/locks", 0);
  lock(fd, F_SETLK, F_UNLCK, 0, 4);
  usleep(200000);
  settle(others[1]);
  show_file("one got it", "/proc/locks", 0);
  end_children();
  lock(fd, F_SETLK, F_UNLCK, 0, 0);

  flock(fd, LOCK_EX);
  waiter(fd, 1, LOCK_SH, 0, 0);
  waiter(fd, 1, LOCK_SH, 0, 0);
  waiter(fd, 1, LOCK_EX, 0, 0);
  show_file("waiting for flock", "/proc/locks", 0);
  end_children();
  show_file("nobody waits", "/proc/locks", 0);
  flock(fd, LOCK_UN);

  /* The holder is gone, its description is not. */
  pid_t taker = fork();
  if (taker == 0) { flock(fd, LOCK_EX); _exit(0); }
  waitpid(taker, NULL, 0);
  others[other_count++] = taker;
  show_file("taken by a process that has ended", "/proc/locks", 0);
  other_count = 0;

  /* Seen from another PID namespace. */
  lock(again, F_OFD_SETLK, F_WRLCK, 7, 7);
  lock(again, F_SETLK, F_WRLCK, 50, 1);
  fflush(stdout);
  unshare(CLONE_NEWPID | CLONE_NEWNS);
  pid_t init = fork();
  if (init == 0) {
    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
    mount("proc", "/proc", "proc", 0, NULL);
    self = 1;
    SHOW(lock(fd, F_SETLK, F_WRLCK, 60, 1));
    show_file("from a PID namespace", "/proc/locks", 1);
    fflush(stdout);
    _exit(0);
  }
  waitpid(init, NULL, 0);
  return 0;
}
