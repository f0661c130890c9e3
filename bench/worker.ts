/** An engine in a process of its own, as it is shipped (dist/), driven by messages from the benchmarks. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Container, ContainerOptions, Engine, EngineOptions } from '../src/hosts/node/index.ts';
import type { Outcome } from './systems.ts';

export interface WorkerOptions {
  readonly engine: EngineOptions;
  /** The address of the library (dist/). */
  readonly library: string;
  readonly image: string;
  /** Host folder with our programs, where the image does not have them. */
  readonly programs?: string;
}

export type Request =
  | { readonly kind: 'ready' }
  | { readonly kind: 'run'; readonly argv: readonly string[] }
  | { readonly kind: 'lifecycle'; readonly times: number; readonly argv: readonly string[] }
  | { readonly kind: 'idle'; readonly count: number; readonly argv: readonly string[] }
  | { readonly kind: 'rss' };

export interface Answer {
  readonly id: number;
  readonly outcome?: Outcome;
  readonly numbers?: readonly number[];
  readonly error?: string;
}

interface Library {
  createEngine(options: EngineOptions): Promise<Engine>;
}

const options: WorkerOptions = JSON.parse(process.argv[2]!);
const { createEngine } = (await import(options.library)) as Library;
const engine = await createEngine(options.engine);

const base: ContainerOptions = {
  image: options.image,
  command: ['/bench/idle'],
  entrypoint: [],
  // Some programs make namespaces.
  privileged: true,
  ...(options.programs !== undefined && { volumes: [{ source: options.programs, destination: '/bench' }] }),
};
const container: Container = await engine.containers.create(base);
await container.start();

async function collect(stream: ReadableStream<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of stream as AsyncIterable<Uint8Array>) parts.push(part);
  return Buffer.concat(parts).toString('latin1');
}

async function run(argv: readonly string[]): Promise<Outcome> {
  const process = container.spawn(argv);
  const [stdout, stderr, { code }] = await Promise.all([collect(process.stdout), collect(process.stderr), process.exited]);
  return { code, stdout, stderr };
}

async function lifecycle(times: number, argv: readonly string[]): Promise<number[]> {
  const numbers: number[] = [];
  for (let i = 0; i < times; i++) {
    const from = performance.now();
    const one = await engine.containers.create({ image: options.image, entrypoint: [], command: argv });
    await one.start();
    await one.wait();
    await one.remove();
    numbers.push((performance.now() - from) * 1e6);
  }
  return numbers;
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Without what the collector has not come to. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < 3; i++) collect();
}

/** Until nothing more is given back: programs have come to where they sleep, and their memory has been packed. */
async function settledRss(): Promise<number> {
  for (let rss = process.memoryUsage.rss(); ; ) {
    await pause(5000);
    collectGarbage();
    const now = process.memoryUsage.rss();
    if (Math.abs(now - rss) < 1e6) return now;
    rss = now;
  }
}

async function idle(count: number, argv: readonly string[]): Promise<number[]> {
  const all: Container[] = [];
  const start = async (): Promise<number> => {
    const from = performance.now();
    const one = await engine.containers.create({ image: options.image, entrypoint: [], command: argv });
    await one.start();
    const took = (performance.now() - from) * 1e6;
    all.push(one);
    // Without this, all of them would run at the same time.
    await pause(1);
    return took;
  };
  // The program's own pages, its translation and the like are not counted, nor is V8's compiling.
  for (let i = 0; i < 50; i++) await start();
  const before = await settledRss();
  const starts: number[] = [];
  for (let i = 0; i < count; i++) starts.push(await start());
  const after = await settledRss();
  for (const one of all) await one.remove();
  return [before, after, ...starts];
}

async function serve(request: Request): Promise<Omit<Answer, 'id'>> {
  switch (request.kind) {
    case 'ready':
      return {};
    case 'run':
      return { outcome: await run(request.argv) };
    case 'lifecycle':
      return { numbers: await lifecycle(request.times, request.argv) };
    case 'idle':
      return { numbers: await idle(request.count, request.argv) };
    case 'rss':
      return { numbers: [await settledRss()] };
  }
}

process.on('message', (request: Request & { readonly id: number }) => {
  serve(request)
    .catch((error: unknown) => ({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }))
    .then((answer) => process.send!({ id: request.id, ...answer }));
});
process.on('disconnect', () => process.exit());
