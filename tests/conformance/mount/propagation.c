/* Shared, private, slave and unbindable mounts: what reaches whom. See mount_namespaces(7). */
#include "mountinfo.h"

static void reset(void) {
  chdir("/");
  umount2("/tmp", MNT_DETACH);
  mount("base", "/tmp", "tmpfs", 0, NULL);
  chdir("/tmp");
  mkdir("a", 0755);
  mkdir("b", 0755);
  mkdir("c", 0755);
  mkdir("d", 0755);
  mkdir("e", 0755);
}

static void make(const char *path, unsigned long type) {
  if (mount(NULL, path, NULL, type, NULL) == -1) printf("make %s: %s\n", path, error_name(errno));
}

static void tmpfs(const char *source, const char *path) {
  if (mount(source, path, "tmpfs", 0, NULL) == -1) printf("tmpfs %s: %s\n", path, error_name(errno));
}

static void bind(const char *from, const char *to, int flags) {
  if (mount(from, to, NULL, MS_BIND | flags, NULL) == -1) printf("bind %s %s: %s\n", from, to, error_name(errno));
}

/* a is of one type, then bound to b, which is made another; then something is mounted on each. */
static void matrix(unsigned long first, const char *first_name, unsigned long second, const char *second_name) {
  printf("--- %s, bound and made %s\n", first_name, second_name);
  reset();
  tmpfs("a", "a");
  mkdir("a/x", 0755);
  mkdir("a/y", 0755);
  make("a", first);
  bind("a", "b", 0);
  make("b", second);
  tmpfs("x", "a/x");
  tmpfs("y", "b/y");
  info("/tmp/");
  SHOW(umount("a/x"));
  SHOW(umount("a/y"));
  SHOW(umount("b/x"));
  SHOW(umount("b/y"));
}

