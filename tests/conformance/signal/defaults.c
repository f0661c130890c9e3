/* What each signal does by default. See signal(7). */
#include "show.h"

int main(void) {
  for (int signo = 1; signo <= 64; signo++) {
    if (signo == 32 || signo == 33) continue;
    pid_t child = fork();
    if (child == 0) {
      setpgid(0, 0);
      pause();
      _exit(0);
    }
    setpgid(child, child);
    millis(25);
    kill(child, signo);
    int status = 0;
    millis(25);
    pid_t got = waitpid(child, &status, WNOHANG | WUNTRACED | WCONTINUED);
    char what[20];
    snprintf(what, sizeof what, "%d", signo);
    if (got == 0) {
      printf("%d: ignored\n", signo);
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
    } else {
      show_status(what, status);
      if (WIFSTOPPED(status)) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        show_status("then", status);
      }
    }
  }
  return 0;
}
