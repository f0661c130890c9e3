/** Integer arithmetic on vectors of lanes beyond WebAssembly's vocabulary: saturation, rounding, pairs, per-lane shifts. */

import type { Semantics } from '../semantics.ts';
import type { LaneBits } from '../semantics_vector.ts';
import type { Values } from '../values.ts';

/** Meanings of Advanced SIMD operations: whole vectors of lanes `bits` wide; shapes and registers are added by the rows. */
export type Unary = <T extends Values>(s: Semantics<T>, bits: LaneBits, a: T['v128']) => T['v128'];
export type Binary = <T extends Values>(s: Semantics<T>, bits: LaneBits, a: T['v128'], b: T['v128']) => T['v128'];
/** The third operand is the old destination. */
export type Ternary = <T extends Values>(s: Semantics<T>, bits: LaneBits, a: T['v128'], b: T['v128'], d: T['v128']) => T['v128'];

export const laneBits = (size: number): LaneBits => (8 << size) as LaneBits;
export const wider = (bits: LaneBits): LaneBits => (bits * 2) as LaneBits;

/** 128 bits with `value` in every lane. */
export function everyLane(bits: LaneBits, value: bigint): bigint {
  let vector = 0n;
  for (let low = 0; low < 128; low += bits) vector |= BigInt.asUintN(bits, value) << BigInt(low);
  return vector;
}
export const smallest = (bits: LaneBits): bigint => everyLane(bits, 1n << BigInt(bits - 1));
export const largest = (bits: LaneBits): bigint => everyLane(bits, (1n << BigInt(bits - 1)) - 1n);

/** The low `count` bits; the rest is cleared. */
export const lowBits = <T extends Values>(s: Semantics<T>, count: number, a: T['v128']): T['v128'] =>
  count === 128 ? a : s.v128.and(a, s.v128.const((1n << BigInt(count)) - 1n));

const FPSR_QC_SHIFT = 27;
/** Sets FPSR.QC if any lane of the mask is set. */
export const setSaturatedLanes = <T extends Values>(s: Semantics<T>, mask: T['v128']): void =>
  s.setFpsr(s.i32.or(s.fpsr(), s.i32.shl(s.v128.anyTrue(mask), s.i32.const(FPSR_QC_SHIFT))));

const signMask = <T extends Values>(s: Semantics<T>, bits: LaneBits, a: T['v128']): T['v128'] =>
  s.v128.shr_s(bits, a, s.i32.const(bits - 1));
/** The largest value where `a` is not negative, the smallest where it is. */
const extreme = <T extends Values>(s: Semantics<T>, bits: LaneBits, a: T['v128']): T['v128'] =>
  s.v128.xor(signMask(s, bits, a), s.v128.const(largest(bits)));

export const sqadd: Binary = (s, bits, a, b) => {
  const v = s.v128;
  const sum = v.add(bits, a, b);
  const overflow = signMask(s, bits, v.and(v.xor(a, sum), v.xor(b, sum)));
  setSaturatedLanes(s, overflow);
  return v.select(overflow, extreme(s, bits, a), sum);
};
export const sqsub: Binary = (s, bits, a, b) => {
  const v = s.v128;
  const difference = v.sub(bits, a, b);
  const overflow = signMask(s, bits, v.and(v.xor(a, b), v.xor(a, difference)));
  setSaturatedLanes(s, overflow);
  return v.select(overflow, extreme(s, bits, a), difference);
};
export const uqadd: Binary = (s, bits, a, b) => {
  const v = s.v128;
  const sum = v.add(bits, a, b);
  const overflow = v.gt_u(bits, a, sum);
  setSaturatedLanes(s, overflow);
  return v.or(sum, overflow);
};
export const uqsub: Binary = (s, bits, a, b) => {
  const v = s.v128;
  const overflow = v.gt_u(bits, b, a);
  setSaturatedLanes(s, overflow);
  return v.andnot(v.sub(bits, a, b), overflow);
};
/** Signed accumulator plus unsigned operand: an unsigned addition in offset binary. */
export const suqadd: Binary = (s, bits, a, d) => {
  const offset = s.v128.const(smallest(bits));
  return s.v128.xor(uqadd(s, bits, s.v128.xor(d, offset), a), offset);
};
/** Unsigned accumulator plus signed operand. */
export const usqadd: Binary = (s, bits, a, d) => {
  const v = s.v128;
  const sum = v.add(bits, d, a);
  const negative = signMask(s, bits, a);
  const above = v.andnot(v.gt_u(bits, d, sum), negative);
  const below = v.and(v.gt_u(bits, sum, d), negative);
  setSaturatedLanes(s, v.or(above, below));
  return v.andnot(v.or(sum, above), below);
};
export const sqneg: Unary = (s, bits, a) => {
  const overflow = s.v128.eq(bits, a, s.v128.const(smallest(bits)));
  setSaturatedLanes(s, overflow);
  return s.v128.xor(s.v128.neg(bits, a), overflow);
};
export const sqabs: Unary = (s, bits, a) => {
  const overflow = s.v128.eq(bits, a, s.v128.const(smallest(bits)));
  setSaturatedLanes(s, overflow);
  return s.v128.xor(s.v128.abs(bits, a), overflow);
};

