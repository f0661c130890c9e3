/* The line discipline, seen from both sides of a pseudo-terminal. */
#include "show.h"
#include <sys/ioctl.h>
#include <termios.h>

static int master, slave;
static struct termios base;

static void dump(const char *what, const char *b, int n) {
  printf("%s ", what);
  if (n < 0) {
    printf("%s\n", error_name(errno));
    return;
  }
  printf("%d: ", n);
  int run = 0;
  for (int i = 0; i < n; i++) {
    unsigned char c = b[i];
    if (i + 1 < n && b[i + 1] == b[i] && n > 300) {
      run++;
      continue;
    }
    if (c == '\n') printf("\\n");
    else if (c == '\r') printf("\\r");
    else if (c == '\t') printf("\\t");
    else if (c == '\b') printf("\\b");
    else if (c < 32 || c >= 127) printf("\\x%02x", c);
    else putchar(c);
    if (run) printf("*%d", run + 1);
    run = 0;
  }
  printf("\n");
}

static void show(void) {
  millis(10);
  char b[8192];
  int n = read(master, b, sizeof b);
  dump("  shown", b, n);
}

static void get(int count) {
  char b[8192];
  fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK);
  int n = read(slave, b, count);
  fcntl(slave, F_SETFL, O_RDWR);
  dump("  read", b, n);
}

static void type(const char *text) {
  int n = write(master, text, strlen(text));
  dump("type", text, n < 0 ? n : (int)strlen(text));
  millis(20);
}

static void modes(const char *what, int i, int o, int l) {
  struct termios t = base;
  t.c_iflag = i;
  t.c_oflag = o;
  t.c_lflag = l;
  printf("-- %s: %d\n", what, tcsetattr(slave, TCSANOW, &t));
}

static void both(const char *text) {
  type(text);
  show();
  get(8192);
}

