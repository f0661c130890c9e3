/** The interpreter agrees with the reference on every operation: registers, flags, memory and traps. */

import { beforeAll, expect, test } from 'vitest';
import type { Operation } from '../../src/isa/operation.ts';
import { execute } from '../../src/machine/reference/reference.ts';
import { type ReferenceMemory, type ReferenceState, ReferenceTrap } from '../../src/machine/reference/state.ts';
import { ACCESS_WRITE, TRAP_FAULT } from '../../src/platform/cpu.ts';
import { REG_PC, REG_WORDS } from '../../src/platform/registers.ts';
import { Random, randomRegisters, randomWord } from './random_state.ts';
import { CODE, DATA, DATA_BYTES, decoder, describeTrap, type Outcome, operations, pointBases, Subject } from './subject.ts';

/** Instructions tried for each operation. */
const TIMES = Number(process.env['HOLM_AGREE_TIMES'] ?? 12);

let subject: Subject;

beforeAll(() => {
  subject = new Subject();
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

function compare(operation: Operation, random: Random): string | undefined {
  const word = randomWord(random, decoder, operation);
  if (word === undefined) return `${operation.template.row.name} ${JSON.stringify(operation.variants)}: no encoding reaches it`;
  const index = random.pick([0, 1, 511, 700, 1022]);
  const initial = new Int32Array(REG_WORDS);
  randomRegisters(random, initial);
  pointBases(random, initial, operation, word);
  initial[REG_PC] = CODE + 4 * index;
  const data = new Uint8Array(DATA_BYTES);
  for (let i = 0; i < data.length; i += 4) new DataView(data.buffer).setUint32(i, random.u32());
  const code = subject.code([word], index);
  const expected = byReference(initial, data, code, word);
  for (const step of [true, false]) {
    const actual = subject.run(initial, data, step);
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
