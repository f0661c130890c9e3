/* What /proc tells about System V objects, and the kernel parameters of an IPC namespace. See sysvipc(7), proc_sys_kernel(5). */
#include "show.h"
#include <dirent.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

/* A file of /proc/sysvipc: process ids and times only tell whether they are there. */
static void table(const char *path, const char *hidden) {
  char line[1024];
  FILE *file = fopen(path, "r");
  printf("%s\n", path);
  for (int row = 0; fgets(line, sizeof line, file); row++) {
    if (row == 0) {
      printf("%s", line);
      continue;
    }
    int column = 0;
    for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n"), column++) {
      if (hidden[column] == 'h') printf(" %s", strcmp(word, "0") ? "+" : "0");
      else printf(" %s", word);
    }
    printf("\n");
  }
  fclose(file);
}

static void cat(const char *name) {
  char path[64], text[128];
  snprintf(path, sizeof path, "/proc/sys/kernel/%s", name);
  struct stat st;
  if (stat(path, &st) < 0) {
    printf("%s: %s\n", name, error_name(errno));
    return;
  }
  int fd = open(path, O_RDONLY);
  ssize_t count = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (count < 0) printf("%s: %s\n", name, error_name(errno));
  else printf("%s %o %u:%u: %.*s", name, st.st_mode & 07777, st.st_uid, st.st_gid, (int)count, text);
  if (fd >= 0) close(fd);
}

static void set(const char *name, const char *value) {
  char path[64];
  snprintf(path, sizeof path, "/proc/sys/kernel/%s", name);
  int fd = open(path, O_WRONLY);
  errno = 0;
  ssize_t count = fd < 0 ? -1 : write(fd, value, strlen(value));
  printf("%s = %s: %s%s\n", name, value, fd < 0 ? "open " : "", count < 0 ? error_name(errno) : "ok");
  if (fd >= 0) close(fd);
}

static const char *const names[] = {"auto_msgmni", "msg_next_id", "msgmax", "msgmnb", "msgmni", "sem", "sem_next_id", "shm_next_id", "shm_rmid_forced", "shmall", "shmmax", "shmmni"};
#define NAMES (sizeof names / sizeof *names)

static void objects(void) {
  unshare(CLONE_NEWIPC);
  table("/proc/sysvipc/msg", "");
  table("/proc/sysvipc/sem", "");
  table("/proc/sysvipc/shm", "");
  int queue = msgget(0x7fffffff, IPC_CREAT | 0640);
  struct {
    long type;
    char text[20];
  } message = {1, "text"};
  msgget(0xdeadbeef, IPC_CREAT | 0);
  SHOW(msgsnd(queue, &message, 20, 0));
  SHOW(msgsnd(queue, &message, 0, 0));
  SHOW(msgrcv(queue, &message, 20, 0, 0));
  table("/proc/sysvipc/msg", "     hh    hhh");
  int set = semget(0xdeadbeef, 7, IPC_CREAT | 0777);
  semget(IPC_PRIVATE, 1, 0);
  struct sembuf one = {2, 1, 0};
  SHOW(semop(set, &one, 1));
  table("/proc/sysvipc/sem", "        hh");
  int segment = shmget(12, 10000, IPC_CREAT | 0600);
  int gone = shmget(13, 4096, IPC_CREAT | 0606);
  char *at = shmat(segment, NULL, 0), *other = shmat(gone, NULL, 0);
  at[0] = at[5000] = other[0] = 1;
  SHOW(shmctl(gone, IPC_RMID, NULL));
  SHOW(shmctl(segment, SHM_LOCK, NULL));
  shmctl(shmget(IPC_PRIVATE, 1, 0), IPC_RMID, NULL);
  shmget(IPC_PRIVATE, 1, 0);
  table("/proc/sysvipc/shm", "    hh     hhh");
  IN_CHILD("another user", {
    setgid(1000), setuid(1000);
    table("/proc/sysvipc/shm", "    hh     hhh");
    int fd = open("/proc/sysvipc/shm", O_RDONLY);
    char text[64];
    SHOW(read(fd, text, 10));
    SHOW(lseek(fd, 4, SEEK_SET));
    SHOW(read(fd, text, 10));
    printf("%.10s\n", text);
  });
  /* The file shows the namespace of who opened it. */
  FILE *file = fopen("/proc/sysvipc/msg", "r");
  unshare(CLONE_NEWIPC);
  char line[256];
  int rows = 0;
  while (fgets(line, sizeof line, file)) rows++;
  printf("%d rows\n", rows);
  table("/proc/sysvipc/msg", "     hh    hhh");
}

