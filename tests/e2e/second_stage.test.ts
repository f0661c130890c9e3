/** What an image's second stage wrote is in the image, byte for byte. */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runSecondStage } from '../../src/engine/second_stage.ts';
import { createEngine } from '../../src/hosts/node/index.ts';
import { arm64 } from '../../src/isa/arm64/table.ts';
import { Assembler } from '../../src/isa/assembler.ts';
import { InsnTable } from '../../src/isa/insn_table.ts';
import { buildElf } from '../support/elf_builder.ts';
import { tar } from '../support/images.ts';

/** Writes "hello" to /made. */
const WRITER = `
  movn x0, #99
  adr x1, name
  movz x2, #0x41
  movz x3, #0x1a4
  movz x8, #56
  svc #0
  adr x1, text
  movz x2, #5
  movz x8, #64
  svc #0
  movz x0, #0
  movz x8, #94
  svc #0
name: .asciz "/made"
text: .asciz "hello"
`;

it('the second stage keeps what was written', async () => {
  const home = mkdtempSync(join(tmpdir(), 'holm-stage-'));
  await using engine = await createEngine({ dataDirectory: home, cacheDirectory: home });
  const bytes = new Assembler(new InsnTable(arm64)).assemble(WRITER, 0x400100).bytes;
  writeFileSync(join(home, 'root.tar'), tar([{ name: 'write', data: buildElf({ content: [{ at: 0x100, bytes }] }), mode: 0o755 }]));
  await engine.images.load(join(home, 'root.tar'), { name: 'writer' });
  const archive = await runSecondStage(engine, {
    image: 'writer',
    command: ['/write'],
    environment: {},
    onLine: () => undefined,
    keep: async (changes) => {
      const parts: Uint8Array[] = [];
      for await (const part of changes) parts.push(part);
      return Buffer.concat(parts).toString('latin1');
    },
  });
  const header = archive.indexOf('made\0');
  expect(header % 512).toBe(0);
  expect(archive.slice(header + 512, header + 512 + 8)).toBe('hello\0\0\0');
});
