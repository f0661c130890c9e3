/** Branches and exceptions. See the Arm Architecture Reference Manual, C4.1.94. */

import { small } from '../immediate.ts';
import { insn, type Row } from '../insn.ts';
import { general } from '../semantics_integer.ts';
import { BIT, bitNumber, branchOffset, condition } from './immediates.ts';

const imm26 = branchOffset('imm26', 26);
const imm19 = branchOffset('imm19', 19);
const imm14 = branchOffset('imm14', 14);

export const branches: readonly Row[] = [
  insn('b', '0 00101 imm26:26', 'b {offset:pc}', { offset: imm26 }, (s, o) => {
    s.branch(o.offset);
  }),
  insn('bl', '1 00101 imm26:26', 'bl {offset:pc}', { offset: imm26 }, (s, o) => {
    s.link();
    s.branch(o.offset);
  }),
  insn('b_cond', '0101010 0 imm19:19 0 cond:4', 'b.{cond:cc} {offset:pc}', { offset: imm19, passes: condition }, (s, o) => {
    s.branchIf(s.condition(o.passes), o.offset);
  }),
  insn('cbz', 'sf 011010 0 imm19:19 rt', 'cbz {rt:sf}, {offset:pc}', { sf: BIT, offset: imm19 }, (s, o) => {
    const r = general(s, o.sf);
    s.branchIf(r.eqz(r.get(o.rt)), o.offset);
  }),
  insn('cbnz', 'sf 011010 1 imm19:19 rt', 'cbnz {rt:sf}, {offset:pc}', { sf: BIT, offset: imm19 }, (s, o) => {
    const r = general(s, o.sf);
    s.branchIf(r.ne(r.get(o.rt), r.const(0)), o.offset);
  }),
  insn('tbz', 'b5 011011 0 b40:5 imm14:14 rt', 'tbz {rt:b5}, {bit:#d}, {offset:pc}', { bit: bitNumber, offset: imm14 }, (s, o) => {
    const shifted = s.i64.shr_u(s.i64.get(o.rt), s.i64.fromI32(o.bit));
    s.branchIf(s.i64.eqz(s.i64.and(shifted, s.i64.const(1))), o.offset);
  }),
  insn('tbnz', 'b5 011011 1 b40:5 imm14:14 rt', 'tbnz {rt:b5}, {bit:#d}, {offset:pc}', { bit: bitNumber, offset: imm14 }, (s, o) => {
    const shifted = s.i64.shr_u(s.i64.get(o.rt), s.i64.fromI32(o.bit));
    s.branchIf(s.wrap(s.i64.and(shifted, s.i64.const(1))), o.offset);
  }),
  insn('br', '1101011 0 0 00 11111 000000 rn 00000', 'br {rn:x}', {}, (s, o) => {
    s.jump(s.i64.get(o.rn));
  }),
  insn('blr', '1101011 0 0 01 11111 000000 rn 00000', 'blr {rn:x}', {}, (s, o) => {
    const target = s.i64.get(o.rn);
    s.link();
    s.jump(target);
  }),
  insn('ret', '1101011 0 0 10 11111 000000 rn 00000', 'ret {rn:x}', {}, (s, o) => {
    s.jump(s.i64.get(o.rn));
  }),

  insn('svc', '11010100 000 imm16:16 000 01', 'svc {imm:#x}', { imm: small('imm16') }, (s, o) => {
    s.svc(o.imm);
  }),
  insn('brk', '11010100 001 imm16:16 000 00', 'brk {imm:#x}', { imm: small('imm16') }, (s, o) => {
    s.brk(o.imm);
  }),
];
