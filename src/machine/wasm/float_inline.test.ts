/** What is written out for a floating-point operation gives the exact result and sets no flag, or leaves the case to the call. */

import { expect, test } from 'vitest';
import { type FloatCall, floatCalls } from '../softfloat/calls.ts';
import { IXC } from '../softfloat/format.ts';
import { inlineLanes, inlineScalar } from './float_inline.ts';
import { EXACT } from './float_inline_parts.ts';
import { FunctionBuilder } from './function.ts';
import { ModuleBuilder } from './module.ts';
import { F64, f64, I32, I64, i64, V128 } from './opcodes.ts';
import { lanes } from './simd_opcodes.ts';

/** A signalling NaN, which nothing yields: the case is left to the call. */
const LEFT = 0x7ff0dead00000001n;
const TIMES = Number(process.env['HOLM_FLOAT_TIMES'] ?? 4000);

let seed = 1n;
function word(): bigint {
  seed = BigInt.asUintN(64, seed * 6364136223846793005n + 1442695040888963407n);
  return seed ^ (seed >> 29n);
}
const below = (limit: number): number => Number(BigInt.asUintN(32, word()) % BigInt(limit));

/** Numbers that make rounding difficult: few bits, all ones, next to each other; and ends of ranges. */
function number(bits: 32 | 64, near: bigint | undefined): bigint {
  const [width, exponents] = bits === 64 ? [52, 2048] : [23, 256];
  const step = BigInt(below(5) - 2);
  if (near !== undefined && below(2) === 0) {
    const shift = BigInt(below(2 * width + 6) - width - 3) << BigInt(width);
    return BigInt.asUintN(bits, (near ^ (BigInt(below(2)) << BigInt(bits - 1))) + step + (below(2) === 0 ? shift : 0n));
  }
  const all = (1n << BigInt(width)) - 1n;
  const fraction = [0n, all, 1n << BigInt(below(width)), all ^ (all >> BigInt(below(width))), word() & all, word() & all][below(6)]!;
  const bias = exponents / 2 - 1;
  const exponent =
    below(10) === 0 ? [0, 1, 2, exponents - 2, exponents - 1][below(5)]! : below(3) === 0 ? below(exponents) : bias + below(41) - 20;
  return (BigInt(below(2)) << BigInt(bits - 1)) | (BigInt(exponent) << BigInt(width)) | fraction;
}

const view = new DataView(new ArrayBuffer(8));
function toNumber(bits: 32 | 64, pattern: bigint): number {
  view.setBigUint64(0, pattern);
  return bits === 64 ? view.getFloat64(0) : view.getFloat32(4);
}
function toPattern(bits: 32 | 64, value: number): bigint {
  view.setBigUint64(0, 0n);
  if (bits === 64) view.setFloat64(0, value);
  else view.setFloat32(4, value);
  return view.getBigUint64(0);
}

/** Factors with few bits, so that their product is exact or in the middle, or any; and an addend that is near the product, or far less or more. */
function factorsAndAddend(bits: 32 | 64): bigint[] {
  const width = bits === 64 ? 52 : 23;
  const cut = (one: bigint): bigint => (below(2) === 0 ? one : (one >> BigInt(below(width + 1))) << BigInt(below(width + 1)));
  const all = (1n << BigInt(bits)) - 1n;
  let [a, b] = [cut(number(bits, undefined)) & all, cut(number(bits, undefined)) & all];
  if (below(4) === 0) {
    // A denormal factor and a large one.
    a = (a & ((1n << BigInt(width)) - 1n)) >> BigInt(below(width));
    b |= 3n << BigInt(bits - 3);
  }
  const product = toPattern(bits, toNumber(bits, a) * toNumber(bits, b));
  const c = [0n, 1n << BigInt(bits - 1), number(bits, undefined)][below(12)] ?? number(bits, product);
  return [below(3) === 0 ? cut(c) & all : c, a, b];
}

function operandsOf({ name, operands }: FloatCall): bigint[] {
  if (name.startsWith('muladd')) return factorsAndAddend(operands[0] as 32 | 64);
  const made: bigint[] = [];
  operands.forEach((bits, index) => {
    if (bits === 32 || bits === 64) made.push(number(bits, made.at(-1)));
    else made.push(index === 1 ? 0n : word() >> BigInt(below(64)));
  });
  return made;
}

