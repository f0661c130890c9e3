/**
 * Floating-point operations written out where they are used, for translated code: the case that sets no flag but IXC, which is set
 * already (see float_helpers.ts). One comparison of the result's exponent finds out whether it is that case. While IXC is clear, some
 * operations find out whether they are exact.
 */

import type { FloatCall } from '../softfloat/calls.ts';
import { double, type FastFormat, operand, pattern, single } from './float_format.ts';
import type { FunctionBuilder } from './function.ts';
import { fused } from './fused.ts';
import { F64, f32, f64, I64, i32, i64, SELECT, V128 } from './opcodes.ts';
import { f32x4, f64x2, relaxed } from './simd_opcodes.ts';

/**
 * Leaves the result of the operands in locals. `slow` is a local: 0 when FPCR is 0 and IXC set, EXACT when FPCR is 0 and IXC clear,
 * else -1; `otherwise` leaves the result of what is not covered.
 */
export type InlineFloat = (f: FunctionBuilder, operands: readonly number[], slow: number, otherwise: () => void) => void;

/** Only exact results are known to set no flag. The number is larger than exponents. */
export const EXACT = 0x10000;

/** Exponents as they are encoded: of the largest numbers plus one. */
const SPECIAL = { 32: 0xff, 64: 0x7ff } as const;
/** Of numbers that are not denormal, nor have been before they were rounded. */
const NORMAL = 2;

/** Leaves how far the encoded exponent of the pattern in a local is from `lowest`; large if it is below. */
function exponent(f: FunctionBuilder, { bits }: FastFormat, local: number, lowest: number): FunctionBuilder {
  f.get(local);
  if (bits === 64) f.i64Const(52).op(i64.shr_u).op(i32.wrap_i64);
  else f.op(i32.wrap_i64).i32Const(23).op(i32.shr_u);
  return f.i32Const(SPECIAL[bits]).op(i32.and).i32Const(lowest).op(i32.sub);
}

/** The result is the pattern in local `bits`, if its exponent is `lowest` or more and it is a number. */
function give(f: FunctionBuilder, format: FastFormat, bits: number, lowest: number, slow: number, otherwise: () => void): void {
  exponent(f, format, bits, lowest)
    .get(slow)
    .op(i32.or)
    .i32Const(SPECIAL[format.bits] - lowest)
    .op(i32.lt_u)
    .if(I64);
  f.get(bits).else();
  otherwise();
  f.end();
}

const arithmetic =
  (format: FastFormat, name: 'mul' | 'div'): InlineFloat =>
  (f, [a, b], slow, otherwise) => {
    const bits = f.local(I64);
    operand(f, format, a!);
    operand(f, format, b!).op(format.op[name]);
    pattern(f, format).set(bits);
    give(f, format, bits, NORMAL, slow, otherwise);
    f.release(bits);
  };

/** Sums that are denormal are exact. What others have lost is found by Knuth's two-sum. */
const sum =
  (format: FastFormat, name: 'add' | 'sub'): InlineFloat =>
  (f, [a, b], slow, otherwise) => {
    const { op, type } = format;
    const [bits, x, y, s, part] = [f.local(I64), f.local(type), f.local(type), f.local(type), f.local(type)];
    operand(f, format, a!).set(x);
    operand(f, format, b!);
    if (name === 'sub') f.op(op.neg);
    f.set(y).get(x).get(y).op(op.add).tee(s);
    pattern(f, format).set(bits);
    give(f, format, bits, 0, slow, () => {
      f.get(s).get(x).op(op.sub).set(part);
      f.get(x).get(s).get(part).op(op.sub).op(op.sub);
      f.get(y).get(part).op(op.sub).op(op.neg).op(op.eq);
      f.get(slow).i32Const(0).op(i32.gt_s).op(i32.and).if(I64);
      f.get(bits).else();
      otherwise();
      f.end();
    });
    for (const local of [bits, x, y, s, part]) f.release(local);
  };

const squareRoot =
  (format: FastFormat): InlineFloat =>
  (f, [a], slow, otherwise) => {
    const bits = f.local(I64);
    operand(f, format, a!).op(format.op.sqrt);
    pattern(f, format).set(bits);
    give(f, format, bits, NORMAL, slow, otherwise);
    f.release(bits);
  };

