/** Advanced SIMD copy: DUP, INS, SMOV, UMOV. See the Arm Architecture Reference Manual, C4.1.96. */

import { insn, type Row } from '../insn.ts';
import type { Semantics } from '../semantics.ts';
import { general } from '../semantics_integer.ts';
import type { LaneBits } from '../semantics_vector.ts';
import type { Values } from '../values.ts';
import { BIT } from './immediates.ts';
import { laneBytes } from './simd_immediates.ts';
import { lowBits } from './simd_lanes.ts';
import { arrangement, letter, setVector } from './simd_shape.ts';

/** A number for each byte of a vector. */
const everyByte = (value: (byte: number) => number): bigint =>
  Array.from({ length: 16 }, (_, byte) => BigInt(value(byte)) << BigInt(8 * byte)).reduce((all, byte) => all | byte);

/** A lane, given as `laneBytes`, in all places. */
export function everyLaneFrom<V extends Values>(s: Semantics<V>, bits: LaneBits, vector: V['v128'], lane: V['i32']): V['v128'] {
  const first = s.v128.splat(16, s.extend_u(lane));
  const within = s.v128.const(everyByte((byte) => byte % (bits / 8)));
  return s.v128.swizzle(vector, bits === 8 ? first : s.v128.add(8, first, within));
}

/** Writes one lane, given as `laneBytes`, and keeps the others; `filled` has the value in all lanes. */
export function insertLane<V extends Values>(
  s: Semantics<V>,
  bits: LaneBits,
  register: V['vreg'],
  lane: V['i32'],
  filled: V['v128'],
): void {
  const firsts = s.v128.const(everyByte((byte) => byte - (byte % (bits / 8))));
  const chosen = s.v128.eq(8, s.v128.splat(16, s.extend_u(lane)), firsts);
  s.setV(register, s.v128.select(chosen, filled, s.v(register)));
}

/** imm5 for lanes of one width: the lane number, a one, zeros. */
const LANES: readonly { readonly bits: LaneBits; readonly imm5: string; readonly numberWidth: number }[] = [
  { bits: 8, imm5: 'lane:4 1', numberWidth: 4 },
  { bits: 16, imm5: 'lane:3 10', numberWidth: 3 },
  { bits: 32, imm5: 'lane:2 100', numberWidth: 2 },
  { bits: 64, imm5: 'lane:1 1000', numberWidth: 1 },
];

const copies = LANES.flatMap(({ bits, imm5, numberWidth }): Row[] => {
  const from = laneBytes(bits, { lane: numberWidth });
  const l = letter(bits);
  const ignored = '.'.repeat(4 - numberWidth);
  const fits = ({ q }: Readonly<Record<string, number>>): boolean => bits !== 64 || q === 1;
  return [
    insn(
      `dup_element_${l}`,
      `0 q 0 01110000 ${imm5} 0 0000 1 vn vd`,
      `dup {vd:v}.${arrangement(bits)}, {vn:v}.${l}[{lane:d}]`,
      { q: BIT, from },
      (s, o) => setVector(s, o.q, o.vd, everyLaneFrom(s, bits, s.v(o.vn), o.from)),
      fits,
    ),
    insn(`dup_scalar_${l}`, `01 0 11110000 ${imm5} 0 0000 1 vn vd`, `dup ${l}{vd:n}, {vn:v}.${l}[{lane:d}]`, { from }, (s, o) =>
      s.setV(o.vd, lowBits(s, bits, everyLaneFrom(s, bits, s.v(o.vn), o.from))),
    ),
    insn(
      `dup_general_${l}`,
      `0 q 0 01110000 ${'.'.repeat(numberWidth)} ${imm5.split(' ')[1]} 0 0001 1 rn vd`,
      `dup {vd:v}.${arrangement(bits)}, {rn:${bits === 64 ? 'x' : 'w'}}`,
      { q: BIT },
      (s, o) => setVector(s, o.q, o.vd, s.v128.splat(bits, s.i64.get(o.rn))),
      fits,
    ),
    insn(
      `ins_general_${l}`,
      `0 1 0 01110000 ${imm5} 0 0011 1 rn vd`,
      `ins {vd:v}.${l}[{lane:d}], {rn:${bits === 64 ? 'x' : 'w'}}`,
      { from },
      (s, o) => insertLane(s, bits, o.vd, o.from, s.v128.splat(bits, s.i64.get(o.rn))),
    ),
    insn(
      `ins_element_${l}`,
      `0 1 1 01110000 ${imm5} 0 source:${numberWidth} ${ignored} 1 vn vd`,
      `ins {vd:v}.${l}[{lane:d}], {vn:v}.${l}[{source:d}]`,
      { to: from, from: laneBytes(bits, { source: numberWidth }) },
      (s, o) => insertLane(s, bits, o.vd, o.to, everyLaneFrom(s, bits, s.v(o.vn), o.from)),
    ),
  ];
});

const toGeneral = LANES.flatMap(({ bits, imm5, numberWidth }): Row[] => {
  const fields = { from: laneBytes(bits, { lane: numberWidth }) };
  const l = letter(bits);
  const unsigned = insn(
    `umov_${l}`,
    `0 ${bits === 64 ? 1 : 0} 0 01110000 ${imm5} 0 0111 1 vn rd`,
    `umov {rd:${bits === 64 ? 'x' : 'w'}}, {vn:v}.${l}[{lane:d}]`,
    fields,
    (s, o) => s.i64.set(o.rd, s.v128.extract_u(bits, everyLaneFrom(s, bits, s.v(o.vn), o.from), 0)),
  );
  if (bits === 64) return [unsigned];
  const signed = insn(
    `smov_${l}`,
    `0 sf 0 01110000 ${imm5} 0 0101 1 vn rd`,
    `smov {rd:sf}, {vn:v}.${l}[{lane:d}]`,
    { ...fields, sf: BIT },
    (s, o) => {
      const r = general(s, o.sf);
      r.set(o.rd, r.fromI64(s.v128.extract_s(bits, everyLaneFrom(s, bits, s.v(o.vn), o.from), 0)));
    },
    ({ sf }) => bits !== 32 || sf === 1,
  );
  return [unsigned, signed];
});

export const simdCopy: readonly Row[] = [...copies, ...toGeneral];
