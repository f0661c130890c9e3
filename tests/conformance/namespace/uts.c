/* Host and domain names of UTS namespaces. See uts_namespaces(7), sethostname(2), uname(2), proc_sys_kernel(5). */
#include "show.h"
#include <sys/epoll.h>
#include <sys/utsname.h>

static int put(const char *path, const char *text, size_t length) {
  int fd = open(path, O_WRONLY);
  if (fd < 0) return -1;
  int result = write(fd, text, length);
  int error = errno;
  close(fd);
  errno = error;
  return result;
}

static void show_file(const char *path) {
  char text[128] = "";
  int fd = open(path, O_RDONLY);
  int n = read(fd, text, sizeof text - 1);
  close(fd);
  printf("%s: %d %s", path, n, text);
}

static void show_names(const char *what) {
  struct utsname name;
  uname(&name);
  printf("%s: %s %s\n", what, name.nodename, name.domainname);
}

#define HOST "/proc/sys/kernel/hostname"
#define DOMAIN "/proc/sys/kernel/domainname"

int main(void) {
  static char long_name[200];
  memset(long_name, 'n', sizeof long_name);
  struct stat st;
  unshare(CLONE_NEWUTS);
  sethostname("start", 5);
  setdomainname("(none)", 6);
  show_names("start");
  SHOW(sethostname(long_name, 64));
  show_file(HOST);
  SHOW(sethostname(long_name, 65));
  SHOW(sethostname("x", -1));
  SHOW(sethostname(NULL, 0));
  show_file(HOST);
  SHOW(sethostname((char *)8, 1));
  SHOW(sethostname("a\0b", 3));
  show_file(HOST);
  SHOW(sethostname("two words\n", 10));
  show_file(HOST);
  SHOW(setdomainname("example.org", 11));
  SHOW(setdomainname(long_name, 64));
  SHOW(setdomainname(long_name, 65));
  show_names("set");
  char small[4];
  SHOW(gethostname(small, sizeof small));

  /* By /proc. */
  SHOW(put(HOST, "proc\n", 5));
  show_file(HOST);
  SHOW(put(HOST, "line\nother\n", 11));
  show_file(HOST);
  SHOW(put(HOST, long_name, 100));
  show_file(HOST);
  SHOW(put(HOST, "", 0));
  SHOW(put(HOST, "\n", 1));
  show_file(HOST);
  SHOW(put(DOMAIN, "domain", 6));
  show_names("proc");
  int fd = open(HOST, O_RDWR);
  SHOW(write(fd, "abc", 3));
  SHOW(write(fd, "def", 3));
  SHOW(lseek(fd, 0, SEEK_SET));
  char text[16] = "";
  SHOW(read(fd, text, 3));
  SHOW(read(fd, text + 3, 10));
  printf("%s", text);
  close(fd);
  SHOW(put("/proc/sys/kernel/ostype", "x", 1));
  SHOW(put("/proc/sys/kernel/osrelease", "x", 1));
  SHOW(put("/proc/sys/kernel/version", "x", 1));
  show_file("/proc/sys/kernel/ostype");
  stat(HOST, &st);
  printf("%o %d %d\n", st.st_mode, st.st_uid, st.st_gid);

  /* Waiting for a change. */
  int host = open(HOST, O_RDONLY), domain = open(DOMAIN, O_RDONLY), release = open("/proc/sys/kernel/osrelease", O_RDONLY);
  struct pollfd p[] = {{host, POLLPRI, 0}, {domain, POLLPRI, 0}, {release, POLLPRI, 0}};
  SHOW(poll(p, 3, 0));
  sethostname("polled", 6);
  SHOW(poll(p, 3, 0));
  printf("%x %x %x\n", p[0].revents, p[1].revents, p[2].revents);
  SHOW(poll(p, 3, 0));
  setdomainname("polled", 6);
  SHOW(poll(p, 3, 0));
  printf("%x %x %x\n", p[0].revents, p[1].revents, p[2].revents);
  SHOW(poll(p, 3, 0));
  put(HOST, "written", 7);
  SHOW(poll(p, 1, 0));
  sethostname("written", 7);
  SHOW(poll(p, 1, 0));
  SHOW(poll(p, 1, 0));
  pid_t child = fork();
  if (child == 0) {
    millis(50);
    sethostname("woken", 5);
    _exit(0);
  }
  p[0].events = POLLPRI | POLLIN;
  SHOW(poll(p, 1, 0));
  p[0].events = POLLPRI;
  SHOW(poll(p, 1, 5000));
  printf("%x\n", p[0].revents);
  wait(NULL);
  IN_CHILD("another namespace", {
    SHOW(unshare(CLONE_NEWUTS));
    sethostname("elsewhere", 9);
    show_file(HOST);
    setdomainname("far", 3);
    show_names("there");
  });
  SHOW(poll(p, 1, 0));
  show_names("here");

  IN_CHILD("without privilege", {
    setgid(1000);
    setuid(1000);
    SHOW(sethostname("x", 1));
    SHOW(setdomainname("x", 100));
    SHOW(put(HOST, "x", 1));
    SHOW(unshare(CLONE_NEWUSER));
    SHOW(sethostname("x", 1));
    SHOW(unshare(CLONE_NEWUTS));
    SHOW(sethostname("inside", 6));
    SHOW(put(HOST, "x", 1));
    show_names("inside");
  });
  show_names("outside");
  struct utsname name;
  prctl(PR_SET_NAME, "uts");
  SHOW(syscall(SYS_personality, 0x0020000));
  uname(&name);
  IS(!strncmp(name.release, "2.6.", 4));
  SHOW(syscall(SYS_uname, 8));
  return 0;
}
