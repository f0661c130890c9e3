/** Advanced SIMD three different (widening and narrowing), vector and scalar, and the dot product. See the Arm Architecture Reference Manual, C4.1.96. */

import { insn, type Row } from '../insn.ts';
import type { Semantics } from '../semantics.ts';
import type { LaneBits } from '../semantics_vector.ts';
import type { Values } from '../values.ts';
import { BIT } from './immediates.ts';
import * as lanes from './simd_lanes.ts';
import { type Binary, everyLane, laneBits, lowBits, narrowPair, sqadd, sqsub, wider } from './simd_lanes.ts';
import { BYTES, H_AND_S, LETTER, LETTER_LONG, ONLY_B, setVector, sized, T, T_LONG, UP_TO_S } from './simd_shape.ts';
import { saturatingDouble } from './simd_shifts.ts';

/** From the low or high halves of `a` and `b`, whose lanes are `bits` wide, and the old destination, lanes twice as wide. */
export type Widening = <V extends Values>(
  s: Semantics<V>,
  bits: LaneBits,
  half: number,
  a: V['v128'],
  b: V['v128'],
  d: V['v128'],
) => V['v128'];

type Entry<O> = readonly [name: string, u: 0 | 1, opcode: string, sizes: readonly number[], operation: O];

const long = ([name, u, opcode, sizes, operation]: Entry<Widening>): Row =>
  insn(
    `${name}_vector`,
    `0 q ${u} 01110 size:2 1 vm ${opcode} 00 vn vd`,
    `${name}{q:|2} {vd:v}.${T_LONG}, {vn:v}.${T}, {vm:v}.${T}`,
    sized(sizes),
    (s, o) => s.setV(o.vd, operation(s, laneBits(o.size), o.q, s.v(o.vn), s.v(o.vm), s.v(o.vd))),
  );

/** The first operand is as wide as the result. */
const wide = ([name, u, opcode, sizes, operation]: Entry<Widening>): Row =>
  insn(
    `${name}_vector`,
    `0 q ${u} 01110 size:2 1 vm ${opcode} 00 vn vd`,
    `${name}{q:|2} {vd:v}.${T_LONG}, {vn:v}.${T_LONG}, {vm:v}.${T}`,
    sized(sizes),
    (s, o) => s.setV(o.vd, operation(s, laneBits(o.size), o.q, s.v(o.vn), s.v(o.vm), s.v(o.vd))),
  );

/** The high half of each lane of a sum or difference; `rounding` adds half a unit. */
const narrow = ([name, u, opcode, operation]: readonly [name: string, u: 0 | 1, opcode: string, operation: Binary]): Row =>
  insn(
    `${name}_vector`,
    `0 q ${u} 01110 size:2 1 vm ${opcode} 00 vn vd`,
    `${name}{q:|2} {vd:v}.${T}, {vn:v}.${T_LONG}, {vm:v}.${T_LONG}`,
    sized(UP_TO_S),
    (s, o) => {
      const bits = laneBits(o.size);
      const sum = operation(s, wider(bits), s.v(o.vn), s.v(o.vm));
      const rounded = u ? s.v128.add(wider(bits), sum, s.v128.const(everyLane(wider(bits), 1n << BigInt(bits - 1)))) : sum;
      setHalf(s, o.q, o.vd, s.v128.shuffle(lanes.everySecond(bits, 1), rounded, rounded));
    },
  );

/** Writes the low half and clears the high one, or writes the high half (of which `value` has a copy) and keeps the low one. */
export const setHalf = <V extends Values>(s: Semantics<V>, q: number, register: V['vreg'], value: V['v128']): void =>
  s.setV(register, q ? s.v128.select(s.v128.const((1n << 64n) - 1n), s.v(register), value) : lowBits(s, 64, value));

/** The lowest lane of a widening operation. */
const scalar = ([name, u, opcode, sizes, operation]: Entry<Widening>): Row =>
  insn(
    `${name}_scalar`,
    `01 ${u} 11110 size:2 1 vm ${opcode} 00 vn vd`,
    `${name} ${LETTER_LONG}{vd:n}, ${LETTER}{vn:n}, ${LETTER}{vm:n}`,
    { size: sizes },
    (s, o) => {
      const bits = laneBits(o.size);
      const [a, b, d] = [lowBits(s, bits, s.v(o.vn)), lowBits(s, bits, s.v(o.vm)), lowBits(s, 2 * bits, s.v(o.vd))];
      s.setV(o.vd, lowBits(s, 2 * bits, operation(s, bits, 0, a, b, d)));
    },
  );

export const smull: Widening = (s, bits, half, a, b) => s.v128.mulLong_s(bits, half, a, b);
export const umull: Widening = (s, bits, half, a, b) => s.v128.mulLong_u(bits, half, a, b);
export const smlal: Widening = (s, bits, half, a, b, d) => s.v128.add(wider(bits), d, s.v128.mulLong_s(bits, half, a, b));
export const umlal: Widening = (s, bits, half, a, b, d) => s.v128.add(wider(bits), d, s.v128.mulLong_u(bits, half, a, b));
export const smlsl: Widening = (s, bits, half, a, b, d) => s.v128.sub(wider(bits), d, s.v128.mulLong_s(bits, half, a, b));
export const umlsl: Widening = (s, bits, half, a, b, d) => s.v128.sub(wider(bits), d, s.v128.mulLong_u(bits, half, a, b));
export const sqdmull: Widening = (s, bits, half, a, b) => saturatingDouble(s, wider(bits), s.v128.mulLong_s(bits, half, a, b));
export const sqdmlal: Widening = (s, bits, half, a, b, d) => sqadd(s, wider(bits), d, sqdmull(s, bits, half, a, b, d));
export const sqdmlsl: Widening = (s, bits, half, a, b, d) => sqsub(s, wider(bits), d, sqdmull(s, bits, half, a, b, d));

