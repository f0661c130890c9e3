/* Which programs and flags seccomp(2) accepts, and who may install them. */
#include "show.h"
#include "filter.h"

#define TRY(name, ...)                                                                      \
  do {                                                                                      \
    fflush(stdout);                                                                         \
    pid_t child_ = fork();                                                                  \
    if (child_ == 0) {                                                                      \
      long r_ = INSTALL(0, __VA_ARGS__);                                                    \
      printf("%s: %s\n", name, r_ == -1 ? error_name(errno) : "ok");                        \
      _exit(0);                                                                             \
    }                                                                                       \
    int status_;                                                                            \
    waitpid(child_, &status_, 0);                                                           \
    if (status_) show_status(name, status_);                                                \
  } while (0)
#define S(code, k) BPF_STMT((code), (k))
#define J(code, k, t, f) BPF_JUMP((code), (k), (t), (f))
#define ALLOW RETURN(SECCOMP_RET_ALLOW)

static void line_of_status(const char *field) {
  char text[4096];
  int fd = open("/proc/thread-self/status", O_RDONLY);
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  text[n > 0 ? n : 0] = 0;
  char *at = strstr(text, field);
  if (at) printf("%.*s\n", (int)strcspn(at, "\n"), at);
}

static void show_file(const char *path) {
  char text[256];
  int fd = open(path, O_RDONLY);
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  text[n > 0 ? n : 0] = 0;
  printf("%s: %s", path, text);
}

static void programs(void) {
  TRY("allow", ALLOW);
  TRY("no return", LOAD(NR));
  TRY("load 60", LOAD(60), ALLOW);
  TRY("load 64", LOAD(64), ALLOW);
  TRY("load 2", LOAD(2), ALLOW);
  TRY("load negative", LOAD(-4096), ALLOW);
  TRY("load half", S(BPF_LD | BPF_H | BPF_ABS, 0), ALLOW);
  TRY("load byte", S(BPF_LD | BPF_B | BPF_ABS, 0), ALLOW);
  TRY("load indirect", S(BPF_LD | BPF_W | BPF_IND, 0), ALLOW);
  TRY("length", S(BPF_LD | BPF_W | BPF_LEN, 0), ALLOW);
  TRY("length x", S(BPF_LDX | BPF_W | BPF_LEN, 0), ALLOW);
  TRY("msh", S(BPF_LDX | BPF_B | BPF_MSH, 0), ALLOW);
  TRY("mod", S(BPF_ALU | BPF_MOD | BPF_K, 3), ALLOW);
  TRY("xor", S(BPF_ALU | BPF_XOR | BPF_K, 3), ALLOW);
  TRY("neg", S(BPF_ALU | BPF_NEG, 0), ALLOW);
  TRY("divide by zero", S(BPF_ALU | BPF_DIV | BPF_K, 0), ALLOW);
  TRY("divide", S(BPF_ALU | BPF_DIV | BPF_K, 7), ALLOW);
  TRY("shift 31", S(BPF_ALU | BPF_LSH | BPF_K, 31), ALLOW);
  TRY("shift 32", S(BPF_ALU | BPF_RSH | BPF_K, 32), ALLOW);
  TRY("jump over the end", J(BPF_JMP | BPF_JA, 1, 0, 0), ALLOW);
  TRY("jump", J(BPF_JMP | BPF_JA, 0, 0, 0), ALLOW);
  TRY("jump back", J(BPF_JMP | BPF_JA, -2, 0, 0), ALLOW);
  TRY("branch over the end", J(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1), ALLOW);
  TRY("unwritten memory", S(BPF_LD | BPF_MEM, 3), ALLOW);
  TRY("written memory", S(BPF_ST, 3), S(BPF_LD | BPF_MEM, 3), ALLOW);
  TRY("memory written on one way", LOAD(NR), J(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1), S(BPF_ST, 3), S(BPF_LDX | BPF_MEM, 3), ALLOW);
  TRY("memory written on both ways", S(BPF_STX, 3), J(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1), S(BPF_ST, 3), S(BPF_LDX | BPF_MEM, 3), ALLOW);
  TRY("memory 16", S(BPF_ST, 16), ALLOW);
  TRY("return X", S(BPF_RET | BPF_X, 0));
  TRY("unknown code", S(0xff, 0), ALLOW);
  TRY("wide code", S(0x106, 0), ALLOW);
  TRY("tax txa", S(BPF_LD | BPF_IMM, SECCOMP_RET_ALLOW), S(BPF_MISC | BPF_TAX, 0), S(BPF_LD | BPF_IMM, 0), S(BPF_MISC | BPF_TXA, 0), S(BPF_RET | BPF_A, 0));
  TRY("division by a zero X", LOAD(NR), S(BPF_LDX | BPF_IMM, 0), S(BPF_ALU | BPF_DIV | BPF_X, 0), ALLOW);
  /* ((9 + 7) * 3 - 6) / 2 = 21; | 10 = 31; & 29 = 29; << 3 = 232; >> 1 = 116; ^ 117 = 1; - 1 = 0 by X; neg. */
  TRY("arithmetic", S(BPF_LD | BPF_IMM, 9), S(BPF_ALU | BPF_ADD | BPF_K, 7), S(BPF_LDX | BPF_IMM, 3), S(BPF_ALU | BPF_MUL | BPF_X, 0),
      S(BPF_ALU | BPF_SUB | BPF_K, 6), S(BPF_ALU | BPF_DIV | BPF_K, 2), S(BPF_ALU | BPF_OR | BPF_K, 10), S(BPF_ALU | BPF_AND | BPF_K, 29),
      S(BPF_ALU | BPF_LSH | BPF_X, 0), S(BPF_ALU | BPF_RSH | BPF_K, 1), S(BPF_ALU | BPF_XOR | BPF_K, 117), S(BPF_ALU | BPF_NEG, 0),
      J(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffff, 0, 4), J(BPF_JMP | BPF_JGT | BPF_K, 0xfffffffe, 0, 3), J(BPF_JMP | BPF_JGE | BPF_X, 0, 0, 2),
      J(BPF_JMP | BPF_JSET | BPF_K, 0x80000000, 0, 1), ALLOW, RETURN(SECCOMP_RET_KILL_PROCESS));
}

