/** The two-pass assembler: labels, directives, aliases, mistakes. */

import { expect, test } from 'vitest';
import { arm64 } from '../../src/isa/arm64/table.ts';
import { Assembler } from '../../src/isa/assembler.ts';
import { Disassembler } from '../../src/isa/disassembler.ts';
import { InsnTable } from '../../src/isa/insn_table.ts';

const table = new InsnTable(arm64);
const assembler = new Assembler(table);
const disassembler = new Disassembler(table);

/** Assembled at 0x1000 and read back. */
function listing(source: string): string[] {
  const { bytes } = assembler.assemble(source, 0x1000);
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 4 }, (_, i) => disassembler.disassemble(view.getUint32(4 * i, true), 0x1000 + 4 * i) ?? '?');
}

test('labels before and after their use', () => {
  const text = listing(`
    start: cbz x0, end // a comment
      bl start
      adr x1, end
    end: b.hs start
      ret
  `);
  expect(text).toEqual(['cbz x0, 0x100c', 'bl 0x1000', 'adr x1, 0x100c', 'b.cs 0x1000', 'ret x30']);
});

test('data', () => {
  const { bytes, symbols } = assembler.assemble(
    '.equ size, 3\n.byte 1, -1\n.hword 0x1234\n.align 3\nhere: .word here, size\n.quad here + 8\n.ascii "a\\n"\n.asciz "b"\n.zero size',
    0x100,
  );
  expect([...bytes]).toEqual([
    ...[1, 255, 0x34, 0x12, 0, 0, 0, 0],
    ...[8, 1, 0, 0, 3, 0, 0, 0],
    ...[0x10, 1, 0, 0, 0, 0, 0, 0],
    ...[97, 10, 98, 0, 0, 0, 0],
  ]);
  expect(symbols.get('here')).toBe(0x108);
});

test('aliases', () => {
  const text = listing(
    'nop\nmov x1, x2\nmov w1, #5\nmov x0, sp\ncmp w3, #7\ntst x1, x2\nlsl x0, x1, #4\nlsr w0, w1, #3\nmul x0, x1, x2\nneg w1, w2',
  );
  expect(text).toEqual([
    'hint #0x0',
    'orr x1, xzr, x2',
    'movz w1, #0x5',
    'add x0, sp, #0x0',
    'subs wzr, w3, #0x7',
    'ands xzr, x1, x2',
    'ubfm x0, x1, #60, #59',
    'ubfm w0, w1, #3, #31',
    'madd x0, x1, x2, xzr',
    'sub w1, wzr, w2',
  ]);
});

test('vectors and lists', () => {
  const text = listing(
    'ld4 {v30.16b, v31.16b, v0.16b, v1.16b}, [x0], #64\nst3 {v1.s-v3.s}[2], [sp]\nmovi v0.4s, #0x12, lsl #8\nsaddl2 v1.8h, v2.16b, v3.16b',
  );
  expect(text).toEqual([
    'ld4 {v30.16b, v31.16b, v0.16b, v1.16b}, [x0], #64',
    'st3 {v1.s-v3.s}[2], [sp]',
    'movi v0.4s, #0x12, lsl #8',
    'saddl2 v1.8h, v2.16b, v3.16b',
  ]);
});

test.each([
  ['add x0, x1', 'line 2: cannot assemble: add x0, x1'],
  ['add x0, w1, x2', 'line 2: cannot assemble: add x0, w1, x2'],
  ['add x31, x1, x2', 'line 2: cannot assemble: add x31, x1, x2'],
  ['add x0, x1, #0x1001', 'line 2: cannot assemble: add x0, x1, #0x1001'],
  ['b nowhere', 'line 2: cannot assemble: b nowhere'],
  ['.quad nowhere', 'line 2: no value: nowhere'],
  ['.frobnicate', 'line 2: unknown directive .frobnicate'],
  ['.asciz text', 'line 2: a quoted string is missing'],
  ['nop: nop\nnop:', 'line 3: nop is defined twice'],
])('a mistake: %s', (line, message) => {
  expect(() => assembler.assemble(`nop\n${line}`)).toThrow(message);
});
