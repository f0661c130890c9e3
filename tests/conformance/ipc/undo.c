/* Semaphore adjustments: limits, who shares them, who takes them back. See semop(2), clone(2) CLONE_SYSVSEM, unshare(2), sem_overview(7). */
#include "show.h"
#include <sys/ipc.h>
#include <sys/sem.h>

static int set;
static char stack[65536];

static int op(int index, int delta, int flags) {
  struct sembuf one = {index, delta, flags};
  return semop(set, &one, 1);
}

static void values(const char *what) {
  unsigned short v[3] = {0};
  semctl(set, 0, GETALL, v);
  printf("%s: %d %d %d\n", what, v[0], v[1], v[2]);
}

static void reset(void) {
  unsigned short v[3] = {5, 5, 5};
  semctl(set, 0, SETALL, v);
}

static void *in_thread(void *arg) {
  op(0, 2, SEM_UNDO);
  return arg;
}

static int with_sysvsem(void *arg) {
  op(1, 3, SEM_UNDO);
  return (long)arg;
}

static void sharing(void) {
  pthread_t thread;
  IN_CHILD("threads share them", {
    pthread_create(&thread, NULL, in_thread, NULL);
    pthread_join(thread, NULL);
    values("after the thread");
  });
  values("after the process");
  reset();
  IN_CHILD("CLONE_SYSVSEM", {
    pid_t pid = clone(with_sysvsem, stack + sizeof stack, CLONE_SYSVSEM | SIGCHLD, NULL);
    int status;
    waitpid(pid, &status, 0);
    values("after the child");
  });
  values("after the parent");
  reset();
  IN_CHILD("without", {
    pid_t pid = clone(with_sysvsem, stack + sizeof stack, SIGCHLD, NULL);
    int status;
    waitpid(pid, &status, 0);
    values("after the child");
  });
  IN_CHILD("CLONE_SYSVSEM and CLONE_NEWIPC", SHOW(clone(with_sysvsem, stack + sizeof stack, CLONE_SYSVSEM | CLONE_NEWIPC | SIGCHLD, NULL)));
  reset();
  IN_CHILD("unshare(CLONE_SYSVSEM)", {
    op(0, 2, SEM_UNDO);
    SHOW(unshare(CLONE_SYSVSEM));
    values("at once");
    op(0, 1, SEM_UNDO);
  });
  values("and again at the end");
  reset();
  IN_CHILD("unshare(CLONE_NEWIPC)", {
    op(0, 2, SEM_UNDO);
    int home = open("/proc/self/ns/ipc", O_RDONLY);
    SHOW(unshare(CLONE_NEWIPC));
    SHOW(setns(home, CLONE_NEWIPC));
    values("back");
  });
  reset();
  IN_CHILD("setns", {
    int home = open("/proc/self/ns/ipc", O_RDONLY);
    op(0, 2, SEM_UNDO);
    SHOW(setns(home, CLONE_NEWIPC));
    values("entered");
  });
  reset();
  IN_CHILD("execution keeps them", {
    op(2, 4, SEM_UNDO);
    char id[16];
    snprintf(id, sizeof id, "%d", set);
    execl("/proc/self/exe", "undo", id, NULL);
    _exit(1);
  });
  values("after it");
}

