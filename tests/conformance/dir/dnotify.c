/* Signals about what happens in a directory: F_NOTIFY. See fcntl(2). */
#include "show.h"

static volatile int counts[64];
static volatile int last_code, last_fd;
static volatile long last_band;

static void handler(int signo, siginfo_t *info, void *context) {
  (void)context;
  counts[signo == SIGIO ? 0 : 1]++;
  last_code = info->si_code;
  last_fd = info->si_fd;
  last_band = info->si_band;
}

static int watched;

static void show(const char *what) {
  usleep(20000);
  printf("%s: %d SIGIO, %d others", what, counts[0], counts[1]);
  if (counts[1]) printf(", code %d, descriptor %s, band %lx", last_code, last_fd == watched ? "the directory's" : "another", last_band);
  printf("\n");
  counts[0] = counts[1] = 0;
}

static void make(const char *name) { close(open(name, O_WRONLY | O_CREAT, 0644)); }

int main(void) {
  int real = SIGRTMIN + 1;
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigaction(SIGIO, &action, NULL);
  sigaction(real, &action, NULL);
  mkdir("/tmp/dn", 0755);
  mkdir("/tmp/dn/sub", 0755);
  mkdir("/tmp/elsewhere", 0755);
  chdir("/tmp/dn");
  make("old");
  int fd = watched = open(".", O_RDONLY);
  SHOW(fcntl(open("old", O_RDONLY), F_NOTIFY, DN_CREATE));
  SHOW(fcntl(open(".", O_PATH), F_NOTIFY, DN_CREATE));
  SHOW(fcntl(99, F_NOTIFY, DN_CREATE));
  SHOW(fcntl(open("old", O_RDONLY), F_NOTIFY, 0));
  SHOW(fcntl(fd, F_GETOWN));
  SHOW(fcntl(fd, F_NOTIFY, DN_CREATE));
  SHOW(fcntl(fd, F_GETOWN) == getpid());
  make("one");
  show("create");
  make("two");
  show("create again");
  SHOW(fcntl(fd, F_SETSIG, real));
  SHOW(fcntl(fd, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
  make("three");
  show("create");
  make("four");
  mkdir("five", 0755);
  symlink("x", "six");
  link("one", "seven");
  show("four more");
  make("sub/below");
  show("below");
  rename("/tmp/elsewhere", "moved");
  show("moved in");
  rename("one", "eight");
  show("renamed");
  SHOW(fcntl(fd, F_NOTIFY, DN_RENAME));
  rename("eight", "nine");
  show("renamed, with DN_RENAME");
  rename("nine", "sub/nine");
  show("moved below");
  SHOW(fcntl(fd, F_NOTIFY, 0));
  make("ten");
  show("no more");
  SHOW(fcntl(fd, F_NOTIFY, DN_DELETE | DN_MULTISHOT));
  unlink("ten");
  rmdir("five");
  rename("two", "/tmp/two");
  show("two deleted, one moved out");
  SHOW(fcntl(fd, F_NOTIFY, DN_MULTISHOT));
  SHOW(fcntl(fd, F_NOTIFY, DN_ACCESS | DN_MODIFY | DN_ATTRIB | DN_MULTISHOT));
  int file = open("three", O_RDWR);
  char byte;
  write(file, "x", 1);
  show("modified");
  pread(file, &byte, 1, 0);
  show("read");
  fchmod(file, 0600);
  show("attributes");
  ftruncate(file, 0);
  show("truncated");
  chmod(".", 0700);
  show("its own attributes");
  open("three", O_RDONLY);
  show("opened");
  int copy = dup(fd);
  close(copy);
  fchmod(file, 0644);
  show("after close of a duplicate");
  SHOW(fcntl(fd, F_NOTIFY, DN_ATTRIB | DN_MULTISHOT));
  int other = open(".", O_RDONLY);
  SHOW(fcntl(other, F_NOTIFY, DN_ATTRIB | DN_MULTISHOT));
  fchmod(file, 0600);
  show("two descriptions");
  fflush(stdout);
  if (fork() == 0) {
    close(fd);
    _exit(0);
  }
  wait(NULL);
  fchmod(file, 0644);
  show("after close in a child");
  close(fd);
  fchmod(file, 0600);
  show("one closed");
  close(other);
  fchmod(file, 0644);
  show("both closed");
  mkdir("gone", 0755);
  int gone = watched = open("gone", O_RDONLY);
  SHOW(fcntl(gone, F_SETSIG, real));
  SHOW(fcntl(gone, F_NOTIFY, DN_DELETE | DN_ATTRIB | DN_MULTISHOT));
  rmdir("gone");
  show("removed itself");
  close(gone);
  return 0;
}
