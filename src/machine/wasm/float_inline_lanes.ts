/** Floating-point operations on whole vectors, written out where all lanes are what scalars must be (float_inline.ts). */

import { FINITE, type InlineFloat, NORMAL, PRODUCT, type Range, split, twice, type WriteInline } from './float_inline_parts.ts';
import type { FunctionBuilder, Label } from './function.ts';
import { fused } from './fused.ts';
import { i32, V128 } from './opcodes.ts';
import { f32x4, f64x2, lanes, relaxed, simd } from './simd_opcodes.ts';

type Bits = 32 | 64;
const operations = (bits: Bits): typeof f32x4 | typeof f64x2 => (bits === 64 ? f64x2 : f32x4);

/** Leaves whether the exponent of any lane is outside of the range. */
function outside(f: FunctionBuilder, bits: Bits, local: number, { plus, mask }: Range): FunctionBuilder {
  const { shr_u, add } = lanes[bits];
  const [width, everywhere] = bits === 64 ? [52, twice] : [23, (one: bigint) => twice((one << 32n) | one)];
  f.get(local)
    .i32Const(width)
    .op(shr_u)
    .v128Const(everywhere(BigInt(plus)))
    .op(add)
    .v128Const(everywhere(BigInt(mask[bits])))
    .op(simd.and);
  return f.op(operations(bits).all_true).op(i32.eqz);
}

/** Leaves whether a factor has more bits than half of a number's. */
function manyBits(f: FunctionBuilder, bits: Bits, a: number, b: number): FunctionBuilder {
  f.get(a).get(b).op(simd.or);
  return f
    .v128Const(bits === 64 ? twice(0x7ffffffn) : twice(0xfff00000fffn))
    .op(simd.and)
    .op(simd.any_true);
}

const arithmetic =
  (bits: Bits, name: 'add' | 'sub' | 'mul' | 'div'): WriteInline =>
  (f, [a, b], slow, otherwise) => {
    const op = operations(bits);
    const [r, part] = [f.local(V128), f.local(V128)];
    const isSum = name === 'add' || name === 'sub';
    const out = f.block(V128);
    const left = f.block();
    const rare = f.block();
    f.get(a!).get(b!).op(op[name]).set(r);
    f.get(slow).brIf(rare);
    outside(f, bits, r, isSum ? FINITE : NORMAL).brIf(left);
    f.get(r).br(out).end();
    f.get(slow).i32Const(0).op(i32.lt_s).brIf(left);
    if (isSum) {
      f.get(r).get(a!).op(op.sub).set(part);
      f.get(a!).get(r).get(part).op(op.sub).op(op.sub);
      f.get(part)
        .get(b!)
        .op(name === 'add' ? op.sub : op.add)
        .op(op.ne)
        .op(simd.any_true)
        .brIf(left);
      f.get(r).br(out);
    } else if (name === 'mul') {
      outside(f, bits, r, NORMAL).brIf(left);
      manyBits(f, bits, a!, b!).brIf(left);
      f.get(r).br(out);
    }
    f.end();
    otherwise();
    f.end();
    f.release(r);
    f.release(part);
  };

/** A local for each name. */
function vectors<K extends string>(f: FunctionBuilder, ...names: K[]): Record<K, number> {
  return Object.fromEntries(names.map((name) => [name, f.local(V128)])) as Record<K, number>;
}

/** The product in the first local, product and addend in `head`, and what that has lost; goes to `left` if a product is out of range. */
function productAndSum(
  f: FunctionBuilder,
  [c, a, b]: readonly number[],
  l: Record<'product' | 'head' | 'part' | 'lost', number>,
  left: Label,
): void {
  const { add, sub, mul } = f64x2;
  f.get(a!).get(b!).op(mul).tee(l.product).get(c!).op(add).tee(l.head).get(l.product).op(sub).set(l.part);
  f.get(l.product).get(l.head).get(l.part).op(sub).op(sub).get(c!).get(l.part).op(sub).op(add).set(l.lost);
  outside(f, 64, l.product, PRODUCT).brIf(left);
}

