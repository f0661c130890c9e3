/* A mount of cgroup2 at /tmp/cg, and its files. */
#include "show.h"
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <dirent.h>

static inline void mount_cgroups(void) {
  mkdir("/tmp", 01777);
  mkdir("/tmp/cg", 0755);
  if (mount("cgroup2", "/tmp/cg", "cgroup2", 0, NULL)) printf("mount: %s\n", error_name(errno));
  if (chdir("/tmp/cg")) printf("chdir: %s\n", error_name(errno));
}

/* Take a group away as soon as its tasks have gone. */
static inline void remove_group(const char *name) {
  for (int i = 0; rmdir(name) && errno == EBUSY && i < 200; i++) millis(10);
}

static inline void unmount_cgroups(void) {
  if (chdir("/")) return;
  umount2("/tmp/cg", MNT_DETACH);
  rmdir("/tmp/cg");
}

/* Write a text; what is told is the result. */
static inline int put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0) return -1;
  ssize_t n = write(fd, text, strlen(text));
  int error = errno;
  close(fd);
  errno = error;
  return n < 0 ? -1 : 0;
}

static inline int put_number(const char *path, long number) {
  char text[32];
  snprintf(text, sizeof text, "%ld", number);
  return put(path, text);
}

static inline const char *get(const char *path) {
  static char text[4][8192];
  static int next;
  char *out = text[next++ & 3];
  int fd = open(path, O_RDONLY);
  if (fd < 0) return error_name(errno);
  ssize_t n = read(fd, out, sizeof text[0] - 1);
  if (n < 0) snprintf(out, 64, "%s\n", error_name(errno));
  else out[n] = 0;
  close(fd);
  return out;
}

/* The file's text with spaces for line ends. */
#define FILE_IS(path)                                    \
  do {                                                   \
    char line_[8192];                                    \
    snprintf(line_, sizeof line_, "%s", get(path));      \
    for (char *p_ = line_; *p_; p_++) if (*p_ == '\n') *p_ = p_[1] ? '|' : 0; \
    printf("%s: %s\n", path, line_);                     \
  } while (0)

#define PUT(path, text)                                                           \
  do {                                                                            \
    errno = 0;                                                                    \
    printf("%s <- %s: %s\n", path, text, put(path, text) ? error_name(errno) : "ok"); \
  } while (0)

/* Move a process and tell whether it worked. */
#define MOVE(pid, path)                                                              \
  do {                                                                               \
    errno = 0;                                                                       \
    printf("%s <- %s: %s\n", path, #pid, put_number(path, pid) ? error_name(errno) : "ok"); \
  } while (0)

/* Wait until the file says so. */
static inline int await(const char *path, const char *wanted) {
  for (int i = 0; i < 500; i++) {
    if (strstr(get(path), wanted)) return 1;
    millis(5);
  }
  return 0;
}

/* A process that sleeps until it is killed. */
static inline pid_t sleeper(void) {
  pid_t child = fork();
  if (child == 0)
    for (;;) pause();
  return child;
}
