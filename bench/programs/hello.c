/*
 * Writes one byte as its first act, without libc: whoever waits for it knows that instructions are executed.
 * Built with -nostartfiles.
 */
__attribute__((noreturn, used)) void _start(void) {
#if defined(__aarch64__)
  __asm__ volatile(
      "mov x0, 1\n adr x1, 1f\n mov x2, 1\n mov x8, 64\n svc 0\n"
      "mov x0, 0\n mov x8, 94\n svc 0\n1: .ascii \"\\n\"");
#elif defined(__x86_64__)
  __asm__ volatile(
      "mov $1, %%edi\n lea 1f(%%rip), %%rsi\n mov $1, %%edx\n mov $1, %%eax\n syscall\n"
      "xor %%edi, %%edi\n mov $231, %%eax\n syscall\n1: .ascii \"\\n\"" ::: "memory");
#else
#error "this machine's system calls are not known"
#endif
  __builtin_unreachable();
}