const fusedMulAdd =
  (format: FastFormat): InlineFloat =>
  (f, [c, a, b], slow, otherwise) => {
    const bits = f.local(I64);
    const vectors = format.bits === 64 ? f64x2 : f32x4;
    for (const factor of [a!, b!, c!]) operand(f, format, factor).op(vectors.splat);
    f.op(relaxed.madd[format.bits]).op(vectors.extract).u8(0);
    pattern(f, format).set(bits);
    give(f, format, bits, NORMAL, slow, otherwise);
    f.release(bits);
  };

/** 1 less and 1 more than a relative half unit: what is between the products has lost that at most by being rounded. */
const BELOW = 1 - 2 ** -52;
const ABOVE = 1 + 2 ** -52;

/**
 * Singles: the sum is rounded in a double. If all numbers that it may stand for are one single, that is the result; the sum of a
 * product and a number that cancel is exact.
 */
const mulAddSingle: InlineFloat = (f, [c, a, b], slow, otherwise) => {
  const [sum, bits] = [f.local(F64), f.local(I64)];
  const promoted = (local: number): FunctionBuilder => operand(f, single, local).op(f64.promote_f32);
  promoted(a!);
  promoted(b!).op(f64.mul);
  promoted(c!).op(f64.add).tee(sum).f64Const(BELOW).op(f64.mul).op(f32.demote_f64);
  pattern(f, single).set(bits);
  exponent(f, single, bits, NORMAL)
    .get(slow)
    .op(i32.or)
    .i32Const(SPECIAL[32] - NORMAL)
    .op(i32.lt_u);
  f.get(sum).f64Const(ABOVE).op(f64.mul).op(f32.demote_f64);
  pattern(f, single).get(bits).op(i64.eq).op(i32.and).if(I64);
  f.get(bits).else();
  otherwise();
  f.end();
  f.release(sum);
  f.release(bits);
};

/** Encoded exponents of products whose error is a number: from 2^-800 to 2^900. */
const PRODUCT_LOWEST = 1023 - 800;
const PRODUCT_RANGE = 1700;

/**
 * Doubles: the product and its error (Dekker's product; the factors are split by rounding their patterns to 26 bits), the sum of
 * product and addend and its error, and both errors together as a tail that is rounded. If head and tail add up to one number
 * whichever way the tail was rounded, that is the result.
 */
const mulAddDouble: InlineFloat = (f, [c, a, b], slow, otherwise) => {
  const taken: number[] = [];
  const number = (): number => {
    const local = f.local(F64);
    taken.push(local);
    return local;
  };
  const split = (x: number): readonly [whole: number, high: number, low: number] => {
    const [whole, high, low] = [number(), number(), number()];
    operand(f, double, x).set(whole);
    f.get(x).i64Const(0x4000000).op(i64.add).i64Const(-0x8000000).op(i64.and).op(f64.reinterpret_i64).set(high);
    f.get(whole).get(high).op(f64.sub).set(low);
    return [whole, high, low];
  };
  const [x, xh, xl] = split(a!);
  const [y, yh, yl] = split(b!);
  const [product, head, part, tail, z] = [number(), number(), number(), number(), number()];
  const [productBits, bits] = [f.local(I64), f.local(I64)];
  f.get(x).get(y).op(f64.mul).tee(product).op(i64.reinterpret_f64).set(productBits);
  const times = (one: number, other: number): FunctionBuilder => f.get(one).get(other).op(f64.mul);
  times(xh, yh).get(product).op(f64.sub);
  times(xh, yl).op(f64.add);
  times(xl, yh).op(f64.add);
  times(xl, yl).op(f64.add).set(tail);
  operand(f, double, c!).set(z);
  f.get(product).get(z).op(f64.add).tee(head).get(product).op(f64.sub).set(part);
  f.get(product).get(head).get(part).op(f64.sub).op(f64.sub).get(z).get(part).op(f64.sub).op(f64.add);
  f.get(tail).op(f64.add).set(tail);
  f.get(head).get(tail).f64Const(BELOW).op(f64.mul).op(f64.add).tee(z).op(i64.reinterpret_f64).set(bits);
  f.get(head).get(tail).f64Const(ABOVE).op(f64.mul).op(f64.add).get(z).op(f64.eq);
  exponent(f, double, productBits, PRODUCT_LOWEST).i32Const(PRODUCT_RANGE).op(i32.lt_u).op(i32.and);
  exponent(f, double, bits, NORMAL)
    .i32Const(SPECIAL[64] - NORMAL)
    .op(i32.lt_u)
    .op(i32.and);
  // Without a tail it is exact.
  f.get(slow).op(i32.eqz).get(slow).i32Const(0).op(i32.gt_s).get(tail).f64Const(0).op(f64.eq).op(i32.and).op(i32.or).op(i32.and).if(I64);
  f.get(bits).else();
  otherwise();
  f.end();
  for (const local of taken) f.release(local);
  f.release(productBits);
  f.release(bits);
};

