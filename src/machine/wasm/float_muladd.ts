/**
 * Fused multiply-add without a fused instruction. For doubles: error-free product and sums, the tail rounded to odd, one last
 * rounding (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", IEEE Transactions on Computers 57, 2008). For
 * singles: the product is exact in a double, the sum is rounded to odd there and then once to single.
 */

import {
  double,
  type FastFormat,
  type FastPath,
  giveIf,
  isNormal,
  ixcClear,
  operand,
  pattern,
  setIxc,
  single,
  twoSum,
} from './float_format.ts';
import { twoProductError } from './float_product.ts';
import type { FunctionBuilder } from './function.ts';
import type { Helper } from './helpers.ts';
import { F64, f32, f64, I64, i32, i64, SELECT } from './opcodes.ts';

/** (x, y) -> x + y rounded to odd: where the sum is inexact and its last bit even, the neighbour on the error's side. */
const sumToOdd: Helper = {
  name: 'sum_to_odd',
  params: [F64, F64],
  result: F64,
  reads: 0,
  writes: 0,
  build(f) {
    const [sum, error, bits] = [f.local(F64), f.local(F64), f.local(I64)];
    twoSum(f, 0, 1, sum, error);
    f.get(sum).op(i64.reinterpret_f64).set(bits);
    f.get(error).f64Const(0).op(f64.ne).get(bits).i64Const(1).op(i64.and).op(i64.eqz).op(i32.and).if(F64);
    // Away from zero when sum and error have the same sign, else towards it.
    f.get(bits).i64Const(1).i64Const(-1);
    f.get(error).op(i64.reinterpret_f64).get(bits).op(i64.xor).i64Const(0).op(i64.ge_s).u8(SELECT);
    f.op(i64.add).op(f64.reinterpret_i64);
    f.else().get(sum).end();
  },
};

/** |local| between the bounds. */
const within = (f: FunctionBuilder, local: number, low: number, high: number): FunctionBuilder =>
  f.get(local).op(f64.abs).f64Const(low).op(f64.gt).get(local).op(f64.abs).f64Const(high).op(f64.lt).op(i32.and);

/** Return local `bits` if the number on the stack is 0. */
function giveZero(f: FunctionBuilder, bits: number): void {
  f.f64Const(0).op(f64.eq);
  giveIf(f, bits);
}

/** Return `bits` if the number is normal; report an inexact one. `inexact` leaves a truth value. */
function give(f: FunctionBuilder, format: FastFormat, bits: number, inexact: () => void): void {
  f.get(bits);
  isNormal(f, format).if();
  ixcClear(f).if();
  inexact();
  f.if();
  setIxc(f).end().end().get(bits).return().end();
}

const doubles: FastPath = (f, indexOf) => {
  const [c, a, b] = [f.local(F64), f.local(F64), f.local(F64)];
  const [uh, ul, th, tl, vh, vl, z, error] = Array.from({ length: 8 }, () => f.local(F64)) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const bits = f.local(I64);
  operand(f, double, 0).set(c);
  operand(f, double, 1).set(a);
  operand(f, double, 2).set(b);
  within(f, a, 2 ** -400, 2 ** 400);
  within(f, b, 2 ** -400, 2 ** 400).op(i32.and);
  within(f, c, 2 ** -900, 2 ** 900)
    .get(c)
    .f64Const(0)
    .op(f64.eq)
    .op(i32.or)
    .op(i32.and)
    .if();
  f.get(a).get(b).op(f64.mul).set(uh);
  f.get(a).get(b).get(uh).call(indexOf(twoProductError)).set(ul);
  twoSum(f, c, ul, th, tl);
  twoSum(f, uh, th, vh, vl);
  f.get(tl).get(vl).call(indexOf(sumToOdd)).tee(z);
  f.get(vh).op(f64.add).tee(uh).op(i64.reinterpret_f64).set(bits);
  giveZero(f.get(uh), bits);
  // Inexact unless the tail is exact and adds to the head exactly.
  give(f, double, bits, () => {
    twoSum(f, vh, z, th, error);
    f.get(error).f64Const(0).op(f64.ne);
    twoSum(f, tl, vl, th, error);
    f.get(error).f64Const(0).op(f64.ne).op(i32.or);
  });
  f.end();
  // With a factor 0 the product is exact and so is the sum.
  f.get(a).get(b).op(f64.mul).tee(uh).f64Const(0).op(f64.eq);
  f.get(a).f64Const(0).op(f64.eq).get(b).f64Const(0).op(f64.eq).op(i32.or).op(i32.and);
  f.get(c).get(c).op(f64.eq).op(i32.and).if();
  f.get(uh).get(c).op(f64.add).op(i64.reinterpret_f64).return().end();
};

const singles: FastPath = (f, indexOf) => {
  const [c, p, sum, error] = [f.local(F64), f.local(F64), f.local(F64), f.local(F64)];
  const bits = f.local(I64);
  operand(f, single, 0).op(f64.promote_f32).set(c);
  operand(f, single, 1).op(f64.promote_f32);
  operand(f, single, 2).op(f64.promote_f32).op(f64.mul).set(p);
  f.get(p).get(c).call(indexOf(sumToOdd)).tee(sum).op(f32.demote_f64);
  pattern(f, single).set(bits);
  giveZero(f.get(sum), bits);
  give(f, single, bits, () => {
    f.get(bits).op(i32.wrap_i64).op(f32.reinterpret_i32).op(f64.promote_f32).get(sum).op(f64.ne);
    twoSum(f, p, c, sum, error);
    f.get(error).f64Const(0).op(f64.ne).op(i32.or);
  });
};

export const mulAddPaths = (): readonly (readonly [string, FastPath])[] => [
  ['muladd_64', doubles],
  ['muladd_32', singles],
];