/** Halving without losing the carry: a + b = 2(a & b) + (a ^ b). */
export const shadd: Binary = (s, bits, a, b) => s.v128.add(bits, s.v128.and(a, b), s.v128.shr_s(bits, s.v128.xor(a, b), s.i32.const(1)));
export const uhadd: Binary = (s, bits, a, b) => s.v128.add(bits, s.v128.and(a, b), s.v128.shr_u(bits, s.v128.xor(a, b), s.i32.const(1)));
/** a + b = 2(a | b) - (a ^ b). */
export const srhadd: Binary = (s, bits, a, b) => s.v128.sub(bits, s.v128.or(a, b), s.v128.shr_s(bits, s.v128.xor(a, b), s.i32.const(1)));
export const urhadd: Binary = (s, bits, a, b) => s.v128.sub(bits, s.v128.or(a, b), s.v128.shr_u(bits, s.v128.xor(a, b), s.i32.const(1)));
/** a - b = (a ^ b) - 2(~a & b). */
export const shsub: Binary = (s, bits, a, b) => s.v128.sub(bits, s.v128.shr_s(bits, s.v128.xor(a, b), s.i32.const(1)), s.v128.andnot(b, a));
export const uhsub: Binary = (s, bits, a, b) => s.v128.sub(bits, s.v128.shr_u(bits, s.v128.xor(a, b), s.i32.const(1)), s.v128.andnot(b, a));

export const sabd: Binary = (s, bits, a, b) => s.v128.sub(bits, s.v128.max_s(bits, a, b), s.v128.min_s(bits, a, b));
export const uabd: Binary = (s, bits, a, b) => s.v128.sub(bits, s.v128.max_u(bits, a, b), s.v128.min_u(bits, a, b));
export const cmtst: Binary = (s, bits, a, b) => s.v128.not(s.v128.eq(bits, s.v128.and(a, b), s.v128.const(0n)));

/** Doubling products, high half; only the square of the smallest number overflows. */
const doublingHigh =
  (rounding: bigint): Binary =>
  (s, bits, a, b) => {
    const v = s.v128;
    const long = wider(bits);
    const half = (part: number): typeof a => {
      const product = v.mulLong_s(bits, part, a, b);
      const rounded = rounding === 0n ? product : v.add(long, product, v.const(everyLane(long, rounding << BigInt(bits - 2))));
      return v.shr_s(long, rounded, s.i32.const(bits - 1));
    };
    const high = narrowPair(s, bits, half(0), half(1));
    const overflow = v.and(v.eq(bits, a, v.const(smallest(bits))), v.eq(bits, b, v.const(smallest(bits))));
    setSaturatedLanes(s, overflow);
    return v.xor(high, overflow);
  };
export const sqdmulh: Binary = doublingHigh(0n);
export const sqrdmulh: Binary = doublingHigh(1n);

/** The bytes of every second lane of b:a, beginning with lane `first`; `bits` is the width of a lane. */
export const everySecond = (bits: number, first: number, bytesOfA = 16): number[] => {
  const bytes = bits / 8;
  const picked: number[] = [];
  for (let byte = 0; byte < 16; byte++) {
    const from = (2 * Math.floor(byte / bytes) + first) * bytes + (byte % bytes);
    picked.push(from < bytesOfA ? from : (from + 16 - bytesOfA) % 32);
  }
  return picked;
};

