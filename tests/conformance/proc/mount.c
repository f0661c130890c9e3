/* Mounts of procfs: PID namespaces, hidepid, subset. See proc(5), pid_namespaces(7). */
#include "show.h"
#include <dirent.h>
#include <sys/mount.h>

static void list(const char *path) {
  DIR *dir = opendir(path);
  printf("%s:", path);
  if (!dir) {
    printf(" %s\n", error_name(errno));
    return;
  }
  int numbers = 0;
  int others = 0;
  for (struct dirent *entry; (entry = readdir(dir));) {
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') numbers++;
    else if (entry->d_name[0] != '.') others++;
  }
  printf(" %d processes, %s else\n", numbers, others == 0 ? "nothing" : others == 2 ? "two names" : "much");
  closedir(dir);
}

static void show(const char *path) {
  char text[512];
  int fd = open(path, O_RDONLY);
  ssize_t count = fd < 0 ? -1 : read(fd, text, sizeof text);
  if (count < 0) printf("%s: %s\n", path, error_name(errno));
  else printf("%s: %.*s\n", path, (int)count, text);
  if (fd >= 0) close(fd);
}

static void options(const char *place) {
  char line[1024];
  FILE *file = fopen("/proc/self/mountinfo", "r");
  while (fgets(line, sizeof line, file)) {
    char at[256], own[256];
    sscanf(line, "%*s %*s %*s %*s %255s %255s", at, own);
    if (!strcmp(at, place)) printf("%s %s %s", place, own, strstr(line, " - ") + 3);
  }
  fclose(file);
}

static void link_of(const char *path) {
  char target[256];
  ssize_t count = readlink(path, target, sizeof target);
  if (count < 0) printf("%s: %s\n", path, error_name(errno));
  else printf("%s -> %.*s\n", path, (int)count, target);
}

int main(void) {
  unshare(CLONE_NEWNS);
  mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
  mkdir("/tmp/p", 0755);
  IN_CHILD("another namespace", {
    unshare(CLONE_NEWPID);
    pid_t init = fork();
    if (init == 0) {
      link_of("/proc/self/nothing");
      SHOW(mount("proc", "/tmp/p", "proc", 0, NULL));
      list("/tmp/p");
      link_of("/tmp/p/self");
      link_of("/tmp/p/thread-self");
      show("/tmp/p/1/cmdline");
      if (fork() == 0) _exit(0);
      millis(20);
      list("/tmp/p");
      FILE *file = fopen("/tmp/p/self/status", "r");
      char line[256];
      while (fgets(line, sizeof line, file))
        if (!strncmp(line, "NS", 2) || !strncmp(line, "Pid", 3) || !strncmp(line, "PPid", 4)) printf("%s", line);
      fclose(file);
      unshare(CLONE_NEWPID);
      pid_t innermost = fork();
      if (innermost == 0) {
        printf("innermost pid %d\n", getpid());
        link_of("/tmp/p/self");
        SHOW(umount2("/tmp/p", MNT_DETACH));
        SHOW(mount("proc", "/tmp/p", "proc", 0, NULL));
        list("/tmp/p");
        _exit(0);
      }
      waitpid(innermost, NULL, 0);
      _exit(0);
    }
    waitpid(init, NULL, 0);
    link_of("/tmp/p/self");
    list("/tmp/p");
  });
  umount2("/tmp/p", MNT_DETACH);
  SHOW(mount("proc", "/tmp/p", "proc", 0, "bogus"));
  SHOW(mount("proc", "/tmp/p", "proc", 0, "hidepid=3"));
  SHOW(mount("proc", "/tmp/p", "proc", MS_NOSUID, "hidepid=2,gid=77"));
  options("/tmp/p");
  char path[64];
  pid_t other = fork();
  if (other == 0) for (;;) pause();
  IN_CHILD("invisible", {
    if (setgid(100) || setuid(1000)) _exit(1);
    prctl(PR_SET_DUMPABLE, 1);
    list("/tmp/p");
    snprintf(path, sizeof path, "/tmp/p/%d/comm", other);
    SHOW(open(path, O_RDONLY));
    OK(open("/tmp/p/self/comm", O_RDONLY));
  });
  SHOW(mount("proc", "/tmp/p", "proc", MS_REMOUNT, "hidepid=noaccess"));
  options("/tmp/p");
  IN_CHILD("no access", {
    if (setgid(100) || setuid(1000)) _exit(1);
    snprintf(path, sizeof path, "/tmp/p/%d", other);
    SHOW(access(path, F_OK));
    SHOW(open(path, O_RDONLY));
    strcat(path, "/comm");
    SHOW(open(path, O_RDONLY));
  });
  IN_CHILD("in the group", {
    if (setgid(77) || setuid(1000)) _exit(1);
    snprintf(path, sizeof path, "/tmp/p/%d/comm", other);
    OK(open(path, O_RDONLY));
  });
  kill(other, SIGKILL);
  wait(NULL);
  SHOW(umount("/tmp/p"));
  SHOW(mount("proc", "/tmp/p", "proc", 0, "subset=pid"));
  options("/tmp/p");
  SHOW(open("/tmp/p/version", O_RDONLY));
  OK(open("/tmp/p/self/stat", O_RDONLY));
  SHOW(umount("/tmp/p"));
  SHOW(rmdir("/tmp/p"));
  return 0;
}
