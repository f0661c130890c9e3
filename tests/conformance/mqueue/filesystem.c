/* The file system of message queues: names, permissions, namespaces. See mq_overview(7), "Mounting the message queue filesystem". */
#include "mqueue.h"
#include <dirent.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/uio.h>

#define AT "/tmp/mqueue"

static void list(const char *path) {
  struct dirent **names;
  int count = scandir(path, &names, NULL, alphasort);
  printf("%s:", path);
  for (int i = 0; i < count; i++) printf(" %s/%d", names[i]->d_name, names[i]->d_type);
  puts(count < 0 ? error_name(errno) : "");
}

static void show_stat(const char *path) {
  struct stat st;
  if (lstat(path, &st) < 0) printf("%s: %s\n", path, error_name(errno));
  else
    printf("%s: mode %o, %lu links, %u:%u, size %ld, %ld blocks of %ld\n", path, st.st_mode, (unsigned long)st.st_nlink, st.st_uid, st.st_gid, (long)st.st_size,
           (long)st.st_blocks, (long)st.st_blksize);
}

static void put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) perror(path);
  close(fd);
}

static void files(void) {
  struct statfs fs;
  mqd_t queue;
  char text[100];
  SHOW(statfs(AT, &fs));
  printf("type %lx, block %ld, blocks %ld, files %ld, name %ld\n", (long)fs.f_type, (long)fs.f_bsize, (long)fs.f_blocks, (long)fs.f_files, (long)fs.f_namelen);
  show_stat(AT);
  OK(queue = mq_open("/one", O_CREAT | O_RDWR, 0666, NULL));
  umask(0);
  OK(mq_open("/two", O_CREAT | O_RDWR, 04755, NULL));
  list(AT);
  show_stat(AT);
  show_stat(AT "/one");
  show_stat(AT "/two");
  mq_send(queue, "hello", 5, 0);
  mq_send(queue, "worlds", 6, 0);
  int fd;
  OK(fd = open(AT "/one", O_RDONLY));
  memset(text, 0, sizeof text);
  SHOW(read(fd, text, sizeof text));
  printf("[%s]\n", text);
  SHOW(read(fd, text, sizeof text));
  SHOW(lseek(fd, 6, SEEK_SET));
  memset(text, 0, sizeof text);
  SHOW(read(fd, text, 6));
  printf("[%s]\n", text);
  SHOW(pread(fd, text, 3, 1));
  SHOW(lseek(fd, 0, SEEK_END));
  SHOW(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
  SHOW(mq_receive(fd, text, 8192, NULL) > 0 ? 0 : -1);
  SHOW(close(fd));
  puts("queues made by name");
  OK(fd = open(AT "/three", O_CREAT | O_RDWR, 0640));
  show_attr("three", fd);
  SHOW(write(fd, "x", 1));
  SHOW(ftruncate(fd, 5));
  show_stat(AT "/three");
  SHOW(mq_send(fd, "x", 1, 0));
  show_attr("three", fd);
  SHOW(fsync(fd));
  SHOW(mkdir(AT "/d", 0755));
  SHOW(symlink("one", AT "/s"));
  SHOW(link(AT "/one", AT "/l"));
  SHOW(rename(AT "/one", AT "/r"));
  SHOW(mknod(AT "/n", S_IFIFO | 0600, 0));
  SHOW(mknod(AT "/n", S_IFREG | 0600, 0));
  SHOW(chmod(AT "/n", 0444));
  SHOW(chown(AT "/n", 5, 6));
  show_stat(AT "/n");
  SHOW(unlink(AT "/n"));
  SHOW(mq_unlink("/three"));
  SHOW(unlink(AT "/two"));
  SHOW(rmdir(AT "/one"));
  list(AT);
  int notify = inotify_init1(IN_NONBLOCK);
  SHOW(inotify_add_watch(notify, AT, IN_CREATE | IN_DELETE | IN_OPEN));
  mq_close(mq_open("/watched", O_CREAT | O_RDWR, 0600, NULL));
  mq_unlink("/watched");
  char events[512];
  ssize_t got = read(notify, events, sizeof events);
  for (char *p = events; p < events + got; p += sizeof(struct inotify_event) + ((struct inotify_event *)p)->len) {
    struct inotify_event *e = (struct inotify_event *)p;
    printf("event %x %s\n", e->mask, e->len ? e->name : "");
  }
  SHOW(mq_close(queue));
}

static void permissions(void) {
  puts("permissions");
  mqd_t queue;
  OK(mq_open("/mine", O_CREAT | O_RDWR, 0640, NULL));
  OK(mq_open("/all", O_CREAT | O_RDWR, 0622, NULL));
  IN_CHILD("user", {
    SHOW(setgid(1000));
    SHOW(setuid(1000));
    SHOW(mq_open("/mine", O_RDONLY));
    SHOW(mq_open("/all", O_RDONLY));
    SHOW(mq_open("/all", O_RDWR));
    OK(queue = mq_open("/all", O_WRONLY));
    SHOW(mq_send(queue, "x", 1, 0));
    SHOW(mq_unlink("/all"));
    SHOW(mq_unlink("/mine"));
    /* The mode does not concern the one who makes the queue. */
    OK(queue = mq_open("/users", O_CREAT | O_RDWR, 0, NULL));
    SHOW(mq_open("/users", O_RDONLY));
    SHOW(mq_send(queue, "x", 1, 0));
    show_stat(AT "/users");
    SHOW(mq_unlink("/users"));
  });
  SHOW(chmod(AT, 0700));
  IN_CHILD("closed directory", {
    SHOW(setuid(1000));
    SHOW(mq_open("/all", O_WRONLY));
    SHOW(mq_open("/new", O_CREAT | O_WRONLY, 0600, NULL));
  });
  SHOW(chmod(AT, 0755));
  IN_CHILD("read-only directory", {
    SHOW(setuid(1000));
    OK(mq_open("/all", O_WRONLY));
    SHOW(mq_open("/new", O_CREAT | O_WRONLY, 0600, NULL));
  });
  SHOW(mount(NULL, AT, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
  SHOW(unlink(AT "/all"));
  OK(mq_open("/new", O_CREAT | O_WRONLY, 0600, NULL));
  SHOW(mount(NULL, AT, NULL, MS_REMOUNT | MS_RDONLY, NULL));
  SHOW(mq_open("/new2", O_CREAT | O_WRONLY, 0600, NULL));
  SHOW(mq_unlink("/new"));
  OK(mq_open("/new", O_RDWR));
  SHOW(mount(NULL, AT, NULL, MS_REMOUNT, NULL));
  SHOW(mount("mqueue", AT, "mqueue", 0, "option"));
}

static void namespaces(void) {
  puts("namespaces");
  mqd_t queue;
  mkdir("/tmp/other", 0755);
  SHOW(mount("again", "/tmp/other", "mqueue", MS_NOSUID, NULL));
  list("/tmp/other");
  SHOW(umount("/tmp/other"));
  IN_CHILD("another namespace", {
    char limit[8] = "";
    put("/proc/sys/fs/mqueue/msg_max", "77");
    SHOW(unshare(CLONE_NEWIPC));
    int fd = open("/proc/sys/fs/mqueue/msg_max", O_RDONLY);
    printf("limit of the new one: %zd bytes, %ld\n", read(fd, limit, 7), atol(limit));
    SHOW(mq_open("/all", O_WRONLY));
    OK(queue = mq_open("/inner", O_CREAT | O_RDWR, 0600, NULL));
    list(AT);
    SHOW(mount("mqueue", "/tmp/other", "mqueue", 0, NULL));
    list("/tmp/other");
    SHOW(mq_send(queue, "inside", 6, 0));
    int old;
    OK(old = open(AT "/all", O_RDWR));
    SHOW(mq_send(old, "outside", 7, 0));
  });
  puts("its last member has gone, the mount is left");
  list("/tmp/other");
  char text[100] = "";
  int fd = open("/tmp/other/inner", O_RDWR);
  SHOW(read(fd, text, 99));
  printf("[%s]\n", text);
  SHOW(mq_receive(fd, text, 8192, NULL) > 0 ? 0 : -1);
  SHOW(open("/tmp/other/new", O_CREAT | O_RDWR, 0600));
  SHOW(unlink("/tmp/other/inner"));
  SHOW(mq_send(fd, "x", 1, 0));
  list("/tmp/other");
  SHOW(close(fd));
  SHOW(umount("/tmp/other"));
  IN_CHILD("user namespace", {
    SHOW(setgid(1000));
    SHOW(setuid(1000));
    SHOW(unshare(CLONE_NEWUSER));
    SHOW(mount("mqueue", "/tmp/other", "mqueue", 0, NULL));
    SHOW(unshare(CLONE_NEWNS));
    SHOW(mount("mqueue", "/tmp/other", "mqueue", 0, NULL));
    SHOW(unshare(CLONE_NEWIPC));
    SHOW(mount("mqueue", "/tmp/other", "mqueue", 0, NULL));
    show_stat("/tmp/other");
    OK(mq_open("/user", O_CREAT | O_RDWR, 0600, NULL));
    show_stat("/tmp/other/user");
    prctl(PR_SET_DUMPABLE, 1);
    put("/proc/self/setgroups", "deny");
    put("/proc/self/uid_map", "0 1000 1");
    put("/proc/self/gid_map", "0 1000 1");
    OK(mq_open("/user", O_CREAT | O_RDWR, 0600, NULL));
    show_stat("/tmp/other/user");
    struct mq_attr attr = {.mq_maxmsg = 11, .mq_msgsize = 1};
    SHOW(mq_open("/user2", O_CREAT | O_RDWR, 0600, &attr));
    put("/proc/sys/fs/mqueue/msg_max", "20");
  });
}

int main(void) {
  own_namespace();
  umask(022);
  mkdir(AT, 0755);
  SHOW(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
  SHOW(mount("mqueue", AT, "mqueue", 0, NULL));
  files();
  permissions();
  namespaces();
  return 0;
}
