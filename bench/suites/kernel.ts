/** Operations of the kernel, one at a time: system calls, processes, pipes, pages, files. */

import type { Context, Suite } from '../context.ts';
import { addSample, type Bound, type Entry, inTurn, type SystemName, summarize } from '../measure.ts';
import type { System } from '../systems.ts';

/** A test of programs/micro.c. */
interface Micro {
  readonly name: string;
  readonly test: string;
  readonly count: number;
  readonly bound?: Bound;
  /** Systems that cannot do it: qemu-user cannot execute arm64 programs unless the host's kernel is told to use it. */
  readonly without?: SystemName;
  /** The test that it must not be slower than, in our system. */
  readonly like?: string;
}

/** Differences below it mean nothing. */
const NOISE = 1.15;

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
  const known = new Map<string, number>();
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
    known.set(one.test, summarize(samples.ours!).median);
    const like = known.get(one.like ?? '');
    const bound: Bound | undefined = like === undefined ? one.bound : { of: 'ours', most: Math.ceil(NOISE * like) };
    yield { suite, name: one.name, unit: 'ns', samples, ...(bound && { bound }) };
  }
}

export const kernel: Suite = {
  name: 'kernel',
  about: 'system calls, processes, pipes, pages, files',
  run: (context: Context) => measure(context, 'kernel', tests),
};

export const ipc: Suite = {
  name: 'ipc',
  about: 'System V semaphores and messages between two processes; shared and private memory',
  run: (context: Context) =>
    measure(context, 'ipc', [
      { name: 'semaphore ping-pong', test: 'semaphores', count: 5000, bound: { of: 'qemu', most: 3 } },
      { name: 'message round trip', test: 'messages', count: 5000, bound: { of: 'qemu', most: 3 } },
      { name: 'a page of private memory', test: 'private', count: 3000 },
      { name: 'a page of shared memory', test: 'shared', count: 3000, like: 'private' },
      { name: 'a page of a System V segment', test: 'segment', count: 3000, like: 'private' },
      { name: 'process in new namespaces', test: 'namespaces', count: 50 },
    ]),
};
