/* System V semaphores: creation, operations, undo, control commands. See semget(2), semop(2), semctl(2), sem_overview(7). */
#include "show.h"
#include <sys/ipc.h>
#include <sys/sem.h>

union semun {
  int val;
  struct semid_ds *buf;
  unsigned short *array;
  struct seminfo *info;
};

static int set;

static int op(int index, int delta, int flags) {
  struct sembuf one = {index, delta, flags};
  return semop(set, &one, 1);
}

static int timed(int index, int delta, long ms) {
  struct sembuf one = {index, delta, 0};
  struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
  return semtimedop(set, &one, 1, &t);
}

static void values(const char *what) {
  unsigned short v[8] = {0};
  semctl(set, 0, GETALL, (union semun){.array = v});
  printf("%s: %d %d %d\n", what, v[0], v[1], v[2]);
}

static void *remover(void *arg) {
  (void)arg;
  millis(50);
  semctl(set, 0, IPC_RMID);
  return NULL;
}

static void creation(void) {
  SHOW(semget(0x1234, 3, 0600));
  OK(set = semget(0x1234, 3, IPC_CREAT | IPC_EXCL | 0640));
  SHOW(semget(0x1234, 3, IPC_CREAT | IPC_EXCL | 0600));
  IS(semget(0x1234, 2, 0600) == set);
  IS(semget(0x1234, 0, 0) == set);
  SHOW(semget(0x1234, 4, 0600));
  SHOW(semget(IPC_PRIVATE, 0, 0600));
  SHOW(semget(IPC_PRIVATE, -1, 0600));
  SHOW(semget(IPC_PRIVATE, 32001, 0600));
  struct semid_ds ds;
  SHOW(semctl(set, 0, IPC_STAT, (union semun){.buf = &ds}));
  printf("key %x mode %o nsems %lu otime %ld seq %d\n", ds.sem_perm.__key, ds.sem_perm.mode, ds.sem_nsems, ds.sem_otime, ds.sem_perm.__seq);
  IS(ds.sem_ctime > 0);
  ds.sem_perm.mode = 0606;
  ds.sem_perm.uid = 7;
  SHOW(semctl(set, 0, IPC_SET, (union semun){.buf = &ds}));
  semctl(set, 0, IPC_STAT, (union semun){.buf = &ds});
  printf("mode %o uid %d cuid %d\n", ds.sem_perm.mode, ds.sem_perm.uid, ds.sem_perm.cuid);
}

static void operations(void) {
  unsigned short start[3] = {1, 2, 3};
  SHOW(semctl(set, 0, SETALL, (union semun){.array = start}));
  values("set");
  SHOW(op(0, -1, 0));
  SHOW(op(0, -1, IPC_NOWAIT));
  SHOW(op(0, 0, IPC_NOWAIT));
  SHOW(op(1, 0, IPC_NOWAIT));
  SHOW(op(3, 1, 0));
  SHOW(op(0, 32767, 0));
  SHOW(op(0, 1, 0));
  SHOW(op(0, -32767, 0));
  SHOW(timed(0, -1, 30));
  SHOW(timed(0, -1, 0));
  struct sembuf both[3] = {{1, -1, 0}, {2, -4, IPC_NOWAIT}, {0, 1, 0}};
  SHOW(semop(set, both, 3));
  values("nothing happened");
  both[1].sem_op = -3;
  SHOW(semop(set, both, 3));
  values("all happened");
  struct sembuf same[2] = {{0, -1, IPC_NOWAIT}, {0, -1, IPC_NOWAIT}};
  SHOW(semop(set, same, 2));
  struct sembuf upDown[2] = {{2, 2, 0}, {2, -2, IPC_NOWAIT}};
  SHOW(semop(set, upDown, 2));
  SHOW(semop(set, both, 0));
  SHOW(semop(set, both, 501));
  SHOW(semop(set, (struct sembuf *)1, 1));
  SHOW(semop(-1, both, 1));
  SHOW(semop(set + 1, both, 1));
  struct timespec bad = {0, 1000000000};
  SHOW(semtimedop(set, both, 1, &bad));
  values("end");
  IS(semctl(set, 0, GETPID) == getpid());
}

