/** Floating-point data processing on scalars. See the Arm Architecture Reference Manual, C4.1.96, "Data processing - scalar floating-point". */

import { insn, type Row } from '../insn.ts';
import type { FloatBinary, FloatBits, FloatRounding } from '../semantics_float.ts';
import { general } from '../semantics_integer.ts';
import { fixedPoint, floatImmediate } from './fp_immediates.ts';
import { absolute, type Binary, negate, SINGLE_DOUBLE, scalar, setScalar, TYPE, typeBits, typeLetter, type Unary } from './fp_lanes.ts';
import { BIT, condition, flagsImmediate } from './immediates.ts';

type Mode = FloatRounding | 'current';

const oneSource = ([name, opcode, operation]: readonly [name: string, opcode: string, operation: Unary]): Row =>
  insn(
    `${name}_scalar`,
    `0 0 0 11110 ftype:2 1 ${opcode} 10000 vn vd`,
    `${name} ${TYPE}{vd:n}, ${TYPE}{vn:n}`,
    { ftype: SINGLE_DOUBLE },
    (s, o) => setScalar(s, typeBits(o.ftype), o.vd, operation(s, typeBits(o.ftype), scalar(s, typeBits(o.ftype), o.vn))),
  );

export const integral =
  (mode: Mode, exact = 0): Unary =>
  (s, bits, a) =>
    s.float.roundIntegral(bits, mode, exact, a);

const conversion = ([from, to, ftype, opcode]: readonly [FloatBits, FloatBits, string, string]): Row =>
  insn(
    `fcvt_${typeLetter(from)}_${typeLetter(to)}`,
    `0 0 0 11110 ${ftype} 1 ${opcode} 10000 vn vd`,
    `fcvt {vd:${typeLetter(to)}}, {vn:${typeLetter(from)}}`,
    {},
    (s, o) => setScalar(s, to, o.vd, s.float.convert(from, to, 'current', scalar(s, from, o.vn))),
  );

export const arithmetic =
  (operation: FloatBinary): Binary =>
  (s, bits, a, b) =>
    s.float.binary(operation, bits, a, b);

const twoSources = ([name, opcode, operation]: readonly [name: string, opcode: string, operation: Binary]): Row =>
  insn(
    `${name}_scalar`,
    `0 0 0 11110 ftype:2 1 vm ${opcode} 10 vn vd`,
    `${name} ${TYPE}{vd:n}, ${TYPE}{vn:n}, ${TYPE}{vm:n}`,
    { ftype: SINGLE_DOUBLE },
    (s, o) => {
      const bits = typeBits(o.ftype);
      setScalar(s, bits, o.vd, operation(s, bits, scalar(s, bits, o.vn), scalar(s, bits, o.vm)));
    },
  );

/** FMADD and its relatives, with what is negated. */
const threeSources = ([name, opcode, product, addend]: readonly [string, readonly [0 | 1, 0 | 1], boolean, boolean]): Row =>
  insn(
    name,
    `0 0 0 11111 ftype:2 ${opcode[0]} vm ${opcode[1]} va vn vd`,
    `${name} ${TYPE}{vd:n}, ${TYPE}{vn:n}, ${TYPE}{vm:n}, ${TYPE}{va:n}`,
    { ftype: SINGLE_DOUBLE },
    (s, o) => {
      const bits = typeBits(o.ftype);
      const [n, m, a] = [scalar(s, bits, o.vn), scalar(s, bits, o.vm), scalar(s, bits, o.va)];
      setScalar(s, bits, o.vd, s.float.mulAdd(bits, addend ? negate(s, bits, a) : a, product ? negate(s, bits, n) : n, m));
    },
  );

const compares = ([name, signalling]: readonly ['fcmp' | 'fcmpe', 0 | 1]): Row[] => [
  insn(
    name,
    `0 0 0 11110 ftype:2 1 vm 00 1000 vn ${signalling} 0 000`,
    `${name} ${TYPE}{vn:n}, ${TYPE}{vm:n}`,
    { ftype: SINGLE_DOUBLE },
    (s, o) => {
      const bits = typeBits(o.ftype);
      s.setNzcv(s.float.compare(bits, signalling, scalar(s, bits, o.vn), scalar(s, bits, o.vm)));
    },
  ),
  insn(
    `${name}_zero`,
    `0 0 0 11110 ftype:2 1 ..... 00 1000 vn ${signalling} 1 000`,
    `${name} ${TYPE}{vn:n}, #0.0`,
    { ftype: SINGLE_DOUBLE },
    (s, o) => {
      const bits = typeBits(o.ftype);
      s.setNzcv(s.float.compare(bits, signalling, scalar(s, bits, o.vn), s.i64.const(0)));
    },
  ),
  // The comparison, with its exceptions, happens only where the condition holds.
  insn(
    `fc${name.slice(1)}`,
    `0 0 0 11110 ftype:2 1 vm cond:4 01 vn ${signalling} nzcv:4`,
    `fc${name.slice(1)} ${TYPE}{vn:n}, ${TYPE}{vm:n}, #{nzcv:x}, {cond:cc}`,
    { ftype: SINGLE_DOUBLE, passes: condition, otherwise: flagsImmediate },
    (s, o) => {
      const bits = typeBits(o.ftype);
      const passes = s.condition(o.passes);
      const before = s.fpsr();
      const compared = s.float.compare(bits, signalling, scalar(s, bits, o.vn), scalar(s, bits, o.vm));
      s.setFpsr(s.i32.select(passes, s.fpsr(), before));
      s.setNzcv(s.i32.select(passes, compared, o.otherwise));
    },
  ),
];

