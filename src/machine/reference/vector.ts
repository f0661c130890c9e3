/** Reference meaning of Advanced SIMD: vectors are taken apart into lanes and put together again. */

import type { LaneBits, Vector, VectorSemantics } from '../../isa/semantics_vector.ts';
import { REG_V } from '../../platform/registers.ts';
import { type BigValues, mask, type ReferenceState, readWords, writeWords } from './state.ts';

const signed = (bits: number, lane: bigint): bigint => BigInt.asIntN(bits, lane);
const laneOf = (bits: number, vector: bigint, lane: number): bigint => (vector >> BigInt(bits * lane)) & mask(bits);

/** A vector made of `128 / bits` lanes. */
function build(bits: number, lane: (index: number) => bigint): bigint {
  let vector = 0n;
  for (let i = 128 / bits - 1; i >= 0; i--) vector = (vector << BigInt(bits)) | BigInt.asUintN(bits, lane(i));
  return vector;
}

type OnLanes = (x: bigint, y: bigint, bits: number) => bigint;
const unsignedLanes = (operation: OnLanes) => (bits: LaneBits, a: bigint, b: bigint) =>
  build(bits, (i) => operation(laneOf(bits, a, i), laneOf(bits, b, i), bits));
const signedLanes = (operation: OnLanes) => (bits: LaneBits, a: bigint, b: bigint) =>
  build(bits, (i) => operation(signed(bits, laneOf(bits, a, i)), signed(bits, laneOf(bits, b, i)), bits));
const truth = (condition: boolean): bigint => (condition ? -1n : 0n);
const min: OnLanes = (x, y) => (x < y ? x : y);
const max: OnLanes = (x, y) => (x > y ? x : y);
const greater: OnLanes = (x, y) => truth(x > y);
const greaterOrEqual: OnLanes = (x, y) => truth(x >= y);
const product: OnLanes = (x, y) => x * y;
const byCount = (shift: (lane: bigint, count: bigint) => bigint, isSigned: boolean) => (bits: LaneBits, a: bigint, count: bigint) =>
  build(bits, (i) => {
    const lane = laneOf(bits, a, i);
    return shift(isSigned ? signed(bits, lane) : lane, count % BigInt(bits));
  });
const identity = (lane: bigint): bigint => lane;
const widen =
  (interpret: (bits: number, lane: bigint) => bigint) =>
  (bits: LaneBits, half: number, a: bigint): bigint =>
    build(2 * bits, (i) => interpret(bits, laneOf(bits, a, i + half * (64 / bits))));
const unsigned = (_bits: number, lane: bigint): bigint => lane;
const mulLong =
  (interpret: (bits: number, lane: bigint) => bigint) =>
  (bits: LaneBits, half: number, a: bigint, b: bigint): bigint =>
    build(2 * bits, (i) => {
      const lane = i + half * (64 / bits);
      return interpret(bits, laneOf(bits, a, lane)) * interpret(bits, laneOf(bits, b, lane));
    });
const bitCount = (byte: bigint): bigint => BigInt(byte.toString(2).replaceAll('0', '').length);
const byteOf = (vector: bigint, byte: number): bigint => laneOf(8, vector, byte);

const ALL = mask(128);
const v128: Vector<BigValues> = {
  const: identity,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  not: (a) => a ^ ALL,
  andnot: (a, b) => a & (b ^ ALL),
  select: (chosen, a, b) => (a & chosen) | (b & (chosen ^ ALL)),
  anyTrue: (a) => (a === 0n ? 0n : 1n),
  add: unsignedLanes((x, y) => x + y),
  sub: unsignedLanes((x, y) => x - y),
  mul: unsignedLanes(product),
  neg: (bits, a) => build(bits, (i) => -laneOf(bits, a, i)),
  abs: (bits, a) =>
    build(bits, (i) => {
      const lane = signed(bits, laneOf(bits, a, i));
      return lane < 0n ? -lane : lane;
    }),
  min_s: signedLanes(min),
  min_u: unsignedLanes(min),
  max_s: signedLanes(max),
  max_u: unsignedLanes(max),
  eq: unsignedLanes((x, y) => truth(x === y)),
  gt_s: signedLanes(greater),
  gt_u: unsignedLanes(greater),
  ge_s: signedLanes(greaterOrEqual),
  ge_u: unsignedLanes(greaterOrEqual),
  shl: byCount((lane, count) => lane << count, false),
  shr_s: byCount((lane, count) => lane >> count, true),
  shr_u: byCount((lane, count) => lane >> count, false),
  popcnt: (a) => build(8, (i) => bitCount(byteOf(a, i))),
  extend_s: widen(signed),
  extend_u: widen(unsigned),
  mulLong_s: mulLong(signed),
  mulLong_u: mulLong(unsigned),
  shuffle: (bytes, a, b) => build(8, (i) => byteOf(a | (b << 128n), bytes[i]!)),
  swizzle: (a, indices) =>
    build(8, (i) => {
      const index = Number(byteOf(indices, i));
      return index < 16 ? byteOf(a, index) : 0n;
    }),
  splat: (bits, value) => build(bits, () => value),
  extract_s: (bits, a, lane) => BigInt.asUintN(64, signed(bits, laneOf(bits, a, lane))),
  extract_u: (bits, a, lane) => laneOf(bits, a, lane),
  replace: (bits, a, lane, value) => build(bits, (i) => (i === lane ? value : laneOf(bits, a, i))),
};

export function referenceVector(state: ReferenceState): VectorSemantics<BigValues> {
  return {
    v128,
    v: (register) => readWords(state.registers, REG_V + 4 * register, 4),
    setV: (register, value) => writeWords(state.registers, REG_V + 4 * register, 4, value),
  };
}
