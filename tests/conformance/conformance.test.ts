/** Every conformance program in every scheduler mode prints what it printed on real Linux. */

import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canCompile, expectedFile, type JitMode, jitModes, type Mode, modes, programs, runProgram } from './run.ts';

/** What touches code, faults, contexts and clocks most; all programs in all modes: docs/decisions/test_modes.md. */
const WITH_JIT: readonly (readonly [JitMode, Mode, readonly string[]])[] = [
  ['off', 'normal', ['signal/faults.c', 'mm/mmap.c']],
  ['on', 'save', ['signal/frame.c', 'mm/share.c']],
  ['eager', 'normal', ['signal/faults.c', 'mm/mmap.c', 'mm/code.c', 'process/clone.c', 'ptrace/basic.c']],
  ['exits', 'wake', ['mm/copy.c', 'process/threads.c']],
];

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
  describe('jit', () => {
    for (const [jit, mode, names] of WITH_JIT) {
      for (const source of programs(names)) {
        it(`${jit}, ${mode}: ${relative(import.meta.dirname, source)}`, async () => {
          const { text, details } = await runProgram(source, { ...modes[mode], jit: jitModes[jit], timeout: 100_000 });
          expect(text, details).toBe(readFileSync(expectedFile(source), 'latin1'));
        });
      }
    }
  });
});
