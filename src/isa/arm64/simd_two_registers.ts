/** Advanced SIMD two-register miscellaneous, vector and scalar; across lanes; scalar pairwise. See the Arm Architecture Reference Manual, C4.1.96. */

import { insn, type Row } from '../insn.ts';
import type { Semantics } from '../semantics.ts';
import type { Values } from '../values.ts';
import { BIT } from './immediates.ts';
import * as lanes from './simd_lanes.ts';
import { addLongPairs_s, addLongPairs_u, type Binary, laneBits, lowBits, narrowPair, type Unary, wider } from './simd_lanes.ts';
import {
  BYTES,
  LETTER,
  LETTER_LONG,
  notOneLane,
  ONLY_B,
  ONLY_D,
  SIZES,
  setVector,
  sized,
  T,
  T_LONG,
  UP_TO_S,
  vectorBits,
} from './simd_shape.ts';
import { clamp_s, clamp_su, clamp_u } from './simd_shifts.ts';
import { setHalf } from './simd_three_different.ts';

type Entry<O> = readonly [name: string, u: 0 | 1, opcode: string, sizes: readonly number[], operation: O];

const HALVES = '{size.q:4h|8h|2s|4s|1d|2d}';

const vector =
  (suffix = '') =>
  ([name, u, opcode, sizes, operation]: Entry<Unary>): Row =>
    insn(
      `${name}_vector`,
      `0 q ${u} 01110 size:2 10000 ${opcode} 10 vn vd`,
      `${name.split('_')[0]} {vd:v}.${T}, {vn:v}.${T}${suffix}`,
      sized(sizes),
      (s, o) => setVector(s, o.q, o.vd, operation(s, laneBits(o.size), s.v(o.vn))),
      notOneLane,
    );

/** Lanes beyond the vector are cleared first, so that they do not saturate. The operation may use the old destination. */
const saturating = ([name, u, opcode, sizes, operation]: Entry<Binary>): Row =>
  insn(
    `${name}_vector`,
    `0 q ${u} 01110 size:2 10000 ${opcode} 10 vn vd`,
    `${name} {vd:v}.${T}, {vn:v}.${T}`,
    sized(sizes),
    (s, o) => {
      const [a, d] = [lowBits(s, vectorBits(o.q), s.v(o.vn)), lowBits(s, vectorBits(o.q), s.v(o.vd))];
      setVector(s, o.q, o.vd, operation(s, laneBits(o.size), a, d));
    },
    notOneLane,
  );

/** Bytes only; the size field belongs to the operation. */
const bytes = ([name, u, size, opcode, operation]: readonly [string, 0 | 1, string, string, Unary]): Row =>
  insn(
    `${name}_vector`,
    `0 q ${u} 01110 ${size} 10000 ${opcode} 10 vn vd`,
    `${name} {vd:v}.${BYTES}, {vn:v}.${BYTES}`,
    { q: BIT },
    (s, o) => setVector(s, o.q, o.vd, operation(s, 8, s.v(o.vn))),
  );

const pairs = (name: string, u: 0 | 1, opcode: string, add: Unary, accumulate: boolean): Row =>
  insn(
    `${name}_vector`,
    `0 q ${u} 01110 size:2 10000 ${opcode} 10 vn vd`,
    `${name} {vd:v}.${HALVES}, {vn:v}.${T}`,
    sized(UP_TO_S),
    (s, o) => {
      const bits = laneBits(o.size);
      const sums = add(s, bits, s.v(o.vn));
      setVector(s, o.q, o.vd, accumulate ? s.v128.add(wider(bits), s.v(o.vd), sums) : sums);
    },
  );

/** Lanes of half the width: `clamp` brings the numbers into range. */
type Clamp = Unary;
const narrowed = <V extends Values>(s: Semantics<V>, clamp: Clamp, size: number, a: V['v128']): V['v128'] => {
  const clamped = clamp(s, wider(laneBits(size)), a);
  return narrowPair(s, laneBits(size), clamped, clamped);
};
const narrow = ([name, u, opcode, , clamp]: Entry<Clamp>): Row =>
  insn(
    `${name}_vector`,
    `0 q ${u} 01110 size:2 10000 ${opcode} 10 vn vd`,
    `${name}{q:|2} {vd:v}.${T}, {vn:v}.${T_LONG}`,
    sized(UP_TO_S),
    (s, o) => setHalf(s, o.q, o.vd, narrowed(s, clamp, o.size, s.v(o.vn))),
  );
