/* Sessions, foreground and background, signals of a terminal. */
#include "show.h"
#include <sys/ioctl.h>
#include <termios.h>

static int master;
static char name[100];
static volatile sig_atomic_t got;
static void handler(int s) { got = s; }

/* Run in a new session whose terminal is the other side of `master`. */
#define SESSION(what, ...)                                             \
  do {                                                                 \
    fflush(stdout);                                                    \
    master = posix_openpt(O_RDWR | O_NOCTTY);                          \
    unlockpt(master);                                                  \
    ptsname_r(master, name, sizeof name);                              \
    pid_t leader_ = fork();                                            \
    if (leader_ == 0) {                                                \
      setsid();                                                        \
      int tty = open(name, O_RDWR);                                    \
      (void)tty;                                                       \
      __VA_ARGS__;                                                     \
      fflush(stdout);                                                  \
      _exit(0);                                                        \
    }                                                                  \
    int session_status_;                                               \
    waitpid(leader_, &session_status_, 0);                             \
    show_status(what, session_status_);                                \
    close(master);                                                     \
  } while (0)

static void type(const char *text) { write(master, text, strlen(text)); }

/* A child in a process group of its own; it stops itself until it is told to go on. */
static pid_t background(void (*f)(int), int tty) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    f(tty);
    fflush(stdout);
    _exit(0);
  }
  setpgid(child, child);
  return child;
}

static void reads(int tty) {
  char b[10];
  long n = read(tty, b, 10);
  printf("child read %ld %s\n", n, n < 0 ? error_name(errno) : "");
}
static void reads_ignoring(int tty) {
  signal(SIGTTIN, SIG_IGN);
  reads(tty);
}
static void writes(int tty) { printf("child wrote %ld\n", (long)write(tty, "x", 1)); }
static void sets(int tty) {
  struct termios t;
  printf("child get %d\n", tcgetattr(tty, &t));
  printf("child set %d\n", tcsetattr(tty, TCSANOW, &t));
}
static void grabs(int tty) { printf("child tcsetpgrp %d\n", tcsetpgrp(tty, getpgrp())); }
static void grabs_blocked(int tty) {
  sigset_t m;
  sigemptyset(&m);
  sigaddset(&m, SIGTTOU);
  sigprocmask(SIG_BLOCK, &m, NULL);
  printf("child tcsetpgrp %d\n", tcsetpgrp(tty, getpgrp()));
  printf("foreground is own: %d\n", tcgetpgrp(tty) == getpgrp());
}

static void wait_show(const char *what, pid_t child, int tty, int resume) {
  int status;
  waitpid(child, &status, WUNTRACED);
  show_status(what, status);
  if (!WIFSTOPPED(status)) return;
  if (resume) {
    signal(SIGTTOU, SIG_IGN);
    tcsetpgrp(tty, child);
    kill(-child, SIGCONT);
    waitpid(child, &status, WUNTRACED);
    show_status(what, status);
    tcsetpgrp(tty, getpgrp());
    signal(SIGTTOU, SIG_DFL);
  } else {
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
  }
}

static void identity(int tty) {
  IS(tcgetpgrp(tty) == getpgrp());
  IS(tcgetsid(tty) == getsid(0));
  IS(tcgetpgrp(master) == getpgrp());
  int own = open("/dev/tty", O_RDWR);
  IS(own >= 0);
  struct stat s;
  fstat(own, &s);
  printf("rdev %x\n", (int)s.st_rdev);
  SHOW(write(own, "hi", 2));
  IS(tcgetpgrp(own) == getpgrp());
  SHOW(tcsetpgrp(tty, 1));
  SHOW(tcsetpgrp(tty, 99999));
  SHOW(tcsetpgrp(tty, -1));
  int pgid = getpgrp();
  SHOW(ioctl(tty, TIOCSPGRP, &pgid));
  SHOW(ioctl(tty, TIOCSPGRP, (void *)8));
  SHOW(ioctl(tty, TIOCSCTTY, 0));
  IN_CHILD("another session",
    setsid();
    SHOW(open("/dev/tty", O_RDWR));
    SHOW(ioctl(tty, TIOCSCTTY, 0));
    SHOW(ioctl(tty, TIOCGPGRP, &pgid));
    SHOW(ioctl(tty, TIOCGSID, &pgid));
    SHOW(ioctl(tty, TIOCNOTTY, 0));
    int again = open(name, O_RDWR);
    IS(again >= 0);
    SHOW(open("/dev/tty", O_RDWR)));
  IN_CHILD("a member", SHOW(ioctl(tty, TIOCNOTTY, 0)); SHOW(open("/dev/tty", O_RDWR)); SHOW(ioctl(tty, TIOCGSID, &pgid)));
  IS(tcgetsid(tty) == getsid(0));
}

