/* Making and removing groups, controllers, limits of the tree. */
#include "cgroup.h"

int main(void) {
  mount_cgroups();
  struct statfs fs;
  OK(statfs(".", &fs));
  printf("magic %lx\n", (long)fs.f_type);
  SHOW(mkdir("a", 0755));
  SHOW(mkdir("a", 0755));
  SHOW(mkdir("a/b", 0700));
  SHOW(mkdir("a/b\nc", 0755));
  SHOW(mkdir("a/cgroup.procs", 0755));
  struct stat st;
  SHOW(stat("a", &st));
  printf("mode %o links %d\n", st.st_mode, (int)st.st_nlink);
  SHOW(stat("a/b", &st));
  printf("mode %o links %d\n", st.st_mode, (int)st.st_nlink);
  const char *files[] = {"cgroup.type", "cgroup.procs", "cgroup.threads", "cgroup.controllers", "cgroup.subtree_control", "cgroup.events",
                         "cgroup.max.descendants", "cgroup.max.depth", "cgroup.stat", "cgroup.freeze", "cgroup.kill", "cpu.stat", "pids.max"};
  for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
    char path[64];
    snprintf(path, sizeof path, "a/%s", files[i]);
    int here = stat(path, &st);
    printf("%s: %o %ld", path, here ? 0 : st.st_mode, here ? 0 : (long)st.st_size);
    printf(" at the root: %s\n", stat(files[i], &st) ? error_name(errno) : "ok");
  }
  SHOW(open("a/new", O_CREAT | O_RDWR, 0644));
  SHOW(mknod("a/node", S_IFIFO | 0644, 0));
  SHOW(symlink("x", "a/link"));
  SHOW(link("a/cgroup.procs", "a/hard"));
  SHOW(unlink("a/cgroup.procs"));
  SHOW(unlink("a"));
  SHOW(rename("a", "z"));
  SHOW(rmdir("a/cgroup.procs"));
  SHOW(rmdir("a"));
  SHOW(rmdir("nothing"));
  SHOW(chmod("a/cgroup.procs", 0600));
  SHOW(chown("a/cgroup.procs", 1000, 1001));
  SHOW(stat("a/cgroup.procs", &st));
  printf("mode %o owner %d:%d\n", st.st_mode, st.st_uid, st.st_gid);
  SHOW(truncate("a/cgroup.procs", 5));

  FILE_IS("a/cgroup.controllers");
  PUT("a/cgroup.subtree_control", "+pids");
  PUT("cgroup.subtree_control", "+nothing");
  PUT("cgroup.subtree_control", "pids");
  PUT("cgroup.subtree_control", "*pids");
  PUT("cgroup.subtree_control", "");
  PUT("cgroup.subtree_control", "  +pids   +memory \n");
  FILE_IS("cgroup.subtree_control");
  FILE_IS("a/cgroup.controllers");
  PUT("a/cgroup.subtree_control", "+pids -pids");
  FILE_IS("a/cgroup.subtree_control");
  PUT("a/cgroup.subtree_control", "+pids");
  FILE_IS("a/cgroup.subtree_control");
  FILE_IS("a/b/cgroup.controllers");
  FILE_IS("a/b/pids.max");
  PUT("cgroup.subtree_control", "-pids");
  PUT("a/cgroup.subtree_control", "-pids");
  FILE_IS("a/b/pids.max");
  PUT("cgroup.subtree_control", "-pids -memory");
  FILE_IS("a/pids.max");

  FILE_IS("a/cgroup.max.depth");
  PUT("a/cgroup.max.depth", "1");
  SHOW(mkdir("a/b/c", 0755));
  PUT("a/cgroup.max.depth", "2");
  SHOW(mkdir("a/b/c", 0755));
  PUT("a/cgroup.max.descendants", "2");
  SHOW(mkdir("a/d", 0755));
  PUT("a/cgroup.max.descendants", "-1");
  PUT("a/cgroup.max.descendants", "x");
  PUT("a/cgroup.max.descendants", "max");
  FILE_IS("a/cgroup.max.descendants");
  PUT("a/cgroup.max.descendants", "3000000000");
  IS(strstr(get("a/cgroup.stat"), "nr_descendants 2\n"));
  IS(strstr(get("a/cgroup.stat"), "nr_dying_descendants 0\n"));

  PUT("a/cgroup.events", "1");
  PUT("a/cgroup.type", "domain");
  FILE_IS("a/cgroup.kill");
  PUT("a/cgroup.kill", "0");
  PUT("a/cgroup.kill", "x");
  PUT("a/cgroup.freeze", "2");
  PUT("a/cgroup.freeze", "x");
  PUT("a/cgroup.procs", "x");
  PUT("a/cgroup.procs", "-1");
  PUT("a/cgroup.procs", "999999");
  int fd = open("a/cgroup.events", O_RDONLY), dir = open("a/b/c", O_RDONLY | O_DIRECTORY), procs = open("a/b/c/cgroup.procs", O_RDWR);
  char c;
  SHOW(read(fd, &c, 1));
  SHOW(lseek(fd, 0, SEEK_SET));
  SHOW(lseek(fd, 0, SEEK_END));
  SHOW(rmdir("a/b/c"));
  SHOW(read(procs, &c, 1));
  SHOW(write(procs, "0", 1));
  struct pollfd p = {procs, POLLIN | POLLPRI, 0};
  SHOW(poll(&p, 1, 0));
  printf("%x\n", p.revents);
  SHOW(openat(dir, "cgroup.procs", O_RDONLY));
  SHOW(mkdirat(dir, "x", 0755));
  SHOW(rmdir("a/b"));
  SHOW(rmdir("a"));
  SHOW(umount("/tmp/cg"));
  unmount_cgroups();
}
