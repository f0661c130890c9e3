/* How deep user and PID namespaces nest, and how many mounts a mount namespace may have. See user_namespaces(7), pid_namespaces(7), proc_sys_fs(5). */
#include "show.h"
#include <sys/mount.h>

static void write_text(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd >= 0) write(fd, text, strlen(text));
  close(fd);
}

/* The superuser of the new namespace is that of the old one. */
static void map_ids(void) {
  write_text("/proc/self/setgroups", "deny");
  write_text("/proc/self/uid_map", "0 0 1");
  write_text("/proc/self/gid_map", "0 0 1");
}

/* Nest namespaces by unshare and fork until it fails, in a process of its own. */
static void nest(const char *what, int flag) {
  fflush(stdout);
  pid_t outer = fork();
  if (outer == 0) {
    for (int level = 1; level < 50; level++) {
      if (unshare(flag) < 0) {
        printf("%s %d: unshare: %s\n", what, level, error_name(errno));
        fflush(stdout);
        _exit(0);
      }
      if (flag & CLONE_NEWUSER) map_ids();
      pid_t child = fork();
      if (child < 0) {
        printf("%s %d: fork: %s\n", what, level, error_name(errno));
        fflush(stdout);
        _exit(0);
      }
      if (child > 0) {
        waitpid(child, NULL, 0);
        _exit(0);
      }
    }
    printf("%s: no limit\n", what);
    fflush(stdout);
    _exit(0);
  }
  waitpid(outer, NULL, 0);
}

static int mounts(void) {
  int count = 0;
  FILE *file = fopen("/proc/self/mountinfo", "r");
  for (int c; (c = fgetc(file)) != EOF;) count += c == '\n';
  fclose(file);
  return count;
}

static int set_mount_max(int value) {
  FILE *file = fopen("/proc/sys/fs/mount-max", "r+");
  fprintf(file, "%d\n", value);
  return fclose(file);
}

int main(void) {
  nest("user namespace", CLONE_NEWUSER);
  nest("PID namespace", CLONE_NEWPID);
  nest("both", CLONE_NEWUSER | CLONE_NEWPID);

  SHOW(unshare(CLONE_NEWNS));
  SHOW(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
  SHOW(mount("t", "/tmp", "tmpfs", 0, NULL));
  SHOW(mkdir("/tmp/a", 0755));
  SHOW(mkdir("/tmp/b", 0755));
  SHOW(mount("a", "/tmp/a", "tmpfs", 0, NULL));
  int now = mounts();
  /* The lowest mount of all is not seen. */
  SHOW(set_mount_max(now + 2));
  SHOW(mount("b", "/tmp/b", "tmpfs", 0, NULL));
  SHOW(mount("c", "/tmp/b", "tmpfs", 0, NULL));
  SHOW(mount("/tmp/a", "/tmp/b", NULL, MS_BIND, NULL));
  SHOW(umount("/tmp/b"));
  SHOW(mount("/tmp", "/tmp/b", NULL, MS_BIND | MS_REC, NULL));
  SHOW(mount("/tmp", "/tmp/b", NULL, MS_BIND, NULL));
  SHOW(umount("/tmp/b"));
  SHOW(set_mount_max(now - 1));
  SHOW(unshare(CLONE_NEWNS));
  SHOW(set_mount_max(0));
  SHOW(set_mount_max(100000));
  SHOW(unshare(CLONE_NEWNS));
  IS(mounts() == now);
  return 0;
}
