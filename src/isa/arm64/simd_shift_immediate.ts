/** Advanced SIMD shift by immediate, vector and scalar. See the Arm Architecture Reference Manual, C4.1.96. */

import { insn, type Row } from '../insn.ts';
import type { Semantics } from '../semantics.ts';
import type { LaneBits } from '../semantics_vector.ts';
import type { Values } from '../values.ts';
import { BIT } from './immediates.ts';
import { leftCount, rightCount } from './simd_immediates.ts';
import { lowBits, narrowPair, type Unary, wider } from './simd_lanes.ts';
import { arrangement, letter, setVector, vectorBits } from './simd_shape.ts';
import * as shifts from './simd_shifts.ts';
import { clamp_s, clamp_su, clamp_u, type ShiftOperation } from './simd_shifts.ts';
import { setHalf } from './simd_three_different.ts';

type Entry = readonly [name: string, u: 0 | 1, opcode: string, operation: ShiftOperation];
/** The last operand is the old destination. */
type Accumulating = <T extends Values>(s: Semantics<T>, bits: LaneBits, a: T['v128'], count: T['i32'], d: T['v128']) => T['v128'];
type AccumulatingEntry = readonly [name: string, u: 0 | 1, opcode: string, direction: 'left' | 'right', operation: Accumulating];
type NarrowEntry = readonly [name: string, u: 0 | 1, opcode: string, shift: ShiftOperation, clamp: Unary];

/** immh:immb for lanes of one width: zeros, a one and the count. */
const WIDTHS: readonly (readonly [bits: LaneBits, immediate: string])[] = [
  [8, '0001 count:3'],
  [16, '001 count:4'],
  [32, '01 count:5'],
  [64, '1 count:6'],
];
const NARROW_WIDTHS = WIDTHS.slice(0, 3);
const fits =
  (bits: LaneBits) =>
  (fields: Readonly<Record<string, number>>): boolean =>
    bits !== 64 || fields['q'] === 1;

const vector = ([name, u, opcode, direction, operation]: AccumulatingEntry): Row[] =>
  WIDTHS.map(([bits, immediate]) =>
    insn(
      `${name}_${letter(bits)}`,
      `0 q ${u} 011110 ${immediate} ${opcode} 1 vn vd`,
      `${name} {vd:v}.${arrangement(bits)}, {vn:v}.${arrangement(bits)}, {by:#d}`,
      { q: BIT, by: direction === 'left' ? leftCount(bits) : rightCount(bits) },
      (s, o) => setVector(s, o.q, o.vd, operation(s, bits, s.v(o.vn), o.by, s.v(o.vd))),
      fits(bits),
    ),
  );

const scalar = ([name, u, opcode, direction, operation]: AccumulatingEntry): Row =>
  insn(
    `${name}_scalar`,
    `01 ${u} 111110 1 count:6 ${opcode} 1 vn vd`,
    `${name} {vd:d}, {vn:d}, {by:#d}`,
    { by: direction === 'left' ? leftCount(64) : rightCount(64) },
    (s, o) => setVector(s, 0, o.vd, operation(s, 64, s.v(o.vn), o.by, s.v(o.vd))),
  );

/** Left shifts that saturate: what lies beyond the vector or scalar is cleared first. */
const saturating = ([name, u, opcode, operation]: Entry): Row[] =>
  WIDTHS.flatMap(([bits, immediate]) => [
    insn(
      `${name}_immediate_${letter(bits)}`,
      `0 q ${u} 011110 ${immediate} ${opcode} 1 vn vd`,
      `${name} {vd:v}.${arrangement(bits)}, {vn:v}.${arrangement(bits)}, {by:#d}`,
      { q: BIT, by: leftCount(bits) },
      (s, o) => setVector(s, o.q, o.vd, operation(s, bits, lowBits(s, vectorBits(o.q), s.v(o.vn)), o.by)),
      fits(bits),
    ),
    insn(
      `${name}_immediate_scalar_${letter(bits)}`,
      `01 ${u} 111110 ${immediate} ${opcode} 1 vn vd`,
      `${name} {vd:${letter(bits)}}, {vn:${letter(bits)}}, {by:#d}`,
      { by: leftCount(bits) },
      (s, o) => s.setV(o.vd, lowBits(s, bits, operation(s, bits, lowBits(s, bits, s.v(o.vn)), o.by))),
    ),
  ]);

