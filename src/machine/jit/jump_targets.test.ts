/** Guesses of where indirect jumps go, and the regions that follow them. */

import { expect, test } from 'vitest';
import { arm64 } from '../../isa/arm64/table.ts';
import { Decoder } from '../../isa/decoder.ts';
import { InsnTable } from '../../isa/insn_table.ts';
import { analyse } from './flow.ts';
import { Instructions } from './instruction.ts';
import { JumpTargets } from './jump_targets.ts';
import { formRegion, targetsOf } from './region.ts';

test('guesses are what was seen most, but not what was seen rarely', () => {
  const targets = new JumpTargets();
  for (let i = 0; i < 40; i++) targets.add(3, 7, i % 4 === 0 ? 0x2000 : 0x1000);
  expect(targets.add(3, 7, 0x3000)).toBe(true);
  expect(targets.add(3, 7, 0x3000)).toBe(false);
  expect(targets.guesses(3, 7)).toEqual([0x1000, 0x2000]);
  expect(targets.guesses(3, 8)).toEqual([]);
  targets.forget(3);
  expect(targets.guesses(3, 7)).toEqual([]);
});

test('a program of nothing but jumps does not make it grow', () => {
  const targets = new JumpTargets();
  for (let i = 0; i < 100_000; i++) targets.add(i >> 10, i & 1023, 0x1000);
  const known = Array.from({ length: 100_000 }, (_, i) => targets.guesses(i >> 10, i & 1023).length);
  expect(known.filter((count) => count > 0).length).toBeLessThanOrEqual(1 << 14);
  expect(known.at(-1)).toBe(1);
});

const instructions = new Instructions(new Decoder(new InsnTable(arm64)));
const CODE = 0x400000;
/** add x0, x0, 1; br x2 */
const HANDLER: readonly number[] = [0x91000400, 0xd61f0040];

/** A region of handlers that go to each other. */
function regionOf(guesses: Readonly<Record<number, readonly number[]>>): ReturnType<typeof formRegion> {
  const fetch = (pc: number): number => HANDLER[((pc - CODE) / 4) % 2]!;
  return formRegion(CODE, { fetch, guess: (pc) => (guesses[(pc - CODE) >> 3] ?? []).map((k) => CODE + 8 * k) }, instructions);
}

test('a jump leads to what is guessed', () => {
  const region = regionOf({ 0: [1, 2], 1: [0], 2: [0] })!;
  expect([...region.blocks.keys()]).toEqual([CODE, CODE + 8, CODE + 16]);
  const { blocks, reducible } = analyse(region);
  expect(reducible).toBe(true);
  expect(blocks.every(({ leaves }) => leaves)).toBe(true);
  expect(blocks[0]!.predecessors).toHaveLength(2);
});

test('guesses that would lead into a loop are given up', () => {
  const region = regionOf({ 0: [1, 2], 1: [2], 2: [1, 0] })!;
  const { blocks, reducible } = analyse(region);
  expect(reducible).toBe(true);
  expect(blocks).toHaveLength(3);
  const edges = blocks.flatMap(({ inside }) => inside.filter((next) => next !== undefined));
  expect(edges).toHaveLength(4);
});

test('far away is another region', () => {
  const far = 1 << 20;
  const region = regionOf({ 0: [far] })!;
  expect([...region.blocks.keys()]).toEqual([CODE]);
  expect(targetsOf(region)).toEqual([CODE + 8 * far]);
});