static void limits(void) {
  reset();
  IN_CHILD("out of range", {
    SHOW(op(0, 32767 - 5, SEM_UNDO));
    SHOW(op(0, -32767, 0));
    SHOW(op(0, 32767, SEM_UNDO));
    SHOW(op(0, 1, SEM_UNDO));
    SHOW(op(0, -1, SEM_UNDO));
    values("refused ones do nothing");
    SHOW(op(0, 5, 0));
  });
  values("never below zero");
  reset();
  IN_CHILD("never above the maximum", {
    op(1, -5, SEM_UNDO);
    op(1, 32767, 0);
  });
  values("cut");
  reset();
  IN_CHILD("several in one call", {
    struct sembuf ops[] = {{0, -1, SEM_UNDO}, {0, -1, SEM_UNDO}, {1, 2, SEM_UNDO}, {2, 0, SEM_UNDO | IPC_NOWAIT}};
    SHOW(semop(set, ops, 4));
    ops[3].sem_op = -5;
    SHOW(semop(set, ops, 4));
    values("done");
  });
  values("taken back");
  puts("the undo of one who waits is done by who lets him go on");
  reset();
  op(0, -5, 0);
  pid_t pid = fork();
  if (pid == 0) {
    op(0, -1, SEM_UNDO);
    pause();
  }
  while (semctl(set, 0, GETNCNT) == 0) millis(5);
  op(0, 3, 0);
  values("let go");
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  values("taken back");
  IS(semctl(set, 0, GETPID) == pid);
  puts("and wakes others");
  reset();
  pid_t holder = fork();
  if (holder == 0) {
    op(0, -5, SEM_UNDO);
    pause();
  }
  while (semctl(set, 0, GETVAL) != 0) millis(5);
  pid = fork();
  if (pid == 0) _exit(op(0, -3, 0) ? 1 : 2);
  while (semctl(set, 0, GETNCNT) == 0) millis(5);
  kill(holder, SIGKILL);
  waitpid(holder, NULL, 0);
  int status;
  waitpid(pid, &status, 0);
  show_status("woken", status);
  puts("a set that is removed takes its adjustments with it");
  IN_CHILD("removed", {
    op(0, 1, SEM_UNDO);
    semctl(set, 0, IPC_RMID);
    set = semget(0x4242, 3, IPC_CREAT | 0600);
  });
  set = semget(0x4242, 3, 0600);
  values("a new one");
}

/* In which order sleepers go on. */
static void order(void) {
  int *log = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pid_t pids[4];
  for (int i = 0; i < 4; i++) {
    pids[i] = fork();
    if (pids[i] == 0) {
      int result = op(0, i == 1 ? -2 : -1, 0);
      log[1 + log[0]++] = result < 0 ? -1 : i;
      _exit(0);
    }
    while (semctl(set, 0, GETNCNT) <= i) millis(3);
  }
  for (int i = 0; i < 5; i++) {
    op(0, 1, 0);
    millis(30);
    printf("%d have gone on, %d wait, value %d\n", log[0], semctl(set, 0, GETNCNT), semctl(set, 0, GETVAL));
  }
  while (wait(NULL) > 0) continue;
  for (int i = 0; i < log[0]; i++) printf("%d ", log[i + 1]);
  printf("\n");
  puts("a set of operations waits at its first that cannot be done");
  pid_t pid = fork();
  if (pid == 0) {
    struct sembuf ops[] = {{0, -1, 0}, {1, 0, 0}, {2, -1, 0}};
    _exit(semop(set, ops, 3) ? 1 : 7);
  }
  op(1, 1, 0);
  while (semctl(set, 0, GETNCNT) == 0) millis(5);
  for (int i = 0; i < 4; i++) {
    printf("waits: %d %d, %d %d, %d %d\n", semctl(set, 0, GETNCNT), semctl(set, 0, GETZCNT), semctl(set, 1, GETNCNT), semctl(set, 1, GETZCNT), semctl(set, 2, GETNCNT),
           semctl(set, 2, GETZCNT));
    if (i == 0) op(0, 1, 0);
    if (i == 1) op(1, -1, 0);
    if (i == 2) op(2, 1, 0);
    millis(20);
  }
  int status;
  waitpid(pid, &status, 0);
  show_status("all", status);
  values("after all");
}

int main(int argc, char **argv) {
  if (argc > 1) {
    set = atoi(argv[1]);
    values("in the new program");
    return 0;
  }
  unshare(CLONE_NEWIPC);
  set = semget(0x4242, 3, IPC_CREAT | 0600);
  reset();
  sharing();
  limits();
  order();
  return 0;
}
