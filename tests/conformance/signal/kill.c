/* Who can send what to whom; rt_sigqueueinfo; signals to threads and groups. See kill(2). */
#include "show.h"

static void with_info(int signo, siginfo_t *info, void *context) {
  (void)context;
  printf("got %d code %d uid %d value %d\n", signo, info->si_code, info->si_uid, info->si_value.sival_int);
}

int main(void) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  SHOW(kill(getpid(), 65));
  SHOW(kill(getpid(), -1));
  SHOW(kill(99999, 0));
  SHOW(kill(getpid(), 0));
  SHOW(syscall(SYS_tkill, -1, 0));
  SHOW(syscall(SYS_tkill, 99999, 0));
  SHOW(syscall(SYS_tgkill, getpid(), 99999, 0));
  SHOW(syscall(SYS_tgkill, -1, getpid(), 0));
  SHOW(syscall(SYS_tgkill, getppid() + 70000, getpid(), 0));
  struct sigaction action = {.sa_sigaction = with_info, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &action, NULL);
  sigaction(45, &action, NULL);
  info.si_code = SI_QUEUE;
  info.si_uid = 77;
  info.si_value.sival_int = 88;
  SHOW(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info));
  info.si_code = -77;
  SHOW(syscall(SYS_rt_sigqueueinfo, getpid(), 45, &info));
  SHOW(syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), 45, &info));
  info.si_code = SI_USER;
  SHOW(syscall(SYS_rt_sigqueueinfo, getpid(), 45, &info));
  SHOW(syscall(SYS_rt_sigqueueinfo, getpid(), 70, &info));
  pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  SHOW(syscall(SYS_rt_sigqueueinfo, child, 45, &info));
  info.si_code = SI_TKILL;
  SHOW(syscall(SYS_rt_sigqueueinfo, child, 45, &info));
  IN_CHILD("as a user", {
    setuid(1000);
    SHOW(kill(child, SIGTERM));
    SHOW(kill(child, SIGCONT));
    SHOW(kill(child, 0));
    SHOW(kill(getpid(), 0));
  });
  IN_CHILD("another session", {
    setsid();
    setuid(1000);
    SHOW(kill(child, SIGCONT));
  });
  kill(child, SIGKILL);
  SHOW(kill(child, 0));
  int status;
  waitpid(child, &status, 0);
  show_status("child", status);
  SHOW(kill(child, 0));

  /* A whole group. */
  pid_t leader = fork();
  if (leader == 0) {
    setpgid(0, 0);
    for (int i = 0; i < 3; i++)
      if (fork() == 0) break;
    pause();
    _exit(0);
  }
  setpgid(leader, leader);
  millis(30);
  SHOW(kill(-leader, SIGTERM));
  waitpid(leader, &status, 0);
  show_status("leader", status);
  return 0;
}
