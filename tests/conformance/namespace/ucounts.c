/* How much the users of a user namespace may make besides namespaces. See namespaces(7), inotify(7), getrlimit(2). */
#include "show.h"
#include <dirent.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/shm.h>

static int put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0) return -1;
  int result = write(fd, text, strlen(text));
  int error = errno;
  close(fd);
  errno = error;
  return result;
}

static long get(const char *path) {
  char text[64] = "";
  int fd = open(path, O_RDONLY);
  if (fd < 0 || read(fd, text, sizeof text - 1) < 0) return -1;
  close(fd);
  return atol(text);
}

static void map_root(void) {
  put("/proc/self/setgroups", "deny");
  put("/proc/self/uid_map", "0 0 1");
  put("/proc/self/gid_map", "0 0 1");
}

static void names(void) {
  struct dirent **found;
  int count = scandir("/proc/sys/user", &found, NULL, alphasort);
  /* fanotify(7) can be left out of a kernel. */
  for (int i = 0; i < count; i++)
    if (!strstr(found[i]->d_name, "fanotify")) printf("%s\n", found[i]->d_name);
}

#define INSTANCES "/proc/sys/user/max_inotify_instances"
#define WATCHES "/proc/sys/user/max_inotify_watches"

static int close_all(int *fds, int count) {
  for (int i = 0; i < count; i++) close(fds[i]);
  return 0;
}

static void inotify(void) {
  int fds[8], count = 0;
  unshare(CLONE_NEWUSER);
  map_root();
  printf("%ld %ld\n", get(INSTANCES), get(WATCHES));
  SHOW(put(INSTANCES, "3"));
  SHOW(put(WATCHES, "2"));
  while (count < 8 && (fds[count] = inotify_init1(0)) >= 0) count++;
  printf("%d instances: %s\n", count, error_name(errno));
  SHOW(close(fds[2]));
  OK(fds[2] = inotify_init1(0));
  IN_CHILD("its child is the same user", SHOW(inotify_init1(0)));
  SHOW(inotify_add_watch(fds[0], "/", IN_CREATE));
  SHOW(inotify_add_watch(fds[1], "/", IN_CREATE));
  SHOW(inotify_add_watch(fds[0], "/proc", IN_CREATE));
  SHOW(inotify_add_watch(fds[0], "/", IN_DELETE));
  SHOW(inotify_add_watch(fds[0], "/", IN_DELETE | IN_MASK_CREATE));
  SHOW(inotify_rm_watch(fds[1], 1));
  SHOW(inotify_add_watch(fds[0], "/proc", IN_CREATE));
  SHOW(inotify_add_watch(fds[1], "/proc", IN_CREATE));
  SHOW(close(fds[0]));
  SHOW(inotify_add_watch(fds[1], "/proc", IN_CREATE));
  SHOW(inotify_add_watch(fds[1], "/tmp", IN_CREATE));
  SHOW(inotify_add_watch(fds[1], "/dev", IN_CREATE));
  close_all(fds + 1, 2);
  IN_CHILD("a namespace inside", {
    unshare(CLONE_NEWUSER);
    map_root();
    printf("%ld %ld\n", get(INSTANCES), get(WATCHES));
    count = 0;
    while (count < 8 && (fds[count] = inotify_init1(0)) >= 0) count++;
    printf("%d instances: %s\n", count, error_name(errno));
    SHOW(put(INSTANCES, "1"));
    close_all(fds, count);
    OK(inotify_init1(0));
    OK(inotify_init1(0));
  });
  SHOW(put(INSTANCES, "0"));
  SHOW(inotify_init1(0));
  SHOW(put(INSTANCES, "-1"));
  SHOW(put(INSTANCES, "x"));
}

static void machine(void) {
  struct stat st;
  stat("/proc/sys/fs/inotify/max_user_instances", &st);
  printf("%o\n", st.st_mode);
  IS(get("/proc/sys/fs/inotify/max_user_instances") == 128);
  IS(get("/proc/sys/fs/inotify/max_user_watches") >= 8192);
  IS(get("/proc/sys/fs/inotify/max_queued_events") == 16384);
  IS(get("/proc/sys/fs/inotify/max_user_watches") == get(WATCHES));
  SHOW(put("/proc/sys/fs/inotify/max_user_instances", "2"));
  SHOW(get(INSTANCES));
  IN_CHILD("two", {
    setuid(1234);
    OK(inotify_init1(0));
    OK(inotify_init1(0));
    OK(inotify_init1(0));
  });
  SHOW(put("/proc/sys/fs/inotify/max_user_instances", "128"));
  SHOW(put("/proc/sys/fs/inotify/max_user_instances", "-1"));
  SHOW(put("/proc/sys/fs/inotify/max_queued_events", "-1"));
  IN_CHILD("events", {
    SHOW(put("/proc/sys/fs/inotify/max_queued_events", "2"));
    int fd = inotify_init1(IN_NONBLOCK);
    SHOW(put("/proc/sys/fs/inotify/max_queued_events", "16384"));
    inotify_add_watch(fd, "/tmp", IN_CREATE | IN_DELETE);
    for (int i = 0; i < 3; i++) {
      close(open("/tmp/event", O_CREAT | O_WRONLY, 0600));
      unlink("/tmp/event");
    }
    char events[512];
    ssize_t got = read(fd, events, sizeof events);
    for (char *p = events; p < events + got; p += sizeof(struct inotify_event) + ((struct inotify_event *)p)->len)
      printf("event %d %x\n", ((struct inotify_event *)p)->wd, ((struct inotify_event *)p)->mask);
  });
}