/** Gives the sum if FPCR is 0 and nothing has been lost. */
function exactly(f: FunctionBuilder, [, a, b]: readonly number[], head: number, lost: number, slow: number, out: Label, left: Label): void {
  f.get(slow).i32Const(0).op(i32.lt_s).brIf(left);
  manyBits(f, 64, a!, b!).brIf(left);
  f.get(lost).v128Const(0n).op(f64x2.ne).op(simd.any_true).brIf(left);
  f.get(head).br(out);
}

/** As for scalars (float_inline_muladd.ts), but products of 0 are left. */
const mulAddDoubles: WriteInline = (f, operands, slow, otherwise) => {
  const l = vectors(f, 'product', 'head', 'part', 'lost', 'xh', 'xl', 'yh', 'yl', 'error', 'over', 'r');
  const { add, sub, mul, eq, all_true } = f64x2;
  const notAll = (): FunctionBuilder => f.op(all_true).op(i32.eqz);
  const out = f.block(V128);
  const left = f.block();
  const rare = f.block();
  productAndSum(f, operands, l, left);
  f.get(slow).brIf(rare);
  split(f, operands[1]!, l.xh);
  split(f, operands[2]!, l.yh);
  f.get(operands[1]!).get(l.xh).op(sub).set(l.xl);
  f.get(operands[2]!).get(l.yh).op(sub).set(l.yl);
  f.get(l.xh).get(l.yh).op(mul).get(l.product).op(sub);
  f.get(l.xh).get(l.yl).op(mul).get(l.xl).get(l.yh).op(mul).op(add).op(add);
  f.get(l.xl).get(l.yl).op(mul).op(add).tee(l.error);
  f.get(l.lost).op(add).tee(l.over).get(l.head).op(add).set(l.r);
  f.get(l.over).get(l.r).get(l.head).op(sub).op(sub).tee(l.over).get(l.over).op(eq);
  notAll().brIf(left);
  f.get(l.over).i32Const(12).op(lanes[64].shl);
  notAll().if();
  f.get(l.over).i32Const(12).op(lanes[64].shl).v128Const(0n).op(f64x2.ne);
  for (const part of [l.over, l.error, l.lost]) f.get(part).v128Const(0n).op(eq).op(simd.or);
  notAll().brIf(left).end();
  f.get(l.r).br(out).end();
  exactly(f, operands, l.head, l.lost, slow, out, left);
  f.end();
  otherwise();
  f.end();
  for (const local of Object.values(l)) f.release(local);
};

const fusedMulAdd =
  (bits: Bits): WriteInline =>
  (f, operands, slow, otherwise) => {
    const l = vectors(f, 'product', 'head', 'part', 'lost', 'r');
    const [c, a, b] = operands;
    const out = f.block(V128);
    const left = f.block();
    const rare = f.block();
    f.get(a!).get(b!).get(c!).op(relaxed.madd[bits]).set(l.r);
    f.get(slow).brIf(rare);
    outside(f, bits, l.r, NORMAL).brIf(left);
    f.get(l.r).br(out).end();
    if (bits === 64) {
      productAndSum(f, operands, l, left);
      exactly(f, operands, l.head, l.lost, slow, out, left);
    }
    f.end();
    otherwise();
    f.end();
    for (const local of Object.values(l)) f.release(local);
  };

const HIGH_HALF = Array.from({ length: 16 }, (_, byte) => (byte + 8) & 15);
const LOW_HALVES = Array.from({ length: 16 }, (_, byte) => (byte < 8 ? byte : byte + 8));

/** Each half of the lanes in doubles, as for scalars. */
const mulAddSingles: WriteInline = (f, [c, a, b], slow, otherwise) => {
  const l = vectors(f, 'sum', 'low', 'high', 'middle');
  const out = f.block(V128);
  const left = f.block();
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
  f.get(slow).brIf(left);
  outside(f, 32, l.sum, NORMAL).brIf(left);
  f.get(l.middle).op(simd.any_true).brIf(left);
  f.get(l.sum).br(out).end();
  otherwise();
  f.end();
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