static void parameters(void) {
  unshare(CLONE_NEWIPC);
  for (size_t i = 0; i < NAMES; i++) cat(names[i]);
  set("auto_msgmni", "0");
  set("auto_msgmni", "1");
  set("auto_msgmni", "2");
  cat("auto_msgmni");
  set("msgmax", "2147483647");
  set("msgmax", "2147483648");
  set("msgmax", "");
  set("msgmax", "  12  ");
  cat("msgmax");
  set("msgmax", "5 6");
  cat("msgmax");
  set("msgmnb", "-5");
  set("sem", "1 2 3 4 5");
  cat("sem");
  set("sem", "10\t20\n30 40");
  cat("sem");
  set("sem", "1 2 3 32769");
  set("sem", "1 -2 3");
  cat("sem");
  set("sem", "7");
  cat("sem");
  set("shmall", "-1");
  set("shmmax", "0x1000");
  set("shmmax", "-1");
  cat("shmmax");
  cat("shmall");
  set("shm_rmid_forced", "-1");
  set("shmmni", "32768");
  set("shmmni", "0");
  SHOW(shmget(1, 1, IPC_CREAT));
  set("msgmni", "0");
  SHOW(msgget(1, IPC_CREAT));
  set("msg_next_id", "-1");
  set("msg_next_id", "-2");
  set("msgmni", "10");
  set("msg_next_id", "65537");
  SHOW(msgget(1, IPC_CREAT));
  SHOW(msgget(IPC_PRIVATE, 0));
  set("msg_next_id", "65537");
  SHOW(msgget(IPC_PRIVATE, 0));
  cat("msg_next_id");
  set("msg_next_id", "2147483647");
  SHOW(msgget(IPC_PRIVATE, 0));
  SHOW(msgget(IPC_PRIVATE, 0));
  SHOW(msgctl(2147483647, IPC_RMID, NULL));
}

static void users(void) {
  setgid(1000), setuid(1000);
  set("msgmax", "100");
  set("msg_next_id", "5");
  unshare(CLONE_NEWUSER | CLONE_NEWIPC);
  prctl(PR_SET_DUMPABLE, 1);
  int fd = open("/proc/self/setgroups", O_WRONLY);
  if (write(fd, "deny", 4) < 0) perror("setgroups");
  close(fd);
  fd = open("/proc/self/uid_map", O_WRONLY);
  if (write(fd, "0 1000 1", 8) < 0) perror("uid_map");
  close(fd);
  fd = open("/proc/self/gid_map", O_WRONLY);
  if (write(fd, "0 1000 1", 8) < 0) perror("gid_map");
  close(fd);
  for (size_t i = 0; i < NAMES; i++) cat(names[i]);
  set("msgmax", "100");
  set("msg_next_id", "5");
  set("sem", "5");
  cat("msgmax");
  cat("sem");
  SHOW(msgget(IPC_PRIVATE, 0));
  IN_CHILD("inside once more", {
    unshare(CLONE_NEWUSER);
    set("msgmax", "100");
    set("msg_next_id", "5");
  });
}

int main(void) {
  IN_CHILD("objects", objects());
  IN_CHILD("parameters", parameters());
  IN_CHILD("users", users());
  return 0;
}
