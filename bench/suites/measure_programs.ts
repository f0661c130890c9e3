/** Times whole programs, first runs and repeated ones apart, and compares what they print. */

import type { Context } from '../context.ts';
import { type Bound, type Entry, failure, inTurn } from '../measure.ts';
import type { HolmSystem, System } from '../systems.ts';

export interface Program {
  readonly name: string;
  readonly argv: readonly string[];
  /** What runs natively instead; null: nothing does. */
  readonly nativeArgv?: readonly string[] | null;
}

export interface Places {
  /** An engine that nobody has used. */
  fresh(): Promise<HolmSystem>;
  readonly warm: HolmSystem;
  readonly qemu: System | null;
  readonly native: System | null;
  /** Of repeated runs. */
  readonly bound: Bound;
}

/** What a program prints is compared with what it prints under qemu; natively it may be another version. */
export async function* measurePrograms(context: Context, suite: string, list: readonly Program[], places: Places): AsyncGenerator<Entry> {
  for (const program of list) {
    try {
      yield* measureOne(context, suite, program, places);
    } catch (error) {
      yield failure(suite, program.name, error);
    }
  }
}

async function* measureOne(
  { settings }: Context,
  suite: string,
  { name, argv, nativeArgv }: Program,
  { fresh, warm, qemu, native, bound }: Places,
): AsyncGenerator<Entry> {
  const expected = qemu === null ? null : (await qemu.time(argv)).stdout;
  const timed = (system: System, command: readonly string[]) => async (): Promise<number> => {
    const { nanoseconds, stdout } = await system.time(command);
    if (system.name === 'ours' && expected !== null && expected !== stdout) throw new Error('it does not print what it prints under qemu');
    return nanoseconds[0]!;
  };
  const others = {
    ...(qemu && { qemu: timed(qemu, argv) }),
    ...(native && nativeArgv !== null && { native: timed(native, nativeArgv ?? argv) }),
  };
  const first = await inTurn(Math.min(3, settings.rounds), {
    ours: async () => {
      const system = await fresh();
      try {
        return await timed(system, argv)();
      } finally {
        await system.close();
      }
    },
    ...others,
  });
  yield { suite, name: `${name}, first run`, unit: 'ns', samples: first, run: 'first' };
  await timed(warm, argv)();
  const samples = await inTurn(settings.rounds, { ours: timed(warm, argv), ...others });
  yield { suite, name, unit: 'ns', samples, run: 'repeated', bound };
}
