/** The interpreter agrees with the reference on every operation: registers, flags, memory and traps. */

import { beforeAll, expect, test } from 'vitest';
import { arm64 } from '../../src/isa/arm64/table.ts';
import { Decoder } from '../../src/isa/decoder.ts';
import { expand, type Operation } from '../../src/isa/operation.ts';
import { createMachine } from '../../src/machine/machine.ts';
import { execute } from '../../src/machine/reference/reference.ts';
import { type ReferenceMemory, type ReferenceState, ReferenceTrap } from '../../src/machine/reference/state.ts';
import {
  ACCESS_EXEC,
  ACCESS_READ,
  ACCESS_WRITE,
  type Machine,
  type Space,
  TRAP_FAULT,
  TRAP_PC_ALIGNMENT,
  TRAP_STEP,
  TRAP_SYSCALL,
} from '../../src/platform/cpu.ts';
import { REG_PC, REG_WORDS } from '../../src/platform/registers.ts';
import { Random, randomRegisters, randomWord, setRegister } from './random_state.ts';

const { templates, operations } = expand(arm64);
const decoder = new Decoder(templates);

const CODE = 0x00400000;
/** Four pages: three readable and writable, one readable. */
const DATA = 0x10000000;
const DATA_PAGES = 4;
const SVC = 0xd4000001;
const TIMES = Number(process.env['HOLM_AGREE_TIMES'] ?? 12);

let machine: Machine;
let space: Space;
let codeFrame: number;
let dataFrame: number;

beforeAll(() => {
  machine = createMachine({ clock: { monotonic: () => 12345, realtime: () => ({ seconds: 0, nanoseconds: 0 }) }, codeBlocks: 8, slots: 2 });
  machine.ram.grow(16);
  codeFrame = machine.ram.firstFrame;
  dataFrame = codeFrame + 1;
  space = machine.createSpace();
  space.map(CODE / 4096, codeFrame, ACCESS_READ | ACCESS_EXEC);
  for (let i = 0; i < DATA_PAGES; i++) space.map(DATA / 4096 + i, dataFrame + i, i < 3 ? ACCESS_READ | ACCESS_WRITE : ACCESS_READ);
});

/** The same memory for the reference: its own copy of the data pages. */
class PlainMemory implements ReferenceMemory {
  readonly data: Uint8Array;
  readonly code: Uint8Array;

  constructor(data: Uint8Array, code: Uint8Array) {
    this.data = data;
    this.code = code;
  }

  private at(address: bigint): { bytes: Uint8Array; index: number } | undefined {
    const offset = Number(address) - DATA;
    if (offset >= 0 && offset < this.data.length) return { bytes: this.data, index: offset };
    const inCode = Number(address) - CODE;
    return inCode >= 0 && inCode < this.code.length ? { bytes: this.code, index: inCode } : undefined;
  }

  check(address: bigint, bytes: number, access: number): void {
    for (let i = 0; i < bytes; i++) {
      const place = this.at(address + BigInt(i));
      const writable = place !== undefined && place.bytes === this.data && place.index < 3 * 4096;
      if (place === undefined || (access === ACCESS_WRITE && !writable)) throw new ReferenceTrap(TRAP_FAULT, address + BigInt(i), access);
    }
  }

  read(address: bigint, bytes: number): bigint {
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) {
      const place = this.at(address + BigInt(i))!;
      value = (value << 8n) | BigInt(place.bytes[place.index]!);
    }
    return value;
  }

  write(address: bigint, bytes: number, value: bigint): void {
    for (let i = 0; i < bytes; i++) {
      const place = this.at(address + BigInt(i))!;
      place.bytes[place.index] = Number((value >> BigInt(8 * i)) & 0xffn);
    }
  }
}

