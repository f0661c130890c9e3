/**
 * The user-visible register file of one arm64 task: a block of 32-bit words with a fixed layout,
 * low half first. It is plain data, so a checkpoint copies it as it is.
 */

/** Word index of x0; xN is at 2 * N. Words 62 and 63 (x31 does not exist) stay zero. */
export const REG_X = 0;
export const REG_SP = 64;
export const REG_PC = 66;
/** NZCV in bits 31..28, as the system register has it. */
export const REG_NZCV = 68;
export const REG_FPCR = 69;
export const REG_FPSR = 70;
/** Bytes covered by the exclusive monitor (0: open), its address and the value that was loaded (128 bits). */
export const REG_MONITOR_SIZE = 71;
export const REG_MONITOR_ADDRESS = 72;
export const REG_MONITOR_VALUE = 74;
export const REG_TPIDR = 78;
/** Word index of v0; vN is at REG_V + 4 * N. */
export const REG_V = 80;
/** Words in the whole block. */
export const REG_WORDS = 208;
