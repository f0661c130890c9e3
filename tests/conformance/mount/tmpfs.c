/* tmpfs: its options, what of them a remount changes, and how mountinfo shows them. See tmpfs(5). */
#include "mountinfo.h"
#include <sys/fsuid.h>
#include <sys/statfs.h>

/* The options of the file system mounted at `point`, the last field of its line. */
static void options(const char *point) {
  FILE *f = fopen("/proc/self/mountinfo", "r");
  char line[4096], found[4096] = "?";
  while (fgets(line, sizeof line, f)) {
    char at[256];
    sscanf(line, "%*d %*d %*s %*s %255s", at);
    if (strcmp(at, point) == 0) strcpy(found, strrchr(line, ' ') + 1);
  }
  fclose(f);
  printf("%s: %s", point, found);
}

static void limits(const char *point) {
  struct statfs fs;
  statfs(point, &fs);
  printf("%s: %lu blocks, %lu files\n", point, (unsigned long)fs.f_blocks, (unsigned long)fs.f_files);
}

int main(void) {
  setbuf(stdout, NULL);
  begin();
  mkdir("m", 0755);
  SHOW(mount("t", "m", "tmpfs", 0, "size=1m,nr_inodes=100,mode=700,uid=5,gid=6"));
  options("/tmp/m");
  limits("m");
  SHOW(chmod("m", 0711));
  SHOW(chown("m", 7, 7));
  options("/tmp/m");
  SHOW(mount("t", "m", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL));
  options("/tmp/m");
  SHOW(mount("t", "m", "tmpfs", MS_REMOUNT, "mode=755,uid=1"));
  options("/tmp/m");
  SHOW(mount("t", "m", "tmpfs", MS_REMOUNT, "size=2m,nr_inodes=200"));
  options("/tmp/m");
  limits("m");
  close(open("m/a", O_CREAT | O_RDWR, 0644));
  SHOW(truncate("m/a", 65536));
  int fd = open("m/a", O_RDWR);
  char page[65536];
  memset(page, 1, sizeof page);
  SHOW(write(fd, page, sizeof page));
  close(fd);
  SHOW(mount("t", "m", "tmpfs", MS_REMOUNT, "size=32k"));
  SHOW(mount("t", "m", "tmpfs", MS_REMOUNT, "nr_inodes=1"));
  SHOW(mount("t", "m", "tmpfs", MS_REMOUNT, "size=64k,nr_inodes=3"));
  SHOW(mkdir("m/b", 0755));
  SHOW(mkdir("m/c", 0755));
  SHOW(mount("t", "m", "tmpfs", MS_REMOUNT, "bogus"));
  SHOW(mount("t", "m", "tmpfs", MS_REMOUNT, "size=x"));
  options("/tmp/m");
  SHOW(umount("m"));
  SHOW(mount("t", "m", "tmpfs", 0, "size=0"));
  options("/tmp/m");
  SHOW(umount("m"));
  if (fork() == 0) {
    setgid(9);
    SHOW(setfsuid(8));
    SHOW(mount("t", "m", "tmpfs", 0, "mode=755"));
    setfsuid(0);
    SHOW(mount("t", "m", "tmpfs", 0, "mode=755"));
    options("/tmp/m");
    exit(0);
  }
  wait(NULL);
}
