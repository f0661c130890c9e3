/* System V message queues: order, types, limits, blocking. See msgget(2), msgop(2), msgctl(2). */
#include "show.h"
#include <sys/ipc.h>
#include <sys/msg.h>

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

struct message {
  long type;
  char text[9000];
};

static int queue;
static struct message buffer;

static int put(long type, const char *text) {
  struct message m = {.type = type};
  strcpy(m.text, text);
  return msgsnd(queue, &m, strlen(text) + 1, IPC_NOWAIT);
}

static void take(long type, int flags) {
  memset(&buffer, 0, sizeof buffer);
  errno = 0;
  ssize_t got = msgrcv(queue, &buffer, 100, type, flags);
  if (got < 0) printf("take %ld %o: %s\n", type, flags, error_name(errno));
  else printf("take %ld %o: %zd bytes, type %ld, %s\n", type, flags, got, buffer.type, buffer.text);
}

static void state(const char *what) {
  struct msqid_ds ds;
  msgctl(queue, IPC_STAT, &ds);
  printf("%s: %lu messages, %lu of %lu bytes, sender %s, receiver %s, sent %s, received %s\n", what, ds.msg_qnum, ds.__msg_cbytes, ds.msg_qbytes,
         ds.msg_lspid == getpid() ? "self" : ds.msg_lspid ? "other" : "none", ds.msg_lrpid == getpid() ? "self" : ds.msg_lrpid ? "other" : "none",
         ds.msg_stime ? "yes" : "no", ds.msg_rtime ? "yes" : "no");
}

static void *remover(void *arg) {
  (void)arg;
  millis(50);
  msgctl(queue, IPC_RMID, NULL);
  return NULL;
}

static void on_alarm(int signo) { (void)signo; }

int main(void) {
  SHOW(msgget(0x4321, 0600));
  OK(queue = msgget(0x4321, IPC_CREAT | 0600));
  SHOW(msgget(0x4321, IPC_CREAT | IPC_EXCL | 0600));
  IS(msgget(0x4321, 0) == queue);
  state("empty");
  take(0, IPC_NOWAIT);
  SHOW(put(0, "no type"));
  SHOW(put(-3, "no type"));
  SHOW(put(5, "five"));
  SHOW(put(3, "three"));
  SHOW(put(4, "four"));
  SHOW(put(3, "another three"));
  state("four");
  take(3, IPC_NOWAIT | MSG_COPY);
  take(9, IPC_NOWAIT | MSG_COPY);
  take(0, MSG_COPY);
  take(4, IPC_NOWAIT);
  take(4, IPC_NOWAIT);
  take(5, IPC_NOWAIT | MSG_EXCEPT);
  take(-4, IPC_NOWAIT);
  take(-4, IPC_NOWAIT);
  take(0, IPC_NOWAIT);
  state("drained");
  put(1, "a long message");
  SHOW(msgrcv(queue, &buffer, 3, 0, IPC_NOWAIT));
  SHOW(msgrcv(queue, &buffer, 3, 0, IPC_NOWAIT | MSG_NOERROR));
  SHOW(msgrcv(queue, &buffer, -1, 0, IPC_NOWAIT));
  SHOW(msgrcv(-1, &buffer, 1, 0, IPC_NOWAIT));
  SHOW(msgrcv(queue, (void *)1, 1, 0, IPC_NOWAIT));
  buffer.type = 1;
  SHOW(msgsnd(queue, &buffer, 8193, 0));
  SHOW(msgsnd(queue, &buffer, 8192, IPC_NOWAIT));
  SHOW(msgsnd(queue, &buffer, 8192, IPC_NOWAIT));
  SHOW(msgsnd(queue, &buffer, 1, IPC_NOWAIT));
  SHOW(msgsnd(queue, &buffer, 0, IPC_NOWAIT));
  SHOW(msgsnd(queue, (void *)1, 0, IPC_NOWAIT));
  state("full");
  IN_CHILD("a sender waits for room", {
    pid_t child = fork();
    if (child == 0) {
      millis(30);
      msgrcv(queue, &buffer, 8192, 0, 0);
      _exit(0);
    }
    struct message m = {.type = 2};
    SHOW(msgsnd(queue, &m, 10, 0));
    wait(NULL);
  });
  while (msgrcv(queue, &buffer, 8192, 0, IPC_NOWAIT) >= 0) continue;
  IN_CHILD("a receiver waits for its type", {
    pid_t child = fork();
    if (child == 0) {
      millis(20);
      put(1, "not this");
      millis(20);
      put(7, "this");
      _exit(0);
    }
    take(7, 0);
    take(0, 0);
    wait(NULL);
  });
  struct msqid_ds ds;
  msgctl(queue, IPC_STAT, &ds);
  ds.msg_qbytes = 20;
  ds.msg_perm.mode = 0622;
  SHOW(msgctl(queue, IPC_SET, &ds));
  msgctl(queue, IPC_STAT, &ds);
  printf("mode %o\n", ds.msg_perm.mode);
  SHOW(put(1, "more than twenty characters"));
  SHOW(put(1, "few"));
  ds.msg_qbytes = 16385;
  SHOW(msgctl(queue, IPC_SET, &ds));
  IN_CHILD("without rights", {
    if (setgid(100) || setuid(1000)) _exit(1);
    SHOW(msgget(0x4321, 0600));
    SHOW(put(1, "s"));
    take(0, IPC_NOWAIT);
    SHOW(msgctl(queue, IPC_RMID, NULL));
    SHOW(msgctl(queue, IPC_SET, &ds));
    SHOW(msgctl(queue, IPC_STAT, &ds));
  });
  struct msginfo info;
  IS(msgctl(0, IPC_INFO, (void *)&info) >= 0);
  printf("info %d %d %d %d %d %d %d %d\n", info.msgpool, info.msgmap, info.msgmax, info.msgmnb, info.msgmni, info.msgssz, info.msgtql, info.msgseg);
  IS(msgctl(0, MSG_INFO, (void *)&info) >= 0);
  printf("queues %d messages %d bytes %d\n", info.msgpool, info.msgmap, info.msgtql);
  IS(msgctl(queue & 32767, MSG_STAT, &ds) == queue);
  SHOW(msgctl(queue, 99, &ds));
  SHOW(msgctl(queue, IPC_STAT, (void *)1));

  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval soon = {{0, 0}, {0, 30000}};
  setitimer(ITIMER_REAL, &soon, NULL);
  SHOW(msgrcv(queue, &buffer, 100, 99, 0));
  pthread_t thread;
  pthread_create(&thread, NULL, remover, NULL);
  SHOW(msgrcv(queue, &buffer, 100, 99, 0));
  pthread_join(thread, NULL);
  SHOW(put(1, "gone"));
  return 0;
}
