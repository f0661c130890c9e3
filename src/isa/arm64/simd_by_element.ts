/** Advanced SIMD vector × indexed element, vector and scalar. See the Arm Architecture Reference Manual, C4.1.96. */

import { insn, type Row } from '../insn.ts';
import type { LaneBits } from '../semantics_vector.ts';
import { BIT } from './immediates.ts';
import { everyLaneFrom } from './simd_copy.ts';
import { laneBytes } from './simd_immediates.ts';
import { lowBits, sqdmulh, sqrdmulh, type Ternary, wider } from './simd_lanes.ts';
import { arrangement, BYTES, letter, setVector, vectorBits } from './simd_shape.ts';
import type { Widening } from './simd_three_different.ts';
import * as long from './simd_three_different.ts';

interface Width {
  readonly bits: LaneBits;
  /** Size, the bits of the lane number above the register, and the register. */
  readonly register: string;
  readonly syntax: string;
  readonly lane: Readonly<Record<string, number>>;
}
const H: Width = { bits: 16, register: '01 l m vm:4', syntax: '{vm:v}.h[{h.l.m:d}]', lane: { h: 1, l: 1, m: 1 } };
const S: Width = { bits: 32, register: '10 l vm', syntax: '{vm:v}.s[{h.l:d}]', lane: { h: 1, l: 1 } };
const WIDTHS = [H, S];

const longArrangement = (bits: LaneBits): string => `${128 / wider(bits)}${letter(wider(bits))}`;

const same = ([name, u, opcode, operation]: readonly [name: string, u: 0 | 1, opcode: string, operation: Ternary]): Row[] =>
  WIDTHS.map(({ bits, register, syntax, lane }) =>
    insn(
      `${name}_element_${letter(bits)}`,
      `0 q ${u} 01111 ${register} ${opcode} h 0 vn vd`,
      `${name} {vd:v}.${arrangement(bits)}, {vn:v}.${arrangement(bits)}, ${syntax}`,
      { q: BIT, lane: laneBytes(bits, lane) },
      (s, o) => {
        const b = everyLaneFrom(s, bits, s.v(o.vm), o.lane);
        setVector(s, o.q, o.vd, operation(s, bits, lowBits(s, vectorBits(o.q), s.v(o.vn)), b, s.v(o.vd)));
      },
    ),
  );

const sameScalar = ([name, u, opcode, operation]: readonly [name: string, u: 0 | 1, opcode: string, operation: Ternary]): Row[] =>
  WIDTHS.map(({ bits, register, syntax, lane }) =>
    insn(
      `${name}_element_scalar_${letter(bits)}`,
      `01 ${u} 11111 ${register} ${opcode} h 0 vn vd`,
      `${name} {vd:${letter(bits)}}, {vn:${letter(bits)}}, ${syntax}`,
      { lane: laneBytes(bits, lane) },
      (s, o) => {
        const b = everyLaneFrom(s, bits, s.v(o.vm), o.lane);
        s.setV(o.vd, lowBits(s, bits, operation(s, bits, lowBits(s, bits, s.v(o.vn)), b, s.v(o.vd))));
      },
    ),
  );

const widening = ([name, u, opcode, operation]: readonly [name: string, u: 0 | 1, opcode: string, operation: Widening]): Row[] =>
  WIDTHS.map(({ bits, register, syntax, lane }) =>
    insn(
      `${name}_element_${letter(bits)}`,
      `0 q ${u} 01111 ${register} ${opcode} h 0 vn vd`,
      `${name}{q:|2} {vd:v}.${longArrangement(bits)}, {vn:v}.${arrangement(bits)}, ${syntax}`,
      { q: BIT, lane: laneBytes(bits, lane) },
      (s, o) => s.setV(o.vd, operation(s, bits, o.q, s.v(o.vn), everyLaneFrom(s, bits, s.v(o.vm), o.lane), s.v(o.vd))),
    ),
  );

const wideningScalar = ([name, u, opcode, operation]: readonly [name: string, u: 0 | 1, opcode: string, operation: Widening]): Row[] =>
  WIDTHS.map(({ bits, register, syntax, lane }) =>
    insn(
      `${name}_element_scalar_${letter(bits)}`,
      `01 ${u} 11111 ${register} ${opcode} h 0 vn vd`,
      `${name} {vd:${letter(wider(bits))}}, {vn:${letter(bits)}}, ${syntax}`,
      { lane: laneBytes(bits, lane) },
      (s, o) => {
        const a = lowBits(s, bits, s.v(o.vn));
        const d = lowBits(s, 2 * bits, s.v(o.vd));
        s.setV(o.vd, lowBits(s, 2 * bits, operation(s, bits, 0, a, everyLaneFrom(s, bits, s.v(o.vm), o.lane), d)));
      },
    ),
  );

const dot = (name: string, u: 0 | 1): Row =>
  insn(
    `${name}_element`,
    `0 q ${u} 01111 10 l vm 1110 h 0 vn vd`,
    `${name} {vd:v}.{q:2s|4s}, {vn:v}.${BYTES}, {vm:v}.4b[{h.l:d}]`,
    { q: BIT, lane: laneBytes(32, S.lane) },
    (s, o) => setVector(s, o.q, o.vd, long.dotProduct(1 - u)(s, s.v(o.vn), everyLaneFrom(s, 32, s.v(o.vm), o.lane), s.v(o.vd))),
  );

const SAME: readonly (readonly [string, 0 | 1, string, Ternary])[] = [
  ['mla', 1, '0000', (s, bits, a, b, d) => s.v128.add(bits, d, s.v128.mul(bits, a, b))],
  ['mls', 1, '0100', (s, bits, a, b, d) => s.v128.sub(bits, d, s.v128.mul(bits, a, b))],
  ['mul', 0, '1000', (s, bits, a, b) => s.v128.mul(bits, a, b)],
];
const SAME_SATURATING: readonly (readonly [string, 0 | 1, string, Ternary])[] = [
  ['sqdmulh', 0, '1100', sqdmulh],
  ['sqrdmulh', 0, '1101', sqrdmulh],
];
const WIDENING: readonly (readonly [string, 0 | 1, string, Widening])[] = [
  ['smlal', 0, '0010', long.smlal],
  ['umlal', 1, '0010', long.umlal],
  ['smlsl', 0, '0110', long.smlsl],
  ['umlsl', 1, '0110', long.umlsl],
  ['smull', 0, '1010', long.smull],
  ['umull', 1, '1010', long.umull],
];
const WIDENING_SATURATING: readonly (readonly [string, 0 | 1, string, Widening])[] = [
  ['sqdmlal', 0, '0011', long.sqdmlal],
  ['sqdmlsl', 0, '0111', long.sqdmlsl],
  ['sqdmull', 0, '1011', long.sqdmull],
];

export const simdByElement: readonly Row[] = [
  ...SAME.flatMap(same),
  ...SAME_SATURATING.flatMap(same),
  ...WIDENING.flatMap(widening),
  ...WIDENING_SATURATING.flatMap(widening),
  ...SAME_SATURATING.flatMap(sameScalar),
  ...WIDENING_SATURATING.flatMap(wideningScalar),
  dot('sdot', 0),
  dot('udot', 1),
];
