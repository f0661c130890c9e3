/* cgroup.freeze and cgroup.kill. */
#include "cgroup.h"

static volatile long *counter;
static volatile sig_atomic_t handled;
static void on_signal(int _) { handled++; }

/* Whether the counter stands still. */
static int stands(void) {
  long before = *counter;
  millis(60);
  return *counter == before;
}

int main(void) {
  mount_cgroups();
  counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  mkdir("f", 0755);
  mkdir("f/g", 0755);
  int status;

  puts("-- a program that computes");
  signal(SIGUSR1, on_signal);
  pid_t child = fork();
  if (child == 0) {
    for (;;) {
      ++*counter;
      if (handled) _exit(7);
    }
  }
  MOVE(child, "f/g/cgroup.procs");
  PUT("f/cgroup.freeze", "1");
  IS(await("f/cgroup.events", "frozen 1"));
  FILE_IS("f/g/cgroup.events");
  FILE_IS("f/g/cgroup.freeze");
  IS(stands());
  SHOW(kill(child, SIGUSR1));
  IS(stands());
  SHOW(waitpid(child, &status, WNOHANG));
  PUT("f/g/cgroup.freeze", "1");
  PUT("f/cgroup.freeze", "0");
  FILE_IS("f/cgroup.events");
  FILE_IS("f/g/cgroup.events");
  IS(stands());
  PUT("f/g/cgroup.freeze", "0");
  SHOW(waitpid(child, &status, 0) == child);
  show_status("child", status);

  puts("-- a program that sleeps in a call");
  int fds[2];
  if (pipe(fds)) return 1;
  child = fork();
  if (child == 0) {
    char c;
    long n = read(fds[0], &c, 1);
    struct timespec t = {0, 50000000};
    long r = nanosleep(&t, NULL);
    struct pollfd p = {fds[0], POLLIN, 0};
    long q = poll(&p, 1, 100);
    _exit(n == 1 && r == 0 && q == 0 ? 3 : 4);
  }
  MOVE(child, "f/g/cgroup.procs");
  millis(20);
  PUT("f/g/cgroup.freeze", "1");
  IS(await("f/g/cgroup.events", "frozen 1"));
  if (write(fds[1], "x", 1) != 1) return 1;
  millis(60);
  SHOW(waitpid(child, &status, WNOHANG));
  PUT("f/g/cgroup.freeze", "0");
  SHOW(waitpid(child, &status, 0) == child);
  show_status("child", status);

  puts("-- stopped, waiting for vfork, and threads");
  child = sleeper();
  kill(child, SIGSTOP);
  waitpid(child, &status, WUNTRACED);
  MOVE(child, "f/g/cgroup.procs");
  pid_t vforker = fork();
  if (vforker == 0) {
    if (vfork() == 0) {
      ++*counter;
      for (;;) pause();
    }
    _exit(0);
  }
  MOVE(vforker, "f/g/cgroup.procs");
  millis(50);
  PUT("f/g/cgroup.freeze", "1");
  printf("frozen: %d\n", await("f/g/cgroup.events", "frozen 1"));
  kill(child, SIGCONT);
  millis(30);
  IS(strstr(get("f/g/cgroup.events"), "frozen 1"));
  kill(child, SIGKILL);
  SHOW(waitpid(child, &status, 0) == child);
  show_status("child", status);
  IS(strstr(get("f/g/cgroup.events"), "frozen 1"));

  puts("-- newcomers and leavers");
  child = fork();
  if (child == 0)
    for (;;) ++*counter;
  MOVE(child, "f/g/cgroup.procs");
  IS(await("f/g/cgroup.events", "frozen 1"));
  IS(stands());
  MOVE(child, "f/cgroup.procs");
  IS(!stands());
  MOVE(child, "f/g/cgroup.procs");
  IS(await("f/g/cgroup.events", "frozen 1"));
  IS(stands());
  SHOW(mkdir("f/g/h", 0755));
  FILE_IS("f/g/h/cgroup.events");
  FILE_IS("f/g/h/cgroup.freeze");

  puts("-- kill");
  PUT("f/cgroup.kill", "1");
  SHOW(waitpid(child, &status, 0) == child);
  show_status("child", status);
  SHOW(waitpid(vforker, &status, 0) == vforker);
  show_status("vforker", status);
  IS(await("f/cgroup.events", "populated 0"));
  FILE_IS("f/cgroup.events");
  remove_group("f/g/h");
  remove_group("f/g");
  remove_group("f");
  unmount_cgroups();
}
