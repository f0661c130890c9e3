import { expect, test } from 'vitest';
import { ACCESS_EXEC, ACCESS_READ, ACCESS_WRITE, type Space, TRAP_SYSCALL } from '../platform/cpu.ts';
import { REG_PC, REG_X } from '../platform/registers.ts';
import { buildInterpreter, createMachine } from './machine.ts';

const image = buildInterpreter();
const clock = { monotonic: () => 0, realtime: () => ({ seconds: 0, nanoseconds: 0 }) };

const CODE = 0x400000;
const DATA = 0x500000;

/** Small enough that a second page of code, or a second space, has no room at first. */
const start = (): ReturnType<typeof createMachine> => createMachine({ clock, interpreter: image, codeBlocks: 4, firstBlocks: 1, slots: 3 });

test('growth replaces the views and keeps the registers', () => {
  const machine = start();
  const { registers } = machine.cpu;
  registers[REG_X] = 77;
  expect(machine.ram.grow(1)).toBe(true);
  expect(machine.cpu.registers === registers).toBe(false);
  expect(machine.cpu.registers[REG_X]).toBe(77);
  expect(machine.ram.views.u8.length).toBe(machine.ram.endFrame * 4096);
});

test('room for more pages of code and more spaces comes when it is needed, beside the frames of the kernel', () => {
  const machine = start();
  const { firstFrame, holeFrame, holeEnd } = machine.ram;
  let next = firstFrame;
  const map = (into: Space, address: number, access: number, words: readonly number[]): void => {
    machine.ram.views.u32.set(words, next * 1024);
    into.map(address / 4096, next++, access);
  };
  const run = (space: Space): number => {
    machine.cpu.registers[REG_PC] = CODE;
    machine.cpu.fuel = 1000;
    expect(machine.cpu.run(space).kind).toBe(TRAP_SYSCALL);
    return machine.cpu.registers[REG_X]!;
  };
  const first = machine.createSpace();
  map(first, DATA, ACCESS_READ | ACCESS_WRITE, []);
  // mov x1, #DATA; mov x0, #1; str x0, [x1]; and to the next page, where 1 is added; and to the third one.
  map(first, CODE, ACCESS_READ | ACCESS_EXEC, [0xd2a00001 | ((DATA >>> 16) << 5), 0xd2800020, 0xf9000020, 0x14000000 | 1021]);
  map(first, CODE + 4096, ACCESS_READ | ACCESS_EXEC, [0x91000400, 0x14000000 | 1023]);
  // ldr x2, [x1]; add x0, x0, x2; svc #0.
  map(first, CODE + 8192, ACCESS_READ | ACCESS_EXEC, [0xf9400022, 0x8b020000, 0xd4000001]);
  expect(machine.ram.endFrame).toBe(holeFrame);
  expect(run(first)).toBe(3);
  // The second page of code has made RAM grow while the program ran.
  expect(machine.ram.endFrame).toBe(holeEnd);
  expect(machine.ram.views.u32[firstFrame * 1024]).toBe(1);
  for (const value of [5, 6]) {
    const other = machine.createSpace();
    map(other, CODE, ACCESS_READ | ACCESS_EXEC, [0xd2800000 | (value << 5), 0xd4000001]);
    expect(run(other)).toBe(value);
  }
  expect(run(first)).toBe(3);
});

test('a second space makes RAM grow', () => {
  const machine = start();
  machine.createSpace().map(1, machine.ram.firstFrame, ACCESS_READ);
  expect(machine.ram.endFrame).toBe(machine.ram.holeFrame);
  const { views } = machine.ram;
  const second = machine.createSpace();
  second.map(1, machine.ram.firstFrame, ACCESS_READ);
  expect(machine.ram.endFrame).toBe(machine.ram.holeEnd);
  expect(machine.ram.views === views).toBe(false);
});

test('growth has an end', () => {
  const small = createMachine({
    clock: { monotonic: () => 0, realtime: () => ({ seconds: 0, nanoseconds: 0 }) },
    interpreter: image,
    codeBlocks: 4,
    slots: 1,
    maxBytes: 2 ** 24,
  });
  expect(small.ram.grow(4096)).toBe(false);
  expect(small.ram.grow(16)).toBe(true);
});
