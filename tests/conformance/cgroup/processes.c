/* Processes and threads in groups: moving, events, threaded groups. */
#include "cgroup.h"

static _Atomic int thread_id;
static _Atomic int done;
static void *threads_life(void *_) {
  thread_id = syscall(SYS_gettid);
  while (!done) millis(2);
  return NULL;
}

static void where(const char *what, pid_t pid) {
  char path[64], *line;
  snprintf(path, sizeof path, "/proc/%d/cgroup", pid);
  line = strstr(get(path), "0::");
  printf("%s is in %s", what, line ? line : "nothing\n");
}

int main(void) {
  mount_cgroups();
  mkdir("a", 0755);
  mkdir("a/b", 0755);
  FILE_IS("a/cgroup.events");
  int fd = open("a/cgroup.events", O_RDONLY);
  int watch = inotify_init1(IN_NONBLOCK);
  OK(inotify_add_watch(watch, "a/cgroup.events", IN_MODIFY));
  char buffer[4096];
  struct pollfd p = {fd, POLLPRI, 0};
  IS(read(fd, buffer, sizeof buffer) > 0);
  SHOW(poll(&p, 1, 0));
  pid_t child = sleeper();
  MOVE(child, "a/b/cgroup.procs");
  FILE_IS("a/cgroup.events");
  FILE_IS("a/b/cgroup.events");
  SHOW(poll(&p, 1, 1000));
  printf("%x\n", p.revents);
  SHOW(poll(&p, 1, 0));
  IS(pread(fd, buffer, sizeof buffer, 0) > 0);
  SHOW(poll(&p, 1, 0));
  millis(50);
  struct inotify_event *event = (void *)buffer;
  SHOW(read(watch, buffer, sizeof buffer));
  printf("inotify %x\n", event->mask);
  where("the child", child);
  FILE_IS("a/cgroup.procs");
  IS(atoi(get("a/b/cgroup.procs")) == child);
  SHOW(rmdir("a/b"));
  kill(child, SIGKILL);
  IS(await("a/cgroup.events", "populated 0"));
  FILE_IS("a/b/cgroup.procs");
  where("the zombie", child);
  SHOW(rmdir("a/b"));
  where("the zombie", child);
  waitpid(child, NULL, 0);

  puts("-- no processes in the middle");
  mkdir("a/b", 0755);
  PUT("cgroup.subtree_control", "+pids +memory");
  PUT("a/cgroup.subtree_control", "+memory");
  child = sleeper();
  MOVE(child, "a/cgroup.procs");
  MOVE(child, "a/b/cgroup.procs");
  PUT("a/b/cgroup.subtree_control", "+memory");
  PUT("a/b/cgroup.subtree_control", "+pids");
  FILE_IS("a/b/cgroup.type");
  MOVE(child, "cgroup.procs");
  PUT("a/cgroup.subtree_control", "-memory");

  puts("-- threads");
  pthread_t thread;
  pthread_create(&thread, NULL, threads_life, NULL);
  while (!thread_id) millis(1);
  mkdir("a/t", 0755);
  MOVE(thread_id, "a/t/cgroup.threads");
  MOVE(0, "a/cgroup.procs");
  where("the thread", thread_id);
  MOVE(thread_id, "a/t/cgroup.threads");
  FILE_IS("a/t/cgroup.type");
  PUT("a/t/cgroup.type", "threaded");
  FILE_IS("a/t/cgroup.type");
  FILE_IS("a/cgroup.type");
  FILE_IS("a/b/cgroup.type");
  MOVE(thread_id, "a/t/cgroup.threads");
  where("the thread", thread_id);
  where("the process", getpid());
  FILE_IS("a/t/cgroup.procs");
  IS(atoi(get("a/t/cgroup.threads")) == thread_id);
  IS(atoi(get("a/cgroup.procs")) == getpid());
  IS(atoi(get("a/cgroup.threads")) == getpid());
  FILE_IS("a/t/cgroup.controllers");
  PUT("a/cgroup.subtree_control", "+memory");
  PUT("a/cgroup.subtree_control", "+pids");
  FILE_IS("a/t/cgroup.controllers");
  FILE_IS("a/t/pids.current");
  PUT("a/t/cgroup.kill", "1");
  MOVE(child, "a/b/cgroup.procs");
  PUT("a/b/cgroup.type", "threaded");
  MOVE(child, "a/b/cgroup.procs");
  MOVE(child, "a/t/cgroup.threads");
  mkdir("a/t/u", 0755);
  FILE_IS("a/t/u/cgroup.type");
  PUT("a/t/u/cgroup.type", "threaded");
  FILE_IS("a/t/u/cgroup.type");
  MOVE(thread_id, "a/t/u/cgroup.threads");
  where("the thread", thread_id);
  done = 1;
  pthread_join(thread, NULL);
  MOVE(0, "cgroup.procs");
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  remove_group("a/t/u");
  remove_group("a/t");
  remove_group("a/b");
  remove_group("a");
  PUT("cgroup.subtree_control", "-pids -memory");
  unmount_cgroups();
}
