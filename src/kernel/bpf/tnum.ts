/** What is known of a 64-bit number: the bits in `mask` are unknown, the others are those of `value`. Linux: kernel/bpf/tnum.c. */

export interface Tnum {
  readonly value: bigint;
  readonly mask: bigint;
}

const ALL = (1n << 64n) - 1n;
const wrap = (x: bigint): bigint => x & ALL;

export const known = (value: bigint): Tnum => ({ value: wrap(value), mask: 0n });
export const UNKNOWN: Tnum = { value: 0n, mask: ALL };
/** A number of so many unknown bits. */
export const bits = (count: number): Tnum => ({ value: 0n, mask: (1n << BigInt(count)) - 1n });

export const isKnown = ({ mask }: Tnum): boolean => mask === 0n;
/** The greatest number that it may be. */
export const greatest = ({ value, mask }: Tnum): bigint => value | mask;

/** The low 32 bits, zero-extended. */
export const low32 = ({ value, mask }: Tnum): Tnum => ({ value: value & 0xffffffffn, mask: mask & 0xffffffffn });

export function add(a: Tnum, b: Tnum): Tnum {
  const sm = wrap(a.mask + b.mask);
  const sv = wrap(a.value + b.value);
  const sigma = wrap(sm + sv);
  const mask = (sigma ^ sv) | a.mask | b.mask;
  return { value: sv & ~mask & ALL, mask };
}

export function sub(a: Tnum, b: Tnum): Tnum {
  const dv = wrap(a.value - b.value);
  const alpha = wrap(dv + a.mask);
  const beta = wrap(dv - b.mask);
  const mask = (alpha ^ beta) | a.mask | b.mask;
  return { value: dv & ~mask & ALL, mask };
}

export function and(a: Tnum, b: Tnum): Tnum {
  const alpha = a.value | a.mask;
  const beta = b.value | b.mask;
  const value = a.value & b.value;
  return { value, mask: alpha & beta & ~value };
}

export function or(a: Tnum, b: Tnum): Tnum {
  const value = a.value | b.value;
  return { value, mask: (a.mask | b.mask) & ~value };
}

export function xor(a: Tnum, b: Tnum): Tnum {
  const mask = a.mask | b.mask;
  return { value: (a.value ^ b.value) & ~mask & ALL, mask };
}

export const shiftLeft = ({ value, mask }: Tnum, by: bigint): Tnum => ({ value: wrap(value << by), mask: wrap(mask << by) });
export const shiftRight = ({ value, mask }: Tnum, by: bigint): Tnum => ({ value: value >> by, mask: mask >> by });
