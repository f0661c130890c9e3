/** Data processing on registers. See the Arm Architecture Reference Manual, C4.1.95. */

import { small } from '../immediate.ts';
import { insn, type RawFields, type Row } from '../insn.ts';
import { type General, general, type IntegerSemantics } from '../semantics_integer.ts';
import type { Values } from '../values.ts';
import { BIT, BITS2, condition, flagsImmediate } from './immediates.ts';

/** Shift amounts of 32-bit forms are below 32. */
const amountFits = (f: RawFields): boolean => f['sf'] === 1 || f['imm6']! < 32;

/** LSL, LSR, ASR, ROR by an amount below the width. */
function shifted<V>(r: General<Values, V>, kind: number, value: V, amount: V): V {
  if (kind === 0) return r.shl(value, amount);
  if (kind === 1) return r.shr_u(value, amount);
  return kind === 2 ? r.shr_s(value, amount) : r.rotr(value, amount);
}

type BinaryName = 'add' | 'sub' | 'and' | 'or' | 'xor';

/** The logical and arithmetic operations with a second operand that is shifted or extended. */
interface Binary {
  readonly name: string;
  readonly bits: string;
  readonly op: BinaryName;
  readonly invert: boolean;
  readonly flags: 'addFlags' | 'subFlags' | 'logicFlags' | undefined;
}

const logical = (name: string, bits: string, op: BinaryName, invert: boolean, flags = false): Binary => ({
  name,
  bits,
  op,
  invert,
  flags: flags ? 'logicFlags' : undefined,
});

const LOGICAL: readonly (Binary & { readonly n: number })[] = [
  { ...logical('and', '00', 'and', false), n: 0 },
  { ...logical('bic', '00', 'and', true), n: 1 },
  { ...logical('orr', '01', 'or', false), n: 0 },
  { ...logical('orn', '01', 'or', true), n: 1 },
  { ...logical('eor', '10', 'xor', false), n: 0 },
  { ...logical('eon', '10', 'xor', true), n: 1 },
  { ...logical('ands', '11', 'and', false, true), n: 0 },
  { ...logical('bics', '11', 'and', true, true), n: 1 },
];

const ARITHMETIC: readonly Binary[] = [
  { name: 'add', bits: '0 0', op: 'add', invert: false, flags: undefined },
  { name: 'adds', bits: '0 1', op: 'add', invert: false, flags: 'addFlags' },
  { name: 'sub', bits: '1 0', op: 'sub', invert: false, flags: undefined },
  { name: 'subs', bits: '1 1', op: 'sub', invert: false, flags: 'subFlags' },
];

function combine<T extends Values>(
  s: IntegerSemantics<T>,
  sf: number,
  { op, invert, flags }: Binary,
  rd: T['reg'],
  a: T['word'],
  operand: T['word'],
): void {
  const r = general(s, sf);
  const b = invert ? r.xor(operand, r.const(-1)) : operand;
  const result = r[op](a, b);
  if (flags === 'logicFlags') s.setNzcv(r.logicFlags(result));
  else if (flags) s.setNzcv(r[flags](a, b));
  r.set(rd, result);
}

/** The unshifted forms come first: they are what compilers emit most. */
function binaryRows(binary: Binary, pattern: (shift: string, amount: string) => string, shifts: readonly number[]): Row[] {
  const { name } = binary;
  return [
    insn(`${name}_reg`, pattern('00', '000000'), `${name} {rd:sf}, {rn:sf}, {rm:sf}`, { sf: BIT }, (s, o) => {
      const r = general(s, o.sf);
      combine(s, o.sf, binary, o.rd, r.get(o.rn), r.get(o.rm));
    }),
    insn(
      `${name}_shifted`,
      pattern('shift:2', 'imm6:6'),
      `${name} {rd:sf}, {rn:sf}, {rm:sf}, {shift:lsl|lsr|asr|ror} {amount:#d}`,
      { sf: BIT, shift: shifts, amount: small('imm6') },
      (s, o) => {
        const r = general(s, o.sf);
        combine(s, o.sf, binary, o.rd, r.get(o.rn), shifted(r as General<Values, unknown>, o.shift, r.get(o.rm), r.fromI32(o.amount)));
      },
      amountFits,
    ),
  ];
}

