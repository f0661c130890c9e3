/** Advanced SIMD floating point, vector and scalar. See the Arm Architecture Reference Manual, C4.1.96. */

import { insn, type Row } from '../insn.ts';
import type { Semantics } from '../semantics.ts';
import type { FloatRelation, FloatUnary } from '../semantics_float.ts';
import type { Values } from '../values.ts';
import {
  ARRANGEMENT,
  absolute,
  applyLanes,
  type Binary,
  binaryLanes,
  fmlaLanes,
  fmlsLanes,
  type Lanes,
  laneOf,
  lanesOf,
  mapLanes,
  mask,
  negate,
  notOneDouble,
  S_OR_D,
  scalar,
  setScalar,
  sizeBits,
  type Unary,
} from './fp_lanes.ts';
import { arithmetic, integral } from './fp_scalar.ts';
import { BIT } from './immediates.ts';

const VECTOR = { q: BIT, sz: BIT } as const;
const SCALAR = { sz: BIT } as const;

/** Where an operation stands in the encoding: U, the high bit of size, the opcode. */
type Entry<O> = readonly [name: string, u: 0 | 1, high: 0 | 1, opcode: string, operation: O];

type Result = <T extends Values>(s: Semantics<T>, bits: 32 | 64, q: number, a: T['v128'], b: T['v128'], d: T['v128']) => T['v128'];

const threeSameBy = (name: string, u: 0 | 1, high: 0 | 1, opcode: string, result: Result): Row =>
  insn(
    `${name}_vector_fp`,
    `0 q ${u} 01110 ${high} sz 1 vm ${opcode} 1 vn vd`,
    `${name} {vd:v}.${ARRANGEMENT}, {vn:v}.${ARRANGEMENT}, {vm:v}.${ARRANGEMENT}`,
    VECTOR,
    (s, o) => s.setV(o.vd, result(s, sizeBits(o.sz), o.q, s.v(o.vn), s.v(o.vm), s.v(o.vd))),
    notOneDouble,
  );

const threeSame = ([name, u, high, opcode, operation]: Entry<Binary>): Row =>
  threeSameBy(name, u, high, opcode, (s, bits, q, a, b) =>
    mapLanes(s, bits, lanesOf(bits, q), (i) => operation(s, bits, laneOf(s, bits, a, i), laneOf(s, bits, b, i))),
  );

const threeSameLanes = ([name, u, high, opcode, lanes]: Entry<Lanes>): Row =>
  threeSameBy(name, u, high, opcode, (s, bits, q, a, b, d) => applyLanes(s, [lanes, bits, q], a, b, d));

const threeSameScalar = ([name, u, high, opcode, operation]: Entry<Binary>): Row =>
  insn(
    `${name}_scalar_fp`,
    `01 ${u} 11110 ${high} sz 1 vm ${opcode} 1 vn vd`,
    `${name} ${S_OR_D}{vd:n}, ${S_OR_D}{vn:n}, ${S_OR_D}{vm:n}`,
    SCALAR,
    (s, o) => {
      const bits = sizeBits(o.sz);
      setScalar(s, bits, o.vd, operation(s, bits, scalar(s, bits, o.vn), scalar(s, bits, o.vm)));
    },
  );

/** Neighbours: those of the first operand give the low lanes, those of the second the high ones. */
const pairwise = ([name, u, high, opcode, operation]: Entry<Binary>): Row =>
  insn(
    `${name}_vector_fp`,
    `0 q ${u} 01110 ${high} sz 1 vm ${opcode} 1 vn vd`,
    `${name} {vd:v}.${ARRANGEMENT}, {vn:v}.${ARRANGEMENT}, {vm:v}.${ARRANGEMENT}`,
    VECTOR,
    (s, o) => {
      const bits = sizeBits(o.sz);
      const count = lanesOf(bits, o.q);
      const [a, b] = [s.v(o.vn), s.v(o.vm)];
      s.setV(
        o.vd,
        mapLanes(s, bits, count, (i) => {
          const source = 2 * i < count ? a : b;
          const first = (2 * i) % count;
          return operation(s, bits, laneOf(s, bits, source, first), laneOf(s, bits, source, first + 1));
        }),
      );
    },
    notOneDouble,
  );

const pairwiseScalar = ([name, u, high, opcode, operation]: Entry<Binary>): Row =>
  insn(
    `${name}_pair_fp`,
    `01 ${u} 11110 ${high} sz 11000 ${opcode} 10 vn vd`,
    `${name} ${S_OR_D}{vd:n}, {vn:v}.{sz:2s|2d}`,
    SCALAR,
    (s, o) => {
      const bits = sizeBits(o.sz);
      const a = s.v(o.vn);
      setScalar(s, bits, o.vd, operation(s, bits, laneOf(s, bits, a, 0), laneOf(s, bits, a, 1)));
    },
  );

