/** Which classic BPF programs are accepted as filters of system calls. Linux: seccomp_check_filter in kernel/seccomp.c. */

import * as b from '../../abi/bpf_classic.ts';
import { SECCOMP_DATA_SIZE } from '../../abi/seccomp.ts';
import { COMMON_INSTRUCTIONS, isWellFormed, JUMPS } from '../bpf/check_classic.ts';
import type { ClassicProgram } from '../bpf/classic_program.ts';

const LOAD = b.BPF_LD | b.BPF_W | b.BPF_ABS;
const ALLOWED: ReadonlySet<number> = new Set([...COMMON_INSTRUCTIONS, LOAD]);

/** Whether it is well formed and loads whole words inside the data. */
export function isFilter(program: ClassicProgram): boolean {
  const { code, k } = program;
  return (
    isWellFormed(program, ALLOWED) && code.every((operation, pc) => operation !== LOAD || (k[pc]! < SECCOMP_DATA_SIZE && k[pc]! % 4 === 0))
  );
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
