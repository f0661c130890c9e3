/* What mount(2), umount2(2) and pivot_root(2) refuse, and in which order they look. Locked mounts and flags in user namespaces. */
#include "mountinfo.h"

static void write_to(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) printf("%s: %s\n", path, error_name(errno));
  close(fd);
}

/* A user and a mount namespace of our own, as the superuser of it. */
static void less_privileged(int more) {
  if (unshare(CLONE_NEWUSER | more)) printf("unshare: %s\n", error_name(errno));
  write_to("/proc/self/setgroups", "deny");
  write_to("/proc/self/uid_map", "0 0 1");
  write_to("/proc/self/gid_map", "0 0 1");
}

static int pivot_root(const char *new_root, const char *put_old) { return syscall(SYS_pivot_root, new_root, put_old); }

static void binds(void) {
  mkdir("d", 0755);
  mkdir("e", 0755);
  close(open("f", O_CREAT | O_WRONLY, 0644));
  SHOW(mount(NULL, "d", NULL, MS_BIND, NULL));
  SHOW(mount("", "d", NULL, MS_BIND, NULL));
  SHOW(mount(NULL, "d", NULL, MS_MOVE, NULL));
  SHOW(mount("none", "d", NULL, MS_BIND, NULL));
  SHOW(mount("none", "d", NULL, MS_MOVE, NULL));
  SHOW(mount("d", "f", NULL, MS_BIND, NULL));
  SHOW(mount("f", "d", NULL, MS_BIND, NULL));
  SHOW(mount("d", "e", NULL, MS_MOVE, NULL));
  SHOW(mount("t", "d", NULL, 0, NULL));
  SHOW(mount("t", "d", "", 0, NULL));
  SHOW(mount("t", "f", "tmpfs", 0, NULL));
  SHOW(mount("t", "d", "tmpfs", 0x80000000, NULL));
  SHOW(mount(NULL, "d", "tmpfs", 0, NULL));
  SHOW(mount(NULL, "d", NULL, MS_REMOUNT | MS_BIND, NULL));
  SHOW(mount(NULL, "d/..", NULL, MS_REMOUNT | MS_BIND | MS_NOSUID, NULL));
  SHOW(mount((char *)-1, "d", "tmpfs", 0, NULL));
  SHOW(mount("t", (char *)-1, "tmpfs", 0, NULL));
  SHOW(mount("t", "d", (char *)-1, 0, NULL));
  SHOW(mount("t", "d", "tmpfs", 0, (char *)-1));
  info("/tmp/");
  SHOW(umount("d"));
  SHOW(umount("d"));
  SHOW(umount("f"));
  SHOW(umount2("d", MNT_EXPIRE | MNT_DETACH));
  SHOW(umount2("d", MNT_FORCE));
  mkdir("gone", 0755);
  int fd = open("gone", O_PATH | O_DIRECTORY);
  rmdir("gone");
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  SHOW(mount("t", path, "tmpfs", 0, NULL));
  SHOW(mount("d", path, NULL, MS_BIND, NULL));
  SHOW(mount(path, "d", NULL, MS_BIND, NULL));
  info("/tmp/d");
  SHOW(umount("d"));
  close(fd);
  /* Mounting on a place that is covered goes on top. */
  fd = open("d", O_PATH | O_DIRECTORY);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  SHOW(mount("one", "d", "tmpfs", 0, NULL));
  SHOW(mount("two", path, "tmpfs", 0, NULL));
  info("/tmp/d");
  SHOW(umount2(path, 0));
  SHOW(umount("d"));
  SHOW(umount("d"));
  close(fd);
  mkdir("d/sub", 0755);
  symlink("d", "link");
  mount("t", "d", "tmpfs", 0, NULL);
  SHOW(umount2("link", UMOUNT_NOFOLLOW));
  SHOW(umount2("link", 0));
  SHOW(mount("t", "link", "tmpfs", 0, NULL));
  SHOW(mount("d", "d", NULL, MS_MOVE, NULL));
  mkdir("d/in", 0755);
  SHOW(mount("d", "d/in", NULL, MS_MOVE, NULL));
  SHOW(mount("t", "d/in", "tmpfs", 0, NULL));
  SHOW(mount("d", "d/in", NULL, MS_MOVE, NULL));
  SHOW(mount("d/in", "d", NULL, MS_MOVE, NULL));
  info("/tmp/d");
  SHOW(umount("d"));
  SHOW(umount("d"));
  /* Who is inside keeps a detached tree. */
  mount("outer", "d", "tmpfs", 0, NULL);
  mkdir("d/in", 0755);
  mount("inner", "d/in", "tmpfs", 0, NULL);
  mkdir("d/in/deep", 0755);
  fd = open("d", O_RDONLY | O_DIRECTORY);
  int inner = open("d/in", O_RDONLY | O_DIRECTORY);
  SHOW(umount2("d", MNT_DETACH));
  SHOW(faccessat(fd, "in", F_OK, 0));
  SHOW(faccessat(fd, "in/deep", F_OK, 0));
  SHOW(faccessat(inner, "deep", F_OK, 0));
  SHOW(faccessat(inner, "../in", F_OK, 0));
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  SHOW(mount("t", path, "tmpfs", 0, NULL));
  SHOW(mount(path, "d", NULL, MS_BIND, NULL));
  SHOW(umount(path));
  SHOW(mount(NULL, path, NULL, MS_PRIVATE, NULL));
  SHOW(mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL));
  close(fd);
  close(inner);
}

