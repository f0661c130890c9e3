/*
 * Executes instructions and short programs on the real thing (or qemu-aarch64): reads requests from standard input and writes the
 * resulting states to standard output. Layouts are those of qemu.ts.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define CODE 0x00400000ul
#define SLOT 0x800
#define DATA 0x10000000ul
#define DATA_BYTES (4 * 4096)
#define SAVE 0x6ff00000ul
#define BLOCK (SAVE + 0x1000)
#define WORDS 208

#define PROGRAM 64 /* instructions; the slot in the stub below has as many */

struct request { uint32_t words[PROGRAM], seed; int32_t block[WORDS]; };
struct response { uint32_t signal, memory, pc, unused; uint64_t address; int32_t block[WORDS]; };

extern const uint32_t stub_start[], stub_slot[], stub_restore[], stub_end[];

__asm__(
  ".macro pairs op, a, b\n \\op x0, x1, [x30]\n \\op x2, x3, [x30, #16]\n \\op x4, x5, [x30, #32]\n \\op x6, x7, [x30, #48]\n"
  " \\op x8, x9, [x30, #64]\n \\op x10, x11, [x30, #80]\n \\op x12, x13, [x30, #96]\n \\op x14, x15, [x30, #112]\n"
  " \\op x16, x17, [x30, #128]\n \\op x18, x19, [x30, #144]\n \\op x20, x21, [x30, #160]\n \\op x22, x23, [x30, #176]\n"
  " \\op x24, x25, [x30, #192]\n \\op x26, x27, [x30, #208]\n \\op x28, x29, [x30, #224]\n.endm\n"
  ".macro vectors op\n add x0, x30, #320\n"
  " \\op q0, q1, [x0]\n \\op q2, q3, [x0, #32]\n \\op q4, q5, [x0, #64]\n \\op q6, q7, [x0, #96]\n \\op q8, q9, [x0, #128]\n"
  " \\op q10, q11, [x0, #160]\n \\op q12, q13, [x0, #192]\n \\op q14, q15, [x0, #224]\n \\op q16, q17, [x0, #256]\n"
  " \\op q18, q19, [x0, #288]\n \\op q20, q21, [x0, #320]\n \\op q22, q23, [x0, #352]\n \\op q24, q25, [x0, #384]\n"
  " \\op q26, q27, [x0, #416]\n \\op q28, q29, [x0, #448]\n \\op q30, q31, [x0, #480]\n.endm\n"
  ".globl stub_start, stub_slot, stub_restore, stub_end\n"
  "stub_start:\n"
  " movz x1, #0x6ff0, lsl #16\n"
  " stp x19, x20, [x1]\n stp x21, x22, [x1, #16]\n stp x23, x24, [x1, #32]\n stp x25, x26, [x1, #48]\n stp x27, x28, [x1, #64]\n"
  " stp x29, x30, [x1, #80]\n mov x2, sp\n mrs x3, tpidr_el0\n stp x2, x3, [x1, #96]\n"
  " stp d8, d9, [x1, #112]\n stp d10, d11, [x1, #128]\n stp d12, d13, [x1, #144]\n stp d14, d15, [x1, #160]\n"
  " movz x30, #0x6ff0, lsl #16\n movk x30, #0x1000\n"
  " ldr w0, [x30, #276]\n msr fpcr, x0\n ldr w0, [x30, #280]\n msr fpsr, x0\n ldr w0, [x30, #272]\n msr nzcv, x0\n"
  " vectors ldp\n ldr x0, [x30, #256]\n mov sp, x0\n pairs ldp\n ldr x30, [x30, #240]\n"
  "stub_slot:\n .rept 64\n nop\n .endr\n"
  " msr tpidr_el0, x30\n movz x30, #0x6ff0, lsl #16\n movk x30, #0x1000\n pairs stp\n"
  " mrs x0, tpidr_el0\n str x0, [x30, #240]\n mov x0, sp\n str x0, [x30, #256]\n mrs x0, nzcv\n str w0, [x30, #272]\n"
  " mrs x0, fpcr\n str w0, [x30, #276]\n mrs x0, fpsr\n str w0, [x30, #280]\n vectors stp\n"
  "stub_restore:\n msr fpcr, xzr\n"
  " movz x1, #0x6ff0, lsl #16\n"
  " ldp x19, x20, [x1]\n ldp x21, x22, [x1, #16]\n ldp x23, x24, [x1, #32]\n ldp x25, x26, [x1, #48]\n ldp x27, x28, [x1, #64]\n"
  " ldp x29, x30, [x1, #80]\n ldp x2, x3, [x1, #96]\n mov sp, x2\n msr tpidr_el0, x3\n"
  " ldp d8, d9, [x1, #112]\n ldp d10, d11, [x1, #128]\n ldp d12, d13, [x1, #144]\n ldp d14, d15, [x1, #160]\n"
  " ret\n"
  "stub_end:\n");