const twoRegisters = ([name, u, high, opcode, operation, suffix = '']: readonly [...Entry<Unary>, suffix?: string]): Row =>
  insn(
    `${name}_vector_fp`,
    `0 q ${u} 01110 ${high} sz 10000 ${opcode} 10 vn vd`,
    `${name.split('_')[0]} {vd:v}.${ARRANGEMENT}, {vn:v}.${ARRANGEMENT}${suffix}`,
    VECTOR,
    (s, o) => {
      const bits = sizeBits(o.sz);
      const a = s.v(o.vn);
      s.setV(
        o.vd,
        mapLanes(s, bits, lanesOf(bits, o.q), (i) => operation(s, bits, laneOf(s, bits, a, i))),
      );
    },
    notOneDouble,
  );

const twoRegistersScalar = ([name, u, high, opcode, operation, suffix = '']: readonly [...Entry<Unary>, suffix?: string]): Row =>
  insn(
    `${name}_scalar_fp`,
    `01 ${u} 11110 ${high} sz 10000 ${opcode} 10 vn vd`,
    `${name.split('_')[0]} ${S_OR_D}{vd:n}, ${S_OR_D}{vn:n}${suffix}`,
    SCALAR,
    (s, o) => setScalar(s, sizeBits(o.sz), o.vd, operation(s, sizeBits(o.sz), scalar(s, sizeBits(o.sz), o.vn))),
  );

/** Across four singles: pairs first, as the manual's Reduce does. */
const across = ([name, high, opcode, operation]: readonly [string, 0 | 1, string, Binary]): Row =>
  insn(`${name}_across`, `0 1 1 01110 ${high} 0 11000 ${opcode} 10 vn vd`, `${name} {vd:s}, {vn:v}.4s`, {}, (s, o) => {
    const a = s.v(o.vn);
    const low = operation(s, 32, laneOf(s, 32, a, 0), laneOf(s, 32, a, 1));
    const high = operation(s, 32, laneOf(s, 32, a, 2), laneOf(s, 32, a, 3));
    setScalar(s, 32, o.vd, operation(s, 32, low, high));
  });

const relate =
  (relation: FloatRelation): Binary =>
  (s, bits, a, b) =>
    mask(s, bits, s.float.test(relation, bits, a, b));
const magnitudes =
  (operation: Binary): Binary =>
  (s, bits, a, b) =>
    operation(s, bits, absolute(s, bits, a), absolute(s, bits, b));
/** A comparison with zero; `swapped` puts zero first. */
const withZero =
  (relation: FloatRelation, swapped = false): Unary =>
  (s, bits, a) =>
    swapped ? relate(relation)(s, bits, s.i64.const(0), a) : relate(relation)(s, bits, a, s.i64.const(0));
const unary =
  (operation: FloatUnary): Unary =>
  (s, bits, a) =>
    s.float.unary(operation, bits, a);
const toInteger =
  (signed: 0 | 1, mode: Parameters<typeof integral>[0]): Unary =>
  (s, bits, a) =>
    s.float.toInteger(bits, bits, signed, mode, a, s.i32.const(0));
const fromInteger =
  (signed: 0 | 1): Unary =>
  (s, bits, a) =>
    s.float.fromInteger(bits, bits, signed, a, s.i32.const(0));

const fabd: Binary = (s, bits, a, b) => absolute(s, bits, s.float.binary('sub', bits, a, b));

const scalarToo: readonly Entry<Binary>[] = [
  ['fmulx', 0, 0, '11011', arithmetic('mulx')],
  ['fcmeq', 0, 0, '11100', relate('eq')],
  ['frecps', 0, 0, '11111', arithmetic('recps')],
  ['frsqrts', 0, 1, '11111', arithmetic('rsqrts')],
  ['fcmge', 1, 0, '11100', relate('ge')],
  ['facge', 1, 0, '11101', magnitudes(relate('ge'))],
  ['fabd', 1, 1, '11010', fabd],
  ['fcmgt', 1, 1, '11100', relate('gt')],
  ['facgt', 1, 1, '11101', magnitudes(relate('gt'))],
];

const vectorOnly: readonly Entry<Lanes>[] = [
  ['fmaxnm', 0, 0, '11000', binaryLanes('maxnm')],
  ['fmla', 0, 0, '11001', fmlaLanes],
  ['fadd', 0, 0, '11010', binaryLanes('add')],
  ['fmax', 0, 0, '11110', binaryLanes('max')],
  ['fminnm', 0, 1, '11000', binaryLanes('minnm')],
  ['fmls', 0, 1, '11001', fmlsLanes],
  ['fsub', 0, 1, '11010', binaryLanes('sub')],
  ['fmin', 0, 1, '11110', binaryLanes('min')],
  ['fmul', 1, 0, '11011', binaryLanes('mul')],
  ['fdiv', 1, 0, '11111', binaryLanes('div')],
];

