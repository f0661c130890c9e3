/* What the tests of POSIX message queues share. */
#include "show.h"
#include <mqueue.h>

/* No queue of the machine is seen, and none is left behind. */
static inline void own_namespace(void) {
  if (syscall(SYS_unshare, CLONE_NEWIPC | CLONE_NEWNS) < 0) perror("unshare");
}

/* The system call: the library wants a slash before the name, which it takes away. */
static inline int open_raw(const char *name, int flags, mode_t mode, struct mq_attr *attr) {
  return syscall(SYS_mq_open, name, flags, mode, attr);
}

static inline void show_attr(const char *what, mqd_t queue) {
  struct mq_attr attr;
  if (mq_getattr(queue, &attr) < 0) printf("%s: %s\n", what, error_name(errno));
  else printf("%s: flags %lo, %ld of %ld messages of %ld bytes\n", what, attr.mq_flags, attr.mq_curmsgs, attr.mq_maxmsg, attr.mq_msgsize);
}