/* Resource limits that count per user, in each namespace and for its creator. See getrlimit(2), user_namespaces(7). */
static void resources(void) {
  setgid(1000), setuid(1000);
  prctl(PR_SET_DUMPABLE, 1);
  struct rlimit limit = {8192, 8192};
  setrlimit(RLIMIT_MEMLOCK, &limit);
  limit.rlim_cur = limit.rlim_max = 4;
  setrlimit(RLIMIT_SIGPENDING, &limit);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, NULL);
  union sigval value = {0};
  int sent = 0;
  while (sent < 20 && sigqueue(getpid(), SIGRTMIN, value) == 0) sent++;
  printf("%d signals: %s\n", sent, error_name(errno));
  SHOW(kill(getpid(), SIGRTMIN));
  IN_CHILD("a child", SHOW(sigqueue(getppid(), SIGRTMIN, value)));
  IN_CHILD("user namespace", {
    unshare(CLONE_NEWUSER);
    put("/proc/self/uid_map", "0 1000 1");
    limit.rlim_cur = 100, limit.rlim_max = 4;
    SHOW(setrlimit(RLIMIT_SIGPENDING, &limit));
    SHOW(sigqueue(getpid(), SIGRTMIN, value));
    SHOW(sigqueue(getpid(), SIGRTMIN + 1, value));
  });
  struct timespec none = {0};
  while (sigtimedwait(&set, NULL, &none) >= 0) sent--;
  printf("%d left\n", sent);
  int segment = shmget(IPC_PRIVATE, 8192, 0600);
  SHOW(shmctl(segment, SHM_LOCK, NULL));
  SHOW(shmctl(shmget(IPC_PRIVATE, 1, 0600), SHM_LOCK, NULL));
  shmctl(segment, IPC_RMID, NULL);
  limit.rlim_cur = limit.rlim_max = 3;
  setrlimit(RLIMIT_NPROC, &limit);
  int children = 0;
  pid_t pids[20];
  while (children < 20 && (pids[children] = fork()) >= 0) {
    if (pids[children] == 0) {
      pause();
      _exit(0);
    }
    children++;
  }
  printf("%d children: %s\n", children, error_name(errno));
  pthread_t thread;
  printf("thread: %s\n", error_name(pthread_create(&thread, NULL, (void *(*)(void *))pause, NULL)));
  SHOW(unshare(CLONE_NEWUSER));
  SHOW(fork());
  for (int i = 0; i < children; i++) kill(pids[i], SIGKILL), waitpid(pids[i], NULL, 0);
}

/* Users of a namespace together have no more than its maker: 0 inside is 1000, 5 is 100005. */
static void mapped(void) {
  int ready[2], go[2];
  char byte;
  if (pipe(ready) || pipe(go)) return;
  pid_t pid = fork();
  if (pid == 0) {
    setgid(1000), setuid(1000);
    prctl(PR_SET_DUMPABLE, 1);
    struct rlimit limit = {4, 10};
    setrlimit(RLIMIT_SIGPENDING, &limit);
    SHOW(unshare(CLONE_NEWUSER));
    limit.rlim_cur = 10;
    setrlimit(RLIMIT_SIGPENDING, &limit);
    if (write(ready[1], "x", 1) != 1 || read(go[0], &byte, 1) != 1) _exit(1);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    union sigval value = {0};
    struct timespec none = {0};
    int sent = 0;
    while (sent < 20 && sigqueue(getpid(), SIGRTMIN, value) == 0) sent++;
    printf("%d signals: %s\n", sent, error_name(errno));
    IN_CHILD("another user", {
      setuid(5);
      SHOW(sigqueue(getpid(), SIGRTMIN, value));
    });
    SHOW(sigtimedwait(&set, NULL, &none) > 0);
    IN_CHILD("another user", {
      setuid(5);
      SHOW(sigqueue(getpid(), SIGRTMIN, value));
      SHOW(sigqueue(getpid(), SIGRTMIN, value));
    });
    SHOW(sigqueue(getpid(), SIGRTMIN, value));
    SHOW(sigqueue(getpid(), SIGRTMIN, value));
    puts("threads");
    limit.rlim_cur = 3;
    setrlimit(RLIMIT_NPROC, &limit);
    SHOW(unshare(CLONE_NEWUSER));
    limit.rlim_cur = 10;
    setrlimit(RLIMIT_NPROC, &limit);
    int children = 0;
    pid_t pids[20];
    while (children < 20 && (pids[children] = fork()) >= 0) {
      if (pids[children] == 0) {
        pause();
        _exit(0);
      }
      children++;
    }
    printf("%d children: %s\n", children, error_name(errno));
    for (int i = 0; i < children; i++) kill(pids[i], SIGKILL), waitpid(pids[i], NULL, 0);
    _exit(0);
  }
  if (read(ready[0], &byte, 1) != 1) return;
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
  SHOW(put(path, "0 1000 1\n5 100005 1\n"));
  if (write(go[1], "x", 1) != 1) return;
  waitpid(pid, NULL, 0);
}

int main(void) {
  names();
  IN_CHILD("inotify", inotify());
  IN_CHILD("machine", machine());
  IN_CHILD("resources", resources());
  IN_CHILD("mapped", mapped());
  return 0;
}
