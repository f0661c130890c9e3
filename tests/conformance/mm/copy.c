/* User memory as system calls see it: faults, page borders, copy-on-write between processes, process_vm_readv. */
#include "check.h"

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  char *p = anon(3 * PAGE, PROT_READ | PROT_WRITE);
  munmap(p + 2 * PAGE, PAGE);
  int pipefd[2];
  pipe2(pipefd, O_NONBLOCK);
  VALUE(write(pipefd[1], p + 2 * PAGE - 4, 8));
  VALUE(write(pipefd[1], p + 2 * PAGE, 8));
  VALUE(write(pipefd[1], (void *)(1UL << 48), 8));
  VALUE(write(pipefd[1], (void *)-8UL, 8));
  char buffer[64];
  VALUE(read(pipefd[0], buffer, 64));
  int fd = file_of(3 * PAGE);
  VALUE(pread(fd, p + 2 * PAGE - 10, 100, 0));
  VALUE(pwrite(fd, p + 2 * PAGE - 10, 100, 0));
  VALUE(pread(fd, p + 2 * PAGE, 100, 0));
  mprotect(p, PAGE, PROT_READ);
  VALUE(pread(fd, p, 100, 0));
  VALUE(pread(fd, p + PAGE - 10, 100, 0));
  VALUE(pwrite(fd, p, 100, 0));
  mprotect(p, PAGE, PROT_NONE);
  VALUE(pwrite(fd, p, 100, 0));
  VALUE(open((char *)p, O_RDONLY));
  mprotect(p, PAGE, PROT_READ | PROT_WRITE);
  strcpy(p + 2 * PAGE - 5, "/tmp");
  VALUE(access(p + 2 * PAGE - 5, F_OK));
  p[2 * PAGE - 1] = 'x';
  VALUE(access(p + 2 * PAGE - 5, F_OK));

  int *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int *own = (int *)anon(PAGE, PROT_READ | PROT_WRITE);
  *own = 1;
  pid_t child = fork();
  if (child == 0) {
    *shared = 10;
    *own = 2;
    pread(fd, own + 1, 4, 0);
    for (;;) pause();
  }
  while (*(volatile int *)shared != 10) usleep(1000);
  printf("own %d shared %d\n", *own, *shared);
  struct iovec local = {buffer, 4}, remote = {own, 4};
  while (process_vm_readv(child, &local, 1, &remote, 1, 0) == 4 && *(int *)buffer != 2) usleep(1000);
  printf("child's own %d\n", *(int *)buffer);
  *(int *)buffer = 77;
  VALUE(process_vm_writev(child, &local, 1, &remote, 1, 0));
  VALUE(process_vm_readv(child, &local, 1, &remote, 1, 1));
  VALUE(process_vm_readv(999999, &local, 1, &remote, 1, 0));
  remote.iov_base = (void *)8;
  VALUE(process_vm_readv(child, &local, 1, &remote, 1, 0));
  local.iov_base = (void *)8;
  remote.iov_base = own;
  VALUE(process_vm_readv(child, &local, 1, &remote, 1, 0));
  struct iovec both[2] = {{own, 4}, {(void *)8, 4}};
  local.iov_base = buffer;
  local.iov_len = 8;
  VALUE(process_vm_readv(child, &local, 1, both, 2, 0));
  VALUE(process_vm_readv(child, &local, 2000, both, 2, 0));
  VALUE(process_vm_readv(child, &local, 0, both, 2, 0));
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  printf("parent keeps %d\n", *own);
  return 0;
}
