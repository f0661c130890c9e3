/* Process ids that cross the border of a PID namespace are translated. See pid_namespaces(7). */
#include "show.h"
#include <dirent.h>
#include <linux/sched.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/shm.h>
#include <sys/socket.h>

static pid_t clone_with(unsigned long flags) { return syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0); }
static int down[2], up[2], status;
static char byte;

static void wake(int *pipefd) { write(pipefd[1], "x", 1); }
static void await(int *pipefd) { read(pipefd[0], &byte, 1); }

/* Signals arrive before the next line is printed. */
static int slowly(int result) {
  int error = errno;
  millis(30);
  errno = error;
  return result;
}

/* A number as itself where it is small by itself, else as whose it is. */
static pid_t other;
static const char *number(long id) {
  static char text[4][24];
  static int at;
  char *out = text[at++ % 4];
  if (id == getpid()) snprintf(out, 24, "mine");
  else if (other && id == other) snprintf(out, 24, "other's");
  else snprintf(out, 24, "%ld", id);
  return out;
}

static void with_info(int signo, siginfo_t *info, void *context) {
  (void)context;
  printf("signal %d code %d pid %s uid %d value %d\n", signo, info->si_code, number(info->si_pid), info->si_uid, info->si_value.sival_int);
}

static void status_lines(const char *path) {
  char line[256];
  FILE *file = fopen(path, "r");
  if (!file) {
    printf("%s: %s\n", path, error_name(errno));
    return;
  }
  while (fgets(line, sizeof line, file))
    if (!strncmp(line, "NS", 2) || !strncmp(line, "Pid", 3) || !strncmp(line, "PPid", 4) || !strncmp(line, "Tgid", 4)) {
      printf("%s", strtok(line, "\t\n"));
      for (char *word; (word = strtok(NULL, "\t\n"));) printf(" %s", number(atol(word)));
      printf("\n");
    }
  fclose(file);
}

static int queue(pid_t pid, int signo, int code, int claimed_pid, int claimed_uid) {
  siginfo_t info = {.si_signo = signo, .si_code = code};
  info.si_pid = claimed_pid;
  info.si_uid = claimed_uid;
  info.si_value.sival_int = 5;
  return syscall(SYS_rt_sigqueueinfo, pid, signo, &info);
}

