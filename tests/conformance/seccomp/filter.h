/* Filters of system calls, put together. */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

#define NR offsetof(struct seccomp_data, nr)
#define ARG(n) (offsetof(struct seccomp_data, args) + 8 * (n))
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))
/* The verdict for one call; what follows decides about the others. */
#define ON(call, value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), RETURN(value)
#define PROGRAM(...)                                       \
  struct sock_filter insns[] = {__VA_ARGS__};              \
  struct sock_fprog prog = {sizeof insns / sizeof *insns, insns}

#define seccomp(operation, flags, args) syscall(SYS_seccomp, (operation), (flags), (args))
#define INSTALL(flags, ...)                                 \
  ({                                                        \
    PROGRAM(__VA_ARGS__);                                   \
    seccomp(SECCOMP_SET_MODE_FILTER, (flags), &prog);       \
  })

static inline void no_new_privs(void) { prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }
