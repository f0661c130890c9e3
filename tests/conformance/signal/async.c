/* Files tell their owner by signals that they are ready: O_ASYNC, F_SETOWN, F_SETSIG. See fcntl(2). */
#include "show.h"
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static volatile int got[65];
static volatile int code, band, fd;

static void plain(int number) { got[number]++; }
static void full(int number, siginfo_t *info, void *context) {
  (void)context;
  got[number]++;
  code = info->si_code;
  band = (int)info->si_band;
  fd = info->si_fd;
}
static void catch(int number, int with_info) {
  struct sigaction action = {.sa_flags = with_info ? SA_SIGINFO : 0};
  if (with_info) action.sa_sigaction = full;
  else action.sa_handler = plain;
  sigaction(number, &action, NULL);
}
static void tell(const char *what, int number) {
  printf("%s: %d\n", what, got[number]);
  got[number] = 0;
}

static void pipes(void) {
  int p[2];
  char byte = 0;
  if (pipe(p) != 0) return;
  SHOW(fcntl(p[0], F_SETFL, O_ASYNC));
  SHOW((fcntl(p[0], F_GETFL) & O_ASYNC) != 0);
  SHOW(write(p[1], "a", 1));
  tell("without an owner", SIGIO);
  SHOW(read(p[0], &byte, 1));
  SHOW(fcntl(p[0], F_SETOWN, getpid()));
  SHOW(write(p[1], "a", 1));
  tell("with an owner", SIGIO);
  SHOW(read(p[0], &byte, 1));
  tell("after reading", SIGIO);
  SHOW(fcntl(p[0], F_SETSIG, SIGRTMIN + 1));
  SHOW(write(p[1], "a", 1));
  tell("a signal of one's own", SIGRTMIN + 1);
  printf("code %d band %x the descriptor %d\n", code, band, fd == p[0]);
  SHOW(read(p[0], &byte, 1));
  SHOW(fcntl(p[0], F_SETSIG, SIGCHLD));
  catch(SIGCHLD, 1);
  SHOW(write(p[1], "a", 1));
  tell("a signal with codes of its own", SIGCHLD);
  printf("code %d band %x\n", code, band);
  SHOW(read(p[0], &byte, 1));
  SHOW(fcntl(p[0], F_SETSIG, 0));
  SHOW(fcntl(p[0], F_SETFL, 0));
  SHOW(write(p[1], "a", 1));
  tell("turned off", SIGIO);
  int on = 1;
  SHOW(ioctl(p[0], FIOASYNC, &on));
  SHOW((fcntl(p[0], F_GETFL) & O_ASYNC) != 0);
  SHOW(close(p[1]));
  tell("the writer is gone", SIGIO);
  SHOW(close(p[0]));
}

static void writers(void) {
  int p[2];
  static char block[65536];
  if (pipe(p) != 0) return;
  SHOW(fcntl(p[1], F_SETOWN, getpid()));
  SHOW(fcntl(p[1], F_SETFL, O_ASYNC | O_NONBLOCK));
  while (write(p[1], block, sizeof block) > 0);
  got[SIGIO] = 0;
  SHOW(read(p[0], block, sizeof block));
  tell("room again", SIGIO);
  close(p[0]);
  close(p[1]);
}

static void sockets(void) {
  int s[2];
  char byte;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) != 0) return;
  SHOW(fcntl(s[0], F_SETOWN, getpid()));
  SHOW(fcntl(s[0], F_SETSIG, SIGRTMIN + 1));
  SHOW(fcntl(s[0], F_SETFL, O_ASYNC));
  tell("at once", SIGRTMIN + 1);
  SHOW(write(s[1], "x", 1));
  tell("a byte", SIGRTMIN + 1);
  printf("code %d band %x\n", code, band);
  SHOW(write(s[1], "y", 1));
  tell("another byte", SIGRTMIN + 1);
  SHOW(write(s[0], "z", 1));
  tell("writing", SIGRTMIN + 1);
  SHOW(read(s[0], &byte, 1));
  tell("reading", SIGRTMIN + 1);
  close(s[0]);
  close(s[1]);
}

static void others(void) {
  int on = 1;
  int event = eventfd(0, 0);
  SHOW(fcntl(event, F_SETFL, O_ASYNC));
  SHOW((fcntl(event, F_GETFL) & O_ASYNC) != 0);
  SHOW(ioctl(event, FIOASYNC, &on));
  int watch = inotify_init();
  SHOW(inotify_add_watch(watch, "/tmp", IN_CREATE));
  SHOW(fcntl(watch, F_SETOWN, getpid()));
  SHOW(fcntl(watch, F_SETFL, O_ASYNC));
  int file = open("/tmp/async", O_CREAT | O_RDWR, 0600);
  tell("a file was made", SIGIO);
  SHOW(fcntl(file, F_SETFL, O_ASYNC));
  SHOW((fcntl(file, F_GETFL) & O_ASYNC) != 0);
  SHOW(ioctl(file, FIOASYNC, &on));
  unlink("/tmp/async");
}

int main(void) {
  catch(SIGIO, 0);
  catch(SIGRTMIN + 1, 1);
  pipes();
  writers();
  sockets();
  others();
  return 0;
}