static void typed(int tty) {
  (void)tty;
  static const struct { const char *text; int signal; } keys[] = {{"\003", SIGINT}, {"\034", SIGQUIT}, {"\032", SIGTSTP}};
  for (int i = 0; i < 3; i++) {
    signal(keys[i].signal, handler);
    got = 0;
    type(keys[i].text);
    for (int k = 0; k < 100 && !got; k++) millis(2);
    printf("typed: signal %d\n", got);
  }
  char b[100];
  type("lost\003kept\n");
  millis(20);
  int n = read(tty, b, sizeof b);
  printf("read %d: %.*s", n, n, b);
  struct termios t;
  tcgetattr(tty, &t);
  t.c_lflag |= NOFLSH;
  tcsetattr(tty, TCSANOW, &t);
  type("not lost\003 and kept\n");
  millis(20);
  n = read(tty, b, sizeof b);
  printf("read %d: %.*s", n, n, b);
  struct sigaction sa = {.sa_handler = handler};
  sigaction(SIGWINCH, &sa, NULL);
  got = 0;
  struct winsize w = {10, 20, 0, 0};
  ioctl(master, TIOCSWINSZ, &w);
  millis(10);
  printf("window: signal %d\n", got);
  got = 0;
  ioctl(master, TIOCSWINSZ, &w);
  millis(10);
  printf("same window: signal %d\n", got);
  /* A read that a signal interrupts. */
  sigaction(SIGINT, &sa, NULL);
  fflush(stdout);
  if (fork() == 0) {
    millis(50);
    type("\003");
    _exit(0);
  }
  SHOW(read(tty, b, sizeof b));
  wait(NULL);
  SHOW(ioctl(tty, TIOCSTI, "q"));
  SHOW(ioctl(tty, TIOCSTI, "\n"));
  n = read(tty, b, sizeof b);
  printf("read %d: %.*s", n, n, b);
}

static void jobs(int tty) {
  pid_t c = background(reads, tty);
  type("line\n");
  wait_show("background read", c, tty, 1);
  wait_show("background read, SIGTTIN ignored", background(reads_ignoring, tty), tty, 0);
  wait_show("background write", background(writes, tty), tty, 0);
  struct termios t;
  tcgetattr(tty, &t);
  t.c_lflag |= TOSTOP;
  tcsetattr(tty, TCSANOW, &t);
  wait_show("background write, TOSTOP", background(writes, tty), tty, 1);
  wait_show("background modes", background(sets, tty), tty, 1);
  wait_show("background tcsetpgrp", background(grabs, tty), tty, 0);
  wait_show("background tcsetpgrp, SIGTTOU blocked", background(grabs_blocked, tty), tty, 0);
  signal(SIGTTOU, SIG_IGN);
  tcsetpgrp(tty, getpgrp());
}

/* The leader exits: its foreground is told, and the terminal is nobody's. The member goes on when `go` says so. */
static int go[2], gone[2];
static void leaves(int tty) {
  fflush(stdout);
  signal(SIGHUP, handler);
  got = 0;
  if (fork() == 0) {
    close(master);
    char b1;
    close(go[1]);
    while (read(go[0], &b1, 1) != 0) {}
    printf("left behind: signal %d\n", got);
    SHOW(open("/dev/tty", O_RDWR));
    char b[10];
    SHOW(read(tty, b, 10));
    SHOW(write(tty, "x", 1));
    fflush(stdout);
    _exit(0);
  }
}

/* The master is closed: a hang-up. */
static void hangs_up(int tty) {
  int copy = master;
  signal(SIGHUP, handler);
  signal(SIGCONT, handler);
  fflush(stdout);
  IS(copy >= 0);
  char b[10];
  type("unread\n");
  close(master);
  for (int k = 0; k < 500 && !got; k++) millis(2);
  IS(got == SIGHUP || got == SIGCONT);
  SHOW(read(tty, b, 10));
  SHOW(write(tty, "x", 1));
  SHOW(tcgetpgrp(tty));
  SHOW(open("/dev/tty", O_RDWR));
}

int main(void) {
  SHOW(open("/dev/tty", O_RDWR));
  SESSION("identity", identity(tty));
  SESSION("typed", typed(tty));
  SESSION("jobs", jobs(tty));
  pipe(go);
  pipe(gone);
  SESSION("leaves", leaves(tty));
  close(go[1]);
  close(gone[1]);
  char end;
  read(gone[0], &end, 1);
  master = posix_openpt(O_RDWR | O_NOCTTY);
  unlockpt(master);
  ptsname_r(master, name, sizeof name);
  fflush(stdout);
  pid_t leader = fork();
  if (leader == 0) {
    setsid();
    hangs_up(open(name, O_RDWR));
    _exit(0);
  }
  close(master);
  int status;
  waitpid(leader, &status, 0);
  show_status("hangs up", status);
  return 0;
}
