/** Advanced SIMD permutations: ZIP, UZP, TRN, EXT, TBL and TBX. See the Arm Architecture Reference Manual, C4.1.96. */

import type { Immediate } from '../immediate.ts';
import { insn, nextV, type Row } from '../insn.ts';
import type { Semantics } from '../semantics.ts';
import type { Values } from '../values.ts';
import { BIT } from './immediates.ts';
import { everyLane, everySecond, laneBits } from './simd_lanes.ts';
import { BYTES, notOneLane, SIZES, setVector, sized, T } from './simd_shape.ts';

/** Picks a byte of b:a (16 + n is byte n of b) for each byte of the result. */
type Pick = (bytes: number, vectorBytes: number, byte: number) => number;

const B = 16;
const zip =
  (part: number): Pick =>
  (bytes, vectorBytes, byte) => {
    const lane = Math.floor(byte / bytes);
    return (lane & 1) * B + (part * vectorBytes) / 2 + (lane >> 1) * bytes + (byte % bytes);
  };
const trn =
  (part: number): Pick =>
  (bytes, _vectorBytes, byte) => {
    const lane = Math.floor(byte / bytes);
    return (lane & 1) * B + ((lane & ~1) + part) * bytes + (byte % bytes);
  };
const uzp =
  (part: number): Pick =>
  (bytes, vectorBytes, byte) =>
    everySecond(8 * bytes, part, vectorBytes)[byte]!;

const permutation = ([name, opcode, pick]: readonly [name: string, opcode: string, pick: Pick]): Row =>
  insn(
    name,
    `0 q 0 01110 size:2 0 vm 0 ${opcode} 10 vn vd`,
    `${name} {vd:v}.${T}, {vn:v}.${T}, {vm:v}.${T}`,
    sized(SIZES),
    (s, o) => {
      const vectorBytes = o.q ? 16 : 8;
      const bytes = Array.from({ length: 16 }, (_, byte) => (byte < vectorBytes ? pick(laneBits(o.size) / 8, vectorBytes, byte) : 0));
      setVector(s, o.q, o.vd, s.v128.shuffle(bytes, s.v(o.vn), s.v(o.vm)));
    },
    notOneLane,
  );

/** The byte indices that move a vector down by as many bytes, in both halves of 64 bits; the high half is eight further. */
const firstByte: Immediate<'i64'> = {
  name: 'firstByte',
  type: 'i64',
  bytes: 8,
  from: ['imm4'],
  decode: (imm4) => BigInt(imm4!) * 0x0101010101010101n,
  encode: (value) => [Number(BigInt(value) & 15n)],
};

const BYTE_NUMBERS = 0x0f0e0d0c0b0a09080706050403020100n;
/** Swizzles take 0 for an index above 15, which both of the parts rely on. */
const ext: readonly Row[] = [
  insn(
    'ext_16b',
    '0 1 1 01110 000 vm 0 imm4:4 0 vn vd',
    'ext {vd:v}.16b, {vn:v}.16b, {vm:v}.16b, {imm4:#d}',
    { first: firstByte },
    (s, o) => {
      const v = s.v128;
      const indices = v.add(8, v.const(BYTE_NUMBERS), v.splat(64, o.first));
      const low = v.swizzle(s.v(o.vn), indices);
      s.setV(o.vd, v.or(low, v.swizzle(s.v(o.vm), v.sub(8, indices, v.const(everyLane(8, 16n))))));
    },
  ),
  insn(
    'ext_8b',
    '0 0 1 01110 000 vm 0 0 imm4:3 0 vn vd',
    'ext {vd:v}.8b, {vn:v}.8b, {vm:v}.8b, {imm4:#d}',
    { first: firstByte },
    (s, o) => {
      const v = s.v128;
      const both = v.shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23], s.v(o.vn), s.v(o.vm));
      setVector(s, 0, o.vd, v.swizzle(both, v.add(8, v.const(BYTE_NUMBERS), v.splat(64, o.first))));
    },
  ),
];

/** Bytes of a table of one to four registers; 0 where an index is beyond it. */
function lookUp<V extends Values>(s: Semantics<V>, table: readonly V['v128'][], indices: V['v128']): V['v128'] {
  const v = s.v128;
  const parts = table.map((part, i) => v.swizzle(part, i ? v.sub(8, indices, v.const(everyLane(8, BigInt(16 * i)))) : indices));
  return parts.reduce((all, part) => v.or(all, part));
}

const table = [1, 2, 3, 4].flatMap((length): Row[] => {
  const siblings = { q: BIT, v1: nextV('vn', 1), v2: nextV('vn', 2), v3: nextV('vn', 3) };
  const syntax = `{vd:v}.${BYTES}, {vn:list${length} 16b}, {vm:v}.${BYTES}`;
  const pattern = (op: number): string => `0 q 0 01110 000 vm 0 ${(length - 1).toString(2).padStart(2, '0')} ${op} 00 vn vd`;
  return [
    insn(`tbl_${length}`, pattern(0), `tbl ${syntax}`, siblings, (s, o) => {
      const registers = [o.vn, o.v1, o.v2, o.v3].slice(0, length).map((register) => s.v(register));
      setVector(s, o.q, o.vd, lookUp(s, registers, s.v(o.vm)));
    }),
    insn(`tbx_${length}`, pattern(1), `tbx ${syntax}`, siblings, (s, o) => {
      const registers = [o.vn, o.v1, o.v2, o.v3].slice(0, length).map((register) => s.v(register));
      const indices = s.v(o.vm);
      const beyond = s.v128.gt_u(8, indices, s.v128.const(everyLane(8, BigInt(16 * length - 1))));
      setVector(s, o.q, o.vd, s.v128.select(beyond, s.v(o.vd), lookUp(s, registers, indices)));
    }),
  ];
});

export const simdPermute: readonly Row[] = [
  ...(
    [
      ['uzp1', '001', uzp(0)],
      ['trn1', '010', trn(0)],
      ['zip1', '011', zip(0)],
      ['uzp2', '101', uzp(1)],
      ['trn2', '110', trn(1)],
      ['zip2', '111', zip(1)],
    ] as const
  ).map(permutation),
  ...ext,
  ...table,
];
