/** Floating-point operations on whole vectors, written out where all lanes are what scalars must be (float_inline.ts). */

import { double, single } from './float_format.ts';
import type { InlineFloat, WriteInline } from './float_inline_parts.ts';
import type { FunctionBuilder } from './function.ts';
import { fused } from './fused.ts';
import { i32, V128 } from './opcodes.ts';
import { f32x4, f64x2, relaxed } from './simd_opcodes.ts';

type Bits = 32 | 64;
const operations = (bits: Bits): typeof f32x4 | typeof f64x2 => (bits === 64 ? f64x2 : f32x4);

/** The result in local `r`, if all lanes are finite and, with `normal`, larger than the smallest normal number. */
function giveLanes(f: FunctionBuilder, bits: Bits, r: number, normal: boolean, slow: number, otherwise: () => void): void {
  const op = operations(bits);
  const { smallest, infinity } = bits === 64 ? double : single;
  const everywhere = (one: bigint): bigint => (bits === 64 ? (one << 64n) | one : one * 0x00000001000000010000000100000001n);
  f.get(r).op(op.abs).v128Const(everywhere(infinity)).op(op.lt).op(op.all_true);
  if (normal) f.get(r).op(op.abs).v128Const(everywhere(smallest)).op(op.gt).op(op.all_true).op(i32.and);
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

const lanes = (count: number, write: WriteInline): InlineFloat => ({
  params: Array.from({ length: count }, () => V128),
  result: V128,
  write,
});

export const inlineLanes: ReadonlyMap<string, InlineFloat> = new Map<string, InlineFloat>(
  ([32, 64] as const).flatMap((bits): [string, InlineFloat][] => [
    ...(['add', 'sub', 'mul', 'div'] as const).map((name): [string, InlineFloat] => [`${name}_${bits}`, lanes(2, arithmetic(bits, name))]),
    ...(fused() ? [[`muladd_${bits}`, lanes(3, fusedMulAdd(bits))] as [string, InlineFloat]] : []),
  ]),
);
