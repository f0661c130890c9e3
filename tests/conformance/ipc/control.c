/* Control commands, permissions and limits of System V objects. See msgctl(2), semctl(2), shmctl(2), shmop(2), sysvipc(7). */
#include "show.h"
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#define COMMANDS 24
#define LONGEST 64

static int queue, set, segment;
static long space[LONGEST];

/* Every command of the three calls for whoever calls, with an object that is there and one that is not. */
static void commands(const char *who) {
  printf("%s\n", who);
  for (int command = -1; command < COMMANDS; command++) {
    if (command == IPC_RMID || command == IPC_SET) continue;
    memset(space, 0, sizeof space);
    printf("%2d:", command);
    int there[] = {msgctl(queue, command, (void *)space), 0, 0, 0};
    printf(" msg %s", there[0] < 0 ? error_name(errno) : "ok");
    there[1] = semctl(set, 0, command, command == SETVAL ? NULL : (void *)space);
    printf(", sem %s", there[1] < 0 ? error_name(errno) : "ok");
    there[2] = shmctl(segment, command, (void *)space);
    printf(", shm %s", there[2] < 0 ? error_name(errno) : "ok");
    int absent[] = {msgctl(queue + 32768, command, (void *)space), 0, 0};
    printf("; absent msg %s", absent[0] < 0 ? error_name(errno) : "ok");
    absent[1] = semctl(set + 32768, 0, command, (void *)space);
    printf(", sem %s", absent[1] < 0 ? error_name(errno) : "ok");
    absent[2] = shmctl(segment + 32768, command, (void *)space);
    printf(", shm %s", absent[2] < 0 ? error_name(errno) : "ok");
    printf("; bad buffer msg %s", msgctl(queue, command, (void *)8) < 0 ? error_name(errno) : "ok");
    printf(", sem %s", semctl(set, 0, command, (void *)8) < 0 ? error_name(errno) : "ok");
    printf(", shm %s\n", shmctl(segment, command, (void *)8) < 0 ? error_name(errno) : "ok");
  }
}

static void owners(void) {
  struct msqid_ds ds;
  struct shmid_ds shm;
  struct semid_ds sem;
  SHOW(msgctl(queue, IPC_STAT, &ds));
  ds.msg_perm.uid = 1000;
  ds.msg_perm.gid = 77;
  ds.msg_perm.mode = 0177777;
  SHOW(msgctl(queue, IPC_SET, &ds));
  SHOW(msgctl(queue, IPC_STAT, &ds));
  printf("mode %o uid %u gid %u cuid %u cgid %u\n", ds.msg_perm.mode, ds.msg_perm.uid, ds.msg_perm.gid, ds.msg_perm.cuid, ds.msg_perm.cgid);
  ds.msg_perm.uid = -1;
  SHOW(msgctl(queue, IPC_SET, &ds));
  SHOW(msgctl(queue, IPC_SET, (void *)1));
  SHOW(shmctl(segment, IPC_STAT, &shm));
  shm.shm_perm.gid = -1;
  SHOW(shmctl(segment, IPC_SET, &shm));
  SHOW(shmctl(segment, IPC_SET, (void *)1));
  shm.shm_perm.gid = 1000;
  shm.shm_perm.mode = 0;
  SHOW(shmctl(segment, IPC_SET, &shm));
  SHOW(semctl(set, 0, IPC_STAT, &sem));
  sem.sem_perm.uid = -1;
  SHOW(semctl(set, 0, IPC_SET, &sem));
  SHOW(semctl(set, 0, IPC_SET, (void *)1));
  IN_CHILD("the new owner", {
    setgid(1000), setuid(1000);
    SHOW(msgctl(queue, IPC_STAT, &ds));
    ds.msg_perm.mode = 0600;
    ds.msg_perm.uid = 1000;
    ds.msg_qbytes = 100;
    SHOW(msgctl(queue, IPC_SET, &ds));
    ds.msg_qbytes = 16384;
    SHOW(msgctl(queue, IPC_SET, &ds));
    ds.msg_qbytes = 16385;
    SHOW(msgctl(queue, IPC_SET, &ds));
    SHOW(shmctl(segment, IPC_SET, &shm));
    SHOW(shmctl(segment, IPC_RMID, NULL));
    SHOW(semctl(set, 0, IPC_RMID));
    commands("without rights");
    SHOW(msgctl(queue, IPC_RMID, NULL));
  });
  IN_CHILD("a group", {
    SHOW(setgid(1000));
    SHOW(setuid(1001));
    shm.shm_perm.mode = 0040;
    SHOW(shmctl(segment, IPC_STAT, &shm));
    IS(shmat(segment, NULL, SHM_RDONLY) != (void *)-1);
  });
}

