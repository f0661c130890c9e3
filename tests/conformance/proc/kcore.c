/* /proc/kcore: an ELF core file of the machine's memory, for who may do raw I/O. See proc_kcore(5). */
#include "show.h"
#include <elf.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
  struct stat st;
  stat("/proc/kcore", &st);
  printf("mode %o, larger than 1 GiB: %d\n", st.st_mode, st.st_size > 1 << 30);
  int fd = open("/proc/kcore", O_RDONLY);
  Elf64_Ehdr ehdr;
  printf("header: %zd\n", pread(fd, &ehdr, sizeof ehdr, 0));
  printf("magic %d type %d machine %d phentsize %d phoff %d\n", !memcmp(ehdr.e_ident, ELFMAG, 4), ehdr.e_type, ehdr.e_machine, ehdr.e_phentsize, (int)ehdr.e_phoff);
  int loads = 0;
  for (int i = 0; i < ehdr.e_phnum; i++) {
    Elf64_Phdr phdr;
    pread(fd, &phdr, sizeof phdr, ehdr.e_phoff + i * sizeof phdr);
    if (i == 0) printf("first is a note: %d\n", phdr.p_type == PT_NOTE);
    if (phdr.p_type != PT_LOAD || phdr.p_vaddr >> 48 != 0xffff || phdr.p_paddr == -1UL) continue;
    char page[4096];
    loads++;
    if (loads == 1) printf("memory: read %zd, size known %d\n", pread(fd, page, sizeof page, phdr.p_offset), phdr.p_filesz == phdr.p_memsz && phdr.p_filesz > 0);
  }
  printf("memory is there: %d\n", loads > 0);
  printf("seek to the end: %d\n", lseek(fd, 0, SEEK_END) == st.st_size);
  printf("read at the end: %zd\n", read(fd, &ehdr, sizeof ehdr));
  OK(open("/proc/kcore", O_WRONLY));
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  syscall(SYS_capget, &header, data);
  data[0].effective &= ~(1u << CAP_SYS_RAWIO);
  syscall(SYS_capset, &header, data);
  SHOW(open("/proc/kcore", O_RDONLY));
  return 0;
}
