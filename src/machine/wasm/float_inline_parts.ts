/** What the operations that are written out (float_inline.ts) have in common. */

import { type FastFormat, operand, pattern } from './float_format.ts';
import type { FunctionBuilder, Label } from './function.ts';
import { F64, f64, I64, i32, i64, type ValueType } from './opcodes.ts';
import { lanes, simd } from './simd_opcodes.ts';

/**
 * Leaves the result of the operands in locals. `slow` is a local: 0 when FPCR is 0 and IXC set, EXACT when FPCR is 0 and IXC clear,
 * else -1; `otherwise` leaves the result of what is not covered.
 */
export type WriteInline = (f: FunctionBuilder, operands: readonly number[], slow: number, otherwise: () => void) => void;

/** Of what the helper takes and gives as patterns, doubles are F64 here. */
export interface InlineFloat {
  readonly params: readonly ValueType[];
  readonly result: ValueType;
  readonly write: WriteInline;
  /** It is a comparison, which yields NZCV, of numbers of this format. */
  readonly compares?: FastFormat;
}

/** Only exact results are known to set no flag. */
export const EXACT = 0x10000;

/** As what numbers of the format come and go: doubles as themselves, singles as patterns. */
export const carrier = ({ bits }: FastFormat): ValueType => (bits === 64 ? F64 : I64);

/** An operand as a number. */
export const number = (f: FunctionBuilder, format: FastFormat, local: number): FunctionBuilder =>
  format.bits === 64 ? f.get(local) : operand(f, format, local);

/** A number in a local as a result. */
export const result = (f: FunctionBuilder, format: FastFormat, local: number): FunctionBuilder =>
  format.bits === 64 ? f.get(local) : pattern(f.get(local), format);

/** Ranges of encoded exponents: those for which (exponent + plus) & mask is not 0. The mask leaves the sign out. */
export interface Range {
  readonly plus: number;
  readonly mask: Readonly<Record<32 | 64, number>>;
}
/** All but infinity and NaN. */
export const FINITE: Range = { plus: 1, mask: { 32: 0xff, 64: 0x7ff } };
/** Neither denormal, nor has it been before it was rounded, nor near infinity: from 2 up to the largest but one. */
export const NORMAL: Range = { plus: 2, mask: { 32: 0xfc, 64: 0x7fc } };

/** Products whose error is a number, from 2^-767 up to 2^769. No sum that they are part of is denormal. */
export const PRODUCT: Range = { plus: 256, mask: { 32: 0, 64: 0x600 } };

/** Leaves whether the number in a local is outside of the range. */
export function outside(f: FunctionBuilder, { bits }: FastFormat, local: number, { plus, mask }: Range): FunctionBuilder {
  f.get(local);
  if (bits === 64) f.op(i64.reinterpret_f64).i64Const(52).op(i64.shr_u).op(i32.wrap_i64);
  else f.op(i32.reinterpret_f32).i32Const(23).op(i32.shr_u);
  return f.i32Const(plus).op(i32.add).i32Const(mask[bits]).op(i32.and).op(i32.eqz);
}

/** Leaves whether the product r of x and y, a normal number, is exact. Of doubles: whether the factors have few enough bits. */
export function exactProduct(f: FunctionBuilder, { bits }: FastFormat, x: number, y: number, r: number): FunctionBuilder {
  if (bits === 32) return f.get(x).op(f64.promote_f32).get(y).op(f64.promote_f32).op(f64.mul).get(r).op(f64.promote_f32).op(f64.eq);
  for (const factor of [x, y]) f.get(factor).op(i64.reinterpret_f64).op(i64.ctz);
  return f.op(i64.add).i64Const(53).op(i64.ge_u);
}

/** Goes to the label unless one of the numbers is 0. */
export function noneIsZero(f: FunctionBuilder, { bits, op }: FastFormat, locals: readonly number[], label: Label): void {
  const one = f.block();
  locals.forEach((local, i) => {
    f.get(local);
    if (bits === 64) f.f64Const(0);
    else f.f32Const(0);
    if (i < locals.length - 1) f.op(op.eq).brIf(one);
    else f.op(op.ne).brIf(label);
  });
  f.end();
}

/** A vector of two equal lanes. */
export const twice = (one: bigint): bigint => (BigInt.asUintN(64, one) << 64n) | BigInt.asUintN(64, one);

/**
 * The high halves of two doubles: their patterns rounded to 26 bits. What is in the middle is rounded downwards, so that the high half
 * of a denormal number is not twice as large as it is and Dekker's product stays exact.
 */
export function split(f: FunctionBuilder, both: number, high: number): void {
  f.get(both).v128Const(twice(0x3ffffffn)).op(lanes[64].add).v128Const(twice(-0x8000000n)).op(simd.and).set(high);
}

/** Leaves whether s differs from x + y or x - y, or is not finite. */
export function sumDiffers(
  f: FunctionBuilder,
  { op, type }: Pick<FastFormat, 'op' | 'type'>,
  name: 'add' | 'sub',
  x: number,
  y: number,
  s: number,
): FunctionBuilder {
  const part = f.local(type);
  f.get(s).get(x).op(op.sub).set(part);
  f.get(x).get(s).get(part).op(op.sub).op(op.sub);
  f.get(part)
    .get(y)
    .op(name === 'add' ? op.sub : op.add)
    .op(op.ne);
  f.release(part);
  return f;
}
