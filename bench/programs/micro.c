/*
 * micro NAME COUNT [PROGRAM]: nanoseconds of one kernel operation. Prints two numbers: of the first hundredth of COUNT (at least one),
 * in a process that has just begun, and of COUNT operations after as many for warming up. PROGRAM is what the exec tests execute.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "clock.h"

#define PAGE 4096L
#define CHUNK 65536

static const char *program;

static void need(int ok, const char *what) {
  if (ok) return;
  perror(what);
  _exit(1);
}

static void null_syscall(long n) {
  while (n-- > 0) syscall(SYS_getppid);
}

static void fork_wait(long n) {
  while (n-- > 0) {
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    need(waitpid(pid, NULL, 0) == pid, "wait");
  }
}

static void fork_exec_wait(long n) {
  while (n-- > 0) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
      execl(program, program, (char *)NULL);
      _exit(127);
    }
    waitpid(pid, &status, 0);
    need(status == 0, "exec");
  }
}

static void child_of(void (*body)(long), long n) {
  if (fork() == 0) {
    body(n);
    _exit(0);
  }
}

static int there[2], back[2];

static void echo(long n) {
  char c;
  while (n-- > 0) need(read(there[0], &c, 1) == 1 && write(back[1], &c, 1) == 1, "echo");
}

/* One operation is a byte there and a byte back. */
static void pipe_ping_pong(long n) {
  char c = 0;
  need(pipe(there) == 0 && pipe(back) == 0, "pipe");
  child_of(echo, n);
  while (n-- > 0) need(write(there[1], &c, 1) == 1 && read(back[0], &c, 1) == 1, "ping");
  wait(NULL);
  close(there[0]), close(there[1]), close(back[0]), close(back[1]);
}

static char chunk[CHUNK];

static void drain(long n) {
  for (long left = n * CHUNK; left > 0;) {
    long got = read(there[0], chunk, CHUNK);
    need(got > 0, "drain");
    left -= got;
  }
}

/* One operation is 64 KiB through a pipe to another process. */
static void pipe_bandwidth(long n) {
  need(pipe(there) == 0, "pipe");
  child_of(drain, n);
  while (n-- > 0) need(write(there[1], chunk, CHUNK) == CHUNK, "fill");
  wait(NULL);
  close(there[0]), close(there[1]);
}

/* One operation is the first write to a page of anonymous memory. */
static void page_fault(long n) {
  char *memory = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  need(memory != MAP_FAILED, "mmap");
  madvise(memory, n * PAGE, MADV_NOHUGEPAGE);
  for (long i = 0; i < n; i++) memory[i * PAGE] = 1;
  munmap(memory, n * PAGE);
}

static void map_unmap(long n) {
  while (n-- > 0) {
    char *memory = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    need(memory != MAP_FAILED, "mmap");
    memory[0] = 1;
    munmap(memory, 16 * PAGE);
  }
}

static const char *name_of(long i) {
  static char name[64];
  snprintf(name, sizeof name, "/tmp/bench-%d-%ld", (int)getpid(), i % 64);
  return name;
}

/* One operation is create, stat and unlink. */
static void files(long n) {
  struct stat st;
  while (n-- > 0) {
    const char *name = name_of(n);
    int fd = open(name, O_CREAT | O_WRONLY | O_EXCL, 0600);
    need(fd >= 0 && close(fd) == 0 && stat(name, &st) == 0 && unlink(name) == 0, name);
  }
}

static int ids[2];

static void semop1(int id, int by) {
  struct sembuf op = {0, by, 0};
  need(semop(id, &op, 1) == 0, "semop");
}

static void answer(long n) {
  while (n-- > 0) semop1(ids[0], -1), semop1(ids[1], 1);
}