static volatile uint32_t caught, caught_pc;
static volatile uint64_t caught_address;

static void handler(int sig, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  caught = sig;
  caught_address = (uint64_t)info->si_addr;
  caught_pc = uc->uc_mcontext.pc;
  uc->uc_mcontext.pc = CODE + SLOT + 4 * (stub_restore - stub_slot);
}

static void read_all(void *to, size_t bytes) {
  for (size_t done = 0; done < bytes;) {
    ssize_t n = read(0, (char *)to + done, bytes - done);
    if (n <= 0) _exit(done == 0 ? 0 : 2);
    done += n;
  }
}

static void write_all(const void *from, size_t bytes) {
  for (size_t done = 0; done < bytes;) {
    ssize_t n = write(1, (const char *)from + done, bytes - done);
    if (n <= 0) _exit(3);
    done += n;
  }
}

/* The data pages, filled by the same generator as in qemu.ts; the last one is read-only for the instruction. */
static void fill(uint32_t seed) {
  uint32_t *data = (uint32_t *)DATA;
  for (int i = 0; i < DATA_BYTES / 4; i++) data[i] = seed = seed * 1664525u + 1013904223u;
}

static uint32_t sum(void) {
  const uint32_t *data = (const uint32_t *)DATA;
  uint32_t hash = 2166136261u;
  for (int i = 0; i < DATA_BYTES / 4; i++) hash = (hash ^ data[i]) * 16777619u;
  return hash;
}

int main(void) {
  static char stack[65536];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaltstack(&alternate, 0);
  int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
  for (int i = 0; i < 5; i++) sigaction(signals[i], &action, 0);
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  mmap((void *)CODE, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1, 0);
  mmap((void *)DATA, DATA_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0);
  mmap((void *)SAVE, 8192, PROT_READ | PROT_WRITE, flags, -1, 0);
  size_t before = (stub_slot - stub_start) * 4;
  char *start = (char *)CODE + SLOT - before;
  memcpy(start, stub_start, (stub_end - stub_start) * 4);
  __builtin___clear_cache(start, (char *)CODE + 4096);
  for (;;) {
    struct request request;
    struct response response = {0};
    read_all(&request, sizeof request);
    memcpy((void *)(CODE + SLOT), request.words, sizeof request.words);
    __builtin___clear_cache((char *)CODE + SLOT, (char *)CODE + SLOT + sizeof request.words);
    if (request.seed) {
      fill(request.seed);
      mprotect((void *)(DATA + 3 * 4096), 4096, PROT_READ);
    }
    memcpy((void *)BLOCK, request.block, sizeof request.block);
    caught = 0;
    caught_address = caught_pc = 0;
    ((void (*)(void))start)();
    if (request.seed) {
      response.memory = sum();
      mprotect((void *)(DATA + 3 * 4096), 4096, PROT_READ | PROT_WRITE);
    }
    response.signal = caught;
    response.pc = caught_pc;
    response.address = caught_address;
    memcpy(response.block, (void *)BLOCK, sizeof response.block);
    write_all(&response, sizeof response);
  }
}
