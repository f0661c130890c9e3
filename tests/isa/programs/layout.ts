/** Where random programs have their code and data, and which registers have a role. */

export const CODE = 0x00400000;
export const CODE_PAGES = 3;
/** The same frames at another address, by address space. */
export const CODE_ALIASES: readonly number[] = [0x00b00000, 0x2_0070_0000];
export const DATA = 0x10000000;
export const STACK = 0x20000000;
/** Above 4 GiB. */
export const HIGH = 0x1_2345_6000;

/** General registers: a good base, one near something bad, a small index, a loop's counter. */
export const BASE = 28;
export const EDGE = 25;
export const INDEX = 27;
export const COUNTER = 26;
export const LINK = 30;
export const SP = 31;
export const ZERO = 31;