static void semaphores(long n) {
  for (int i = 0; i < 2; i++) need((ids[i] = semget(IPC_PRIVATE, 1, 0600)) >= 0, "semget");
  child_of(answer, n);
  while (n-- > 0) semop1(ids[0], 1), semop1(ids[1], -1);
  wait(NULL);
  for (int i = 0; i < 2; i++) semctl(ids[i], 0, IPC_RMID);
}

struct message {
  long type;
  char text[64];
};

static void reply(long n) {
  struct message message;
  while (n-- > 0)
    need(msgrcv(ids[0], &message, 64, 1, 0) == 64 && (message.type = 2, msgsnd(ids[0], &message, 64, 0)) == 0, "msg");
}

static void messages(long n) {
  struct message message = {1, ""};
  need((ids[0] = msgget(IPC_PRIVATE, 0600)) >= 0, "msgget");
  child_of(reply, n);
  while (n-- > 0) {
    message.type = 1;
    need(msgsnd(ids[0], &message, 64, 0) == 0 && msgrcv(ids[0], &message, 64, 2, 0) == 64, "msg");
  }
  wait(NULL);
  msgctl(ids[0], IPC_RMID, NULL);
}

#define AREA (64 * PAGE)

/* A pass of read-modify-write over an area, in nanoseconds for a page. */
static double pass(volatile long *memory) {
  double from = now();
  for (long i = 0; i < AREA / 8; i++) memory[i] += i;
  return (now() - from) * PAGE / AREA;
}

static void *map(int flags) {
  void *memory = mmap(NULL, AREA, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
  need(memory != MAP_FAILED, "mmap");
  return memory;
}

static void *segment(void) {
  int id = shmget(IPC_PRIVATE, AREA, 0600);
  void *memory = shmat(id, NULL, 0);
  need(memory != (void *)-1, "shmat");
  shmctl(id, IPC_RMID, NULL);
  return memory;
}

/* Private memory, a shared mapping and a System V segment in turn: prints the shortest pass of each, for a page. */
static int compare_memory(long n) {
  void *areas[] = {map(MAP_PRIVATE), map(MAP_SHARED), segment()};
  double least[] = {1e9, 1e9, 1e9};
  while (n-- > 0)
    for (int i = 0; i < 3; i++) {
      double time = pass(areas[i]);
      if (time < least[i]) least[i] = time;
    }
  printf("%.1f %.1f %.1f\n", least[0], least[1], least[2]);
  return 0;
}

/* One operation is a process in namespaces of its own, from clone to wait. */
static void namespaces(long n) {
  int kinds = CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWPID | (geteuid() == 0 ? 0 : CLONE_NEWUSER);
  while (n-- > 0) {
    pid_t pid = fork();
    if (pid == 0) {
      need(unshare(kinds) == 0, "unshare");
      pid = fork();
      if (pid == 0) _exit(0);
      _exit(waitpid(pid, NULL, 0) == pid ? 0 : 1);
    }
    int status;
    waitpid(pid, &status, 0);
    if (status != 0) _exit(1);
  }
}

static const struct {
  const char *name;
  void (*run)(long);
} tests[] = {
  {"null", null_syscall},     {"fork", fork_wait},        {"exec", fork_exec_wait},  {"pingpong", pipe_ping_pong}, {"bandwidth", pipe_bandwidth},
  {"fault", page_fault},      {"mmap", map_unmap},        {"files", files},          {"semaphores", semaphores},   {"messages", messages},
  {"namespaces", namespaces},
};

static double each(void (*run)(long), long n) {
  double from = now();
  run(n);
  return (now() - from) / n;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  program = argc > 3 ? argv[3] : "/bench/true";
  long n = atol(argv[2]);
  if (strcmp(argv[1], "memory") == 0) return compare_memory(n);
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
    if (strcmp(argv[1], tests[i].name) != 0) continue;
    double first = each(tests[i].run, n >= 100 ? n / 100 : 1);
    tests[i].run(n);
    printf("%.1f %.1f\n", first, each(tests[i].run, n));
    return 0;
  }
  return 2;
}
