/** Every conformance program in every scheduler mode prints what it printed on real Linux. */

import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canCompile, expectedFile, type Mode, modes, programs, runProgram } from './run.ts';

describe.skipIf(!canCompile())('conformance', () => {
  for (const mode of Object.keys(modes) as Mode[]) {
    describe(mode, () => {
      for (const source of programs().filter((path) => existsSync(expectedFile(path)))) {
        it(relative(import.meta.dirname, source), async () => {
          const { text, details } = await runProgram(source, modes[mode]);
          expect(text, details).toBe(readFileSync(expectedFile(source), 'latin1'));
        });
      }
    });
  }
});
