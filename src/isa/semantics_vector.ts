/** Advanced SIMD registers and lane arithmetic as instruction definitions see them. */

import type { Values } from './values.ts';

export type LaneBits = 8 | 16 | 32 | 64;

/**
 * Lane arithmetic on 128-bit vectors. Lane 0 is the least significant. Comparisons yield all ones or all zeros in each lane,
 * shift counts are taken modulo the lane's width.
 */
export interface Vector<T extends Values> {
  const(value: bigint): T['v128'];
  and(a: T['v128'], b: T['v128']): T['v128'];
  or(a: T['v128'], b: T['v128']): T['v128'];
  xor(a: T['v128'], b: T['v128']): T['v128'];
  not(a: T['v128']): T['v128'];
  /** a & ~b. */
  andnot(a: T['v128'], b: T['v128']): T['v128'];
  /** Bit by bit, `mask ? a : b`. */
  select(mask: T['v128'], a: T['v128'], b: T['v128']): T['v128'];
  /** 1 when any bit is set. */
  anyTrue(a: T['v128']): T['i32'];

  add(bits: LaneBits, a: T['v128'], b: T['v128']): T['v128'];
  sub(bits: LaneBits, a: T['v128'], b: T['v128']): T['v128'];
  mul(bits: LaneBits, a: T['v128'], b: T['v128']): T['v128'];
  neg(bits: LaneBits, a: T['v128']): T['v128'];
  abs(bits: LaneBits, a: T['v128']): T['v128'];
  min_s(bits: LaneBits, a: T['v128'], b: T['v128']): T['v128'];
  min_u(bits: LaneBits, a: T['v128'], b: T['v128']): T['v128'];
  max_s(bits: LaneBits, a: T['v128'], b: T['v128']): T['v128'];
  max_u(bits: LaneBits, a: T['v128'], b: T['v128']): T['v128'];
  eq(bits: LaneBits, a: T['v128'], b: T['v128']): T['v128'];
  gt_s(bits: LaneBits, a: T['v128'], b: T['v128']): T['v128'];
  gt_u(bits: LaneBits, a: T['v128'], b: T['v128']): T['v128'];
  ge_s(bits: LaneBits, a: T['v128'], b: T['v128']): T['v128'];
  ge_u(bits: LaneBits, a: T['v128'], b: T['v128']): T['v128'];
  shl(bits: LaneBits, a: T['v128'], count: T['i32']): T['v128'];
  shr_s(bits: LaneBits, a: T['v128'], count: T['i32']): T['v128'];
  shr_u(bits: LaneBits, a: T['v128'], count: T['i32']): T['v128'];
  /** The number of ones in each byte. */
  popcnt(a: T['v128']): T['v128'];

  /** The low (0) or high (1) half of the lanes, each made twice as wide. `bits` is the width before. */
  extend_s(bits: LaneBits, half: number, a: T['v128']): T['v128'];
  extend_u(bits: LaneBits, half: number, a: T['v128']): T['v128'];
  /** Products, twice as wide, of the lanes in the low or high halves. */
  mulLong_s(bits: LaneBits, half: number, a: T['v128'], b: T['v128']): T['v128'];
  mulLong_u(bits: LaneBits, half: number, a: T['v128'], b: T['v128']): T['v128'];

  /** Sixteen bytes picked from those of a (0 to 15) and b (16 to 31). */
  shuffle(bytes: readonly number[], a: T['v128'], b: T['v128']): T['v128'];
  /** Bytes of `a` picked by the bytes of `indices`; 0 where an index is above 15. */
  swizzle(a: T['v128'], indices: T['v128']): T['v128'];

  splat(bits: LaneBits, value: T['i64']): T['v128'];
  extract_s(bits: LaneBits, a: T['v128'], lane: number): T['i64'];
  extract_u(bits: LaneBits, a: T['v128'], lane: number): T['i64'];
  replace(bits: LaneBits, a: T['v128'], lane: number, value: T['i64']): T['v128'];
}

export interface VectorSemantics<T extends Values> {
  readonly v128: Vector<T>;
  /** The whole register. */
  v(register: T['vreg']): T['v128'];
  setV(register: T['vreg'], value: T['v128']): void;
}
