/* mount(2), umount2(2), pivot_root(2), bind mounts, mount flags, mount namespaces. */
#include "show.h"
#include <sys/mount.h>

static void has(const char *path) { printf("%s %s\n", path, access(path, F_OK) == 0 ? "is there" : error_name(errno)); }

static void info(const char *want) {
  char line[4096];
  FILE *f = fopen("/proc/self/mountinfo", "r");
  while (f && fgets(line, sizeof line, f)) {
    int id, parent, major, minor;
    char root[256], point[256], options[256], rest[2048];
    if (sscanf(line, "%d %d %d:%d %255s %255s %255s %2047[^\n]", &id, &parent, &major, &minor, root, point, options, rest) == 8 && !strncmp(point, want, strlen(want)))
      printf("info %s %s %s %s\n", root, point, options, rest);
  }
  if (f) fclose(f);
}

int main(void) {
  OK(unshare(CLONE_NEWNS));
  SHOW(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
  mount("tmp", "/tmp", "tmpfs", 0, NULL);
  mkdir("/tmp/m", 0755);
  chdir("/tmp/m");
  mkdir("a", 0755);
  mkdir("b", 0755);
  SHOW(mount("one", "a", "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=700,nr_inodes=100"));
  info("/tmp/m");
  SHOW(mount("one", "a", "nosuchfs", 0, NULL));
  SHOW(mount("one", "none", "tmpfs", 0, NULL));
  SHOW(mount("one", "a", "tmpfs", 0, "bogus=1"));
  SHOW(mount("one", "a", "tmpfs", 0, "size=abc"));
  close(open("a/f", O_CREAT | O_WRONLY, 0644));
  mkdir("a/d", 0755);
  SHOW(mount("a/d", "b", NULL, MS_BIND, NULL));
  close(open("b/inside", O_CREAT | O_WRONLY, 0644));
  has("a/d/inside");
  SHOW(rename("a/f", "b/f"));
  SHOW(link("a/f", "b/f"));
  SHOW(rmdir("b"));
  SHOW(rename("b", "c"));
  SHOW(umount("a"));
  SHOW(umount2("a", MNT_DETACH));
  has("a/f");
  has("b/inside");
  SHOW(umount("b"));
  has("b/inside");
  SHOW(umount("b"));
  SHOW(umount("nothing"));
  SHOW(umount2("b", 0x100));
  mount("two", "a", "tmpfs", 0, NULL);
  close(open("a/f", O_CREAT | O_WRONLY, 0644));
  int fd = open("a/f", O_RDWR);
  SHOW(umount("a"));
  SHOW(mount(NULL, "a", NULL, MS_REMOUNT | MS_RDONLY, NULL));
  SHOW(mount(NULL, "a", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
  close(fd);
  SHOW(mount(NULL, "a", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
  SHOW(open("a/g", O_CREAT | O_WRONLY, 0644));
  SHOW(open("a/f", O_WRONLY));
  SHOW(access("a/f", W_OK));
  SHOW(chmod("a/f", 0600));
  SHOW(unlink("a/f"));
  SHOW(unlink("a/none"));
  SHOW(mkdir("a/f", 0700));
  SHOW(mkdir("a/x", 0700));
  SHOW(rename("a/f", "a/g"));
  SHOW(truncate("a/f", 0));
  info("/tmp/m/a");
  SHOW(mount(NULL, "a", NULL, MS_REMOUNT | MS_BIND | MS_NOEXEC | MS_NOATIME, NULL));
  info("/tmp/m/a");
  SHOW(mount("a", "b", NULL, MS_BIND | MS_REC, NULL));
  SHOW(mount("b", "b", NULL, MS_BIND, NULL));
  info("/tmp/m/b");
  SHOW(umount("b"));
  SHOW(umount("b"));
  mkdir("a/sub", 0755);
  mount("three", "a/sub", "tmpfs", 0, NULL);
  close(open("a/sub/deep", O_CREAT | O_WRONLY, 0644));
  SHOW(mount("a", "b", NULL, MS_BIND, NULL));
  has("b/sub/deep");
  umount("b");
  SHOW(mount("a", "b", NULL, MS_BIND | MS_REC, NULL));
  has("b/sub/deep");
  SHOW(umount2("b", MNT_DETACH));
  SHOW(mount("a", "b", NULL, MS_MOVE, NULL));
  has("a/f");
  has("b/sub/deep");
  SHOW(mount("b", "b/sub", NULL, MS_MOVE, NULL));
  SHOW(mount("a", "b", NULL, MS_MOVE, NULL));
  close(open("file", O_CREAT | O_WRONLY, 0644));
  SHOW(mount("b/f", "file", NULL, MS_BIND, NULL));
  SHOW(mount("b", "file", NULL, MS_BIND, NULL));
  SHOW(mount("file", "b", NULL, MS_BIND, NULL));
  SHOW(unlink("file"));
  SHOW(umount("file"));
  SHOW(mount(NULL, "b", NULL, MS_UNBINDABLE, NULL));
  SHOW(mount("b", "a", NULL, MS_BIND, NULL));
  SHOW(mount(NULL, "b", NULL, MS_PRIVATE | MS_SLAVE, NULL));
  SHOW(mount(NULL, "b/sub/deep", NULL, MS_PRIVATE, NULL));
  SHOW(umount2("b", MNT_EXPIRE));
  SHOW(umount2("b/sub", MNT_EXPIRE));
  SHOW(umount2("b/sub", MNT_EXPIRE));
  SHOW(umount("b"));
  IN_CHILD("other namespace",
    unshare(CLONE_NEWNS);
    mount("four", "a", "tmpfs", 0, NULL);
    close(open("a/private", O_CREAT | O_WRONLY, 0644));
    has("a/private"));
  has("a/private");
  IN_CHILD("user",
    setresuid(1000, 1000, 1000);
    SHOW(mount("x", "a", "tmpfs", 0, NULL));
    SHOW(umount("a")));
  mount("root", "a", "tmpfs", 0, NULL);
  mkdir("a/old", 0755);
  SHOW(syscall(SYS_pivot_root, "a", "b"));
  SHOW(syscall(SYS_pivot_root, "b", "b"));
  SHOW(syscall(SYS_pivot_root, "a", "a/old"));
  has("/old/tmp/m");
  has("/tmp");
  char buf[100];
  syscall(SYS_getcwd, buf, 100);
  printf("%s\n", buf);
  SHOW(chdir("/"));
  SHOW(umount2("/old", MNT_DETACH));
  has("/old/tmp");
  SHOW(rmdir("/old"));
  return 0;
}
