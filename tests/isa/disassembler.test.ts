/** Text and words of every row: the disassembler agrees with binutils, and both assemblers turn its text into the same words. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { arm64 } from '../../src/isa/arm64/table.ts';
import { Decoder } from '../../src/isa/decoder.ts';
import { Disassembler } from '../../src/isa/disassembler.ts';
import { Encoder } from '../../src/isa/encoder.ts';
import { InsnTable } from '../../src/isa/insn_table.ts';
import { Random } from './random_state.ts';

/** Words tried for each operation of a row, up to eight operations' worth. */
const TIMES = Number(process.env['HOLM_DISASSEMBLE_TIMES'] ?? 12);
const OBJDUMP = 'aarch64-linux-gnu-objdump';
const AS = 'aarch64-linux-gnu-as';
const OBJCOPY = 'aarch64-linux-gnu-objcopy';
const MARCH = '-march=armv8.2-a+dotprod+rcpc+crc+lse';

const table = new InsnTable(arm64);
const decoder = new Decoder(table);
const disassembler = new Disassembler(table);

interface Sample {
  readonly row: string;
  readonly word: number;
  readonly address: number;
  readonly text: string;
}

/** Corner values and random ones in every field; bits that are ignored are ones, as they should be. */
function samples(): Sample[] {
  const random = new Random(0x1234567);
  const list: Sample[] = [];
  arm64.forEach((row, index) => {
    const { pattern, operations } = table.template(index);
    for (let i = 0; i < TIMES * Math.min(8, operations.length); i++) {
      let word = pattern.match | ~pattern.mask;
      for (const field of pattern.fields) {
        const limit = 2 ** field.width - 1;
        const value = random.chance(40) ? random.pick([0, limit]) : random.u32() & limit;
        word = (word & ~(limit << field.low)) | (value << field.low);
      }
      if (decoder.decode(word)?.operation.template.row !== row) continue;
      const address = 4 * list.length;
      list.push({ row: row.name, word: word >>> 0, address, text: disassembler.disassemble(word, address)! });
    }
  });
  return list;
}

const tidy = (text: string): string =>
  text
    .replace(/\s*\/\/.*$/, '')
    .replace(/\s+/g, ' ')
    .trim();

/** objdump prefers LSL to the extension that does nothing where sp is involved. */
function preferLsl(text: string): string {
  if (!/^(add|sub)s? .*\bw?sp\b/.test(text)) return text;
  const plain = /\bwsp\b/.test(text) ? /(, w\w+), uxtw( #\d)?$/ : /(, x\w+), uxtx( #\d)?$/;
  return text.replace(plain, (_, register: string, amount: string | undefined) => register + (amount ? `, lsl${amount}` : ''));
}

const isThere = (tool: string): boolean => spawnSync(tool, ['--version']).status === 0;
const list = samples();

describe('assembler', () => {
  test('reads what the disassembler writes', () => {
    const encoder = new Encoder(table);
    const failures = list.flatMap(({ row, word, address, text }) => {
      const encoded = encoder.encode(text, address, () => undefined);
      // Different encodings of the same text are as good.
      if (encoded !== undefined && (encoded === word || disassembler.disassemble(encoded, address) === text)) return [];
      return [`${row}: ${text}: ${encoded?.toString(16)}, not ${word.toString(16)}`];
    });
    expect(failures).toEqual([]);
  });

  test('every row was tried', () => {
    const tried = new Set(list.map(({ row }) => row));
    expect(arm64.filter(({ name }) => !tried.has(name)).map(({ name }) => name)).toEqual([]);
  });
});

describe.skipIf(!isThere(OBJDUMP) || !isThere(AS))('binutils', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'holm-binutils-'));
  });
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  test('disassembler: objdump prints the same', () => {
    const file = join(directory, 'words.bin');
    writeFileSync(file, new Uint8Array(Uint32Array.from(list, ({ word }) => word).buffer));
    const { stdout } = spawnSync(OBJDUMP, ['-D', '-z', '-b', 'binary', '-m', 'aarch64', '-M', 'no-aliases', file], {
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
    });
    const theirs = stdout.split('\n').flatMap((line) => /^\s*[0-9a-f]+:\t\S+\s*\t(.*)$/.exec(line)?.[1] ?? []);
    expect(theirs.length).toBe(list.length);
    const failures = list.flatMap(({ row, word, text }, i) => {
      const expected = tidy(theirs[i]!);
      if (preferLsl(text) === expected) return [];
      // A base register that is also loaded: unpredictable, which objdump calls undefined.
      if (expected.includes('undefined') && /_(pre|post)$/.test(row)) return [];
      return [`${row} ${word.toString(16)}: ${text}, not ${expected}`];
    });
    expect(failures).toEqual([]);
  });

  test('assembler: as reads our text', () => {
    // Addresses in branches would become relocations.
    const local = list.filter(({ row, text }) => {
      const syntax = arm64.find(({ name }) => name === row)!.syntax;
      return !/:(pc|page)\}/.test(syntax) && !/^mrs .*(mpuir|id_|mvfr)/.test(text);
    });
    const source = join(directory, 'source.s');
    const object = join(directory, 'object.o');
    const binary = join(directory, 'object.bin');
    writeFileSync(source, `${local.map(({ text }) => text).join('\n')}\n`);
    const assembled = spawnSync(AS, [MARCH, '-o', object, source], { encoding: 'utf8', maxBuffer: 2 ** 30 });
    const unpredictable = /Warning: unpredictable/;
    expect(assembled.stderr.split('\n').filter((line) => /Error|Warning/.test(line) && !unpredictable.test(line))).toEqual([]);
    expect(spawnSync(OBJCOPY, ['-O', 'binary', '-j', '.text', object, binary]).status).toBe(0);
    const bytes = readFileSync(binary);
    const failures = local.flatMap(({ row, word, address, text }, i) => {
      const theirs = bytes.readUInt32LE(4 * i);
      if (theirs === word || disassembler.disassemble(theirs, address) === text) return [];
      return [`${row}: ${text} is ${theirs.toString(16)}, not ${word.toString(16)}`];
    });
    expect(failures).toEqual([]);
  });
});
