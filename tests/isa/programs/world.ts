/** What runs a random program: the machine, or the reference back end with the same rules for fuel. */

import { createMachine, type MachineOptions } from '../../../src/machine/machine.ts';
import { execute } from '../../../src/machine/reference/reference.ts';
import { type ReferenceMemory, type ReferenceState, ReferenceTrap } from '../../../src/machine/reference/state.ts';
import {
  ACCESS_EXEC,
  ACCESS_WRITE,
  type Cpu,
  type Machine,
  type Space,
  TRAP_FAULT,
  TRAP_FUEL,
  TRAP_PC_ALIGNMENT,
  TRAP_STEP,
  type Trap,
} from '../../../src/platform/cpu.ts';
import { REG_PC, REG_WORDS } from '../../../src/platform/registers.ts';
import { decoder } from '../subject.ts';

/** Frames that programs may use, numbered from 0. */
export const FRAMES = 20;
export const SPACES = 2;

/** A processor with RAM and address spaces, as a kernel sees it. */
export interface World {
  readonly name: string;
  readonly registers: Int32Array;
  fuel: number;
  singleStep: boolean;
  /** The bytes of all frames. */
  readonly memory: Uint8Array;
  run(space: number): Trap;
  map(space: number, page: number, frame: number, access: number): void;
  unmap(space: number, page: number, count: number): void;
  writeProtect(space: number, page: number, count: number): void;
  /** The space begins anew; `release`: with another object. */
  clear(space: number, release: boolean): void;
  invalidateCode(frame: number): void;
}

export class MachineWorld implements World {
  readonly name: string;
  private readonly machine: Machine;
  private readonly cpu: Cpu;
  private readonly spaces: Space[];
  private readonly first: number;

  constructor(name: string, options: Partial<MachineOptions>) {
    const clock = { monotonic: () => 12345, realtime: () => ({ seconds: 0, nanoseconds: 0 }) };
    this.name = name;
    this.machine = createMachine({ clock, codeBlocks: 16, slots: 2, ...options });
    this.machine.ram.grow(FRAMES);
    this.cpu = this.machine.cpu;
    this.first = this.machine.ram.firstFrame;
    this.spaces = Array.from({ length: SPACES }, () => this.machine.createSpace());
  }

  get registers(): Int32Array {
    return this.cpu.registers;
  }

  get fuel(): number {
    return this.cpu.fuel;
  }

  set fuel(value: number) {
    this.cpu.fuel = value;
  }

  get singleStep(): boolean {
    return this.cpu.singleStep;
  }

  set singleStep(value: boolean) {
    this.cpu.singleStep = value;
  }

  get memory(): Uint8Array {
    return this.machine.ram.views.u8.subarray(this.first * 4096, (this.first + FRAMES) * 4096);
  }

  run(space: number): Trap {
    return this.cpu.run(this.spaces[space]!);
  }

  map(space: number, page: number, frame: number, access: number): void {
    this.spaces[space]!.map(page, this.first + frame, access);
  }

  unmap(space: number, page: number, count: number): void {
    this.spaces[space]!.unmap(page, count);
  }

  writeProtect(space: number, page: number, count: number): void {
    this.spaces[space]!.writeProtect(page, count);
  }

  clear(space: number, release: boolean): void {
    this.spaces[space]!.clear();
    if (!release) return;
    this.spaces[space]!.release();
    this.spaces[space] = this.machine.createSpace();
  }

  invalidateCode(frame: number): void {
    this.machine.invalidateCode(this.first + frame);
  }
}

type Pages = Map<number, { readonly frame: number; access: number }>;

/** Steps the reference back end. Fuel is taken as docs/decisions/performance.md says. */
export class ReferenceWorld implements World, ReferenceMemory {
  readonly name = 'reference';
  readonly registers: Int32Array = new Int32Array(REG_WORDS);
  readonly memory: Uint8Array = new Uint8Array(FRAMES * 4096);
  fuel = 0;
  singleStep = false;
  private readonly spaces: Pages[] = Array.from({ length: SPACES }, () => new Map());
  private pages: Pages = new Map();
  private readonly state: ReferenceState = { registers: this.registers, memory: this, counter: () => 12345n, nextPc: 0n };

  run(space: number): Trap {
    this.pages = this.spaces[space]!;
    for (;;) {
      const pc = this.pc();
      if (this.registers[REG_PC]! & 3) return trap(TRAP_PC_ALIGNMENT, pc, ACCESS_EXEC);
      const code = this.pages.get(Math.floor(pc / 4096));
      if (code === undefined || !(code.access & ACCESS_EXEC)) return trap(TRAP_FAULT, pc, ACCESS_EXEC);
      const word = new DataView(this.memory.buffer).getUint32(code.frame * 4096 + (pc % 4096), true);
      const decoded = decoder.decode(word);
      const stopped = execute(this.state, decoded);
      if (stopped) return trap(stopped.kind, Number(stopped.address), stopped.access, decoded ? stopped.syndrome : word | 0);
      if (this.singleStep) return trap(TRAP_STEP, 0, 0);
      if (!this.takesFuel(decoded!.operation.template.row.name, pc)) continue;
      this.fuel -= 1;
      if (this.fuel < 0) return trap(TRAP_FUEL, 0, 0);
    }
  }

  /** Transfers backward, to other pages, and to addresses in registers. */
  private takesFuel(name: string, from: number): boolean {
    const to = this.pc();
    return /^(br|blr|ret)$/.test(name) || to <= from || Math.floor(to / 4096) !== Math.floor(from / 4096);
  }

  private pc(): number {
    return (this.registers[REG_PC]! >>> 0) + (this.registers[REG_PC + 1]! >>> 0) * 2 ** 32;
  }

  private place(address: bigint): { readonly frame: number; readonly access: number; readonly at: number } | undefined {
    const page = this.pages.get(Number(address >> 12n));
    return page && { ...page, at: page.frame * 4096 + Number(address & 4095n) };
  }

  check(address: bigint, bytes: number, access: number): void {
    for (const at of [address, address + BigInt(bytes - 1)]) {
      if ((this.place(BigInt.asUintN(64, at))?.access ?? 0) & access) continue;
      throw new ReferenceTrap(TRAP_FAULT, at === address ? at : BigInt.asUintN(64, at & ~4095n), access);
    }
  }

  read(address: bigint, bytes: number): bigint {
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.memory[this.place(address + BigInt(i))!.at]!);
    return value;
  }

  write(address: bigint, bytes: number, value: bigint): void {
    for (let i = 0; i < bytes; i++) this.memory[this.place(address + BigInt(i))!.at] = Number((value >> BigInt(8 * i)) & 0xffn);
  }

  map(space: number, page: number, frame: number, access: number): void {
    this.spaces[space]!.set(page, { frame, access });
  }

  unmap(space: number, page: number, count: number): void {
    for (let i = 0; i < count; i++) this.spaces[space]!.delete(page + i);
  }

  writeProtect(space: number, page: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const mapped = this.spaces[space]!.get(page + i);
      if (mapped) mapped.access &= ~ACCESS_WRITE;
    }
  }

  clear(space: number): void {
    this.spaces[space]!.clear();
  }

  invalidateCode(): void {}
}

const trap = (kind: number, address: number, access: number, syndrome = 0): Trap => ({ kind, address, access, syndrome });
