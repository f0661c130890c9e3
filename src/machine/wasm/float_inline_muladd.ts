/**
 * Fused multiply-add, written out (float_inline.ts): by the host's instruction where it has one that rounds once, else by error-free
 * products and sums, as far as they can be sure of the result.
 */

import { double, type FastFormat, single, twoSum } from './float_format.ts';
import {
  carrier,
  exactProduct,
  type InlineFloat,
  NORMAL,
  noneIsZero,
  number,
  outside,
  PRODUCT,
  result,
  split,
  type WriteInline,
} from './float_inline_parts.ts';
import type { FunctionBuilder, Label } from './function.ts';
import { fused } from './fused.ts';
import { F32, F64, f32, f64, I64, i32, i64, V128 } from './opcodes.ts';
import { f32x4, f64x2, relaxed } from './simd_opcodes.ts';

/**
 * Singles: the product is exact in a double, the sum is rounded there. That decides how it is rounded to a single, unless it is in the
 * middle between two of them.
 */
const mulAddSingle: WriteInline = (f, [c, a, b], slow, otherwise) => {
  const [sum, r] = [f.local(F64), f.local(F32)];
  const out = f.block(I64);
  const left = f.block();
  const promoted = (local: number): FunctionBuilder => number(f, single, local).op(f64.promote_f32);
  promoted(a!);
  promoted(b!).op(f64.mul);
  promoted(c!).op(f64.add).tee(sum).op(f32.demote_f64).set(r);
  f.get(slow).brIf(left);
  outside(f, single, r, NORMAL).brIf(left);
  f.get(sum).op(i64.reinterpret_f64).op(i32.wrap_i64).i32Const(0x1fffffff).op(i32.and).i32Const(0x10000000).op(i32.eq).brIf(left);
  result(f, single, r).br(out).end();
  otherwise();
  f.end();
  f.release(sum);
  f.release(r);
};

const fusedSingle: WriteInline = (f, [c, a, b], slow, otherwise) => {
  const r = f.local(F32);
  const out = f.block(I64);
  const left = f.block();
  for (const operand of [a!, b!, c!]) number(f, single, operand).op(f32x4.splat);
  f.op(relaxed.madd[32]).op(f32x4.extract).u8(0).set(r);
  f.get(slow).brIf(left);
  outside(f, single, r, NORMAL).brIf(left);
  result(f, single, r).br(out).end();
  otherwise();
  f.end();
  f.release(r);
};

/** Gives the sum `head`, which has lost `lost`, of the product and the addend if both are exact, whatever FPSR is; else goes to `left`. */
function exactly(
  f: FunctionBuilder,
  [a, b]: readonly number[],
  { product, head, lost, slow }: Readonly<Record<'product' | 'head' | 'lost' | 'slow', number>>,
  out: Label,
  left: Label,
): void {
  f.get(slow).i32Const(0).op(i32.lt_s).brIf(left);
  const zero = f.block();
  outside(f, double, product, PRODUCT).brIf(zero);
  exactProduct(f, double, a!, b!, product).op(i32.eqz).brIf(left);
  f.get(lost).f64Const(0).op(f64.ne).brIf(left);
  f.get(head).br(out).end();
  // A factor 0: the product is exact, and so is the sum, unless there is a NaN.
  noneIsZero(f, double, [a!, b!], left);
  f.get(head).get(head).op(f64.ne).brIf(left);
  f.get(head).br(out);
}

/**
 * Doubles: the product and its error (Dekker's product), the sum of product and addend and its error, both errors together as a tail,
 * and head and tail rounded to the result. Rounding the tail cannot have taken it over the middle between two numbers, but to it; then
 * what is left over beside the result is a power of two. (If product and addend cancel so that the tail is not small beside the head,
 * their sum has lost nothing and the tail is exact.)
 */
const mulAddDouble: WriteInline = (f, [c, a, b], slow, otherwise) => {
  const taken: number[] = [];
  const local = (): number => {
    const taking = f.local(F64);
    taken.push(taking);
    return taking;
  };
  const times = (one: number, other: number): FunctionBuilder => f.get(one).get(other).op(f64.mul);
  const [product, head, lost, error, r, over] = [local(), local(), local(), local(), local(), local()];
  const out = f.block(F64);
  const left = f.block();
  const rare = f.block();
  times(a!, b!).set(product);
  twoSum(f, product, c!, head, lost);
  f.get(slow).brIf(rare);
  outside(f, double, product, PRODUCT).brIf(rare);
  const [xh, xl, yh, yl] = [local(), local(), local(), local()];
  // Both at once.
  const [low, high] = [f.local(V128), f.local(V128)];
  f.get(a!).op(f64x2.splat).get(b!).op(f64x2.replace).u8(1).set(low);
  split(f, low, high);
  f.get(low).get(high).op(f64x2.sub).set(low);
  for (const [i, half] of [xh, yh].entries()) f.get(high).op(f64x2.extract).u8(i).set(half);
  for (const [i, half] of [xl, yl].entries()) f.get(low).op(f64x2.extract).u8(i).set(half);
  f.release(low);
  f.release(high);
  times(xh, yh).get(product).op(f64.sub);
  times(xh, yl);
  times(xl, yh).op(f64.add).op(f64.add);
  times(xl, yl).op(f64.add).tee(error);
  f.get(lost).op(f64.add).tee(over).get(head).op(f64.add).set(r);
  f.get(over).get(r).get(head).op(f64.sub).op(f64.sub).tee(over);
  // Not a number: neither is the result.
  f.get(over).op(f64.ne).brIf(left);
  f.get(over).op(i64.reinterpret_f64).i64Const(12).op(i64.shl).op(i64.eqz).if();
  noneIsZero(f, double, [over, error, lost], left);
  f.end();
  f.get(r).br(out).end();
  exactly(f, [a!, b!], { product, head, lost, slow }, out, left);
  f.end();
  otherwise();
  f.end();
  for (const one of taken) f.release(one);
};

const fusedDouble: WriteInline = (f, [c, a, b], slow, otherwise) => {
  const [r, product, head, lost] = [f.local(F64), f.local(F64), f.local(F64), f.local(F64)];
  const out = f.block(F64);
  const left = f.block();
  const rare = f.block();
  for (const operand of [a!, b!, c!]) f.get(operand).op(f64x2.splat);
  f.op(relaxed.madd[64]).op(f64x2.extract).u8(0).set(r);
  f.get(slow).brIf(rare);
  outside(f, double, r, NORMAL).brIf(rare);
  f.get(r).br(out).end();
  f.get(a!).get(b!).op(f64.mul).set(product);
  twoSum(f, product, c!, head, lost);
  exactly(f, [a!, b!], { product, head, lost, slow }, out, left);
  f.end();
  otherwise();
  f.end();
  for (const one of [r, product, head, lost]) f.release(one);
};

export function mulAdd(format: FastFormat): InlineFloat {
  const type = carrier(format);
  const write = format.bits === 64 ? (fused() ? fusedDouble : mulAddDouble) : fused() ? fusedSingle : mulAddSingle;
  return { params: [type, type, type], result: type, write };
}