static void control(void) {
  SHOW(semctl(set, 0, SETVAL, (union semun){.val = 5}));
  SHOW(semctl(set, 0, GETVAL));
  SHOW(semctl(set, 0, SETVAL, (union semun){.val = 32768}));
  SHOW(semctl(set, 0, SETVAL, (union semun){.val = -1}));
  SHOW(semctl(set, 3, SETVAL, (union semun){.val = 1}));
  SHOW(semctl(set, 3, GETVAL));
  SHOW(semctl(set, -1, GETVAL));
  SHOW(semctl(set, 0, 99));
  SHOW(semctl(-1, 0, GETVAL));
  unsigned short high[3] = {1, 40000, 1};
  SHOW(semctl(set, 0, SETALL, (union semun){.array = high}));
  SHOW(semctl(set, 0, GETALL, (union semun){.array = (void *)1}));
  struct seminfo info;
  IS(semctl(0, 0, IPC_INFO, (union semun){.info = &info}) >= 0);
  printf("info %d %d %d %d %d %d %d %d %d %d\n", info.semmap, info.semmni, info.semmns, info.semmnu, info.semmsl, info.semopm, info.semume, info.semusz,
         info.semvmx, info.semaem);
  IS(semctl(0, 0, SEM_INFO, (union semun){.info = &info}) >= 0);
  printf("sets %d semaphores %d\n", info.semusz, info.semaem);
  struct semid_ds ds;
  IS(semctl(set & 32767, 0, SEM_STAT, (union semun){.buf = &ds}) == set);
  SHOW(semctl(77, 0, SEM_STAT, (union semun){.buf = &ds}));
}

static void waiting(void) {
  unsigned short start[3] = {0, 1, 0};
  semctl(set, 0, SETALL, (union semun){.array = start});
  pid_t down = fork();
  if (down == 0) _exit(op(0, -2, 0) == 0 ? 3 : 4);
  pid_t zero = fork();
  if (zero == 0) _exit(op(1, 0, 0) == 0 ? 5 : 6);
  while (semctl(set, 0, GETNCNT) == 0 || semctl(set, 1, GETZCNT) == 0) millis(5);
  SHOW(semctl(set, 0, GETNCNT));
  SHOW(semctl(set, 0, GETZCNT));
  SHOW(semctl(set, 1, GETZCNT));
  op(0, 1, 0);
  millis(20);
  SHOW(semctl(set, 0, GETVAL));
  op(0, 1, 0);
  int status;
  waitpid(down, &status, 0);
  show_status("down", status);
  SHOW(semctl(set, 0, GETVAL));
  IS(semctl(set, 0, GETPID) == down);
  op(1, -1, 0);
  waitpid(zero, &status, 0);
  show_status("zero", status);
}

static void undo(void) {
  semctl(set, 0, SETVAL, (union semun){.val = 1});
  IN_CHILD("with undo", {
    SHOW(op(0, -1, SEM_UNDO));
    SHOW(op(2, 4, SEM_UNDO));
    values("inside");
  });
  values("after undo");
  IN_CHILD("undo is forgotten by SETVAL", {
    op(2, 4, SEM_UNDO);
    semctl(set, 2, SETVAL, (union semun){.val = 9});
  });
  values("kept");
  IN_CHILD("undo never goes below zero", {
    op(2, 9, SEM_UNDO);
    op(2, -15, 0);
  });
  values("cut");
  IN_CHILD("a child of fork has no undo", {
    op(0, 3, SEM_UNDO);
    if (fork() == 0) _exit(0);
    wait(NULL);
    values("still there");
  });
  values("gone");
}

static void on_alarm(int signo) { (void)signo; }

static void interruption(void) {
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  semctl(set, 0, SETVAL, (union semun){.val = 0});
  struct itimerval soon = {{0, 0}, {0, 30000}};
  setitimer(ITIMER_REAL, &soon, NULL);
  SHOW(op(0, -1, 0));
}

int main(void) {
  creation();
  operations();
  control();
  waiting();
  undo();
  interruption();
  pthread_t thread;
  pthread_create(&thread, NULL, remover, NULL);
  SHOW(op(0, -1, 0));
  pthread_join(thread, NULL);
  SHOW(op(0, 1, 0));
  SHOW(semctl(set, 0, IPC_RMID));
  IN_CHILD("without rights", {
    set = semget(0x77, 1, IPC_CREAT | 0640);
    semctl(set, 0, SETVAL, (union semun){.val = 1});
    if (setgid(100) || setuid(1000)) _exit(1);
    SHOW(semget(0x77, 1, 0400));
    SHOW(semctl(set, 0, GETVAL));
    SHOW(op(0, 1, 0));
    SHOW(op(0, 0, IPC_NOWAIT));
    SHOW(semctl(set, 0, IPC_RMID));
    struct semid_ds ds;
    SHOW(semctl(set, 0, IPC_STAT, (union semun){.buf = &ds}));
    IS(semctl(set & 32767, 0, SEM_STAT_ANY, (union semun){.buf = &ds}) == set);
  });
  set = semget(0x77, 1, 0);
  SHOW(semctl(set, 0, IPC_RMID));
  return 0;
}
