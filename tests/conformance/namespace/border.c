/* More of what crosses the border of a PID namespace: terminals, owners of files and of futexes, peers, death signals, tracers. See pid_namespaces(7). */
#include "show.h"
#include <linux/futex.h>
#include <linux/sched.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

static pid_t clone_with(unsigned long flags) { return syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0); }
static int down[2], up[2], status;
static char byte;

static void wake(int *pipefd) {
  if (write(pipefd[1], "x", 1) != 1) _exit(99);
}
static void await(int *pipefd) {
  if (read(pipefd[0], &byte, 1) != 1) _exit(98);
}

static pid_t other;
static const char *number(long id) {
  static char text[4][24];
  static int at;
  char *out = text[at++ % 4];
  if (id == getpid()) snprintf(out, 24, "mine");
  else if (other && id == other) snprintf(out, 24, "the child's");
  else if (id == getppid() && id > 1) snprintf(out, 24, "the parent's");
  else snprintf(out, 24, "%ld", id);
  return out;
}

static void with_info(int signo, siginfo_t *info, void *context) {
  (void)context;
  printf("signal %d code %d from %s uid %d\n", signo, info->si_code, number(info->si_pid), info->si_uid);
}

static void handle(int signo) {
  struct sigaction action = {.sa_sigaction = with_info, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigaction(signo, &action, NULL);
}

/* A signal that waits until it is asked for: nothing depends on who is faster. */
static void block(int signo) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signo);
  sigprocmask(SIG_BLOCK, &set, NULL);
}

static void await_signal(int signo) {
  sigset_t set;
  siginfo_t info;
  sigemptyset(&set);
  sigaddset(&set, signo);
  sigwaitinfo(&set, &info);
  with_info(signo, &info, NULL);
}

static void terminals(void) {
  puts("terminals");
  int master = posix_openpt(O_RDWR | O_NOCTTY), terminal;
  grantpt(master), unlockpt(master);
  setsid();
  terminal = open(ptsname(master), O_RDWR);
  SHOW(ioctl(terminal, TIOCSCTTY, 0));
  printf("group %s session %s\n", number(tcgetpgrp(terminal)), number(tcgetsid(terminal)));
  other = clone_with(CLONE_NEWPID);
  if (other == 0) {
    printf("from below: group %s session %s\n", number(tcgetpgrp(terminal)), number(tcgetsid(terminal)));
    SHOW(tcsetpgrp(terminal, 1));
    SHOW(setpgid(0, 0));
    signal(SIGTTOU, SIG_IGN);
    SHOW(tcsetpgrp(terminal, 1));
    printf("own group: %s\n", number(tcgetpgrp(terminal)));
    SHOW(tcsetpgrp(terminal, 77));
    SHOW(tcsetpgrp(terminal, 0));
    SHOW(tcsetpgrp(terminal, -1));
    wake(up), await(down);
    handle(SIGINT);
    wake(up), await(down);
    SHOW(setsid());
    printf("new session: group %d", tcgetpgrp(terminal));
    printf(" %s\n", error_name(errno));
    _exit(0);
  }
  await(up);
  printf("from above: group %s session %s\n", number(tcgetpgrp(terminal)), number(tcgetsid(terminal)));
  wake(down), await(up);
  if (write(master, "\3", 1) != 1) puts("?");
  millis(30);
  wake(down);
  waitpid(other, &status, 0);
  show_status("child", status);
  signal(SIGTTOU, SIG_IGN);
  SHOW(tcsetpgrp(terminal, getpgrp()));
  SHOW(ioctl(master, TIOCGPGRP, &status));
  printf("by the master: %s\n", number(status));
  close(terminal), close(master);
}

