import { beforeEach, describe, expect, test } from 'vitest';
import {
  ACCESS_EXEC,
  ACCESS_READ,
  ACCESS_WRITE,
  type Machine,
  type Space,
  TRAP_ALIGNMENT,
  TRAP_BREAKPOINT,
  TRAP_FAULT,
  TRAP_FUEL,
  TRAP_PC_ALIGNMENT,
  TRAP_STEP,
  TRAP_SYSCALL,
  TRAP_UNDEFINED,
} from '../platform/cpu.ts';
import { REG_MONITOR_SIZE, REG_PC, REG_SP, REG_X } from '../platform/registers.ts';
import { buildInterpreter, createMachine } from './machine.ts';

const RWX = ACCESS_READ | ACCESS_WRITE | ACCESS_EXEC;
const RW = ACCESS_READ | ACCESS_WRITE;
const RX = ACCESS_READ | ACCESS_EXEC;

// A few encodings, as the manual has them.
const movz = (rd: number, value: number): number => 0xd2800000 | (value << 5) | rd;
const addImm = (rd: number, rn: number, value: number): number => 0x91000000 | (value << 10) | (rn << 5) | rd;
const ldr = (rt: number, rn: number): number => 0xf9400000 | (rn << 5) | rt;
const str = (rt: number, rn: number): number => 0xf9000000 | (rn << 5) | rt;
const strPost = (rt: number, rn: number, offset: number): number => 0xf8000400 | (offset << 12) | (rn << 5) | rt;
const b = (words: number): number => 0x14000000 | (words & 0x3ffffff);
const br = (rn: number): number => 0xd61f0000 | (rn << 5);
const ldxr = (rt: number, rn: number): number => 0xc85f7c00 | (rn << 5) | rt;
const stxr = (rs: number, rt: number, rn: number): number => 0xc8007c00 | (rs << 16) | (rn << 5) | rt;
const icIvau = (rt: number): number => 0xd50b7520 | rt;
const SVC = 0xd4000001;
const CLREX = 0xd5033f5f;
const ISB = 0xd5033fdf;
const YIELD = 0xd503203f;

const CODE = 0x400000;
const DATA = 0x500000;

const image = buildInterpreter();
let machine: Machine;
let space: Space;
let nextFrame: number;

const create = (options: { codeBlocks?: number; slots?: number } = {}): Machine =>
  createMachine({ clock: { monotonic: () => 1234567, realtime: () => ({ seconds: 0, nanoseconds: 0 }) }, interpreter: image, ...options });

/** The next free frame. */
function frame(): number {
  while (nextFrame >= machine.ram.endFrame) machine.ram.grow(16);
  return nextFrame++;
}

function start(options?: { codeBlocks?: number; slots?: number }): void {
  machine = create(options);
  nextFrame = machine.ram.firstFrame;
  space = machine.createSpace();
}

const setX = (register: number, value: number): void => {
  machine.cpu.registers[REG_X + 2 * register] = value;
  machine.cpu.registers[REG_X + 2 * register + 1] = Math.floor(value / 2 ** 32);
};
const x = (register: number): number =>
  (machine.cpu.registers[REG_X + 2 * register]! >>> 0) + machine.cpu.registers[REG_X + 2 * register + 1]! * 2 ** 32;
const setPc = (address: number): void => {
  machine.cpu.registers[REG_PC] = address;
  machine.cpu.registers[REG_PC + 1] = Math.floor(address / 2 ** 32);
};
const pc = (): number => (machine.cpu.registers[REG_PC]! >>> 0) + machine.cpu.registers[REG_PC + 1]! * 2 ** 32;

/** Puts instructions into a frame and maps it. */
function load(words: readonly number[], address = CODE, into: Space = space): number {
  const own = frame();
  const code = machine.ram.views.i32;
  words.forEach((word, i) => {
    code[own * 1024 + ((address & 4095) >> 2) + i] = word;
  });
  into.map(Math.floor(address / 4096), own, RX);
  return own;
}

function data(address = DATA, access = RW): number {
  const own = frame();
  space.map(Math.floor(address / 4096), own, access);
  return own;
}

