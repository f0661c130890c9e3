/** Which classic BPF programs are well formed. Linux: bpf_check_classic in net/core/filter.c. */

import * as b from '../../abi/bpf_classic.ts';
import type { ClassicProgram } from './classic_program.ts';

const ALU_OPERATIONS = [b.BPF_ADD, b.BPF_SUB, b.BPF_MUL, b.BPF_DIV, b.BPF_OR, b.BPF_AND, b.BPF_LSH, b.BPF_RSH, b.BPF_XOR];
const CONDITIONS = [b.BPF_JEQ, b.BPF_JGT, b.BPF_JGE, b.BPF_JSET];
const withSources = (kind: number, operations: readonly number[]): number[] =>
  operations.flatMap((operation) => [kind | operation | b.BPF_K, kind | operation | b.BPF_X]);

export const JUMPS: ReadonlySet<number> = new Set(withSources(b.BPF_JMP, CONDITIONS));
/** What all programs may do; loads from packets and BPF_MOD are not among it. */
export const COMMON_INSTRUCTIONS: ReadonlySet<number> = new Set([
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

/** And what those may that look at packets. */
export const PACKET_INSTRUCTIONS: ReadonlySet<number> = new Set([
  ...COMMON_INSTRUCTIONS,
  ...[b.BPF_W, b.BPF_H, b.BPF_B].flatMap((size) => [b.BPF_LD | size | b.BPF_ABS, b.BPF_LD | size | b.BPF_IND]),
  b.BPF_LDX | b.BPF_B | b.BPF_MSH,
  ...withSources(b.BPF_ALU, [b.BPF_MOD]),
]);

const READS_MEMORY: ReadonlySet<number> = new Set([b.BPF_LD | b.BPF_MEM, b.BPF_LDX | b.BPF_MEM]);
const USES_MEMORY: ReadonlySet<number> = new Set([...READS_MEMORY, b.BPF_ST, b.BPF_STX]);

/** Whether every instruction is `allowed`, every jump leads forward into the program, and it returns. */
export function isWellFormed(program: ClassicProgram, allowed: ReadonlySet<number>): boolean {
  const { code, jt, jf, k, length } = program;
  for (let pc = 0; pc < length; pc++) {
    const operation = code[pc]!;
    const constant = k[pc]!;
    if (!allowed.has(operation)) return false;
    const divides = operation === (b.BPF_ALU | b.BPF_DIV | b.BPF_K) || operation === (b.BPF_ALU | b.BPF_MOD | b.BPF_K);
    if (divides && constant === 0) return false;
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