const pairs: readonly Entry<Binary>[] = [
  ['fmaxnmp', 1, 0, '11000', arithmetic('maxnm')],
  ['faddp', 1, 0, '11010', arithmetic('add')],
  ['fmaxp', 1, 0, '11110', arithmetic('max')],
  ['fminnmp', 1, 1, '11000', arithmetic('minnm')],
  ['fminp', 1, 1, '11110', arithmetic('min')],
];

const scalarPairs: readonly Entry<Binary>[] = [
  ['fmaxnmp', 1, 0, '01100', arithmetic('maxnm')],
  ['faddp', 1, 0, '01101', arithmetic('add')],
  ['fmaxp', 1, 0, '01111', arithmetic('max')],
  ['fminnmp', 1, 1, '01100', arithmetic('minnm')],
  ['fminp', 1, 1, '01111', arithmetic('min')],
];

const ZERO = ', #0.0';
const conversions: readonly Entry<Unary>[] = [
  ['fcvtns', 0, 0, '11010', toInteger(1, 'even')],
  ['fcvtms', 0, 0, '11011', toInteger(1, 'down')],
  ['fcvtas', 0, 0, '11100', toInteger(1, 'away')],
  ['scvtf', 0, 0, '11101', fromInteger(1)],
  ['fcvtps', 0, 1, '11010', toInteger(1, 'up')],
  ['fcvtzs', 0, 1, '11011', toInteger(1, 'zero')],
  ['frecpe', 0, 1, '11101', unary('recpe')],
  ['fcvtnu', 1, 0, '11010', toInteger(0, 'even')],
  ['fcvtmu', 1, 0, '11011', toInteger(0, 'down')],
  ['fcvtau', 1, 0, '11100', toInteger(0, 'away')],
  ['ucvtf', 1, 0, '11101', fromInteger(0)],
  ['fcvtpu', 1, 1, '11010', toInteger(0, 'up')],
  ['fcvtzu', 1, 1, '11011', toInteger(0, 'zero')],
  ['frsqrte', 1, 1, '11101', unary('rsqrte')],
];
const zeroTests: readonly [...Entry<Unary>, string][] = [
  ['fcmgt_zero', 0, 1, '01100', withZero('gt'), ZERO],
  ['fcmeq_zero', 0, 1, '01101', withZero('eq'), ZERO],
  ['fcmlt_zero', 0, 1, '01110', withZero('gt', true), ZERO],
  ['fcmge_zero', 1, 1, '01100', withZero('ge'), ZERO],
  ['fcmle_zero', 1, 1, '01101', withZero('ge', true), ZERO],
];
const vectorUnaries: readonly Entry<Unary>[] = [
  ['frintn', 0, 0, '11000', integral('even')],
  ['frintm', 0, 0, '11001', integral('down')],
  ['fabs', 0, 1, '01111', absolute],
  ['frintp', 0, 1, '11000', integral('up')],
  ['frintz', 0, 1, '11001', integral('zero')],
  ['frinta', 1, 0, '11000', integral('away')],
  ['frintx', 1, 0, '11001', integral('current', 1)],
  ['fneg', 1, 1, '01111', negate],
  ['frinti', 1, 1, '11001', integral('current')],
  ['fsqrt', 1, 1, '11111', unary('sqrt')],
];

const unsignedEstimate = ([name, u, root]: readonly [string, 0 | 1, 0 | 1]): Row =>
  insn(`${name}_vector`, `0 q ${u} 01110 10 10000 11100 10 vn vd`, `${name} {vd:v}.{q:2s|4s}, {vn:v}.{q:2s|4s}`, { q: BIT }, (s, o) => {
    const a = s.v(o.vn);
    s.setV(
      o.vd,
      mapLanes(s, 32, lanesOf(32, o.q), (i) => s.float.unsignedEstimate(root, laneOf(s, 32, a, i))),
    );
  });

export const fpVector: readonly Row[] = [
  ...scalarToo.map(threeSame),
  ...vectorOnly.map(threeSameLanes),
  ...scalarToo.map(threeSameScalar),
  ...pairs.map(pairwise),
  ...scalarPairs.map(pairwiseScalar),
  ...[...conversions, ...zeroTests, ...vectorUnaries].map(twoRegisters),
  ...[...conversions, ...zeroTests].map(twoRegistersScalar),
  twoRegistersScalar(['frecpx', 0, 1, '11111', unary('recpx')]),
  across(['fmaxnmv', 0, '01100', arithmetic('maxnm')]),
  across(['fmaxv', 0, '01111', arithmetic('max')]),
  across(['fminnmv', 1, '01100', arithmetic('minnm')]),
  across(['fminv', 1, '01111', arithmetic('min')]),
  unsignedEstimate(['urecpe', 0, 0]),
  unsignedEstimate(['ursqrte', 1, 1]),
];
