/* rt_sigaction, masks, pending signals, flags of actions. See sigaction(2), sigprocmask(2). */
#include "show.h"

static int depth, entered;
static void plain(int signo) { printf("handler %d depth %d\n", signo, depth); }
static void nested(int signo) {
  depth++;
  printf("enter %d depth %d\n", signo, depth);
  if (++entered % 3 != 0) raise(signo);
  printf("leave %d depth %d\n", signo, depth);
  depth--;
}
static void with_info(int signo, siginfo_t *info, void *context) {
  (void)context;
  printf("info %d code %d pid %s uid %d value %d\n", signo, info->si_code, info->si_pid == getpid() ? "me" : "?", info->si_uid, info->si_value.sival_int);
}
static void show_mask(const char *what) {
  sigset_t set;
  sigprocmask(SIG_SETMASK, NULL, &set);
  printf("%s:", what);
  for (int i = 1; i <= 64; i++)
    if (sigismember(&set, i) == 1) printf(" %d", i);
  printf("\n");
}
static void show_pending(const char *what) {
  sigset_t set;
  sigpending(&set);
  printf("%s:", what);
  for (int i = 1; i <= 64; i++)
    if (sigismember(&set, i) == 1) printf(" %d", i);
  printf("\n");
}
static void masks(int signo) {
  (void)signo;
  show_mask("in handler");
}

int main(void) {
  struct sigaction action = {.sa_handler = plain}, old;
  SHOW(sigaction(SIGKILL, &action, NULL));
  SHOW(sigaction(SIGSTOP, &action, NULL));
  SHOW(sigaction(SIGKILL, NULL, &old));
  SHOW(sigaction(0, &action, NULL));
  SHOW(sigaction(65, &action, NULL));
  SHOW(syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 4L));
  SHOW(syscall(SYS_rt_sigprocmask, 0, NULL, NULL, 16L));
  SHOW(syscall(SYS_rt_sigprocmask, 7, &action.sa_mask, NULL, 8L));
  SHOW(syscall(SYS_rt_sigprocmask, 7, NULL, NULL, 8L));
  SHOW(sigaction(SIGUSR1, &action, NULL));
  raise(SIGUSR1);
  SHOW(sigaction(SIGUSR1, NULL, &old));
  IS(old.sa_handler == plain);

  action.sa_handler = nested;
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  action.sa_flags = SA_NODEFER;
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);

  action.sa_handler = plain;
  action.sa_flags = SA_RESETHAND;
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  sigaction(SIGUSR1, NULL, &old);
  IS(old.sa_handler == SIG_DFL);

  action.sa_flags = 0;
  action.sa_handler = masks;
  sigemptyset(&action.sa_mask);
  sigaddset(&action.sa_mask, SIGUSR2);
  sigaddset(&action.sa_mask, SIGKILL);
  sigaddset(&action.sa_mask, 40);
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  show_mask("after");

  sigset_t set, all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  show_mask("all");
  action.sa_handler = plain;
  sigemptyset(&action.sa_mask);
  for (int i = 1; i <= 64; i++) sigaction(i, &action, NULL);
  raise(SIGUSR2);
  raise(SIGUSR2);
  raise(SIGTERM);
  raise(SIGINT);
  show_pending("pending");
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  show_pending("delivered");
  raise(SIGHUP);
  signal(SIGHUP, SIG_IGN);
  show_pending("ignored meanwhile");

  /* Values and order of queued real-time signals. */
  action.sa_sigaction = with_info;
  action.sa_flags = SA_SIGINFO;
  for (int i = 34; i <= 64; i++) sigaction(i, &action, NULL);
  sigaction(SIGUSR1, &action, NULL);
  union sigval value;
  for (int i = 0; i < 3; i++) {
    value.sival_int = 100 + i;
    sigqueue(getpid(), 40, value);
    value.sival_int = 200 + i;
    sigqueue(getpid(), 38, value);
  }
  value.sival_int = 1;
  sigqueue(getpid(), SIGUSR1, value);
  value.sival_int = 2;
  sigqueue(getpid(), SIGUSR1, value);
  sigprocmask(SIG_UNBLOCK, &all, NULL);
  kill(getpid(), SIGUSR1);
  raise(SIGUSR1);
  syscall(SYS_tkill, gettid(), SIGUSR1);

  /* Signals that do nothing by default. */
  signal(SIGCHLD, SIG_DFL);
  signal(SIGURG, SIG_DFL);
  signal(SIGWINCH, SIG_DFL);
  signal(SIGCONT, SIG_DFL);
  raise(SIGCHLD);
  raise(SIGURG);
  raise(SIGWINCH);
  raise(SIGCONT);
  printf("still alive\n");
  /* The limit on queued signals. */
  sigprocmask(SIG_BLOCK, &all, NULL);
  setuid(4321);
  struct rlimit limit = {2, 2};
  setrlimit(RLIMIT_SIGPENDING, &limit);
  int queued = 0;
  while (queued < 10 && sigqueue(getpid(), 50, value) == 0) queued++;
  printf("queued %d: %s\n", queued, error_name(errno));
  SHOW(kill(getpid(), 51));
  SHOW(kill(getpid(), SIGUSR2));
  show_pending("over the limit");
  return 0;
}
