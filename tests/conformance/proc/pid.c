/* /proc/[pid]: what the files of a process say, apart from numbers that differ from run to run. See proc_pid(5). */
#include "show.h"
#include <dirent.h>
#include <linux/auxvec.h>
#include <sys/auxv.h>

static char text[65536];

static ssize_t slurp(const char *path) {
  int fd = open(path, O_RDONLY);
  if (fd < 0) return -1;
  ssize_t total = 0, count;
  while ((count = read(fd, text + total, sizeof text - 1 - total)) > 0) total += count;
  int error = errno;
  close(fd);
  errno = error;
  text[total] = 0;
  return count < 0 ? -1 : total;
}

/* A path with its numbers replaced by N. */
static const char *label(const char *path) {
  static char result[128];
  char *to = result;
  for (const char *at = path; *at; at++) {
    if (*at >= '0' && *at <= '9') {
      if (to > result && to[-1] != 'N') *to++ = 'N';
    } else *to++ = *at;
  }
  *to = 0;
  return result;
}

/* The content with every number replaced by N. */
static void shape(const char *path) {
  ssize_t count = slurp(path);
  printf("== %s: ", path);
  if (count < 0) {
    printf("%s\n", error_name(errno));
    return;
  }
  printf("\n");
  int digits = 0;
  for (ssize_t i = 0; i < count; i++) {
    char c = text[i];
    if (c == ' ' && i > 0 && text[i - 1] == ' ') continue;
    if (c >= '0' && c <= '9') {
      if (!digits) putchar('N');
      digits = 1;
      continue;
    }
    digits = 0;
    putchar(c == 0 ? '@' : c);
  }
  if (count > 0 && text[count - 1] != '\n') putchar('\n');
}

static void show(const char *path) {
  ssize_t count = slurp(path);
  if (count < 0) printf("%s: %s\n", label(path), error_name(errno));
  else {
    for (ssize_t i = 0; i < count; i++)
      if (text[i] == 0) text[i] = '@';
    printf("%s: %s%s", label(path), text, count > 0 && text[count - 1] == '\n' ? "" : "\n");
  }
}

/* The lines of status that begin with one of the names. */
static void status(const char *path, const char *names) {
  if (slurp(path) < 0) {
    printf("%s: %s\n", label(path), error_name(errno));
    return;
  }
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    char name[64];
    snprintf(name, sizeof name, " %.*s ", (int)strcspn(line, ":"), line);
    if (strstr(names, name)) printf("%s\n", line);
  }
}

static void put(const char *path, const char *value) {
  int fd = open(path, O_WRONLY);
  ssize_t count = fd < 0 ? -1 : write(fd, value, strlen(value));
  printf("%s <- %s: %s\n", label(path), value, count < 0 ? error_name(errno) : "ok");
  if (fd >= 0) close(fd);
}

static void link_of(const char *path) {
  char target[256];
  ssize_t count = readlink(path, target, sizeof target - 1);
  if (count < 0) printf("%s: %s\n", label(path), error_name(errno));
  else {
    target[count] = 0;
    char *number = strchr(target, '[');
    if (number) number[1] = 0;
    printf("%s -> %s\n", label(path), target);
  }
}

static void mode_of(const char *path) {
  struct stat st;
  if (lstat(path, &st) < 0) printf("%s: %s\n", label(path), error_name(errno));
  else printf("%s: %o links %u size %ld uid %d gid %d\n", label(path), st.st_mode, S_ISDIR(st.st_mode) && !strchr(path + 6, '/') ? 0 : st.st_nlink, st.st_size, st.st_uid, st.st_gid);
}

static void *sleeper(void *arg) {
  prctl(PR_SET_NAME, "a thread");
  *(pid_t *)arg = gettid();
  pause();
  return NULL;
}

