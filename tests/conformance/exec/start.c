/* What a fresh program finds: auxiliary vector, registers of signals and files, other threads gone, set-user-ID. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *sleeper(void *unused) {
  (void)unused;
  for (;;) pause();
  return NULL;
}

static char *self;
static void *executor(void *unused) {
  (void)unused;
  execl(self, "start", "thread", NULL);
  return NULL;
}

static void state(void) {
  struct sigaction action;
  sigset_t mask;
  sigprocmask(SIG_BLOCK, NULL, &mask);
  sigaction(SIGUSR1, NULL, &action);
  printf("handler reset: %d\n", action.sa_handler == SIG_DFL);
  sigaction(SIGUSR2, NULL, &action);
  printf("ignored stays: %d\n", action.sa_handler == SIG_IGN);
  printf("mask stays: %d\n", sigismember(&mask, SIGHUP));
  stack_t stack;
  sigaltstack(NULL, &stack);
  printf("alternate stack off: %d\n", (stack.ss_flags & SS_DISABLE) != 0);
  printf("close-on-exec: %d %d\n", fcntl(50, F_GETFD), fcntl(51, F_GETFD));
}

static void auxv(void) {
  printf("page size %lu, clock %lu, secure %lu\n", getauxval(AT_PAGESZ), getauxval(AT_CLKTCK), getauxval(AT_SECURE));
  printf("platform %s, execfn %s\n", (char *)getauxval(AT_PLATFORM), strrchr((char *)getauxval(AT_EXECFN), '/'));
  printf("ids %d\n", getauxval(AT_UID) == getuid() && getauxval(AT_EUID) == geteuid() && getauxval(AT_GID) == getgid() && getauxval(AT_EGID) == getegid());
  printf("phdr %d, phent %lu, flags %lu, base %lu\n", getauxval(AT_PHDR) != 0, getauxval(AT_PHENT), getauxval(AT_FLAGS), getauxval(AT_BASE));
  printf("fp and asimd %d, minsigstksz %lu\n", (getauxval(AT_HWCAP) & 3) == 3, getauxval(AT_MINSIGSTKSZ));
  unsigned char *random = (unsigned char *)getauxval(AT_RANDOM);
  int different = 0;
  for (int i = 1; i < 16; i++) different |= random[i] != random[0];
  printf("random %d\n", different);
  Elf64_Ehdr *vdso = (Elf64_Ehdr *)getauxval(AT_SYSINFO_EHDR);
  printf("vdso %d\n", vdso != NULL && memcmp(vdso->e_ident, ELFMAG, 4) == 0);
  unsigned long sp;
  __asm__("mov %0, sp" : "=r"(sp));
  printf("stack aligned %d\n", sp % 16 == 0);
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IONBF, 0);
  self = "/tmp/start-test";
  if (argc > 1 && strcmp(argv[1], "state") == 0) {
    state();
    auxv();
    return 0;
  }
  if (argc > 1 && strcmp(argv[1], "thread") == 0) {
    printf("tid is pid: %d\n", gettid() == getpid());
    FILE *status = fopen("/proc/self/status", "r");
    char line[200];
    while (status && fgets(line, sizeof line, status))
      if (strncmp(line, "Threads:", 8) == 0 || strncmp(line, "Name:", 5) == 0) fputs(line, stdout);
    return 3;
  }
  if (argc > 1 && strcmp(argv[1], "ids") == 0) {
    printf("uid %d euid %d secure %lu dumpable %d\n", getuid(), geteuid(), getauxval(AT_SECURE), prctl(PR_GET_DUMPABLE));
    return 0;
  }
  static char copy[4 << 20];
  int fd = open("/test", O_RDONLY);
  size_t length = read(fd, copy, sizeof copy);
  close(fd);
  fd = open(self, O_CREAT | O_WRONLY | O_TRUNC, 0755);
  write(fd, copy, length);
  close(fd);

  pid_t child = fork();
  if (child == 0) {
    signal(SIGUSR1, (void (*)(int))sleeper);
    signal(SIGUSR2, SIG_IGN);
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGHUP);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    static char area[65536];
    stack_t stack = {.ss_sp = area, .ss_size = sizeof area};
    sigaltstack(&stack, NULL);
    dup2(1, 50);
    dup3(1, 51, O_CLOEXEC);
    execl(self, "start", "state", NULL);
    _exit(9);
  }
  waitpid(child, NULL, 0);

  child = fork();
  if (child == 0) {
    pthread_t threads[4];
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, sleeper, NULL);
    pthread_create(&threads[3], NULL, executor, NULL);
    for (;;) pause();
  }
  int status;
  waitpid(child, &status, 0);
  printf("from a thread: exit %d\n", WEXITSTATUS(status));

  chmod(self, 04755);
  chown(self, 2000, 2000);
  chmod(self, 04755);
  child = fork();
  if (child == 0) {
    setresgid(1000, 1000, 1000);
    setresuid(1000, 1000, 1000);
    execl(self, "start", "ids", NULL);
    _exit(9);
  }
  waitpid(child, NULL, 0);
  child = fork();
  if (child == 0) {
    setresgid(1000, 1000, 1000);
    setresuid(1000, 1000, 1000);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    execl(self, "start", "ids", NULL);
    _exit(9);
  }
  waitpid(child, NULL, 0);
  unlink(self);
  return 0;
}
