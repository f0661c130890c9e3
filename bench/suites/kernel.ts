/** Operations of the kernel, one at a time: system calls, processes, pipes, pages, files. */

import type { Context, Suite } from '../context.ts';
import { addSample, type Bound, type Entry, inTurn, type SystemName } from '../measure.ts';
import type { System } from '../systems.ts';

/** A test of programs/micro.c. */
interface Micro {
  readonly name: string;
  readonly test: string;
  readonly count: number;
  readonly bound?: Bound;
  /** Systems that cannot do it: qemu-user cannot execute arm64 programs unless the host's kernel is told to use it. */
  readonly without?: SystemName;
}

const tests: readonly Micro[] = [
  { name: 'null system call', test: 'null', count: 300_000, bound: { of: 'native', most: 5 } },
  { name: 'fork, exec and wait of `true`', test: 'exec', count: 400, bound: { of: 'native', most: 3 }, without: 'qemu' },
  { name: 'pipe ping-pong', test: 'pingpong', count: 10_000, bound: { of: 'native', most: 2 } },
  { name: 'fork and wait', test: 'fork', count: 1000 },
  { name: '64 KiB through a pipe', test: 'bandwidth', count: 2000 },
  { name: 'page fault', test: 'fault', count: 8000 },
  { name: 'mmap, touch, munmap', test: 'mmap', count: 10_000 },
  { name: 'create, stat, unlink', test: 'files', count: 3000 },
];

/** Nanoseconds of one operation: of the first, and of repeated ones. */
async function micro(system: System, { test, count }: Micro): Promise<readonly [number, number]> {
  const argv = ['/bench/micro', test, `${count}`, '/bench/true'];
  const { code, stdout, stderr } = await system.run(argv);
  if (code !== 0) throw new Error(`${system.name}: ${argv.join(' ')}: ${stderr}`);
  const [first, repeated] = stdout.trim().split(' ').map(Number);
  return [first!, repeated!];
}

/** A row for the first operations of a process and one for repeated ones. */
async function* measure(context: Context, suite: string, list: readonly Micro[]): AsyncGenerator<Entry> {
  const { qemu, native, settings } = context;
  const ours = await context.ours();
  for (const one of list) {
    const first: Partial<Record<SystemName, number[]>> = {};
    const take = (system: System) => async (): Promise<number> => {
      const [begin, repeated] = await micro(system, one);
      addSample(first, system.name, begin);
      return repeated;
    };
    const samples = await inTurn(settings.rounds, {
      ours: take(ours),
      ...(qemu && one.without !== 'qemu' && { qemu: take(qemu) }),
      ...(native && one.without !== 'native' && { native: take(native) }),
    });
    yield { suite, name: `${one.name}, first`, unit: 'ns', samples: first };
    yield { suite, name: one.name, unit: 'ns', samples, ...(one.bound && { bound: one.bound }) };
  }
}

/** Shared memory is to be as fast as private memory; differences below this mean nothing. */
const LIKE_PRIVATE = 1.15;

/** Passes over private and shared memory, taken in turn by one process. */
async function* sharedMemory(context: Context, suite: string): AsyncGenerator<Entry> {
  const { qemu, native, settings } = context;
  const systems: System[] = [await context.ours(), ...(qemu === null ? [] : [qemu]), ...(native === null ? [] : [native])];
  const areas: Partial<Record<SystemName, number[]>>[] = [{}, {}, {}];
  for (let round = 0; round < settings.rounds; round++) {
    for (const system of systems) {
      const { stdout } = await system.run(['/bench/micro', 'memory', '200']);
      for (const [i, time] of stdout.trim().split(' ').entries()) addSample(areas[i]!, system.name, Number(time));
    }
  }
  const [own, shared, segment] = areas;
  yield { suite, name: 'a page of private memory', unit: 'ns', samples: own! };
  yield { suite, name: 'a page of shared memory', unit: 'ns', samples: shared! };
  yield { suite, name: 'a page of a System V segment', unit: 'ns', samples: segment! };
  const bound: Bound = { of: 'ours', most: LIKE_PRIVATE };
  for (const [what, times] of [
    ['shared', shared],
    ['segment', segment],
  ] as const)
    yield { suite, name: `${what} / private`, unit: 'x', samples: { ours: times!.ours!.map((time, i) => time / own!.ours![i]!) }, bound };
}

export const kernel: Suite = {
  name: 'kernel',
  about: 'system calls, processes, pipes, pages, files',
  run: (context: Context) => measure(context, 'kernel', tests),
};

export const ipc: Suite = {
  name: 'ipc',
  about: 'System V semaphores and messages between two processes; shared and private memory',
  async *run(context: Context) {
    yield* measure(context, 'ipc', [
      { name: 'semaphore ping-pong', test: 'semaphores', count: 5000, bound: { of: 'qemu', most: 3 } },
      { name: 'message round trip', test: 'messages', count: 5000, bound: { of: 'qemu', most: 3 } },
      { name: 'process in new namespaces', test: 'namespaces', count: 50 },
    ]);
    yield* sharedMemory(context, 'ipc');
  },
};
