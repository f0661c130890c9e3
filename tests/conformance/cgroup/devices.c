/* bpf(2): programs that decide which devices a group may use. */
#include "cgroup.h"
#include <linux/bpf.h>
#include <sys/sysmacros.h>

#define INSN(c, d, s, o, i) ((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
#define MOV(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define MOVR(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define LDX(size, d, s, o) INSN(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define STX(size, d, s, o) INSN(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define ST(size, d, o, i) INSN(BPF_ST | BPF_MEM | (size), d, 0, o, i)
#define ALU(op, d, i) INSN(BPF_ALU64 | (op) | BPF_K, d, 0, 0, i)
#define ALUR(op, d, s) INSN(BPF_ALU64 | (op) | BPF_X, d, s, 0, 0)
#define ALU32(op, d, i) INSN(BPF_ALU | (op) | BPF_K, d, 0, 0, i)
#define JMP(op, d, i, o) INSN(BPF_JMP | (op) | BPF_K, d, 0, o, i)
#define JMPR(op, d, s, o) INSN(BPF_JMP | (op) | BPF_X, d, s, o, 0)
#define JA(o) INSN(BPF_JMP | BPF_JA, 0, 0, o, 0)
#define CALL(f) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static char verifier_log[65536];

static int load(const struct bpf_insn *insns, int count) {
  union bpf_attr attr = {0};
  attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attr.insn_cnt = count;
  attr.insns = (uintptr_t)insns;
  attr.license = (uintptr_t) "GPL";
  strcpy(attr.prog_name, "devices");
  return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);
}
#define LOAD(...) load((struct bpf_insn[]){__VA_ARGS__}, sizeof((struct bpf_insn[]){__VA_ARGS__}) / 8)

static void verdict(const char *what, int fd) {
  printf("%s: %s\n", what, fd >= 0 ? "loaded" : error_name(errno));
  if (fd >= 0) close(fd);
}

static int attach(int group, int program, int flags, int replaced) {
  union bpf_attr attr = {0};
  attr.target_fd = group;
  attr.attach_bpf_fd = program;
  attr.attach_type = BPF_CGROUP_DEVICE;
  attr.attach_flags = flags;
  attr.replace_bpf_fd = replaced;
  return syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof attr);
}

static int detach(int group, int program) {
  union bpf_attr attr = {0};
  attr.target_fd = group;
  attr.attach_bpf_fd = program;
  attr.attach_type = BPF_CGROUP_DEVICE;
  return syscall(SYS_bpf, BPF_PROG_DETACH, &attr, sizeof attr);
}

static unsigned ids[64];
static void query(const char *what, int group, int flags, int room) {
  union bpf_attr attr = {0};
  attr.query.target_fd = group;
  attr.query.attach_type = BPF_CGROUP_DEVICE;
  attr.query.query_flags = flags;
  attr.query.prog_cnt = room;
  attr.query.prog_ids = room ? (uintptr_t)ids : 0;
  int result = syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof attr);
  printf("%s: %s, %u programs, flags %u\n", what, result ? error_name(errno) : "ok", attr.query.prog_cnt, attr.query.attach_flags);
}

static void try_device(const char *path, int flags) {
  int fd = open(path, flags);
  printf("open %s %d: %s\n", path, flags, fd < 0 ? error_name(errno) : "ok");
  if (fd >= 0) close(fd);
}

