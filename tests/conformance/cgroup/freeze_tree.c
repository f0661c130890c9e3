/* Freezing in a tree of groups: who is told, new tasks, tasks that move, killing what is frozen. See cgroup-v2.rst, cgroup.freeze. */
#include "cgroup.h"
#include <linux/sched.h>

static char root[128];

static int set(const char *group, const char *file, const char *text) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s/%s", root, group, file);
  int fd = open(path, O_WRONLY), failed = fd < 0 || write(fd, text, strlen(text)) < 0 ? errno : 0;
  close(fd);
  return failed;
}

static int frozen(const char *group) {
  char path[256], text[256] = "";
  snprintf(path, sizeof path, "%s/%s/cgroup.events", root, group);
  int fd = open(path, O_RDONLY);
  read(fd, text, sizeof text - 1);
  close(fd);
  return strstr(text, "frozen 1") != NULL;
}

static int watch(const char *group) {
  char path[256];
  int fd = inotify_init1(IN_NONBLOCK);
  snprintf(path, sizeof path, "%s/%s/cgroup.events", root, group);
  inotify_add_watch(fd, path, IN_MODIFY);
  return fd;
}

static int told(int fd) {
  char buffer[1024];
  struct pollfd one = {fd, POLLIN, 0};
  poll(&one, 1, 150);
  int n = read(fd, buffer, sizeof buffer) > 0;
  close(fd);
  return n;
}

static void freeze(const char *group, const char *value) {
  int fd = watch(group);
  int failed = set(group, "cgroup.freeze", value);
  int n = told(fd);
  printf("%s to %s: %s, %s, frozen %d\n", value, group, failed ? error_name(failed) : "ok", n ? "told" : "not told", frozen(group));
}

static pid_t start(const char *group) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", root, group);
  int fd = open(path, O_PATH | O_DIRECTORY);
  struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = fd};
  fflush(stdout);
  pid_t pid = syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) for (;;) usleep(1000);
  close(fd);
  return pid;
}

static void move(pid_t pid, const char *group) {
  char text[16];
  snprintf(text, sizeof text, "%d", pid);
  set(group, "cgroup.procs", text);
}

static void group(const char *name) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", root, name);
  mkdir(path, 0755);
}

static int removed(const char *name) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", root, name);
  for (int i = 0; i < 100; i++) {
    if (rmdir(path) == 0) return 1;
    usleep(10000);
  }
  return 0;
}

int main(void) {
  mount_cgroups();
  strcpy(root, "/tmp/cg/tree");
  mkdir(root, 0755);
  group("a");
  group("a/b");
  group("a/b/c");
  group("d");
  pid_t one = start("a/b/c");
  freeze("a", "1");
  freeze("a/b", "1");
  freeze("a/b", "1");
  freeze("a/b/c", "0");
  freeze("a", "0");
  freeze("a/b", "0");
  freeze("a/b", "1");
  printf("a %d a/b/c %d\n", frozen("a"), frozen("a/b/c"));
  pid_t two = start("a/b/c");
  printf("with a new task %d\n", frozen("a/b/c"));
  usleep(100000);
  printf("later %d\n", frozen("a/b/c"));
  freeze("d", "1");
  move(two, "d");
  printf("moved from frozen to frozen: %d %d\n", frozen("a/b/c"), frozen("d"));
  usleep(100000);
  printf("later %d %d\n", frozen("a/b/c"), frozen("d"));
  pid_t three = fork();
  if (three == 0) for (;;) usleep(1000);
  move(three, "d");
  usleep(100000);
  printf("a running one moved to frozen: %d\n", frozen("d"));
  move(three, ".");
  usleep(100000);
  printf("and away: %d\n", frozen("d"));
  SHOW(set("a", "cgroup.kill", "1"));
  SHOW(set("d", "cgroup.kill", "1"));
  kill(three, SIGKILL);
  int status;
  SHOW(waitpid(one, &status, 0) == one);
  SHOW(status);
  SHOW(waitpid(two, &status, 0) == two);
  SHOW(status);
  SHOW(waitpid(three, &status, 0) == three);
  printf("a/b/c %d d %d\n", frozen("a/b/c"), frozen("d"));
  SHOW(removed("d"));
  SHOW(removed("a/b/c"));
  SHOW(removed("a/b"));
  SHOW(removed("a"));
  SHOW(rmdir(root));
  unmount_cgroups();
  return 0;
}
