/** Every operation inside of translated regions does what it does in the interpreter: alone, among flags, in loops, after a side exit. */

import { beforeAll, expect, test } from 'vitest';
import type { Operation } from '../../src/isa/operation.ts';
import { buildInterpreter } from '../../src/machine/machine.ts';
import { REG_NZCV, REG_PC, REG_WORDS } from '../../src/platform/registers.ts';
import { Random, randomRegisters, randomWord, setRegister } from './random_state.ts';
import { CODE, DATA, DATA_BYTES, decoder, type Outcome, operations, pointBases, Subject } from './subject.ts';

/** Regions tried for each operation. */
const TIMES = Number(process.env['HOLM_REGION_TIMES'] ?? 2);

let interpreter: Subject;
let translated: Subject;

beforeAll(() => {
  const image = buildInterpreter();
  interpreter = new Subject({ interpreter: image });
  translated = new Subject({ interpreter: image, jit: { eager: true, threshold: 0, maxRegions: 64 } });
});

/** Points to where an access crosses a page, or counts rounds; instructions that use the register otherwise do what they do. */
const OWN = 29;
const adds = (random: Random): number => 0xab000000 | (random.below(2) << 30) | (random.below(31) << 16) | (random.below(31) << 5) | 31;
const condition = (random: Random): number => random.below(14) << 12;

/** What stands around the instruction in a region. */
const surroundings: Readonly<Record<string, (word: number, random: Random) => number[]>> = {
  alone: (word) => [word],
  // adds or subs; …; cset; csinc
  'flags live': (word, random) => [adds(random), word, 0x9a9f07e0 | condition(random) | OWN, 0x9a800400 | condition(random) | OWN],
  // …; subs; a branch
  'flags dead': (word, random) => [adds(random), word, adds(random), 0x54000040 | random.below(16), 0x91000400 | (OWN << 5) | OWN],
  // and x29, x29, 7; 1: …; sub x29, x29, 1; cbnz x29, 1b
  loop: (word) => [0x92400800 | (OWN << 5) | OWN, word, 0xd1000400 | (OWN << 5) | OWN, 0xb5ffffc0 | OWN],
  // ldr x30, [x29]; …; str x30, [x29]: both cross a page
  'side exits': (word, random) => [adds(random), 0xf9400000 | (OWN << 5) | 30, word, 0xf9000000 | (OWN << 5) | 30, word],
  // The same instruction after others that leave their results in registers, and a branch over it.
  branches: (word, random) => [adds(random), word, 0x54000040 | random.below(16), word, word],
};
const names = Object.keys(surroundings);

function compare(operation: Operation, random: Random): string | undefined {
  const word = randomWord(random, decoder, operation);
  if (word === undefined) return `${operation.template.row.name} ${JSON.stringify(operation.variants)}: no encoding reaches it`;
  const name = random.pick(names);
  const words = surroundings[name]!(word, random);
  const index = random.pick([1, 511, 700, 1000]);
  const initial = new Int32Array(REG_WORDS);
  randomRegisters(random, initial);
  setRegister(initial, OWN, BigInt(DATA + 4096 - 1 - random.below(7)));
  pointBases(random, initial, operation, word);
  initial[REG_PC] = CODE + 4 * index;
  const data = new Uint8Array(DATA_BYTES);
  for (let i = 0; i < data.length; i += 4) new DataView(data.buffer).setUint32(i, random.u32());
  const [expected, actual] = [interpreter, translated].map((subject) => {
    subject.code(words, index);
    return subject.run(initial, data, false);
  }) as [Outcome, Outcome];
  const where = `${operation.template.row.name} ${JSON.stringify(operation.variants)} word ${(word >>> 0).toString(16)} ${name}`;
  if (actual.trap !== expected.trap) return `${where}: ${actual.trap}, not ${expected.trap}`;
  for (let i = 0; i < REG_WORDS; i++) {
    // Flags that nothing will read are not kept where a fault or the end of fuel ends the region.
    if (actual.registers[i] === expected.registers[i] || (i === REG_NZCV && expected.trap !== 'none')) continue;
    const hex = (value: number): string => (value >>> 0).toString(16);
    return `${where}: register word ${i} is ${hex(actual.registers[i]!)}, not ${hex(expected.registers[i]!)} (was ${hex(initial[i]!)})`;
  }
  return Buffer.compare(actual.memory, expected.memory) === 0 ? undefined : `${where}: memory differs`;
}

const rows = [...new Set(operations.map(({ template }) => template.row.name))];
const BATCH = 100;
const batches = Array.from({ length: Math.ceil(rows.length / BATCH) }, (_, i) => rows.slice(i * BATCH, (i + 1) * BATCH));

test.each(batches.map((batch) => [batch[0]!, batch.at(-1)!, new Set(batch)] as const))('%s … %s', (_first, _last, batch) => {
  const random = new Random(0x6c078965);
  const failures: string[] = [];
  for (const operation of operations) {
    if (!batch.has(operation.template.row.name)) continue;
    for (let i = 0; i < TIMES; i++) {
      const failure = compare(operation, random);
      if (failure) failures.push(failure);
    }
  }
  expect(failures.slice(0, 40)).toEqual([]);
});
