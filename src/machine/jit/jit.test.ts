/** Translated code at its borders. That it means the same as the interpreter is tested by tests/isa. */

import { expect, test } from 'vitest';
import {
  ACCESS_EXEC,
  ACCESS_READ,
  ACCESS_WRITE,
  type Machine,
  type Space,
  TRAP_FAULT,
  TRAP_FUEL,
  TRAP_PC_ALIGNMENT,
  TRAP_SYSCALL,
} from '../../platform/cpu.ts';
import { REG_PC, REG_X } from '../../platform/registers.ts';
import type { Interpreter } from '../interpreter/interpreter.ts';
import { createMachine } from '../machine.ts';
import type { SoftSpace } from '../space.ts';
import type { JitOptions } from './jit.ts';

const CODE = 0x400000;
const DATA = 0x500000;

function start(words: readonly number[], jit: Partial<JitOptions>): { machine: Machine; space: Space } {
  const clock = { monotonic: () => 0, realtime: () => ({ seconds: 0, nanoseconds: 0 }) };
  const machine = createMachine({ clock, codeBlocks: 32, slots: 2, jit: { eager: true, maxRegions: 64, ...jit } });
  machine.ram.grow(32);
  const space = machine.createSpace();
  space.map(CODE / 4096, machine.ram.firstFrame, ACCESS_READ | ACCESS_EXEC);
  machine.ram.views.u32.set(words, machine.ram.firstFrame * 1024);
  return { machine, space };
}

/** cbnz xzr, .+8; ret; bl .: the end of a function that is not copied into its callers, as it might call. */
const NOT_COPIED: readonly number[] = [0xb500005f, 0xd65f03c0, 0x94000000];

// ldr x0, [x1]; add x0, x0, 1; b .-8
const LOOP: readonly number[] = [0xf9400020, 0x91000400, 0x17fffffe];

test.each([Infinity, 0])('a fault at the first instruction, little fuel being left; quanta of %d', (quantum) => {
  const { machine, space } = start(LOOP, { quantum });
  const { cpu, ram } = machine;
  cpu.registers[REG_PC] = CODE;
  cpu.registers[REG_X + 2] = DATA;
  cpu.fuel = 10;
  expect(cpu.run(space)).toMatchObject({ kind: TRAP_FAULT, address: DATA, access: ACCESS_READ });
  expect([cpu.fuel, cpu.registers[REG_PC]]).toEqual([10, CODE]);
  space.map(DATA / 4096, ram.firstFrame + 1, ACCESS_READ | ACCESS_WRITE);
  expect(cpu.run(space).kind).toBe(TRAP_FUEL);
  expect([cpu.fuel, cpu.registers[REG_PC], cpu.registers[REG_X]]).toEqual([-1, CODE, 1]);
});

test.each([
  ['called', NOT_COPIED],
  ['copied', [0xd65f03c0]],
])('a callee that changes, in another page than its caller: %s', (_, end) => {
  // bl CODE + 4096; svc
  const { machine, space } = start([0x94000400, 0xd4000001], { threshold: 0 });
  const { cpu, ram } = machine;
  const callee = ram.firstFrame + 1;
  space.map(CODE / 4096 + 1, callee, ACCESS_READ | ACCESS_EXEC);
  for (let k = 1; k < 5; k++) {
    // add x0, x0, k
    ram.views.u32.set([0x91000000 | (k << 10), ...end], callee * 1024);
    machine.invalidateCode(callee);
    // The callee is translated by itself and then its caller, which imports it; the next time the caller comes first.
    for (const pc of k % 2 === 1 ? [CODE + 4096, CODE, CODE] : [CODE, CODE]) {
      cpu.registers[REG_PC] = pc;
      cpu.registers[REG_X + 60] = CODE + 4;
      cpu.registers[REG_X] = 0;
      cpu.fuel = 100;
      expect(cpu.run(space).kind).toBe(TRAP_SYSCALL);
      expect(cpu.registers[REG_X]).toBe(k);
    }
  }
});

/** Functions in sixteen pages, whose entries share places of the look-up of translated code. */
const APART = 0x4000;
const FUNCTIONS = 16;