const sabdl: Widening = (s, bits, half, a, b) => s.v128.extend_u(bits, half, lanes.sabd(s, bits, a, b));
const uabdl: Widening = (s, bits, half, a, b) => s.v128.extend_u(bits, half, lanes.uabd(s, bits, a, b));

const LONG: readonly Entry<Widening>[] = [
  [
    'saddl',
    0,
    '0000',
    UP_TO_S,
    (s, bits, half, a, b) => s.v128.add(wider(bits), s.v128.extend_s(bits, half, a), s.v128.extend_s(bits, half, b)),
  ],
  [
    'uaddl',
    1,
    '0000',
    UP_TO_S,
    (s, bits, half, a, b) => s.v128.add(wider(bits), s.v128.extend_u(bits, half, a), s.v128.extend_u(bits, half, b)),
  ],
  [
    'ssubl',
    0,
    '0010',
    UP_TO_S,
    (s, bits, half, a, b) => s.v128.sub(wider(bits), s.v128.extend_s(bits, half, a), s.v128.extend_s(bits, half, b)),
  ],
  [
    'usubl',
    1,
    '0010',
    UP_TO_S,
    (s, bits, half, a, b) => s.v128.sub(wider(bits), s.v128.extend_u(bits, half, a), s.v128.extend_u(bits, half, b)),
  ],
  ['sabal', 0, '0101', UP_TO_S, (s, bits, half, a, b, d) => s.v128.add(wider(bits), d, sabdl(s, bits, half, a, b, d))],
  ['uabal', 1, '0101', UP_TO_S, (s, bits, half, a, b, d) => s.v128.add(wider(bits), d, uabdl(s, bits, half, a, b, d))],
  ['sabdl', 0, '0111', UP_TO_S, sabdl],
  ['uabdl', 1, '0111', UP_TO_S, uabdl],
  ['smlal', 0, '1000', UP_TO_S, smlal],
  ['umlal', 1, '1000', UP_TO_S, umlal],
  ['smlsl', 0, '1010', UP_TO_S, smlsl],
  ['umlsl', 1, '1010', UP_TO_S, umlsl],
  ['smull', 0, '1100', UP_TO_S, smull],
  ['umull', 1, '1100', UP_TO_S, umull],
  ['pmull', 0, '1110', ONLY_B, (s, _bits, half, a, b) => lanes.polynomialProduct(s, half, a, b)],
];

const SATURATING: readonly Entry<Widening>[] = [
  ['sqdmlal', 0, '1001', H_AND_S, sqdmlal],
  ['sqdmlsl', 0, '1011', H_AND_S, sqdmlsl],
  ['sqdmull', 0, '1101', H_AND_S, sqdmull],
];

const WIDE: readonly Entry<Widening>[] = [
  ['saddw', 0, '0001', UP_TO_S, (s, bits, half, a, b) => s.v128.add(wider(bits), a, s.v128.extend_s(bits, half, b))],
  ['uaddw', 1, '0001', UP_TO_S, (s, bits, half, a, b) => s.v128.add(wider(bits), a, s.v128.extend_u(bits, half, b))],
  ['ssubw', 0, '0011', UP_TO_S, (s, bits, half, a, b) => s.v128.sub(wider(bits), a, s.v128.extend_s(bits, half, b))],
  ['usubw', 1, '0011', UP_TO_S, (s, bits, half, a, b) => s.v128.sub(wider(bits), a, s.v128.extend_u(bits, half, b))],
];

const NARROW: readonly (readonly [string, 0 | 1, string, Binary])[] = [
  ['addhn', 0, '0100', (s, bits, a, b) => s.v128.add(bits, a, b)],
  ['raddhn', 1, '0100', (s, bits, a, b) => s.v128.add(bits, a, b)],
  ['subhn', 0, '0110', (s, bits, a, b) => s.v128.sub(bits, a, b)],
  ['rsubhn', 1, '0110', (s, bits, a, b) => s.v128.sub(bits, a, b)],
];

/** Four products of bytes added to each 32-bit lane. */
export const dotProduct =
  (signed: number) =>
  <V extends Values>(s: Semantics<V>, a: V['v128'], b: V['v128'], d: V['v128']): V['v128'] => {
    const sums = (half: number): V['v128'] =>
      signed ? lanes.addLongPairs_s(s, 16, s.v128.mulLong_s(8, half, a, b)) : lanes.addLongPairs_u(s, 16, s.v128.mulLong_u(8, half, a, b));
    const [low, high] = [sums(0), sums(1)];
    const even = narrowPair(s, 32, low, high);
    const odd = s.v128.shuffle(lanes.everySecond(32, 1), low, high);
    return s.v128.add(32, d, s.v128.add(32, even, odd));
  };

const dot = (name: string, u: 0 | 1): Row =>
  insn(
    `${name}_vector`,
    `0 q ${u} 01110 10 0 vm 1 0010 1 vn vd`,
    `${name} {vd:v}.{q:2s|4s}, {vn:v}.${BYTES}, {vm:v}.${BYTES}`,
    { q: BIT },
    (s, o) => setVector(s, o.q, o.vd, dotProduct(1 - u)(s, s.v(o.vn), s.v(o.vm), s.v(o.vd))),
  );

export const simdThreeDifferent: readonly Row[] = [
  ...LONG.map(long),
  ...SATURATING.map(long),
  ...WIDE.map(wide),
  ...NARROW.map(narrow),
  ...SATURATING.map(scalar),
  dot('sdot', 0),
  dot('udot', 1),
];