int main(void) {
  master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
  IS(master >= 0);
  char name[100];
  int n;
  SHOW(ioctl(master, TIOCGPTN, &n) == 0 && n >= 0);
  SHOW(ioctl(master, TIOCGPTLCK, &n));
  printf("locked %d\n", n);
  sprintf(name, "/dev/pts/0");
  ptsname_r(master, name, sizeof name);
  SHOW(open(name, O_RDWR | O_NOCTTY));
  SHOW(unlockpt(master));
  slave = open(name, O_RDWR | O_NOCTTY);
  IS(slave >= 0);
  struct stat st;
  fstat(slave, &st);
  printf("mode %o major %d\n", st.st_mode & S_IFMT, (int)(st.st_rdev >> 8));
  tcgetattr(slave, &base);
  printf("%x %x %x %x line %d\n", base.c_iflag, base.c_oflag, base.c_cflag, base.c_lflag, base.c_line);
  for (int i = 0; i < 19; i++) printf("%d ", base.c_cc[i]);
  printf("\nspeed %d %d\n", (int)cfgetispeed(&base), (int)cfgetospeed(&base));
  struct winsize w;
  SHOW(ioctl(slave, TIOCGWINSZ, &w));
  printf("%d %d %d %d\n", w.ws_row, w.ws_col, w.ws_xpixel, w.ws_ypixel);
  w = (struct winsize){24, 80, 1, 2};
  SHOW(ioctl(master, TIOCSWINSZ, &w));
  w = (struct winsize){0};
  SHOW(ioctl(slave, TIOCGWINSZ, &w));
  printf("%d %d %d %d\n", w.ws_row, w.ws_col, w.ws_xpixel, w.ws_ypixel);
  IS(isatty(slave));
  IS(isatty(master));
  SHOW(lseek(slave, 0, SEEK_CUR));

  int I = base.c_iflag, O = base.c_oflag, L = base.c_lflag;
  both("hello\r");
  both("a\nb\nc");
  get(100);
  both("\r");
  both("abc\177\177x\n");
  both("one two\027three\n");
  both("a_b.c  \027\027x\n");
  both("gone\025kept\n");
  both("\t\ta\177\177\177b\n");
  both("a\tb\tc\025d\n");
  both("\001\002\177x\n");
  both("re\022do\n");
  both("lit\026\003\026\026\n");
  both("\026\177\177x\n");
  both("partial\004");
  both("\004");
  type("abc\004");
  show();
  get(3);
  get(3);
  type("abc\004def\n");
  show();
  get(2);
  get(100);
  get(100);
  both("\377\200\n");
  both("bell\007\033[A\n");
  modes("INLCR IGNCR", (I & ~ICRNL) | INLCR | IGNCR, O, L);
  both("a\rb\nc\r\n");
  modes("no ICRNL", I & ~ICRNL, O, L);
  both("a\rb\n");
  modes("ISTRIP", I | ISTRIP, O, L);
  both("\341\342\n");
  modes("IUCLC", I | IUCLC, O, L);
  both("ABC\n");
  modes("IUTF8", I | IUTF8, O, L);
  both("\303\244\303\266\177x\n");
  both("\342\202\254\027y\n");
  modes("PARMRK", I | PARMRK, O, L);
  both("\377x\n");
  modes("no ECHO", I, O, L & ~ECHO);
  both("secret\177\n");
  modes("no ECHO, ECHONL", I, O, (L & ~ECHO) | ECHONL);
  both("secret\n");
  modes("no ECHOE", I, O, L & ~ECHOE);
  both("ab\177c\n");
  both("ab\025c\n");
  modes("no ECHOKE", I, O, L & ~ECHOKE);
  both("ab\025c\n");
  modes("no ECHOK, no ECHOKE", I, O, L & ~(ECHOK | ECHOKE));
  both("ab\025c\n");
  modes("no ECHOCTL", I, O, L & ~ECHOCTL);
  both("a\001\177b\n");
  modes("ECHOPRT", I, O, L | ECHOPRT);
  both("abc\177\177d\177\n");
  both("ab\025x\n");
  modes("no IEXTEN", I, O, L & ~IEXTEN);
  both("a\026b\027c\022\n");
  modes("default", I, O, L);
  struct termios t = base;
  t.c_cc[VEOL] = ';';
  t.c_cc[VERASE] = '#';
  t.c_cc[VEOF] = 0;
  tcsetattr(slave, TCSANOW, &t);
  both("a#b;c\004\n");
  get(100);

  printf("-- output\n");
  modes("default", I, O, L);
#define WRITE(text) do { dump("write", text, strlen(text)); write(slave, text, strlen(text)); millis(20); show(); } while (0)
  WRITE("a\nb\r\nc\td\n");
  modes("OCRNL ONOCR", I, O | OCRNL | ONOCR, L);
  WRITE("a\rb\r\n\r\rx\n");
  modes("ONOCR", I, O | ONOCR, L);
  WRITE("\ra\r\rb\n\rc\n");
  modes("ONLRET", I, (O & ~ONLCR) | ONLRET, L);
  WRITE("ab\n\tc\n");
  modes("XTABS", I, O | XTABS, L);
  WRITE("a\tbb\b\tc\rd\t\n");
  both("e\tf\n");
  modes("OLCUC", I, O | OLCUC, L);
  WRITE("shout\n");
  modes("no OPOST", I, O & ~OPOST, L);
  WRITE("a\nb\t\n");
  both("echo\n");

  printf("-- modes change with input waiting\n");
  modes("default", I, O, L);
  type("line\nrest");
  modes("raw", I, O, L & ~ICANON);
  get(100);
  type("more");
  modes("default", I, O, L);
  get(100);
  get(100);
  type("flushed\n");
  SHOW(tcflush(slave, TCIFLUSH));
  get(100);
  show();
  type("dropped");
  t = base;
  SHOW(tcsetattr(slave, TCSAFLUSH, &t));
  both("\n");

  printf("-- long lines\n");
  modes("no ECHO", I, O, L & ~ECHO);
  char big[6001];
  memset(big, 'x', 6000);
  SHOW(write(master, big, 6000));
  millis(20);
  SHOW(write(master, "y\n", 2));
  millis(20);
  get(8192);
  SHOW(ioctl(slave, FIONREAD, &n));
  printf("%d\n", n);
  type("ab\ncd\004e");
  SHOW(ioctl(slave, FIONREAD, &n));
  printf("%d\n", n);
  get(100);
  get(100);
  type("\n");
  get(100);

  printf("-- raw\n");
  t = base;
  cfmakeraw(&t);
  t.c_cc[VMIN] = 1;
  t.c_cc[VTIME] = 0;
  tcsetattr(slave, TCSANOW, &t);
  both("\003\004\r\n\177");
  t.c_cc[VMIN] = 0;
  t.c_cc[VTIME] = 1;
  tcsetattr(slave, TCSANOW, &t);
  char b[10];
  long start = now_ms();
  SHOW(read(slave, b, 10));
  IS(now_ms() - start >= 90);
  t.c_cc[VMIN] = 3;
  t.c_cc[VTIME] = 0;
  tcsetattr(slave, TCSANOW, &t);
  struct pollfd p = {slave, POLLIN | POLLOUT, 0};
  type("ab");
  SHOW(poll(&p, 1, 0));
  printf("%x\n", p.revents);
  type("c");
  SHOW(poll(&p, 1, 0));
  printf("%x\n", p.revents);
  SHOW(read(slave, b, 10));
  t.c_cc[VTIME] = 1;
  tcsetattr(slave, TCSANOW, &t);
  type("z");
  SHOW(read(slave, b, 10));

  printf("-- flow control\n");
  tcsetattr(slave, TCSANOW, &base);
  type("\023");
  p.events = POLLOUT;
  SHOW(poll(&p, 1, 0));
  fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK);
  SHOW(write(slave, "held", 4));
  type("x");
  show();
  type("\021");
  show();
  SHOW(write(slave, "free", 4));
  show();
  SHOW(tcflow(slave, TCOOFF));
  SHOW(write(slave, "held", 4));
  type("\021");
  SHOW(write(slave, "held", 4));
  SHOW(tcflow(slave, TCOON));
  SHOW(write(slave, "free", 4));
  show();
  SHOW(tcflow(slave, TCIOFF));
  show();
  SHOW(tcflow(slave, 9));
  fcntl(slave, F_SETFL, O_RDWR);

  printf("-- packets\n");
  n = 1;
  SHOW(ioctl(master, TIOCPKT, &n));
  SHOW(ioctl(master, TIOCGPKT, &n));
  printf("%d\n", n);
  write(slave, "data", 4);
  show();
  type("\023");
  struct pollfd m = {master, POLLIN | POLLPRI | POLLOUT, 0};
  SHOW(poll(&m, 1, 0));
  printf("%x\n", m.revents);
  show();
  type("\021");
  show();
  SHOW(tcflush(slave, TCIFLUSH));
  show();
  SHOW(tcflush(slave, TCOFLUSH));
  show();
  t = base;
  t.c_iflag &= ~IXON;
  tcsetattr(slave, TCSANOW, &t);
  show();
  tcsetattr(slave, TCSANOW, &base);
  show();
  show();
  n = 0;
  ioctl(master, TIOCPKT, &n);

  printf("-- ends\n");
  SHOW(ioctl(slave, TIOCGPTN, &n));
  SHOW(ioctl(slave, 0x1234, &n));
  SHOW(ioctl(slave, TIOCGPGRP, &n));
  SHOW(ioctl(slave, TIOCGSID, &n));
  SHOW(ioctl(slave, TIOCGETD, &n));
  printf("%d\n", n);
  SHOW(ioctl(slave, TIOCEXCL, &n));
  SHOW(ioctl(slave, TIOCGEXCL, &n));
  printf("%d\n", n);
  SHOW(ioctl(slave, TIOCNXCL, &n));
  SHOW(ioctl(slave, TIOCOUTQ, &n));
  SHOW(tcsendbreak(slave, 0));
  SHOW(tcdrain(slave));
  int peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
  IS(peer >= 0);
  SHOW(write(peer, "peer", 4));
  show();
  close(peer);
  write(slave, "last", 4);
  close(slave);
  m.events = POLLIN | POLLOUT;
  SHOW(poll(&m, 1, 0));
  printf("%x\n", m.revents);
  show();
  show();
  SHOW(write(master, "x", 1));
  slave = open(name, O_RDWR | O_NOCTTY);
  show();
  SHOW(poll(&m, 1, 0));
  printf("%x\n", m.revents);
  close(master);
  SHOW(read(slave, b, 10));
  SHOW(write(slave, "x", 1));
  SHOW(tcgetattr(slave, &t));
  p.events = POLLIN | POLLOUT;
  SHOW(poll(&p, 1, 0));
  printf("%x\n", p.revents);
  SHOW(open(name, O_RDWR | O_NOCTTY));
  return 0;
}
