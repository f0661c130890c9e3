/** Integer arithmetic, general registers and the condition flags, as instruction definitions see them. */

import type { Values } from './values.ts';

/** Arithmetic on one integer type in WebAssembly's vocabulary: shift counts are taken modulo the width, comparisons yield 0 or 1. */
export interface Integer<T extends Values, V> {
  /** 32 or 64. */
  readonly bits: number;
  const(value: number | bigint): V;
  add(a: V, b: V): V;
  sub(a: V, b: V): V;
  mul(a: V, b: V): V;
  /** Arm's division: x / 0 is 0, and the most negative number / -1 is itself. */
  div_s(a: V, b: V): V;
  div_u(a: V, b: V): V;
  and(a: V, b: V): V;
  or(a: V, b: V): V;
  xor(a: V, b: V): V;
  shl(a: V, count: V): V;
  shr_s(a: V, count: V): V;
  shr_u(a: V, count: V): V;
  rotr(a: V, count: V): V;
  clz(a: V): V;
  ctz(a: V): V;
  popcnt(a: V): V;
  extend8_s(a: V): V;
  extend16_s(a: V): V;
  eqz(a: V): T['i32'];
  eq(a: V, b: V): T['i32'];
  ne(a: V, b: V): T['i32'];
  lt_s(a: V, b: V): T['i32'];
  lt_u(a: V, b: V): T['i32'];
  gt_s(a: V, b: V): T['i32'];
  gt_u(a: V, b: V): T['i32'];
  le_s(a: V, b: V): T['i32'];
  le_u(a: V, b: V): T['i32'];
  ge_s(a: V, b: V): T['i32'];
  ge_u(a: V, b: V): T['i32'];
  /** `condition ? a : b`; both sides are evaluated. */
  select(condition: T['i32'], a: V, b: V): V;
}

/** Integer arithmetic together with the view of the general registers that has its width. */
export interface General<T extends Values, V> extends Integer<T, V> {
  get(register: T['reg']): V;
  /** A 32-bit write clears the upper half. */
  set(register: T['reg'], value: V): void;
  /** The low bits of an i64 (an immediate operand, usually). */
  fromI64(value: T['i64']): V;
  /** Zero-extended to 64 bits. */
  toI64(value: V): T['i64'];
  /** Zero-extended or itself. */
  fromI32(value: T['i32']): V;
  /** NZCV in bits 31..28 of: a + b; a - b; a + b + carry; a logical result. */
  addFlags(a: V, b: V): T['i32'];
  subFlags(a: V, b: V): T['i32'];
  addCarryFlags(a: V, b: V, carry: T['i32']): T['i32'];
  logicFlags(result: V): T['i32'];
}

export interface IntegerSemantics<T extends Values> {
  readonly i32: General<T, T['i32']>;
  readonly i64: General<T, T['i64']>;

  wrap(value: T['i64']): T['i32'];
  extend_s(value: T['i32']): T['i64'];
  extend_u(value: T['i32']): T['i64'];
  /** Bits 127..64 of the product. */
  mulhi_s(a: T['i64'], b: T['i64']): T['i64'];
  mulhi_u(a: T['i64'], b: T['i64']): T['i64'];
  /** CRC32 (polynomial 0x04C11DB7) or CRC32C of the low `bytes` bytes of `data`. */
  crc32(accumulator: T['i32'], data: T['i64'], bytes: number, castagnoli: number): T['i32'];

  /** NZCV in bits 31..28, as the system register has it. */
  nzcv(): T['i32'];
  setNzcv(value: T['i32']): void;
  /** The C flag, 0 or 1. */
  carry(): T['i32'];
  /** 1 when the flags pass the condition, which is a `condition` immediate (see immediates.ts). */
  condition(condition: T['i32']): T['i32'];
}

/** The width that `sf` selects. A row is expanded over its values of `sf`, so the choice is made when the table is built. */
export function general<T extends Values>(s: IntegerSemantics<T>, sf: number): General<T, T['word']> {
  return (sf ? s.i64 : s.i32) as General<T, T['word']>;
}
