/* open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr: mounts by descriptor. */
#include "mountinfo.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif
#ifndef MOVE_MOUNT_BENEATH
#define MOVE_MOUNT_BENEATH 0x200
#endif

struct attributes { uint64_t attr_set, attr_clr, propagation, userns_fd; };

static int open_tree_(int fd, const char *path, unsigned flags) { return syscall(SYS_open_tree, fd, path, flags); }
static int move_mount_(int from, const char *a, int to, const char *b, unsigned flags) { return syscall(SYS_move_mount, from, a, to, b, flags); }
static int fsopen_(const char *name, unsigned flags) { return syscall(SYS_fsopen, name, flags); }
static int fspick_(int fd, const char *path, unsigned flags) { return syscall(SYS_fspick, fd, path, flags); }
static int fsconfig_(int fd, unsigned cmd, const char *key, const void *value, int aux) { return syscall(SYS_fsconfig, fd, cmd, key, value, aux); }
static int fsmount_(int fd, unsigned flags, unsigned attributes) { return syscall(SYS_fsmount, fd, flags, attributes); }
static int setattr_(int fd, const char *path, unsigned flags, uint64_t set, uint64_t clear, uint64_t propagation) {
  struct attributes attr = {set, clear, propagation, 0};
  return syscall(SYS_mount_setattr, fd, path, flags, &attr, sizeof attr);
}

static void messages(int fd) {
  char text[512];
  ssize_t count;
  while ((count = read(fd, text, sizeof text)) > 0) printf("  message: %.*s\n", (int)count, text);
  printf("  then %s\n", count < 0 ? error_name(errno) : "end");
}