static void verify(void) {
  puts("-- what is loaded");
  verdict("constant 1", LOAD(MOV(0, 1), EXIT));
  verdict("constant 0", LOAD(MOV(0, 0), EXIT));
  verdict("constant 2", LOAD(MOV(0, 2), EXIT));
  verdict("nothing in r0", LOAD(EXIT));
  verdict("no end", LOAD(MOV(0, 1)));
  verdict("empty", load(NULL, 0));
  verdict("unreachable", LOAD(MOV(0, 1), EXIT, MOV(0, 1), EXIT));
  verdict("jump out", LOAD(MOV(0, 1), JA(5), EXIT));
  verdict("jump back out", LOAD(MOV(0, 1), JA(-9), EXIT));
  verdict("endless loop", LOAD(MOV(0, 1), JA(-1), EXIT));
  verdict("endless loop with condition", LOAD(MOV(0, 1), LDX(BPF_W, 2, 1, 4), JMP(BPF_JEQ, 2, 5, -2), EXIT));
  verdict("loop that ends", LOAD(MOV(0, 0), ALU(BPF_ADD, 0, 1), JMP(BPF_JNE, 0, 10, -2), MOV(0, 1), EXIT));
  verdict("context fields", LOAD(LDX(BPF_W, 2, 1, 0), LDX(BPF_W, 3, 1, 4), LDX(BPF_W, 4, 1, 8), MOV(0, 1), EXIT));
  verdict("narrow access type", LOAD(LDX(BPF_H, 2, 1, 0), LDX(BPF_B, 3, 1, 0), MOV(0, 1), EXIT));
  verdict("narrow major", LOAD(LDX(BPF_H, 2, 1, 4), MOV(0, 1), EXIT));
  verdict("beyond the context", LOAD(LDX(BPF_W, 2, 1, 12), MOV(0, 1), EXIT));
  verdict("before the context", LOAD(LDX(BPF_W, 2, 1, -4), MOV(0, 1), EXIT));
  verdict("unaligned context", LOAD(LDX(BPF_W, 2, 1, 2), MOV(0, 1), EXIT));
  verdict("wide context", LOAD(LDX(BPF_DW, 2, 1, 0), MOV(0, 1), EXIT));
  verdict("write to the context", LOAD(ST(BPF_W, 1, 0, 0), MOV(0, 1), EXIT));
  verdict("moved context pointer", LOAD(ALU(BPF_ADD, 1, 4), LDX(BPF_W, 2, 1, 0), MOV(0, 1), EXIT));
  verdict("unwritten register", LOAD(MOVR(0, 5), EXIT));
  verdict("number as pointer", LOAD(MOV(2, 0), LDX(BPF_W, 0, 2, 0), EXIT));
  verdict("stack", LOAD(ST(BPF_DW, 10, -8, 1), LDX(BPF_DW, 0, 10, -8), EXIT));
  verdict("spilled pointer", LOAD(STX(BPF_DW, 10, 1, -8), LDX(BPF_DW, 2, 10, -8), LDX(BPF_W, 0, 2, 4), ALU(BPF_AND, 0, 1), EXIT));
  verdict("above the stack", LOAD(ST(BPF_DW, 10, 0, 1), MOV(0, 1), EXIT));
  verdict("below the stack", LOAD(ST(BPF_DW, 10, -520, 1), MOV(0, 1), EXIT));
  verdict("end of the stack", LOAD(ST(BPF_DW, 10, -512, 1), MOV(0, 1), EXIT));
  verdict("pointer to the stack", LOAD(MOVR(2, 10), ALU(BPF_ADD, 2, -16), ST(BPF_W, 2, 0, 7), MOV(0, 1), EXIT));
  verdict("write to r10", LOAD(MOV(10, 1), MOV(0, 1), EXIT));
  verdict("register 11", LOAD(MOV(11, 1), MOV(0, 1), EXIT));
  verdict("unknown opcode", LOAD(INSN(0xff, 0, 0, 0, 0), EXIT));
  verdict("reserved field", LOAD(INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 3, 0, 1), EXIT));
  verdict("division by constant zero", LOAD(MOV(0, 1), ALU(BPF_DIV, 0, 0), EXIT));
  verdict("shift too far", LOAD(MOV(0, 1), ALU(BPF_LSH, 0, 64), EXIT));
  verdict("shift", LOAD(MOV(0, 1), ALU(BPF_LSH, 0, 63), ALU(BPF_RSH, 0, 63), EXIT));
  verdict("pointer times two", LOAD(ALU(BPF_MUL, 1, 2), MOV(0, 1), EXIT));
  verdict("masked answer", LOAD(LDX(BPF_W, 0, 1, 4), ALU(BPF_AND, 0, 1), EXIT));
  verdict("any answer", LOAD(LDX(BPF_W, 0, 1, 4), EXIT));
  verdict("a function", LOAD(CALL(BPF_FUNC_ktime_get_ns), MOV(0, 1), EXIT));
  verdict("a function of others", LOAD(CALL(BPF_FUNC_redirect), MOV(0, 1), EXIT));
  verdict("r1 after a function", LOAD(CALL(BPF_FUNC_ktime_get_ns), MOVR(0, 1), EXIT));
  verdict("64-bit constant", LOAD(INSN(BPF_LD | BPF_IMM | BPF_DW, 0, 0, 0, 1), INSN(0, 0, 0, 0, 0), EXIT));
  verdict("half a constant", LOAD(INSN(BPF_LD | BPF_IMM | BPF_DW, 0, 0, 0, 1), EXIT));
  union bpf_attr attr = {0};
  struct bpf_insn bad[] = {MOV(0, 7), EXIT};
  attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attr.insn_cnt = 2;
  attr.insns = (uintptr_t)bad;
  attr.license = (uintptr_t) "GPL";
  attr.log_level = 1;
  attr.log_size = sizeof verifier_log;
  attr.log_buf = (uintptr_t)verifier_log;
  SHOW(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr));
  IS(strstr(verifier_log, "R0") && strstr(verifier_log, "[0, 1]"));
  attr.log_buf = 0;
  SHOW(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr));
  attr.log_level = attr.log_size = 0;
  attr.prog_flags = 0x80000000;
  SHOW(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr));
  attr.prog_flags = 0;
  strcpy(attr.prog_name, "a-b");
  SHOW(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr));
  SHOW(syscall(SYS_bpf, 999, &attr, sizeof attr));
  SHOW(syscall(SYS_bpf, BPF_PROG_LOAD, NULL, sizeof attr));
  SHOW(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, 8192));
}

