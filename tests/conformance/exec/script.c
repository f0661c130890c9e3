/* Scripts, names, arguments and permissions in execve and execveat. The program itself is /test. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char self[] = "/tmp/script-test";

static void file(const char *path, const char *content, size_t length, int mode) {
  unlink(path);
  int fd = open(path, O_CREAT | O_WRONLY, mode);
  write(fd, content, length);
  close(fd);
  chmod(path, mode);
}

static void report_status(const char *what, int fd, pid_t child) {
  int error = 0, status;
  read(fd, &error, sizeof error);
  close(fd);
  waitpid(child, &status, 0);
  if (error) printf("%s: %s\n", what, strerrorname_np(error));
  else if (WIFSIGNALED(status)) printf("%s: signal %d\n", what, WTERMSIG(status));
  else printf("%s: exit %d\n", what, WEXITSTATUS(status));
}

#define TRY(what, call)                                  \
  do {                                                   \
    int pipe_[2];                                        \
    pipe2(pipe_, O_CLOEXEC);                             \
    fflush(stdout);                                      \
    pid_t child_ = fork();                               \
    if (child_ == 0) {                                   \
      call;                                              \
      int error_ = errno;                                \
      write(pipe_[1], &error_, sizeof error_);           \
      _exit(99);                                         \
    }                                                    \
    close(pipe_[1]);                                     \
    report_status(what, pipe_[0], child_);               \
  } while (0)

static char **volatile nothing = NULL, **volatile nowhere = (char **)8;
static char *args[] = {"zero", "one", "two", NULL};
static char *env[] = {"A=1", NULL};

static void script(const char *what, const char *content) {
  file("/tmp/script", content, strlen(content), 0755);
  TRY(what, execve("/tmp/script", args, env));
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IONBF, 0);
  if (strcmp((char *)getauxval(AT_EXECFN), "/test") != 0) {
    for (int i = 0; i < argc; i++) printf("  [%s]", strlen(argv[i]) > 60 ? "long" : argv[i]);
    char comm[32] = {0};
    prctl(PR_GET_NAME, comm);
    printf(" comm=%s env=%s\n", comm, environ[0] ? environ[0] : "none");
    return argc;
  }
  static char copy[4 << 20];
  int fd = open("/test", O_RDONLY);
  size_t length = read(fd, copy, sizeof copy);
  close(fd);
  file(self, copy, length, 0755);

  TRY("plain", execve(self, args, env));
  TRY("no arguments", execve(self, (char *[]){NULL}, env));
  TRY("null argv", execve(self, nothing, nothing));
  TRY("bad argv", execve(self, nowhere, env));
  TRY("bad argument", execve(self, (char *[]){"a", (char *)8, NULL}, env));
  TRY("bad path", execve((char *)nowhere, args, env));
  TRY("empty path", execve("", args, env));
  TRY("missing", execve("/tmp/missing", args, env));
  TRY("directory", execve("/tmp", args, env));
  TRY("through a file", execve("/tmp/script-test/x", args, env));
  file("/tmp/plain", "hello", 5, 0755);
  TRY("plain text", execve("/tmp/plain", args, env));
  file("/tmp/plain", copy, length, 0644);
  TRY("not executable", execve("/tmp/plain", args, env));
  int writer = open(self, O_WRONLY);
  TRY("open for writing", execve(self, args, env));
  close(writer);
  symlink("loop", "/tmp/loop");
  TRY("symlink loop", execve("/tmp/loop", args, env));
  unlink("/tmp/loop");

  script("script", "#!/tmp/script-test\n");
  script("script with argument", "#! /tmp/script-test  -a b \t\nrest");
  script("without newline", "#!/tmp/script-test");
  script("without interpreter", "#!\n");
  script("only blanks", "#!   \t \n");
  script("only the mark", "#!");
  script("relative interpreter", "#!script-test\n");
  script("missing interpreter", "#!/tmp/nothing\n");
  script("carriage return", "#!/tmp/script-test\r\n");
  char line[400];
  memset(line, 'x', sizeof line);
  memcpy(line, "#!/tmp/script-test ", 19);
  line[399] = 0;
  script("long argument", line);
  memset(line, 'x', sizeof line);
  memcpy(line, "#!/tmp/", 7);
  line[399] = 0;
  script("long interpreter", line);
  char name[32], content[64];
  for (int i = 0; i < 8; i++) {
    snprintf(name, sizeof name, "/tmp/nest%d", i);
    snprintf(content, sizeof content, "#!%s%d\n", i == 0 ? "/tmp/script-test #" : "/tmp/nest", i == 0 ? 0 : i - 1);
    file(name, content, strlen(content), 0755);
  }
  TRY("nested 4", execve("/tmp/nest3", args, env));
  TRY("nested 5", execve("/tmp/nest4", args, env));
  TRY("nested 6", execve("/tmp/nest5", args, env));
  TRY("nested 7", execve("/tmp/nest6", args, env));

  char *huge = malloc(200000);
  memset(huge, 'h', 200000);
  huge[131071] = 0;
  TRY("argument of 128 KiB", execve(self, (char *[]){"a", huge, NULL}, env));
  huge[131071] = 'h';
  huge[131072] = 0;
  TRY("argument above 128 KiB", execve(self, (char *[]){"a", huge, NULL}, env));
  huge[100000] = 0;
  static char *many[40];
  for (int i = 0; i < 20; i++) many[i] = huge;
  TRY("2,000,000 bytes of arguments", execve(self, many, env));
  many[20] = huge;
  TRY("2,100,000 bytes of arguments", execve(self, many, env));

  int tmp = open("/tmp", O_PATH);
  fd = open(self, O_RDONLY);
  TRY("execveat relative", syscall(SYS_execveat, tmp, "script-test", args, env, 0));
  TRY("execveat fd", syscall(SYS_execveat, fd, "", args, env, AT_EMPTY_PATH));
  TRY("execveat empty without flag", syscall(SYS_execveat, fd, "", args, env, 0));
  TRY("execveat bad flags", syscall(SYS_execveat, fd, "", args, env, 0x10));
  TRY("execveat bad fd", syscall(SYS_execveat, 99, "x", args, env, 0));
  TRY("execveat absolute with bad fd", syscall(SYS_execveat, 99, self, args, env, 0));
  symlink(self, "/tmp/link");
  TRY("execveat nofollow", syscall(SYS_execveat, tmp, "link", args, env, AT_SYMLINK_NOFOLLOW));
  TRY("execveat follow", syscall(SYS_execveat, tmp, "link", args, env, 0));
  int script_fd = open("/tmp/nest0", O_RDONLY);
  TRY("execveat script", syscall(SYS_execveat, script_fd, "", args, env, AT_EMPTY_PATH));
  int closing = open("/tmp/nest0", O_RDONLY | O_CLOEXEC);
  TRY("execveat script close-on-exec", syscall(SYS_execveat, closing, "", args, env, AT_EMPTY_PATH));
  int opath = open(self, O_PATH);
  TRY("execveat O_PATH", syscall(SYS_execveat, opath, "", args, env, AT_EMPTY_PATH));
  int memory = memfd_create("program", MFD_CLOEXEC);
  write(memory, copy, length);
  TRY("memfd while writable", syscall(SYS_execveat, memory, "", args, env, AT_EMPTY_PATH));
  close(memory);
  for (int i = 0; i < 8; i++) {
    snprintf(name, sizeof name, "/tmp/nest%d", i);
    unlink(name);
  }
  unlink("/tmp/link");
  unlink("/tmp/plain");
  unlink("/tmp/script");
  unlink(self);
  return 0;
}
