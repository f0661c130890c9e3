/** Containers by the API, tools that make namespaces, and the memory of idle containers. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context, Suite } from '../context.ts';
import { type Entry, failure, inTurn, summarize } from '../measure.ts';
import { findTool, must } from '../programs.ts';
import { type HolmSystem, type System, unifiedCgroups } from '../systems.ts';

/** Containers that are made and removed, or made and left idle, one after the other. */
const MANY = 5000;
/** Of another program, before them: V8 goes on compiling for so long. */
const WARMING = 1000;
/** The 5th of them and those that follow are compared with the last ones. */
const FIRST = 5;
const WINDOW = 100;
/** Differences below it mean nothing. */
const NOISE = 1.15;
/** RSS of an engine with that many idle containers, in megabytes. */
const MOST_RSS = 2048;

interface Idle {
  readonly argv: readonly string[];
  /** KB a container. */
  readonly most: number;
}

const BUSYBOX = '/usr/bin/busybox';

/** What sleeps in idle containers: a static program of Debian's, and a dynamic one. */
const SLEEPERS: readonly Idle[] = [
  { argv: [BUSYBOX, 'sleep', '1000000'], most: 100 },
  { argv: ['/usr/bin/sleep', '1000000'], most: 160 },
];

const tools: readonly (readonly string[])[] = [
  ['/usr/bin/unshare', '-fpium', '--mount-proc', '/usr/bin/true'],
  ['/usr/bin/bwrap', '--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '/usr/bin/true'],
];

/** A program that ends at once, in containers of ours and of the host's runtimes. */
interface Brief {
  readonly engine: HolmSystem;
  /** In our image: the program, and another one of the same kind to warm the engine. */
  readonly argv: readonly string[];
  readonly other: readonly string[];
  /** The file of the host for bundles, and its arguments there. */
  readonly file: string | null;
  readonly args: readonly string[];
}

const has = async (engine: HolmSystem, path: string): Promise<boolean> => (await engine.run(['/usr/bin/test', '-x', path])).code === 0;

/** `true` of busybox where Debian's image and the host have a static one, else our own. */
async function briefProgram(context: Context): Promise<Brief> {
  const { image } = context.settings;
  const file = findTool('busybox');
  if (image !== null && file !== null && isStatic(file)) {
    const engine = await context.debian(image);
    if (await has(engine, BUSYBOX))
      return { engine, argv: [BUSYBOX, 'true'], other: [BUSYBOX, 'false'], file, args: ['/bin/busybox', 'true'] };
    await engine.close();
  }
  const { native } = context.programs;
  const own = native === null ? null : join(native, 'true');
  return { engine: await context.fresh(), argv: ['/bench/true'], other: ['/bench/hello'], file: own, args: ['/bin/true'] };
}

const isStatic = (file: string): boolean => !readFileSync(file).subarray(0, 4096).includes('/ld-');

interface OciConfig {
  linux: { resources?: object };
}

/** How a runtime of the host is called. */
interface Runtime {
  readonly tool: string;
  readonly note?: string;
  readonly system: System;
  /** What the runtime cannot do on this machine is taken out of its own default configuration. */
  change?(config: OciConfig): void;
}

/** As it is; and, where it refuses to run among old hierarchies of control groups, with cgroup2 alone and without rules for devices (which need bpf(2)). */
function runtimes(tool: string, native: System, { programs }: Context): Runtime[] {
  const change = ({ linux }: OciConfig): void => {
    delete linux.resources;
  };
  return [
    { tool, system: native },
    { tool, note: ' without device rules', system: unifiedCgroups(programs), change },
  ];
}

/** An OCI bundle with one static program. */
function makeBundle({ tool, change }: Runtime, file: string, args: readonly string[]): string {
  const bundle = mkdtempSync(join(tmpdir(), 'holm-bundle-'));
  mkdirSync(join(bundle, 'rootfs/bin'), { recursive: true });
  must('cp', [file, join(bundle, 'rootfs', args[0]!)]);
  must('sh', ['-c', `cd ${bundle} && ${tool} spec`]);
  const path = join(bundle, 'config.json');
  const config = JSON.parse(readFileSync(path, 'utf8'));
  Object.assign(config.process, { terminal: false, args });
  change?.(config);
  writeFileSync(path, JSON.stringify(config));
  return bundle;
}

/** Containers of ours beside those of the runtime `name`, called in the first way that works. */
async function* beside(suite: string, name: string, context: Context, { engine, argv, file, args }: Brief): AsyncGenerator<Entry> {
  const { native, settings } = context;
  const tool = findTool(name);
  if (tool === null || native === null || file === null) {
    yield { suite, name: `native ${name}`, skipped: `${tool === null ? name : 'a static program for this machine'} is not there` };
    return;
  }
  let refusal = '';
  for (const runtime of runtimes(tool, native, context)) {
    const bundle = makeBundle(runtime, file, args);
    const command = [tool, 'run', '--bundle', bundle, `bench-${process.pid}`];
    try {
      await runtime.system.time(command, 3);
      const samples = await inTurn(settings.rounds, {
        ours: async () => summarize(await engine.lifecycle(20, argv)).median,
        native: async () => summarize((await runtime.system.time(command, 20)).nanoseconds).median,
      });
      yield { suite, name: `create, run, remove: ${name}${runtime.note ?? ''}`, unit: 'ns', samples, bound: { of: 'native', most: 1 } };
      return;
    } catch (error) {
      refusal ||= (error as Error).message;
    } finally {
      rmSync(bundle, { recursive: true });
    }
  }
  yield { suite, name: `native ${name}`, skipped: `it does not run here: ${refusal}` };
}

/** What one takes while nobody else has the processor: the median of the faster half. */
const undisturbed = (some: readonly number[]): number => summarize([...some].sort((a, b) => a - b).slice(0, some.length / 2)).median;

/** The first and the last of many alike: these must not be slower. */
function* compare(suite: string, name: string, all: readonly number[], first: number): Generator<Entry> {
  const [early, late] = [all.slice(first - 1, first - 1 + WINDOW), all.slice(-WINDOW)].map(undisturbed);
  yield { suite, name: `${name}: ${first}th to ${first + WINDOW}th`, unit: 'ns', samples: { ours: [early!] } };
  const bound = { of: 'ours' as const, most: Math.ceil(early! * NOISE) };
  yield { suite, name: `${name}: the last ${WINDOW} of ${MANY}`, unit: 'ns', samples: { ours: [late!] }, bound };
}

/** Memory of containers in which nothing happens, in an engine of their own, and the time that it takes to start one beside the others. */
async function* idle(suite: string, engine: HolmSystem, argv: readonly string[], most: number): AsyncGenerator<Entry> {
  const name = argv.slice(0, 2).join(' ').replace('/usr/bin/', '').replace(/ \d+$/, '');
  if (!(await has(engine, argv[0]!))) yield { suite, name: `idle: ${name}`, skipped: `${argv[0]} is not in the image` };
  else {
    const { before, after, starts } = await engine.idle(MANY, argv);
    const kilobytes = (after - before) / MANY / 1000;
    yield { suite, name: `idle: ${name}, each of ${MANY}`, unit: 'KB', samples: { ours: [kilobytes] }, bound: { of: 'ours', most } };
    const samples = { ours: [after / 2 ** 20] };
    yield { suite, name: `idle: ${name}, the whole engine`, unit: 'MB', samples, bound: { of: 'ours', most: MOST_RSS } };
    yield* compare(suite, `start: ${name}`, starts, WARMING);
  }
  await engine.close();
}

export const namespaces: Suite = {
  name: 'namespaces',
  about: 'containers by the API; unshare and bwrap inside; memory of an idle container',
  async *run(context: Context): AsyncGenerator<Entry> {
    const { settings, native } = context;
    const suite = this.name;
    const brief = await briefProgram(context);
    await brief.engine.lifecycle(WARMING, brief.other);
    yield* compare(suite, 'create, run, remove', await brief.engine.lifecycle(MANY, brief.argv), FIRST);
    for (const runtime of ['crun', 'runc']) yield* beside(suite, runtime, context, brief);
    await brief.engine.close();
    if (settings.image === null) {
      yield { suite, name: 'unshare, bwrap', skipped: 'no Debian image in the store (holm pull debian)' };
      return;
    }
    for (const { argv, most } of SLEEPERS) yield* idle(suite, await context.debian(settings.image), argv, most);
    const debian = await context.debian(settings.image);
    for (const argv of tools) {
      const [path] = argv as [string];
      const name = path.slice(path.lastIndexOf('/') + 1);
      if (!(await has(debian, path))) {
        yield { suite, name, skipped: `${path} is not in the image ${settings.image}` };
        continue;
      }
      const host = findTool(name) === null ? null : native;
      if (host === null) yield { suite, name: `native ${name}`, skipped: `${name} is not installed` };
      const median = async (system: System): Promise<number> => summarize((await system.time(argv, 5)).nanoseconds).median;
      try {
        // V8 goes on compiling for some runs.
        await debian.time(argv, 30);
        const samples = await inTurn(settings.rounds, { ours: () => median(debian), ...(host && { native: () => median(host) }) });
        yield { suite, name: argv.slice(0, 3).join(' ').replace('/usr/bin/', ''), unit: 'ns', samples };
      } catch (error) {
        yield failure(suite, name, error);
      }
    }
    await debian.close();
  },
};
