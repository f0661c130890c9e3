/** bpf(2): commands, instructions and programs. Linux: include/uapi/linux/bpf.h, bpf_common.h. See bpf(2), Documentation/bpf/standardization/instruction-set.rst. */

/** Commands. */
export const BPF_PROG_LOAD = 5;
export const BPF_PROG_ATTACH = 8;
export const BPF_PROG_DETACH = 9;
export const BPF_PROG_GET_NEXT_ID = 11;
export const BPF_PROG_GET_FD_BY_ID = 13;
export const BPF_OBJ_GET_INFO_BY_FD = 15;
export const BPF_PROG_QUERY = 16;

export const BPF_PROG_TYPE_CGROUP_SKB = 8;
export const BPF_PROG_TYPE_CGROUP_DEVICE = 15;
export const BPF_CGROUP_DEVICE = 6;

/** How a program is attached. */
export const BPF_F_ALLOW_OVERRIDE = 1;
export const BPF_F_ALLOW_MULTI = 2;
export const BPF_F_REPLACE = 4;
export const BPF_F_QUERY_EFFECTIVE = 1;
/** How it is loaded. */
export const BPF_F_STRICT_ALIGNMENT = 1;
export const BPF_F_ANY_ALIGNMENT = 2;

export const BPF_OBJ_NAME_LEN = 16;
export const BPF_TAG_SIZE = 8;
export const BPF_MAXINSNS = 4096;
/** Instructions of a program, and instructions that the verifier looks at, for who holds CAP_BPF. */
export const BPF_COMPLEXITY_LIMIT_INSNS = 1000000;
/** Programs of one kind on one group. */
export const BPF_CGROUP_MAX_PROGS = 64;

/** Classes, in the low three bits of an opcode. */
export const BPF_LD = 0;
export const BPF_LDX = 1;
export const BPF_ST = 2;
export const BPF_STX = 3;
export const BPF_ALU = 4;
export const BPF_JMP = 5;
export const BPF_JMP32 = 6;
export const BPF_ALU64 = 7;
/** Sizes and modes of loads and stores. */
export const BPF_W = 0x00;
export const BPF_H = 0x08;
export const BPF_B = 0x10;
export const BPF_DW = 0x18;
export const BPF_IMM = 0x00;
export const BPF_MEM = 0x60;
export const BPF_MEMSX = 0x80;
/** The operand is a register. */
export const BPF_X = 0x08;
/** Arithmetic, in the high four bits. */
export const BPF_ADD = 0x00;
export const BPF_SUB = 0x10;
export const BPF_MUL = 0x20;
export const BPF_DIV = 0x30;
export const BPF_OR = 0x40;
export const BPF_AND = 0x50;
export const BPF_LSH = 0x60;
export const BPF_RSH = 0x70;
export const BPF_NEG = 0x80;
export const BPF_MOD = 0x90;
export const BPF_XOR = 0xa0;
export const BPF_MOV = 0xb0;
export const BPF_ARSH = 0xc0;
export const BPF_END = 0xd0;
/** Jumps. */
export const BPF_JA = 0x00;
export const BPF_JEQ = 0x10;
export const BPF_JGT = 0x20;
export const BPF_JGE = 0x30;
export const BPF_JSET = 0x40;
export const BPF_JNE = 0x50;
export const BPF_JSGT = 0x60;
export const BPF_JSGE = 0x70;
export const BPF_CALL = 0x80;
export const BPF_EXIT = 0x90;
export const BPF_JLT = 0xa0;
export const BPF_JLE = 0xb0;
export const BPF_JSLT = 0xc0;
export const BPF_JSLE = 0xd0;

/** Functions of the kernel that programs on groups may call. */
export const BPF_FUNC_ktime_get_ns = 5;
export const BPF_FUNC_get_prandom_u32 = 7;
export const BPF_FUNC_get_smp_processor_id = 8;
export const BPF_FUNC_get_current_uid_gid = 15;
export const BPF_FUNC_get_current_cgroup_id = 80;
export const BPF_FUNC_ktime_get_boot_ns = 125;

/** struct bpf_cgroup_dev_ctx. */
export const BPF_DEVCG_DEV_BLOCK = 1;
export const BPF_DEVCG_DEV_CHAR = 2;
export const BPF_DEVCG_ACC_MKNOD = 1;
export const BPF_DEVCG_ACC_READ = 2;
export const BPF_DEVCG_ACC_WRITE = 4;
export const BPF_CGROUP_DEV_CTX_SIZE = 12;