/** Shifted right, clamped, and halved in width. */
const narrowed = <V extends Values>(
  s: Semantics<V>,
  [, , , shift, clamp]: NarrowEntry,
  bits: LaneBits,
  a: V['v128'],
  count: V['i32'],
): V['v128'] => {
  const result = clamp(s, wider(bits), shift(s, wider(bits), a, count));
  return narrowPair(s, bits, result, result);
};
const narrow = (entry: NarrowEntry): Row[] => {
  const [name, u, opcode] = entry;
  return NARROW_WIDTHS.map(([bits, immediate]) =>
    insn(
      `${name}_${letter(bits)}`,
      `0 q ${u} 011110 ${immediate} ${opcode} 1 vn vd`,
      `${name}{q:|2} {vd:v}.${arrangement(bits)}, {vn:v}.${128 / wider(bits)}${letter(wider(bits))}, {by:#d}`,
      { q: BIT, by: rightCount(bits) },
      (s, o) => setHalf(s, o.q, o.vd, narrowed(s, entry, bits, s.v(o.vn), o.by)),
    ),
  );
};
const narrowScalar = (entry: NarrowEntry): Row[] => {
  const [name, u, opcode] = entry;
  return NARROW_WIDTHS.map(([bits, immediate]) =>
    insn(
      `${name}_scalar_${letter(bits)}`,
      `01 ${u} 111110 ${immediate} ${opcode} 1 vn vd`,
      `${name} {vd:${letter(bits)}}, {vn:${letter(wider(bits))}}, {by:#d}`,
      { by: rightCount(bits) },
      (s, o) => s.setV(o.vd, lowBits(s, bits, narrowed(s, entry, bits, lowBits(s, 2 * bits, s.v(o.vn)), o.by))),
    ),
  );
};

const long = (name: string, u: 0 | 1, extend: 'extend_s' | 'extend_u'): Row[] =>
  NARROW_WIDTHS.map(([bits, immediate]) =>
    insn(
      `${name}_${letter(bits)}`,
      `0 q ${u} 011110 ${immediate} 10100 1 vn vd`,
      `${name}{q:|2} {vd:v}.${128 / wider(bits)}${letter(wider(bits))}, {vn:v}.${arrangement(bits)}, {by:#d}`,
      { q: BIT, by: leftCount(bits) },
      (s, o) => s.setV(o.vd, s.v128.shl(wider(bits), s.v128[extend](bits, o.q, s.v(o.vn)), o.by)),
    ),
  );

const accumulate =
  (shift: ShiftOperation): Accumulating =>
  (s, bits, a, count, d) =>
    s.v128.add(bits, d, shift(s, bits, a, count));
const ALL_ONES = (1n << 128n) - 1n;
/** Shift left or right and keep the destination's bits where nothing arrives. */
const insert =
  (shift: ShiftOperation): Accumulating =>
  (s, bits, a, count, d) =>
    s.v128.select(shift(s, bits, s.v128.const(ALL_ONES), count), shift(s, bits, a, count), d);

const VECTOR_AND_D: readonly AccumulatingEntry[] = [
  ['sshr', 0, '00000', 'right', shifts.sshr],
  ['ushr', 1, '00000', 'right', shifts.ushr],
  ['ssra', 0, '00010', 'right', accumulate(shifts.sshr)],
  ['usra', 1, '00010', 'right', accumulate(shifts.ushr)],
  ['srshr', 0, '00100', 'right', shifts.srshr],
  ['urshr', 1, '00100', 'right', shifts.urshr],
  ['srsra', 0, '00110', 'right', accumulate(shifts.srshr)],
  ['ursra', 1, '00110', 'right', accumulate(shifts.urshr)],
  ['sri', 1, '01000', 'right', insert(shifts.ushr)],
  ['shl', 0, '01010', 'left', shifts.shl],
  ['sli', 1, '01010', 'left', insert(shifts.shl)],
];
const SATURATING: readonly Entry[] = [
  ['sqshlu', 1, '01100', shifts.sqshlu],
  ['sqshl', 0, '01110', shifts.sqshl],
  ['uqshl', 1, '01110', shifts.uqshl],
];
const unclamped: Unary = (_s, _bits, a) => a;
const NARROW: readonly NarrowEntry[] = [
  ['shrn', 0, '10000', shifts.ushr, unclamped],
  ['rshrn', 0, '10001', shifts.urshr, unclamped],
];
const NARROW_SATURATING: readonly NarrowEntry[] = [
  ['sqshrun', 1, '10000', shifts.sshr, clamp_su],
  ['sqrshrun', 1, '10001', shifts.srshr, clamp_su],
  ['sqshrn', 0, '10010', shifts.sshr, clamp_s],
  ['uqshrn', 1, '10010', shifts.ushr, clamp_u],
  ['sqrshrn', 0, '10011', shifts.srshr, clamp_s],
  ['uqrshrn', 1, '10011', shifts.urshr, clamp_u],
];

export const simdShiftImmediate: readonly Row[] = [
  ...VECTOR_AND_D.flatMap(vector),
  ...VECTOR_AND_D.map(scalar),
  ...SATURATING.flatMap(saturating),
  ...NARROW.flatMap(narrow),
  ...NARROW_SATURATING.flatMap(narrow),
  ...NARROW_SATURATING.flatMap(narrowScalar),
  ...long('sshll', 0, 'extend_s'),
  ...long('ushll', 1, 'extend_u'),
];
