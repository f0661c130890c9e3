/* What a signal does to a sleeping system call: SA_RESTART and the calls that are never restarted. See signal(7). */
#include "show.h"

static volatile int count;
static void handler(int signo) {
  (void)signo;
  count++;
}

static void arm(long ms, int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigaction(SIGALRM, &action, NULL);
  struct itimerval timer = {.it_value = {0, ms * 1000}};
  setitimer(ITIMER_REAL, &timer, NULL);
  count = 0;
}

static int pipefd[2];
static void writer_later(void) {
  if (fork() == 0) {
    millis(60);
    write(pipefd[1], "x", 1);
    _exit(0);
  }
}

int main(void) {
  char byte;
  int status;
  pipe(pipefd);
  arm(20, 0);
  SHOW(read(pipefd[0], &byte, 1));
  writer_later();
  arm(20, SA_RESTART);
  SHOW(read(pipefd[0], &byte, 1));
  printf("handled %d\n", count);
  wait(&status);

  pid_t child = fork();
  if (child == 0) {
    millis(60);
    _exit(0);
  }
  arm(20, 0);
  SHOW(waitpid(child, &status, 0));
  arm(10, SA_RESTART);
  IS(waitpid(child, &status, 0) == child);
  printf("handled %d\n", count);

  struct timespec rest = {0}, second = {0, 200000000};
  arm(20, SA_RESTART);
  SHOW(nanosleep(&second, &rest));
  IS(rest.tv_sec == 0 && rest.tv_nsec > 100000000 && rest.tv_nsec < 190000000);
  arm(20, 0);
  SHOW(clock_nanosleep(CLOCK_MONOTONIC, 0, &second, &rest));
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += 5;
  rest.tv_sec = 77;
  arm(20, SA_RESTART);
  SHOW(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, &rest));
  printf("rest untouched %ld\n", (long)rest.tv_sec);

  struct pollfd none = {pipefd[0], POLLIN, 0};
  arm(20, SA_RESTART);
  SHOW(poll(&none, 1, 5000));
  arm(20, SA_RESTART);
  SHOW(pause());
  sigset_t empty;
  sigemptyset(&empty);
  arm(20, SA_RESTART);
  SHOW(sigsuspend(&empty));
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGUSR1);
  struct timespec five = {5, 0};
  arm(20, SA_RESTART);
  SHOW(sigtimedwait(&wanted, NULL, &five));
  int word = 0;
  arm(20, SA_RESTART);
  SHOW(syscall(SYS_futex, &word, 0, 0, &five, 0, 0));

  /* A stop and a continuation interrupt nothing that can be restarted, and relative timeouts go on. */
  fflush(stdout);
  child = fork();
  if (child == 0) {
    long before = now_ms();
    struct timespec sleep_time = {0, 150000000};
    int r = nanosleep(&sleep_time, NULL);
    long took = now_ms() - before;
    printf("slept %d, took %s\n", r, took >= 150 && took < 260 ? "150 ms" : "another time");
    _exit(0);
  }
  millis(20);
  kill(child, SIGSTOP);
  waitpid(child, &status, WUNTRACED);
  millis(50);
  kill(child, SIGCONT);
  waitpid(child, &status, 0);
  child = fork();
  if (child == 0) {
    SHOW(read(pipefd[0], &byte, 1));
    _exit(0);
  }
  millis(20);
  kill(child, SIGSTOP);
  waitpid(child, &status, WUNTRACED);
  kill(child, SIGCONT);
  millis(20);
  write(pipefd[1], "y", 1);
  waitpid(child, &status, 0);
  show_status("reader", status);
  return 0;
}
