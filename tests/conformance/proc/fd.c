/* /proc/[pid]/fd and fdinfo: links past any name. See proc_pid_fd(5), proc_pid_fdinfo(5). */
#include "show.h"
#include <dirent.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static void link_of(const char *what, int fd) {
  char path[64];
  char target[256];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  ssize_t count = readlink(path, target, sizeof target - 1);
  if (count < 0) {
    printf("%s: %s\n", what, error_name(errno));
    return;
  }
  target[count] = 0;
  char *number = strchr(target, '[');
  if (number && number[1] >= '0' && number[1] <= '9') strcpy(number, "[N]");
  struct stat st;
  lstat(path, &st);
  printf("%s: %s mode %o size %ld\n", what, target, st.st_mode, st.st_size);
}

static void info(const char *what, int fd) {
  char path[64];
  char line[256];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
  FILE *file = fopen(path, "r");
  printf("%s:", what);
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    for (char *at = line; *at; at++)
      if (*at == '\t') *at = ' ';
    if (!strncmp(line, "mnt_id", 6) || !strncmp(line, "ino", 3)) printf(" %.*s", (int)strcspn(line, ":"), line);
    else printf(" %s", line);
  }
  printf("\n");
  fclose(file);
}

int main(void) {
  char path[64];
  char buffer[64];
  chdir("/tmp");
  int file = open("file", O_CREAT | O_RDWR | O_TRUNC, 0600);
  write(file, "content", 7);
  link_of("file", file);
  info("file", file);
  link_of("read only", open("file", O_RDONLY | O_CLOEXEC));
  link_of("write only", open("file", O_WRONLY | O_APPEND));
  link_of("path", open("file", O_PATH));
  link_of("directory", open("/tmp", O_RDONLY | O_DIRECTORY));
  link_of("null", open("/dev/null", O_RDWR));
  int pipes[2];
  pipe2(pipes, O_NONBLOCK);
  link_of("pipe", pipes[0]);
  link_of("pipe", pipes[1]);
  info("pipe", pipes[1]);
  int event = eventfd(5, 0);
  link_of("eventfd", event);
  link_of("epoll", epoll_create1(0));
  link_of("timerfd", timerfd_create(CLOCK_MONOTONIC, 0));
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  int signals = signalfd(-1, &set, SFD_CLOEXEC);
  link_of("signalfd", signals);
  int memory = memfd_create("a name", 0);
  link_of("memfd", memory);
  link_of("missing", 999);
  link_of("namespace", open("/proc/self/ns/uts", O_RDONLY));

  /* A new description of the same file. */
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  int again = open(path, O_RDONLY);
  SHOW(lseek(file, 0, SEEK_CUR));
  SHOW(lseek(again, 0, SEEK_CUR));
  SHOW(read(again, buffer, sizeof buffer));
  info("again", again);
  unlink("file");
  link_of("deleted", file);
  again = open(path, O_WRONLY);
  SHOW(write(again, "more", 4));
  struct stat st;
  SHOW(stat(path, &st));
  printf("links %u\n", st.st_nlink);
  SHOW(open(path, O_RDONLY | O_NOFOLLOW));
  OK(open(path, O_PATH | O_NOFOLLOW));
  SHOW(linkat(AT_FDCWD, path, AT_FDCWD, "back", 0));
  SHOW(linkat(AT_FDCWD, path, AT_FDCWD, "back", AT_SYMLINK_FOLLOW));
  OK(unlink("back"));
  mkdir("dir", 0700);
  int dir = open("dir", O_RDONLY | O_DIRECTORY);
  snprintf(path, sizeof path, "/proc/self/fd/%d/inside", dir);
  int inside = open(path, O_CREAT | O_WRONLY, 0600);
  IS(inside >= 0);
  link_of("inside", inside);
  unlink("dir/inside");
  rmdir("dir");
  link_of("removed directory", dir);
  snprintf(path, sizeof path, "/proc/self/fd/%d", pipes[1]);
  int writer = open(path, O_WRONLY);
  SHOW(write(writer, "through", 7));
  SHOW(read(pipes[0], buffer, sizeof buffer));
  snprintf(path, sizeof path, "/proc/self/fd/%d", event);
  SHOW(open(path, O_RDONLY));
  snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
  OK(open(path, O_RDWR));

  /* The directory. */
  for (int fd = 3; fd < 64; fd++) close(fd);
  for (int i = 0; i < 20; i++) dup2(1, 100 + i * 10);
  int listed = 0;
  DIR *fds = opendir("/proc/self/fd");
  int last = -1;
  int sorted = 1;
  for (struct dirent *entry; (entry = readdir(fds));) {
    if (entry->d_name[0] == '.') continue;
    int fd = atoi(entry->d_name);
    sorted &= fd > last;
    last = fd;
    listed++;
    if (fd >= 100) close(fd);
  }
  closedir(fds);
  printf("%d descriptors, sorted %d\n", listed, sorted);
  stat("/proc/self/fd", &st);
  printf("size %ld\n", st.st_size);
  SHOW(unlink("/proc/self/fd/1"));
  SHOW(open("/proc/self/fd/x", O_RDONLY));
  SHOW(open("/proc/self/fd/01", O_RDONLY));
  SHOW(open("/proc/self/fd/-1", O_RDONLY));
  SHOW(access("/proc/self/fd/0", F_OK));
  SHOW(open("/proc/self/fd/0/x", O_RDONLY));
  return 0;
}