static void lengths(void) {
  static struct sock_filter insns[4097];
  for (int i = 0; i < 4097; i++) insns[i] = (struct sock_filter)ALLOW;
  struct sock_fprog prog = {0, insns};
  SHOW(seccomp(SECCOMP_SET_MODE_FILTER, 0, &prog));
  prog.len = 4097;
  SHOW(seccomp(SECCOMP_SET_MODE_FILTER, 0, &prog));
  prog.filter = (void *)8;
  prog.len = 1;
  SHOW(seccomp(SECCOMP_SET_MODE_FILTER, 0, &prog));
  SHOW(seccomp(SECCOMP_SET_MODE_FILTER, 0, (void *)8));
  prog.filter = insns;
  prog.len = 4096;
  int installed = 0;
  while (seccomp(SECCOMP_SET_MODE_FILTER, 0, &prog) == 0) installed++;
  printf("programs of 4096: %d, then %s\n", installed, error_name(errno));
  prog.len = 1;
  installed = 0;
  while (seccomp(SECCOMP_SET_MODE_FILTER, 0, &prog) == 0) installed++;
  printf("programs of 1 after that: %d, then %s\n", installed, error_name(errno));
}

static void lengths_of(const char *name, struct sock_filter pattern, struct sock_filter second) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    static struct sock_filter insns[2048];
    for (int i = 0; i < 2048; i++) insns[i] = i % 2 ? second : pattern;
    insns[2046] = (struct sock_filter)ALLOW;
    insns[2047] = (struct sock_filter)ALLOW;
    insns[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 5);
    struct sock_fprog prog = {2048, insns};
    int installed = 0;
    while (seccomp(SECCOMP_SET_MODE_FILTER, 0, &prog) == 0) installed++;
    printf("%s: %d, then %s\n", name, installed, error_name(errno));
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

