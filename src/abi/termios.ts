/** Terminal modes: flags, special characters and structure sizes of arm64. See termios(3), asm-generic/termbits.h. */

export const NCCS = 19;
/** struct termios as TCGETS passes it, struct termios2, struct termio, struct winsize. */
export const TERMIOS_SIZE = 36;
export const TERMIOS2_SIZE = 44;
export const TERMIO_SIZE = 18;
export const WINSIZE_SIZE = 8;

export const VINTR = 0;
export const VQUIT = 1;
export const VERASE = 2;
export const VKILL = 3;
export const VEOF = 4;
export const VTIME = 5;
export const VMIN = 6;
export const VSTART = 8;
export const VSTOP = 9;
export const VSUSP = 10;
export const VEOL = 11;
export const VREPRINT = 12;
export const VWERASE = 14;
export const VLNEXT = 15;
export const VEOL2 = 16;

export const IGNBRK = 0o1;
export const BRKINT = 0o2;
export const IGNPAR = 0o4;
export const PARMRK = 0o10;
export const INPCK = 0o20;
export const ISTRIP = 0o40;
export const INLCR = 0o100;
export const IGNCR = 0o200;
export const ICRNL = 0o400;
export const IUCLC = 0o1000;
export const IXON = 0o2000;
export const IXANY = 0o4000;
export const IXOFF = 0o10000;
export const IMAXBEL = 0o20000;
export const IUTF8 = 0o40000;

export const OPOST = 0o1;
export const OLCUC = 0o2;
export const ONLCR = 0o4;
export const OCRNL = 0o10;
export const ONOCR = 0o20;
export const ONLRET = 0o40;
export const TABDLY = 0o14000;
export const XTABS = 0o14000;

export const CBAUD = 0o10017;
export const B38400 = 0o17;
export const BOTHER = 0o10000;
export const CSIZE = 0o60;
export const CS8 = 0o60;
export const CREAD = 0o200;
export const PARENB = 0o400;
export const HUPCL = 0o2000;

export const ISIG = 0o1;
export const ICANON = 0o2;
export const ECHO = 0o10;
export const ECHOE = 0o20;
export const ECHOK = 0o40;
export const ECHONL = 0o100;
export const NOFLSH = 0o200;
export const TOSTOP = 0o400;
export const ECHOCTL = 0o1000;
export const ECHOPRT = 0o2000;
export const ECHOKE = 0o4000;
export const IEXTEN = 0o100000;
export const EXTPROC = 0o200000;

export const TCIFLUSH = 0;
export const TCOFLUSH = 1;
export const TCIOFLUSH = 2;
export const TCOOFF = 0;
export const TCOON = 1;
export const TCIOFF = 2;
export const TCION = 3;

/** What the first byte of a packet says. See ioctl_tty(2). */
export const TIOCPKT_DATA = 0;
export const TIOCPKT_FLUSHREAD = 1;
export const TIOCPKT_FLUSHWRITE = 2;
export const TIOCPKT_STOP = 4;
export const TIOCPKT_START = 8;
export const TIOCPKT_NOSTOP = 16;
export const TIOCPKT_DOSTOP = 32;
export const TIOCPKT_IOCTL = 64;

/** Bits per second by the CBAUD code. */
export const baudRates: ReadonlyMap<number, number> = new Map([
  [0, 0],
  [1, 50],
  [2, 75],
  [3, 110],
  [4, 134],
  [5, 150],
  [6, 200],
  [7, 300],
  [8, 600],
  [9, 1200],
  [10, 1800],
  [11, 2400],
  [12, 4800],
  [13, 9600],
  [14, 19200],
  [15, 38400],
  [0o10001, 57600],
  [0o10002, 115200],
  [0o10003, 230400],
  [0o10004, 460800],
  [0o10005, 500000],
  [0o10006, 576000],
  [0o10007, 921600],
  [0o10010, 1000000],
  [0o10011, 1152000],
  [0o10012, 1500000],
  [0o10013, 2000000],
  [0o10014, 2500000],
  [0o10015, 3000000],
  [0o10016, 3500000],
  [0o10017, 4000000],
]);