static void locking(void) {
  struct rlimit limit = {8192, 8192};
  segment = shmget(0x99, 8192, IPC_CREAT | 0600);
  int large = shmget(IPC_PRIVATE, 8193, 0600), mine;
  setrlimit(RLIMIT_MEMLOCK, &limit);
  SHOW(shmctl(large, SHM_LOCK, NULL));
  SHOW(shmctl(large, SHM_UNLOCK, NULL));
  IN_CHILD("user", {
    setgid(1000), setuid(1000);
    SHOW(shmctl(segment, SHM_LOCK, NULL));
    SHOW(shmctl(segment, SHM_UNLOCK, NULL));
    mine = shmget(IPC_PRIVATE, 8192, 0600);
    large = shmget(IPC_PRIVATE, 8193, 0600);
    SHOW(shmctl(large, SHM_LOCK, NULL));
    SHOW(shmctl(mine, SHM_LOCK, NULL));
    SHOW(shmctl(mine, SHM_LOCK, NULL));
    int other = shmget(IPC_PRIVATE, 1, 0600);
    SHOW(shmctl(other, SHM_LOCK, NULL));
    SHOW(shmctl(mine, IPC_RMID, NULL));
    SHOW(shmctl(other, SHM_LOCK, NULL));
    SHOW(shmctl(other, SHM_UNLOCK, NULL));
    limit.rlim_cur = 0;
    setrlimit(RLIMIT_MEMLOCK, &limit);
    SHOW(shmctl(other, SHM_LOCK, NULL));
    SHOW(shmctl(other, SHM_UNLOCK, NULL));
  });
}