/** The manual's ExtendReg: UXTB … SXTX. */
export function extended<T extends Values>(
  s: IntegerSemantics<T>,
  r: General<T, T['word']>,
  option: number,
  register: T['reg'],
): T['word'] {
  const value = r.get(register);
  if (option === 0) return r.and(value, r.const(0xff));
  if (option === 1) return r.and(value, r.const(0xffff));
  if (option === 4) return r.extend8_s(value);
  if (option === 5) return r.extend16_s(value);
  if (r.bits === 32 || option === 3 || option === 7) return value;
  const narrow = s.i32.get(register);
  return option === 2 ? s.extend_u(narrow) : s.extend_s(narrow);
}

function extendedRow(binary: Binary): Row {
  const target = binary.flags ? 'rd' : 'rd|sp';
  return insn(
    `${binary.name}_extended`,
    `sf ${binary.bits} 01011 00 1 rm option:3 imm3:3 rn|sp ${target}`,
    `${binary.name} {rd:sf}, {rn:sf}, {rm:option.sf}, {option:uxtb|uxth|uxtw|uxtx|sxtb|sxth|sxtw|sxtx}< {amount:#d}>`,
    { sf: BIT, option: [0, 1, 2, 3, 4, 5, 6, 7], amount: small('imm3') },
    (s, o) => {
      const r = general(s, o.sf);
      combine(s, o.sf, binary, o.rd, r.get(o.rn), r.shl(extended(s, r, o.option, o.rm), r.fromI32(o.amount)));
    },
    (f) => f['imm3']! <= 4,
  );
}

function carryRow(name: string, op: number, flags: number): Row {
  return insn(name, `sf ${op} ${flags} 11010000 rm 000000 rn rd`, `${name} {rd:sf}, {rn:sf}, {rm:sf}`, { sf: BIT }, (s, o) => {
    const r = general(s, o.sf);
    const a = r.get(o.rn);
    const b = op ? r.xor(r.get(o.rm), r.const(-1)) : r.get(o.rm);
    const carry = s.carry();
    const result = r.add(r.add(a, b), r.fromI32(carry));
    if (flags) s.setNzcv(r.addCarryFlags(a, b, carry));
    r.set(o.rd, result);
  });
}

function compareRows(name: 'ccmn' | 'ccmp', op: number): Row[] {
  const flagsOf = name === 'ccmp' ? 'subFlags' : 'addFlags';
  return [
    insn(
      `${name}_reg`,
      `sf ${op} 1 11010010 rm cond:4 00 rn 0 nzcv:4`,
      `${name} {rn:sf}, {rm:sf}, #{nzcv:x}, {cond:cc}`,
      { sf: BIT, passes: condition, otherwise: flagsImmediate },
      (s, o) => {
        const r = general(s, o.sf);
        s.setNzcv(s.i32.select(s.condition(o.passes), r[flagsOf](r.get(o.rn), r.get(o.rm)), o.otherwise));
      },
    ),
    insn(
      `${name}_imm`,
      `sf ${op} 1 11010010 imm5:5 cond:4 10 rn 0 nzcv:4`,
      `${name} {rn:sf}, {imm5:#x}, #{nzcv:x}, {cond:cc}`,
      { sf: BIT, imm: small('imm5'), passes: condition, otherwise: flagsImmediate },
      (s, o) => {
        const r = general(s, o.sf);
        s.setNzcv(s.i32.select(s.condition(o.passes), r[flagsOf](r.get(o.rn), r.fromI32(o.imm)), o.otherwise));
      },
    ),
  ];
}

