/** Which classic BPF programs are accepted as filters. Linux: bpf_check_classic in net/core/filter.c, seccomp_check_filter in kernel/seccomp.c. */

import * as b from '../../abi/bpf_classic.ts';
import { SECCOMP_DATA_SIZE } from '../../abi/seccomp.ts';
import type { ClassicProgram } from './classic_program.ts';

const ALU_OPERATIONS = [b.BPF_ADD, b.BPF_SUB, b.BPF_MUL, b.BPF_DIV, b.BPF_OR, b.BPF_AND, b.BPF_LSH, b.BPF_RSH, b.BPF_XOR];
const CONDITIONS = [b.BPF_JEQ, b.BPF_JGT, b.BPF_JGE, b.BPF_JSET];
const withSources = (kind: number, operations: readonly number[]): number[] =>
  operations.flatMap((operation) => [kind | operation | b.BPF_K, kind | operation | b.BPF_X]);

const JUMPS: ReadonlySet<number> = new Set(withSources(b.BPF_JMP, CONDITIONS));
/** Filters of system calls may not do more than this; BPF_MOD and loads of less than a word are not among it. */
const ALLOWED: ReadonlySet<number> = new Set([
  b.BPF_LD | b.BPF_W | b.BPF_ABS,
  b.BPF_LD | b.BPF_IMM,
  b.BPF_LD | b.BPF_MEM,
  b.BPF_LD | b.BPF_LEN,
  b.BPF_LDX | b.BPF_IMM,
  b.BPF_LDX | b.BPF_MEM,
  b.BPF_LDX | b.BPF_LEN,
  b.BPF_ST,
  b.BPF_STX,
  b.BPF_MISC | b.BPF_TAX,
  b.BPF_MISC | b.BPF_TXA,
  b.BPF_RET | b.BPF_K,
  b.BPF_RET | b.BPF_A,
  b.BPF_ALU | b.BPF_NEG,
  b.BPF_JMP | b.BPF_JA,
  ...withSources(b.BPF_ALU, ALU_OPERATIONS),
  ...JUMPS,
]);

const READS_MEMORY: ReadonlySet<number> = new Set([b.BPF_LD | b.BPF_MEM, b.BPF_LDX | b.BPF_MEM]);
const USES_MEMORY: ReadonlySet<number> = new Set([...READS_MEMORY, b.BPF_ST, b.BPF_STX]);

/** Whether every instruction is known, every jump leads forward into the program, it returns, and loads stay inside the data. */
export function isFilter(program: ClassicProgram): boolean {
  const { code, jt, jf, k, length } = program;
  for (let pc = 0; pc < length; pc++) {
    const operation = code[pc]!;
    const constant = k[pc]!;
    if (!ALLOWED.has(operation)) return false;
    if (operation === (b.BPF_LD | b.BPF_W | b.BPF_ABS) && (constant >= SECCOMP_DATA_SIZE || constant % 4 !== 0)) return false;
    if (operation === (b.BPF_ALU | b.BPF_DIV | b.BPF_K) && constant === 0) return false;
    const shift = operation === (b.BPF_ALU | b.BPF_LSH | b.BPF_K) || operation === (b.BPF_ALU | b.BPF_RSH | b.BPF_K);
    if (shift && constant >= 32) return false;
    if (USES_MEMORY.has(operation) && constant >= b.BPF_MEMWORDS) return false;
    if (operation === (b.BPF_JMP | b.BPF_JA) && constant >= length - pc - 1) return false;
    if (JUMPS.has(operation) && (pc + jt[pc]! + 1 >= length || pc + jf[pc]! + 1 >= length)) return false;
  }
  return (code[length - 1]! & 7) === b.BPF_RET && readsWhatItStored(program);
}

/** No scratch word is read on any way before it is written. Linux: check_load_and_stores. */
function readsWhatItStored({ code, jt, jf, k, length }: ClassicProgram): boolean {
  const valid = new Uint16Array(length).fill(0xffff);
  let written = 0;
  for (let pc = 0; pc < length; pc++) {
    written &= valid[pc]!;
    const operation = code[pc]!;
    if (operation === b.BPF_ST || operation === b.BPF_STX) written |= 1 << k[pc]!;
    else if (READS_MEMORY.has(operation)) {
      if ((written & (1 << k[pc]!)) === 0) return false;
    } else if (operation === (b.BPF_JMP | b.BPF_JA)) {
      valid[pc + 1 + k[pc]!]! &= written;
      written = 0xffff;
    } else if (JUMPS.has(operation)) {
      valid[pc + 1 + jt[pc]!]! &= written;
      valid[pc + 1 + jf[pc]!]! &= written;
      written = 0xffff;
    }
  }
  return true;
}

/** Instructions of the program that Linux makes of it, which its limits count. Linux: bpf_convert_filter. */
export function convertedLength({ code, jt, jf, k, length }: ClassicProgram): number {
  // A and X are cleared, the context is kept.
  let total = 3;
  for (let pc = 0; pc < length; pc++) {
    const operation = code[pc]!;
    const negative = (operation & b.BPF_X) === 0 && k[pc]! >= 0x80000000 ? 1 : 0;
    if (operation === (b.BPF_RET | b.BPF_K)) total += 2;
    else if (operation === (b.BPF_ALU | b.BPF_DIV | b.BPF_X)) total += 5;
    else if (JUMPS.has(operation)) {
      const invertible = (operation & 0xf0) !== b.BPF_JSET;
      total += negative + (jf[pc] === 0 || (jt[pc] === 0 && invertible) ? 1 : 2);
    } else total += 1;
  }
  return total;
}

/**
 * Whether the program allows call `nr` whatever its arguments are: then it need not be run. Linux: seccomp_is_const_allow.
 * `words` are the number and the architecture.
 */
export function alwaysReturns(program: ClassicProgram, words: readonly [number, number], wanted: number): boolean {
  const { code, jt, jf, k, length } = program;
  let a = 0;
  for (let pc = 0; pc < length; pc++) {
    const constant = k[pc]!;
    const jump = (condition: boolean): number => (condition ? jt[pc]! : jf[pc]!);
    switch (code[pc]) {
      case b.BPF_LD | b.BPF_W | b.BPF_ABS:
        if (constant > 4) return false;
        a = words[constant / 4]!;
        break;
      case b.BPF_RET | b.BPF_K:
        return constant === wanted;
      case b.BPF_JMP | b.BPF_JA:
        pc += constant;
        break;
      case b.BPF_JMP | b.BPF_JEQ | b.BPF_K:
        pc += jump(a === constant);
        break;
      case b.BPF_JMP | b.BPF_JGE | b.BPF_K:
        pc += jump(a >= constant);
        break;
      case b.BPF_JMP | b.BPF_JGT | b.BPF_K:
        pc += jump(a > constant);
        break;
      case b.BPF_JMP | b.BPF_JSET | b.BPF_K:
        pc += jump((a & constant) !== 0);
        break;
      case b.BPF_ALU | b.BPF_AND | b.BPF_K:
        a = (a & constant) >>> 0;
        break;
      default:
        return false;
    }
  }
  return false;
}
