/** Advanced SIMD floating point of other shapes: by element, between widths, fixed point. See the Arm Architecture Reference Manual, C4.1.96. */

import { insn, type Row } from '../insn.ts';
import { vectorFixedPoint } from './fp_immediates.ts';
import {
  applyLanes,
  binaryLanes,
  fmlaLanes,
  fmlsLanes,
  type Lanes,
  laneOf,
  lanesOf,
  mapLanes,
  negate,
  scalar,
  setScalar,
  type Ternary,
  typeLetter,
} from './fp_lanes.ts';
import { BIT } from './immediates.ts';
import { everyLaneFrom } from './simd_copy.ts';
import { laneBytes } from './simd_immediates.ts';

/** The element's encoding: single precision has two bits of lane number, double one. */
const ELEMENTS = [
  { bits: 32, register: '10 l vm', index: 'h', syntax: '{vm:v}.s[{h.l:d}]', lane: { h: 1, l: 1 } },
  { bits: 64, register: '11 0 vm', index: 'h', syntax: '{vm:v}.d[{h:d}]', lane: { h: 1 } },
] as const;

const byElement = ([name, u, opcode, lanes, operation]: readonly [string, 0 | 1, string, Lanes, Ternary]): Row[] =>
  ELEMENTS.flatMap(({ bits, register, index, syntax, lane }): Row[] => {
    const from = laneBytes(bits, lane);
    const shape = bits === 32 ? '{q:2s|4s}' : '2d';
    const letter = typeLetter(bits);
    return [
      insn(
        `${name}_element_fp_${letter}`,
        `0 q ${u} 01111 ${register} ${opcode} ${index} 0 vn vd`,
        `${name} {vd:v}.${shape}, {vn:v}.${shape}, ${syntax}`,
        { q: BIT, from },
        (s, o) => {
          const elements = everyLaneFrom(s, bits, s.v(o.vm), o.from);
          s.setV(o.vd, applyLanes(s, [lanes, bits, o.q], s.v(o.vn), elements, s.v(o.vd)));
        },
        ({ q }) => bits === 32 || q === 1,
      ),
      insn(
        `${name}_element_scalar_fp_${letter}`,
        `01 ${u} 11111 ${register} ${opcode} ${index} 0 vn vd`,
        `${name} {vd:${letter}}, {vn:${letter}}, ${syntax}`,
        { from },
        (s, o) => {
          const element = laneOf(s, bits, everyLaneFrom(s, bits, s.v(o.vm), o.from), 0);
          setScalar(s, bits, o.vd, operation(s, bits, scalar(s, bits, o.vn), element, scalar(s, bits, o.vd)));
        },
      ),
    ];
  });

/** FCVTL: the low or high half of the lanes, made twice as wide; `sz` 0 is half to single. */
const lengthen: Row = insn(
  'fcvtl_vector',
  '0 q 0 01110 0 sz 10000 10111 10 vn vd',
  'fcvtl{q:|2} {vd:v}.{sz:4s|2d}, {vn:v}.{sz.q:4h|8h|2s|4s}',
  { q: BIT, sz: BIT },
  (s, o) => {
    const from = o.sz ? 32 : 16;
    const to = o.sz ? 64 : 32;
    const count = 128 / to;
    const a = s.v(o.vn);
    s.setV(
      o.vd,
      mapLanes(s, to, count, (i) => s.float.convert(from, to, 'current', laneOf(s, from, a, i + o.q * count))),
    );
  },
);

/** FCVTN, FCVTXN: lanes of half the width in the low half (the rest cleared) or the high half (the rest kept). */
const narrow = (name: string, u: 0 | 1, sizes: readonly number[], mode: 'odd' | 'current'): Row =>
  insn(
    `${name}_vector`,
    `0 q ${u} 01110 0 sz 10000 10110 10 vn vd`,
    `${name}{q:|2} {vd:v}.{sz.q:4h|8h|2s|4s}, {vn:v}.{sz:4s|2d}`,
    { q: BIT, sz: sizes },
    (s, o) => {
      const to = o.sz ? 32 : 16;
      const from = o.sz ? 64 : 32;
      const count = 128 / from;
      const a = s.v(o.vn);
      let result = o.q ? s.v(o.vd) : s.v128.const(0n);
      for (let i = 0; i < count; i++) {
        result = s.v128.replace(to, result, i + o.q * count, s.float.convert(from, to, mode, laneOf(s, from, a, i)));
      }
      s.setV(o.vd, result);
    },
  );

