/* The alternate signal stack. See sigaltstack(2). */
#include "show.h"

static char stack[32768] __attribute__((aligned(16)));
static char other[32768];

static void show_stack(const char *what) {
  stack_t now;
  sigaltstack(NULL, &now);
  printf("%s: %s size %ld flags %x\n", what, now.ss_sp == stack ? "the stack" : now.ss_sp == NULL ? "none" : "another", (long)now.ss_size, now.ss_flags);
}

static void handler(int signo) {
  char here;
  printf("handler %d on the stack: %s\n", signo, &here >= stack && &here < stack + sizeof stack ? "yes" : "no");
  show_stack("inside");
  stack_t change = {.ss_sp = other, .ss_size = sizeof other};
  SHOW(sigaltstack(&change, NULL));
}

static void overflow(int signo, siginfo_t *info, void *context) {
  (void)context;
  printf("overflow %d code %d\n", signo, info->si_code);
  _exit(0);
}

static volatile int limit = INT_MAX;
static int recurse(int depth) {
  volatile char block[4096];
  block[0] = (char)depth;
  return depth == limit ? 0 : recurse(depth + 1) + block[0];
}

int main(void) {
  show_stack("at first");
  stack_t set = {.ss_sp = stack, .ss_size = 1024};
  SHOW(sigaltstack(&set, NULL));
  set.ss_size = sizeof stack;
  set.ss_flags = 8;
  SHOW(sigaltstack(&set, NULL));
  set.ss_flags = SS_ONSTACK;
  SHOW(sigaltstack(&set, NULL));
  show_stack("set");
  struct sigaction action = {.sa_handler = handler};
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  show_stack("after the change");
  set.ss_flags = 0;
  sigaltstack(&set, NULL);
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  show_stack("after");
  set.ss_flags = 1U << 31;
  SHOW(sigaltstack(&set, NULL));
  show_stack("autodisarm");
  raise(SIGUSR1);
  show_stack("rearmed");
  set.ss_flags = SS_DISABLE;
  SHOW(sigaltstack(&set, NULL));
  show_stack("disabled");
  IN_CHILD("stack overflow with it", {
    set.ss_flags = 0;
    sigaltstack(&set, NULL);
    struct sigaction on = {.sa_sigaction = overflow, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(SIGSEGV, &on, NULL);
    recurse(0);
  });
  IN_CHILD("stack overflow without", {
    struct sigaction on = {.sa_sigaction = overflow, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(SIGSEGV, &on, NULL);
    recurse(0);
  });
  return 0;
}