static void owners(void) {
  puts("owners");
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets)) return;
  struct f_owner_ex owner = {F_OWNER_PID, getpid()};
  SHOW(fcntl(sockets[0], F_SETOWN, getpid()));
  SHOW(fcntl(sockets[1], F_SETOWN, -getpgrp()));
  other = clone_with(CLONE_NEWPID);
  if (other == 0) {
    SHOW(fcntl(sockets[0], F_GETOWN));
    SHOW(fcntl(sockets[1], F_GETOWN));
    SHOW(fcntl(sockets[0], F_GETOWN_EX, &owner));
    printf("type %d pid %d\n", owner.type, owner.pid);
    SHOW(fcntl(sockets[0], F_SETOWN, 77));
    owner.type = F_OWNER_TID;
    owner.pid = 1;
    SHOW(fcntl(sockets[0], F_SETOWN_EX, &owner));
    SHOW(fcntl(sockets[0], F_GETOWN));
    wake(up), await(down);
    _exit(0);
  }
  await(up);
  SHOW(fcntl(sockets[0], F_GETOWN_EX, &owner));
  printf("type %d pid %s\n", owner.type, number(owner.pid));
  printf("owner %s\n", number(fcntl(sockets[0], F_GETOWN)));
  wake(down);
  waitpid(other, &status, 0);
  SHOW(fcntl(sockets[0], F_GETOWN));
  struct ucred peer;
  socklen_t length = sizeof peer;
  puts("peers");
  SHOW(getsockopt(sockets[0], SOL_SOCKET, SO_PEERCRED, &peer, &length));
  printf("peer %s\n", number(peer.pid));
  struct sockaddr_un name = {AF_UNIX, "/tmp/border"};
  unlink(name.sun_path);
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  SHOW(bind(listener, (void *)&name, sizeof name));
  SHOW(listen(listener, 5));
  other = clone_with(CLONE_NEWPID);
  if (other == 0) {
    length = sizeof peer;
    SHOW(getsockopt(sockets[0], SOL_SOCKET, SO_PEERCRED, &peer, &length));
    printf("peer %s\n", number(peer.pid));
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    SHOW(connect(client, (void *)&name, sizeof name));
    SHOW(getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &length));
    printf("listener %s\n", number(peer.pid));
    wake(up), await(down);
    _exit(0);
  }
  int server = accept(listener, NULL, NULL);
  length = sizeof peer;
  SHOW(getsockopt(server, SOL_SOCKET, SO_PEERCRED, &peer, &length));
  printf("peer %s\n", number(peer.pid));
  await(up);
  int pidfd = -1;
  length = sizeof pidfd;
  SHOW(getsockopt(server, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length));
  IS(pidfd >= 0);
  char path[64], line[128];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
  FILE *file = fopen(path, "r");
  while (fgets(line, sizeof line, file))
    if (!strncmp(line, "Pid", 3) || !strncmp(line, "NSpid", 5)) {
      printf("%s", strtok(line, "\t\n"));
      for (char *word; (word = strtok(NULL, "\t\n"));) printf(" %s", number(atol(word)));
      printf("\n");
    }
  fclose(file);
  wake(down);
  waitpid(other, &status, 0);
  /* Still the number it had. */
  SHOW(getsockopt(server, SOL_SOCKET, SO_PEERCRED, &peer, (length = sizeof peer, &length)));
  printf("after its end %s\n", number(peer.pid));
  length = sizeof pidfd;
  SHOW(getsockopt(server, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length));
  unlink(name.sun_path);
}

static void descriptors(void) {
  puts("descriptors of processes as others number them");
  int self = syscall(SYS_pidfd_open, getpid(), 0);
  other = clone_with(CLONE_NEWPID);
  if (other == 0) {
    int fds[2] = {self, syscall(SYS_pidfd_open, 1, 0)};
    for (int i = 0; i < 2; i++) {
      char path[64], line[128];
      snprintf(path, sizeof path, "/proc/thread-self/fdinfo/%d", fds[i]);
      FILE *file = fopen(path, "r");
      /* This /proc is the parent's. */
      while (fgets(line, sizeof line, file))
        if (!strncmp(line, "Pid", 3) || !strncmp(line, "NSpid", 5)) {
          printf("%s", strtok(line, "\t\n"));
          for (char *word; (word = strtok(NULL, "\t\n"));) printf(" %s", atol(word) > 1 ? "some" : word);
          printf("\n");
        }
      fclose(file);
    }
    SHOW(syscall(SYS_pidfd_getfd, self, 0, 0));
    SHOW(setns(self, CLONE_NEWPID));
    _exit(0);
  }
  waitpid(other, &status, 0);
  show_status("child", status);
}