static void trees(void) {
  mkdir("a", 0755);
  mkdir("b", 0755);
  mkdir("c", 0755);
  close(open("f", O_CREAT | O_WRONLY, 0644));
  mount("a", "a", "tmpfs", MS_NODEV, NULL);
  mkdir("a/x", 0755);
  mount("x", "a/x", "tmpfs", 0, NULL);
  mkdir("a/x/y", 0755);
  SHOW(open_tree_(AT_FDCWD, "a", 0x4));
  SHOW(open_tree_(AT_FDCWD, "a", AT_RECURSIVE));
  SHOW(open_tree_(AT_FDCWD, "none", OPEN_TREE_CLONE));
  SHOW(open_tree_(AT_FDCWD, "", OPEN_TREE_CLONE));
  SHOW(open_tree_(-1, "a", OPEN_TREE_CLONE));
  int plain = open_tree_(AT_FDCWD, "a/x", OPEN_TREE_CLOEXEC);
  SHOW(fcntl(plain, F_GETFL) & O_PATH ? 1 : 0);
  SHOW(fcntl(plain, F_GETFD));
  int tree = open_tree_(AT_FDCWD, "a", OPEN_TREE_CLONE | AT_RECURSIVE);
  SHOW(fcntl(tree, F_GETFD));
  SHOW(faccessat(tree, "x/y", F_OK, 0));
  int one = open_tree_(AT_FDCWD, "a", OPEN_TREE_CLONE);
  SHOW(faccessat(one, "x/y", F_OK, 0));
  SHOW(mkdirat(one, "made", 0755));
  has("a/made");
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", tree);
  SHOW(mount("t", path, "tmpfs", 0, NULL));
  SHOW(mount(path, "b", NULL, MS_BIND, NULL));
  SHOW(open_tree_(tree, "", OPEN_TREE_CLONE | AT_EMPTY_PATH));
  SHOW(umount(path));
  SHOW(mount(NULL, path, NULL, MS_PRIVATE, NULL));
  SHOW(mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_NOEXEC, NULL));
  SHOW(setattr_(tree, "", AT_EMPTY_PATH, MOUNT_ATTR_NOEXEC, 0, 0));
  SHOW(setattr_(tree, "x", 0, MOUNT_ATTR_NOEXEC, 0, 0));
  SHOW(move_mount_(tree, "", AT_FDCWD, "b", 0));
  SHOW(move_mount_(tree, "", AT_FDCWD, "f", MOVE_MOUNT_F_EMPTY_PATH));
  SHOW(move_mount_(tree, "x", AT_FDCWD, "b", 0));
  SHOW(move_mount_(tree, "", tree, "x", MOVE_MOUNT_F_EMPTY_PATH));
  SHOW(move_mount_(tree, "", AT_FDCWD, "b", MOVE_MOUNT_F_EMPTY_PATH));
  info("/tmp/b");
  SHOW(move_mount_(tree, "", AT_FDCWD, "c", MOVE_MOUNT_F_EMPTY_PATH));
  info("/tmp/c");
  SHOW(close(tree));
  has("c/x/y");
  SHOW(close(one));
  SHOW(umount2("c", MNT_DETACH));
  /* Closing takes what was never attached. */
  tree = open_tree_(AT_FDCWD, "a", OPEN_TREE_CLONE | AT_RECURSIVE);
  int inside = openat(tree, "x", O_PATH);
  int copy = dup(tree);
  close(tree);
  SHOW(faccessat(inside, "..", F_OK, 0));
  SHOW(faccessat(inside, "../x/y", F_OK, 0));
  close(copy);
  SHOW(faccessat(inside, "y", F_OK, 0));
  SHOW(faccessat(inside, "../x/y", F_OK, 0));
  SHOW(move_mount_(inside, "", AT_FDCWD, "b", MOVE_MOUNT_F_EMPTY_PATH));
  close(inside);
  close(plain);
  tree = open_tree_(AT_FDCWD, "f", OPEN_TREE_CLONE);
  SHOW(move_mount_(tree, "", AT_FDCWD, "b", MOVE_MOUNT_F_EMPTY_PATH));
  SHOW(move_mount_(tree, "", AT_FDCWD, "f", MOVE_MOUNT_F_EMPTY_PATH));
  close(tree);
  info("/tmp/f");
  umount("f");
  mount(NULL, "a", NULL, MS_UNBINDABLE, NULL);
  SHOW(open_tree_(AT_FDCWD, "a", OPEN_TREE_CLONE));
  mount(NULL, "a", NULL, MS_SHARED, NULL);
  tree = open_tree_(AT_FDCWD, "a", OPEN_TREE_CLONE);
  mount("new", "a/made", "tmpfs", 0, NULL);
  SHOW(move_mount_(tree, "", AT_FDCWD, "b", MOVE_MOUNT_F_EMPTY_PATH));
  info("/tmp/");
  mount("both", "a/made", "tmpfs", 0, NULL);
  info("/tmp/");
  close(tree);
  umount2("a", MNT_DETACH);
  umount2("b", MNT_DETACH);
}

