/* Seized threads: interruption, stops of the whole process, listening. */
#include "show.h"
#include "trace.h"

static void *sleeping(void *arg) {
  for (;;) pause();
  return arg;
}

static void seize(void) {
  pid_t child = CHILD(for (;;) pause());
  await_state(child, 'S');
  SHOW(ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACESYSGOOD));
  printf("state %c\n", task_state(child));
  SHOW(ptrace(PTRACE_CONT, child, 0, 0));
  SHOW(ptrace(PTRACE_INTERRUPT, child, 0, 0));
  await("interrupt", child);
  show_info(child);
  SHOW(ptrace(PTRACE_LISTEN, child, 0, 0));
  SHOW(ptrace(PTRACE_INTERRUPT, child, 0, 0));
  await("interrupted again while listening", child);
  ptrace(PTRACE_CONT, child, 0, 0);
  SHOW(ptrace(PTRACE_CONT, child, 0, 0));

  puts("a stop of the process");
  kill(child, SIGSTOP);
  await("the signal", child);
  show_info(child);
  ptrace(PTRACE_CONT, child, 0, SIGSTOP);
  await("the stop", child);
  show_info(child);
  SHOW(ptrace(PTRACE_LISTEN, child, 0, 0));
  SHOW(ptrace(PTRACE_CONT, child, 0, 0));
  printf("state %c\n", task_state(child));
  SHOW(waitpid(child, NULL, WNOHANG | __WALL | WUNTRACED));
  kill(child, SIGCONT);
  await("continued", child);
  show_info(child);
  ptrace(PTRACE_CONT, child, 0, 0);
  await("the signal", child);
  ptrace(PTRACE_CONT, child, 0, SIGCONT);
  int status;
  SHOW(waitpid(child, &status, WCONTINUED | WNOHANG | __WALL) == child);
  say_status("", child, status);

  puts("a stop that is resumed, then the end of it");
  kill(child, SIGSTOP);
  await("the signal", child);
  ptrace(PTRACE_CONT, child, 0, SIGSTOP);
  await("the stop", child);
  ptrace(PTRACE_CONT, child, 0, 0);
  await_state(child, 'S');
  ptrace(PTRACE_INTERRUPT, child, 0, 0);
  await("interrupt", child);
  ptrace(PTRACE_CONT, child, 0, 0);
  kill(child, SIGCONT);
  await("continued", child);
  ptrace(PTRACE_CONT, child, 0, 0);
  await("the signal", child);
  SHOW(ptrace(PTRACE_DETACH, child, 0, SIGTERM));
  await("end", child);
}

static void attach(void) {
  puts("attach to a stopped process");
  pid_t child = CHILD(for (;;) pause());
  kill(child, SIGSTOP);
  await_state(child, 'T');
  SHOW(ptrace(PTRACE_ATTACH, child, 0, 0));
  await("attached", child);
  show_info(child);
  ptrace(PTRACE_CONT, child, 0, 0);
  await("the signal of attaching", child);
  show_info(child);
  SHOW(ptrace(PTRACE_DETACH, child, 0, 0));
  await_state(child, 'T');
  printf("state %c\n", task_state(child));
  SHOW(ptrace(PTRACE_SEIZE, child, 0, 0));
  await("seized", child);
  show_info(child);
  SHOW(ptrace(PTRACE_DETACH, child, 0, 0));
  await_state(child, 'T');
  kill(child, SIGCONT);
  await_state(child, 'S');
  SHOW(ptrace(PTRACE_ATTACH, child, 0, 0));
  await("attached", child);
  ptrace(PTRACE_CONT, child, 0, SIGSTOP);
  await("stopped as it would have", child);
  show_info(child);
  ptrace(PTRACE_CONT, child, 0, 0);
  await_state(child, 'S');
  printf("state %c\n", task_state(child));
  kill(child, SIGKILL);
  await("end", child);
}

static void children(void) {
  puts("children of a seized process");
  int ends[2];
  pipe(ends);
  pid_t child = CHILD({
    char byte;
    read(ends[0], &byte, 1);
    pid_t inner = fork();
    if (inner == 0) _exit(4);
    waitpid(inner, NULL, 0);
  });
  ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACEFORK);
  write(ends[1], "", 1);
  await("fork", child);
  pid_t inner = event_message(child);
  pid_name(inner);
  await("the new one", inner);
  show_info(inner);
  ptrace(PTRACE_CONT, inner, 0, 0);
  await("its end", inner);
  ptrace(PTRACE_CONT, child, 0, 0);
  await("the parent hears of it", child);
  ptrace(PTRACE_CONT, child, 0, 0);
  await("end", child);

  puts("exec of a seized process sends no signal");
  pipe(ends);
  child = CHILD({
    char byte;
    read(ends[0], &byte, 1);
    execl("/proc/self/exe", "test", "leaf", NULL);
  });
  ptrace(PTRACE_SEIZE, child, 0, 0);
  write(ends[1], "", 1);
  await("end", child);

  puts("a process of two threads stops");
  child = CHILD({
    pthread_t thread;
    pthread_create(&thread, NULL, sleeping, NULL);
    sleeping(NULL);
  });
  pid_t thread = child + 1;
  pid_name(child);
  pid_name(thread);
  await_state(thread, 'S');
  await_state(child, 'S');
  SHOW(ptrace(PTRACE_SEIZE, child, 0, 0));
  SHOW(ptrace(PTRACE_SEIZE, thread, 0, 0));
  kill(child, SIGSTOP);
  await("the signal", child);
  ptrace(PTRACE_CONT, child, 0, SIGSTOP);
  await("the leader", child);
  await("the thread", thread);
  kill(child, SIGKILL);
  await("the thread", thread);
  await("end", child);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "leaf") == 0) return 22;
  seize();
  attach();
  children();
  return 0;
}
