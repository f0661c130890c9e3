/** What comparisons of numbers say of every condition, in translated code as in the interpreter. */

import { expect, test } from 'vitest';
import { buildInterpreter } from '../../src/machine/machine.ts';
import { REG_FPCR, REG_FPSR, REG_PC, REG_V, REG_WORDS } from '../../src/platform/registers.ts';
import { CODE, Subject } from './subject.ts';

const image = buildInterpreter();
const interpreter = new Subject({ interpreter: image });
const translated = new Subject({ interpreter: image, jit: { eager: true, threshold: 0, maxRegions: 64 } });

/** cset of fourteen conditions, x0 to x13; mrs x14, nzcv; mrs x15, fpsr; fcsel d2, d0, d1, gt; adc x16, x16, x16. */
const READERS: readonly number[] = [
  ...Array.from({ length: 14 }, (_, condition) => 0x9a9f07e0 | ((condition ^ 1) << 12) | condition),
  0xd53b420e,
  0xd53b442f,
  0x1e61cc02,
  0x9a100210,
];

const patterns = {
  64: [0n, 1n << 63n, 1n, 0x3ff0000000000000n, 0xbff0000000000000n, 0x4000000000000000n, 0x7ff0000000000000n, 0xfff0000000000000n, 0x7ff8000000000001n, 0x7ff0000000000001n, 0xfff4000000000000n], // biome-ignore format: a table
  32: [0n, 1n << 31n, 1n, 0x3f800000n, 0xbf800000n, 0x40000000n, 0x7f800000n, 0xff800000n, 0x7fc00001n, 0x7f800001n, 0xffa00000n],
} as const;
const FZ = 1 << 24;
const IXC = 16;

test.each([
  ['fcmp d0, d1', 64, 0x1e612000],
  ['fcmpe d0, d1', 64, 0x1e612010],
  ['fcmp d0, #0.0', 64, 0x1e602008],
  ['fcmpe d0, #0.0', 64, 0x1e602018],
  ['fcmp s0, s1', 32, 0x1e212000],
  ['fcmpe s0, s1', 32, 0x1e212010],
  ['fcmp s0, #0.0', 32, 0x1e202008],
  ['fccmp d0, d1, #5, ne', 64, 0x1e611405],
] as const)('%s', (_, bits, word) => {
  const data = new Uint8Array(0);
  for (const words of [[word], [word, ...READERS], [word, 0x54000040, ...READERS], ...READERS.map((reader) => [word, reader])]) {
    for (const subject of [interpreter, translated]) subject.code(words, 0);
    let fresh = true;
    for (const [fpcr, fpsr] of [
      [0, 0],
      [0, IXC],
      [FZ, IXC],
    ] as const) {
      for (const a of patterns[bits]) {
        for (const b of patterns[bits]) {
          const initial = new Int32Array(REG_WORDS);
          [a, b].forEach((value, i) => {
            initial[REG_V + 4 * i] = Number(BigInt.asIntN(32, value));
            initial[REG_V + 4 * i + 1] = Number(BigInt.asIntN(32, value >> 32n));
          });
          initial[REG_PC] = CODE;
          initial[REG_FPCR] = fpcr;
          initial[REG_FPSR] = fpsr;
          const [expected, actual] = [interpreter, translated].map((subject) => subject.run(initial, data, false, fresh));
          fresh = false;
          if (JSON.stringify(actual) !== JSON.stringify(expected))
            expect({ words, a, b, fpcr, ...actual }).toEqual({ words, a, b, fpcr, ...expected });
        }
      }
    }
  }
});
