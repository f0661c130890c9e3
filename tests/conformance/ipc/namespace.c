/* IPC namespaces: objects of their own, limits of their own. See ipc_namespaces(7), proc_sys_kernel(5). */
#include "show.h"
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

static void cat(const char *path) {
  char text[4096];
  int fd = open(path, O_RDONLY);
  ssize_t count = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (count < 0) printf("%s: %s\n", path, error_name(errno));
  else printf("%s: %.*s", path, (int)count, text);
  if (fd >= 0) close(fd);
}

static void set(const char *path, const char *value) {
  int fd = open(path, O_WRONLY);
  errno = 0;
  ssize_t count = fd < 0 ? -1 : write(fd, value, strlen(value));
  printf("%s = %s: %s\n", path, value, count < 0 ? error_name(errno) : "ok");
  if (fd >= 0) close(fd);
}

int main(void) {
  int id = shmget(0x99, 4096, IPC_CREAT | 0600);
  IN_CHILD("own namespace", {
    OK(unshare(CLONE_NEWIPC));
    SHOW(shmget(0x99, 4096, 0600));
    SHOW(shmget(0x99, 4096, IPC_CREAT | 0600));
    SHOW(semget(0x99, 2, IPC_CREAT | 0600));
    SHOW(msgget(0x99, IPC_CREAT | 0600));
    cat("/proc/sys/kernel/msgmax");
    set("/proc/sys/kernel/msgmax", "100\n");
    cat("/proc/sys/kernel/msgmax");
    struct msgbuf *message = calloc(1, 300);
    message->mtype = 1;
    SHOW(msgsnd(0, message, 101, 0));
    SHOW(msgsnd(0, message, 100, 0));
    set("/proc/sys/kernel/shmmax", "4096");
    SHOW(shmget(IPC_PRIVATE, 4097, 0600));
    set("/proc/sys/kernel/shmmni", "1");
    SHOW(shmget(IPC_PRIVATE, 1, 0600));
    set("/proc/sys/kernel/sem", "3 4");
    cat("/proc/sys/kernel/sem");
    SHOW(semget(IPC_PRIVATE, 4, 0600));
    SHOW(semget(IPC_PRIVATE, 3, 0600));
    SHOW(semget(IPC_PRIVATE, 2, 0600));
    SHOW(semget(IPC_PRIVATE, 1, 0600));
    set("/proc/sys/kernel/sem_next_id", "98305");
    cat("/proc/sys/kernel/sem_next_id");
    semctl(1, 0, IPC_RMID);
    SHOW(semget(IPC_PRIVATE, 1, 0600));
    cat("/proc/sys/kernel/sem_next_id");
    set("/proc/sys/kernel/msgmni", "-1");
    set("/proc/sys/kernel/msgmni", "abc");
    set("/proc/sys/kernel/msgmni", "0x10");
    cat("/proc/sys/kernel/msgmni");
    set("/proc/sys/kernel/msgmni", "010");
    cat("/proc/sys/kernel/msgmni");
    set("/proc/sys/kernel/msgmni", "32769");
    set("/proc/sys/kernel/msgmni", "12x");
    set("/proc/sys/kernel/shm_rmid_forced", "2");
    set("/proc/sys/kernel/shmall", "18446744073709551616");
    set("/proc/sys/kernel/shmall", "18446744073709551615");
    cat("/proc/sys/kernel/shmall");
    pid_t child = fork();
    if (child == 0) {
      set("/proc/sys/kernel/shmmni", "10");
      shmget(0x77, 100, IPC_CREAT | 0600);
      shmat(shmget(0x78, 100, IPC_CREAT | 0600), NULL, 0);
      shmctl(shmget(0x79, 100, IPC_CREAT | 0600), SHM_LOCK, NULL);
      _exit(0);
    }
    wait(NULL);
    OK(shmget(0x77, 0, 0));
    set("/proc/sys/kernel/shm_rmid_forced", "1");
    SHOW(shmget(0x77, 0, 0));
    SHOW(shmget(0x78, 0, 0));
    SHOW(shmget(0x99, 0, 0));
  });
  cat("/proc/sys/kernel/msgmax");
  IS(shmget(0x99, 0, 0) == id);
  SHOW(shmctl(id, IPC_RMID, NULL));

  /* Ids go round. */
  IN_CHILD("ids", {
    unshare(CLONE_NEWIPC);
    for (int i = 0; i < 70; i++) {
      int one = semget(IPC_PRIVATE, 1, 0600);
      if (i % 16 == 0 || i > 62) printf("%d ", one);
      semctl(one, 0, IPC_RMID);
    }
    printf("\n");
    SHOW(semctl(5, 0, GETVAL));
    int one = semget(IPC_PRIVATE, 1, 0600);
    SHOW(semctl(one & 32767, 0, GETVAL));
    struct sembuf up = {0, 1, 0};
    SHOW(semop(one & 32767, &up, 1));
  });
  return 0;
}