function compile(call: FloatCall, state: number): (...operands: bigint[]) => bigint {
  const f = new FunctionBuilder(
    call.operands.map(() => I64),
    [I64],
  );
  const slow = f.local(I32);
  f.i32Const(state).set(slow);
  const { params, result, write } = inlineScalar(call)!;
  const operands = params.map((type, i) => {
    if (type !== F64) return i;
    const local = f.local(F64);
    f.get(i).op(f64.reinterpret_i64).set(local);
    return local;
  });
  write(f, operands, slow, () => {
    f.i64Const(LEFT);
    if (result === F64) f.op(f64.reinterpret_i64);
  });
  if (result === F64) f.op(i64.reinterpret_f64);
  const module = new ModuleBuilder();
  module.exportFunction('f', module.add(f));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(module.build())), {});
  const run = exports['f'] as (...operands: bigint[]) => bigint;
  return (...operands) => BigInt.asUintN(64, run(...operands));
}

const calls = floatCalls.filter((call) => inlineScalar(call) !== undefined);

/** Values of `slow`, what FPSR is then, and whether much is covered. */
const states = [
  [0, IXC, true],
  [EXACT, 0, false],
] as const;
const cases = calls.flatMap((call) => states.map(([slow, fpsr, most]) => [call.name, slow, call, fpsr, most] as const));

test.each(cases)('%s with %d', (_, slow, call, fpsr, most) => {
  const run = compile(call, slow);
  const times = call.name.startsWith('muladd') ? 20 * TIMES : TIMES;
  let given = 0;
  for (let i = 0; i < times; i++) {
    const operands = operandsOf(call);
    const result = run(...operands);
    if (result === LEFT) continue;
    given += 1;
    const environment = { fpcr: 0, fpsr };
    const [a = 0n, b = 0n, c = 0n] = operands;
    const exact = call.exact(environment, a, b, c);
    const text = operands.map((one) => one.toString(16)).join(' ');
    if (result !== exact || environment.fpsr !== fpsr)
      expect(`${text}: ${result.toString(16)}`).toBe(`${exact.toString(16)} flags ${environment.fpsr}`);
  }
  // Square roots of negative numbers and conversions of large ones are left.
  if (most) expect(given).toBeGreaterThan(times / 4);
});

/** Operands and result are vectors of two words; the result is one of LEFT if it is left to the call. */
function compileLanes(call: FloatCall, state: number): (...operands: bigint[]) => bigint[] {
  const { params, write } = inlineLanes(call)!;
  const f = new FunctionBuilder(
    params.flatMap(() => [I64, I64]),
    [I64, I64],
  );
  const slow = f.local(I32);
  f.i32Const(state).set(slow);
  const operands = params.map((type, i) => {
    const local = f.local(type);
    f.get(2 * i)
      .op(lanes[64].splat)
      .get(2 * i + 1)
      .op(lanes[64].replace)
      .u8(1)
      .set(local);
    return local;
  });
  const result = f.local(V128);
  write(f, operands, slow, () => f.i64Const(LEFT).op(lanes[64].splat));
  f.set(result);
  for (const lane of [0, 1]) f.get(result).op(lanes[64].extract_u).u8(lane);
  const module = new ModuleBuilder();
  module.exportFunction('f', module.add(f));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(module.build())), {});
  const run = exports['f'] as (...operands: bigint[]) => bigint[];
  return (...operands) => run(...operands).map((one) => BigInt.asUintN(64, one));
}

const vectorCases = floatCalls
  .filter((call) => inlineLanes(call) !== undefined)
  .flatMap((call) => states.map(([slow, fpsr]) => [call.name, slow, call, fpsr] as const));

test.each(vectorCases)('vectors: %s with %d', (_, slow, call, fpsr) => {
  const run = compileLanes(call, slow);
  const bits = call.operands[0] as 32 | 64;
  const count = 64 / bits;
  const times = call.name.startsWith('muladd') ? 5 * TIMES : TIMES;
  let given = 0;
  for (let i = 0; i < times; i++) {
    const parts = Array.from({ length: 2 * count }, () => operandsOf(call));
    const words = call.operands.flatMap((_bits, operand) =>
      [0, 1].map((word) =>
        parts.slice(word * count, (word + 1) * count).reduce((sum, part, lane) => sum | (part[operand]! << BigInt(bits * lane)), 0n),
      ),
    );
    const results = run(...words);
    if (results[0] === LEFT) continue;
    given += 1;
    parts.forEach((part, lane) => {
      const environment = { fpcr: 0, fpsr };
      const [a = 0n, b = 0n, c = 0n] = part;
      const exact = call.exact(environment, a, b, c);
      const result = BigInt.asUintN(bits, results[Math.floor(lane / count)]! >> BigInt(bits * (lane % count)));
      const text = part.map((one) => one.toString(16)).join(' ');
      if (result !== exact || environment.fpsr !== fpsr)
        expect(`${text}: ${result.toString(16)}`).toBe(`${exact.toString(16)} flags ${environment.fpsr}`);
    });
  }
  if (slow === 0) expect(given).toBeGreaterThan(times / 20);
});