int main(void) {
  begin();
  static const struct { unsigned long type; const char *name; } types[] = {
    {MS_SHARED, "shared"}, {MS_PRIVATE, "private"}, {MS_SLAVE, "slave"}, {MS_UNBINDABLE, "unbindable"}};
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++) matrix(types[i].type, types[i].name, types[j].type, types[j].name);

  printf("--- chains of slaves\n");
  reset();
  tmpfs("a", "a");
  mkdir("a/x", 0755);
  make("a", MS_SHARED);
  bind("a", "b", 0);
  make("b", MS_SLAVE);
  make("b", MS_SHARED);
  bind("b", "c", 0);
  make("c", MS_SLAVE);
  bind("c", "d", 0);
  bind("a", "e", 0);
  info("/tmp/");
  tmpfs("x", "a/x");
  info("/tmp/");
  SHOW(umount("b/x"));
  info("/tmp/");
  SHOW(umount("e/x"));
  SHOW(umount("c/x"));
  info("/tmp/");

  printf("--- a group loses members\n");
  make("a", MS_PRIVATE);
  info("/tmp/");
  make("e", MS_PRIVATE);
  info("/tmp/");
  make("b", MS_SLAVE);
  info("/tmp/");
  make("c", MS_SHARED);
  make("c", MS_PRIVATE);
  info("/tmp/");

  printf("--- recursively\n");
  reset();
  tmpfs("a", "a");
  mkdir("a/x", 0755);
  tmpfs("x", "a/x");
  mkdir("a/x/y", 0755);
  tmpfs("y", "a/x/y");
  make("a", MS_SHARED | MS_REC);
  bind("a", "b", MS_REC);
  info("/tmp/");
  make("b", MS_SLAVE | MS_REC);
  info("/tmp/");
  SHOW(umount("a/x/y"));
  info("/tmp/");
  SHOW(umount("a/x"));
  SHOW(umount2("b", MNT_DETACH));
  info("/tmp/");

  printf("--- trees arrive whole\n");
  reset();
  tmpfs("a", "a");
  mkdir("a/x", 0755);
  make("a", MS_SHARED);
  bind("a", "b", 0);
  bind("a", "c", 0);
  make("c", MS_SLAVE);
  tmpfs("d", "d");
  mkdir("d/y", 0755);
  tmpfs("dy", "d/y");
  mkdir("d/z", 0755);
  tmpfs("dz", "d/z");
  make("d/z", MS_UNBINDABLE);
  bind("d", "a/x", MS_REC);
  info("/tmp/");
  SHOW(umount("a/x"));
  SHOW(umount2("a/x", MNT_DETACH));
  info("/tmp/");

  printf("--- something else is mounted where a copy arrives\n");
  reset();
  tmpfs("a", "a");
  mkdir("a/x", 0755);
  make("a", MS_SHARED);
  bind("a", "b", 0);
  make("b", MS_SLAVE);
  tmpfs("own", "b/x");
  tmpfs("x", "a/x");
  info("/tmp/");
  SHOW(umount("a/x"));
  info("/tmp/");

  printf("--- a slave holds on\n");
  tmpfs("x", "a/x");
  int fd = open("b/x", O_RDONLY);
  SHOW(umount("a/x"));
  close(fd);
  SHOW(umount("a/x"));
  tmpfs("x", "a/x");
  mkdir("a/x/in", 0755);
  umount("b/x");
  mkdir("b/x/in2", 0755);
  tmpfs("in", "b/x/in");
  SHOW(umount("a/x"));
  info("/tmp/");

  printf("--- parts of a file system\n");
  reset();
  tmpfs("a", "a");
  mkdir("a/x", 0755);
  mkdir("a/x/deep", 0755);
  mkdir("a/y", 0755);
  make("a", MS_SHARED);
  bind("a/x", "b", 0);
  bind("a/y", "c", 0);
  tmpfs("deep", "a/x/deep");
  tmpfs("y", "a/y");
  info("/tmp/");
  tmpfs("over", "b/deep");
  info("/tmp/");
  make("b", MS_SLAVE);
  info("/tmp/");

  printf("--- moving\n");
  reset();
  tmpfs("a", "a");
  mkdir("a/x", 0755);
  make("a", MS_SHARED);
  bind("a", "b", 0);
  tmpfs("c", "c");
  tmpfs("x", "a/x");
  SHOW(mount("a/x", "d", NULL, MS_MOVE, NULL));
  SHOW(umount("a/x"));
  SHOW(mount("c", "a/x", NULL, MS_MOVE, NULL));
  info("/tmp/");
  SHOW(umount("b/x"));
  tmpfs("c", "c");
  make("c", MS_UNBINDABLE);
  SHOW(mount("c", "a/x", NULL, MS_MOVE, NULL));
  SHOW(mount("a", "e", NULL, MS_MOVE, NULL));
  info("/tmp/");

  printf("--- across namespaces\n");
  reset();
  tmpfs("a", "a");
  mkdir("a/x", 0755);
  mkdir("a/y", 0755);
  make("a", MS_SHARED);
  int to[2], from[2];
  pipe(to);
  pipe(from);
  char byte;
  fflush(stdout);
  if (fork() == 0) {
    unshare(CLONE_NEWNS);
    info("/tmp/");
    make("a", MS_SLAVE);
    write(from[1], "", 1);
    read(to[0], &byte, 1);
    info("/tmp/");
    tmpfs("y", "a/y");
    make("a", MS_SHARED);
    info("/tmp/");
    write(from[1], "", 1);
    read(to[0], &byte, 1);
    info("/tmp/");
    chroot("a");
    chdir("/");
    _exit(0);
  }
  read(from[0], &byte, 1);
  tmpfs("x", "a/x");
  write(to[1], "", 1);
  read(from[0], &byte, 1);
  info("/tmp/");
  SHOW(umount("a/x"));
  write(to[1], "", 1);
  int status;
  wait(&status);
  show_status("child", status);

  printf("--- propagate_from\n");
  reset();
  tmpfs("a", "a");
  mkdir("a/in", 0755);
  mkdir("a/in/proc", 0755);
  mkdir("a/x", 0755);
  make("a", MS_SHARED);
  bind("a", "a/in", 0);
  reset();
  tmpfs("a", "a");
  mkdir("a/root", 0755);
  make("a", MS_SHARED);
  bind("a", "b", 0);
  make("b", MS_SLAVE);
  make("b", MS_SHARED);
  tmpfs("d", "d");
  mkdir("d/one", 0755);
  mkdir("d/two", 0755);
  mkdir("d/proc", 0755);
  bind("a", "d/one", 0);
  bind("b", "c", 0);
  make("c", MS_SLAVE);
  bind("c", "d/two", 0);
  mount("proc", "d/proc", "proc", 0, NULL);
  info("/tmp/");
  IN_CHILD("chroot",
    chroot("d");
    chdir("/");
    info("/"));

  printf("--- errors\n");
  SHOW(mount(NULL, "d/one", NULL, MS_SHARED | MS_PRIVATE, NULL));
  SHOW(mount(NULL, "d/one", NULL, MS_SHARED | MS_NOSUID, NULL));
  SHOW(mount(NULL, "d/one", NULL, MS_SHARED | MS_SILENT, NULL));
  SHOW(mount(NULL, "d/none", NULL, MS_SHARED, NULL));
  mkdir("d/plain", 0755);
  SHOW(mount(NULL, "d/plain", NULL, MS_SHARED, NULL));
  return 0;
}