const select: Row = insn(
  'fcsel',
  '0 0 0 11110 ftype:2 1 vm cond:4 11 vn vd',
  `fcsel ${TYPE}{vd:n}, ${TYPE}{vn:n}, ${TYPE}{vm:n}, {cond:cc}`,
  { ftype: SINGLE_DOUBLE, passes: condition },
  (s, o) => {
    const bits = typeBits(o.ftype);
    setScalar(s, bits, o.vd, s.i64.select(s.condition(o.passes), scalar(s, bits, o.vn), scalar(s, bits, o.vm)));
  },
);

const immediates = (['0', '1'] as const).map((type): Row => {
  const bits = type === '1' ? 64 : 32;
  return insn(
    `fmov_imm_${typeLetter(bits)}`,
    `0 0 0 11110 0${type} 1 imm8:8 100 00000 vd`,
    `fmov {vd:${typeLetter(bits)}}, {imm8:#f}`,
    { value: floatImmediate(bits) },
    (s, o) => setScalar(s, bits, o.vd, o.value),
  );
});

const toIntegerRow = ([name, rmode, opcode, signed, mode]: readonly [string, string, string, 0 | 1, Mode]): Row =>
  insn(
    `${name}_general`,
    `sf 0 0 11110 ftype:2 1 ${rmode} ${opcode} 000000 vn rd`,
    `${name} {rd:sf}, ${TYPE}{vn:n}`,
    { sf: BIT, ftype: SINGLE_DOUBLE },
    (s, o) => {
      const r = general(s, o.sf);
      const bits = typeBits(o.ftype);
      r.set(o.rd, r.fromI64(s.float.toInteger(bits, o.sf ? 64 : 32, signed, mode, scalar(s, bits, o.vn), s.i32.const(0))));
    },
  );

const fromIntegerRow = ([name, opcode, signed]: readonly [string, string, 0 | 1]): Row =>
  insn(
    `${name}_general`,
    `sf 0 0 11110 ftype:2 1 00 ${opcode} 000000 rn vd`,
    `${name} ${TYPE}{vd:n}, {rn:sf}`,
    { sf: BIT, ftype: SINGLE_DOUBLE },
    (s, o) => {
      const r = general(s, o.sf);
      const bits = typeBits(o.ftype);
      setScalar(s, bits, o.vd, s.float.fromInteger(bits, o.sf ? 64 : 32, signed, r.toI64(r.get(o.rn)), s.i32.const(0)));
    },
  );

const toFixedRow = ([name, opcode, signed]: readonly [string, string, 0 | 1]): Row =>
  insn(
    `${name}_fixed`,
    `sf 0 0 11110 ftype:2 0 11 ${opcode} scale:6 vn rd`,
    `${name} {rd:sf}, ${TYPE}{vn:n}, #{fraction:d}`,
    { sf: BIT, ftype: SINGLE_DOUBLE, fraction: fixedPoint },
    (s, o) => {
      const r = general(s, o.sf);
      const bits = typeBits(o.ftype);
      r.set(o.rd, r.fromI64(s.float.toInteger(bits, o.sf ? 64 : 32, signed, 'zero', scalar(s, bits, o.vn), o.fraction)));
    },
  );

const fromFixedRow = ([name, opcode, signed]: readonly [string, string, 0 | 1]): Row =>
  insn(
    `${name}_fixed`,
    `sf 0 0 11110 ftype:2 0 00 ${opcode} scale:6 rn vd`,
    `${name} ${TYPE}{vd:n}, {rn:sf}, #{fraction:d}`,
    { sf: BIT, ftype: SINGLE_DOUBLE, fraction: fixedPoint },
    (s, o) => {
      const r = general(s, o.sf);
      const bits = typeBits(o.ftype);
      setScalar(s, bits, o.vd, s.float.fromInteger(bits, o.sf ? 64 : 32, signed, r.toI64(r.get(o.rn)), o.fraction));
    },
  );

