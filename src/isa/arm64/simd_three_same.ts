/** Advanced SIMD three same, vector and scalar. See the Arm Architecture Reference Manual, C4.1.96. */

import { insn, type Row } from '../insn.ts';
import { BIT } from './immediates.ts';
import * as lanes from './simd_lanes.ts';
import { type Binary, laneBits, lowBits, type Ternary } from './simd_lanes.ts';
import { BYTES, H_AND_S, LETTER, notOneLane, ONLY_B, ONLY_D, SIZES, setVector, sized, T, UP_TO_S, vectorBits } from './simd_shape.ts';
import * as shifts from './simd_shifts.ts';

type Entry<O> = readonly [name: string, u: 0 | 1, opcode: string, sizes: readonly number[], operation: O];

const vector = ([name, u, opcode, sizes, operation]: Entry<Binary>): Row =>
  insn(
    `${name}_vector`,
    `0 q ${u} 01110 size:2 1 vm ${opcode} 1 vn vd`,
    `${name} {vd:v}.${T}, {vn:v}.${T}, {vm:v}.${T}`,
    sized(sizes),
    (s, o) => setVector(s, o.q, o.vd, operation(s, laneBits(o.size), s.v(o.vn), s.v(o.vm))),
    notOneLane,
  );

/** Lanes beyond the vector are cleared first, so that they do not saturate. */
const saturatingVector = ([name, u, opcode, sizes, operation]: Entry<Binary>): Row =>
  insn(
    `${name}_vector`,
    `0 q ${u} 01110 size:2 1 vm ${opcode} 1 vn vd`,
    `${name} {vd:v}.${T}, {vn:v}.${T}, {vm:v}.${T}`,
    sized(sizes),
    (s, o) => {
      const [a, b] = [lowBits(s, vectorBits(o.q), s.v(o.vn)), lowBits(s, vectorBits(o.q), s.v(o.vm))];
      setVector(s, o.q, o.vd, operation(s, laneBits(o.size), a, b));
    },
    notOneLane,
  );

const accumulating = ([name, u, opcode, sizes, operation]: Entry<Ternary>): Row =>
  insn(
    `${name}_vector`,
    `0 q ${u} 01110 size:2 1 vm ${opcode} 1 vn vd`,
    `${name} {vd:v}.${T}, {vn:v}.${T}, {vm:v}.${T}`,
    sized(sizes),
    (s, o) => setVector(s, o.q, o.vd, operation(s, laneBits(o.size), s.v(o.vn), s.v(o.vm), s.v(o.vd))),
  );

const pairs = ([name, u, opcode, sizes, operation]: Entry<Binary>): Row =>
  insn(
    `${name}_vector`,
    `0 q ${u} 01110 size:2 1 vm ${opcode} 1 vn vd`,
    `${name} {vd:v}.${T}, {vn:v}.${T}, {vm:v}.${T}`,
    sized(sizes),
    (s, o) => setVector(s, o.q, o.vd, lanes.pairwise(operation)(s, laneBits(o.size), o.q, s.v(o.vn), s.v(o.vm))),
    notOneLane,
  );

const logical = ([name, u, size, operation]: readonly [name: string, u: 0 | 1, size: string, operation: Ternary]): Row =>
  insn(
    `${name}_vector`,
    `0 q ${u} 01110 ${size} 1 vm 00011 1 vn vd`,
    `${name} {vd:v}.${BYTES}, {vn:v}.${BYTES}, {vm:v}.${BYTES}`,
    { q: BIT },
    (s, o) => setVector(s, o.q, o.vd, operation(s, 8, s.v(o.vn), s.v(o.vm), s.v(o.vd))),
  );

const scalar = ([name, u, opcode, sizes, operation]: Entry<Binary>): Row =>
  insn(
    `${name}_scalar`,
    `01 ${u} 11110 size:2 1 vm ${opcode} 1 vn vd`,
    `${name} ${LETTER}{vd:n}, ${LETTER}{vn:n}, ${LETTER}{vm:n}`,
    { size: sizes },
    (s, o) => {
      const bits = laneBits(o.size);
      s.setV(o.vd, lowBits(s, bits, operation(s, bits, lowBits(s, bits, s.v(o.vn)), lowBits(s, bits, s.v(o.vm)))));
    },
  );

const add: Binary = (s, bits, a, b) => s.v128.add(bits, a, b);
const sub: Binary = (s, bits, a, b) => s.v128.sub(bits, a, b);
const smax: Binary = (s, bits, a, b) => s.v128.max_s(bits, a, b);
const umax: Binary = (s, bits, a, b) => s.v128.max_u(bits, a, b);
const smin: Binary = (s, bits, a, b) => s.v128.min_s(bits, a, b);
const umin: Binary = (s, bits, a, b) => s.v128.min_u(bits, a, b);
const cmeq: Binary = (s, bits, a, b) => s.v128.eq(bits, a, b);
const cmgt: Binary = (s, bits, a, b) => s.v128.gt_s(bits, a, b);
const cmhi: Binary = (s, bits, a, b) => s.v128.gt_u(bits, a, b);
const cmge: Binary = (s, bits, a, b) => s.v128.ge_s(bits, a, b);
const cmhs: Binary = (s, bits, a, b) => s.v128.ge_u(bits, a, b);
const mul: Binary = (s, bits, a, b) => s.v128.mul(bits, a, b);

