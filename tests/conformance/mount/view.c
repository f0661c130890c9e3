/* /proc/[pid]/mounts, mountinfo and mountstats: whose mounts, how names are written, poll on them. What keeps a mount busy, and what mounts keep. */
#include "mountinfo.h"
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/socket.h>

/* Lines of a file that contain a word. */
static void lines(const char *file, const char *word) {
  char line[4096];
  FILE *f = fopen(file, "r");
  if (!f) {
    printf("%s: %s\n", file, error_name(errno));
    return;
  }
  while (fgets(line, sizeof line, f)) {
    char *at = strstr(line, word);
    if (!at) continue;
    if (strstr(file, "mountinfo")) { /* without the numbers */
      char *field = line;
      for (int i = 0; i < 3; i++) field = strchr(field, ' ') + 1;
      printf("  %s", field);
    } else printf("  %s", line);
  }
  fclose(f);
}

static void names(void) {
  const char *odd[] = {"a b", "tab\tx", "new\nline", "back\\slash", "hash#", "q\"uote", "\xc3\xa9"};
  for (int i = 0; i < 7; i++) {
    mkdir(odd[i], 0755);
    if (mount(odd[i], odd[i], "tmpfs", MS_NOSUID, NULL)) printf("%s\n", error_name(errno));
  }
  lines("/proc/self/mountinfo", "/tmp/");
  lines("/proc/self/mounts", "/tmp/");
  lines("/proc/mounts", "/tmp/a");
  lines("/proc/self/mountstats", "/tmp/");
  lines("/proc/thread-self/mountinfo", "/tmp/a");
  SHOW(access("/proc/thread-self/mountstats", F_OK));
  for (int i = 0; i < 7; i++) umount(odd[i]);
  mkdir("r", 0755);
  mkdir("m", 0755);
  mount("t", "m", "tmpfs", MS_RDONLY | MS_SYNCHRONOUS | MS_LAZYTIME | MS_NODIRATIME | MS_NOEXEC | 256, "size=64k,nr_inodes=10,mode=711,uid=5,gid=6");
  mount("r", "r", NULL, MS_BIND, NULL);
  mount(NULL, "r", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV | MS_STRICTATIME, NULL);
  lines("/proc/self/mountinfo", "/tmp/");
  lines("/proc/self/mounts", "/tmp/");
  umount("r");
  umount("m");
  /* A place that is gone in another namespace. */
  mkdir("s", 0755);
  mkdir("s/deep", 0755);
  mount("s/deep", "r", NULL, MS_BIND, NULL);
  rmdir("s/deep");
  lines("/proc/self/mountinfo", "/tmp/");
  umount("r");
  struct stat st;
  for (const char **p = (const char *[]){"/proc/self/mounts", "/proc/self/mountinfo", "/proc/self/mountstats", NULL}; *p; p++) {
    stat(*p, &st);
    printf("%s %o\n", *p, st.st_mode);
  }
}

static void chroots(void) {
  mount("c", "m", "tmpfs", 0, NULL);
  mkdir("m/in", 0755);
  mkdir("m/proc", 0755);
  mkdir("m/root", 0755);
  mount("in", "m/in", "tmpfs", 0, NULL);
  mount("proc", "m/proc", "proc", 0, NULL);
  IN_CHILD("in a mount", chroot("m"); chdir("/"); lines("/proc/self/mountinfo", "/"); lines("/proc/self/mounts", "/"));
  IN_CHILD("in no mount",
    chroot("m/root");
    int fd = open("/", O_PATH);
    (void)fd;
    lines("/proc/self/mounts", "/"));
  IN_CHILD("in the file system of a mount",
    mkdir("m/root/proc", 0755);
    mount("proc", "m/root/proc", "proc", 0, NULL);
    chroot("m/root");
    chdir("/");
    lines("/proc/self/mountinfo", "/");
    lines("/proc/self/mounts", "/"));
  SHOW(umount("m"));
  umount("m/root/proc");
  umount("m/proc");
  umount("m/in");
  SHOW(umount("m"));
}

static void poll_one(const char *what, int fd) {
  struct pollfd p = {fd, POLLIN | POLLOUT | POLLPRI | POLLERR | POLLRDNORM | POLLWRNORM | POLLHUP, 0};
  int result = poll(&p, 1, 0);
  printf("poll %s: %d %x\n", what, result, p.revents);
}