const moves: readonly Row[] = [
  insn('fmov_s_w', '0 0 0 11110 00 1 00 110 000000 vn rd', 'fmov {rd:w}, {vn:s}', {}, (s, o) => s.i32.set(o.rd, s.vectorLow32(o.vn))),
  insn('fmov_w_s', '0 0 0 11110 00 1 00 111 000000 rn vd', 'fmov {vd:s}, {rn:w}', {}, (s, o) => s.setVectorLow32(o.vd, s.i32.get(o.rn))),
  insn('fmov_d_x', '1 0 0 11110 01 1 00 110 000000 vn rd', 'fmov {rd:x}, {vn:d}', {}, (s, o) => s.i64.set(o.rd, s.vectorLow64(o.vn))),
  insn('fmov_x_d', '1 0 0 11110 01 1 00 111 000000 rn vd', 'fmov {vd:d}, {rn:x}', {}, (s, o) => s.setVectorLow64(o.vd, s.i64.get(o.rn))),
  insn('fmov_high_x', '1 0 0 11110 10 1 01 110 000000 vn rd', 'fmov {rd:x}, {vn:v}.d[1]', {}, (s, o) =>
    s.i64.set(o.rd, s.v128.extract_u(64, s.v(o.vn), 1)),
  ),
  insn('fmov_x_high', '1 0 0 11110 10 1 01 111 000000 rn vd', 'fmov {vd:v}.d[1], {rn:x}', {}, (s, o) =>
    s.setV(o.vd, s.v128.replace(64, s.v(o.vd), 1, s.i64.get(o.rn))),
  ),
];

/** Conversions to integers: rounding by name, signed and unsigned. */
export const CONVERSIONS: readonly (readonly [letter: string, rmode: string, Mode])[] = [
  ['n', '00', 'even'],
  ['p', '01', 'up'],
  ['m', '10', 'down'],
  ['z', '11', 'zero'],
];

export const fpScalar: readonly Row[] = [
  ...(
    [
      ['fmov', '000000', (_s, _bits, a) => a],
      ['fabs', '000001', absolute],
      ['fneg', '000010', negate],
      ['fsqrt', '000011', (s, bits, a) => s.float.unary('sqrt', bits, a)],
      ['frintn', '001000', integral('even')],
      ['frintp', '001001', integral('up')],
      ['frintm', '001010', integral('down')],
      ['frintz', '001011', integral('zero')],
      ['frinta', '001100', integral('away')],
      ['frintx', '001110', integral('current', 1)],
      ['frinti', '001111', integral('current')],
    ] satisfies [string, string, Unary][]
  ).map(oneSource),
  ...(
    [
      [32, 64, '00', '000101'],
      [32, 16, '00', '000111'],
      [64, 32, '01', '000100'],
      [64, 16, '01', '000111'],
      [16, 32, '11', '000100'],
      [16, 64, '11', '000101'],
    ] as const
  ).map(conversion),
  ...(
    [
      ['fmul', '0000', arithmetic('mul')],
      ['fdiv', '0001', arithmetic('div')],
      ['fadd', '0010', arithmetic('add')],
      ['fsub', '0011', arithmetic('sub')],
      ['fmax', '0100', arithmetic('max')],
      ['fmin', '0101', arithmetic('min')],
      ['fmaxnm', '0110', arithmetic('maxnm')],
      ['fminnm', '0111', arithmetic('minnm')],
      ['fnmul', '1000', (s, bits, a, b) => negate(s, bits, s.float.binary('mul', bits, a, b))],
    ] satisfies [string, string, Binary][]
  ).map(twoSources),
  threeSources(['fmadd', [0, 0], false, false]),
  threeSources(['fmsub', [0, 1], true, false]),
  threeSources(['fnmadd', [1, 0], true, true]),
  threeSources(['fnmsub', [1, 1], false, true]),
  ...(
    [
      ['fcmp', 0],
      ['fcmpe', 1],
    ] as const
  ).flatMap(compares),
  select,
  ...immediates,
  ...CONVERSIONS.flatMap(([letter, rmode, mode]) => [
    toIntegerRow([`fcvt${letter}s`, rmode, '000', 1, mode]),
    toIntegerRow([`fcvt${letter}u`, rmode, '001', 0, mode]),
  ]),
  toIntegerRow(['fcvtas', '00', '100', 1, 'away']),
  toIntegerRow(['fcvtau', '00', '101', 0, 'away']),
  fromIntegerRow(['scvtf', '010', 1]),
  fromIntegerRow(['ucvtf', '011', 0]),
  toFixedRow(['fcvtzs', '000', 1]),
  toFixedRow(['fcvtzu', '001', 0]),
  fromFixedRow(['scvtf', '010', 1]),
  fromFixedRow(['ucvtf', '011', 0]),
  ...moves,
];