/** NZCV of ordered operands: less 8, equal 6, greater 2. */
const comparison =
  (format: FastFormat): InlineFloat =>
  (f, [a, b], slow, otherwise) => {
    const { op } = format;
    const both = (name: 'lt' | 'eq'): FunctionBuilder => operand(operand(f, format, a!), format, b!).op(op[name]);
    operand(operand(f, format, a!), format, a!).op(op.eq);
    operand(operand(f, format, b!), format, b!)
      .op(op.eq)
      .op(i32.and);
    f.get(slow).i32Const(0).op(i32.ge_s).op(i32.and).if(I64);
    f.i64Const(0x80000000).i64Const(0x60000000).i64Const(0x20000000);
    both('eq').u8(SELECT);
    both('lt').u8(SELECT).else();
    otherwise();
    f.end();
  };

const widening: InlineFloat = (f, [a], slow, otherwise) => {
  exponent(f, single, a!, 0).i32Const(SPECIAL[32]).op(i32.lt_u).get(slow).i32Const(0).op(i32.ge_s).op(i32.and).if(I64);
  operand(f, single, a!).op(f64.promote_f32).op(i64.reinterpret_f64).else();
  otherwise();
  f.end();
};

const narrowing: InlineFloat = (f, [a], slow, otherwise) => {
  const bits = f.local(I64);
  operand(f, double, a!).op(f32.demote_f64);
  pattern(f, single).set(bits);
  give(f, single, bits, NORMAL, slow, otherwise);
  f.release(bits);
};

/** Without fraction bits, towards zero. */
const toInteger =
  (format: FastFormat, width: number, signed: number): InlineFloat =>
  (f, [a, fraction], slow, otherwise) => {
    const [x, whole] = [f.local(F64), f.local(F64)];
    operand(f, format, a!);
    if (format.bits === 32) f.op(f64.promote_f32);
    f.tee(x)
      .op(f64.trunc)
      .tee(whole)
      .f64Const(signed ? -(2 ** (width - 1)) : 0)
      .op(f64.ge);
    f.get(whole)
      .f64Const(2 ** (width - signed))
      .op(f64.lt)
      .op(i32.and);
    f.get(slow).op(i32.eqz).get(slow).i32Const(0).op(i32.gt_s).get(x).get(whole).op(f64.eq).op(i32.and).op(i32.or).op(i32.and);
    f.get(fraction!).op(i64.eqz).op(i32.and).if(I64);
    f.get(whole);
    if (width === 64) f.op(signed ? i64.trunc_sat_f64_s : i64.trunc_sat_f64_u);
    else f.op(signed ? i32.trunc_sat_f64_s : i32.trunc_sat_f64_u).op(i64.extend_i32_u);
    f.else();
    otherwise();
    f.end();
    f.release(x);
    f.release(whole);
  };

const fromInteger =
  (format: FastFormat, width: number, signed: number): InlineFloat =>
  (f, [x, fraction], slow, otherwise) => {
    const { op } = format;
    f.get(slow);
    // Such integers are numbers of that format.
    if (width < format.bits) f.i32Const(0).op(i32.ge_s);
    else f.op(i32.eqz);
    f.get(fraction!).op(i64.eqz).op(i32.and).if(I64);
    f.get(x!);
    if (width === 32) f.op(i32.wrap_i64).op(signed ? op.convert_i32_s : op.convert_i32_u);
    else f.op(signed ? op.convert_i64_s : op.convert_i64_u);
    pattern(f, format).else();
    otherwise();
    f.end();
  };