static void attaching(void) {
  int code = shmget(IPC_PRIVATE, 4096, 0700), plain = shmget(IPC_PRIVATE, 4096, 0600);
  IS(shmat(code, NULL, SHM_EXEC) != (void *)-1);
  SHOW(shmat(plain, NULL, SHM_EXEC) == (void *)-1 ? -1 : 0);
  SHOW(shmat(plain, (void *)0x7fffffffffff000, 0) == (void *)-1 ? -1 : 0);
  SHOW(shmat(plain, (void *)-4096, 0) == (void *)-1 ? -1 : 0);
  SHOW(shmat(plain, (void *)-4096, SHM_REMAP) == (void *)-1 ? -1 : 0);
  SHOW(shmdt((void *)-4096));
  SHOW(shmget(IPC_PRIVATE, 4096, SHM_HUGETLB | 0600));
  SHOW(shmget(IPC_PRIVATE, -1, 0600));
  SHOW(shmget(IPC_PRIVATE, 1L << 62, 0600));
  OK(shmget(IPC_PRIVATE, 1L << 20, SHM_NORESERVE | 0600));
  char *at = shmat(code, NULL, SHM_RDONLY);
  SHOW(mprotect(at, 4096, PROT_READ | PROT_WRITE));
  SHOW(madvise(at, 4096, MADV_DONTNEED));
  SHOW(mremap(at, 4096, 8192, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0);
  puts("a new mapping in the middle of an attachment");
  int big = shmget(IPC_PRIVATE, 5 * 4096, 0600);
  struct shmid_ds ds;
  at = shmat(big, NULL, 0);
  mmap(at + 4096, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  shmctl(big, IPC_STAT, &ds);
  printf("%lu attached\n", ds.shm_nattch);
  at[4096] = 'x';
  SHOW(shmdt(at));
  printf("still there: %c\n", at[4096]);
  shmctl(big, IPC_STAT, &ds);
  printf("%lu attached\n", ds.shm_nattch);
  puts("SHM_REMAP over another attachment");
  at = shmat(big, NULL, 0);
  IS(shmat(big, at, 0) == (void *)-1 && errno == EINVAL);
  IS(shmat(big, at, SHM_REMAP) == at);
  shmctl(big, IPC_STAT, &ds);
  printf("%lu attached\n", ds.shm_nattch);
}

static void *lower_mode(void *arg) {
  struct msqid_ds ds;
  (void)arg;
  millis(40);
  msgctl(queue, IPC_STAT, &ds);
  ds.msg_qbytes = 60;
  msgctl(queue, IPC_SET, &ds);
  return NULL;
}

static void messages(void) {
  static struct {
    long type;
    char text[9000];
  } m = {.type = 1};
  struct msqid_ds ds;
  queue = msgget(IPC_PRIVATE, 0600);
  msgctl(queue, IPC_STAT, &ds);
  ds.msg_qbytes = 30;
  SHOW(msgctl(queue, IPC_SET, &ds));
  SHOW(msgsnd(queue, &m, 31, IPC_NOWAIT));
  SHOW(msgsnd(queue, &m, 30, IPC_NOWAIT));
  SHOW(msgsnd(queue, &m, -1, IPC_NOWAIT));
  puts("a sender goes on when the queue may hold more");
  pthread_t thread;
  pthread_create(&thread, NULL, lower_mode, NULL);
  SHOW(msgsnd(queue, &m, 30, 0));
  pthread_join(thread, NULL);
  puts("messages of no bytes count too");
  ds.msg_qbytes = 3;
  SHOW(msgctl(queue, IPC_SET, &ds));
  while (msgrcv(queue, &m, 9000, 0, IPC_NOWAIT) >= 0) continue;
  m.type = 1;
  for (int i = 0; i < 4; i++) SHOW(msgsnd(queue, &m, 0, IPC_NOWAIT));
  SHOW(msgrcv(queue, &m, 0, LONG_MIN, IPC_NOWAIT));
  SHOW(msgrcv(queue, &m, 0, LONG_MAX, IPC_NOWAIT));
  SHOW(msgrcv(queue, &m, 1L << 40, 0, IPC_NOWAIT));
  SHOW(msgrcv(queue, &m, 0, 1, IPC_NOWAIT | MSG_EXCEPT));
  SHOW(msgrcv(queue, &m, 0, 2, IPC_NOWAIT | MSG_EXCEPT));
  SHOW(msgrcv(queue, &m, 0, 0, IPC_NOWAIT | MSG_EXCEPT | 040000));
  puts("a receiver whose buffer is too small learns of the message, the next one gets it");
  int *results = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ds.msg_qbytes = 1000;
  msgctl(queue, IPC_SET, &ds);
  for (int i = 0; i < 4; i++) {
    if (fork() == 0) {
      ssize_t got = msgrcv(queue, &m, i == 0 ? 5 : 50, i == 1 ? 9 : 0, 0);
      results[i] = got < 0 ? -errno : (int)m.type;
      _exit(0);
    }
    millis(40);
  }
  m.type = 3;
  SHOW(msgsnd(queue, &m, 20, 0));
  m.type = 4;
  SHOW(msgsnd(queue, &m, 20, 0));
  m.type = 9;
  SHOW(msgsnd(queue, &m, 20, 0));
  while (wait(NULL) > 0) continue;
  for (int i = 0; i < 4; i++) printf("%s%d ", results[i] < 0 ? error_name(-results[i]) : "", results[i] < 0 ? 0 : results[i]);
  printf("\n");
  puts("a receiver that may not read any more");
  if (fork() == 0) {
    setgid(1000), setuid(1000);
    results[0] = msgrcv(queue, &m, 50, 0, 0) < 0 ? errno : 0;
    _exit(0);
  }
  ds.msg_perm.mode = 0666;
  msgctl(queue, IPC_SET, &ds);
  pid_t pid = fork();
  if (pid == 0) {
    setgid(1000), setuid(1000);
    results[1] = msgrcv(queue, &m, 50, 0, 0) < 0 ? errno : 0;
    _exit(0);
  }
  millis(50);
  ds.msg_perm.mode = 0600;
  msgctl(queue, IPC_SET, &ds);
  while (wait(NULL) > 0) continue;
  printf("%s %s\n", error_name(results[0]), error_name(results[1]));
}

/* A namespace lives as long as a member, a descriptor or a bind mount. */
static void life(void) {
  int from[2], to[2];
  char byte;
  SHOW(unshare(CLONE_NEWNS));
  SHOW(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
  close(open("/tmp/ipc", O_CREAT | O_RDONLY, 0600));
  if (pipe(from) || pipe(to)) return;
  pid_t pid = fork();
  if (pid == 0) {
    unshare(CLONE_NEWIPC);
    int id = shmget(0x77, 4096, IPC_CREAT | 0600);
    strcpy(shmat(id, NULL, 0), "kept");
    msgget(0x78, IPC_CREAT | 0600);
    if (write(from[1], "x", 1) != 1 || read(to[0], &byte, 1) != 1) _exit(1);
    _exit(0);
  }
  if (read(from[0], &byte, 1) != 1) return;
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/ipc", pid);
  int fd = open(path, O_RDONLY);
  SHOW(mount(path, "/tmp/ipc", NULL, MS_BIND, NULL));
  if (write(to[1], "x", 1) != 1) return;
  waitpid(pid, NULL, 0);
  IN_CHILD("by the descriptor", {
    SHOW(setns(fd, CLONE_NEWIPC));
    int id = shmget(0x77, 0, 0);
    printf("%s\n", (char *)shmat(id, NULL, 0));
    struct shmid_ds ds;
    SHOW(shmctl(id, IPC_STAT, &ds));
    printf("%lu attached, creator %s, last %s\n", ds.shm_nattch, ds.shm_cpid == pid ? "the first" : "another", ds.shm_lpid == getpid() ? "this" : "other");
    SHOW(msgget(0x78, 0));
  });
  close(fd);
  IN_CHILD("by the mount", {
    fd = open("/tmp/ipc", O_RDONLY);
    SHOW(setns(fd, CLONE_NEWIPC));
    SHOW(msgget(0x78, 0));
    char *at = shmat(shmget(0x77, 0, 0), NULL, 0);
    SHOW(umount2("/tmp/ipc", MNT_DETACH));
    close(fd);
    SHOW(unshare(CLONE_NEWIPC));
    printf("memory outlives it: %s\n", at);
    SHOW(shmget(0x77, 0, 0));
    SHOW(shmdt(at));
  });
}

int main(void) {
  unshare(CLONE_NEWIPC);
  queue = msgget(0x99, IPC_CREAT | 0600);
  set = semget(0x99, 3, IPC_CREAT | 0600);
  segment = shmget(0x99, 4096, IPC_CREAT | 0600);
  commands("owner");
  owners();
  shmctl(segment, IPC_RMID, NULL);
  locking();
  attaching();
  messages();
  life();
  return 0;
}