int main(void) {
  pipe(down);
  pipe(up);
  setbuf(stdout, NULL);
  struct sigaction action = {.sa_sigaction = with_info, .sa_flags = SA_SIGINFO | SA_RESTART};
  int pair[2], on = 1;
  socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
  setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  int shm = shmget(IPC_PRIVATE, 4096, 0600);
  int msg = msgget(IPC_PRIVATE, 0600);
  int fd = open("/tmp/locked", O_RDWR | O_CREAT, 0600);

  pid_t init = clone_with(CLONE_NEWPID);
  if (init == 0) {
    for (int signo = SIGUSR1; signo <= SIGUSR2; signo += 2) sigaction(signo, &action, NULL);
    sigaction(SIGRTMIN, &action, NULL);
    sigaction(SIGCHLD, &action, NULL);
    struct flock lock = {.l_type = F_WRLCK};
    SHOW(fcntl(fd, F_SETLK, &lock));
    shmdt(shmat(shm, NULL, 0));
    struct {
      long type;
      char text[4];
    } message = {1, "hi"};
    msgsnd(msg, &message, 4, 0);
    send(pair[1], "hello", 5, 0);
    wake(up);
    await(down);
    char control[128];
    char text[8];
    struct iovec iov = {text, sizeof text};
    struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    recvmsg(pair[1], &header, 0);
    struct ucred *cred = (struct ucred *)CMSG_DATA(CMSG_FIRSTHDR(&header));
    printf("from outside: pid %s uid %d\n", number(cred->pid), cred->uid);
    struct flock blocker = {.l_type = F_WRLCK, .l_start = 100, .l_len = 1};
    SHOW(fcntl(fd, F_GETLK, &blocker));
    printf("lock of pid %s\n", number(blocker.l_pid));
    pid_t child = fork();
    if (child == 0) {
      SHOW(slowly(kill(getppid(), SIGUSR1)));
      SHOW(slowly(queue(1, SIGUSR2, SI_QUEUE, 4711, 12)));
      SHOW(slowly(queue(1, SIGRTMIN, SI_QUEUE, 4711, 12)));
      SHOW(queue(1, SIGTERM, SI_QUEUE, 1, 1));
      SHOW(queue(1, SIGUSR1, SI_USER, 1, 1));
      SHOW(queue(1, SIGUSR1, SI_TKILL, 1, 1));
      SHOW(queue(1, SIGUSR1, SI_KERNEL, 1, 1));
      SHOW(queue(77, SIGUSR1, SI_QUEUE, 1, 1));
      SHOW(queue(1, 77, SI_QUEUE, 1, 1));
      SHOW(kill(77, 99));
      SHOW(kill(1, 99));
      SHOW(kill(-1, SIGTERM));
      _exit(3);
    }
    while (waitpid(child, &status, 0) == -1) continue;
    show_status("child", status);
    SHOW(kill(-1, 0));
    printf("getppid %d getsid %d getpgrp %d\n", getppid(), getsid(0), getpgrp());
    wake(up);
    for (;;) pause();
  }
  await(up);
  struct flock lock = {.l_type = F_WRLCK};
  SHOW(fcntl(fd, F_GETLK, &lock));
  IS(lock.l_pid == init);
  lock = (struct flock){.l_type = F_WRLCK, .l_start = 100, .l_len = 1};
  SHOW(fcntl(fd, F_SETLK, &lock));
  struct shmid_ds shm_ds;
  shmctl(shm, IPC_STAT, &shm_ds);
  IS(shm_ds.shm_lpid == init && shm_ds.shm_cpid == getpid());
  struct msqid_ds msg_ds;
  msgctl(msg, IPC_STAT, &msg_ds);
  IS(msg_ds.msg_lspid == init);
  char control[128], text[8];
  struct iovec iov = {text, sizeof text};
  struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  recvmsg(pair[0], &header, 0);
  struct ucred *cred = (struct ucred *)CMSG_DATA(CMSG_FIRSTHDR(&header));
  IS(cred->pid == init);
  send(pair[0], "hello", 5, 0);
  wake(down);
  await(up);
  SHOW(slowly(kill(init, SIGUSR1)));
  SHOW(slowly(queue(init, SIGUSR2, SI_QUEUE, 4711, 12)));
  SHOW(queue(init, SIGTERM, SI_QUEUE, 4711, 12));
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/status", init);
  other = init;
  status_lines(path);
  snprintf(path, sizeof path, "/proc/%d/ns/pid_for_children", init);
  SHOW(access(path, F_OK));
  other = 0;
  kill(init, SIGKILL);
  waitpid(init, &status, 0);
  show_status("init", status);
  shmctl(shm, IPC_RMID, NULL);
  msgctl(msg, IPC_RMID, NULL);
  unlink("/tmp/locked");

  /* /proc shows the namespace of who mounted it. */
  init = clone_with(CLONE_NEWPID | CLONE_NEWNS);
  if (init == 0) {
    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    char link[32] = "";
    IS(readlink("/proc/self", link, sizeof link) > 0 && atoi(link) > 1);
    mkdir("/tmp/proc", 0755);
    SHOW(mount("proc", "/tmp/proc", "proc", 0, NULL));
    memset(link, 0, sizeof link);
    readlink("/tmp/proc/self", link, sizeof link - 1);
    printf("self %s\n", link);
    status_lines("/tmp/proc/self/status");
    if (fork() == 0) {
      unshare(CLONE_NEWPID);
      if (fork() == 0) {
        memset(link, 0, sizeof link);
        readlink("/tmp/proc/self", link, sizeof link - 1);
        printf("self %s of %d\n", link, getpid());
        status_lines("/tmp/proc/self/status");
        _exit(0);
      }
      wait(&status);
      _exit(0);
    }
    wait(&status);
    DIR *dir = opendir("/tmp/proc");
    for (struct dirent *entry; (entry = readdir(dir));)
      if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') printf("process %s\n", entry->d_name);
    closedir(dir);
    SHOW(umount("/tmp/proc"));
    /* A mount hides processes that one may not inspect. */
    SHOW(mount("proc", "/tmp/proc", "proc", 0, "hidepid=2"));
    pid_t user = fork();
    if (user == 0) {
      setuid(1000);
      SHOW(access("/tmp/proc/1", F_OK));
      SHOW(access("/tmp/proc/self", F_OK));
      _exit(0);
    }
    waitpid(user, &status, 0);
    SHOW(mount(NULL, "/tmp/proc", NULL, MS_REMOUNT, "hidepid=1"));
    user = fork();
    if (user == 0) {
      setuid(1000);
      SHOW(access("/tmp/proc/1", F_OK));
      SHOW(access("/tmp/proc/1/status", F_OK));
      _exit(0);
    }
    waitpid(user, &status, 0);
    SHOW(mount(NULL, "/tmp/proc", NULL, MS_REMOUNT, "hidepid=9"));
    SHOW(umount("/tmp/proc"));
    rmdir("/tmp/proc");
    _exit(0);
  }
  waitpid(init, &status, 0);
  show_status("proc", status);

  /* Chosen ids, and the id given last. */
  pid_t ids[4] = {1, 1, 1, 1};
  struct clone_args args = {.exit_signal = SIGCHLD, .set_tid = (uint64_t)ids, .set_tid_size = 3};
  SHOW(syscall(SYS_clone3, &args, sizeof args));
  args.set_tid_size = 33;
  SHOW(syscall(SYS_clone3, &args, sizeof args));
  args.set_tid_size = 0;
  SHOW(syscall(SYS_clone3, &args, sizeof args));
  args.set_tid_size = 1;
  args.set_tid = 0;
  SHOW(syscall(SYS_clone3, &args, sizeof args));
  args.set_tid = 8;
  SHOW(syscall(SYS_clone3, &args, sizeof args));
  args.set_tid = (uint64_t)ids;
  ids[0] = 0;
  SHOW(syscall(SYS_clone3, &args, sizeof args));
  ids[0] = 32768;
  SHOW(syscall(SYS_clone3, &args, sizeof args));
  ids[0] = 1;
  SHOW(syscall(SYS_clone3, &args, sizeof args));
  IN_CHILD("without privilege", {
    setuid(1000);
    ids[0] = 30001;
    SHOW(syscall(SYS_clone3, &args, sizeof args));
  });
  args.flags = CLONE_NEWPID;
  ids[0] = 5;
  SHOW(syscall(SYS_clone3, &args, sizeof args));
  init = clone_with(CLONE_NEWPID);
  if (init == 0) {
    args.flags = 0;
    ids[0] = 4000;
    pid_t child = syscall(SYS_clone3, &args, sizeof args);
    if (child == 0) {
      SHOW(getpid());
      _exit(0);
    }
    waitpid(child, &status, 0);
    SHOW(child);
    child = fork();
    if (child == 0) _exit(0);
    SHOW(child);
    waitpid(child, &status, 0);
    int last = open("/proc/sys/kernel/ns_last_pid", O_RDWR);
    char text[16] = "";
    read(last, text, sizeof text);
    printf("last %s", text);
    lseek(last, 0, SEEK_SET);
    SHOW(write(last, "41", 2));
    child = fork();
    if (child == 0) _exit(0);
    SHOW(child);
    waitpid(child, &status, 0);
    lseek(last, 0, SEEK_SET);
    SHOW(write(last, "-1", 2));
    lseek(last, 0, SEEK_SET);
    SHOW(write(last, "32768", 5));
    setuid(1000);
    lseek(last, 0, SEEK_SET);
    SHOW(write(last, "50", 2));
    _exit(0);
  }
  waitpid(init, &status, 0);

  /* Orphans of a namespace go to its init, not past it, or to a subreaper inside. */
  IN_CHILD("subreaper", {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    init = clone_with(CLONE_NEWPID);
    if (init == 0) {
      if (fork() == 0) {
        if (fork() == 0) {
          millis(20);
              printf("parent %d\n", getppid());
          _exit(0);
        }
        _exit(0);
      }
      for (int i = 0; i < 2; i++) wait(&status);
      SHOW(wait(&status));
      pid_t reaper = fork();
      if (reaper == 0) {
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        if (fork() == 0) {
          if (fork() == 0) {
          millis(20);
                  printf("parent %s\n", getppid() == 1 ? "init" : "subreaper");
            _exit(0);
          }
          _exit(0);
        }
        for (int i = 0; i < 2; i++) wait(&status);
        SHOW(wait(&status));
        _exit(0);
      }
      wait(&status);
      _exit(0);
    }
    waitpid(init, &status, 0);
    SHOW(wait(&status));
  });

  /* reboot ends the namespace and says how. */
  int commands[] = {RB_AUTOBOOT, RB_HALT_SYSTEM, RB_POWER_OFF, (int)0xa1b2c3d4, RB_ENABLE_CAD, RB_DISABLE_CAD, 1};
  for (int i = 0; i < 7; i++) {
    init = clone_with(CLONE_NEWPID);
    if (init == 0) {
      pid_t child = fork();
      if (child == 0) {
        int result = syscall(SYS_reboot, 0xfee1dead, 672274793, commands[i], "x");
        _exit(result == -1 && errno == EINVAL ? 22 : 1);
      }
      waitpid(child, &status, 0);
      show_status("refused", status);
      _exit(0);
    }
    waitpid(init, &status, 0);
    show_status("rebooted", status);
  }
  init = clone_with(CLONE_NEWPID);
  if (init == 0) {
    SHOW(syscall(SYS_reboot, 1, 672274793, RB_AUTOBOOT, 0));
    SHOW(syscall(SYS_reboot, 0xfee1dead, 1, RB_AUTOBOOT, 0));
    IN_CHILD("without privilege", {
      setuid(1000);
      SHOW(syscall(SYS_reboot, 1, 1, RB_AUTOBOOT, 0));
    });
    syscall(SYS_reboot, 0xfee1dead, 672274793, RB_POWER_OFF, 0);
    _exit(1);
  }
  waitpid(init, &status, 0);
  show_status("by init", status);

  /* Init is a zombie only when all others have been waited for. */
  int ready[2];
  pipe(ready);
  init = clone_with(CLONE_NEWPID);
  if (init == 0) {
    write(ready[1], "x", 1);
    for (;;) pause();
  }
  read(ready[0], &byte, 1);
  int pidfd = syscall(SYS_pidfd_open, init, 0);
  pid_t entered = -1;
  IN_CHILD("outside parent", {
    SHOW(setns(pidfd, CLONE_NEWPID));
    entered = fork();
    if (entered == 0) {
      for (;;) pause();
    }
    kill(init, SIGKILL);
    siginfo_t info;
    waitid(P_PID, entered, &info, WEXITED | WNOWAIT);
    printf("killed: %d\n", info.si_status);
    millis(20);
    struct pollfd p = {pidfd, POLLIN, 0};
    SHOW(poll(&p, 1, 0));
    waitpid(entered, &status, 0);
    SHOW(poll(&p, 1, 1000));
    SHOW(fork());
  });
  SHOW(waitpid(init, &status, 0) == init);
  return 0;
}
