/* Time namespaces: whose clocks they are, who may set them, what follows them. See time_namespaces(7), clone(2), setns(2). */
#include "show.h"
#include <linux/futex.h>

#define CLONE_TIME 0x80

static int down[2], up[2];
static char byte;
static void wake(int *pipefd) {
  if (write(pipefd[1], "x", 1) != 1) _exit(99);
}
static void await(int *pipefd) {
  if (read(pipefd[0], &byte, 1) != 1) _exit(98);
}

static int put(pid_t pid, const char *text) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/timens_offsets", pid);
  int fd = open(path, O_WRONLY);
  if (fd < 0) return -1;
  int result = write(fd, text, strlen(text));
  int error = errno;
  close(fd);
  errno = error;
  return result;
}

static void show_offsets(pid_t pid) {
  char path[64], text[256] = "";
  snprintf(path, sizeof path, "/proc/%d/timens_offsets", pid);
  int fd = open(path, O_RDONLY);
  if (fd < 0 || read(fd, text, sizeof text - 1) < 0) printf("%s\n", error_name(errno));
  else printf("%s", text);
  close(fd);
}

static long seconds(clockid_t clock) {
  struct timespec t;
  syscall(SYS_clock_gettime, clock, &t);
  return t.tv_sec;
}

static long btime(void) {
  char line[256];
  long value = -1;
  FILE *file = fopen("/proc/stat", "r");
  while (fgets(line, sizeof line, file)) sscanf(line, "btime %ld", &value);
  fclose(file);
  return value;
}

static ino_t inode(const char *name) {
  char path[64];
  struct stat st;
  snprintf(path, sizeof path, "/proc/thread-self/ns/%s", name);
  stat(path, &st);
  return st.st_ino;
}

static ino_t of_thread[2];
static void *in_thread(void *arg) {
  of_thread[0] = inode("time"), of_thread[1] = inode("time_for_children");
  return arg;
}

static int vm_child(void *arg) {
  long *ahead = arg;
  ahead[1] = seconds(CLOCK_MONOTONIC) - ahead[0];
  return 0;
}

static void threads(void) {
  static char stack[65536];
  pthread_t thread;
  IN_CHILD("threads", {
    SHOW(unshare(CLONE_TIME));
    SHOW(put(getpid(), "monotonic 500 0"));
    int failed = pthread_create(&thread, NULL, in_thread, NULL);
    printf("pthread_create: %s\n", failed ? error_name(failed) : "ok");
    if (!failed) pthread_join(thread, NULL);
    IS(of_thread[0] == of_thread[1]);
    long ahead[2] = {seconds(CLOCK_MONOTONIC), -1};
    pid_t child = clone(vm_child, stack + sizeof stack, CLONE_VM | SIGCHLD, ahead);
    printf("CLONE_VM: %s\n", child < 0 ? error_name(errno) : "ok");
    waitpid(child, NULL, 0);
    child = clone(vm_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, ahead);
    printf("CLONE_VFORK: %s\n", child < 0 ? error_name(errno) : "ok");
    waitpid(child, NULL, 0);
    printf("ahead by %s\n", ahead[1] >= 500 ? "500" : ahead[1] < 0 ? "?" : "nothing");
  });
  IN_CHILD("setns with threads", {
    int ns = open("/proc/self/ns/time", O_RDONLY);
    SHOW(setns(ns, CLONE_TIME));
    pthread_create(&thread, NULL, (void *(*)(void *))pause, NULL);
    SHOW(setns(ns, CLONE_TIME));
    SHOW(unshare(CLONE_TIME));
    _exit(0);
  });
}

static void others(void) {
  pid_t child = fork();
  if (child == 0) {
    unshare(CLONE_TIME);
    wake(up), await(down);
    show_offsets(getpid());
    if (fork() == 0) _exit(0);
    wait(NULL);
    wake(up), await(down);
    _exit(0);
  }
  await(up);
  puts("set by the parent");
  SHOW(put(child, "boottime 50 5\nmonotonic -5 0\n"));
  IN_CHILD("not by others", {
    setgid(1000), setuid(1000);
    SHOW(put(child, "monotonic 7 0"));
    show_offsets(child);
  });
  wake(down), await(up);
  SHOW(put(child, "monotonic 7 0"));
  SHOW(put(1, "monotonic 7 0"));
  wake(down);
  waitpid(child, NULL, 0);
  SHOW(put(child, "monotonic 7 0"));
}

static void clocks(void) {
  long boot = btime(), start = seconds(CLOCK_BOOTTIME);
  (void)start;
  IN_CHILD("what follows the clocks", {
    unshare(CLONE_TIME);
    put(getpid(), "monotonic 1000 0\nboottime 2000 0\n");
    IN_CHILD("inside", {
      printf("btime moves by %ld\n", (btime() - boot + 5000) / 10 * 10 - 5000);
      int word = 0;
      struct timespec until;
      clock_gettime(CLOCK_MONOTONIC, &until);
      until.tv_sec -= 500;
      SHOW(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, &until, NULL, FUTEX_BITSET_MATCH_ANY));
      long before = now_ms();
      clock_gettime(CLOCK_MONOTONIC, &until);
      until.tv_nsec += 40000000;
      if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
      SHOW(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, &until, NULL, FUTEX_BITSET_MATCH_ANY));
      IS(now_ms() - before >= 39 && now_ms() - before < 5000);
      struct timespec half = {0, 30000000};
      SHOW(clock_nanosleep(CLOCK_MONOTONIC, 0, &half, NULL));
      SHOW(clock_settime(CLOCK_MONOTONIC, &half));
      unshare(CLONE_TIME);
      show_offsets(getpid());
      SHOW(put(getpid(), "monotonic 500 0"));
      IN_CHILD("once more", {
        printf("btime moves by %ld\n", (btime() - boot + 5000) / 10 * 10 - 5000);
        show_offsets(getpid());
      });
    });
  });
}

static void users(void) {
  IN_CHILD("user namespace", {
    setgid(1000), setuid(1000);
    SHOW(unshare(CLONE_NEWUSER | CLONE_TIME));
    prctl(PR_SET_DUMPABLE, 1);
    SHOW(put(getpid(), "monotonic 7 0"));
    show_offsets(getpid());
    SHOW(unshare(CLONE_NEWUSER));
    SHOW(put(getpid(), "monotonic 8 0"));
    SHOW(unshare(CLONE_TIME));
    prctl(PR_SET_DUMPABLE, 1);
    SHOW(put(getpid(), "monotonic 9 0"));
  });
}

int main(void) {
  if (pipe(down) || pipe(up)) return 1;
  threads();
  others();
  clocks();
  users();
  return 0;
}
