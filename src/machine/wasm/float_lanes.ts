/**
 * Floating-point operations on whole vectors, as functions of the module. The fast path is for FPCR = 0 and FPSR.IXC set, which is
 * what nearly every program has after its first rounding; a vector that it does not cover is done lane by lane.
 */

import type { FloatLaneBits } from '../../isa/semantics_float.ts';
import { AT_FPCR } from '../layout.ts';
import type { FloatCall } from '../softfloat/calls.ts';
import { ixcClear } from './float_format.ts';
import { floatHelper } from './float_helpers.ts';
import { inlineLanes } from './float_inline.ts';
import type { FunctionBuilder } from './function.ts';
import type { Helper } from './helpers.ts';
import { SYSTEM } from './ir.ts';
import { I32_LOAD, i32, i64, V128 } from './opcodes.ts';
import { f32x4, f64x2, lanes, simd } from './simd_opcodes.ts';

interface Format {
  readonly op: typeof f32x4 | typeof f64x2;
  /** The smallest normal number, splat. */
  readonly smallest: bigint;
  readonly infinity: bigint;
}
const twice = (value: bigint): bigint => (value << 64n) | value;
const FORMATS: Readonly<Record<FloatLaneBits, Format>> = {
  32: { op: f32x4, smallest: twice(0x0080000000800000n), infinity: twice(0x7f8000007f800000n) },
  64: { op: f64x2, smallest: twice(0x0010000000000000n), infinity: twice(0x7ff0000000000000n) },
};

/** Writes code that returns when it knows the result, where FPCR is 0 and IXC set, and else falls through. */
type FastPath = (f: FunctionBuilder, format: Format) => void;

/** Lanes of ones where local `x` is smaller than infinity and, with `normal`, larger than the smallest normal number. */
function ordinary(f: FunctionBuilder, { op, smallest, infinity }: Format, x: number, normal: boolean): FunctionBuilder {
  f.get(x).op(op.abs).v128Const(infinity).op(op.lt);
  if (normal) f.get(x).op(op.abs).v128Const(smallest).op(op.gt).op(simd.and);
  return f;
}

const isZero = (f: FunctionBuilder, { op }: Format, x: number): FunctionBuilder => f.get(x).v128Const(0n).op(op.eq);

/** Return local `r` if all lanes of the condition on the stack hold. */
function giveIfAll(f: FunctionBuilder, { op }: Format, r: number): void {
  f.op(op.all_true).if();
  f.get(r).return().end();
}

/** Sums that are denormal are exact; so are zeros of a product or quotient with an operand zero. */
const arithmetic =
  (name: 'add' | 'sub' | 'mul' | 'div'): FastPath =>
  (f, format) => {
    const r = f.local(V128);
    f.get(0).get(1).op(format.op[name]).set(r);
    if (name === 'add' || name === 'sub') ordinary(f, format, r, false);
    else {
      ordinary(f, format, r, true);
      isZero(f, format, r);
      isZero(f, format, 0);
      if (name === 'mul') isZero(f, format, 1).op(simd.or);
      f.op(simd.and).op(simd.or);
    }
    giveIfAll(f, format, r);
  };

const selection =
  (name: 'min' | 'max'): FastPath =>
  (f, format) => {
    const r = f.local(V128);
    f.get(0).get(1).op(format.op[name]).set(r);
    f.get(0).get(0).op(format.op.eq).get(1).get(1).op(format.op.eq).op(simd.and);
    giveIfAll(f, format, r);
  };

const HIGH_HALF = Array.from({ length: 16 }, (_, byte) => (byte + 8) & 15);
const LOW_HALVES = Array.from({ length: 16 }, (_, byte) => (byte < 8 ? byte : byte + 8));

