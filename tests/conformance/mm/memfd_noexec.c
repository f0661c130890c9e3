/* /proc/sys/vm/memfd_noexec of each PID namespace. See memfd_create(2). */
#include "show.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#define MFD_EXEC 16U
#endif

static void set(const char *value) {
  int fd = open("/proc/sys/vm/memfd_noexec", O_RDWR);
  char text[8] = "";
  int written = write(fd, value, 1);
  printf("set %s: %s", value, written < 0 ? error_name(errno) : "ok");
  pread(fd, text, 7, 0);
  printf(", is %s", text);
  close(fd);
}

static void try(unsigned flags) {
  int fd = memfd_create("x", flags);
  struct stat st;
  if (fd < 0) printf("memfd_create(%x): %s\n", flags, error_name(errno));
  else {
    fstat(fd, &st);
    printf("memfd_create(%x): %o, seals %x\n", flags, st.st_mode & 07777, fcntl(fd, F_GET_SEALS));
    close(fd);
  }
}

static void try_all(void) {
  try(0);
  try(MFD_ALLOW_SEALING);
  try(MFD_EXEC);
  try(MFD_NOEXEC_SEAL);
  try(MFD_NOEXEC_SEAL | MFD_EXEC);
}

int main(void) {
  SHOW(unshare(CLONE_NEWPID));
  fflush(stdout);
  if (fork() == 0) {
    try_all();
    set("1");
    try_all();
    unshare(CLONE_NEWPID);
    fflush(stdout);
    if (fork() == 0) {
      set("0");
      set("2");
      try_all();
      set("1");
      set("3");
      fflush(stdout);
      _exit(0);
    }
    wait(NULL);
    set("0");
    try_all();
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  return 0;
}