function run(address = CODE, fuel = 1000): { kind: number; address: number; access: number; syndrome: number } {
  setPc(address);
  machine.cpu.fuel = fuel;
  return { ...machine.cpu.run(space) };
}

beforeEach(() => {
  start();
});

describe('traps', () => {
  test('svc leaves the pc on the instruction', () => {
    load([movz(0, 7), addImm(0, 0, 3), SVC | (5 << 5)]);
    expect(run()).toMatchObject({ kind: TRAP_SYSCALL, syndrome: 5 });
    expect(x(0)).toBe(10);
    expect(pc()).toBe(CODE + 8);
  });

  test('undefined instructions report their word', () => {
    load([movz(1, 1), 0x00000000]);
    expect(run()).toMatchObject({ kind: TRAP_UNDEFINED, syndrome: 0 });
    expect(pc()).toBe(CODE + 4);
    load([0x0000dead]);
    expect(run().syndrome).toBe(0xdead);
  });

  test('brk reports its immediate', () => {
    load([0xd4200000 | (0x3e8 << 5)]);
    expect(run()).toMatchObject({ kind: TRAP_BREAKPOINT, syndrome: 0x3e8 });
  });

  test('yield ends the quantum after itself', () => {
    load([YIELD, SVC]);
    expect(run().kind).toBe(TRAP_FUEL);
    expect(pc()).toBe(CODE + 4);
  });

  test('a misaligned pc, exclusive and stack pointer', () => {
    load([ldxr(0, 1), SVC]);
    data();
    expect(run(CODE + 2).kind).toBe(TRAP_PC_ALIGNMENT);
    setX(1, DATA + 4);
    expect(run()).toMatchObject({ kind: TRAP_ALIGNMENT, address: DATA + 4 });
    machine.cpu.registers[REG_SP] = DATA + 8;
    load([ldr(0, 31), SVC]);
    expect(run()).toMatchObject({ kind: TRAP_ALIGNMENT, address: DATA + 8 });
  });

  test('one step at a time', () => {
    load([movz(0, 1), b(2), movz(0, 2), SVC]);
    machine.cpu.singleStep = true;
    expect(run().kind).toBe(TRAP_STEP);
    expect([pc(), x(0)]).toEqual([CODE + 4, 1]);
    expect(machine.cpu.run(space).kind).toBe(TRAP_STEP);
    expect(pc()).toBe(CODE + 12);
    expect(machine.cpu.run(space).kind).toBe(TRAP_SYSCALL);
    expect(pc()).toBe(CODE + 12);
  });
});

describe('fuel', () => {
  test('every backward transfer costs one', () => {
    load([addImm(0, 0, 1), b(-1)]);
    setX(0, 0);
    expect(run(CODE, 100).kind).toBe(TRAP_FUEL);
    expect(x(0)).toBe(101);
    expect(pc()).toBe(CODE);
  });

  test('so does every indirect one and every change of page', () => {
    load([br(1)]);
    setX(1, CODE);
    expect(run(CODE, 10).kind).toBe(TRAP_FUEL);
    load([movz(2, 0)], CODE + 4092);
    load([SVC], CODE + 4096);
    expect(run(CODE + 4092, 0).kind).toBe(TRAP_FUEL);
    expect(pc()).toBe(CODE + 4096);
    expect(run(CODE + 4092, 1).kind).toBe(TRAP_SYSCALL);
  });
});