/** Singles: each half of the lanes in doubles, where the product is exact and the sum is rounded to odd (see float_muladd.ts). */
const mulAdd: FastPath = (f, format) => {
  const [p, c, s, part, error, covered] = Array.from({ length: 6 }, () => f.local(V128)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const halves = [f.local(V128), f.local(V128)] as const;
  const promote = (operand: number, high: number): FunctionBuilder => {
    f.get(operand);
    if (high) f.get(operand).op(simd.shuffle).raw(HIGH_HALF);
    return f.op(f64x2.promote_low_f32x4);
  };
  halves.forEach((half, high) => {
    promote(0, high).set(c);
    promote(1, high);
    promote(2, high).op(f64x2.mul).tee(p).get(c).op(f64x2.add).tee(s).get(p).op(f64x2.sub).set(part);
    f.get(p).get(s).get(part).op(f64x2.sub).op(f64x2.sub).get(c).get(part).op(f64x2.sub).op(f64x2.add).set(error);
    // One unit towards the error, where there is one and the last bit is even.
    f.get(s);
    f.get(error).get(s).op(simd.xor).i32Const(63).op(lanes[64].shr_s).v128Const(twice(1n)).op(simd.or);
    f.get(s).v128Const(twice(1n)).op(simd.and).v128Const(0n).op(lanes[64].eq).op(simd.and);
    f.get(error).v128Const(0n).op(f64x2.ne).op(simd.and);
    f.op(lanes[64].add).tee(s).op(f32x4.demote_f64x2_zero).set(half);
    // Covered: zero, or in the normal range of singles.
    f.get(s).op(f64x2.abs).v128Const(SMALLEST_SINGLE).op(f64x2.gt);
    isZero(f, FORMATS[64], s).op(simd.or);
    if (high) f.get(covered).op(simd.and);
    f.set(covered);
  });
  f.get(halves[0]).get(halves[1]).op(simd.shuffle).raw(LOW_HALVES).set(p);
  ordinary(f, format, p, false).op(f32x4.all_true);
  f.get(covered).op(f64x2.all_true).op(i32.and).if();
  f.get(p).return().end();
};
/** 2^-126 in two doubles. */
const SMALLEST_SINGLE = twice(0x3810000000000000n);

const fastPaths: ReadonlyMap<string, FastPath> = new Map<string, FastPath>([
  ...([32, 64] as const).flatMap((bits): [string, FastPath][] => [
    ...(['add', 'sub', 'mul', 'div'] as const).map((name): [string, FastPath] => [`${name}_${bits}`, arithmetic(name)]),
    ...(['min', 'max'] as const).flatMap((name): [string, FastPath][] => [
      [`${name}_${bits}`, selection(name)],
      [`${name}nm_${bits}`, selection(name)],
    ]),
  ]),
  ['muladd_32', mulAdd],
]);

const helpers = new Map<string, Helper>();

/** The function for a call on every lane; operands and result are vectors. */
export function floatLanesHelper(call: FloatCall, bits: FloatLaneBits): Helper {
  let helper = helpers.get(call.name);
  if (!helper) {
    const fast = fastPaths.get(call.name);
    const scalar = floatHelper(call);
    helper = {
      name: `lanes_${call.name}`,
      params: call.operands.map(() => V128),
      result: V128,
      reads: SYSTEM,
      writes: SYSTEM,
      uses: [scalar],
      inline: inlineLanes(call),
      build(f, indexOf) {
        if (fast) {
          ixcClear(f).i32Const(0).memory(I32_LOAD, AT_FPCR).op(i32.or).op(i32.eqz).if();
          fast(f, FORMATS[bits]);
          f.end();
        }
        f.v128Const(0n);
        for (let lane = 0; lane < 128 / bits; lane++) {
          call.operands.forEach((_, operand) => {
            f.get(operand).op(lanes[bits].extract_u).u8(lane);
            if (bits === 32) f.op(i64.extend_i32_u);
          });
          f.call(indexOf(scalar));
          if (bits === 32) f.op(i32.wrap_i64);
          f.op(lanes[bits].replace).u8(lane);
        }
      },
    };
    helpers.set(call.name, helper);
  }
  return helper;
}
