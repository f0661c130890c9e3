/* /proc/sys: reading, writing, refusing; the host name is watched by poll. See proc_sys(5), uts_namespaces(7). */
#include "show.h"

static void get(const char *path) {
  char text[256];
  int fd = open(path, O_RDONLY);
  ssize_t count = fd < 0 ? -1 : read(fd, text, sizeof text);
  if (count < 0) printf("%s: %s\n", path, error_name(errno));
  else printf("%s: %.*s", path, (int)count, text);
  if (fd >= 0) close(fd);
}

static void put(const char *path, const char *value) {
  int fd = open(path, O_WRONLY | O_TRUNC);
  ssize_t count = fd < 0 ? -1 : write(fd, value, strlen(value));
  if (count < 0) printf("%s <- %s: %s\n", path, value, error_name(errno));
  else printf("%s <- %s: %zd\n", path, value, count);
  if (fd >= 0) close(fd);
}

static void pending(const char *what, int fd) {
  struct pollfd p = {.fd = fd, .events = POLLIN | POLLPRI};
  int count = poll(&p, 1, 0);
  printf("%s: %d %x\n", what, count, p.revents);
}

int main(void) {
  unshare(CLONE_NEWUTS);
  char name[256];
  get("/proc/sys/kernel/ostype");
  get("/proc/sys/kernel/overflowuid");
  get("/proc/sys/kernel/cap_last_cap");
  get("/proc/sys/kernel/ngroups_max");
  get("/proc/sys/fs/nr_open");
  get("/proc/sys/fs/mount-max");
  get("/proc/sys/fs/overflowgid");
  get("/proc/sys/vm/max_map_count");
  get("/proc/sys/vm/overcommit_ratio");
  put("/proc/sys/kernel/hostname", "first\n");
  int watched = open("/proc/sys/kernel/hostname", O_RDONLY);
  pending("opened", watched);
  get("/proc/sys/kernel/hostname");
  sethostname("second", 6);
  pending("changed", watched);
  pending("seen", watched);
  put("/proc/sys/kernel/hostname", "third\nand more");
  pending("changed again", watched);
  gethostname(name, sizeof name);
  printf("%s\n", name);
  put("/proc/sys/kernel/hostname", "with space ");
  get("/proc/sys/kernel/hostname");
  put("/proc/sys/kernel/hostname", "0123456789012345678901234567890123456789012345678901234567890123456789");
  get("/proc/sys/kernel/hostname");
  put("/proc/sys/kernel/domainname", "example.org");
  get("/proc/sys/kernel/domainname");
  int fd = open("/proc/sys/kernel/hostname", O_RDWR);
  SHOW(pwrite(fd, "later", 5, 3));
  get("/proc/sys/kernel/hostname");
  SHOW(pread(fd, name, 3, 60));
  SHOW(lseek(fd, 0, SEEK_END));
  SHOW(ftruncate(fd, 3));
  put("/proc/sys/kernel/ostype", "x");
  put("/proc/sys/kernel/nothing", "x");
  put("/proc/sys/kernel", "x");
  put("/proc/sys/fs/protected_symlinks", "2");
  put("/proc/sys/fs/protected_symlinks", "1\n");
  put("/proc/sys/vm/overcommit_memory", "3");
  put("/proc/sys/vm/overcommit_memory", "");
  put("/proc/sys/vm/overcommit_memory", " 0 ");
  put("/proc/sys/kernel/pid_max", "10");
  put("/proc/sys/fs/pipe-max-size", "1000");
  put("/proc/sys/fs/pipe-max-size", "5000");
  get("/proc/sys/fs/pipe-max-size");
  put("/proc/sys/fs/pipe-max-size", "1048576");
  put("/proc/sys/vm/drop_caches", "0");
  put("/proc/sys/vm/drop_caches", "3");
  get("/proc/sys/vm/drop_caches");
  SHOW(chmod("/proc/sys/kernel/hostname", 0600));
  SHOW(unlink("/proc/sys/kernel/hostname"));
  put("/proc/version", "x");
  put("/proc/loadavg", "x");
  IN_CHILD("another user", {
    if (setgid(100) || setuid(1000)) _exit(1);
    put("/proc/sys/kernel/hostname", "x");
    get("/proc/sys/kernel/hostname");
    put("/proc/sys/kernel/msgmax", "1");
    put("/proc/sys/kernel/ns_last_pid", "5");
    get("/proc/sys/vm/drop_caches");
  });
  IN_CHILD("last pid", {
    unshare(CLONE_NEWPID);
    if (fork() == 0) {
      put("/proc/sys/kernel/ns_last_pid", "998");
      pid_t child = fork();
      if (child == 0) _exit(0);
      printf("next pid %d\n", child);
      get("/proc/sys/kernel/ns_last_pid");
      _exit(0);
    }
    wait(NULL);
  });
  return 0;
}
