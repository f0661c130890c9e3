/** Runs verified programs. Linux: ___bpf_prog_run in kernel/bpf/core.c. */

import * as b from '../../abi/bpf.ts';
import type { Task } from '../task/task.ts';
import { compare, compute, swap } from './alu.ts';
import { type BpfProgram, type Insn, insnAt } from './bpf_program.ts';
import { helpers } from './helpers.ts';

export const STACK_SIZE = 512;
/** Where the context and the stack lie for a program; nothing else can be reached. */
const CONTEXT = 0x100000000n;
const STACK_END: bigint = 0x200000000n + BigInt(STACK_SIZE);
const SIZES: Readonly<Record<number, number>> = { [b.BPF_B]: 1, [b.BPF_H]: 2, [b.BPF_W]: 4, [b.BPF_DW]: 8 };

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const u32 = (value: bigint): bigint => BigInt.asUintN(32, value);

/** The machine of one run. */
class Run {
  readonly registers: bigint[] = new Array<bigint>(11).fill(0n);
  private readonly context: DataView;
  private readonly stack: DataView = new DataView(new ArrayBuffer(STACK_SIZE));

  constructor(context: Uint8Array) {
    this.context = new DataView(context.buffer, context.byteOffset, context.byteLength);
    this.registers[1] = CONTEXT;
    this.registers[10] = STACK_END;
  }

  /** The memory at an address, and the offset in it; null where there is none. */
  private find(address: bigint, size: number): readonly [DataView, number] | null {
    for (const [view, base] of [
      [this.context, CONTEXT],
      [this.stack, STACK_END - BigInt(STACK_SIZE)],
    ] as const) {
      const at = Number(address - base);
      if (at >= 0 && at + size <= view.byteLength) return [view, at];
    }
    return null;
  }

  load(address: bigint, size: number): bigint | null {
    const found = this.find(address, size);
    if (found === null) return null;
    const [view, at] = found;
    if (size === 8) return view.getBigUint64(at, true);
    return BigInt(size === 4 ? view.getUint32(at, true) : size === 2 ? view.getUint16(at, true) : view.getUint8(at));
  }

  store(address: bigint, size: number, value: bigint): boolean {
    const found = this.find(address, size);
    if (found === null || found[0] === this.context) return false;
    const [view, at] = found;
    if (size === 8) view.setBigUint64(at, u64(value), true);
    else if (size === 4) view.setUint32(at, Number(u32(value)), true);
    else if (size === 2) view.setUint16(at, Number(value & 0xffffn), true);
    else view.setUint8(at, Number(value & 0xffn));
    return true;
  }

  /** Arithmetic: whether the instruction exists. */
  alu({ code, dst, src, off, imm }: Insn): boolean {
    const { registers } = this;
    const op = code & 0xf0;
    const wide = (code & 7) === b.BPF_ALU64;
    const x = registers[dst]!;
    if (op === b.BPF_END) {
      const low = BigInt.asUintN(imm, x);
      registers[dst] = wide || (code & b.BPF_X) !== 0 ? swap(low, imm) : low;
      return true;
    }
    const y = (code & b.BPF_X) !== 0 ? registers[src]! : BigInt(imm);
    const result = wide ? compute(op, x, u64(y), 64, off) : compute(op, u32(x), u32(y), 32, off);
    if (result === null) return false;
    registers[dst] = result;
    return true;
  }

  /** Whether a conditional jump is taken; null when it does not exist. */
  jumps({ code, dst, src, imm }: Insn): boolean | null {
    const x = this.registers[dst]!;
    const y = (code & b.BPF_X) !== 0 ? this.registers[src]! : BigInt(imm);
    return (code & 7) === b.BPF_JMP ? compare(code & 0xf0, x, u64(y), 64) : compare(code & 0xf0, u32(x), u32(y), 32);
  }
}

/** Run `program` on `context` for `task`: what it leaves in r0; null if it does what the verifier should not have let through. */
export function runProgram(program: BpfProgram, context: Uint8Array, task: Task): bigint | null {
  const run = new Run(context);
  const { registers } = run;
  const { words } = program;
  for (let pc = 0, steps = 0; pc >= 0 && pc < program.length && steps < b.BPF_COMPLEXITY_LIMIT_INSNS; pc++, steps++) {
    const insn = insnAt(words, pc);
    const { code, dst, src, off, imm } = insn;
    const size = SIZES[code & 0x18]!;
    switch (code & 7) {
      case b.BPF_ALU:
      case b.BPF_ALU64:
        if (!run.alu(insn)) return null;
        break;
      case b.BPF_LD:
        registers[dst] = (BigInt(words[2 * pc + 3]! >>> 0) << 32n) | BigInt(imm >>> 0);
        pc++;
        break;
      case b.BPF_LDX: {
        const value = run.load(registers[src]! + BigInt(off), size);
        if (value === null) return null;
        registers[dst] = (code & 0xe0) === b.BPF_MEMSX ? u64(BigInt.asIntN(8 * size, value)) : value;
        break;
      }
      case b.BPF_ST:
      case b.BPF_STX:
        if (!run.store(registers[dst]! + BigInt(off), size, (code & 7) === b.BPF_ST ? BigInt(imm) : registers[src]!)) return null;
        break;
      default: {
        const op = code & 0xf0;
        if (op === b.BPF_EXIT) return registers[0]!;
        if (op === b.BPF_CALL) {
          const helper = helpers.get(imm);
          if (helper === undefined) return null;
          registers[0] = u64(helper.call(task));
        } else if (op === b.BPF_JA) pc += (code & 7) === b.BPF_JMP ? off : imm;
        else if (run.jumps(insn) === true) pc += off;
      }
    }
  }
  return null;
}