/** The result of whole vectors in local `r`, if all lanes are what scalars must be. */
function giveLanes(f: FunctionBuilder, bits: 32 | 64, r: number, normal: boolean, slow: number, otherwise: () => void): void {
  const op = bits === 64 ? f64x2 : f32x4;
  const { smallest, infinity } = bits === 64 ? double : single;
  const everywhere = (one: bigint): bigint => (bits === 64 ? (one << 64n) | one : one * 0x00000001000000010000000100000001n);
  f.get(r).op(op.abs).v128Const(everywhere(infinity)).op(op.lt).op(op.all_true);
  if (normal) f.get(r).op(op.abs).v128Const(everywhere(smallest)).op(op.gt).op(op.all_true).op(i32.and);
  f.get(slow).op(i32.eqz).op(i32.and).if(V128);
  f.get(r).else();
  otherwise();
  f.end();
}

const arithmeticLanes =
  (bits: 32 | 64, name: 'add' | 'sub' | 'mul' | 'div'): InlineFloat =>
  (f, [a, b], slow, otherwise) => {
    const r = f.local(V128);
    f.get(a!)
      .get(b!)
      .op((bits === 64 ? f64x2 : f32x4)[name])
      .set(r);
    giveLanes(f, bits, r, name === 'mul' || name === 'div', slow, otherwise);
    f.release(r);
  };

const fusedMulAddLanes =
  (bits: 32 | 64): InlineFloat =>
  (f, [c, a, b], slow, otherwise) => {
    const r = f.local(V128);
    f.get(a!).get(b!).get(c!).op(relaxed.madd[bits]).set(r);
    giveLanes(f, bits, r, true, slow, otherwise);
    f.release(r);
  };

/** Where the host has the instruction, unless it is to be known whether the result is exact. */
const mulAdd = (format: FastFormat): InlineFloat => {
  if (format.bits === 32) return fused() ? fusedMulAdd(single) : mulAddSingle;
  if (!fused()) return mulAddDouble;
  return (f, operands, slow, otherwise) => fusedMulAdd(double)(f, operands, slow, () => mulAddDouble(f, operands, slow, otherwise));
};

const NAMES = ['add', 'sub', 'mul', 'div'] as const;
const FORMATS = [single, double] as const;

const scalars: ReadonlyMap<string, InlineFloat> = new Map<string, InlineFloat>([
  ...FORMATS.flatMap((format): [string, InlineFloat][] => {
    const { bits } = format;
    return [
      ...(['add', 'sub'] as const).map((name): [string, InlineFloat] => [`${name}_${bits}`, sum(format, name)]),
      ...(['mul', 'div'] as const).map((name): [string, InlineFloat] => [`${name}_${bits}`, arithmetic(format, name)]),
      [`sqrt_${bits}`, squareRoot(format)],
      [`muladd_${bits}`, mulAdd(format)],
      ...[0, 1].map((signalling): [string, InlineFloat] => [`compare_${bits}_${signalling}`, comparison(format)]),
      ...[32, 64].flatMap((width) =>
        [0, 1].flatMap((signed): [string, InlineFloat][] => [
          [`to_integer_${bits}_${width}_${signed}_zero`, toInteger(format, width, signed)],
          [`from_integer_${bits}_${width}_${signed}`, fromInteger(format, width, signed)],
        ]),
      ),
    ];
  }),
  ['convert_32_64_current', widening],
  ['convert_64_32_current', narrowing],
]);

const vectors: ReadonlyMap<string, InlineFloat> = new Map<string, InlineFloat>(
  ([32, 64] as const).flatMap((bits): [string, InlineFloat][] => [
    ...NAMES.map((name): [string, InlineFloat] => [`${name}_${bits}`, arithmeticLanes(bits, name)]),
    ...(fused() ? [[`muladd_${bits}`, fusedMulAddLanes(bits)] as [string, InlineFloat]] : []),
  ]),
);

export const inlineScalar = ({ name }: FloatCall): InlineFloat | undefined => scalars.get(name);
export const inlineLanes = ({ name }: FloatCall): InlineFloat | undefined => vectors.get(name);
