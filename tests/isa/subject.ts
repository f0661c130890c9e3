/** A machine with a page of code and four pages of data, on which single instructions are tried. */

import { arm64 } from '../../src/isa/arm64/table.ts';
import { Decoder } from '../../src/isa/decoder.ts';
import { InsnTable } from '../../src/isa/insn_table.ts';
import type { Operation } from '../../src/isa/operation.ts';
import { createMachine, type MachineOptions } from '../../src/machine/machine.ts';
import {
  ACCESS_EXEC,
  ACCESS_READ,
  ACCESS_WRITE,
  type Machine,
  type Space,
  TRAP_FAULT,
  TRAP_FUEL,
  TRAP_PC_ALIGNMENT,
  TRAP_STEP,
  TRAP_SYSCALL,
} from '../../src/platform/cpu.ts';
import { REG_PC, REG_WORDS } from '../../src/platform/registers.ts';
import { type Random, setRegister } from './random_state.ts';

const table = new InsnTable(arm64);
export const operations: readonly Operation[] = table.operations();
export const decoder: Decoder = new Decoder(table);

export const CODE = 0x00400000;
/** Three pages readable and writable, one readable. */
export const DATA = 0x10000000;
export const DATA_PAGES = 4;
export const DATA_BYTES: number = DATA_PAGES * 4096;
const SVC = 0xd4000001;

/** What an instruction left behind. */
export interface Outcome {
  readonly registers: number[];
  readonly memory: Uint8Array;
  readonly trap: string;
}

export const describeTrap: (kind: number, address: number, access: number) => string = (kind, address, access) =>
  kind === TRAP_FAULT ? `fault ${address.toString(16)} ${access}` : `trap ${kind}`;

export class Subject {
  private readonly machine: Machine;
  private readonly space: Space;
  private readonly codeFrame: number;
  private readonly dataFrame: number;

  constructor(options: Partial<MachineOptions> = {}) {
    const clock = { monotonic: () => 12345, realtime: () => ({ seconds: 0, nanoseconds: 0 }) };
    const machine = createMachine({ clock, codeBlocks: 8, slots: 2, ...options });
    machine.ram.grow(16);
    this.machine = machine;
    this.codeFrame = machine.ram.firstFrame;
    this.dataFrame = this.codeFrame + 1;
    this.space = machine.createSpace();
    this.space.map(CODE / 4096, this.codeFrame, ACCESS_READ | ACCESS_EXEC);
    for (let i = 0; i < DATA_PAGES; i++) {
      this.space.map(DATA / 4096 + i, this.dataFrame + i, i < 3 ? ACCESS_READ | ACCESS_WRITE : ACCESS_READ);
    }
  }

  /** The code page: instructions from `index` on, among svc. */
  code(words: readonly number[], index: number): Uint8Array {
    const code = this.machine.ram.views.u32.subarray(this.codeFrame * 1024, this.codeFrame * 1024 + 1024);
    code.fill(SVC);
    words.forEach((word, i) => {
      code[index + i] = word;
    });
    return new Uint8Array(code.slice().buffer);
  }

  /** Several programs, and a function that calls them all, so that they are translated together. Where they are: indices in the page. */
  programs(programs: readonly (readonly number[])[]): number[] {
    const words: number[] = programs.map(() => 0);
    const starts = programs.map((program, i) => {
      words.push(SVC);
      const start = words.length;
      words[i] = 0x94000000 | (start - i);
      words.push(...program);
      return start;
    });
    this.code(words, 0);
    this.machine.invalidateCode(this.codeFrame);
    const { cpu } = this.machine;
    cpu.registers[REG_PC] = CODE;
    cpu.singleStep = false;
    cpu.fuel = 0;
    cpu.run(this.space);
    return starts;
  }

  /** `fresh`: the code may have changed. */
  run(initial: Int32Array, data: Uint8Array, step: boolean, fresh = true): Outcome {
    const { cpu, ram } = this.machine;
    if (fresh) this.machine.invalidateCode(this.codeFrame);
    const at = this.dataFrame * 4096;
    ram.views.u8.set(data, at);
    cpu.registers.set(initial);
    cpu.singleStep = step;
    cpu.fuel = 1000;
    const before = cpu.registers[REG_PC];
    const trap = cpu.run(this.space);
    const moved = cpu.registers[REG_PC] !== before;
    // In the loop, the next instruction traps: it is svc, or outside of the page; or there is none, after a branch to itself.
    const ended =
      trap.kind === TRAP_SYSCALL || trap.kind === TRAP_PC_ALIGNMENT || (trap.kind === TRAP_FAULT && trap.access === ACCESS_EXEC);
    const normal = step ? trap.kind === TRAP_STEP : moved ? ended : trap.kind === TRAP_FUEL;
    return {
      registers: [...cpu.registers.subarray(0, REG_WORDS)],
      memory: ram.views.u8.slice(at, at + data.length),
      trap: normal ? 'none' : describeTrap(trap.kind, trap.address, trap.access),
    };
  }
}

/** Makes the base register of a memory access point into the data, where there is one. */
export function pointBases(random: Random, block: Int32Array, operation: Operation, word: number): void {
  const { pattern } = operation.template;
  const fieldOf = (name: string): number | undefined => {
    const field = pattern.fields.find((f) => f.name === name);
    return field && (word >>> field.low) & 31;
  };
  const style = random.below(10);
  let address = DATA + 64 * random.below(250);
  if (style === 0) address = DATA + random.below(4 * 4096);
  if (style === 1) address = DATA + 4096 * (1 + random.below(4)) - random.below(70);
  if (style === 2) address += 8;
  setRegister(block, 31, BigInt(DATA + 0x1800 + (random.chance(90) ? 0 : 8)));
  if (
    operation.template.operands.some((slot) => slot.base) ||
    operation.template.row.name.startsWith('dc') ||
    operation.template.row.name.startsWith('ic')
  ) {
    const base = fieldOf('rn') ?? fieldOf('rt')!;
    const tag = random.chance(5) ? 0x5a00000000000000n : 0n;
    const index = fieldOf('rm');
    if (index !== undefined && index !== 31 && random.chance(80))
      setRegister(block, index, BigInt.asUintN(64, BigInt(random.below(256) - 128)));
    // sp as a base should often be aligned.
    setRegister(block, base, tag + BigInt(base === 31 && random.chance(80) ? address & ~15 : address));
  }
}