/** In each page: a caller that calls if x0 is 0, a system call, and at the fourth word the callee. */
function startFunctions(jit: Partial<JitOptions>): {
  run(pc: number, x0?: number): number;
  translations: Interpreter['jit']['translations'];
  /** The page's contents have changed. */
  invalidate(k: number): void;
  space: SoftSpace;
} {
  const { machine, space } = start([], { threshold: 0, ...jit });
  const { cpu, ram } = machine;
  for (let k = 0; k < FUNCTIONS; k++) {
    // cbnz x0, .+8; bl .+8; svc; add x0, x0, k + 1
    const start = (ram.firstFrame + k) * 1024;
    ram.views.u32.set([0xb5000040, 0x94000002, 0xd4000001, 0x91000000 | ((k + 1) << 10), ...NOT_COPIED], start);
    // At the eighth word: bl to the next page's callee; b to the system call.
    ram.views.u32.set([0x94000000 | (APART / 4 - 4), 0x17fffffa], start + 7);
    space.map((CODE + k * APART) / 4096, ram.firstFrame + k, ACCESS_READ | ACCESS_EXEC);
  }
  return {
    run(pc, x0 = 0) {
      cpu.registers[REG_PC] = pc;
      cpu.registers[REG_X] = x0;
      cpu.registers[REG_X + 60] = CODE + 8;
      cpu.fuel = 100;
      expect(cpu.run(space).kind).toBe(TRAP_SYSCALL);
      return cpu.registers[REG_X]!;
    },
    translations: (cpu as Interpreter).jit.translations,
    invalidate: (k) => machine.invalidateCode(ram.firstFrame + k),
    space: space as SoftSpace,
  };
}

const caller = (k: number): number => CODE + k * APART;
const callee = (k: number): number => caller(k) + 12;

test.each([{ maxRegions: 7 }, { maxBytes: 3000 }])(
  'a program with more code than may be kept: $maxRegions regions, $maxBytes bytes',
  (caps) => {
    const { run, translations } = startFunctions(caps);
    const { maxRegions, maxBytes } = { maxRegions: Infinity, maxBytes: Infinity, ...caps };
    let most = 0;
    for (let round = 0; round < 2; round++) {
      for (let k = 0; k < FUNCTIONS; k++) {
        // The callee is translated first, so that its caller's module imports it.
        expect(run(callee(k))).toBe(k + 1);
        expect(run(caller(k))).toBe(k + 1);
        const { regions, bytes } = translations.usage;
        expect(regions).toBeLessThanOrEqual(maxRegions);
        expect(bytes).toBeLessThanOrEqual(maxBytes);
        most = Math.max(most, regions);
      }
    }
    expect(most).toBeGreaterThan(4);
  },
);

test('what is used stays, and what it may call', () => {
  const { run, translations, space } = startFunctions({ maxRegions: 16 });
  run(callee(0));
  run(caller(0));
  const first = [caller(0), callee(0)].map((pc) => translations.find(space, pc));
  for (let k = 1; k < FUNCTIONS; k++) {
    run(callee(k));
    run(caller(k));
    expect(run(caller(0), 9)).toBe(9);
  }
  expect([caller(0), callee(0)].map((pc) => translations.find(space, pc) === first.shift())).toEqual([true, true]);
  expect(translations.find(space, caller(1))).toBeUndefined();
});

test('a caller that was translated first calls its callee directly, as long as there is one', () => {
  const { run, translations, invalidate, space } = startFunctions({ threshold: 1 });
  // Only the first page's caller calls the second page's callee.
  for (let round = 0; round < 3; round++) {
    expect(run(CODE + 28)).toBe(2);
    const far = translations.find(space, CODE + 28);
    const links = [...(translations.find(space, callee(1))?.links ?? [])];
    expect(links.map(({ target }) => target)).toEqual([translations.find(space, callee(1))]);
    invalidate(1);
    expect(translations.find(space, callee(1))).toBeUndefined();
    expect(translations.find(space, CODE + 28)).toBe(far);
    expect(links.map(({ target }) => target)).toEqual([undefined]);
    if (round === 1) invalidate(0);
  }
});

