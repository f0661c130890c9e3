/* What execve says to damaged, foreign and odd ELF files, made from this very program. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned char image[4 << 20];
static size_t length;
static Elf64_Ehdr *ehdr = (Elf64_Ehdr *)image;

static Elf64_Phdr *phdr(int type) {
  Elf64_Phdr *p = (Elf64_Phdr *)(image + ehdr->e_phoff);
  for (int i = 0; i < ehdr->e_phnum; i++)
    if ((int)p[i].p_type == type) return &p[i];
  return NULL;
}

static void load(void) {
  int fd = open("/test", O_RDONLY);
  length = read(fd, image, sizeof image);
  close(fd);
}

/* Run the present image: the errno of execve, or how the program ended. */
static void run(const char *what) {
  const char *path = "/tmp/elf-test";
  unlink(path);
  int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0755);
  write(fd, image, length);
  close(fd);
  int report[2];
  pipe2(report, O_CLOEXEC);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    char *argv[] = {"elf-test", "child", NULL};
    execv(path, argv);
    int error = errno;
    write(report[1], &error, sizeof error);
    _exit(99);
  }
  close(report[1]);
  int error = 0, status;
  read(report[0], &error, sizeof error);
  close(report[0]);
  waitpid(child, &status, 0);
  if (error) printf("%s: %s\n", what, strerrorname_np(error));
  else if (WIFSIGNALED(status)) printf("%s: signal %d\n", what, WTERMSIG(status));
  else printf("%s: exit %d\n", what, WEXITSTATUS(status));
  load();
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IONBF, 0);
  if (argc > 1) return 7;
  load();
  run("unchanged");
  length = 0;
  run("empty file");
  length = 10;
  run("ten bytes");
  length = 63;
  run("header cut");
  length = 64;
  run("only the header");
  image[0] = 'x';
  run("no magic");
  ehdr->e_machine = EM_X86_64;
  run("x86-64");
  ehdr->e_machine = EM_ARM;
  run("32-bit arm");
  ehdr->e_type = ET_REL;
  run("relocatable");
  ehdr->e_type = ET_CORE;
  run("core");
  image[EI_CLASS] = ELFCLASS32;
  run("class 32");
  image[EI_DATA] = ELFDATA2MSB;
  run("big endian");
  ehdr->e_phentsize = 55;
  run("phentsize 55");
  ehdr->e_phnum = 0;
  run("no program headers");
  ehdr->e_phnum = 2000;
  run("too many program headers");
  ehdr->e_phoff = length;
  run("program headers behind the end");
  ehdr->e_phoff = -64;
  run("program headers at -64");
  ehdr->e_entry = 8;
  run("entry unmapped");
  ehdr->e_entry = 1UL << 60;
  run("entry beyond user space");
  Elf64_Phdr *p = phdr(PT_LOAD);
  p->p_filesz = p->p_memsz + 1;
  run("filesz above memsz");
  phdr(PT_LOAD)->p_memsz = 1UL << 50;
  run("memsz enormous");
  phdr(PT_LOAD)->p_vaddr = 1UL << 50;
  run("vaddr beyond user space");
  phdr(PT_LOAD)->p_offset = 16;
  run("offset and vaddr disagree");
  phdr(PT_LOAD)->p_offset = 1UL << 40;
  run("segment behind the end of the file");
  phdr(PT_LOAD)->p_flags = PF_R;
  run("text not executable");
  phdr(PT_LOAD)->p_type = PT_NULL;
  run("without text");
  for (Elf64_Phdr *q; (q = phdr(PT_LOAD));) q->p_type = PT_NULL;
  run("without any segment");
  p = phdr(PT_GNU_STACK);
  p->p_type = PT_INTERP;
  p->p_offset = length;
  p->p_filesz = 1;
  memcpy(image + length, "/nowhere", 9);
  run("interpreter name too short");
  p = phdr(PT_GNU_STACK);
  p->p_type = PT_INTERP;
  p->p_offset = length;
  p->p_filesz = 5000;
  run("interpreter name too long");
  p = phdr(PT_GNU_STACK);
  p->p_type = PT_INTERP;
  p->p_offset = length;
  p->p_filesz = 8;
  memcpy(image + length, "/nowhere", 9);
  length += 9;
  run("interpreter name without NUL");
  p = phdr(PT_GNU_STACK);
  p->p_type = PT_INTERP;
  p->p_offset = length;
  p->p_filesz = 9;
  memcpy(image + length, "/nowhere", 9);
  length += 9;
  run("interpreter missing");
  p = phdr(PT_GNU_STACK);
  p->p_type = PT_INTERP;
  p->p_offset = length;
  p->p_filesz = 9;
  length += 5;
  run("interpreter name cut");
  p = phdr(PT_GNU_STACK);
  p->p_type = PT_INTERP;
  p->p_offset = length;
  p->p_filesz = 5;
  memcpy(image + length, "/tmp", 5);
  length += 5;
  run("interpreter is a directory");
  p = phdr(PT_GNU_STACK);
  p->p_type = PT_INTERP;
  p->p_offset = length;
  p->p_filesz = 12;
  memcpy(image + length, "/tmp/nonelf", 12);
  length += 12;
  int other = open("/tmp/nonelf", O_CREAT | O_WRONLY, 0755);
  for (int i = 0; i < 100; i++) write(other, "not an ELF file\n", 16);
  close(other);
  run("interpreter is no ELF file");
  unlink("/tmp/nonelf");
  p = phdr(PT_GNU_STACK);
  p->p_type = PT_INTERP;
  p->p_offset = length;
  p->p_filesz = 6;
  memcpy(image + length, "/test", 6);
  length += 6;
  run("its own interpreter");
  unlink("/tmp/elf-test");
  return 0;
}