int main(int argc, char **argv) {
  if (argc > 1) {
    show("/proc/self/cmdline");
    show("/proc/self/environ");
    show("/proc/self/comm");
    for (size_t i = 0; i < strlen(argv[1]); i++) argv[1][i] = 'x';
    show("/proc/self/cmdline");
    /* A title written over the arguments, on into the environment. */
    strcpy(argv[0], "a title that is longer than the arguments were");
    show("/proc/self/cmdline");
    return 0;
  }
  char path[64];
  umask(022);
  shape("/proc/self/limits");
  status("/proc/self/status",
         " Name Umask Ngid TracerPid Uid Gid Kthread VmLck VmPin VmSwap CoreDumping untag_mask Threads SigPnd ShdPnd SigBlk SigIgn SigCgt CapInh CapPrm "
         "CapEff CapBnd CapAmb NoNewPrivs Seccomp Seccomp_filters SpeculationIndirectBranch Mems_allowed_list ");
  shape("/proc/self/stat");
  shape("/proc/self/statm");
  shape("/proc/self/io");
  show("/proc/self/uid_map");
  show("/proc/self/gid_map");
  show("/proc/self/setgroups");
  show("/proc/self/loginuid");
  show("/proc/self/sessionid");
  show("/proc/self/personality");
  show("/proc/self/timerslack_ns");
  show("/proc/self/timens_offsets");
  show("/proc/self/oom_score_adj");
  slurp("/proc/self/syscall");
  printf("in system call %d\n", atoi(text));
  show("/proc/self/wchan");
  show("/proc/self/comm");
  link_of("/proc/self/exe");
  link_of("/proc/self/cwd");
  link_of("/proc/self/root");
  static const char *names[] = {"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "time_for_children", "user", "uts", "none"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
    link_of(path);
  }
  static const char *files[] = {"", "status", "stat", "environ", "maps", "fd", "fdinfo", "exe", "ns", "ns/uts", "task", "comm", "auxv", "mountinfo", "oom_score_adj", "timerslack_ns", "fd/0"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    snprintf(path, sizeof path, "/proc/%d/%s", getpid(), files[i]);
    struct stat st;
    if (lstat(path, &st) < 0) printf("%s: %s\n", files[i], error_name(errno));
    else printf("%s: %o size %ld\n", files[i], st.st_mode, i == 5 ? 0 : st.st_size);
  }

  /* Arguments. */
  IN_CHILD("arguments", {
    char *arguments[] = {"pid", "two words", "", "last", NULL};
    char *environment[] = {"A=b", "C=", NULL};
    execve("/proc/self/exe", arguments, environment);
  });
  IS(slurp("/proc/self/auxv") % 16 == 0);
  slurp("/proc/self/auxv");
  unsigned long *vector = (unsigned long *)text;
  for (; vector[0] != AT_NULL; vector += 2)
    if (vector[0] == AT_PAGESZ) IS(vector[1] == 4096);
    else if (vector[0] == AT_ENTRY) IS(vector[1] == getauxval(AT_ENTRY));

  /* Names. */
  put("/proc/self/comm", "a name that is too long\n");
  show("/proc/self/comm");
  put("/proc/self/comm", "with\nline");
  show("/proc/self/comm");
  prctl(PR_SET_NAME, "back\\slash\nline");
  status("/proc/self/status", " Name ");
  slurp("/proc/self/stat");
  printf("%.*s\n", 18, strchr(text, '('));
  prctl(PR_SET_NAME, "plain");

  /* Signals. */
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGHUP, SIG_IGN);
  struct sigaction action = {.sa_handler = (void (*)(int))sleeper};
  sigaction(SIGUSR2, &action, NULL);
  kill(getpid(), SIGUSR1);
  syscall(SYS_tkill, gettid(), SIGRTMIN);
  status("/proc/self/status", " SigPnd ShdPnd SigBlk SigIgn SigCgt ");

  /* Threads. */
  pthread_t thread;
  volatile pid_t tid = 0;
  pthread_create(&thread, NULL, sleeper, (void *)&tid);
  while (tid == 0) millis(1);
  millis(20);
  status("/proc/self/status", " Threads ");
  snprintf(path, sizeof path, "/proc/self/task/%d/comm", tid);
  show(path);
  put(path, "renamed");
  show(path);
  snprintf(path, sizeof path, "/proc/%d/comm", tid);
  show(path);
  snprintf(path, sizeof path, "/proc/%d", tid);
  IS(access(path, F_OK) == 0);
  snprintf(path, sizeof path, "/proc/self/task/%d/task", tid);
  mode_of(path);
  snprintf(path, sizeof path, "/proc/self/task/%d/status", tid);
  status(path, " State ");
  int count = 0;
  int listed = 0;
  DIR *dir = opendir("/proc/self/task");
  for (struct dirent *entry; (entry = readdir(dir));) count++;
  closedir(dir);
  printf("%d names in task\n", count);
  dir = opendir("/proc");
  for (struct dirent *entry; (entry = readdir(dir));) listed |= atoi(entry->d_name) == tid;
  closedir(dir);
  printf("thread listed in /proc: %d\n", listed);
  struct stat st;
  stat("/proc/self/task", &st);
  printf("links of task: %u\n", st.st_nlink);

  /* Children: running, stopped, ended. */
  pid_t child = fork();
  if (child == 0) {
    signal(SIGUSR2, SIG_DFL);
    raise(SIGSTOP);
    _exit(3);
  }
  waitpid(child, NULL, WUNTRACED);
  snprintf(path, sizeof path, "/proc/%d/status", child);
  status(path, " State Threads SigBlk ");
  snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
  slurp(path);
  IS(atoi(text) == child);
  kill(child, SIGCONT);
  siginfo_t info;
  waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  snprintf(path, sizeof path, "/proc/%d/status", child);
  status(path, " Name State VmSize Threads FDSize Umask ");
  snprintf(path, sizeof path, "/proc/%d/exe", child);
  link_of(path);
  snprintf(path, sizeof path, "/proc/%d/cwd", child);
  link_of(path);
  static const char *zombie[] = {"cmdline", "environ", "maps", "statm", "mountinfo", "fd", "limits"};
  for (size_t i = 0; i < sizeof zombie / sizeof *zombie; i++) {
    snprintf(path, sizeof path, "/proc/%d/%s", child, zombie[i]);
    ssize_t size = slurp(path);
    printf("zombie %s: %s\n", zombie[i], size < 0 ? error_name(errno) : size == 0 ? "empty" : "text");
  }
  snprintf(path, sizeof path, "/proc/%d", child);
  int gone = open(path, O_RDONLY | O_DIRECTORY);
  snprintf(path, sizeof path, "/proc/%d/status", child);
  int file = open(path, O_RDONLY);
  wait(NULL);
  SHOW(read(file, text, 100));
  SHOW(openat(gone, "status", O_RDONLY));
  SHOW(openat(gone, ".", O_RDONLY));
  SHOW(open(path, O_RDONLY));
  SHOW(syscall(SYS_getdents64, gone, text, 1000));

  /* Settings. */
  put("/proc/self/oom_score_adj", "100");
  show("/proc/self/oom_score_adj");
  put("/proc/self/oom_score_adj", "1001");
  put("/proc/self/oom_score_adj", "x");
  put("/proc/self/oom_score_adj", " -7\n");
  show("/proc/self/oom_score_adj");
  put("/proc/self/timerslack_ns", "1000");
  show("/proc/self/timerslack_ns");
  IS(prctl(PR_GET_TIMERSLACK) == 1000);
  put("/proc/self/timerslack_ns", "0");
  put("/proc/self/timerslack_ns", "-1");
  put("/proc/self/status", "x");
  put("/proc/self/exe", "x");
  put("/proc/self/nothing", "x");
  SHOW(chmod("/proc/self/status", 0777));
  SHOW(unlink("/proc/self/status"));
  SHOW(mkdir("/proc/self/directory", 0777));
  SHOW(open("/proc/self/file", O_CREAT | O_WRONLY, 0666));
  SHOW(rename("/proc/self/status", "/proc/self/other"));
  SHOW(symlink("a", "/proc/self/b"));
  SHOW(truncate("/proc/self/comm", 0));
  SHOW(open("/proc/self/comm", O_WRONLY | O_TRUNC) >= 0);

  /* Somebody else's. */
  pid_t other = fork();
  if (other == 0) for (;;) pause();
  IN_CHILD("another user", {
    if (setgid(100) || setuid(1000)) _exit(1);
    static const char *secret[] = {"status", "stat", "cmdline", "comm", "limits", "environ", "maps", "auxv", "exe", "cwd", "fd", "fdinfo", "ns/uts", "io", "syscall", "wchan", "mountinfo", "oom_score_adj", "task", "personality", "timerslack_ns"};
    for (size_t i = 0; i < sizeof secret / sizeof *secret; i++) {
      snprintf(path, sizeof path, "/proc/%d/%s", other, secret[i]);
      char target[100];
      if (readlink(path, target, sizeof target) >= 0) printf("%s: link\n", secret[i]);
      else if (errno != EINVAL) printf("%s: %s\n", secret[i], error_name(errno));
      else {
        int fd = open(path, O_RDONLY);
        ssize_t got = fd < 0 ? -1 : read(fd, target, sizeof target);
        printf("%s: %s\n", secret[i], got < 0 ? error_name(errno) : "readable");
      }
    }
    snprintf(path, sizeof path, "/proc/%d/comm", other);
    put(path, "x");
    snprintf(path, sizeof path, "/proc/%d/oom_score_adj", other);
    put(path, "5");
    put("/proc/self/oom_score_adj", "-8");
    /* No longer dumpable: its files belong to the superuser. */
    struct stat own;
    stat("/proc/self/stat", &own);
    printf("own stat belongs to %d\n", own.st_uid);
    stat("/proc/self", &own);
    printf("own directory belongs to %d\n", own.st_uid);
    SHOW(open("/proc/self/environ", O_RDONLY));
    OK(open("/proc/self/fd", O_RDONLY));
    prctl(PR_SET_DUMPABLE, 1);
    stat("/proc/self/stat", &own);
    printf("own stat belongs to %d\n", own.st_uid);
    OK(open("/proc/self/environ", O_RDONLY));
  });
  kill(other, SIGKILL);
  wait(NULL);
  return 0;
}
