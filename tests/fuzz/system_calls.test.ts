/**
 * A million random system calls with random arguments: processes die, the kernel does not, and when a container is gone nothing of
 * it is left: frames, bytes, objects of any class. `HOLM_FUZZ_CALLS` and `HOLM_FUZZ_SEED` make longer and other runs.
 */

import { expect, test } from 'vitest';
import { allCalls } from '../../src/kernel/syscall/table.ts';
import { left } from './left.ts';
import { RandomWorld } from './random_world.ts';
import { reachable } from './reachable.ts';

const CALLS = Number(process.env['HOLM_FUZZ_CALLS'] ?? 1_000_000);
const SEED = Number(process.env['HOLM_FUZZ_SEED'] ?? 1);
const BATCH = 10_000;
/** Calls between two new kernels: each begins with another seed. */
const KERNEL = 250_000;

test('random system calls', { timeout: 900_000 }, () => {
  const made = new Set<string>();
  for (let calls = 0, seed = SEED; calls < CALLS; calls += KERNEL, seed++) {
    const world = new RandomWorld(seed);
    // What the first container brings into being for good, such as the mounts of pipes and sockets, is not a leak.
    world.batch(BATCH);
    let before = world.state();
    for (let batch = 1; batch * BATCH < Math.min(KERNEL, CALLS - calls); batch++) {
      world.batch(BATCH);
      const after = world.state();
      expect({ seed, batch, bugs: world.kernel.oopses === 0 ? [] : world.log }).toEqual({ seed, batch, bugs: [] });
      expect({ seed, batch, left: left(before, after) }).toEqual({
        seed,
        batch,
        left: [],
      });
      expect({ seed, batch, ...after.counts }).toEqual({ seed, batch, ...before.counts });
      before = after;
    }
    for (const name of world.cpu.made.keys()) made.add(name);
  }
  if (CALLS >= KERNEL) expect(allCalls.map(({ name }) => name).filter((name) => !made.has(name))).toEqual([]);
});

test('objects of a kernel are counted by class', () => {
  const world = new RandomWorld(SEED);
  const counts = reachable(world.kernel, new Set([world.kernel.platform]));
  expect([counts.get('Kernel'), counts.get('Task'), counts.get('Machine')]).toEqual([1, 1, undefined]);
});
