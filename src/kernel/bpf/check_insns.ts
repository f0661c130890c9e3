/** What is wrong with a program whatever it computes: instructions that do not exist, jumps out of it, parts that are never reached. Linux: check_cfg and the reserved fields in kernel/bpf/verifier.c. */

import * as b from '../../abi/bpf.ts';
import { compare, compute } from './alu.ts';
import { type Insn, insnAt } from './bpf_program.ts';
import { helpers } from './helpers.ts';

const OPERATIONS_WITH_SIGN: readonly number[] = [b.BPF_DIV, b.BPF_MOD];

function checkAlu({ code, src, off, imm }: Insn): string | null {
  const op = code & 0xf0;
  const wide = (code & 7) === b.BPF_ALU64;
  const register = (code & b.BPF_X) !== 0;
  if (op === b.BPF_END) {
    const known = imm === 16 || imm === 32 || imm === 64;
    return src !== 0 || off !== 0 || !known || (wide && register) ? 'BPF_END uses reserved fields' : null;
  }
  if (op === b.BPF_NEG) return register || src !== 0 || off !== 0 || imm !== 0 ? 'BPF_NEG uses reserved fields' : null;
  if (register ? imm !== 0 : src !== 0) return op === b.BPF_MOV ? 'BPF_MOV uses reserved fields' : 'BPF_ALU uses reserved fields';
  if (op === b.BPF_MOV) {
    const extends_ = register && (off === 8 || off === 16 || (off === 32 && wide));
    return off !== 0 && !extends_ ? 'BPF_MOV uses reserved fields' : null;
  }
  if (off !== 0 && !(off === 1 && OPERATIONS_WITH_SIGN.includes(op))) return 'BPF_ALU uses reserved fields';
  if (compute(op, 0n, 1n, 64, 0) === null) return `invalid BPF_ALU opcode ${code.toString(16)}`;
  if (register) return null;
  if (OPERATIONS_WITH_SIGN.includes(op) && imm === 0) return 'div by zero';
  const shifts = op === b.BPF_LSH || op === b.BPF_RSH || op === b.BPF_ARSH;
  return shifts && (imm < 0 || imm >= (wide ? 64 : 32)) ? `invalid shift ${imm}` : null;
}

function checkJump({ code, dst, src, off, imm }: Insn): string | null {
  const op = code & 0xf0;
  const narrow = (code & 7) === b.BPF_JMP32;
  const register = (code & b.BPF_X) !== 0;
  if (op === b.BPF_EXIT || op === b.BPF_CALL) {
    if (narrow || register) return `unknown opcode ${code.toString(16)}`;
    if (op === b.BPF_EXIT) return src !== 0 || dst !== 0 || imm !== 0 || off !== 0 ? 'BPF_EXIT uses reserved fields' : null;
    if (src !== 0 || dst !== 0 || off !== 0) return 'BPF_CALL uses reserved fields';
    return helpers.has(imm) ? null : `invalid func unknown#${imm}`;
  }
  if (op === b.BPF_JA) return register || src !== 0 || dst !== 0 || (narrow ? off !== 0 : imm !== 0) ? 'BPF_JA uses reserved fields' : null;
  if (compare(op, 0n, 0n, 64) === null) return `unknown opcode ${code.toString(16)}`;
  return register ? (imm !== 0 ? 'BPF_JMP uses reserved fields' : null) : src !== 0 ? 'BPF_JMP uses reserved fields' : null;
}

function checkMemory({ code, src, imm }: Insn): string | null {
  const mode = code & 0xe0;
  switch (code & 7) {
    case b.BPF_LDX:
      if (mode === b.BPF_MEMSX) return (code & 0x18) === b.BPF_DW || imm !== 0 ? 'BPF_LDX uses reserved fields' : null;
      return mode !== b.BPF_MEM || imm !== 0 ? `BPF_LDX uses reserved fields` : null;
    case b.BPF_STX:
      return mode !== b.BPF_MEM || imm !== 0 ? 'BPF_STX uses reserved fields' : null;
    default:
      return mode !== b.BPF_MEM || src !== 0 ? 'BPF_ST uses reserved fields' : null;
  }
}

/** One instruction; the second half of a 64-bit constant is not looked at. */
function checkInsn(words: Int32Array, index: number): string | null {
  const insn = insnAt(words, index);
  if (insn.dst > 10 || insn.src > 10) return `R${Math.max(insn.dst, insn.src)} is invalid`;
  switch (insn.code & 7) {
    case b.BPF_ALU:
    case b.BPF_ALU64:
      return checkAlu(insn);
    case b.BPF_JMP:
    case b.BPF_JMP32:
      return checkJump(insn);
    case b.BPF_LD: {
      if (insn.code !== (b.BPF_LD | b.BPF_IMM | b.BPF_DW)) return `BPF_LD of opcode ${insn.code.toString(16)} is not allowed`;
      const second = 2 * index + 3 < words.length ? insnAt(words, index + 1) : null;
      if (second === null || second.code !== 0 || second.dst !== 0 || second.src !== 0 || second.off !== 0)
        return 'invalid BPF_LD_IMM insn';
      return insn.src !== 0 || insn.off !== 0 ? 'BPF_LD_IMM64 of maps and functions is not supported' : null;
    }
    default:
      return checkMemory(insn);
  }
}

/** The instructions that may follow number `index`. */
export function successors(words: Int32Array, index: number): readonly number[] {
  const { code, off, imm } = insnAt(words, index);
  if (code === (b.BPF_LD | b.BPF_IMM | b.BPF_DW)) return [index + 2];
  const type = code & 7;
  if (type !== b.BPF_JMP && type !== b.BPF_JMP32) return [index + 1];
  switch (code & 0xf0) {
    case b.BPF_EXIT:
      return [];
    case b.BPF_CALL:
      return [index + 1];
    case b.BPF_JA:
      return [index + 1 + (type === b.BPF_JMP ? off : imm)];
  }
  return [index + 1, index + 1 + off];
}

/** What is wrong, as a line for the log; null when nothing is. */
export function checkInsns(words: Int32Array): string | null {
  const count = words.length / 2;
  /** 1: begins an instruction, 2: reached. */
  const marks = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const wrong = checkInsn(words, i);
    if (wrong !== null) return wrong;
    marks[i] = 1;
    if ((words[2 * i]! & 7) === b.BPF_LD) i++;
  }
  const todo = [0];
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    if (marks[at] === 2) continue;
    marks[at] = 2;
    for (const next of successors(words, at)) {
      if (next < 0 || next >= count) return `jump out of range from insn ${at} to ${next}`;
      if (marks[next] === 0) return `jump into the middle of ldimm64 insn ${next}`;
      todo.push(next);
    }
  }
  const unreached = marks.indexOf(1);
  return unreached < 0 ? null : `unreachable insn ${unreached}`;
}
