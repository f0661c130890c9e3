/* Record locks, locks of open file descriptions, flock(2). */
#include "show.h"
#include <sys/file.h>

static int lock(int fd, int cmd, int type, long start, long len) {
  struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
  return fcntl(fd, cmd, &l);
}

static void query(int fd, int cmd, int type, long start, long len) {
  struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
  if (fcntl(fd, cmd, &l) < 0) printf("query: %s\n", error_name(errno));
  else if (l.l_type == F_UNLCK) printf("query %ld+%ld: free\n", start, len);
  else printf("query %ld+%ld: %d at %ld+%ld by %s\n", start, len, l.l_type, (long)l.l_start, (long)l.l_len, l.l_pid == getppid() ? "parent" : l.l_pid == -1 ? "description" : "other");
}

static void handler(int s) { (void)s; }

int main(void) {
  mkdir("/tmp/l", 0755);
  chdir("/tmp/l");
  int fd = open("f", O_RDWR | O_CREAT, 0644);
  ftruncate(fd, 100);
  int ro = open("f", O_RDONLY), wo = open("f", O_WRONLY);
  SHOW(lock(ro, F_SETLK, F_WRLCK, 0, 1));
  SHOW(lock(wo, F_SETLK, F_RDLCK, 0, 1));
  SHOW(lock(fd, F_SETLK, 7, 0, 1));
  SHOW(lock(fd, F_SETLK, F_WRLCK, -1, 1));
  SHOW(lock(fd, F_SETLK, F_WRLCK, 10, -20));
  SHOW(lock(fd, F_SETLK, F_WRLCK, 10, 10));
  SHOW(lock(fd, F_SETLK, F_RDLCK, 30, 0));
  IN_CHILD("child",
    SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 10));
    SHOW(lock(fd, F_SETLK, F_RDLCK, 15, 1));
    SHOW(lock(fd, F_SETLK, F_RDLCK, 50, 1));
    SHOW(lock(fd, F_SETLK, F_WRLCK, 50, 1));
    query(fd, F_GETLK, F_RDLCK, 0, 0);
    query(fd, F_GETLK, F_RDLCK, 5, 10);
    query(fd, F_GETLK, F_WRLCK, 25, 0);
    query(fd, F_GETLK, F_WRLCK, 20, 10));
  SHOW(lock(fd, F_SETLK, F_UNLCK, 12, 3));
  IN_CHILD("split", query(fd, F_GETLK, F_WRLCK, 0, 13); query(fd, F_GETLK, F_WRLCK, 12, 3); query(fd, F_GETLK, F_WRLCK, 14, 10));
  SHOW(lock(fd, F_SETLK, F_RDLCK, 0, 40));
  IN_CHILD("merged", query(fd, F_GETLK, F_WRLCK, 0, 0));
  close(dup(fd));
  IN_CHILD("after close of a duplicate", query(fd, F_GETLK, F_WRLCK, 0, 0));
  SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 0));
  pid_t child = fork();
  if (child == 0) {
    long t = now_ms();
    int r = lock(fd, F_SETLKW, F_WRLCK, 0, 10);
    printf("child has it: %d, waited %s\n", r, now_ms() - t > 50 ? "long" : "not long");
    _exit(0);
  }
  millis(100);
  SHOW(lock(fd, F_SETLK, F_UNLCK, 0, 0));
  waitpid(child, NULL, 0);
  IN_CHILD("after exit", query(fd, F_GETLK, F_WRLCK, 0, 0));

  SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 1));
  child = fork();
  if (child == 0) {
    lock(fd, F_SETLK, F_WRLCK, 1, 1);
    int r = lock(fd, F_SETLKW, F_WRLCK, 0, 1);
    _exit(r == 0 ? 0 : 1);
  }
  millis(100);
  SHOW(lock(fd, F_SETLKW, F_WRLCK, 1, 1));
  SHOW(lock(fd, F_SETLK, F_UNLCK, 0, 1));
  int status;
  waitpid(child, &status, 0);
  show_status("deadlock child", status);

  int fd2 = open("f", O_RDWR);
  SHOW(lock(fd, F_OFD_SETLK, F_WRLCK, 0, 10));
  SHOW(lock(fd2, F_OFD_SETLK, F_WRLCK, 5, 10));
  SHOW(lock(fd2, F_SETLK, F_WRLCK, 5, 10));
  query(fd2, F_OFD_GETLK, F_WRLCK, 0, 0);
  struct flock l = {.l_type = F_WRLCK, .l_pid = 1};
  SHOW(fcntl(fd, F_OFD_SETLK, &l));
  IN_CHILD("inherited", SHOW(lock(fd, F_OFD_SETLK, F_WRLCK, 0, 20)));
  query(fd2, F_OFD_GETLK, F_WRLCK, 15, 1);
  SHOW(lock(fd, F_OFD_SETLK, F_UNLCK, 0, 0));

  SHOW(flock(fd, LOCK_SH));
  SHOW(flock(fd2, LOCK_SH | LOCK_NB));
  SHOW(flock(fd2, LOCK_EX | LOCK_NB));
  SHOW(flock(fd, LOCK_EX | LOCK_NB));
  SHOW(flock(fd2, LOCK_UN));
  SHOW(flock(fd, LOCK_EX | LOCK_NB));
  SHOW(flock(fd, 99));
  SHOW(flock(999, LOCK_EX));
  child = fork();
  if (child == 0) {
    close(fd);
    int own = open("f", O_RDWR);
    SHOW(flock(own, LOCK_EX | LOCK_NB));
    int r = flock(own, LOCK_EX);
    printf("flock in the child: %d\n", r);
    _exit(0);
  }
  millis(100);
  close(fd);
  waitpid(child, NULL, 0);
  fd = open("f", O_RDWR);
  flock(fd, LOCK_EX);
  child = fork();
  if (child == 0) {
    int own = open("f", O_RDWR);
    signal(SIGALRM, SIG_DFL);
    struct sigaction a = {.sa_handler = handler};
    sigaction(SIGALRM, &a, NULL);
    ualarm(50000, 0);
    SHOW(flock(own, LOCK_EX));
    ualarm(50000, 0);
    SHOW(lock(own, F_SETLKW, F_WRLCK, 0, 0));
    _exit(0);
  }
  waitpid(child, NULL, 0);
  SHOW(fcntl(fd, F_GETLEASE));
  return 0;
}
