/** The machine agrees with qemu-aarch64 on every operation, with random operands. Skipped where the tools are missing. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Operation } from '../../src/isa/operation.ts';
import { TRAP_ALIGNMENT, TRAP_BREAKPOINT, TRAP_FAULT, TRAP_UNDEFINED } from '../../src/platform/cpu.ts';
import { REG_FPCR, REG_FPSR, REG_NZCV, REG_PC, REG_SP, REG_TPIDR, REG_V, REG_WORDS } from '../../src/platform/registers.ts';
import { Random, randomRegisters, randomWord } from './random_state.ts';
import { CODE, DATA_BYTES, decoder, operations, pointBases, Subject } from './subject.ts';

const COMPILER = 'aarch64-linux-gnu-gcc';
const QEMU = 'qemu-aarch64-static';
/** Has LSE, CRC32, LDAPR and dot product, and no SVE or pointer authentication. */
const QEMU_CPU = 'neoverse-n1';

const TIMES = Number(process.env['HOLM_QEMU_TIMES'] ?? 40);
const REQUEST_BYTES = 8 + 4 * REG_WORDS;
const RESPONSE_BYTES = 16 + 4 * REG_WORDS;
/** The harness has the instruction here in its page. */
const SLOT = 0x800 / 4;

const present = (tool: string): boolean => spawnSync(tool, ['--version']).status === 0;

/** Depend on where they are, or on the machine rather than the architecture. */
const ELSEWHERE =
  /^(b|bl|b_cond|cbn?z|tbn?z|br|blr|ret|adrp?|svc|brk|mrs_(cnt|ctr|dczid|tpidr|id).*|msr_(tpidr_el0|fpcr)|.*literal.*|yield|wf[ei]|clrex|ic_ivau)$/;

/** qemu's user emulation checks less than Linux on a processor: the alignment of sp, the address of cache operations and failing exclusive stores. */
function unchecked(name: string, trap: string): boolean {
  return trap.startsWith(`trap ${TRAP_ALIGNMENT}`) || (trap.startsWith('fault') && /^(dc_c|stl?x)/.test(name));
}

/** Encodings whose result the manual leaves open: a base register that is also loaded, stored or written otherwise. */
function unpredictable(operation: Operation, word: number): boolean {
  const { name, pattern } = operation.template.row;
  const rt = word & 31;
  const rn = (word >>> 5) & 31;
  const rt2 = (word >>> 10) & 31;
  const rs = (word >>> 16) & 31;
  if (/_(post|pre)$/.test(name) && !/ v[dt]/.test(pattern)) {
    if (rt === rn && rn !== 31) return true;
    if (/p(sw)?_/.test(name) && rt2 === rn && rn !== 31) return true;
  }
  if (/^(ldn?p|ldpsw|ldxp|ldaxp)/.test(name) && rt === rt2) return true;
  if (/^(stl?x[rp])/.test(name) && (rs === rt || rs === rn || (name.includes('p') && rs === rt2))) return true;
  return false;
}

interface Case {
  readonly operation: Operation;
  readonly word: number;
  readonly seed: number;
  readonly block: Int32Array;
}

function fill(seed: number): Uint8Array {
  const words = new Uint32Array(DATA_BYTES / 4);
  let state = seed;
  for (let i = 0; i < words.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[i] = state;
  }
  return new Uint8Array(words.buffer);
}

function sum(data: Uint8Array): number {
  let hash = 2166136261;
  for (const word of new Uint32Array(data.buffer, data.byteOffset, data.length / 4)) hash = Math.imul(hash ^ word, 16777619);
  return hash >>> 0;
}

const SIGNALS: Readonly<Record<number, number>> = { [TRAP_FAULT]: 11, [TRAP_ALIGNMENT]: 7, [TRAP_UNDEFINED]: 4, [TRAP_BREAKPOINT]: 5 };

/** Register words that are compared: everything a program sees, but the pc, tpidr and the monitor. */
const COMPARED: readonly number[] = [
  ...Array(62).keys(),
  REG_SP,
  REG_SP + 1,
  REG_NZCV,
  REG_FPCR,
  REG_FPSR,
  ...Array.from({ length: 128 }, (_, i) => REG_V + i),
];

