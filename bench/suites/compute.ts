/** Programs that compute, built from our own sources. */

import type { Context, Suite } from '../context.ts';
import { measurePrograms, type Program } from './measure_programs.ts';

const program = (name: string, ...args: readonly string[]): Program => ({ name, argv: [`/bench/${name}`, ...args] });

const programs: readonly Program[] = [
  program('coremark_like', '3000'),
  program('dhrystone_like', '400000'),
  program('sha256', '16'),
  program('crc', '150'),
  program('matmul', '150'),
  program('nbody', '30000'),
  program('fft', '20'),
  program('strings', '60'),
];

export const compute: Suite = {
  name: 'compute',
  about: 'programs that compute: first run in a fresh engine, and repeated',
  async *run(context: Context) {
    const { qemu, native } = context;
    const warm = await context.ours();
    yield* measurePrograms(context, this.name, programs, {
      fresh: () => context.fresh(),
      warm,
      qemu,
      native,
      bound: { of: 'qemu', most: 2.5 },
    });
  },
};
