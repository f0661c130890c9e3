/** Numbers in SIMD and floating-point registers: scalars, and lane-by-lane application of operations. */

import type { Semantics } from '../semantics.ts';
import type { FloatBinary, FloatBits, FloatLaneBits } from '../semantics_float.ts';
import type { LaneBits } from '../semantics_vector.ts';
import type { Values } from '../values.ts';

/** Meanings of operations on bit patterns of numbers of one width. */
export type Unary = <T extends Values>(s: Semantics<T>, bits: FloatBits, a: T['i64']) => T['i64'];
export type Binary = <T extends Values>(s: Semantics<T>, bits: FloatBits, a: T['i64'], b: T['i64']) => T['i64'];
/** The third operand is the old destination. */
export type Ternary = <T extends Values>(s: Semantics<T>, bits: FloatBits, a: T['i64'], b: T['i64'], d: T['i64']) => T['i64'];

/** The width that an `ftype` field names: 0 single, 1 double, 3 half. */
export const typeBits = (ftype: number): FloatBits => ([32, 64, 0, 16] as const)[ftype] as FloatBits;
export const typeLetter = (bits: FloatBits): string => ({ 16: 'h', 32: 's', 64: 'd' })[bits];
/** Syntax of a scalar register by `ftype`. */
export const TYPE = '{ftype:s|d||h}';
export const SINGLE_DOUBLE: readonly number[] = [0, 1];
/** `sz` of vector instructions: 0 single, 1 double. */
export const sizeBits = (sz: number): 32 | 64 => (sz ? 64 : 32);
export const S_OR_D = '{sz:s|d}';
/** Arrangement by `sz` and `q`. */
export const ARRANGEMENT = '{sz.q:2s|4s||2d}';
export const notOneDouble = (fields: Readonly<Record<string, number>>): boolean => fields['sz'] !== 1 || fields['q'] === 1;

export function scalar<T extends Values>(s: Semantics<T>, bits: FloatBits, register: T['vreg']): T['i64'] {
  if (bits === 64) return s.vectorLow64(register);
  return bits === 32 ? s.extend_u(s.vectorLow32(register)) : s.v128.extract_u(16, s.v(register), 0);
}

/** Writes a number and clears the rest of the register. */
export function setScalar<T extends Values>(s: Semantics<T>, bits: FloatBits, register: T['vreg'], value: T['i64']): void {
  if (bits === 32) s.setVectorLow32(register, s.wrap(value));
  else s.setVectorLow64(register, value);
}

const signBit = (bits: FloatBits): bigint => BigInt.asIntN(64, 1n << BigInt(bits - 1));
export const negate: Unary = (s, bits, a) => s.i64.xor(a, s.i64.const(signBit(bits)));
export const absolute: Unary = (s, bits, a) => s.i64.and(a, s.i64.const((1n << BigInt(bits - 1)) - 1n));
/** All ones or all zeros in the low `bits`, from 1 or 0. */
export const mask = <T extends Values>(s: Semantics<T>, bits: FloatBits, truth: T['i32']): T['i64'] => {
  const ones = s.i64.sub(s.i64.const(0), s.extend_u(truth));
  return bits === 64 ? ones : s.i64.shr_u(ones, s.i64.const(64 - bits));
};

export const lanesOf = (bits: number, q: number): number => (q ? 128 : 64) / bits;

/** A vector made lane by lane; lanes beyond `count` are zero. */
export function mapLanes<T extends Values>(s: Semantics<T>, bits: LaneBits, count: number, lane: (index: number) => T['i64']): T['v128'] {
  let vector = s.v128.const(0n);
  for (let i = 0; i < count; i++) vector = s.v128.replace(bits, vector, i, lane(i));
  return vector;
}

export const laneOf = <T extends Values>(s: Semantics<T>, bits: FloatBits, vector: T['v128'], lane: number): T['i64'] =>
  s.v128.extract_u(bits, vector, lane);

/** Meanings on whole vectors; the third operand is the old destination. */
export type Lanes = <T extends Values>(s: Semantics<T>, bits: FloatLaneBits, a: T['v128'], b: T['v128'], d: T['v128']) => T['v128'];

/** `lanes` on 128 or 64 bits: the lower half stands for both, and the upper half of the result is cleared. */
export function applyLanes<T extends Values>(
  s: Semantics<T>,
  [lanes, bits, q]: readonly [Lanes, FloatLaneBits, number],
  a: T['v128'],
  b: T['v128'],
  d: T['v128'],
): T['v128'] {
  if (q) return lanes(s, bits, a, b, d);
  const doubled = (v: T['v128']): T['v128'] => s.v128.splat(64, s.v128.extract_u(64, v, 0));
  return s.v128.replace(64, lanes(s, bits, doubled(a), doubled(b), doubled(d)), 1, s.i64.const(0));
}

export const binaryLanes =
  (operation: FloatBinary): Lanes =>
  (s, bits, a, b) =>
    s.float.binaryLanes(operation, bits, a, b);
/** The sign bits of a vector's lanes. */
const signs = (bits: FloatLaneBits): bigint => (bits === 64 ? 0x80000000000000008000000000000000n : 0x80000000800000008000000080000000n);
export const fmlaLanes: Lanes = (s, bits, a, b, d) => s.float.mulAddLanes(bits, d, a, b);
export const fmlsLanes: Lanes = (s, bits, a, b, d) => s.float.mulAddLanes(bits, d, s.v128.xor(a, s.v128.const(signs(bits))), b);
