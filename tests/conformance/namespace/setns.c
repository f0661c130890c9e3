/* unshare and setns: what may be entered, in which order it is refused, and what namespace files tell. See setns(2), unshare(2), ioctl_nsfs(2). */
#include "show.h"
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#ifndef NS_GET_MNTNS_ID
#define NS_GET_MNTNS_ID _IOR(NSIO, 0x5, uint64_t)
#endif
#ifndef NS_GET_PID_FROM_PIDNS
#define NS_GET_PID_FROM_PIDNS _IOR(NSIO, 0x6, int)
#define NS_GET_TGID_FROM_PIDNS _IOR(NSIO, 0x7, int)
#define NS_GET_PID_IN_PIDNS _IOR(NSIO, 0x8, int)
#define NS_GET_TGID_IN_PIDNS _IOR(NSIO, 0x9, int)
#endif
struct info {
  uint32_t size, nr_mounts;
  uint64_t id;
};
#define INFO_OF(number) _IOR(NSIO, number, struct info)

static int ns(const char *name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/ns/%s", name);
  return open(path, O_RDONLY | O_CLOEXEC);
}

static ino_t inode(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static pid_t clone_with(unsigned long flags) { return syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0); }
static int pidfd_open_(pid_t pid, int flags) { return syscall(SYS_pidfd_open, pid, flags); }

static void *sleeper(void *argument) {
  (void)argument;
  pause();
  return NULL;
}

