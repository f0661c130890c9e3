/* Making, linking, renaming and removing names. */
#include "show.h"
#include <dirent.h>
#include <sys/ioctl.h>

static int compare(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }

static void list(const char *path) {
  char *names[100];
  int n = 0;
  DIR *d = opendir(path);
  if (!d) {
    printf("%s: %s\n", path, error_name(errno));
    return;
  }
  for (struct dirent *e; (e = readdir(d));) {
    struct stat st;
    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW);
    if (strcmp(e->d_name, "..") && st.st_ino != e->d_ino) printf("%s has another inode number\n", e->d_name);
    asprintf(&names[n++], "%s(%d)", e->d_name, e->d_type);
  }
  closedir(d);
  qsort(names, n, sizeof *names, compare);
  printf("%s:", path);
  for (int i = 0; i < n; i++) printf(" %s", names[i]);
  printf("\n");
}

static void links(const char *path) {
  struct stat st;
  lstat(path, &st);
  printf("%s has %ld links\n", path, (long)st.st_nlink);
}

#define FILE_(name) close(open(name, O_CREAT | O_WRONLY, 0644))

int main(void) {
  mkdir("/tmp/n", 0755);
  chdir("/tmp/n");
  SHOW(mkdir("d", 0755));
  SHOW(mkdir("d", 0755));
  SHOW(mkdir("d/", 0755));
  SHOW(mkdir("e/", 0755));
  SHOW(mkdir(".", 0755));
  SHOW(mkdir("..", 0755));
  SHOW(mkdir("/", 0755));
  SHOW(mkdir("none/x", 0755));
  SHOW(mkdir("", 0755));
  FILE_("f");
  SHOW(mkdir("f/x", 0755));
  SHOW(link("f", "g"));
  links("f");
  SHOW(link("f", "g"));
  SHOW(link("d", "h"));
  SHOW(link("none", "h"));
  SHOW(link("f", "h/"));
  SHOW(symlink("target", "s"));
  SHOW(link("s", "s2"));
  SHOW(linkat(AT_FDCWD, "s", AT_FDCWD, "s3", AT_SYMLINK_FOLLOW));
  SHOW(linkat(AT_FDCWD, "f", AT_FDCWD, "s4", 0x8000));
  SHOW(symlink("", "empty"));
  SHOW(symlink("x", "d/"));
  SHOW(symlink("x", "y/"));
  char buf[100];
  SHOW(readlink("s", buf, 3));
  SHOW(readlink("s", buf, 100));
  SHOW(readlink("f", buf, 100));
  SHOW(readlink("s", buf, 0));
  SHOW(readlink("s/", buf, 100));
  list(".");
  SHOW(unlink("d"));
  SHOW(unlink("none"));
  SHOW(unlink("s/"));
  SHOW(unlink("f/"));
  SHOW(unlink("."));
  SHOW(unlink(""));
  SHOW(rmdir("f"));
  SHOW(rmdir("s"));
  SHOW(rmdir("."));
  SHOW(rmdir("d/."));
  SHOW(rmdir("d/.."));
  SHOW(rmdir("/"));
  SHOW(unlinkat(AT_FDCWD, "d", 0x1));
  mkdir("d/sub", 0755);
  links("d");
  SHOW(rmdir("d"));
  SHOW(rename("f", "g"));
  list(".");
  SHOW(unlink("g"));
  SHOW(rename("f", "g"));
  SHOW(rename("f", "g"));
  SHOW(rename("g", "d"));
  SHOW(rename("d", "g"));
  SHOW(rename("d", "d/sub/x"));
  SHOW(rename("d/sub", "d"));
  SHOW(rename("d", "e"));
  list("e");
  SHOW(rename("e", "e"));
  SHOW(rename("g", "g/"));
  SHOW(rename("g/", "h"));
  SHOW(rename("e/", "d/"));
  SHOW(rename("d", "none/"));
  SHOW(rename("none", "d"));
  SHOW(rename(".", "x"));
  SHOW(rename("d", ".."));
  SHOW(rename("g", "none2/x"));
  SHOW(rename("/proc/version", "x"));
  FILE_("a");
  FILE_("b");
  SHOW(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE));
  SHOW(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_EXCHANGE));
  SHOW(renameat2(AT_FDCWD, "a", AT_FDCWD, "none", RENAME_EXCHANGE));
  SHOW(renameat2(AT_FDCWD, "a", AT_FDCWD, "none", RENAME_EXCHANGE | RENAME_NOREPLACE));
  SHOW(renameat2(AT_FDCWD, "a", AT_FDCWD, "none", 8));
  list(".");
  int dir = open("none", O_RDONLY);
  mkdir("gone", 0755);
  dir = open("gone", O_RDONLY | O_DIRECTORY);
  chdir("gone");
  SHOW(rmdir("../gone"));
  SHOW(mkdir("x", 0755));
  SHOW(open("x", O_CREAT | O_WRONLY, 0600));
  SHOW(openat(dir, "x", O_CREAT | O_WRONLY, 0600));
  SHOW(open(".", O_RDONLY) >= 0);
  SHOW(open("..", O_RDONLY) >= 0);
  IS(getcwd(buf, 100) == NULL);
  printf("%s\n", error_name(errno));
  SHOW(syscall(SYS_getdents64, dir, buf, 100));
  struct stat st;
  fstat(dir, &st);
  printf("links %ld\n", (long)st.st_nlink);
  chdir("/tmp/n");
  SHOW(syscall(SYS_getcwd, buf, 100));
  SHOW(syscall(SYS_getcwd, buf, 3));
  int plain = open("a", O_RDONLY);
  SHOW(syscall(SYS_getdents64, plain, buf, 100));
  int here = open(".", O_RDONLY);
  SHOW(syscall(SYS_getdents64, here, buf, 10));
  SHOW(syscall(SYS_getdents64, here, (void *)8, 100));
  SHOW(chdir("a"));
  SHOW(chdir("none"));
  SHOW(fchdir(plain));
  SHOW(fchdir(here));
  mkdir("many", 0755);
  chdir("many");
  for (int i = 0; i < 300; i++) {
    char name[32];
    sprintf(name, "file%d", i);
    FILE_(name);
  }
  DIR *d = opendir(".");
  int seen = 0;
  for (struct dirent *e; (e = readdir(d));) {
    if (e->d_name[0] == '.') continue;
    seen++;
    unlink(e->d_name);
  }
  printf("seen %d\n", seen);
  rewinddir(d);
  seen = 0;
  while (readdir(d)) seen++;
  printf("left %d\n", seen);
  closedir(d);
  SHOW(chdir(".."));
  SHOW(rmdir("many"));
  int fd = open("a", O_RDWR);
  write(fd, "data", 4);
  SHOW(unlink("a"));
  SHOW(pread(fd, buf, 10, 0));
  fstat(fd, &st);
  printf("links %ld\n", (long)st.st_nlink);
  SHOW(linkat(fd, "", AT_FDCWD, "back", AT_EMPTY_PATH));
  int t = open(".", O_TMPFILE | O_RDWR, 0600);
  SHOW(linkat(t, "", AT_FDCWD, "named", AT_EMPTY_PATH));
  links("named");
  t = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600);
  SHOW(linkat(t, "", AT_FDCWD, "named2", AT_EMPTY_PATH));
  chroot("/tmp/n");
  SHOW(syscall(SYS_getcwd, buf, 100));
  printf("%s\n", buf);
  chdir("/");
  SHOW(chdir("../../.."));
  SHOW(syscall(SYS_getcwd, buf, 100));
  return 0;
}