static void moves(void) {
  mount("a", "a", "tmpfs", 0, NULL);
  mkdir("a/x", 0755);
  mount("b", "b", "tmpfs", 0, NULL);
  symlink("b", "link");
  SHOW(move_mount_(AT_FDCWD, "a", AT_FDCWD, "c", 0x1000));
  SHOW(move_mount_(AT_FDCWD, "a", AT_FDCWD, "c", MOVE_MOUNT_BENEATH | MOVE_MOUNT_SET_GROUP));
  SHOW(move_mount_(AT_FDCWD, "none", AT_FDCWD, "c", 0));
  SHOW(move_mount_(AT_FDCWD, "a", AT_FDCWD, "none", 0));
  SHOW(move_mount_(AT_FDCWD, "a", AT_FDCWD, "", 0));
  SHOW(move_mount_(AT_FDCWD, "a/x", AT_FDCWD, "c", 0));
  SHOW(move_mount_(AT_FDCWD, "link", AT_FDCWD, "c", 0));
  SHOW(move_mount_(AT_FDCWD, "a", AT_FDCWD, "link", 0));
  SHOW(move_mount_(AT_FDCWD, "link", AT_FDCWD, "c", MOVE_MOUNT_F_SYMLINKS));
  info("/tmp/");
  SHOW(move_mount_(AT_FDCWD, "c", AT_FDCWD, "link", MOVE_MOUNT_T_SYMLINKS));
  SHOW(move_mount_(AT_FDCWD, "a", AT_FDCWD, "a/x", 0));
  SHOW(move_mount_(AT_FDCWD, "a", AT_FDCWD, "a", 0));
  /* Beneath what is there. */
  SHOW(move_mount_(AT_FDCWD, "a", AT_FDCWD, "c", MOVE_MOUNT_BENEATH));
  SHOW(move_mount_(AT_FDCWD, "a", AT_FDCWD, "b", MOVE_MOUNT_BENEATH));
  info("/tmp/");
  SHOW(umount("b"));
  info("/tmp/");
  SHOW(move_mount_(AT_FDCWD, "b", AT_FDCWD, "/", MOVE_MOUNT_BENEATH));
  SHOW(move_mount_(AT_FDCWD, "b", AT_FDCWD, "b", MOVE_MOUNT_BENEATH));
  SHOW(move_mount_(AT_FDCWD, "b", AT_FDCWD, "b/x", MOVE_MOUNT_BENEATH));
  umount("b");
  mount("s", "a", "tmpfs", 0, NULL);
  mkdir("a/x", 0755);
  mount(NULL, "a", NULL, MS_SHARED, NULL);
  mount("a", "b", NULL, MS_BIND, NULL);
  mount("top", "a/x", "tmpfs", 0, NULL);
  int tree = open_tree_(AT_FDCWD, "/tmp", OPEN_TREE_CLONE);
  SHOW(move_mount_(tree, "", AT_FDCWD, "a/x", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_BENEATH));
  info("/tmp/");
  close(tree);
  umount2("a", MNT_DETACH);
  umount2("b", MNT_DETACH);
  /* Joining a peer group. */
  mount("g", "a", "tmpfs", 0, NULL);
  mkdir("a/x", 0755);
  mount("a", "b", NULL, MS_BIND, NULL);
  mount("a/x", "c", NULL, MS_BIND, NULL);
  SHOW(move_mount_(AT_FDCWD, "a", AT_FDCWD, "b", MOVE_MOUNT_SET_GROUP));
  mount(NULL, "a", NULL, MS_SHARED, NULL);
  SHOW(move_mount_(AT_FDCWD, "a", AT_FDCWD, "a/x", MOVE_MOUNT_SET_GROUP));
  SHOW(move_mount_(AT_FDCWD, "a", AT_FDCWD, "/tmp", MOVE_MOUNT_SET_GROUP));
  SHOW(move_mount_(AT_FDCWD, "a", AT_FDCWD, "b", MOVE_MOUNT_SET_GROUP));
  SHOW(move_mount_(AT_FDCWD, "a", AT_FDCWD, "b", MOVE_MOUNT_SET_GROUP));
  SHOW(move_mount_(AT_FDCWD, "a", AT_FDCWD, "c", MOVE_MOUNT_SET_GROUP));
  info("/tmp/");
  mount("n", "a/x", "tmpfs", 0, NULL);
  info("/tmp/");
  umount("a/x");
  mount(NULL, "b", NULL, MS_PRIVATE, NULL);
  SHOW(move_mount_(AT_FDCWD, "c", AT_FDCWD, "b", MOVE_MOUNT_SET_GROUP));
  mount(NULL, "a", NULL, MS_SLAVE, NULL);
  SHOW(move_mount_(AT_FDCWD, "a", AT_FDCWD, "b", MOVE_MOUNT_SET_GROUP));
  info("/tmp/");
  umount("a");
  umount("b");
  umount("c");
}

