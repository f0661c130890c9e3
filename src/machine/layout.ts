/** Where the machine keeps its own things in the first bytes of the linear memory, which the kernel never sees. */

import {
  REG_FPCR,
  REG_FPSR,
  REG_MONITOR_ADDRESS,
  REG_MONITOR_SIZE,
  REG_MONITOR_VALUE,
  REG_NZCV,
  REG_PC,
  REG_SP,
  REG_TPIDR,
  REG_V,
  REG_WORDS,
  REG_X,
} from '../platform/registers.ts';

/** Byte address of the register block in use. Page 0 stays empty. */
export const REGISTERS = 0x1000;
const register = (word: number): number => REGISTERS + 4 * word;
export const AT_X: number = register(REG_X);
export const AT_X30: number = register(REG_X + 60);
/** Number 31 as a source: always zero. */
export const AT_ZERO: number = register(REG_X + 62);
export const AT_SP: number = register(REG_SP);
export const AT_PC: number = register(REG_PC);
export const AT_NZCV: number = register(REG_NZCV);
export const AT_FPCR: number = register(REG_FPCR);
export const AT_FPSR: number = register(REG_FPSR);
export const AT_MONITOR_SIZE: number = register(REG_MONITOR_SIZE);
export const AT_MONITOR_ADDRESS: number = register(REG_MONITOR_ADDRESS);
export const AT_MONITOR_VALUE: number = register(REG_MONITOR_VALUE);
export const AT_TPIDR: number = register(REG_TPIDR);
export const AT_V: number = register(REG_V);

const OWN: number = (register(REG_WORDS) + 63) & -64;
/** Number 31 as a destination: never read. */
export const AT_SINK: number = OWN;
export const AT_FUEL: number = OWN + 16;
/** The trap that is being reported: kind, access, address (i64), syndrome. */
export const AT_TRAP: number = OWN + 20;
export const AT_TRAP_ACCESS: number = OWN + 24;
export const AT_TRAP_SYNDROME: number = OWN + 28;
export const AT_TRAP_ADDRESS: number = OWN + 32;
/** Where an out-of-line instruction wants to go. */
export const AT_TARGET: number = OWN + 40;
/** The page that runs: virtual address (i64), its records. */
export const AT_PAGE: number = OWN + 48;
export const AT_PAGE_RECORDS: number = OWN + 56;
/** Number of the running address space, as an i64. */
export const AT_ASID: number = OWN + 64;
/** The tables of the running address space: for reading, for writing, and the code pages. */
export const AT_READ_TABLE: number = OWN + 72;
export const AT_WRITE_TABLE: number = OWN + 76;
export const AT_CODE_TABLE: number = OWN + 80;
/** Where the jump was (i64) at whose target the interpreter ran out of fuel; 0: it came there in another way. */
export const AT_JUMP: number = OWN + 88;
/** Accesses that cross a page go through this buffer. */
export const AT_BOUNCE: number = OWN + 128;
/** A record whose operation jumps to the pc. */
export const AT_ENTRY_RECORD: number = OWN + 192;
/** What is left of the quantum besides AT_FUEL, which the interpreter gets in small portions. */
export const AT_RESERVE: number = OWN + 208;
/** Flags that translated code has not computed: the rule's number (0: they are in NZCV) and its operands. */
export const AT_FLAG_RULE: number = OWN + 220;
export const AT_FLAG_A: number = OWN + 224;
export const AT_FLAG_B: number = OWN + 232;

/** CRC32 tables: 256 words each for the two polynomials. */
export const AT_CRC32 = 0x2000;
export const AT_CRC32C = 0x2400;
/** Code look-up: 1024 entries of virtual page and address space (i64), records (i32), unused (i32). */
export const AT_CODE_TLB = 0x4000;
export const CODE_TLB_ENTRIES = 1024;
/** Look-up of translated code: words of 64 bits, the pc above an index of 16 bits in the table of regions. See machine/jit/region_lookup.ts. */
export const AT_REGION_TLB = 0x10000;
export const REGION_TLB_ENTRIES = 16384;
/** First byte after the fixed part. */
export const FIXED_END = 0x30000;

/** One translation table: a 32-bit word for each page below 4 GiB. A space has three: for reading, for writing, and the code pages. */
export const TABLE_BYTES = 0x400000;
export const SLOT_BYTES = 0xc00000;

/** Decoded instructions of one page: a 16-byte record for each word and a sentinel that goes on to the next page. */
export const RECORD_BYTES = 16;
export const PAGE_RECORDS = 1024;
export const CODE_BLOCK_BYTES: number = 16384 + 64;