const COMMON: readonly Entry<Binary>[] = [
  ['cmgt', 0, '00110', SIZES, cmgt],
  ['cmhi', 1, '00110', SIZES, cmhi],
  ['cmge', 0, '00111', SIZES, cmge],
  ['cmhs', 1, '00111', SIZES, cmhs],
  ['sshl', 0, '01000', SIZES, shifts.sshl],
  ['ushl', 1, '01000', SIZES, shifts.ushl],
  ['srshl', 0, '01010', SIZES, shifts.srshl],
  ['urshl', 1, '01010', SIZES, shifts.urshl],
  ['add', 0, '10000', SIZES, add],
  ['sub', 1, '10000', SIZES, sub],
  ['cmtst', 0, '10001', SIZES, lanes.cmtst],
  ['cmeq', 1, '10001', SIZES, cmeq],
];

const SATURATING: readonly Entry<Binary>[] = [
  ['sqadd', 0, '00001', SIZES, lanes.sqadd],
  ['uqadd', 1, '00001', SIZES, lanes.uqadd],
  ['sqsub', 0, '00101', SIZES, lanes.sqsub],
  ['uqsub', 1, '00101', SIZES, lanes.uqsub],
  ['sqshl', 0, '01001', SIZES, shifts.sqshlRegister],
  ['uqshl', 1, '01001', SIZES, shifts.uqshlRegister],
  ['sqrshl', 0, '01011', SIZES, shifts.sqrshl],
  ['uqrshl', 1, '01011', SIZES, shifts.uqrshl],
  ['sqdmulh', 0, '10110', H_AND_S, lanes.sqdmulh],
  ['sqrdmulh', 1, '10110', H_AND_S, lanes.sqrdmulh],
];

const VECTOR_ONLY: readonly Entry<Binary>[] = [
  ['shadd', 0, '00000', UP_TO_S, lanes.shadd],
  ['uhadd', 1, '00000', UP_TO_S, lanes.uhadd],
  ['srhadd', 0, '00010', UP_TO_S, lanes.srhadd],
  ['urhadd', 1, '00010', UP_TO_S, lanes.urhadd],
  ['shsub', 0, '00100', UP_TO_S, lanes.shsub],
  ['uhsub', 1, '00100', UP_TO_S, lanes.uhsub],
  ['smax', 0, '01100', UP_TO_S, smax],
  ['umax', 1, '01100', UP_TO_S, umax],
  ['smin', 0, '01101', UP_TO_S, smin],
  ['umin', 1, '01101', UP_TO_S, umin],
  ['sabd', 0, '01110', UP_TO_S, lanes.sabd],
  ['uabd', 1, '01110', UP_TO_S, lanes.uabd],
  ['mul', 0, '10011', UP_TO_S, mul],
  ['pmul', 1, '10011', ONLY_B, lanes.pmul],
];

const ACCUMULATING: readonly Entry<Ternary>[] = [
  ['saba', 0, '01111', UP_TO_S, (s, bits, a, b, d) => s.v128.add(bits, d, lanes.sabd(s, bits, a, b))],
  ['uaba', 1, '01111', UP_TO_S, (s, bits, a, b, d) => s.v128.add(bits, d, lanes.uabd(s, bits, a, b))],
  ['mla', 0, '10010', UP_TO_S, (s, bits, a, b, d) => s.v128.add(bits, d, s.v128.mul(bits, a, b))],
  ['mls', 1, '10010', UP_TO_S, (s, bits, a, b, d) => s.v128.sub(bits, d, s.v128.mul(bits, a, b))],
];

const PAIRS: readonly Entry<Binary>[] = [
  ['smaxp', 0, '10100', UP_TO_S, smax],
  ['umaxp', 1, '10100', UP_TO_S, umax],
  ['sminp', 0, '10101', UP_TO_S, smin],
  ['uminp', 1, '10101', UP_TO_S, umin],
  ['addp', 0, '10111', SIZES, add],
];

const LOGICAL: readonly (readonly [string, 0 | 1, string, Ternary])[] = [
  ['and', 0, '00', (s, _bits, a, b) => s.v128.and(a, b)],
  ['bic', 0, '01', (s, _bits, a, b) => s.v128.andnot(a, b)],
  ['orr', 0, '10', (s, _bits, a, b) => s.v128.or(a, b)],
  ['orn', 0, '11', (s, _bits, a, b) => s.v128.or(a, s.v128.not(b))],
  ['eor', 1, '00', (s, _bits, a, b) => s.v128.xor(a, b)],
  ['bsl', 1, '01', (s, _bits, a, b, d) => s.v128.select(d, a, b)],
  ['bit', 1, '10', (s, _bits, a, b, d) => s.v128.select(b, a, d)],
  ['bif', 1, '11', (s, _bits, a, b, d) => s.v128.select(b, d, a)],
];

export const simdThreeSame: readonly Row[] = [
  ...LOGICAL.map(logical),
  ...COMMON.map(vector),
  ...SATURATING.map(saturatingVector),
  ...VECTOR_ONLY.map(vector),
  ...ACCUMULATING.map(accumulating),
  ...PAIRS.map(pairs),
  ...COMMON.map(([name, u, opcode, , operation]) => scalar([name, u, opcode, ONLY_D, operation])),
  ...SATURATING.map(scalar),
];