int main(void) {
  mount_cgroups();
  verify();
  mkdir("v", 0755);
  mkdir("v/w", 0755);
  int v = open("v", O_RDONLY | O_DIRECTORY), w = open("v/w", O_RDONLY | O_DIRECTORY), file = open("/dev/null", O_RDONLY);
  mkdir("/tmp/dev", 0755);
  mount("tmpfs", "/tmp/dev", "tmpfs", 0, NULL);
  mknod("/tmp/dev/null", S_IFCHR | 0666, makedev(1, 3));
  mknod("/tmp/dev/zero", S_IFCHR | 0666, makedev(1, 5));
  mknod("/tmp/dev/full", S_IFCHR | 0666, makedev(1, 7));

  puts("-- a list of what is allowed");
  /* As crun and runc make them: null for everything, zero for reading, making block devices. */
  int list = LOAD(LDX(BPF_W, 2, 1, 0), ALU32(BPF_AND, 2, 0xffff), LDX(BPF_W, 3, 1, 0), ALU32(BPF_RSH, 3, 16), LDX(BPF_W, 4, 1, 4), LDX(BPF_W, 5, 1, 8),
                  JMP(BPF_JNE, 2, 2, 4), JMP(BPF_JNE, 4, 1, 3), JMP(BPF_JNE, 5, 3, 2), MOV(0, 1), EXIT,
                  JMP(BPF_JNE, 2, 2, 7), INSN(BPF_ALU | BPF_MOV | BPF_X, 1, 3, 0, 0), ALU32(BPF_AND, 1, 2), JMPR(BPF_JNE, 1, 3, 4), JMP(BPF_JNE, 4, 1, 3), JMP(BPF_JNE, 5, 5, 2), MOV(0, 1), EXIT,
                  JMP(BPF_JNE, 2, 1, 5), INSN(BPF_ALU | BPF_MOV | BPF_X, 1, 3, 0, 0), ALU32(BPF_AND, 1, 1), JMPR(BPF_JNE, 1, 3, 2), MOV(0, 1), EXIT,
                  MOV(0, 0), EXIT);
  IS(list >= 0);
  SHOW(attach(v, list, BPF_F_ALLOW_MULTI, 0));
  query("v", v, 0, 64);
  query("w", w, 0, 64);
  query("w effectively", w, BPF_F_QUERY_EFFECTIVE, 64);
  query("only the count", v, 0, 0);
  IN_CHILD("restricted", {
    MOVE(0, "v/w/cgroup.procs");
    try_device("/tmp/dev/null", O_RDWR);
    try_device("/tmp/dev/zero", O_RDONLY);
    try_device("/tmp/dev/zero", O_WRONLY);
    try_device("/tmp/dev/zero", O_RDWR);
    try_device("/tmp/dev/full", O_RDONLY);
    try_device("/proc/self/comm", O_RDWR);
    SHOW(mknod("/tmp/dev/b", S_IFBLK | 0600, makedev(8, 0)));
    SHOW(mknod("/tmp/dev/c", S_IFCHR | 0600, makedev(1, 7)));
    SHOW(mknod("/tmp/dev/n", S_IFCHR | 0600, makedev(1, 3)));
    SHOW(mknod("/tmp/dev/whiteout", S_IFCHR | 0600, 0));
    SHOW(mknod("/tmp/dev/fifo", S_IFIFO | 0600, 0));
    SHOW(access("/tmp/dev/full", R_OK));
    SHOW(access("/tmp/dev/full", F_OK));
    struct stat st;
    SHOW(stat("/tmp/dev/full", &st));
  });
  try_device("/tmp/dev/full", O_RDONLY);

  puts("-- several programs");
  int yes = LOAD(MOV(0, 1), EXIT), no = LOAD(MOV(0, 0), EXIT);
  SHOW(attach(v, list, BPF_F_ALLOW_MULTI, 0));
  SHOW(attach(v, yes, 0, 0));
  SHOW(attach(v, yes, BPF_F_ALLOW_OVERRIDE, 0));
  SHOW(attach(v, yes, BPF_F_ALLOW_OVERRIDE | BPF_F_ALLOW_MULTI, 0));
  SHOW(attach(v, yes, BPF_F_REPLACE, list));
  SHOW(attach(v, yes, 0x100, 0));
  SHOW(attach(v, yes, BPF_F_ALLOW_MULTI | BPF_F_REPLACE, no));
  SHOW(attach(file, yes, BPF_F_ALLOW_MULTI | BPF_F_REPLACE, 0));
  SHOW(attach(v, file, BPF_F_ALLOW_MULTI, 0));
  SHOW(attach(v, 1000, BPF_F_ALLOW_MULTI, 0));
  SHOW(attach(1000, yes, BPF_F_ALLOW_MULTI, 0));
  SHOW(attach(v, yes, BPF_F_ALLOW_MULTI | BPF_F_REPLACE, list));
  IN_CHILD("allowed", {
    MOVE(0, "v/w/cgroup.procs");
    try_device("/tmp/dev/full", O_RDONLY);
  });
  SHOW(attach(w, no, BPF_F_ALLOW_MULTI, 0));
  query("w effectively", w, BPF_F_QUERY_EFFECTIVE, 64);
  query("too little room", w, BPF_F_QUERY_EFFECTIVE, 1);
  IN_CHILD("forbidden", {
    MOVE(0, "v/w/cgroup.procs");
    try_device("/tmp/dev/null", O_RDONLY);
  });
  SHOW(detach(w, yes));
  SHOW(detach(w, 0));
  SHOW(detach(w, no));
  SHOW(detach(w, no));
  SHOW(detach(v, yes));
  query("v", v, 0, 64);

  puts("-- only one");
  SHOW(attach(v, yes, 0, 0));
  SHOW(attach(w, no, 0, 0));
  SHOW(attach(w, no, BPF_F_ALLOW_MULTI, 0));
  SHOW(attach(v, no, 0, 0));
  query("v", v, 0, 64);
  SHOW(detach(v, 0));
  SHOW(attach(v, no, BPF_F_ALLOW_OVERRIDE, 0));
  SHOW(attach(w, yes, BPF_F_ALLOW_OVERRIDE, 0));
  query("w effectively", w, BPF_F_QUERY_EFFECTIVE, 64);
  IN_CHILD("overridden", {
    MOVE(0, "v/w/cgroup.procs");
    try_device("/tmp/dev/null", O_RDONLY);
    MOVE(0, "v/cgroup.procs");
    try_device("/tmp/dev/null", O_RDONLY);
  });

  puts("-- ids");
  query("v", v, 0, 64);
  union bpf_attr attr = {0};
  attr.prog_id = ids[0];
  int again = syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attr, sizeof attr);
  IS(again >= 0);
  IS(fcntl(again, F_GETFD) == FD_CLOEXEC);
  struct bpf_prog_info info = {0};
  struct bpf_insn insns[8];
  info.xlated_prog_len = sizeof insns;
  info.xlated_prog_insns = (uintptr_t)insns;
  memset(&attr, 0, sizeof attr);
  attr.info.bpf_fd = again;
  attr.info.info_len = sizeof info;
  attr.info.info = (uintptr_t)&info;
  SHOW(syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof attr));
  printf("type %u name %s uid %u gpl %d instructions %u maps %u\n", info.type, info.name, info.created_by_uid, info.gpl_compatible, info.xlated_prog_len / 8, info.nr_map_ids);
  IS(info.id == ids[0]);
  IS(insns[1].code == (BPF_JMP | BPF_EXIT));
  for (int i = 0; i < 8; i++) printf("%02x", info.tag[i]);
  puts("");
  memset(&attr, 0, sizeof attr);
  attr.prog_id = 0x7fffffff;
  SHOW(syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attr, sizeof attr));
  memset(&attr, 0, sizeof attr);
  attr.info.bpf_fd = file;
  attr.info.info_len = sizeof info;
  attr.info.info = (uintptr_t)&info;
  SHOW(syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof attr));

  puts("-- the end of a group");
  unsigned id = ids[0];
  close(again);
  close(no);
  close(w);
  close(v);
  remove_group("v/w");
  remove_group("v");
  memset(&attr, 0, sizeof attr);
  attr.prog_id = id;
  int gone = 0;
  for (int i = 0; i < 100 && !gone; i++) {
    int fd = syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attr, sizeof attr);
    gone = fd < 0 && errno == ENOENT;
    if (fd >= 0) close(fd);
    millis(10);
  }
  IS(gone);

  puts("-- without capabilities");
  IN_CHILD("user", {
    if (setgid(1000) || setuid(1000)) puts("cannot become");
    verdict("constant 1", LOAD(MOV(0, 1), EXIT));
    memset(&attr, 0, sizeof attr);
    attr.prog_id = 1;
    SHOW(syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attr, sizeof attr));
  });
  umount2("/tmp/dev", MNT_DETACH);
  rmdir("/tmp/dev");
  unmount_cgroups();
}
