/* What the memory tests share: printing results by name, and catching faults. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL

static inline const char *name_of(int error) {
  const char *name = strerrorname_np(error);
  return name ? name : "?";
}

/* The result of a call that returns -1 on error: "ok", or the error's name. */
#define SHOW(call)                                                                   \
  do {                                                                               \
    errno = 0;                                                                       \
    long result_ = (long)(call);                                                     \
    printf("%s: %s\n", #call, result_ == -1 ? name_of(errno) : "ok");                \
  } while (0)

/* As SHOW, with the value of success. */
#define VALUE(call)                                                                  \
  do {                                                                               \
    errno = 0;                                                                       \
    long result_ = (long)(call);                                                     \
    if (result_ == -1) printf("%s: %s\n", #call, name_of(errno));                    \
    else printf("%s: %ld\n", #call, result_);                                        \
  } while (0)

static sigjmp_buf fault_back;
static siginfo_t fault_info;

static inline void on_fault(int signo, siginfo_t *info, void *context) {
  (void)signo;
  (void)context;
  fault_info = *info;
  siglongjmp(fault_back, 1);
}

static inline void catch_faults(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
}

/* Touch one byte: what happened. `base` makes the reported address comparable. */
static inline void touch(const char *what, volatile char *address, int write) {
  if (sigsetjmp(fault_back, 1) == 0) {
    if (write) *address = 1;
    else (void)*address;
    printf("%s: fine\n", what);
  } else {
    printf("%s: signal %d code %d at +%ld\n", what, fault_info.si_signo, fault_info.si_code, (long)((char *)fault_info.si_addr - (char *)address));
  }
}

static inline char *anon(size_t length, int prot) {
  char *p = mmap(NULL, length, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) {
    printf("anon failed: %s\n", name_of(errno));
    exit(1);
  }
  return p;
}

static inline int file_of(size_t length) {
  int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
  if (fd < 0 || ftruncate(fd, length) < 0) {
    printf("file failed: %s\n", name_of(errno));
    exit(1);
  }
  return fd;
}
