/* /proc/[pid]/ns, ioctls on namespace files, id maps. See namespaces(7), ioctl_nsfs(2), user_namespaces(7). */
#include "show.h"
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

static ino_t inode(const char *path) {
  struct stat st;
  return stat(path, &st) < 0 ? 0 : st.st_ino;
}

static void put(const char *path, const char *value) {
  int fd = open(path, O_WRONLY);
  ssize_t count = fd < 0 ? -1 : write(fd, value, strlen(value));
  printf("%s <- %s: %s\n", path, value, count < 0 ? error_name(errno) : "ok");
  if (fd >= 0) close(fd);
}

static void get(const char *path) {
  char text[512];
  int fd = open(path, O_RDONLY);
  ssize_t count = fd < 0 ? -1 : read(fd, text, sizeof text);
  if (count < 0) printf("%s: %s\n", path, error_name(errno));
  else printf("%s: %.*s", path, (int)count, text);
  if (fd >= 0) close(fd);
}

int main(void) {
  char target[64];
  ssize_t count = readlink("/proc/self/ns/uts", target, sizeof target - 1);
  target[count] = 0;
  IS(strtoul(target + 5, NULL, 10) == inode("/proc/self/ns/uts"));
  int uts = open("/proc/self/ns/uts", O_RDONLY);
  struct stat st;
  fstat(uts, &st);
  printf("mode %o links %u size %ld\n", st.st_mode, st.st_nlink, st.st_size);
  IS(st.st_ino == inode("/proc/self/ns/uts"));
  SHOW(ioctl(uts, NS_GET_NSTYPE));
  int user = ioctl(uts, NS_GET_USERNS);
  IS(user >= 0);
  fstat(user, &st);
  IS(st.st_ino == inode("/proc/self/ns/user"));
  SHOW(ioctl(uts, NS_GET_PARENT));
  SHOW(ioctl(user, NS_GET_PARENT));
  uid_t owner = 99;
  SHOW(ioctl(user, NS_GET_OWNER_UID, &owner));
  SHOW(ioctl(uts, NS_GET_OWNER_UID, &owner));
  SHOW(ioctl(uts, 1234));
  char byte;
  SHOW(read(uts, &byte, 1));
  SHOW(open("/proc/self/ns/uts", O_RDWR));
  sethostname("outside", 7);
  IN_CHILD("setns", {
    unshare(CLONE_NEWUTS);
    sethostname("inside", 6);
    IS(inode("/proc/self/ns/uts") != inode("/proc/1/ns/uts"));
    SHOW(setns(uts, CLONE_NEWIPC));
    SHOW(setns(uts, CLONE_NEWUTS));
    gethostname(target, sizeof target);
    printf("%s\n", target);
  });

  /* A bind mount keeps a namespace alive. */
  IN_CHILD("bound", {
    unshare(CLONE_NEWNS);
    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
    close(open("/tmp/bound", O_CREAT | O_RDONLY, 0600));
    pid_t child = fork();
    if (child == 0) {
      unshare(CLONE_NEWUTS);
      sethostname("bound", 5);
      SHOW(mount("/proc/self/ns/uts", "/tmp/bound", NULL, MS_BIND, NULL));
      _exit(0);
    }
    waitpid(child, NULL, 0);
    int fd = open("/tmp/bound", O_RDONLY);
    SHOW(setns(fd, CLONE_NEWUTS));
    gethostname(target, sizeof target);
    printf("%s\n", target);
    close(fd);
    SHOW(umount("/tmp/bound"));
    SHOW(unlink("/tmp/bound"));
  });

  /* Id maps. */
  IN_CHILD("as root", {
    OK(unshare(CLONE_NEWUSER));
    get("/proc/self/uid_map");
    printf("uid %d\n", getuid());
    put("/proc/self/uid_map", "0 0 1\n");
    get("/proc/self/uid_map");
    put("/proc/self/uid_map", "0 0 1\n");
    get("/proc/self/setgroups");
    put("/proc/self/gid_map", "0 0 1");
    put("/proc/self/setgroups", "deny");
    get("/proc/self/setgroups");
    put("/proc/self/setgroups", "allow");
    put("/proc/self/gid_map", "0 0 1");
    get("/proc/self/gid_map");
    printf("uid %d gid %d\n", getuid(), getgid());
    put("/proc/sys/kernel/hostname", "x");
    put("/proc/self/oom_score_adj", "-1");
  });
  IN_CHILD("as a user", {
    if (setgid(1000) || setuid(1000)) _exit(1);
    prctl(PR_SET_DUMPABLE, 1);
    OK(unshare(CLONE_NEWUSER));
    put("/proc/self/uid_map", "0 0 1");
    put("/proc/self/uid_map", "0 1000 2");
    put("/proc/self/uid_map", "5 1000 1");
    printf("uid %d\n", getuid());
    put("/proc/self/gid_map", "0 1000 1");
    put("/proc/self/setgroups", "deny");
    put("/proc/self/gid_map", "0 1000 1");
    printf("gid %d\n", getgid());
    get("/proc/1/uid_map");
    struct stat own;
    stat("/proc/self", &own);
    printf("own directory belongs to %d %d\n", own.st_uid, own.st_gid);
    stat("/proc/1", &own);
    printf("that of init to %d\n", own.st_uid);
    if (fork() == 0) {
      OK(unshare(CLONE_NEWUSER));
      put("/proc/self/uid_map", "7 5 1");
      get("/proc/self/uid_map");
      printf("uid %d\n", getuid());
      _exit(0);
    }
    wait(NULL);
  });
  int ready[2], done[2];
  pipe(ready);
  pipe(done);
  pid_t child = fork();
  if (child == 0) {
    unshare(CLONE_NEWUSER);
    write(ready[1], "x", 1);
    read(done[0], &byte, 1);
    get("/proc/self/uid_map");
    get("/proc/self/gid_map");
    SHOW(setresuid(2005, 2005, 2005));
    SHOW(setresuid(1005, 1005, 1005));
    SHOW(setresuid(1006, 1006, 1006));
    _exit(0);
  }
  read(ready[0], &byte, 1);
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/uid_map", child);
  static const char *maps[] = {"0 0", "0 0 0", "0 0 1 1", "x 0 1", "0 0 4294967296", "0 0 5\n3 10 5", "0 0 5\n10 3 5", "", "0 0 1\n1000 100000 10\n", "0 0 1\n"};
  for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
    int fd = open(path, O_WRONLY);
    errno = 0;
    ssize_t wrote = write(fd, maps[i], strlen(maps[i]));
    printf("map %zu: %zd %s\n", i, wrote, wrote < 0 ? error_name(errno) : "ok");
    close(fd);
  }
  snprintf(path, sizeof path, "/proc/%d/gid_map", child);
  int fd = open(path, O_WRONLY);
  SHOW(write(fd, "0 0 4294967295", 14));
  write(done[1], "x", 1);
  int status;
  waitpid(child, &status, 0);
  show_status("child", status);
  return 0;
}
