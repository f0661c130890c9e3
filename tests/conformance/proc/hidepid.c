/* Mount options of proc: who sees whom. See proc(5), "Mount options". */
#include "show.h"
#include <dirent.h>
#include <grp.h>
#include <sys/mount.h>

#define AT "/tmp/hide"

static pid_t root_process, user_process, other_process;

static void check(const char *path) {
  int fd = open(path, O_RDONLY);
  const char *result = fd < 0 ? error_name(errno) : "ok";
  char byte;
  if (fd >= 0 && read(fd, &byte, 1) < 0) result = error_name(errno);
  printf(" %s", result);
  close(fd);
}

static void look(const char *whose, pid_t pid) {
  static const char *const files[] = {"status", "environ", "maps", "fd", "task", "ns/uts", "comm"};
  char path[64];
  struct stat st;
  snprintf(path, sizeof path, AT "/%d", pid);
  printf("  %s: stat %s, open", whose, stat(path, &st) < 0 ? error_name(errno) : "ok");
  check(path);
  for (int i = 0; i < 7; i++) {
    snprintf(path, sizeof path, AT "/%d/%s", pid, files[i]);
    printf(", %s", files[i]);
    check(path);
  }
  printf("\n");
}

static void see(const char *who) {
  int seen = 0, others = 0;
  DIR *dir = opendir(AT);
  for (struct dirent *entry; (entry = readdir(dir));) {
    pid_t pid = atoi(entry->d_name);
    if (pid == root_process) seen |= 1;
    else if (pid == user_process) seen |= 2;
    else if (pid == other_process) seen |= 4;
    else if (pid > 0 && pid != getpid()) others++;
  }
  closedir(dir);
  printf(" %s sees%s%s%s%s\n", who, seen & 1 ? " root's" : "", seen & 2 ? " his own" : "", seen & 4 ? " another's" : "", others ? " others" : "");
  look("root's", root_process);
  look("his own", user_process);
  look("another's", other_process);
  look("himself", getpid());
  printf("  besides processes:");
  check(AT "/uptime");
  check(AT "/sys/kernel/hostname");
  check(AT "/self/stat");
  check(AT "/thread-self/stat");
  printf("\n");
}

static pid_t sleeper(uid_t uid) {
  int ready[2];
  char byte;
  if (pipe(ready)) return -1;
  pid_t pid = fork();
  if (pid == 0) {
    if (uid) setgroups(0, NULL), setgid(uid), setuid(uid), prctl(PR_SET_DUMPABLE, 1);
    if (write(ready[1], "x", 1) != 1) _exit(1);
    for (;;) pause();
  }
  if (read(ready[0], &byte, 1) != 1) return -1;
  close(ready[0]), close(ready[1]);
  return pid;
}

/* A mount in which nobody has looked: names that Linux still knows would be answered differently. */
static void fresh(const char *options) {
  if (umount(AT) || mount("proc", AT, "proc", 0, options)) perror(options);
}

static void all(const char *options) {
  errno = 0;
  int failed = mount(NULL, AT, NULL, MS_REMOUNT, options);
  printf("%s: %s\n", options, failed < 0 ? error_name(errno) : "ok");
  if (failed < 0) return;
  char line[512];
  FILE *file = fopen("/proc/self/mountinfo", "r");
  while (fgets(line, sizeof line, file))
    if (strstr(line, AT)) printf(" shown as %s", strstr(line, " - ") + 3);
  fclose(file);
  fflush(stdout);
  fresh(options);
  pid_t pid = fork();
  if (pid == 0) {
    setgroups(0, NULL), setgid(1000), setuid(1000), prctl(PR_SET_DUMPABLE, 1);
    see("user");
    _exit(0);
  }
  waitpid(pid, NULL, 0);
  fresh(options);
  pid = fork();
  if (pid == 0) {
    gid_t group = 4242;
    setgroups(1, &group), setgid(1002), setuid(1002), prctl(PR_SET_DUMPABLE, 1);
    see("member of the group");
    _exit(0);
  }
  waitpid(pid, NULL, 0);
}

int main(void) {
  SHOW(unshare(CLONE_NEWNS));
  SHOW(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
  mkdir(AT, 0755);
  SHOW(mount("proc", AT, "proc", 0, NULL));
  root_process = sleeper(0);
  user_process = sleeper(1000);
  other_process = sleeper(1001);
  all("hidepid=0");
  all("hidepid=1");
  all("hidepid=2");
  all("hidepid=4");
  all("hidepid=invisible,gid=4242");
  all("hidepid=ptraceable,gid=4242");
  all("hidepid=noaccess,gid=0");
  all("hidepid=off");
  all("hidepid=3");
  all("hidepid=-1");
  all("hidepid=nobody");
  all("gid=x");
  all("subset=pid");
  all("subset=other");
  SHOW(umount(AT));
  SHOW(mount("proc", AT, "proc", 0, "subset=pid,hidepid=2"));
  all("gid=7");
  SHOW(umount(AT));
  kill(root_process, SIGKILL), kill(user_process, SIGKILL), kill(other_process, SIGKILL);
  while (wait(NULL) > 0) continue;
  return 0;
}