const narrowScalar = ([name, u, opcode, , clamp]: Entry<Clamp>): Row =>
  insn(
    `${name}_scalar`,
    `01 ${u} 11110 size:2 10000 ${opcode} 10 vn vd`,
    `${name} ${LETTER}{vd:n}, ${LETTER_LONG}{vn:n}`,
    { size: UP_TO_S },
    (s, o) => {
      const bits = laneBits(o.size);
      s.setV(o.vd, lowBits(s, bits, narrowed(s, clamp, o.size, lowBits(s, 2 * bits, s.v(o.vn)))));
    },
  );

const scalar =
  (suffix = '') =>
  ([name, u, opcode, sizes, operation]: Entry<Binary>): Row =>
    insn(
      `${name}_scalar`,
      `01 ${u} 11110 size:2 10000 ${opcode} 10 vn vd`,
      `${name.split('_')[0]} ${LETTER}{vd:n}, ${LETTER}{vn:n}${suffix}`,
      { size: sizes },
      (s, o) => {
        const bits = laneBits(o.size);
        s.setV(o.vd, lowBits(s, bits, operation(s, bits, lowBits(s, bits, s.v(o.vn)), lowBits(s, bits, s.v(o.vd)))));
      },
    );

const shll = insn(
  'shll_vector',
  '0 q 1 01110 size:2 10000 10011 10 vn vd',
  `shll{q:|2} {vd:v}.${T_LONG}, {vn:v}.${T}, #{size:8|16|32}`,
  sized(UP_TO_S),
  (s, o) => {
    const bits = laneBits(o.size);
    s.setV(o.vd, s.v128.shl(wider(bits), s.v128.extend_u(bits, o.q, s.v(o.vn)), s.i32.const(bits)));
  },
);

const COMPARISONS: readonly Entry<Unary>[] = [
  ['cmgt_zero', 0, '01000', SIZES, (s, bits, a) => s.v128.gt_s(bits, a, s.v128.const(0n))],
  ['cmge_zero', 1, '01000', SIZES, (s, bits, a) => s.v128.ge_s(bits, a, s.v128.const(0n))],
  ['cmeq_zero', 0, '01001', SIZES, (s, bits, a) => s.v128.eq(bits, a, s.v128.const(0n))],
  ['cmle_zero', 1, '01001', SIZES, (s, bits, a) => s.v128.ge_s(bits, s.v128.const(0n), a)],
  ['cmlt_zero', 0, '01010', SIZES, (s, bits, a) => s.v128.gt_s(bits, s.v128.const(0n), a)],
];
const ABS_NEG: readonly Entry<Unary>[] = [
  ['abs', 0, '01011', SIZES, (s, bits, a) => s.v128.abs(bits, a)],
  ['neg', 1, '01011', SIZES, (s, bits, a) => s.v128.neg(bits, a)],
];
const VECTOR_ONLY: readonly Entry<Unary>[] = [
  ['rev64', 0, '00000', UP_TO_S, lanes.reverse(64)],
  ['rev32', 1, '00000', [0, 1], lanes.reverse(32)],
  ['rev16', 0, '00001', ONLY_B, lanes.reverse(16)],
  ['cls', 0, '00100', UP_TO_S, lanes.cls],
  ['clz', 1, '00100', UP_TO_S, lanes.clz],
];
const SATURATING: readonly Entry<Binary>[] = [
  ['suqadd', 0, '00011', SIZES, lanes.suqadd],
  ['usqadd', 1, '00011', SIZES, lanes.usqadd],
  ['sqabs', 0, '00111', SIZES, lanes.sqabs],
  ['sqneg', 1, '00111', SIZES, lanes.sqneg],
];
const BYTES_ONLY: readonly (readonly [string, 0 | 1, string, string, Unary])[] = [
  ['cnt', 0, '00', '00101', (s, _bits, a) => s.v128.popcnt(a)],
  ['not', 1, '00', '00101', (s, _bits, a) => s.v128.not(a)],
  ['rbit', 1, '01', '00101', lanes.rbit],
];
const NARROW: readonly Entry<Clamp>[] = [
  ['sqxtun', 1, '10010', UP_TO_S, clamp_su],
  ['sqxtn', 0, '10100', UP_TO_S, clamp_s],
  ['uqxtn', 1, '10100', UP_TO_S, clamp_u],
];
const XTN: Entry<Clamp> = ['xtn', 0, '10010', UP_TO_S, (_s, _bits, a) => a];