static void polls(void) {
  int fd = open("/proc/self/mountinfo", O_RDONLY);
  int other = open("/proc/self/mounts", O_RDONLY);
  int stats = open("/proc/self/mountstats", O_RDONLY);
  poll_one("at first", fd);
  mount("t", "m", "tmpfs", 0, NULL);
  poll_one("after a mount", fd);
  poll_one("again", fd);
  poll_one("another", other);
  poll_one("statistics", stats);
  mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
  poll_one("after a remount of the mount", fd);
  mount(NULL, "m", NULL, MS_REMOUNT | MS_NOSUID, NULL);
  poll_one("after a remount", fd);
  mount(NULL, "m", NULL, MS_SHARED, NULL);
  poll_one("after a change of propagation", fd);
  mount("m", "r", NULL, MS_MOVE, NULL);
  poll_one("after a move that failed or not", fd);
  umount("m");
  umount("r");
  poll_one("after an unmount", fd);
  IN_CHILD("elsewhere", unshare(CLONE_NEWNS); mount("t", "m", "tmpfs", 0, NULL));
  poll_one("after a mount elsewhere", fd);
  struct pollfd p = {fd, POLLPRI, 0};
  printf("wait: %d\n", poll(&p, 1, 10));
  fflush(stdout);
  if (fork() == 0) {
    millis(30);
    mount("t", "m", "tmpfs", 0, NULL);
    _exit(0);
  }
  printf("wait: %d", poll(&p, 1, 10000));
  printf(" %x\n", p.revents);
  wait(NULL);
  int ep = epoll_create1(0);
  struct epoll_event event = {EPOLLPRI | EPOLLET, {0}};
  epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event);
  SHOW(epoll_wait(ep, &event, 1, 0));
  umount("m");
  SHOW(epoll_wait(ep, &event, 1, 0));
  printf("%x\n", event.events);
  SHOW(epoll_wait(ep, &event, 1, 0));
  close(ep);
  close(fd);
  close(other);
  close(stats);
}

static int has_line(int fd, const char *word) {
  static char text[65536];
  size_t count = 0;
  ssize_t got;
  lseek(fd, 0, SEEK_SET);
  while (count < sizeof text - 1 && (got = read(fd, text + count, sizeof text - 1 - count)) > 0) count += got;
  text[count] = 0;
  return strstr(text, word) != NULL;
}

static void whose(void) {
  int go[2], done[2];
  char byte;
  pipe(go);
  pipe(done);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    unshare(CLONE_NEWNS);
    mount("childs", "m", "tmpfs", 0, NULL);
    write(done[1], "", 1);
    read(go[0], &byte, 1);
    _exit(0);
  }
  read(done[0], &byte, 1);
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mountinfo", child);
  int fd = open(path, O_RDONLY);
  IS(has_line(fd, "childs"));
  int self = open("/proc/self/mountinfo", O_RDONLY);
  IS(has_line(self, "childs"));
  write(go[1], "", 1);
  waitid(P_PID, child, NULL, WEXITED | WNOWAIT);
  SHOW(open(path, O_RDONLY));
  IS(has_line(fd, "childs"));
  poll_one("of a zombie", fd);
  waitpid(child, NULL, 0);
  IS(has_line(fd, "childs"));
  poll_one("of the dead", fd);
  close(fd);
  /* What was opened stays with the namespace and the root of that time. */
  IN_CHILD("moved",
    int before = open("/proc/self/mountinfo", O_RDONLY);
    mount("later", "m", "tmpfs", 0, NULL);
    IS(has_line(before, "later"));
    unshare(CLONE_NEWNS);
    mount("own", "r", "tmpfs", 0, NULL);
    IS(has_line(before, "own"));
    int after = open("/proc/self/mountinfo", O_RDONLY);
    IS(has_line(after, "own"));
    chroot("r");
    IS(has_line(after, "/tmp/r")));
  umount("m");
  IS(has_line(self, "later"));
  close(self);
}