static int *futex_word;
static void futexes(void) {
  puts("owners of futexes are numbers of their namespace");
  futex_word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  other = clone_with(CLONE_NEWPID);
  if (other == 0) {
    SHOW(syscall(SYS_futex, futex_word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    printf("word %x\n", *futex_word);
    SHOW(syscall(SYS_futex, futex_word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    wake(up), await(down);
    SHOW(syscall(SYS_futex, futex_word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    _exit(0);
  }
  await(up);
  printf("word %x\n", *futex_word);
  wake(down);
  waitpid(other, &status, 0);
  other = clone_with(CLONE_NEWPID);
  if (other == 0) {
    *futex_word = 4000000;
    SHOW(syscall(SYS_futex, futex_word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    _exit(0);
  }
  waitpid(other, &status, 0);
  puts("robust lists");
  pthread_mutex_t *mutex = (void *)(futex_word + 64);
  pthread_mutexattr_t attr;
  pthread_mutexattr_init(&attr);
  pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(mutex, &attr);
  other = clone_with(CLONE_NEWPID);
  if (other == 0) {
    if (fork() == 0) {
      pthread_mutex_lock(mutex);
      _exit(0);
    }
    wait(NULL);
    _exit(0);
  }
  waitpid(other, &status, 0);
  printf("lock: %s\n", error_name(pthread_mutex_lock(mutex)));
}

static void last_pids(void) {
  puts("last users of System V objects");
  int set = semget(IPC_PRIVATE, 1, 0600), queue = msgget(IPC_PRIVATE, 0600), segment = shmget(IPC_PRIVATE, 4096, 0600);
  struct sembuf plus = {0, 1, 0};
  semop(set, &plus, 1);
  struct {
    long type;
    char text[4];
  } message = {1, "abc"};
  msgsnd(queue, &message, 4, 0);
  msgrcv(queue, &message, 4, 0, 0);
  shmdt(shmat(segment, NULL, 0));
  other = clone_with(CLONE_NEWPID);
  if (other == 0) {
    struct msqid_ds msg;
    struct shmid_ds shm;
    SHOW(semctl(set, 0, GETPID));
    msgctl(queue, IPC_STAT, &msg);
    shmctl(segment, IPC_STAT, &shm);
    printf("sent %d received %d created %d last %d\n", msg.msg_lspid, msg.msg_lrpid, shm.shm_cpid, shm.shm_lpid);
    semop(set, &plus, 1);
    msgsnd(queue, &message, 4, 0);
    SHOW(semctl(set, 0, GETPID));
    msgctl(queue, IPC_STAT, &msg);
    printf("sent %d received %d\n", msg.msg_lspid, msg.msg_lrpid);
    wake(up), await(down);
    _exit(0);
  }
  await(up);
  printf("last %s\n", number(semctl(set, 0, GETPID)));
  wake(down);
  waitpid(other, &status, 0);
  /* The number of one who is gone stays. */
  printf("last %s\n", number(semctl(set, 0, GETPID)));
  semctl(set, 0, IPC_RMID), msgctl(queue, IPC_RMID, NULL), shmctl(segment, IPC_RMID, NULL);
}

static void death_signals(void) {
  puts("death signals");
  /* From a parent that the child does not see. */
  pid_t parent = fork();
  if (parent == 0) {
    pid_t init = clone_with(CLONE_NEWPID);
    if (init == 0) {
      block(SIGUSR1);
      SHOW(prctl(PR_SET_PDEATHSIG, SIGUSR1));
      wake(up);
      await_signal(SIGUSR1);
      SHOW(getppid());
      wake(up);
      _exit(0);
    }
    await(up);
    _exit(0);
  }
  waitpid(parent, &status, 0);
  await(up);
  millis(20);
  SHOW(prctl(PR_SET_PDEATHSIG, 65));
  SHOW(prctl(PR_SET_PDEATHSIG, -1));
  SHOW(prctl(PR_GET_PDEATHSIG, 8));
  IN_CHILD("cleared by a change of ids", {
    int signo = -1;
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    prctl(PR_GET_PDEATHSIG, &signo);
    printf("%d\n", signo);
    setuid(0);
    prctl(PR_GET_PDEATHSIG, &signo);
    printf("%d\n", signo);
    setgid(1000);
    prctl(PR_GET_PDEATHSIG, &signo);
    printf("%d\n", signo);
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    setfsuid(5);
    prctl(PR_GET_PDEATHSIG, &signo);
    printf("%d\n", signo);
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    setuid(1000);
    prctl(PR_GET_PDEATHSIG, &signo);
    printf("%d\n", signo);
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    if (fork() == 0) {
      prctl(PR_GET_PDEATHSIG, &signo);
      printf("a child has none: %d\n", signo);
      _exit(0);
    }
    wait(NULL);
  });
}

static void *make_child(void *arg) {
  pid_t child = fork();
  if (child == 0) {
    block(SIGUSR1);
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    wake(up);
    await_signal(SIGUSR1);
    _exit(0);
  }
  await(up);
  *(pid_t *)arg = child;
  return NULL;
}

static void parents(void) {
  puts("the parent is the thread");
  pthread_t thread;
  pthread_create(&thread, NULL, make_child, &other);
  pthread_join(thread, NULL);
  waitpid(other, &status, 0);
  show_status("child", status);
  puts("CLONE_PARENT");
  pid_t child = clone_with(CLONE_NEWPID);
  if (child == 0) {
    SHOW(clone_with(CLONE_PARENT));
    _exit(0);
  }
  waitpid(child, &status, 0);
  IN_CHILD("brother", {
    child = fork();
    if (child == 0) {
      pid_t brother = clone_with(CLONE_PARENT);
      if (brother == 0) _exit(7);
      _exit(brother > 0 ? 6 : 5);
    }
    waitpid(child, &status, 0);
    show_status("child", status);
    SHOW(waitpid(-1, &status, 0) > 0);
    show_status("its brother", status);
  });
  unsigned long bad[] = {CLONE_NEWPID | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, CLONE_NEWUSER | CLONE_FS, CLONE_NEWNS | CLONE_FS, CLONE_SIGHAND, CLONE_THREAD | CLONE_SIGHAND,
                         CLONE_NEWUSER | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, CLONE_NEWPID | CLONE_PARENT};
  for (int i = 0; i < 6; i++) SHOW(clone_with(bad[i]));
  IN_CHILD("CLONE_PARENT | CLONE_NEWPID", {
    pid_t made = clone_with(bad[6]);
    if (made == 0) _exit(0);
    IS(made > 0);
  });
  while (wait(NULL) > 0) continue;
}

static void tracers(void) {
  puts("what a tracer is told of new children");
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    pid_t init = clone_with(CLONE_NEWPID);
    if (init == 0) {
      if (fork() == 0) _exit(0);
      wait(NULL);
      _exit(0);
    }
    waitpid(init, NULL, 0);
    _exit(0);
  }
  waitpid(child, &status, 0);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEFORK | PTRACE_O_TRACECLONE);
  ptrace(PTRACE_CONT, child, 0, 0);
  int ended = 0;
  pid_t seen[8];
  int count = 0;
  while (ended < 3) {
    pid_t stopped = waitpid(-1, &status, __WALL);
    if (stopped < 0) break;
    if (WIFEXITED(status)) {
      ended++;
      continue;
    }
    if (status >> 16) {
      unsigned long message = 0;
      ptrace(PTRACE_GETEVENTMSG, stopped, 0, &message);
      seen[count++] = message;
      printf("event %d\n", status >> 16);
    }
    ptrace(PTRACE_CONT, stopped, 0, WSTOPSIG(status) == SIGCHLD ? SIGCHLD : 0);
  }
  for (int i = 0; i < count; i++) printf("told of %s\n", seen[i] > child ? "a later one, in its own numbers" : "something else");
}

int main(void) {
  if (pipe(down) || pipe(up)) return 1;
  owners();
  descriptors();
  futexes();
  last_pids();
  death_signals();
  parents();
  tracers();
  IN_CHILD("terminals", terminals());
  return 0;
}
