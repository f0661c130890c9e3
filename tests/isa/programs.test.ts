/** Random programs mean the same to the reference back end, the interpreter and translated code. More of them: tests/isa/programs/main.ts. */

import { expect, test } from 'vitest';
import { TRAP_ALIGNMENT, TRAP_FAULT, TRAP_FUEL, TRAP_STEP, TRAP_SYSCALL, TRAP_UNDEFINED } from '../../src/platform/cpu.ts';
import { MODES, type ModeName, Stand } from './programs/stand.ts';

const COUNT = 60;
const stand = new Stand();

test.each(Object.keys(MODES) as ModeName[])('%s', (mode) => {
  const failures: string[] = [];
  const traps = new Set<number>();
  for (let seed = 1; seed <= COUNT; seed++) {
    const result = stand.try(seed, mode, { reference: seed % 10 === 0 });
    if (result.failure) failures.push(`seed ${seed}: ${result.failure}`);
    for (const kind of result.traps.keys()) traps.add(kind);
  }
  expect(failures).toEqual([]);
  expect([...traps]).toEqual(expect.arrayContaining([TRAP_SYSCALL, TRAP_FUEL, TRAP_FAULT, TRAP_ALIGNMENT, TRAP_STEP, TRAP_UNDEFINED]));
});