/** Combines all lanes of a vector: halves, quarters … until lane 0 has them all. */
function reduce<V extends Values>(s: Semantics<V>, size: number, q: number, operation: Binary, a: V['v128']): V['v128'] {
  const bits = laneBits(size);
  let result = a;
  for (let distance = vectorBits(q) / 16; distance >= bits / 8; distance /= 2) {
    const moved = s.v128.shuffle(
      Array.from({ length: 16 }, (_, byte) => (byte + distance) % 16),
      result,
      result,
    );
    result = operation(s, bits, result, moved);
  }
  return result;
}
const notTwoLanes = ({ size, q }: Readonly<Record<string, number>>): boolean => size !== 2 || q === 1;
const across = (name: string, u: 0 | 1, opcode: string, operation: Binary): Row =>
  insn(
    name,
    `0 q ${u} 01110 size:2 11000 ${opcode} 10 vn vd`,
    `${name} ${LETTER}{vd:n}, {vn:v}.${T}`,
    sized(UP_TO_S),
    (s, o) => s.setV(o.vd, lowBits(s, laneBits(o.size), reduce(s, o.size, o.q, operation, s.v(o.vn)))),
    notTwoLanes,
  );
const acrossLong = (name: string, u: 0 | 1, addPairs: Unary): Row =>
  insn(
    name,
    `0 q ${u} 01110 size:2 11000 00011 10 vn vd`,
    `${name} ${LETTER_LONG}{vd:n}, {vn:v}.${T}`,
    sized(UP_TO_S),
    (s, o) => {
      const sums = addPairs(s, laneBits(o.size), s.v(o.vn));
      s.setV(o.vd, lowBits(s, 2 * laneBits(o.size), reduce(s, o.size + 1, o.q, add, sums)));
    },
    notTwoLanes,
  );
const add: Binary = (s, bits, a, b) => s.v128.add(bits, a, b);

const addPair = insn('addp_scalar', '01 0 11110 11 11000 11011 10 vn vd', 'addp {vd:d}, {vn:v}.2d', {}, (s, o) => {
  const a = s.v(o.vn);
  s.setVectorLow64(o.vd, s.i64.add(s.v128.extract_u(64, a, 0), s.v128.extract_u(64, a, 1)));
});

const onlyD = ([name, u, opcode, , operation]: Entry<Unary>): Entry<Binary> => [name, u, opcode, ONLY_D, operation];

export const simdTwoRegisters: readonly Row[] = [
  ...COMPARISONS.map(vector(', #0')),
  ...ABS_NEG.map(vector()),
  ...VECTOR_ONLY.map(vector()),
  ...SATURATING.map(saturating),
  ...BYTES_ONLY.map(bytes),
  pairs('saddlp', 0, '00010', addLongPairs_s, false),
  pairs('uaddlp', 1, '00010', addLongPairs_u, false),
  pairs('sadalp', 0, '00110', addLongPairs_s, true),
  pairs('uadalp', 1, '00110', addLongPairs_u, true),
  narrow(XTN),
  ...NARROW.map(narrow),
  shll,
  ...COMPARISONS.map(onlyD).map(scalar(', #0')),
  ...ABS_NEG.map(onlyD).map(scalar()),
  ...SATURATING.map(scalar()),
  ...NARROW.map(narrowScalar),
  across('smaxv', 0, '01010', (s, bits, a, b) => s.v128.max_s(bits, a, b)),
  across('umaxv', 1, '01010', (s, bits, a, b) => s.v128.max_u(bits, a, b)),
  across('sminv', 0, '11010', (s, bits, a, b) => s.v128.min_s(bits, a, b)),
  across('uminv', 1, '11010', (s, bits, a, b) => s.v128.min_u(bits, a, b)),
  across('addv', 0, '11011', add),
  acrossLong('saddlv', 0, addLongPairs_s),
  acrossLong('uaddlv', 1, addLongPairs_u),
  addPair,
];