/** Conversions with fraction bits, as shifts by immediate: immh is 01x for singles and 1xx for doubles. */
const fixed = ([name, u, opcode, to, signed]: readonly [string, 0 | 1, string, 'integer' | 'float', 0 | 1]): Row[] =>
  ([32, 64] as const).flatMap((bits): Row[] => {
    const width = bits === 32 ? 5 : 6;
    const shape = bits === 32 ? '{q:2s|4s}' : '2d';
    const letter = typeLetter(bits);
    const fields = `${bits === 32 ? '01' : '1'} count:${width}`;
    const fraction = vectorFixedPoint(bits);
    return [
      insn(
        `${name}_vector_fixed_${letter}`,
        `0 q ${u} 011110 ${fields} ${opcode} 1 vn vd`,
        `${name} {vd:v}.${shape}, {vn:v}.${shape}, #{fraction:d}`,
        { q: BIT, fraction },
        (s, o) => {
          const a = s.v(o.vn);
          const convert = (x: ReturnType<typeof s.i64.const>): typeof x =>
            to === 'integer'
              ? s.float.toInteger(bits, bits, signed, 'zero', x, o.fraction)
              : s.float.fromInteger(bits, bits, signed, x, o.fraction);
          s.setV(
            o.vd,
            mapLanes(s, bits, lanesOf(bits, o.q), (i) => convert(laneOf(s, bits, a, i))),
          );
        },
        ({ q }) => bits === 32 || q === 1,
      ),
      insn(
        `${name}_scalar_fixed_${letter}`,
        `01 ${u} 111110 ${fields} ${opcode} 1 vn vd`,
        `${name} {vd:${letter}}, {vn:${letter}}, #{fraction:d}`,
        { fraction },
        (s, o) => {
          const x = scalar(s, bits, o.vn);
          const value =
            to === 'integer'
              ? s.float.toInteger(bits, bits, signed, 'zero', x, o.fraction)
              : s.float.fromInteger(bits, bits, signed, x, o.fraction);
          setScalar(s, bits, o.vd, value);
        },
      ),
    ];
  });

export const fpVectorShapes: readonly Row[] = [
  ...byElement(['fmla', 0, '0001', fmlaLanes, (s, bits, a, b, d) => s.float.mulAdd(bits, d, a, b)]),
  ...byElement(['fmls', 0, '0101', fmlsLanes, (s, bits, a, b, d) => s.float.mulAdd(bits, d, negate(s, bits, a), b)]),
  ...byElement(['fmul', 0, '1001', binaryLanes('mul'), (s, bits, a, b) => s.float.binary('mul', bits, a, b)]),
  ...byElement(['fmulx', 1, '1001', binaryLanes('mulx'), (s, bits, a, b) => s.float.binary('mulx', bits, a, b)]),
  lengthen,
  narrow('fcvtn', 0, BIT, 'current'),
  narrow('fcvtxn', 1, [1], 'odd'),
  insn('fcvtxn_scalar', '01 1 11110 0 1 10000 10110 10 vn vd', 'fcvtxn {vd:s}, {vn:d}', {}, (s, o) =>
    setScalar(s, 32, o.vd, s.float.convert(64, 32, 'odd', scalar(s, 64, o.vn))),
  ),
  ...fixed(['scvtf', 0, '11100', 'float', 1]),
  ...fixed(['fcvtzs', 0, '11111', 'integer', 1]),
  ...fixed(['ucvtf', 1, '11100', 'float', 0]),
  ...fixed(['fcvtzu', 1, '11111', 'integer', 0]),
];