static void flags(void) {
  mkdir("g", 0755);
  mount("t", "g", "tmpfs", MS_RDONLY, NULL);
  info("/tmp/g");
  SHOW(mount(NULL, "g", NULL, MS_REMOUNT, NULL));
  info("/tmp/g");
  int fd = open("g/f", O_CREAT | O_WRONLY, 0644);
  SHOW(mount(NULL, "g", NULL, MS_REMOUNT | MS_RDONLY, NULL));
  close(fd);
  mount("g", "e", NULL, MS_BIND, NULL);
  fd = open("e/f", O_WRONLY);
  SHOW(mount(NULL, "g", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
  SHOW(mount(NULL, "g", NULL, MS_REMOUNT | MS_RDONLY, NULL));
  close(fd);
  SHOW(mount(NULL, "g", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODIRATIME | MS_SYNCHRONOUS, NULL));
  info("/tmp/g");
  info("/tmp/e");
  SHOW(mount(NULL, "e", NULL, MS_REMOUNT | MS_BIND | MS_STRICTATIME | MS_NODEV, NULL));
  SHOW(mount(NULL, "g", NULL, MS_REMOUNT | MS_NOATIME, "size=4m"));
  info("/tmp/g");
  info("/tmp/e");
  SHOW(mount(NULL, "g", NULL, MS_REMOUNT, "bogus"));
  SHOW(mount(NULL, "g", NULL, MS_REMOUNT | MS_BIND, "bogus"));
  info("/tmp/g");
  SHOW(umount("g"));
  SHOW(umount("e"));
}

static void pivots(void) {
  mkdir("n", 0755);
  mkdir("s", 0755);
  mount("n", "n", "tmpfs", 0, NULL);
  mkdir("n/old", 0755);
  mkdir("n/new", 0755);
  SHOW(pivot_root("none", "n/old"));
  SHOW(pivot_root("n", "none"));
  SHOW(pivot_root("f", "n/old"));
  SHOW(pivot_root("n", "f"));
  SHOW(pivot_root("s", "n/old"));
  SHOW(pivot_root("n/old", "n/old"));
  SHOW(pivot_root("n", "s"));
  SHOW(pivot_root("/", "n/old"));
  SHOW(pivot_root("n", "/"));
  SHOW(pivot_root("/", "/"));
  mount(NULL, "n", NULL, MS_SHARED, NULL);
  SHOW(pivot_root("n", "n/old"));
  mount(NULL, "n", NULL, MS_PRIVATE, NULL);
  mount(NULL, "/tmp", NULL, MS_SHARED, NULL);
  SHOW(pivot_root("n", "n/old"));
  mount(NULL, "/tmp", NULL, MS_PRIVATE, NULL);
  IN_CHILD("a shared root does not matter",
    unshare(CLONE_NEWNS);
    mount(NULL, "/", NULL, MS_SHARED, NULL);
    SHOW(pivot_root("n", "n/old")));
  IN_CHILD("chrooted to no mount",
    chroot("s");
    chdir("/");
    SHOW(pivot_root(".", ".")));
  IN_CHILD("chrooted to a mount",
    chroot("n");
    chdir("/");
    SHOW(pivot_root(".", "old"));
    mount("m", "new", "tmpfs", 0, NULL);
    mkdir("new/put", 0755);
    SHOW(pivot_root("new", "new/put"));
    has("/put/old");
    has("/put/new/put"));
  IN_CHILD("on itself",
    unshare(CLONE_NEWNS);
    chdir("n");
    SHOW(pivot_root(".", "."));
    has("/old");
    has("/tmp");
    has("tmp");
    SHOW(umount2(".", MNT_DETACH));
    has("tmp");
    has("/old");
    SHOW(umount2("/", 0));
    SHOW(umount2("/", MNT_DETACH)));
  IN_CHILD("others move along",
    unshare(CLONE_NEWNS);
    int go[2];
    pipe(go);
    char byte;
    if (fork() == 0) {
      read(go[0], &byte, 1);
      has("/old/tmp");
      chdir("/tmp");
      has("/old");
      _exit(0);
    }
    chdir("/");
    pivot_root("/tmp/n", "/tmp/n/old");
    write(go[1], "", 1);
    wait(NULL));
  umount2("n", MNT_DETACH);
}

static void users(void) {
  mkdir("u", 0755);
  mkdir("v", 0755);
  mkdir("w", 0755);
  mkdir("p", 0755);
  mount("u", "u", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOATIME, NULL);
  mkdir("u/in", 0755);
  mount("in", "u/in", "tmpfs", MS_RDONLY, NULL);
  mount(NULL, "u", NULL, MS_SHARED, NULL);
  IN_CHILD("less privileged",
    less_privileged(CLONE_NEWNS);
    info("/tmp/");
    SHOW(umount("u/in"));
    SHOW(umount2("u", MNT_DETACH));
    SHOW(mount("u", "v", NULL, MS_BIND, NULL));
    SHOW(mount("u", "v", NULL, MS_BIND | MS_REC, NULL));
    info("/tmp/v");
    SHOW(umount("v/in"));
    SHOW(umount2("v", 0));
    SHOW(umount2("v", MNT_DETACH));
    SHOW(mount("u/in", "v", NULL, MS_MOVE, NULL));
    SHOW(mount("u/in", "v", NULL, MS_BIND, NULL));
    SHOW(mount(NULL, "v", NULL, MS_REMOUNT | MS_BIND, NULL));
    SHOW(mount(NULL, "v", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
    SHOW(mount(NULL, "v", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOEXEC, NULL));
    SHOW(mount(NULL, "v", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOATIME, NULL));
    SHOW(mount(NULL, "v", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
    SHOW(umount("v"));
    SHOW(mount(NULL, "u", NULL, MS_REMOUNT | MS_BIND | MS_NODEV, NULL));
    SHOW(mount(NULL, "u", NULL, MS_REMOUNT | MS_BIND | MS_NODEV | MS_NOSUID, NULL));
    SHOW(mount(NULL, "u", NULL, MS_REMOUNT | MS_BIND | MS_NODEV | MS_NOSUID | MS_RELATIME, NULL));
    SHOW(mount(NULL, "u", NULL, MS_REMOUNT | MS_NODEV | MS_NOSUID, NULL));
    SHOW(mount("t", "v", "tmpfs", 0, NULL));
    info("/tmp/v");
    SHOW(mknod("v/dev", S_IFCHR | 0600, makedev(1, 3)));
    SHOW(mount(NULL, "v", NULL, MS_REMOUNT, "size=1m"));
    SHOW(mount("u", "u/in", NULL, MS_PRIVATE, NULL));
    SHOW(mount(NULL, "u", NULL, MS_SHARED, NULL));
    SHOW(mount("p", "p", "proc", 0, NULL));
    SHOW(mount("s", "p", "sysfs", 0, NULL));
    SHOW(mount("d", "p", "devtmpfs", 0, NULL));
    SHOW(mount("d", "p", "devpts", 0, NULL));
    SHOW(mount("d", "p", "nosuch", 0, NULL));
    SHOW(mount("d", "p", "ext4", 0, NULL));
    SHOW(umount("p"));
    SHOW(umount2("u", MNT_FORCE));
    SHOW(umount2("v", MNT_FORCE)));
  IN_CHILD("no namespace",
    less_privileged(0);
    SHOW(mount("t", "v", "tmpfs", 0, NULL));
    SHOW(mount(NULL, "u", NULL, MS_PRIVATE, NULL));
    SHOW(umount("u"));
    SHOW(umount2("u", 0x40));
    SHOW(umount("none"));
    SHOW(pivot_root("u", "none"));
    SHOW(setns(open("/proc/self/ns/mnt", O_RDONLY), CLONE_NEWNS)));
  IN_CHILD("proc of its own",
    less_privileged(CLONE_NEWNS | CLONE_NEWPID);
    if (fork() == 0) {
      SHOW(mount("p", "p", "proc", 0, NULL));
      SHOW(mount("p", "v", "proc", MS_RDONLY | MS_NOATIME, NULL));
      SHOW(umount("v"));
      SHOW(umount("p"));
      _exit(0);
    }
    wait(NULL));
  IN_CHILD("proc with something hidden",
    mount("t", "/proc/sys", "tmpfs", 0, NULL);
    less_privileged(CLONE_NEWNS | CLONE_NEWPID);
    if (fork() == 0) {
      SHOW(mount("p", "p", "proc", 0, NULL));
      SHOW(umount("/proc/sys"));
      _exit(0);
    }
    wait(NULL));
  umount("/proc/sys");
  IN_CHILD("proc that is read-only",
    mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
    unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID);
    if (fork() == 0) {
      SHOW(mount("p", "p", "proc", 0, NULL));
      SHOW(mount("p", "p", "proc", MS_RDONLY, NULL));
      SHOW(mount(NULL, "p", NULL, MS_REMOUNT | MS_BIND, NULL));
      SHOW(mount(NULL, "p", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
      _exit(0);
    }
    wait(NULL));
  mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND, NULL);
  /* A mount that reaches a less privileged namespace is locked together with what is below it. */
  int to[2], from[2];
  pipe(to);
  pipe(from);
  char byte;
  mount("w", "w", "tmpfs", 0, NULL);
  mkdir("w/x", 0755);
  mount("tree", "v", "tmpfs", 0, NULL);
  mkdir("v/y", 0755);
  mount("leaf", "v/y", "tmpfs", MS_NOEXEC, NULL);
  mount(NULL, "w", NULL, MS_SHARED, NULL);
  if (fork() == 0) {
    less_privileged(CLONE_NEWNS);
    write(from[1], "", 1);
    read(to[0], &byte, 1);
    info("/tmp/w");
    SHOW(umount("w/x/y"));
    SHOW(mount(NULL, "w/x/y", NULL, MS_REMOUNT | MS_BIND, NULL));
    SHOW(umount2("w/x", MNT_DETACH));
    info("/tmp/w");
    _exit(0);
  }
  read(from[0], &byte, 1);
  SHOW(mount("v", "w/x", NULL, MS_BIND | MS_REC, NULL));
  write(to[1], "", 1);
  wait(NULL);
  info("/tmp/w");
}

static void limits(void) {
  char old[32] = "";
  int fd = open("/proc/sys/fs/mount-max", O_RDONLY);
  read(fd, old, sizeof old - 1);
  printf("mount-max %s", old);
  close(fd);
  int count = 0;
  FILE *f = fopen("/proc/self/mountinfo", "r");
  for (int c; (c = fgetc(f)) != EOF;) count += c == '\n';
  fclose(f);
  mkdir("l", 0755);
  mount("l", "l", "tmpfs", 0, NULL);
  mkdir("l/a", 0755);
  mkdir("l/b", 0755);
  char text[32];
  /* One more for the root that is not shown. */
  snprintf(text, sizeof text, "%d", count + 1 + 1 + 3);
  write_to("/proc/sys/fs/mount-max", text);
  SHOW(mount("1", "l/a", "tmpfs", 0, NULL));
  SHOW(mount("l", "l/b", NULL, MS_BIND | MS_REC, NULL));
  SHOW(mount("1", "l/b", "tmpfs", 0, NULL));
  SHOW(mount("1", "l/b", "tmpfs", 0, NULL));
  SHOW(mount("l/a", "l/b", NULL, MS_BIND, NULL));
  SHOW(umount("l/b"));
  SHOW(umount("l/b"));
  SHOW(umount("l/b"));
  mount(NULL, "l", NULL, MS_SHARED, NULL);
  SHOW(mount("l", "l/b", NULL, MS_BIND, NULL));
  SHOW(mount("3", "l/a", "tmpfs", 0, NULL));
  info("/tmp/l");
  write_to("/proc/sys/fs/mount-max", "0");
  write_to("/proc/sys/fs/mount-max", old);
}

int main(void) {
  begin();
  binds();
  flags();
  pivots();
  users();
  limits();
  return 0;
}