test('what is new stays, and what it calls, however far that leads', () => {
  // At every fourth word: cbnz x0, .+8; svc; bl to another one, forward or to itself; svc
  const one = (call: number): number[] => [0xb5000040, 0xd4000001, 0x94000000 | (call & 0x3ffffff), 0xd4000001];
  const chain = Array.from({ length: 15 }, () => one(2)).flat();
  // The last one calls the one before it; its second call is of the first one of the chain.
  const newest = one(-6);
  newest.splice(3, 1, 0x94000000 | (-67 & 0x3ffffff), 0xd4000001);
  const { machine, space } = start([...chain, ...one(-2), ...newest], { threshold: 1, maxRegions: 16 });
  const { cpu } = machine;
  const { translations } = (cpu as Interpreter).jit;
  for (let k = 0; k < 17; k++) {
    cpu.registers[REG_PC] = CODE + 16 * k;
    cpu.fuel = 100;
    expect(cpu.run(space).kind).toBe(TRAP_SYSCALL);
    expect([k, translations.find(space as SoftSpace, CODE + 16 * k) !== undefined]).toEqual([k, true]);
  }
  expect(translations.usage.regions).toBeLessThan(16);
});

/** Handlers, each of which ends by going to the next one of a list: add x0, x0, 1; add x0, x0, x0; eor x0, x0, x3; svc. */
const HANDLERS = [0x91000400, 0x8b000000, 0xca030000, 0xd4000001];
/** ldr x2, [x1], 8; br x2 */
const NEXT: readonly number[] = [0xf8408422, 0xd61f0040];

test.each([{ eager: false, threshold: 1, portion: 4, share: 1e9 }, { eager: true }, { eager: true, quantum: 0 }])(
  'indirect jumps to what is guessed and to what is not: %o',
  (jit) => {
    const size = 16;
    const { machine, space } = start(
      HANDLERS.flatMap((word) => [word, ...NEXT, 0]),
      jit,
    );
    const { cpu, ram } = machine;
    space.map(DATA / 4096, ram.firstFrame + 1, ACCESS_READ);
    for (let round = 0; round < 40; round++) {
      // What is frequent changes from round to round.
      const list = Array.from({ length: 100 }, (_, i) => ((i * i + i * round) % 7 < 4 ? round % 3 : i % 3));
      let expected = 5n;
      for (const handler of list) expected = BigInt.asUintN(64, [expected + 1n, expected * 2n, expected ^ 0x33n][handler]!);
      [...list, 3].forEach((handler, i) => {
        ram.views.u32.set([CODE + size * handler, 0], (ram.firstFrame + 1) * 1024 + 2 * i);
      });
      cpu.registers.set([5, 0, DATA, 0, 0, 0, 0x33, 0], REG_X);
      cpu.registers[REG_PC] = CODE + 4;
      cpu.fuel = 1000;
      expect(cpu.run(space).kind).toBe(TRAP_SYSCALL);
      const { registers } = cpu;
      expect((BigInt(registers[REG_X + 1]! >>> 0) << 32n) | BigInt(registers[REG_X]! >>> 0)).toBe(expected);
      expect(cpu.fuel).toBe(1000 - list.length - 1);
    }
  },
);