static void busy(void) {
  mount("t", "m", "tmpfs", 0, NULL);
  int fd = open("m", O_RDONLY);
  SHOW(umount("m"));
  close(fd);
  fd = open("m", O_PATH);
  SHOW(umount("m"));
  close(fd);
  fd = open("m/f", O_CREAT | O_RDWR, 0644);
  ftruncate(fd, 4096);
  char *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  SHOW(umount("m"));
  munmap(map, 4096);
  chdir("m");
  SHOW(umount("/tmp/m"));
  SHOW(umount("."));
  chdir("/tmp");
  IN_CHILD("chrooted", chroot("m"); SHOW(umount("/")); SHOW(umount2("/", MNT_DETACH)));
  SHOW(umount("m"));
  mount("t", "m", "tmpfs", 0, NULL);
  int s = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un name = {AF_UNIX, "m/socket"};
  bind(s, (struct sockaddr *)&name, sizeof name);
  SHOW(umount("m"));
  close(s);
  SHOW(umount("m"));
  mount("t", "m", "tmpfs", 0, NULL);
  fd = open("m", O_RDONLY);
  SHOW(umount2("m", MNT_EXPIRE));
  close(fd);
  SHOW(umount2("m", MNT_EXPIRE));
  SHOW(access("m/f", F_OK));
  SHOW(umount2("m", MNT_EXPIRE));
  SHOW(umount2("m", MNT_EXPIRE));
  mount("t", "m", "tmpfs", 0, NULL);
  SHOW(umount2("m", MNT_EXPIRE));
  close(open("m", O_RDONLY));
  SHOW(umount2("m", MNT_EXPIRE));
  SHOW(umount2("m", MNT_EXPIRE));
  umount("m");
}

static void kept(void) {
  char label[64], after[64];
  ssize_t count;
  close(open("ns", O_CREAT | O_WRONLY, 0644));
  close(open("ns2", O_CREAT | O_WRONLY, 0644));
  mount("tmp", "m", "tmpfs", 0, NULL);
  IN_CHILD("a UTS namespace",
    unshare(CLONE_NEWUTS);
    sethostname("kept", 4);
    SHOW(mount("/proc/self/ns/uts", "ns", NULL, MS_BIND, NULL));
    SHOW(mount("/proc/self/ns/mnt", "ns2", NULL, MS_BIND, NULL)));
  struct stat st;
  stat("ns", &st);
  IN_CHILD("entered",
    SHOW(setns(open("ns", O_RDONLY), CLONE_NEWUTS));
    char name[64] = "";
    gethostname(name, sizeof name);
    printf("%s\n", name);
    struct stat own;
    stat("/proc/self/ns/uts", &own);
    IS(own.st_ino == st.st_ino));
  char line[512];
  FILE *f = fopen("/proc/self/mountinfo", "r");
  while (fgets(line, sizeof line, f)) {
    char root[128], point[128], rest[256];
    if (sscanf(line, "%*d %*d %*s %127s %127s %255[^\n]", root, point, rest) == 3 && !strcmp(point, "/tmp/ns")) {
      snprintf(label, sizeof label, "uts:[%lu]", (unsigned long)st.st_ino);
      printf("root is the label: %s; %s\n", strcmp(root, label) ? "no" : "yes", strstr(rest, "- "));
    }
  }
  fclose(f);
  count = readlink("ns", after, sizeof after);
  printf("readlink: %s\n", count < 0 ? error_name(errno) : "a link");
  SHOW(umount("ns"));
  SHOW(setns(open("ns", O_RDONLY), CLONE_NEWUTS));
  IN_CHILD("mount namespaces",
    int mine = open("/proc/self/ns/mnt", O_RDONLY);
    unshare(CLONE_NEWNS);
    int younger = open("/proc/self/ns/mnt", O_RDONLY);
    SHOW(mount("/proc/self/ns/mnt", "ns", NULL, MS_BIND, NULL));
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", mine);
    SHOW(mount(path, "ns", NULL, MS_BIND, NULL));
    snprintf(path, sizeof path, "/proc/self/fd/%d", younger);
    setns(mine, CLONE_NEWNS);
    chdir("/tmp");
    SHOW(mount(path, "ns", NULL, MS_BIND, NULL));
    has("ns");
    mount(NULL, "/tmp", NULL, MS_PRIVATE, NULL);
    IN_CHILD("a copy leaves it out",
      unshare(CLONE_NEWNS);
      lines("/proc/self/mounts", "/tmp/ns"));
    mkdir("t", 0755);
    SHOW(mount("/tmp", "t", NULL, MS_BIND | MS_REC, NULL));
    lines("/proc/self/mounts", "/tmp/t/ns");
    SHOW(umount2("t", MNT_DETACH));
    SHOW(umount("ns"));
    SHOW(umount("ns")));
  umount("m");
}

int main(void) {
  begin();
  names();
  chroots();
  polls();
  whose();
  busy();
  kept();
  return 0;
}
