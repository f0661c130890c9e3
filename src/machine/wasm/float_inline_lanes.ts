/** Floating-point operations on whole vectors, written out where all lanes are what scalars must be (float_inline.ts). */

import { double, single } from './float_format.ts';
import type { InlineFloat, WriteInline } from './float_inline_parts.ts';
import type { FunctionBuilder } from './function.ts';
import { fused } from './fused.ts';
import { i32, V128 } from './opcodes.ts';
import { f32x4, f64x2, lanes, relaxed, simd } from './simd_opcodes.ts';

type Bits = 32 | 64;
const twice = (one: bigint): bigint => (BigInt.asUintN(64, one) << 64n) | BigInt.asUintN(64, one);
const operations = (bits: Bits): typeof f32x4 | typeof f64x2 => (bits === 64 ? f64x2 : f32x4);

/** The result in local `r`, if all lanes are finite, with `normal` larger than the smallest normal number, and the condition holds. */
function giveLanes(
  f: FunctionBuilder,
  bits: Bits,
  r: number,
  normal: boolean,
  slow: number,
  otherwise: () => void,
  condition?: () => FunctionBuilder,
): void {
  const op = operations(bits);
  const { smallest, infinity } = bits === 64 ? double : single;
  const everywhere = (one: bigint): bigint => (bits === 64 ? twice(one) : twice((one << 32n) | one));
  f.get(r).op(op.abs).v128Const(everywhere(infinity)).op(op.lt).op(op.all_true);
  if (normal) f.get(r).op(op.abs).v128Const(everywhere(smallest)).op(op.gt).op(op.all_true).op(i32.and);
  if (condition) condition().op(i32.and);
  f.get(slow).op(i32.eqz).op(i32.and).if(V128);
  f.get(r).else();
  otherwise();
  f.end();
}

const arithmetic =
  (bits: Bits, name: 'add' | 'sub' | 'mul' | 'div'): WriteInline =>
  (f, [a, b], slow, otherwise) => {
    const r = f.local(V128);
    f.get(a!).get(b!).op(operations(bits)[name]).set(r);
    giveLanes(f, bits, r, name === 'mul' || name === 'div', slow, otherwise);
    f.release(r);
  };

const fusedMulAdd =
  (bits: Bits): WriteInline =>
  (f, [c, a, b], slow, otherwise) => {
    const r = f.local(V128);
    f.get(a!).get(b!).get(c!).op(relaxed.madd[bits]).set(r);
    giveLanes(f, bits, r, true, slow, otherwise);
    f.release(r);
  };

/** A local for each name. */
function vectors<K extends string>(f: FunctionBuilder, ...names: K[]): Record<K, number> {
  return Object.fromEntries(names.map((name) => [name, f.local(V128)])) as Record<K, number>;
}

