/** Data processing with an immediate. See the Arm Architecture Reference Manual, C4.1.92. */

import { small } from '../immediate.ts';
import { insn, type Row } from '../insn.ts';
import { general } from '../semantics_integer.ts';
import {
  addressOffset,
  arithmeticImmediate,
  BIT,
  BITS2,
  bitfieldLeft,
  bitfieldRight,
  logicalImmediate,
  wideImmediate,
} from './immediates.ts';

/** Shift amounts and field positions of 32-bit forms are below 32. */
const fits =
  (...names: string[]) =>
  (f: Readonly<Record<string, number>>): boolean =>
    f['sf'] === 1 || names.every((name) => f[name]! < 32);

export const dataImmediate: readonly Row[] = [
  insn('adr', '0 immlo:2 10000 immhi:19 rd', 'adr {rd:x}, {imm:pc}', { imm: addressOffset(1) }, (s, o) => {
    s.i64.set(o.rd, s.i64.add(s.pc(), o.imm));
  }),
  insn('adrp', '1 immlo:2 10000 immhi:19 rd', 'adrp {rd:x}, {imm:page}', { imm: addressOffset(4096) }, (s, o) => {
    s.i64.set(o.rd, s.i64.add(s.i64.and(s.pc(), s.i64.const(-4096)), o.imm));
  }),

  insn(
    'add_imm',
    'sf 0 0 100010 sh imm12:12 rn|sp rd|sp',
    'add {rd:sf}, {rn:sf}, {imm12:#x}<, lsl #{sh:|12}>',
    { sf: BIT, imm: arithmeticImmediate },
    (s, o) => {
      const r = general(s, o.sf);
      r.set(o.rd, r.add(r.get(o.rn), r.fromI64(o.imm)));
    },
  ),
  insn(
    'sub_imm',
    'sf 1 0 100010 sh imm12:12 rn|sp rd|sp',
    'sub {rd:sf}, {rn:sf}, {imm12:#x}<, lsl #{sh:|12}>',
    { sf: BIT, imm: arithmeticImmediate },
    (s, o) => {
      const r = general(s, o.sf);
      r.set(o.rd, r.sub(r.get(o.rn), r.fromI64(o.imm)));
    },
  ),
  insn(
    'adds_imm',
    'sf 0 1 100010 sh imm12:12 rn|sp rd',
    'adds {rd:sf}, {rn:sf}, {imm12:#x}<, lsl #{sh:|12}>',
    { sf: BIT, imm: arithmeticImmediate },
    (s, o) => {
      const r = general(s, o.sf);
      const [a, b] = [r.get(o.rn), r.fromI64(o.imm)];
      s.setNzcv(r.addFlags(a, b));
      r.set(o.rd, r.add(a, b));
    },
  ),
  insn(
    'subs_imm',
    'sf 1 1 100010 sh imm12:12 rn|sp rd',
    'subs {rd:sf}, {rn:sf}, {imm12:#x}<, lsl #{sh:|12}>',
    { sf: BIT, imm: arithmeticImmediate },
    (s, o) => {
      const r = general(s, o.sf);
      const [a, b] = [r.get(o.rn), r.fromI64(o.imm)];
      s.setNzcv(r.subFlags(a, b));
      r.set(o.rd, r.sub(a, b));
    },
  ),

  insn('and_imm', 'sf 00 100100 N immr:6 imms:6 rn rd|sp', 'and {rd:sf}, {rn:sf}, {imm:#x}', { sf: BIT, imm: logicalImmediate }, (s, o) => {
    const r = general(s, o.sf);
    r.set(o.rd, r.and(r.get(o.rn), r.fromI64(o.imm)));
  }),
  insn('orr_imm', 'sf 01 100100 N immr:6 imms:6 rn rd|sp', 'orr {rd:sf}, {rn:sf}, {imm:#x}', { sf: BIT, imm: logicalImmediate }, (s, o) => {
    const r = general(s, o.sf);
    r.set(o.rd, r.or(r.get(o.rn), r.fromI64(o.imm)));
  }),
  insn('eor_imm', 'sf 10 100100 N immr:6 imms:6 rn rd|sp', 'eor {rd:sf}, {rn:sf}, {imm:#x}', { sf: BIT, imm: logicalImmediate }, (s, o) => {
    const r = general(s, o.sf);
    r.set(o.rd, r.xor(r.get(o.rn), r.fromI64(o.imm)));
  }),
  insn('ands_imm', 'sf 11 100100 N immr:6 imms:6 rn rd', 'ands {rd:sf}, {rn:sf}, {imm:#x}', { sf: BIT, imm: logicalImmediate }, (s, o) => {
    const r = general(s, o.sf);
    const result = r.and(r.get(o.rn), r.fromI64(o.imm));
    s.setNzcv(r.logicFlags(result));
    r.set(o.rd, result);
  }),

  insn(
    'movn',
    'sf 00 100101 hw:2 imm16:16 rd',
    'movn {rd:sf}, {imm16:#x}<, lsl #{hw:|16|32|48}>',
    { sf: BIT, imm: wideImmediate },
    (s, o) => {
      const r = general(s, o.sf);
      r.set(o.rd, r.xor(r.fromI64(o.imm), r.const(-1)));
    },
    (f) => f['sf'] === 1 || f['hw']! < 2,
  ),
  insn(
    'movz',
    'sf 10 100101 hw:2 imm16:16 rd',
    'movz {rd:sf}, {imm16:#x}<, lsl #{hw:|16|32|48}>',
    { sf: BIT, imm: wideImmediate },
    (s, o) => {
      const r = general(s, o.sf);
      r.set(o.rd, r.fromI64(o.imm));
    },
    (f) => f['sf'] === 1 || f['hw']! < 2,
  ),
  insn(
    'movk',
    'sf 11 100101 hw:2 imm16:16 rd',
    'movk {rd:sf}, {imm16:#x}<, lsl #{hw:|16|32|48}>',
    { sf: BIT, hw: BITS2, imm: wideImmediate },
    (s, o) => {
      const r = general(s, o.sf);
      const hole = r.const(~(0xffffn << BigInt(16 * o.hw)));
      r.set(o.rd, r.or(r.and(r.get(o.rd), hole), r.fromI64(o.imm)));
    },
    (f) => f['sf'] === 1 || f['hw']! < 2,
  ),

  insn(
    'sbfm',
    'sf 00 100110 N immr:6 imms:6 rn rd',
    'sbfm {rd:sf}, {rn:sf}, {immr:#d}, {imms:#d}',
    { sf: BIT, N: BIT, left: bitfieldLeft, right: bitfieldRight },
    (s, o) => {
      const r = general(s, o.sf);
      r.set(o.rd, r.shr_s(r.shl(r.get(o.rn), r.fromI32(o.left)), r.fromI32(o.right)));
    },
    (f) => f['sf'] === f['N'] && fits('immr', 'imms')(f),
  ),
  insn(
    'bfm',
    'sf 01 100110 N immr:6 imms:6 rn rd',
    'bfm {rd:sf}, {rn:sf}, {immr:#d}, {imms:#d}',
    { sf: BIT, N: BIT, left: bitfieldLeft, right: bitfieldRight },
    (s, o) => {
      const r = general(s, o.sf);
      const [left, right] = [r.fromI32(o.left), r.fromI32(o.right)];
      const hole = r.xor(r.shr_u(r.shl(r.const(-1), left), right), r.const(-1));
      r.set(o.rd, r.or(r.and(r.get(o.rd), hole), r.shr_u(r.shl(r.get(o.rn), left), right)));
    },
    (f) => f['sf'] === f['N'] && fits('immr', 'imms')(f),
  ),
  insn(
    'ubfm',
    'sf 10 100110 N immr:6 imms:6 rn rd',
    'ubfm {rd:sf}, {rn:sf}, {immr:#d}, {imms:#d}',
    { sf: BIT, N: BIT, left: bitfieldLeft, right: bitfieldRight },
    (s, o) => {
      const r = general(s, o.sf);
      r.set(o.rd, r.shr_u(r.shl(r.get(o.rn), r.fromI32(o.left)), r.fromI32(o.right)));
    },
    (f) => f['sf'] === f['N'] && fits('immr', 'imms')(f),
  ),
  insn(
    'extr',
    'sf 00 100111 N 0 rm imms:6 rn rd',
    'extr {rd:sf}, {rn:sf}, {rm:sf}, {lsb:#d}',
    { sf: BIT, N: BIT, lsb: small('imms') },
    (s, o) => {
      const r = general(s, o.sf);
      const lsb = r.fromI32(o.lsb);
      // The upper part moves by bits - lsb, which may be all of them.
      const upper = r.shl(r.shl(r.get(o.rn), r.const(1)), r.xor(lsb, r.const(r.bits - 1)));
      r.set(o.rd, r.or(r.shr_u(r.get(o.rm), lsb), upper));
    },
    (f) => f['sf'] === f['N'] && fits('imms')(f),
  ),
];