static void contexts(void) {
  SHOW(fsopen_("nosuch", 0));
  SHOW(fsopen_("tmpfs", 2));
  SHOW(fsopen_((char *)-1, 0));
  int fs = fsopen_("tmpfs", FSOPEN_CLOEXEC);
  SHOW(fcntl(fs, F_GETFD));
  messages(fs);
  SHOW(fsconfig_(-5, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
  SHOW(fsconfig_(1000, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
  SHOW(fsconfig_(1, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
  SHOW(fsconfig_(fs, 77, NULL, NULL, 0));
  SHOW(fsconfig_(fs, FSCONFIG_SET_FLAG, NULL, NULL, 0));
  SHOW(fsconfig_(fs, FSCONFIG_SET_FLAG, "ro", "x", 0));
  SHOW(fsconfig_(fs, FSCONFIG_SET_STRING, "size", NULL, 0));
  SHOW(fsconfig_(fs, FSCONFIG_SET_STRING, "size", "1m", 1));
  SHOW(fsconfig_(fs, FSCONFIG_SET_STRING, "size", "1m", 0));
  SHOW(fsconfig_(fs, FSCONFIG_SET_STRING, "source", "the source", 0));
  SHOW(fsconfig_(fs, FSCONFIG_SET_STRING, "source", "another", 0));
  messages(fs);
  SHOW(fsconfig_(fs, FSCONFIG_SET_STRING, "bogus", "1", 0));
  messages(fs);
  SHOW(fsconfig_(fs, FSCONFIG_SET_FLAG, "bogus", NULL, 0));
  SHOW(fsconfig_(fs, FSCONFIG_SET_STRING, "size", "abc", 0));
  SHOW(fsconfig_(fs, FSCONFIG_SET_STRING, "mode", "999", 0));
  messages(fs);
  SHOW(fsconfig_(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0));
  SHOW(fsconfig_(fs, FSCONFIG_SET_FLAG, "rw", NULL, 0));
  SHOW(fsconfig_(fs, FSCONFIG_SET_STRING, "mode", "700", 0));
  char key[300];
  memset(key, 'k', sizeof key);
  key[299] = 0;
  SHOW(fsconfig_(fs, FSCONFIG_SET_FLAG, key, NULL, 0));
  SHOW(fsconfig_(fs, FSCONFIG_SET_STRING, "source", key, 0));
  SHOW(fsconfig_(fs, FSCONFIG_SET_FD, "size", NULL, 999));
  SHOW(fsconfig_(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
  SHOW(fsmount_(fs, 0, 0));
  SHOW(fsconfig_(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
  SHOW(fsconfig_(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
  SHOW(fsconfig_(fs, FSCONFIG_SET_STRING, "size", "2m", 0));
  SHOW(fsmount_(fs, 2, 0));
  SHOW(fsmount_(fs, 0, 0x1000));
  SHOW(fsmount_(fs, 0, 0x30));
  SHOW(fsmount_(1000, 0, 0));
  SHOW(fsmount_(1, 0, 0));
  int mnt = fsmount_(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOATIME);
  SHOW(fcntl(mnt, F_GETFD));
  SHOW(fsmount_(fs, 0, 0));
  SHOW(move_mount_(mnt, "", AT_FDCWD, "a", MOVE_MOUNT_F_EMPTY_PATH));
  info("/tmp/a");
  struct stat st;
  stat("a", &st);
  printf("mode %o\n", st.st_mode);
  /* Now it reconfigures. */
  SHOW(fsconfig_(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
  SHOW(fsconfig_(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0));
  SHOW(fsconfig_(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
  info("/tmp/a");
  SHOW(mkdir("a/x", 0755));
  close(mnt);
  close(fs);
  has("a/.");
  fs = fspick_(AT_FDCWD, "a", 0);
  SHOW(fsconfig_(fs, FSCONFIG_SET_FLAG, "rw", NULL, 0));
  SHOW(fsconfig_(fs, FSCONFIG_SET_STRING, "bogus", "1", 0));
  messages(fs);
  SHOW(fsconfig_(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
  SHOW(fsconfig_(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
  SHOW(mkdir("a/x", 0755));
  SHOW(fsmount_(fs, 0, 0));
  SHOW(fspick_(AT_FDCWD, "a/x", 0));
  SHOW(fspick_(AT_FDCWD, "a", 0x10));
  SHOW(fspick_(AT_FDCWD, "none", 0));
  close(fs);
  umount("a");
  fs = fsopen_("tmpfs", 0);
  SHOW(fsconfig_(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
  mnt = fsmount_(fs, 0, 0);
  close(fs);
  SHOW(mkdirat(mnt, "d", 0755));
  int inside = openat(mnt, "d", O_RDONLY);
  close(mnt);
  SHOW(faccessat(inside, "../d", F_OK, 0));
  close(inside);
  fs = fsopen_("proc", 0);
  SHOW(fsconfig_(fs, FSCONFIG_SET_STRING, "hidepid", "9", 0));
  SHOW(fsconfig_(fs, FSCONFIG_SET_STRING, "hidepid", "2", 0));
  SHOW(fsconfig_(fs, FSCONFIG_SET_STRING, "bogus", "2", 0));
  messages(fs);
  SHOW(fsconfig_(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
  mnt = fsmount_(fs, 0, MOUNT_ATTR_NOSUID);
  SHOW(move_mount_(mnt, "", AT_FDCWD, "a", MOVE_MOUNT_F_EMPTY_PATH));
  info("/tmp/a");
  close(fs);
  close(mnt);
  umount("a");
}

static void attributes(void) {
  mount("a", "a", "tmpfs", 0, NULL);
  mkdir("a/x", 0755);
  mount("x", "a/x", "tmpfs", MS_NOATIME, NULL);
  struct attributes attr = {0};
  SHOW(syscall(SYS_mount_setattr, AT_FDCWD, "a", 0, &attr, 16));
  SHOW(syscall(SYS_mount_setattr, AT_FDCWD, "a", 0, &attr, 5000));
  SHOW(syscall(SYS_mount_setattr, AT_FDCWD, "a", 4, &attr, sizeof attr));
  SHOW(syscall(SYS_mount_setattr, AT_FDCWD, "none", 0, &attr, sizeof attr));
  SHOW(syscall(SYS_mount_setattr, AT_FDCWD, "a", 0, (void *)-1L, sizeof attr));
  uint64_t longer[5] = {MOUNT_ATTR_RDONLY, 0, 0, 0, 1};
  SHOW(syscall(SYS_mount_setattr, AT_FDCWD, "a", 0, longer, sizeof longer));
  SHOW(setattr_(AT_FDCWD, "none", 0, MOUNT_ATTR_RDONLY, 0, 0));
  SHOW(setattr_(AT_FDCWD, "a", 0, 0x1000, 0, 0));
  SHOW(setattr_(AT_FDCWD, "a", 0, 0, 0x1000, 0));
  SHOW(setattr_(AT_FDCWD, "a", 0, 0, 0, MS_SHARED | MS_SLAVE));
  SHOW(setattr_(AT_FDCWD, "a", 0, 0, 0, MS_NOSUID));
  SHOW(setattr_(AT_FDCWD, "a", 0, MOUNT_ATTR_NOATIME, 0, 0));
  SHOW(setattr_(AT_FDCWD, "a", 0, MOUNT_ATTR_NOATIME, MOUNT_ATTR_STRICTATIME, 0));
  SHOW(setattr_(AT_FDCWD, "a", 0, 0x30, MOUNT_ATTR__ATIME, 0));
  SHOW(setattr_(AT_FDCWD, "a", 0, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME, 0));
  info("/tmp/a");
  SHOW(setattr_(AT_FDCWD, "a", AT_RECURSIVE, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODIRATIME, MOUNT_ATTR__ATIME, MS_SHARED));
  info("/tmp/a");
  SHOW(setattr_(AT_FDCWD, "a", 0, MOUNT_ATTR_NOSYMFOLLOW, MOUNT_ATTR_NOSUID, MS_SLAVE));
  info("/tmp/a");
  SHOW(setattr_(AT_FDCWD, "a/x", 0, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME, MS_UNBINDABLE));
  info("/tmp/a");
  int fd = open("a/x/f", O_CREAT | O_WRONLY, 0644);
  SHOW(setattr_(AT_FDCWD, "a", AT_RECURSIVE, MOUNT_ATTR_RDONLY, 0, 0));
  info("/tmp/a");
  close(fd);
  SHOW(setattr_(AT_FDCWD, "a", AT_RECURSIVE, MOUNT_ATTR_RDONLY, 0, 0));
  info("/tmp/a");
  SHOW(setattr_(AT_FDCWD, "a/x/f", 0, 0, MOUNT_ATTR_RDONLY, 0));
  SHOW(setattr_(AT_FDCWD, "a", 0, 0, MOUNT_ATTR_IDMAP, 0));
  struct attributes map = {MOUNT_ATTR_IDMAP, 0, 0, 1000};
  SHOW(syscall(SYS_mount_setattr, AT_FDCWD, "a", 0, &map, sizeof map));
  map.userns_fd = 1;
  SHOW(syscall(SYS_mount_setattr, AT_FDCWD, "a", 0, &map, sizeof map));
  map.userns_fd = open("/proc/self/ns/mnt", O_RDONLY);
  SHOW(syscall(SYS_mount_setattr, AT_FDCWD, "a", 0, &map, sizeof map));
  map.userns_fd = open("/proc/self/ns/user", O_RDONLY);
  SHOW(syscall(SYS_mount_setattr, AT_FDCWD, "a", 0, &map, sizeof map));
  IN_CHILD("less privileged",
    unshare(CLONE_NEWUSER | CLONE_NEWNS);
    SHOW(setattr_(AT_FDCWD, "a", 0, 0, MOUNT_ATTR_RDONLY, 0));
    SHOW(setattr_(AT_FDCWD, "a", AT_RECURSIVE, MOUNT_ATTR_NOEXEC, 0, 0));
    SHOW(setattr_(AT_FDCWD, "a", AT_RECURSIVE, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME, 0));
    info("/tmp/a");
    SHOW(open_tree_(AT_FDCWD, "a", OPEN_TREE_CLONE));
    int tree = open_tree_(AT_FDCWD, "a", OPEN_TREE_CLONE | AT_RECURSIVE);
    SHOW(move_mount_(tree, "", AT_FDCWD, "b", MOVE_MOUNT_F_EMPTY_PATH));
    SHOW(move_mount_(AT_FDCWD, "b/x", AT_FDCWD, "c", 0));
    SHOW(umount("b/x"));
    SHOW(umount2("b", MNT_DETACH));
    SHOW(fsopen_("devtmpfs", 0));
    int fs = fsopen_("tmpfs", 0);
    SHOW(fsconfig_(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
    int mnt = fsmount_(fs, 0, 0);
    SHOW(move_mount_(mnt, "", AT_FDCWD, "b", MOVE_MOUNT_F_EMPTY_PATH));
    fs = fsopen_("proc", 0);
    SHOW(fsconfig_(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0)));
  IN_CHILD("user",
    setresuid(1000, 1000, 1000);
    SHOW(open_tree_(AT_FDCWD, "a", OPEN_TREE_CLONE));
    OK(open_tree_(AT_FDCWD, "a", 0));
    SHOW(move_mount_(AT_FDCWD, "a", AT_FDCWD, "b", 0x1000));
    SHOW(fsopen_("nosuch", 7));
    SHOW(fspick_(AT_FDCWD, "a", 0));
    SHOW(fsmount_(1000, 7, 0));
    SHOW(setattr_(AT_FDCWD, "a", 0, 0x1000, 0, 0)));
}

int main(void) {
  begin();
  trees();
  moves();
  contexts();
  attributes();
  return 0;
}