int main(void) {
  SHOW(prctl(PR_GET_SECCOMP));
  line_of_status("Seccomp:");
  line_of_status("Seccomp_filters:");
  show_file("/proc/sys/kernel/seccomp/actions_avail");
  show_file("/proc/sys/kernel/seccomp/actions_logged");
  SHOW(seccomp(SECCOMP_SET_MODE_STRICT, 1, NULL));
  SHOW(seccomp(SECCOMP_SET_MODE_STRICT, 0, &errno));
  SHOW(seccomp(4, 0, NULL));
  SHOW(seccomp(-1, 0, NULL));
  SHOW(prctl(PR_SET_SECCOMP, 0, 0));
  SHOW(prctl(PR_SET_SECCOMP, 3, 0));
  SHOW(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL));
  static const uint32_t actions[] = {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO,
                                     SECCOMP_RET_USER_NOTIF, SECCOMP_RET_TRACE, SECCOMP_RET_LOG, SECCOMP_RET_ALLOW, 1, 0x7ffe0000};
  for (unsigned i = 0; i < sizeof actions / sizeof *actions; i++) SHOW(seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &actions[i]));
  SHOW(seccomp(SECCOMP_GET_ACTION_AVAIL, 1, &actions[0]));
  SHOW(seccomp(SECCOMP_GET_ACTION_AVAIL, 0, NULL));
  struct seccomp_notif_sizes sizes;
  SHOW(seccomp(SECCOMP_GET_NOTIF_SIZES, 1, &sizes));
  SHOW(seccomp(SECCOMP_GET_NOTIF_SIZES, 0, NULL));
  SHOW(seccomp(SECCOMP_GET_NOTIF_SIZES, 0, &sizes));
  printf("sizes: %d %d %d\n", sizes.seccomp_notif, sizes.seccomp_notif_resp, sizes.seccomp_data);
  for (unsigned flag = 1; flag != 0 && flag <= 64; flag <<= 1) {
    printf("flag %u: ", flag);
    SHOW(seccomp(SECCOMP_SET_MODE_FILTER, flag, NULL));
  }
  SHOW(seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_NEW_LISTENER, NULL));
  SHOW(seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC_ESRCH, NULL));
  programs();
  IN_CHILD("lengths", lengths());
  lengths_of("jumps two ways", (struct sock_filter)J(BPF_JMP | BPF_JEQ | BPF_K, 1, 1, 2), (struct sock_filter)J(BPF_JMP | BPF_JGT | BPF_K, 1, 0, 1));
  lengths_of("negative constants", (struct sock_filter)J(BPF_JMP | BPF_JEQ | BPF_K, -1, 0, 0), (struct sock_filter)J(BPF_JMP | BPF_JSET | BPF_K, 4, 0, 1));
  lengths_of("divisions", (struct sock_filter)S(BPF_ALU | BPF_DIV | BPF_X, 0), (struct sock_filter)S(BPF_ALU | BPF_ADD | BPF_K, -1));
  lengths_of("moves", (struct sock_filter)S(BPF_MISC | BPF_TAX, 0), (struct sock_filter)S(BPF_LD | BPF_W | BPF_LEN, 0));
  lengths_of("loads", (struct sock_filter)LOAD(NR), (struct sock_filter)S(BPF_ST, 0));

  IN_CHILD("unprivileged", {
    OK(setresuid(1000, 1000, 1000));
    SHOW(INSTALL(0, ALLOW));
    SHOW(INSTALL(0, LOAD(NR)));
    no_new_privs();
    SHOW(INSTALL(0, ALLOW));
    SHOW(prctl(PR_GET_SECCOMP));
    line_of_status("Seccomp:");
    line_of_status("Seccomp_filters:");
    SHOW(INSTALL(0, ALLOW));
    line_of_status("Seccomp_filters:");
    SHOW(seccomp(SECCOMP_SET_MODE_STRICT, 0, NULL));
    IN_CHILD("inherited", SHOW(prctl(PR_GET_SECCOMP)); line_of_status("Seccomp_filters:"));
  });
  return 0;
}