function selectRow(name: string, op: number, o2: number): Row {
  return insn(
    name,
    `sf ${op} 0 11010100 rm cond:4 0${o2} rn rd`,
    `${name} {rd:sf}, {rn:sf}, {rm:sf}, {cond:cc}`,
    { sf: BIT, passes: condition },
    (s, o) => {
      const r = general(s, o.sf);
      let other = r.get(o.rm);
      if (op) other = r.xor(other, r.const(-1));
      if (o2) other = r.add(other, r.const(1));
      r.set(o.rd, r.select(s.condition(o.passes), r.get(o.rn), other));
    },
  );
}

function shiftRow(name: string, kind: number): Row {
  return insn(
    `${name}v`,
    `sf 0 0 11010110 rm 0010 ${kind >> 1}${kind & 1} rn rd`,
    `${name}v {rd:sf}, {rn:sf}, {rm:sf}`,
    { sf: BIT },
    (s, o) => {
      const r = general(s, o.sf);
      r.set(o.rd, shifted(r as General<Values, unknown>, kind, r.get(o.rn), r.get(o.rm)));
    },
  );
}

/** Swaps neighbouring groups of `distance` bits; `low` has ones in the lower group of each pair. */
function swap<V>(r: General<Values, V>, value: V, distance: number, low: bigint): V {
  const n = r.const(distance);
  return r.or(r.shl(r.and(value, r.const(low)), n), r.and(r.shr_u(value, n), r.const(low)));
}

/** `groups` lists the distances to swap. */
function reverseRow(name: string, sf: readonly number[], opcode: string, groups: (sf: number) => readonly number[]): Row {
  return insn(name, `sf 1 0 11010110 00000 0000 ${opcode} rn rd`, `${name} {rd:sf}, {rn:sf}`, { sf }, (s, o) => {
    const r = general(s, o.sf) as General<Values, unknown>;
    let value: unknown = r.get(o.rn);
    for (const distance of groups(o.sf)) {
      const pairs = BigInt(r.bits / (2 * distance));
      let low = 0n;
      for (let i = 0n; i < pairs; i++) low |= ((1n << BigInt(distance)) - 1n) << (i * BigInt(2 * distance));
      // The widest swap is a rotation.
      value = 2 * distance === r.bits ? r.rotr(value, r.const(distance)) : swap(r, value, distance, low);
    }
    r.set(o.rd, value);
  });
}

function multiplyLongRow(name: string, unsign: number, subtract: number): Row {
  return insn(name, `1 00 11011 ${unsign} 01 rm ${subtract} ra rn rd`, `${name} {rd:x}, {rn:w}, {rm:w}, {ra:x}`, {}, (s, o) => {
    const widen = unsign ? s.extend_u : s.extend_s;
    const product = s.i64.mul(widen(s.i32.get(o.rn)), widen(s.i32.get(o.rm)));
    s.i64.set(o.rd, s.i64[subtract ? 'sub' : 'add'](s.i64.get(o.ra), product));
  });
}

function crcRow(castagnoli: number, size: number): Row {
  const name = `crc32${castagnoli ? 'c' : ''}${'bhwx'[size]}`;
  return insn(
    name,
    `${size === 3 ? 1 : 0} 0 0 11010110 rm 010 ${castagnoli} ${size >> 1}${size & 1} rn rd`,
    `${name} {rd:w}, {rn:w}, {rm:${size === 3 ? 'x' : 'w'}}`,
    {},
    (s, o) => {
      s.i32.set(o.rd, s.crc32(s.i32.get(o.rn), s.i64.get(o.rm), 1 << size, castagnoli));
    },
  );
}

