/** Random words as instructions: the machine always comes back with a trap, and never touches what is not mapped. */

import { expect, test } from 'vitest';
import { createMachine } from '../../src/machine/machine.ts';
import { ACCESS_EXEC, ACCESS_READ, ACCESS_WRITE, TRAP_FAULT, TRAP_FUEL, TRAP_STEP, TRAP_UNDEFINED } from '../../src/platform/cpu.ts';
import { REG_PC, REG_WORDS } from '../../src/platform/registers.ts';
import { Random, randomRegisters } from './random_state.ts';

const PAGES = Number(process.env['HOLM_RANDOM_PAGES'] ?? 300);
const CODE = 0x400000;
/** Some words are instructions that random ones rarely are: nop, svc, a branch backward. */
const KNOWN: readonly number[] = [0xd503201f, 0xd503201f, 0xd503201f, 0xd503201f, 0xd4000001, 0x17fffffe];

test('pages of random words', () => {
  const machine = createMachine({
    clock: { monotonic: () => 0, realtime: () => ({ seconds: 0, nanoseconds: 0 }) },
    codeBlocks: 4,
    slots: 1,
  });
  machine.ram.grow(64);
  const { cpu, ram } = machine;
  const space = machine.createSpace();
  const first = ram.firstFrame;
  const random = new Random(20);
  space.map(CODE / 4096, first + 1, ACCESS_READ | ACCESS_WRITE | ACCESS_EXEC);
  space.map(CODE / 4096 + 1, first + 2, ACCESS_READ | ACCESS_WRITE);
  // Frames around them belong to nobody.
  const canaries = [first, first + 3];
  for (const frame of canaries) ram.views.u8.fill(0x5a, frame * 4096, frame * 4096 + 4096);
  const seen = new Set<number>();
  for (let page = 0; page < PAGES; page++) {
    const words = ram.views.u32.subarray((first + 1) * 1024, (first + 2) * 1024);
    for (let i = 0; i < 1024; i++) words[i] = random.chance(25) ? random.pick(KNOWN) : random.u32();
    machine.invalidateCode(first + 1);
    const block = new Int32Array(REG_WORDS);
    for (let start = 0; start < 1024; start += 3) {
      if (start % 60 === 0) {
        randomRegisters(random, block);
        for (let i = 0; i < 60; i += 2) if (random.chance(50)) block.set([CODE + random.below(8192), 0], i);
      }
      cpu.registers.set(block);
      cpu.registers[REG_PC] = CODE + 4 * start;
      cpu.singleStep = random.chance(20);
      cpu.fuel = 50;
      const trap = cpu.run(space);
      seen.add(trap.kind);
      expect(trap.kind).toBeGreaterThanOrEqual(1);
      expect(trap.kind).toBeLessThanOrEqual(TRAP_STEP);
      if (trap.kind === TRAP_FUEL) expect(cpu.fuel).toBeLessThanOrEqual(50);
    }
    for (const frame of canaries)
      expect(ram.views.u8.subarray(frame * 4096, frame * 4096 + 4096).every((byte) => byte === 0x5a)).toBe(true);
  }
  expect([...seen]).toEqual(expect.arrayContaining([TRAP_FUEL, TRAP_FAULT, TRAP_UNDEFINED, TRAP_STEP]));
});
