/** Shifts of lanes: by immediates that may equal the width, by registers, rounding and saturating. */

import type { Semantics } from '../semantics.ts';
import type { LaneBits } from '../semantics_vector.ts';
import type { Values } from '../values.ts';
import { type Binary, everyLane, largest, setSaturatedLanes, smallest } from './simd_lanes.ts';

export type ShiftOperation = <T extends Values>(s: Semantics<T>, bits: LaneBits, a: T['v128'], count: T['i32']) => T['v128'];

const less1 = <T extends Values>(s: Semantics<T>, count: T['i32']): T['i32'] => s.i32.sub(count, s.i32.const(1));

/** Right shifts by 1 to `bits`, in two steps, because counts are taken modulo the width. */
export const sshr: ShiftOperation = (s, bits, a, count) => s.v128.shr_s(bits, s.v128.shr_s(bits, a, less1(s, count)), s.i32.const(1));
export const ushr: ShiftOperation = (s, bits, a, count) => s.v128.shr_u(bits, s.v128.shr_u(bits, a, less1(s, count)), s.i32.const(1));
export const srshr: ShiftOperation = (s, bits, a, count) => {
  const v = s.v128;
  const last = v.shr_s(bits, a, less1(s, count));
  return v.add(bits, v.shr_s(bits, last, s.i32.const(1)), v.and(last, v.const(everyLane(bits, 1n))));
};
export const urshr: ShiftOperation = (s, bits, a, count) => {
  const v = s.v128;
  const last = v.shr_u(bits, a, less1(s, count));
  return v.add(bits, v.shr_u(bits, last, s.i32.const(1)), v.and(last, v.const(everyLane(bits, 1n))));
};

export const shl: ShiftOperation = (s, bits, a, count) => s.v128.shl(bits, a, count);
export const sqshl: ShiftOperation = (s, bits, a, count) => {
  const v = s.v128;
  const shifted = v.shl(bits, a, count);
  const exact = v.eq(bits, v.shr_s(bits, shifted, count), a);
  setSaturatedLanes(s, v.not(exact));
  return v.select(exact, shifted, v.xor(v.shr_s(bits, a, s.i32.const(bits - 1)), v.const(largest(bits))));
};
export const uqshl: ShiftOperation = (s, bits, a, count) => {
  const v = s.v128;
  const shifted = v.shl(bits, a, count);
  const overflow = v.not(v.eq(bits, v.shr_u(bits, shifted, count), a));
  setSaturatedLanes(s, overflow);
  return v.or(shifted, overflow);
};
/** Signed operand, unsigned result. */
export const sqshlu: ShiftOperation = (s, bits, a, count) => {
  const v = s.v128;
  const shifted = v.shl(bits, a, count);
  const negative = v.shr_s(bits, a, s.i32.const(bits - 1));
  const overflow = v.not(v.eq(bits, v.shr_u(bits, shifted, count), a));
  setSaturatedLanes(s, v.or(overflow, negative));
  return v.andnot(v.or(shifted, overflow), negative);
};

/** Lanes clamped to what half their width can hold, as signed numbers; `bits` is the width before. */
export const clamp_s = <T extends Values>(s: Semantics<T>, bits: LaneBits, a: T['v128']): T['v128'] => {
  const v = s.v128;
  const limit = 1n << BigInt(bits / 2 - 1);
  const clamped = v.max_s(bits, v.min_s(bits, a, v.const(everyLane(bits, limit - 1n))), v.const(everyLane(bits, -limit)));
  setSaturatedLanes(s, v.xor(clamped, a));
  return clamped;
};
/** … as unsigned numbers, of unsigned or signed ones. */
export const clamp_u = <T extends Values>(s: Semantics<T>, bits: LaneBits, a: T['v128']): T['v128'] => {
  const v = s.v128;
  const clamped = v.min_u(bits, a, v.const(everyLane(bits, (1n << BigInt(bits / 2)) - 1n)));
  setSaturatedLanes(s, v.xor(clamped, a));
  return clamped;
};
export const clamp_su = <T extends Values>(s: Semantics<T>, bits: LaneBits, a: T['v128']): T['v128'] => {
  const v = s.v128;
  const limit = v.const(everyLane(bits, (1n << BigInt(bits / 2)) - 1n));
  const clamped = v.max_s(bits, v.min_s(bits, a, limit), v.const(0n));
  setSaturatedLanes(s, v.xor(clamped, a));
  return clamped;
};

