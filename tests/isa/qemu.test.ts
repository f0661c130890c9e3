/**
 * The interpreter and translated code agree with qemu-aarch64 on every operation and on random programs; more of them:
 * qemu/main.ts. Skipped where the tools are missing.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REG_WORDS } from '../../src/platform/registers.ts';
import { check, hex, oneInstruction, Subjects, tried } from './qemu/compare.ts';
import { Qemu, qemuIsPresent } from './qemu/qemu.ts';
import { Random, setRegister } from './random_state.ts';
import { DATA, decoder } from './subject.ts';

/** Instructions tried for each operation, and random programs. */
const TIMES = Number(process.env['HOLM_QEMU_TIMES'] ?? 40);
const PROGRAMS = 1000;
/** Of single instructions, one of so many is tried in translated code, too. */
const TRANSLATED = Number(process.env['HOLM_QEMU_TRANSLATED'] ?? 20);
/** Random words, for what must be undefined. */
const WORDS = Number(process.env['HOLM_QEMU_WORDS'] ?? 50_000);
/** Rows tried by one run of qemu. */
const BATCH = 40;

const SIGILL = 4;
/** What qemu's processor has and ours does not announce: LORegions, half precision, rounding doubling multiply-add, cryptography. */
const UNANNOUNCED = /^(stllr|ldlar|sqrdml[as]h|sha|aes|pmull|sm[34]|bfdot|.*\b(h\d+\b|[48]h\b|\.h\[))/;

describe.skipIf(!qemuIsPresent())('qemu-aarch64', () => {
  let qemu: Qemu;
  let subjects: Subjects;

  beforeAll(() => {
    qemu = new Qemu();
    subjects = new Subjects();
  });

  afterAll(() => {
    qemu.close();
  });

  const rows = [...new Set(tried.map(({ template }) => template.row.name))];
  const batches = Array.from({ length: Math.ceil(rows.length / BATCH) }, (_, i) => rows.slice(i * BATCH, (i + 1) * BATCH));

  test.each(batches.map((names) => [names[0]!, names.at(-1)!, new Set(names)] as const))('%s … %s', (_first, _last, names) => {
    const random = new Random(0x2545f491);
    const cases = tried
      .filter(({ template }) => names.has(template.row.name))
      .flatMap((operation) => Array.from({ length: TIMES }, () => oneInstruction(random, operation)))
      .filter((one) => one !== undefined);
    const responses = qemu.run(cases);
    const failures = cases.flatMap((one, i) => {
      const failure = check(subjects.interpreter, one, responses[i]!, { step: true });
      return failure ?? (i % TRANSLATED === 0 ? (check(subjects.translated, one, responses[i]!, { step: false }) ?? []) : []);
    });
    expect(failures.slice(0, 40)).toEqual([]);
  });

  test('unallocated encodings', () => {
    const random = new Random(0x7654321);
    const words: number[] = [];
    while (words.length < WORDS) {
      const word = random.u32() | 0;
      // Not branches and system instructions: they lead away.
      if (((word >>> 25) & 14) !== 10) words.push(word);
    }
    const block = new Int32Array(REG_WORDS);
    for (let i = 0; i < 32; i++) setRegister(block, i, BigInt(DATA + 0x1000));
    const responses = qemu.run(words.map((word) => ({ words: [word], seed: 0, block })));
    const ours = words.filter((word, i) => decoder.decode(word) === undefined && responses[i]!.signal !== SIGILL);
    const theirs = words.filter((word, i) => decoder.decode(word) !== undefined && responses[i]!.signal === SIGILL);
    expect(theirs.map(hex)).toEqual([]);
    expect(qemu.disassemble(ours).filter((line) => !UNANNOUNCED.test(line))).toEqual([]);
  });

  test('random programs', () => {
    const random = new Random(0x1234567);
    for (let i = 0; i < 2; i++) expect(subjects.programs(qemu, random, PROGRAMS / 2).failures.slice(0, 5)).toEqual([]);
  });
});