/** The low halves of the lanes of two vectors; `bits` is the width after. */
export const narrowPair = <T extends Values>(s: Semantics<T>, bits: LaneBits, low: T['v128'], high: T['v128']): T['v128'] =>
  s.v128.shuffle(everySecond(bits, 0), low, high);

/** Apply an operation to neighbours: those of `a` give the low lanes, those of `b` the high ones. `q` is 0 for 64-bit vectors. */
export const pairwise =
  (operation: Binary) =>
  <T extends Values>(s: Semantics<T>, bits: LaneBits, q: number, a: T['v128'], b: T['v128']): T['v128'] => {
    const bytesOfA = q ? 16 : 8;
    return operation(s, bits, s.v128.shuffle(everySecond(bits, 0, bytesOfA), a, b), s.v128.shuffle(everySecond(bits, 1, bytesOfA), a, b));
  };

/** Each pair of neighbouring lanes added as numbers twice as wide; `bits` is the width before. */
export const addLongPairs_s: Unary = (s, bits, a) => {
  const [long, count] = [wider(bits), s.i32.const(bits)];
  return s.v128.add(long, s.v128.shr_s(long, s.v128.shl(long, a, count), count), s.v128.shr_s(long, a, count));
};
export const addLongPairs_u: Unary = (s, bits, a) => {
  const long = wider(bits);
  const even = s.v128.and(a, s.v128.const(everyLane(long, (1n << BigInt(bits)) - 1n)));
  return s.v128.add(long, even, s.v128.shr_u(long, a, s.i32.const(bits)));
};

/** Polynomial (carry-less) products of bytes, 16 bits each. */
export const polynomialProduct = <T extends Values>(s: Semantics<T>, half: number, a: T['v128'], b: T['v128']): T['v128'] => {
  const v = s.v128;
  const multiplicand = v.extend_u(8, half, a);
  const multiplier = v.extend_u(8, half, b);
  let product = v.const(0n);
  for (let bit = 0; bit < 8; bit++) {
    const chosen = signMask(s, 16, v.shl(16, multiplier, s.i32.const(15 - bit)));
    product = v.xor(product, v.and(chosen, v.shl(16, multiplicand, s.i32.const(bit))));
  }
  return product;
};
export const pmul: Binary = (s, bits, a, b) => narrowPair(s, bits, polynomialProduct(s, 0, a, b), polynomialProduct(s, 1, a, b));

export const clz: Unary = (s, bits, a) => {
  const v = s.v128;
  let smeared = a;
  for (let distance = 1; distance < bits; distance *= 2) {
    smeared = v.or(smeared, v.shr_u(bits, smeared, s.i32.const(distance)));
  }
  let count = v.popcnt(v.not(smeared));
  for (let width: LaneBits = 8; width < bits; width = wider(width)) count = addLongPairs_u(s, width, count);
  return count;
};
export const cls: Unary = (s, bits, a) =>
  s.v128.sub(bits, clz(s, bits, s.v128.xor(a, s.v128.shr_s(bits, a, s.i32.const(1)))), s.v128.const(everyLane(bits, 1n)));

const REVERSED_NIBBLES = [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15];
const bytesToVector = (bytes: readonly number[]): bigint => bytes.reduceRight((vector, byte) => (vector << 8n) | BigInt(byte), 0n);
export const rbit: Unary = (s, _bits, a) => {
  const v = s.v128;
  const low = v.swizzle(v.const(bytesToVector(REVERSED_NIBBLES.map((nibble) => nibble << 4))), v.and(a, v.const(everyLane(8, 15n))));
  const high = v.swizzle(v.const(bytesToVector(REVERSED_NIBBLES)), v.shr_u(8, a, s.i32.const(4)));
  return v.or(low, high);
};

/** Reverses the lanes within each container. */
export const reverse =
  (container: number): Unary =>
  (s, bits, a) => {
    const flip = container / 8 - bits / 8;
    return s.v128.shuffle(
      Array.from({ length: 16 }, (_, byte) => byte ^ flip),
      a,
      a,
    );
  };