/** As for scalars (float_inline_muladd.ts), but products of 0 are left. While IXC is clear, factors of 26 bits may be known to be exact. */
const mulAddDoubles: WriteInline = (f, [c, a, b], slow, otherwise) => {
  const l = vectors(f, 'product', 'head', 'part', 'lost', 'xh', 'xl', 'yh', 'yl', 'error', 'over', 'r');
  const { add, sub, mul, eq, all_true } = f64x2;
  const all = (): FunctionBuilder => f.op(all_true).op(i32.eqz);
  const split = (x: number, high: number, low: number): void => {
    f.get(x).v128Const(twice(0x3ffffffn)).op(lanes[64].add).v128Const(twice(-0x8000000n)).op(simd.and).set(high);
    f.get(x).get(high).op(sub).set(low);
  };
  const out = f.block(V128);
  const left = f.block();
  const rare = f.block();
  f.get(a!).get(b!).op(mul).tee(l.product).get(c!).op(add).tee(l.head).get(l.product).op(sub).set(l.part);
  f.get(l.product).get(l.head).get(l.part).op(sub).op(sub).get(c!).get(l.part).op(sub).op(add).set(l.lost);
  f.get(l.product).i32Const(52).op(lanes[64].shr_u).v128Const(twice(256n)).op(lanes[64].add).v128Const(twice(0x600n)).op(simd.and);
  all().brIf(left);
  f.get(slow).brIf(rare);
  split(a!, l.xh, l.xl);
  split(b!, l.yh, l.yl);
  f.get(l.xh).get(l.yh).op(mul).get(l.product).op(sub);
  f.get(l.xh).get(l.yl).op(mul).get(l.xl).get(l.yh).op(mul).op(add).op(add);
  f.get(l.xl).get(l.yl).op(mul).op(add).tee(l.error);
  f.get(l.lost).op(add).tee(l.over).get(l.head).op(add).set(l.r);
  f.get(l.over).get(l.r).get(l.head).op(sub).op(sub).tee(l.over).get(l.over).op(eq);
  all().brIf(left);
  f.get(l.over).i32Const(12).op(lanes[64].shl);
  all().if();
  f.get(l.over).i32Const(12).op(lanes[64].shl).v128Const(0n).op(f64x2.ne);
  for (const part of [l.over, l.error, l.lost]) f.get(part).v128Const(0n).op(eq).op(simd.or);
  all().brIf(left).end();
  f.get(l.r).br(out).end();
  f.get(slow).i32Const(0).op(i32.lt_s).brIf(left);
  f.get(a!).get(b!).op(simd.or).v128Const(twice(0x7ffffffn)).op(simd.and).get(l.lost).v128Const(0n).op(f64x2.ne).op(simd.or);
  f.op(simd.any_true).brIf(left);
  f.get(l.head).br(out).end();
  otherwise();
  f.end();
  for (const local of Object.values(l)) f.release(local);
};

const HIGH_HALF = Array.from({ length: 16 }, (_, byte) => (byte + 8) & 15);
const LOW_HALVES = Array.from({ length: 16 }, (_, byte) => (byte < 8 ? byte : byte + 8));

/** Each half of the lanes in doubles, as for scalars. */
const mulAddSingles: WriteInline = (f, [c, a, b], slow, otherwise) => {
  const l = vectors(f, 'sum', 'low', 'high', 'middle');
  const half = (operand: number, high: boolean): FunctionBuilder => {
    f.get(operand);
    if (high) f.get(operand).op(simd.shuffle).raw(HIGH_HALF);
    return f.op(f64x2.promote_low_f32x4);
  };
  for (const high of [false, true]) {
    half(a!, high);
    half(b!, high).op(f64x2.mul);
    half(c!, high)
      .op(f64x2.add)
      .tee(l.sum)
      .op(f32x4.demote_f64x2_zero)
      .set(high ? l.high : l.low);
    f.get(l.sum).v128Const(twice(0x1fffffffn)).op(simd.and).v128Const(twice(0x10000000n)).op(lanes[64].eq);
    if (high) f.get(l.middle).op(simd.or);
    f.set(l.middle);
  }
  f.get(l.low).get(l.high).op(simd.shuffle).raw(LOW_HALVES).set(l.sum);
  giveLanes(f, 32, l.sum, true, slow, otherwise, () => f.get(l.middle).op(simd.any_true).op(i32.eqz));
  for (const local of Object.values(l)) f.release(local);
};

const inline = (count: number, write: WriteInline): InlineFloat => ({
  params: Array.from({ length: count }, () => V128),
  result: V128,
  write,
});

export const inlineLanes: ReadonlyMap<string, InlineFloat> = new Map<string, InlineFloat>(
  ([32, 64] as const).flatMap((bits): [string, InlineFloat][] => [
    ...(['add', 'sub', 'mul', 'div'] as const).map((name): [string, InlineFloat] => [`${name}_${bits}`, inline(2, arithmetic(bits, name))]),
    [`muladd_${bits}`, inline(3, fused() ? fusedMulAdd(bits) : bits === 64 ? mulAddDoubles : mulAddSingles)],
  ]),
);