export const dataRegister: readonly Row[] = [
  ...LOGICAL.flatMap((binary) =>
    binaryRows(binary, (shift, amount) => `sf ${binary.bits} 01010 ${shift} ${binary.n} rm ${amount} rn rd`, BITS2),
  ),
  ...ARITHMETIC.flatMap((binary) =>
    binaryRows(binary, (shift, amount) => `sf ${binary.bits} 01011 ${shift} 0 rm ${amount} rn rd`, [0, 1, 2]),
  ),
  ...ARITHMETIC.map(extendedRow),
  carryRow('adc', 0, 0),
  carryRow('adcs', 0, 1),
  carryRow('sbc', 1, 0),
  carryRow('sbcs', 1, 1),
  ...compareRows('ccmn', 0),
  ...compareRows('ccmp', 1),
  selectRow('csel', 0, 0),
  selectRow('csinc', 0, 1),
  selectRow('csinv', 1, 0),
  selectRow('csneg', 1, 1),
  shiftRow('lsl', 0),
  shiftRow('lsr', 1),
  shiftRow('asr', 2),
  shiftRow('ror', 3),
  insn('udiv', 'sf 0 0 11010110 rm 000010 rn rd', 'udiv {rd:sf}, {rn:sf}, {rm:sf}', { sf: BIT }, (s, o) => {
    const r = general(s, o.sf);
    r.set(o.rd, r.div_u(r.get(o.rn), r.get(o.rm)));
  }),
  insn('sdiv', 'sf 0 0 11010110 rm 000011 rn rd', 'sdiv {rd:sf}, {rn:sf}, {rm:sf}', { sf: BIT }, (s, o) => {
    const r = general(s, o.sf);
    r.set(o.rd, r.div_s(r.get(o.rn), r.get(o.rm)));
  }),
  reverseRow('rbit', BIT, '00', (sf) => [1, 2, 4, 8, 16, ...(sf ? [32] : [])]),
  reverseRow('rev16', BIT, '01', () => [8]),
  reverseRow('rev', [0], '10', () => [8, 16]),
  reverseRow('rev32', [1], '10', () => [8, 16]),
  reverseRow('rev', [1], '11', () => [8, 16, 32]),
  insn('clz', 'sf 1 0 11010110 00000 000100 rn rd', 'clz {rd:sf}, {rn:sf}', { sf: BIT }, (s, o) => {
    const r = general(s, o.sf);
    r.set(o.rd, r.clz(r.get(o.rn)));
  }),
  insn('cls', 'sf 1 0 11010110 00000 000101 rn rd', 'cls {rd:sf}, {rn:sf}', { sf: BIT }, (s, o) => {
    const r = general(s, o.sf);
    const value = r.get(o.rn);
    // Leading bits that equal the sign are leading zeros of value ^ (value << 1), the lowest bit of which must not count.
    r.set(o.rd, r.clz(r.or(r.xor(value, r.shl(value, r.const(1))), r.const(1))));
  }),
  insn('madd', 'sf 00 11011 000 rm 0 ra rn rd', 'madd {rd:sf}, {rn:sf}, {rm:sf}, {ra:sf}', { sf: BIT }, (s, o) => {
    const r = general(s, o.sf);
    r.set(o.rd, r.add(r.get(o.ra), r.mul(r.get(o.rn), r.get(o.rm))));
  }),
  insn('msub', 'sf 00 11011 000 rm 1 ra rn rd', 'msub {rd:sf}, {rn:sf}, {rm:sf}, {ra:sf}', { sf: BIT }, (s, o) => {
    const r = general(s, o.sf);
    r.set(o.rd, r.sub(r.get(o.ra), r.mul(r.get(o.rn), r.get(o.rm))));
  }),
  multiplyLongRow('smaddl', 0, 0),
  multiplyLongRow('smsubl', 0, 1),
  multiplyLongRow('umaddl', 1, 0),
  multiplyLongRow('umsubl', 1, 1),
  insn('smulh', '1 00 11011 010 rm 0 ..... rn rd', 'smulh {rd:x}, {rn:x}, {rm:x}', {}, (s, o) => {
    s.i64.set(o.rd, s.mulhi_s(s.i64.get(o.rn), s.i64.get(o.rm)));
  }),
  insn('umulh', '1 00 11011 110 rm 0 ..... rn rd', 'umulh {rd:x}, {rn:x}, {rm:x}', {}, (s, o) => {
    s.i64.set(o.rd, s.mulhi_u(s.i64.get(o.rn), s.i64.get(o.rm)));
  }),
];

/** CRC32 and CRC32C (FEAT_CRC32). */
export const crc: readonly Row[] = [0, 1].flatMap((castagnoli) => [0, 1, 2, 3].map((size) => crcRow(castagnoli, size)));