static const char *const names[] = {"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "time_for_children", "user", "uts"};

int main(void) {
  char byte;
  int to_child[2], to_parent[2], status;
  pipe(to_child);
  pipe(to_parent);

  /* Flags. */
  IN_CHILD("unshare flags", {
    SHOW(unshare(CLONE_PARENT));
    SHOW(unshare(CLONE_VFORK));
    SHOW(unshare(0x40));
    SHOW(unshare(CLONE_THREAD));
    SHOW(unshare(CLONE_SIGHAND));
    SHOW(unshare(CLONE_VM));
    SHOW(unshare(0x80));
    SHOW(unshare(0x7e020080));
  });
  IN_CHILD("threads", {
    pthread_t thread;
    pthread_create(&thread, NULL, sleeper, NULL);
    SHOW(unshare(CLONE_THREAD));
    SHOW(unshare(CLONE_SIGHAND));
    SHOW(unshare(CLONE_VM));
    SHOW(unshare(CLONE_NEWUSER));
    SHOW(unshare(CLONE_NEWNS));
    SHOW(unshare(CLONE_NEWPID));
    SHOW(unshare(0x80));
    SHOW(unshare(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_FS | CLONE_FILES));
    int fd = ns("time_for_children");
    SHOW(setns(fd, 0));
    fd = ns("user");
    SHOW(setns(fd, 0));
    fd = ns("uts");
    SHOW(setns(fd, 0));
  });
  IN_CHILD("shared fs", {
    pid_t child = clone_with(CLONE_FS);
    if (child == 0) {
      read(to_child[0], &byte, 1);
      _exit(0);
    }
    SHOW(setns(ns("mnt"), CLONE_NEWNS));
    SHOW(setns(ns("user"), CLONE_NEWUSER));
    SHOW(setns(pidfd_open_(getpid(), 0), CLONE_NEWNS | CLONE_NEWUTS));
    SHOW(setns(pidfd_open_(getpid(), 0), CLONE_NEWNS));
    SHOW(unshare(CLONE_NEWNS));
    SHOW(setns(ns("mnt"), CLONE_NEWNS));
    write(to_child[1], "x", 1);
    wait(&status);
  });
  SHOW(clone_with(CLONE_NEWNS | CLONE_FS));
  SHOW(clone_with(CLONE_NEWUSER | CLONE_FS));
  SHOW(clone_with(CLONE_NEWIPC | CLONE_SYSVSEM));
  SHOW(clone_with(CLONE_THREAD));
  SHOW(clone_with(CLONE_SIGHAND));
  SHOW(clone_with(CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_NEWPID));
  SHOW(clone_with(CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_NEWUSER));

  /* setns: the descriptor. */
  SHOW(setns(-1, 0));
  SHOW(setns(to_child[0], 0));
  SHOW(setns(to_child[0], CLONE_NEWUTS));
  IN_CHILD("kinds", {
    for (int i = 0; i < 10; i++) {
      int fd = ns(names[i]);
      errno = 0;
      int wrong = setns(fd, i == 9 ? CLONE_NEWIPC : CLONE_NEWUTS);
      printf("%s: wrong kind %d %s", names[i], wrong, wrong ? error_name(errno) : "ok");
      errno = 0;
      int own = setns(fd, 0);
      printf(", own %s, type %x\n", own ? error_name(errno) : "ok", ioctl(fd, NS_GET_NSTYPE));
      close(fd);
    }
  });

  /* Several at once, through a process. */
  pid_t other = clone_with(CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET);
  if (other == 0) {
    sethostname("other", 5);
    write(to_parent[1], "x", 1);
    for (;;) pause();
  }
  read(to_parent[0], &byte, 1);
  int pidfd = pidfd_open_(other, 0);
  IN_CHILD("by pidfd", {
    SHOW(setns(pidfd, 0));
    SHOW(setns(pidfd, CLONE_NEWUTS | CLONE_VM));
    SHOW(setns(pidfd, CLONE_NEWUTS | CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWCGROUP));
    char name[65];
    gethostname(name, sizeof name);
    printf("%s %d\n", name, getuid());
    SHOW(setns(pidfd, CLONE_NEWUSER));
    SHOW(setns(pidfd, CLONE_NEWUTS));
    pid_t inside = fork();
    if (inside == 0) _exit(getpid() == 2 ? 0 : 1);
    waitpid(inside, &status, 0);
    show_status("inside", status);
  });
  IN_CHILD("without privilege", {
    setgid(1000);
    setuid(1000);
    SHOW(setns(pidfd, CLONE_NEWUTS));
    SHOW(setns(ns("uts"), 0));
    SHOW(setns(ns("user"), 0));
    SHOW(setns(ns("mnt"), 0));
    SHOW(setns(ns("pid"), 0));
    SHOW(setns(ns("time"), 0));
    SHOW(unshare(CLONE_NEWUSER));
    SHOW(setns(ns("uts"), 0));
    SHOW(setns(ns("mnt"), 0));
    SHOW(unshare(CLONE_NEWUTS));
    SHOW(setns(ns("uts"), 0));
  });
  IN_CHILD("no way up", {
    int up = ns("user");
    int uts = ns("uts");
    int pid = ns("pid");
    SHOW(unshare(CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWPID));
    SHOW(setns(up, 0));
    SHOW(setns(uts, 0));
    SHOW(setns(pid, 0));
    if (fork() == 0) {
      SHOW(setns(pid, 0));
      _exit(0);
    }
    wait(&status);
  });
  IN_CHILD("pid namespaces up", {
    int up = ns("pid");
    SHOW(unshare(CLONE_NEWPID));
    SHOW(access("/proc/self/ns/pid_for_children", F_OK));
    SHOW(setns(up, CLONE_NEWPID));
    SHOW(access("/proc/self/ns/pid_for_children", F_OK));
    SHOW(unshare(CLONE_NEWPID));
    pid_t init = fork();
    if (init == 0) {
      SHOW(setns(up, CLONE_NEWPID));
      _exit(0);
    }
    waitpid(init, &status, 0);
    SHOW(access("/proc/self/ns/pid_for_children", F_OK));
    SHOW(fork());
    SHOW(setns(up, CLONE_NEWPID));
    pid_t again = fork();
    if (again == 0) _exit(7);
    waitpid(again, &status, 0);
    show_status("again", status);
  });
  kill(other, SIGKILL);
  waitpid(other, &status, 0);
  SHOW(setns(pidfd, CLONE_NEWUTS));

  /* What namespace files tell. */
  IN_CHILD("relations", {
    int user = ns("user");
    int pid = ns("pid");
    int uts = ns("uts");
    int mnt = ns("mnt");
    struct statfs fs;
    fstatfs(uts, &fs);
    printf("magic %lx\n", (long)fs.f_type);
    struct stat st;
    fstat(uts, &st);
    printf("mode %o links %d size %ld\n", st.st_mode, (int)st.st_nlink, (long)st.st_size);
    SHOW(write(uts, "x", 1));
    SHOW(read(uts, &byte, 1));
    OK(open("/proc/self/ns/uts", O_RDWR));
    SHOW(ioctl(uts, NS_GET_PARENT));
    SHOW(ioctl(user, NS_GET_PARENT));
    SHOW(ioctl(pid, NS_GET_PARENT));
    SHOW(ioctl(user, NS_GET_USERNS));
    int owner = ioctl(uts, NS_GET_USERNS);
    IS(inode(owner) == inode(user));
    IS((fcntl(owner, F_GETFD) & FD_CLOEXEC) != 0);
    uid_t uid = 99;
    SHOW(ioctl(uts, NS_GET_OWNER_UID, &uid));
    SHOW(ioctl(user, NS_GET_OWNER_UID, &uid));
    printf("owner %u\n", uid);
    SHOW(ioctl(user, NS_GET_OWNER_UID, 8));
    SHOW(ioctl(uts, 0xb7ff));
    uint64_t id = 0;
    SHOW(ioctl(uts, NS_GET_MNTNS_ID, &id));
    SHOW(ioctl(mnt, NS_GET_MNTNS_ID, &id));
    SHOW(ioctl(uts, NS_GET_PID_FROM_PIDNS, getpid()));
    SHOW(ioctl(pid, NS_GET_PID_FROM_PIDNS, 0));
    IS(ioctl(pid, NS_GET_PID_FROM_PIDNS, getpid()) == getpid());
    IS(ioctl(pid, NS_GET_TGID_IN_PIDNS, getpid()) == getpid());
    SHOW(ioctl(pid, NS_GET_PID_IN_PIDNS, 999999));
    struct info info = {0};
    SHOW(ioctl(uts, INFO_OF(10), &info));
    SHOW(ioctl(mnt, INFO_OF(10), NULL));
    SHOW(ioctl(mnt, _IO(NSIO, 10), &info));
    SHOW(ioctl(mnt, INFO_OF(10), &info));
    printf("size %u\n", info.size);
    IS(info.id == id);
    SHOW(ioctl(mnt, INFO_OF(10), 8));
    uint64_t before = id;
    SHOW(unshare(CLONE_NEWNS));
    int mine = ns("mnt");
    SHOW(ioctl(mine, NS_GET_MNTNS_ID, &id));
    IS(id == before + 1 || id > before);
    struct info next = {0};
    int found = ioctl(mnt, INFO_OF(11), &next);
    IS(found >= 0);
    printf("next has size %u\n", next.size);
    IS(next.id > before);
    SHOW(ioctl(mine, INFO_OF(11), &next));
    IS(ioctl(mine, INFO_OF(12), NULL) >= 0);
    IN_CHILD("inside", {
      unshare(CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWPID);
      int inner_user = ns("user");
      int inner_uts = ns("uts");
      IS(inode(ioctl(inner_uts, NS_GET_USERNS)) == inode(inner_user));
      SHOW(ioctl(inner_user, NS_GET_PARENT));
      SHOW(ioctl(inner_user, NS_GET_USERNS));
      SHOW(ioctl(uts, NS_GET_USERNS));
      uid = 99;
      SHOW(ioctl(inner_user, NS_GET_OWNER_UID, &uid));
      printf("owner %u\n", uid);
      SHOW(ioctl(mnt, INFO_OF(11), NULL));
      pid_t init = fork();
      if (init == 0) {
        int inner_pid = ns("pid");
        SHOW(ioctl(inner_pid, NS_GET_PARENT));
        SHOW(ioctl(pid, NS_GET_PARENT));
        SHOW(ioctl(inner_pid, NS_GET_PID_FROM_PIDNS, 1));
        SHOW(ioctl(inner_pid, NS_GET_PID_FROM_PIDNS, 2));
        IS(ioctl(pid, NS_GET_PID_IN_PIDNS, 1) > 1);
        SHOW(ioctl(pid, NS_GET_PID_FROM_PIDNS, 1));
        _exit(0);
      }
      waitpid(init, &status, 0);
    });
    pid_t init = clone_with(CLONE_NEWPID);
    if (init == 0) {
      write(to_parent[1], "x", 1);
      for (;;) pause();
    }
    read(to_parent[0], &byte, 1);
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/pid", init);
    int below = open(path, O_RDONLY);
    IS(ioctl(below, NS_GET_PID_FROM_PIDNS, 1) == init);
    SHOW(ioctl(below, NS_GET_PID_IN_PIDNS, init));
    SHOW(ioctl(below, NS_GET_TGID_IN_PIDNS, init));
    SHOW(ioctl(below, NS_GET_PID_IN_PIDNS, getpid()));
    int parent = ioctl(below, NS_GET_PARENT);
    IS(inode(parent) == inode(pid));
    kill(init, SIGKILL);
    waitpid(init, &status, 0);
    SHOW(ioctl(below, NS_GET_PID_FROM_PIDNS, 1));
  });

  /* A file that is bound keeps its namespace. */
  IN_CHILD("bound", {
    unshare(CLONE_NEWNS);
    SHOW(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    close(open("/tmp/uts", O_CREAT | O_WRONLY, 0600));
    int outside = ns("uts");
    IN_CHILD("binder", {
      unshare(CLONE_NEWUTS);
      sethostname("kept", 4);
      SHOW(mount("/proc/self/ns/uts", "/tmp/uts", NULL, MS_BIND, NULL));
    });
    int kept = open("/tmp/uts", O_RDONLY);
    SHOW(setns(kept, CLONE_NEWUTS));
    char name[65];
    gethostname(name, sizeof name);
    printf("%s\n", name);
    FILE *mounts = fopen("/proc/self/mountinfo", "r");
    char line[512];
    while (fgets(line, sizeof line, mounts))
      if (strstr(line, "/tmp/uts")) {
        unsigned long number = 0;
        char root[64] = "";
        sscanf(line, "%*d %*d %*s %63s", root);
        printf("root is a name: %s\n", sscanf(root, "uts:[%lu]", &number) == 1 && number == inode(kept) ? "yes" : "no");
        printf("%s", strstr(line, " - "));
      }
    fclose(mounts);
    SHOW(setns(outside, 0));
    SHOW(mount("/proc/self/ns/mnt", "/tmp/uts", NULL, MS_BIND, NULL));
    close(kept);
    SHOW(umount("/tmp/uts"));
    unlink("/tmp/uts");
  });
  return 0;
}
