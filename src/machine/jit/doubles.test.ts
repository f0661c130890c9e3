/** Registers that are doubles in translated code keep every pattern as it is. */

import { expect, test } from 'vitest';
import { ACCESS_EXEC, ACCESS_READ, ACCESS_WRITE, TRAP_SYSCALL } from '../../platform/cpu.ts';
import { REG_PC, REG_V, REG_X } from '../../platform/registers.ts';
import type { Interpreter } from '../interpreter/interpreter.ts';
import { createMachine } from '../machine.ts';

const CODE = 0x400000;
const DATA = 0x500000;
const SIGN = 1n << 63n;

/** Loads d0, takes it through d4, d5 (its sign changed), d6 (cleared), x2, d7 and d16, stores each, and adds each to d3, x3 times. */
// biome-ignore format: a program
const LOOP: readonly number[] = [
  0xfd400020, 0x1e630801, // ldr d0, [x1]; fmul d1, d0, d3
  0x1e604004, 0x1e632881, 0xfd000424, // fmov d4, d0; fadd d1, d4, d3; str d4, [x1, 8]
  0x1e614005, 0x1e6328a1, 0xfd000825, // fneg d5, d0; …
  0x1e60c0a6, 0x1e6328c1, 0xfd000c26, // fabs d6, d5; …
  0x9e660082, 0xf9001022, // fmov x2, d4; str x2, [x1, 32]
  0x9e670047, 0x1e6328e1, 0xfd001427, // fmov d7, x2; …
  0xeb03007f, 0x1e630cf0, 0x1e632a01, 0xfd001830, // cmp x3, x3; fcsel d16, d7, d3, eq; …
  0x1f430862, // fmadd d2, d3, d3, d2
  0xd1000463, 0xb5fffd43, 0xd4000001, // sub x3, x3, 1; cbnz x3, .-88; svc
];

test.each([
  ['a number', 0x4009_21fb_5444_2d18n],
  ['minus zero', SIGN],
  ['a denormal number', 0x0000_0000_dead_beefn],
  ['infinity', 0xfff0_0000_0000_0000n],
  ['a signalling NaN', 0x7ff0_0000_0000_0001n],
  ['a signalling NaN with a sign', 0xfff4_dead_beef_0123n],
  ['a quiet NaN', 0x7ffc_dead_beef_0123n],
])('%s', (_, pattern) => {
  const clock = { monotonic: () => 0, realtime: () => ({ seconds: 0, nanoseconds: 0 }) };
  const machine = createMachine({ clock, codeBlocks: 32, slots: 2, jit: { eager: true, threshold: 0, maxRegions: 64 } });
  const { cpu, ram } = machine;
  ram.grow(32);
  const space = machine.createSpace();
  const [code, data] = [ram.firstFrame, ram.firstFrame + 1];
  space.map(CODE / 4096, code, ACCESS_READ | ACCESS_EXEC);
  space.map(DATA / 4096, data, ACCESS_READ | ACCESS_WRITE);
  ram.views.u32.set(LOOP, code * 1024);
  const view = new DataView(ram.views.u8.buffer, ram.views.u8.byteOffset + data * 4096, 4096);
  view.setBigUint64(0, pattern, true);
  const registers = new DataView(cpu.registers.buffer, cpu.registers.byteOffset);
  const vector = (register: number): bigint[] => [0, 8].map((at) => registers.getBigUint64(4 * REG_V + 16 * register + at, true));
  for (let register = 0; register < 32; register++) {
    for (const at of [0, 8]) registers.setBigUint64(4 * REG_V + 16 * register + at, 0x1111n * BigInt(register), true);
  }
  registers.setFloat64(4 * (REG_V + 4 * 3), 1.5, true);
  // V8 goes over to its better code in between.
  for (let round = 0; round < 200; round++) {
    cpu.registers[REG_PC] = CODE;
    cpu.registers[REG_X + 2] = DATA;
    cpu.registers[REG_X + 6] = 200;
    cpu.fuel = 100_000;
    expect(cpu.run(space).kind).toBe(TRAP_SYSCALL);
  }
  expect((cpu as Interpreter).jit.translations.usage.regions).toBeGreaterThan(0);
  const changed = pattern ^ SIGN;
  const cleared = pattern & ~SIGN;
  const expected = [pattern, pattern, changed, cleared, pattern, pattern, pattern];
  expect(expected.map((_one, i) => view.getBigUint64(8 * i, true))).toEqual(expected);
  expect([0, 4, 5, 6, 7, 16].map(vector)).toEqual([pattern, pattern, changed, cleared, pattern, pattern].map((one) => [one, 0n]));
  // Read only: its upper half is as it was.
  expect(vector(3)).toEqual([0x3ff8_0000_0000_0000n, 0x3333n]);
});