describe.skipIf(!present(COMPILER) || !present(QEMU))('qemu-aarch64', () => {
  let directory: string;
  let subject: Subject;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'holm-qemu-'));
    const source = new URL('./qemu/harness.c', import.meta.url).pathname;
    const arguments_ = ['-O2', '-static', '-Wl,-Ttext-segment=0x60000000', '-o', join(directory, 'harness'), source];
    const built = spawnSync(COMPILER, arguments_, { encoding: 'utf8' });
    expect(built.stderr).toBe('');
    subject = new Subject();
  });

  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  function ask(cases: readonly Case[]): DataView {
    const input = Buffer.alloc(cases.length * REQUEST_BYTES);
    cases.forEach(({ word, seed, block }, i) => {
      input.writeInt32LE(word, i * REQUEST_BYTES);
      input.writeUInt32LE(seed, i * REQUEST_BYTES + 4);
      input.set(new Uint8Array(block.buffer), i * REQUEST_BYTES + 8);
    });
    const { stdout, status, signal } = spawnSync(QEMU, ['-cpu', QEMU_CPU, join(directory, 'harness')], { input, maxBuffer: 2 ** 30 });
    expect({ status, signal, bytes: stdout.length }).toEqual({ status: 0, signal: null, bytes: cases.length * RESPONSE_BYTES });
    return new DataView(stdout.buffer, stdout.byteOffset, stdout.length);
  }

  function check({ operation, word, seed, block }: Case, response: DataView, at: number): string | undefined {
    subject.code(word, SLOT);
    const data = seed ? fill(seed) : new Uint8Array(DATA_BYTES);
    const outcome = subject.run(block, data, true);
    const where = `${operation.template.row.name} ${JSON.stringify(operation.variants)} word ${(word >>> 0).toString(16)}`;
    const signal = response.getUint32(at, true);
    const kind = /trap (\d+)/.exec(outcome.trap)?.[1];
    const ours = outcome.trap === 'none' ? 0 : outcome.trap.startsWith('fault') ? 11 : SIGNALS[Number(kind)];
    if (ours !== signal && unchecked(operation.template.row.name, outcome.trap)) return undefined;
    if (ours !== signal) return `${where}: ${outcome.trap}, but signal ${signal}`;
    if (signal !== 0) {
      const address = Number(response.getBigUint64(at + 8, true));
      const own = Number.parseInt(outcome.trap.split(' ')[1]!, 16);
      return signal === 11 && own < 2 ** 47 && address !== own
        ? `${where}: ${outcome.trap}, but address ${address.toString(16)}`
        : undefined;
    }
    const hex = (value: number): string => (value >>> 0).toString(16);
    for (const i of COMPARED) {
      const theirs = response.getInt32(at + 16 + 4 * i, true);
      if (outcome.registers[i] !== theirs) {
        const state = `fpcr ${hex(block[REG_FPCR]!)}`;
        return `${where}: register word ${i} is ${hex(outcome.registers[i]!)}, not ${hex(theirs)} (was ${hex(block[i]!)}, ${state})`;
      }
    }
    if (seed && sum(outcome.memory) !== response.getUint32(at + 4, true)) return `${where}: memory differs`;
    return undefined;
  }

  const byRow = new Map<string, Operation[]>();
  for (const operation of operations) {
    const { name } = operation.template.row;
    if (!ELSEWHERE.test(name)) byRow.set(name, [...(byRow.get(name) ?? []), operation]);
  }
  const only = process.env['HOLM_AGREE_ONLY'];
  const names = [...byRow.keys()].filter((name) => only === undefined || new RegExp(only).test(name));

  test.each(names)('%s', (name) => {
    const random = new Random(0x2545f491);
    const cases = byRow.get(name)!.flatMap((operation) => {
      const memory = operation.template.operands.some((slot) => slot.base) || name.startsWith('dc_');
      return Array.from({ length: TIMES }, (): Case | undefined => {
        const word = randomWord(random, decoder, operation);
        if (word === undefined || unpredictable(operation, word)) return undefined;
        const block = new Int32Array(REG_WORDS);
        randomRegisters(random, block);
        pointBases(random, block, operation, word);
        block[REG_PC] = CODE + 4 * SLOT;
        block[REG_TPIDR] = 0;
        return { operation, word, seed: memory ? (random.u32() | 1) >>> 0 : 0, block };
      }).filter((one) => one !== undefined);
    });
    const response = ask(cases);
    const failures = cases.flatMap((one, i) => check(one, response, i * RESPONSE_BYTES) ?? []);
    // One of each operation is enough to see.
    expect(failures.slice(0, 8)).toEqual([]);
  });
});
