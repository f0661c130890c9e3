/* Who may move what: owners of directories, cgroup namespaces, nsdelegate. */
#include "cgroup.h"

static void become(uid_t uid) {
  if (setgid(uid) || setuid(uid)) puts("cannot become");
}

static void show_mount(void) {
  char *line = strstr(get("/proc/self/mountinfo"), " /tmp/cg ");
  (void)line;
  FILE *f = fopen("/proc/self/mountinfo", "r");
  char text[1024], root[256], place[256];
  while (fgets(text, sizeof text, f))
    if (sscanf(text, "%*s %*s %*s %255s %255s", root, place) == 2 && !strncmp(place, "/tmp/cg", 7))
      printf("%s shows %s%s", place, root, strstr(text, " - "));
  fclose(f);
}

int main(void) {
  mount_cgroups();
  chmod("/tmp/cg", 0755);
  mkdir("d", 0755);
  mkdir("d/e", 0755);
  mkdir("d/f", 0755);
  mkdir("o", 0755);
  const char *given[] = {"d", "d/cgroup.procs", "d/cgroup.threads", "d/cgroup.subtree_control", "d/e", "d/e/cgroup.procs", "d/f", "d/f/cgroup.procs", "o/cgroup.procs"};
  for (unsigned i = 0; i < sizeof given / sizeof *given; i++)
    if (chown(given[i], 1000, 1000)) puts("chown");

  puts("-- an unprivileged owner");
  IN_CHILD("owner", {
    MOVE(0, "d/e/cgroup.procs");
    become(1000);
    MOVE(0, "d/f/cgroup.procs");
    MOVE(0, "d/cgroup.procs");
    MOVE(0, "d/e/cgroup.procs");
    MOVE(0, "o/cgroup.procs");
    MOVE(0, "cgroup.procs");
    MOVE(getppid(), "d/e/cgroup.procs");
    SHOW(mkdir("d/g", 0755));
    struct stat st;
    SHOW(stat("d/g/cgroup.procs", &st));
    printf("owner %d\n", st.st_uid);
    MOVE(0, "d/g/cgroup.procs");
    SHOW(mkdir("o/g", 0755));
    PUT("d/cgroup.freeze", "0");
    PUT("d/g/cgroup.freeze", "0");
  });
  rmdir("d/g");

  puts("-- opened by somebody else");
  IN_CHILD("opener", {
    MOVE(0, "d/e/cgroup.procs");
    int fd = open("o/cgroup.procs", O_WRONLY);
    become(1000);
    SHOW(write(fd, "0", 1));
    FILE_IS("/proc/self/cgroup");
  });

  puts("-- namespaces");
  IN_CHILD("namespace", {
    MOVE(0, "d/e/cgroup.procs");
    SHOW(unshare(CLONE_NEWCGROUP | CLONE_NEWNS));
    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    FILE_IS("/proc/self/cgroup");
    show_mount();
    mkdir("/tmp/cg2", 0755);
    SHOW(mount("x", "/tmp/cg2", "cgroup2", 0, NULL));
    show_mount();
    SHOW(access("/tmp/cg2/cgroup.type", F_OK));
    MOVE(0, "d/f/cgroup.procs");
    FILE_IS("/proc/self/cgroup");
    MOVE(0, "o/cgroup.procs");
    FILE_IS("/proc/self/cgroup");
    MOVE(0, "d/e/cgroup.procs");
    SHOW(mkdir("/tmp/cg2/inner", 0755));
    MOVE(0, "/tmp/cg2/inner/cgroup.procs");
    FILE_IS("/proc/self/cgroup");
    SHOW(umount("/tmp/cg2"));
    SHOW(mount("x", "/tmp/cg2", "cgroup2", 0, "nsdelegate"));
    show_mount();
    PUT("/tmp/cg2/cgroup.max.depth", "3");
    SHOW(umount("/tmp/cg2"));
  });
  rmdir("/tmp/cg2");
  rmdir("d/e/inner");

  puts("-- nsdelegate");
  SHOW(mount(NULL, "/tmp/cg", NULL, MS_REMOUNT, "nsdelegate"));
  show_mount();
  IN_CHILD("delegated", {
    MOVE(0, "d/e/cgroup.procs");
    SHOW(unshare(CLONE_NEWCGROUP));
    MOVE(0, "d/f/cgroup.procs");
    PUT("d/e/cgroup.max.depth", "3");
    PUT("d/e/cgroup.freeze", "0");
    PUT("d/e/cgroup.subtree_control", "");
    PUT("d/f/cgroup.max.depth", "3");
    SHOW(mkdir("d/e/inner", 0755));
    PUT("d/e/inner/cgroup.max.depth", "3");
    MOVE(0, "d/e/inner/cgroup.procs");
    MOVE(0, "d/e/cgroup.procs");
    MOVE(0, "d/cgroup.procs");
  });
  rmdir("d/e/inner");
  SHOW(mount(NULL, "/tmp/cg", NULL, MS_REMOUNT, ""));
  show_mount();
  SHOW(mount("x", "/tmp", "cgroup2", 0, "nonsense"));

  puts("-- a user namespace");
  IN_CHILD("user namespace", {
    MOVE(0, "d/e/cgroup.procs");
    become(1000);
    SHOW(unshare(CLONE_NEWUSER | CLONE_NEWNS));
    SHOW(mount("x", "/tmp", "cgroup2", 0, NULL));
    SHOW(unshare(CLONE_NEWCGROUP));
    SHOW(mount("x", "/tmp", "cgroup2", 0, NULL));
    IS(access("/tmp/cgroup.type", F_OK) == 0);
  });
  remove_group("d/e");
  remove_group("d/f");
  remove_group("d");
  remove_group("o");
  unmount_cgroups();
}