function pointBases(random: Random, block: Int32Array, operation: Operation, word: number): void {
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

interface Outcome {
  readonly registers: number[];
  readonly memory: Uint8Array;
  readonly trap: string;
}

const describeTrap = (kind: number, address: number, access: number): string =>
  kind === TRAP_FAULT ? `fault ${address.toString(16)} ${access}` : `trap ${kind}`;

function byReference(initial: Int32Array, data: Uint8Array, code: Uint8Array, word: number): Outcome {
  const memory = new PlainMemory(data.slice(), code.slice());
  const state: ReferenceState = { registers: initial.slice(), memory, counter: () => 12345n, nextPc: 0n };
  const trap = execute(state, decoder.decode(word));
  return {
    registers: [...state.registers],
    memory: memory.data,
    trap: trap ? describeTrap(trap.kind, Number(trap.address), trap.access) : 'none',
  };
}

function byInterpreter(initial: Int32Array, data: Uint8Array, step: boolean): Outcome {
  const { cpu, ram } = machine;
  const at = dataFrame * 4096;
  ram.views.u8.set(data, at);
  cpu.registers.set(initial);
  cpu.singleStep = step;
  cpu.fuel = 1000;
  const before = cpu.registers[REG_PC];
  const trap = cpu.run(space);
  const moved = cpu.registers[REG_PC] !== before;
  // In the loop, the next instruction traps: it is svc, or outside of the page.
  const normal = step
    ? trap.kind === TRAP_STEP
    : moved && (trap.kind === TRAP_SYSCALL || trap.kind === TRAP_PC_ALIGNMENT || (trap.kind === TRAP_FAULT && trap.access === ACCESS_EXEC));
  return {
    registers: [...cpu.registers.subarray(0, REG_WORDS)],
    memory: ram.views.u8.slice(at, at + data.length),
    trap: normal ? 'none' : describeTrap(trap.kind, trap.address, trap.access),
  };
}

function compare(operation: Operation, random: Random): string | undefined {
  const { ram } = machine;
  const word = randomWord(random, decoder, operation);
  if (word === undefined) return `${operation.template.row.name} ${JSON.stringify(operation.variants)}: no encoding reaches it`;
  const index = random.pick([0, 1, 511, 700, 1022]);
  const initial = new Int32Array(REG_WORDS);
  randomRegisters(random, initial);
  pointBases(random, initial, operation, word);
  initial[REG_PC] = CODE + 4 * index;
  const data = new Uint8Array(DATA_PAGES * 4096);
  for (let i = 0; i < data.length; i += 4) new DataView(data.buffer).setUint32(i, random.u32());
  const code = ram.views.u32.subarray(codeFrame * 1024, codeFrame * 1024 + 1024);
  code.fill(SVC);
  code[index] = word;
  const codeBytes = new Uint8Array(code.slice().buffer);
  const expected = byReference(initial, data, codeBytes, word);
  for (const step of [true, false]) {
    machine.invalidateCode(codeFrame);
    const actual = byInterpreter(initial, data, step);
    const where = `${operation.template.row.name} ${JSON.stringify(operation.variants)} word ${(word >>> 0).toString(16)} ${step ? 'step' : 'loop'}`;
    if (actual.trap !== expected.trap) return `${where}: ${actual.trap}, not ${expected.trap}`;
    for (let i = 0; i < REG_WORDS; i++) {
      if (actual.registers[i] !== expected.registers[i]) {
        const hex = (value: number): string => (value >>> 0).toString(16);
        return `${where}: register word ${i} is ${hex(actual.registers[i]!)}, not ${hex(expected.registers[i]!)} (was ${hex(initial[i]!)})`;
      }
    }
    const differs = actual.memory.findIndex((byte, i) => byte !== expected.memory[i]);
    if (differs >= 0) return `${where}: memory at +${differs.toString(16)} is ${actual.memory[differs]}, not ${expected.memory[differs]}`;
  }
  return undefined;
}

const byRow = new Map<string, Operation[]>();
for (const operation of operations) {
  const { name } = operation.template.row;
  byRow.set(name, [...(byRow.get(name) ?? []), operation]);
}

const only = process.env['HOLM_AGREE_ONLY'];
const names = [...byRow.keys()].filter((name) => only === undefined || new RegExp(only).test(name));

test.each(names)('%s', (name) => {
  const random = new Random(0x9e3779b9);
  const failures = byRow.get(name)!.flatMap((operation) => {
    for (let i = 0; i < TIMES; i++) {
      const failure = compare(operation, random);
      if (failure) return [failure];
    }
    return [];
  });
  expect(failures).toEqual([]);
});
