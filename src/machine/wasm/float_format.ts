/** The two formats in WebAssembly's terms, and pieces that the fast paths share. */

import { AT_FPSR } from '../layout.ts';
import { IXC } from '../softfloat/format.ts';
import type { FunctionBuilder } from './function.ts';
import type { Helper } from './helpers.ts';
import { F32, F64, f32, f64, I32_LOAD, I32_STORE, i32, i64 } from './opcodes.ts';

/** Writes code that returns when it knows the result and its flags, and else falls through. */
export type FastPath = (f: FunctionBuilder, indexOf: (helper: Helper) => number) => void;

/** One format in WebAssembly's terms. */
export interface FastFormat {
  readonly bits: 32 | 64;
  readonly type: number;
  readonly op: typeof f32 | typeof f64;
  /** Bit patterns, as i64: magnitude mask, smallest normal number plus one, infinity. */
  readonly magnitude: bigint;
  readonly smallest: bigint;
  readonly infinity: bigint;
}

export const single: FastFormat = { bits: 32, type: F32, op: f32, magnitude: 0x7fffffffn, smallest: 0x800001n, infinity: 0x7f800000n };
export const double: FastFormat = {
  bits: 64,
  type: F64,
  op: f64,
  magnitude: 0x7fffffffffffffffn,
  smallest: 0x10000000000001n,
  infinity: 0x7ff0000000000000n,
};

/** Parameter `index` as a number. */
export function operand(f: FunctionBuilder, format: FastFormat, index: number): FunctionBuilder {
  f.get(index);
  return format.bits === 32 ? f.op(i32.wrap_i64).op(f32.reinterpret_i32) : f.op(f64.reinterpret_i64);
}

/** A number on the stack as an i64 bit pattern. */
export const pattern = (f: FunctionBuilder, format: FastFormat): FunctionBuilder =>
  format.bits === 32 ? f.op(i32.reinterpret_f32).op(i64.extend_i32_u) : f.op(i64.reinterpret_f64);

/** 1 when the i64 pattern on the stack is that of a normal number, the smallest one excluded. */
export const isNormal = (f: FunctionBuilder, format: FastFormat): FunctionBuilder =>
  f
    .i64Const(format.magnitude)
    .op(i64.and)
    .i64Const(format.smallest)
    .op(i64.sub)
    .i64Const(format.infinity - format.smallest)
    .op(i64.lt_u);

/** Return local `bits` if the condition on the stack holds. */
export function giveIf(f: FunctionBuilder, bits: number): void {
  f.if();
  f.get(bits).return().end();
}

/** Leaves 1 on the stack when IXC is still clear. */
export const ixcClear = (f: FunctionBuilder): FunctionBuilder =>
  f.i32Const(0).memory(I32_LOAD, AT_FPSR).i32Const(IXC).op(i32.and).op(i32.eqz);

/** FPSR.IXC := 1. */
export const setIxc = (f: FunctionBuilder): FunctionBuilder =>
  f.i32Const(0).i32Const(0).memory(I32_LOAD, AT_FPSR).i32Const(IXC).op(i32.or).memory(I32_STORE, AT_FPSR);

/** head := x + y, lost := what rounding has taken from it (Knuth's two-sum). */
export function twoSum(f: FunctionBuilder, x: number, y: number, head: number, lost: number): void {
  const part = f.local(F64);
  f.get(x).get(y).op(f64.add).tee(head).get(x).op(f64.sub).set(part);
  f.get(x).get(head).get(part).op(f64.sub).op(f64.sub).get(y).get(part).op(f64.sub).op(f64.add).set(lost);
  f.release(part);
}