test('a copied function: a fault, too little fuel, another return address, a jump to another function', () => {
  // bl f; svc; f: add x0, x0, 1; ldr x2, [x1]; ret; g: bl h; svc; h: cbz x3, k; mov x30, x3; ret; k: b f
  const words = [
    0x94000002, 0xd4000001, 0x91000400, 0xf9400022, 0xd65f03c0, 0x94000002, 0xd4000001, 0xb4000063, 0xaa0303fe, 0xd65f03c0, 0x17fffff8,
  ];
  const { machine, space } = start(words, {});
  const { cpu, ram } = machine;
  const go = (pc: number, fuel: number, x3 = 0): number => {
    cpu.registers.set([0, 0, DATA, 0, 0, 0, x3, 0], REG_X);
    cpu.registers[REG_PC] = pc;
    cpu.fuel = fuel;
    return cpu.run(space).kind;
  };
  const f = CODE + 8;
  const g = CODE + 20;
  for (let round = 0; round < 3; round++) {
    space.unmap(DATA / 4096, 1);
    expect(go(CODE, 9)).toBe(TRAP_FAULT);
    expect([cpu.registers[REG_PC], cpu.registers[REG_X], cpu.registers[REG_X + 60], cpu.fuel]).toEqual([f + 4, 1, CODE + 4, 9]);
    space.map(DATA / 4096, ram.firstFrame + 1, ACCESS_READ);
    expect(go(CODE, 9)).toBe(TRAP_SYSCALL);
    expect([cpu.registers[REG_PC], cpu.registers[REG_X], cpu.fuel]).toEqual([CODE + 4, 1, 8]);
    expect(go(CODE, 0)).toBe(TRAP_FUEL);
    expect([cpu.registers[REG_PC], cpu.registers[REG_X], cpu.fuel]).toEqual([CODE + 4, 1, -1]);
    // h is left to f, which returns to g.
    expect(go(g, 9)).toBe(TRAP_SYSCALL);
    expect([cpu.registers[REG_PC], cpu.registers[REG_X], cpu.fuel]).toEqual([g + 4, 1, 7]);
    // h returns to the system call at the beginning.
    expect(go(g, 9, CODE + 4)).toBe(TRAP_SYSCALL);
    expect([cpu.registers[REG_PC], cpu.registers[REG_X], cpu.fuel]).toEqual([CODE + 4, 0, 8]);
  }
});

test('an address at which there is no instruction is no guess', () => {
  // sub x4, x4, 1; cbnz x4, .-4; br x2
  const words = [0xd1000484, 0xb5ffffe4, 0xd61f0040];
  const { machine, space } = start(words, { eager: false, portion: 4, share: 1e9 });
  const { cpu } = machine;
  for (let round = 0; round < 400; round++) {
    cpu.registers.set([CODE + 2, 0, 0, 0, 1 + (round % 8), 0], REG_X + 4);
    cpu.registers[REG_PC] = CODE;
    cpu.fuel = 100;
    expect(cpu.run(space)).toMatchObject({ kind: TRAP_PC_ALIGNMENT, address: CODE + 2 });
    expect(cpu.registers[REG_X + 8]).toBe(0);
  }
  expect((cpu as Interpreter).jit.translations.usage.regions).toBeGreaterThan(0);
});

test('the end of the address space', () => {
  const { machine, space } = start([], { threshold: 0 });
  const { cpu, ram } = machine;
  const END = 2 ** 48;
  space.map(END / 4096 - 1, ram.firstFrame, ACCESS_READ | ACCESS_EXEC);
  // At its last words: bl .+8; b .+16; b .+8; nop
  ram.views.u32.set([0x94000002, 0x14000004, 0x14000002, 0xd503201f], (ram.firstFrame + 1) * 1024 - 4);
  for (const [at, to] of [
    [-16, 0],
    [-12, 4],
    [-8, 0],
    [-4, 0],
  ] as const) {
    for (let round = 0; round < 3; round++) {
      cpu.registers[REG_PC] = END + at;
      cpu.registers[REG_PC + 1] = 0xffff;
      cpu.fuel = 100;
      expect(cpu.run(space)).toMatchObject({ kind: TRAP_FAULT, address: END + to, access: ACCESS_EXEC });
    }
  }
});

test('a program that is everywhere does not make what is remembered of it grow', () => {
  const { machine, space } = start([], { eager: false, threshold: 2, share: 0 });
  const { jit } = machine.cpu as Interpreter;
  const everywhere = Object.assign(Object.create(space), { codeFrame: (page: number) => page }) as SoftSpace;
  const most = { frames: 0, warm: 0 };
  for (let i = 0; i < 100_000; i++) {
    jit.sample(everywhere, i * 4096, 0, 0);
    const { frames, warm } = jit.sampled;
    most.frames = Math.max(most.frames, frames);
    most.warm = Math.max(most.warm, warm);
  }
  expect(most).toEqual({ frames: 1 << 14, warm: 1 << 14 });
});