interface RegisterShift {
  readonly signed: number;
  readonly rounding: number;
  readonly saturating: number;
}

/** Each lane shifted by its own count, 0 to `bits` - 1: one step for each bit of the counts. */
const barrel = <T extends Values>(
  s: Semantics<T>,
  bits: LaneBits,
  shift: 'shl' | 'shr_s' | 'shr_u',
  a: T['v128'],
  counts: T['v128'],
): T['v128'] => {
  const v = s.v128;
  let result = a;
  for (let step = 0; 1 << step < bits; step++) {
    const chosen = v.shr_s(bits, v.shl(bits, counts, s.i32.const(bits - 1 - step)), s.i32.const(bits - 1));
    result = v.select(chosen, v[shift](bits, result, s.i32.const(1 << step)), result);
  }
  return result;
};

/** Shifts of each lane of `a` by the signed low byte of the lane of `b`: to the left if positive, else to the right. */
const byRegister =
  ({ signed, rounding, saturating }: RegisterShift): Binary =>
  <T extends Values>(s: Semantics<T>, bits: LaneBits, a: T['v128'], b: T['v128']): T['v128'] => {
    const v = s.v128;
    const every = (value: number): T['v128'] => v.const(everyLane(bits, BigInt(value)));
    const unused = s.i32.const(bits - 8);
    const count = bits === 8 ? b : v.shr_s(bits, v.shl(bits, b, unused), unused);
    const shiftRight = (counts: T['v128']): T['v128'] => {
      const far = v.gt_u(bits, counts, every(bits - 1));
      if (signed) return barrel(s, bits, 'shr_s', a, v.select(far, every(bits - 1), counts));
      return v.andnot(barrel(s, bits, 'shr_u', a, counts), far);
    };
    const right = (): T['v128'] => {
      if (!rounding) return shiftRight(v.neg(bits, count));
      // Shifting right by -count - 1, which is ~count, leaves the rounding bit lowest.
      const last = shiftRight(v.not(count));
      const half = signed ? v.shr_s(bits, last, s.i32.const(1)) : v.shr_u(bits, last, s.i32.const(1));
      return v.add(bits, half, v.and(last, every(1)));
    };
    const isRight = v.gt_s(bits, v.const(0n), count);
    const far = v.gt_s(bits, count, every(bits - 1));
    const left = v.andnot(barrel(s, bits, 'shl', a, count), far);
    if (!saturating) return v.select(isRight, right(), left);
    // What a left shift lost shows when it is undone; `far` lanes have lost everything.
    const undone = v.andnot(barrel(s, bits, signed ? 'shr_s' : 'shr_u', left, count), far);
    const overflow = v.andnot(v.not(v.eq(bits, undone, a)), isRight);
    setSaturatedLanes(s, overflow);
    const limit = signed ? v.xor(v.shr_s(bits, a, s.i32.const(bits - 1)), v.const(largest(bits))) : v.not(v.const(0n));
    return v.select(isRight, right(), v.select(overflow, limit, left));
  };
export const sshl: Binary = byRegister({ signed: 1, rounding: 0, saturating: 0 });
export const ushl: Binary = byRegister({ signed: 0, rounding: 0, saturating: 0 });
export const srshl: Binary = byRegister({ signed: 1, rounding: 1, saturating: 0 });
export const urshl: Binary = byRegister({ signed: 0, rounding: 1, saturating: 0 });
export const sqshlRegister: Binary = byRegister({ signed: 1, rounding: 0, saturating: 1 });
export const uqshlRegister: Binary = byRegister({ signed: 0, rounding: 0, saturating: 1 });
export const sqrshl: Binary = byRegister({ signed: 1, rounding: 1, saturating: 1 });
export const uqrshl: Binary = byRegister({ signed: 0, rounding: 1, saturating: 1 });

/** Doubled products; only the square of the smallest number overflows. `bits` is the width of a product. */
export const saturatingDouble = <T extends Values>(s: Semantics<T>, bits: LaneBits, product: T['v128']): T['v128'] => {
  const v = s.v128;
  const doubled = v.shl(bits, product, s.i32.const(1));
  const overflow = v.eq(bits, doubled, v.const(smallest(bits)));
  setSaturatedLanes(s, overflow);
  return v.xor(doubled, overflow);
};