describe('memory', () => {
  test('a fault changes nothing', () => {
    load([strPost(0, 1, 8), SVC]);
    setX(1, DATA);
    expect(run()).toMatchObject({ kind: TRAP_FAULT, address: DATA, access: ACCESS_WRITE });
    expect([pc(), x(1)]).toEqual([CODE, DATA]);
    data(DATA, ACCESS_READ);
    expect(run()).toMatchObject({ kind: TRAP_FAULT, address: DATA, access: ACCESS_WRITE });
    data();
    expect(run().kind).toBe(TRAP_SYSCALL);
    expect(x(1)).toBe(DATA + 8);
  });

  test('an access across two pages checks both before writing either', () => {
    load([str(0, 1), ldr(2, 1), SVC]);
    const first = data();
    data(DATA + 0x100000); // so that the frames are not neighbours
    setX(0, 0x1122334455667);
    setX(1, DATA + 4096 - 3);
    const bytes = (): number[] => [...machine.ram.views.u8.slice(first * 4096 + 4093, first * 4096 + 4096)];
    expect(run()).toMatchObject({ kind: TRAP_FAULT, address: DATA + 4096, access: ACCESS_WRITE });
    expect(bytes()).toEqual([0, 0, 0]);
    const second = data(DATA + 4096);
    expect(run().kind).toBe(TRAP_SYSCALL);
    expect(bytes()).toEqual([0x67, 0x56, 0x45]);
    expect([...machine.ram.views.u8.slice(second * 4096, second * 4096 + 5)]).toEqual([0x34, 0x23, 0x12, 0x01, 0x00]);
    expect(x(2)).toBe(0x1122334455667);
  });

  test('addresses above 4 GiB, for data and instructions', () => {
    const high = 2 ** 40 + DATA;
    load([str(0, 1), ldr(2, 1), SVC], 2 ** 46);
    data(2 ** 32 - 4096);
    setX(0, 0x123456789a);
    setX(1, high);
    expect(run(2 ** 46)).toMatchObject({ kind: TRAP_FAULT, address: high, access: ACCESS_WRITE });
    data(high);
    expect(run(2 ** 46).kind).toBe(TRAP_SYSCALL);
    expect(pc()).toBe(2 ** 46 + 8);
    expect(x(2)).toBe(0x123456789a);
    setX(1, 2 ** 32 - 4);
    expect(run(2 ** 46)).toMatchObject({ kind: TRAP_FAULT, address: 2 ** 32 });
    data(2 ** 32);
    expect(run(2 ** 46).kind).toBe(TRAP_SYSCALL);
    expect(x(2)).toBe(0x123456789a);
    space.writeProtect(2 ** 28 + DATA / 4096, 1);
    setX(1, high);
    expect(run(2 ** 46)).toMatchObject({ kind: TRAP_FAULT, access: ACCESS_WRITE });
    space.unmap(2 ** 20, 2 ** 30);
    expect(run(2 ** 46)).toMatchObject({ kind: TRAP_FAULT, address: high });
  });

  test('the top byte is ignored', () => {
    load([str(0, 1), br(3)]);
    load([SVC], CODE + 4096);
    const own = data();
    setX(0, 99);
    machine.cpu.registers.set([DATA, 0x7f000000], REG_X + 2);
    machine.cpu.registers.set([CODE + 4096, 0x12000000], REG_X + 6);
    expect(run().kind).toBe(TRAP_SYSCALL);
    expect(machine.ram.views.i32[own * 1024]).toBe(99);
    expect(pc()).toBe(CODE + 4096);
  });

  test('write protection and unmapping', () => {
    load([str(0, 1), SVC]);
    data();
    setX(1, DATA);
    expect(run().kind).toBe(TRAP_SYSCALL);
    space.writeProtect(DATA / 4096, 1);
    expect(run()).toMatchObject({ kind: TRAP_FAULT, access: ACCESS_WRITE });
    load([ldr(0, 1), SVC]);
    expect(run().kind).toBe(TRAP_SYSCALL);
    space.unmap(0, 2 ** 36);
    expect(run()).toMatchObject({ kind: TRAP_FAULT, access: ACCESS_EXEC, address: CODE });
  });
});

