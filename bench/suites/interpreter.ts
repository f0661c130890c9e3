/** Speed of translated or interpreted code on a CoreMark-like program: in the first 100 ms of a process, and warm. */

import type { Context, Suite } from '../context.ts';
import { type Entry, inTurn, type SystemName } from '../measure.ts';
import type { System } from '../systems.ts';

const ITERATIONS = 3000;
const BEGINNING = 100; // milliseconds

/** Iterations a second in the first moments of a process. */
const beginning = async (system: System): Promise<number> => {
  const { stdout } = await system.run(['/bench/coremark_like', '-t', `${BEGINNING}`]);
  return (Number(stdout) * 1000) / BEGINNING;
};

export const interpreter: Suite = {
  name: 'interpreter',
  about: 'a CoreMark-like program: the first 100 ms, and warm',
  async *run(context: Context): AsyncGenerator<Entry> {
    const { qemu, native, settings } = context;
    const suite = this.name;
    yield {
      suite,
      name: 'CoreMark-like, first 100 ms',
      unit: '/s',
      samples: await inTurn(Math.min(3, settings.rounds), {
        ours: async () => {
          const fresh = await context.fresh();
          const speed = await beginning(fresh);
          await fresh.close();
          return speed;
        },
        ...(qemu && { qemu: () => beginning(qemu) }),
        ...(native && { native: () => beginning(native) }),
      }),
    };
    const ours = await context.ours();
    const argv = ['/bench/coremark_like', `${ITERATIONS}`];
    const outputs = new Map<SystemName, string>();
    const timed = (system: System) => async (): Promise<number> => {
      const { nanoseconds, stdout } = await system.time(argv);
      outputs.set(system.name, stdout);
      return nanoseconds[0]!;
    };
    await timed(ours)();
    const samples = await inTurn(settings.rounds, {
      ours: timed(ours),
      ...(qemu && { qemu: timed(qemu) }),
      ...(native && { native: timed(native) }),
    });
    if (new Set(outputs.values()).size !== 1) throw new Error(`the results differ: ${JSON.stringify([...outputs])}`);
    yield { suite, name: 'CoreMark-like, warm', unit: 'ns', samples, bound: { of: 'qemu', most: 8 } };
  },
};
