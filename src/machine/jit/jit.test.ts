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
  TRAP_SYSCALL,
} from '../../platform/cpu.ts';
import { REG_PC, REG_X } from '../../platform/registers.ts';
import { createMachine } from '../machine.ts';
import type { JitOptions } from './jit.ts';

const CODE = 0x400000;
const DATA = 0x500000;

function start(words: readonly number[], jit: Partial<JitOptions>): { machine: Machine; space: Space } {
  const clock = { monotonic: () => 0, realtime: () => ({ seconds: 0, nanoseconds: 0 }) };
  const machine = createMachine({ clock, codeBlocks: 8, slots: 2, jit: { eager: true, maxRegions: 64, ...jit } });
  machine.ram.grow(16);
  const space = machine.createSpace();
  space.map(CODE / 4096, machine.ram.firstFrame, ACCESS_READ | ACCESS_EXEC);
  machine.ram.views.u32.set(words, machine.ram.firstFrame * 1024);
  return { machine, space };
}

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

test('a callee that changes, in another page than its caller', () => {
  // bl CODE + 4096; svc
  const { machine, space } = start([0x94000400, 0xd4000001], { threshold: 0 });
  const { cpu, ram } = machine;
  const callee = ram.firstFrame + 1;
  space.map(CODE / 4096 + 1, callee, ACCESS_READ | ACCESS_EXEC);
  for (let k = 1; k < 5; k++) {
    // add x0, x0, k; ret
    ram.views.u32.set([0x91000000 | (k << 10), 0xd65f03c0], callee * 1024);
    machine.invalidateCode(callee);
    for (let i = 0; i < 3; i++) {
      cpu.registers[REG_PC] = CODE;
      cpu.registers[REG_X] = 0;
      cpu.fuel = 100;
      expect(cpu.run(space).kind).toBe(TRAP_SYSCALL);
      expect(cpu.registers[REG_X]).toBe(k);
    }
  }
});