describe('address spaces', () => {
  test('the same address in two spaces', () => {
    const other = machine.createSpace();
    load([movz(0, 1), SVC]);
    load([movz(0, 2), SVC], CODE, other);
    for (let i = 0; i < 3; i++) {
      run();
      expect(x(0)).toBe(1);
      setPc(CODE);
      machine.cpu.run(other);
      expect(x(0)).toBe(2);
    }
  });

  test('a space without a slot begins again', () => {
    start({ slots: 2 });
    const spaces = [space, machine.createSpace(), machine.createSpace()];
    spaces.forEach((one, i) => {
      load([ldr(0, 1), SVC], CODE, one);
      const own = frame();
      machine.ram.views.i32[own * 1024] = i + 10;
      one.map(DATA / 4096, own, RW);
    });
    for (const [i, one] of spaces.entries()) {
      setX(1, DATA);
      setPc(CODE);
      const trap = machine.cpu.run(one);
      // The first one lost its tables to the third, and what it knew of code with them.
      if (i === 0) expect(trap).toMatchObject({ kind: TRAP_FAULT, address: CODE, access: ACCESS_EXEC });
    }
    spaces[1]!.release();
    spaces[2]!.release();
    const again = machine.createSpace();
    load([ldr(0, 1), SVC], CODE, again);
    setPc(CODE);
    expect(machine.cpu.run(again)).toMatchObject({ kind: TRAP_FAULT, address: DATA });
  });

  test('more than a thousand spaces', () => {
    start({ slots: 2 });
    const text = load([movz(0, 1), SVC]);
    for (let i = 0; i < 2500; i++) {
      const one = machine.createSpace();
      if (i % 3 !== 0) one.map(CODE / 4096, text, RX);
      setPc(CODE);
      expect(machine.cpu.run(one).kind).toBe(i % 3 === 0 ? TRAP_FAULT : TRAP_SYSCALL);
      one.release();
    }
  });
});

describe('code', () => {
  test('loses its permission at once', () => {
    const text = load([movz(0, 1), SVC]);
    expect(run().kind).toBe(TRAP_SYSCALL);
    space.map(CODE / 4096, text, ACCESS_READ);
    expect(run()).toMatchObject({ kind: TRAP_FAULT, address: CODE, access: ACCESS_EXEC });
  });

  test('that changes itself', () => {
    const text = load([ldr(0, 1), str(0, 2), icIvau(2), ISB, movz(3, 1), SVC]);
    space.map(CODE / 4096, text, RWX);
    const own = data();
    machine.ram.views.i32[own * 1024] = movz(3, 2);
    machine.ram.views.i32[own * 1024 + 1] = SVC;
    setX(1, DATA);
    setX(2, CODE + 16);
    expect(run().kind).toBe(TRAP_SYSCALL);
    expect(x(3)).toBe(2);
  });

  test('that is changed from outside', () => {
    const text = load([movz(0, 1), SVC]);
    run();
    machine.ram.views.i32[text * 1024] = movz(0, 2);
    machine.invalidateCode(text);
    run();
    expect(x(0)).toBe(2);
  });

  test('more pages than fit', () => {
    start({ codeBlocks: 3 });
    for (let i = 0; i < 8; i++) load([addImm(0, 0, 1), b(1023)], CODE + 4096 * i);
    load([SVC], CODE + 4096 * 8);
    for (let round = 0; round < 3; round++) {
      setX(0, 0);
      expect(run().kind).toBe(TRAP_SYSCALL);
      expect(x(0)).toBe(8);
    }
  });
});

describe('exclusives', () => {
  test('succeed once', () => {
    load([ldxr(0, 1), stxr(2, 3, 1), stxr(4, 3, 1), SVC]);
    const own = data();
    setX(1, DATA);
    setX(3, 42);
    setX(2, 9);
    run();
    expect([x(2), x(4), machine.ram.views.i32[own * 1024]]).toEqual([0, 1, 42]);
  });

  test('fail after clrex, another task, or a change of the value', () => {
    load([ldxr(0, 1), CLREX, stxr(2, 3, 1), SVC]);
    const own = data();
    setX(1, DATA);
    setX(3, 42);
    run();
    expect(x(2)).toBe(1);
    load([ldxr(0, 1), SVC, stxr(2, 3, 1), SVC]);
    run();
    machine.cpu.registers[REG_MONITOR_SIZE] = 0;
    run(CODE + 8);
    expect(x(2)).toBe(1);
    run();
    machine.ram.views.i32[own * 1024] = 5;
    run(CODE + 8);
    expect([x(2), machine.ram.views.i32[own * 1024]]).toEqual([1, 5]);
  });
});
