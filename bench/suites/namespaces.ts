/** Containers by the API, tools that make namespaces, and the memory of idle containers. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context, Suite } from '../context.ts';
import { type Entry, failure, inTurn, summarize } from '../measure.ts';
import { findTool, must } from '../programs.ts';
import type { HolmSystem, System } from '../systems.ts';

const FEW = 5;
const MANY = 5000;
/** RSS of an engine with that many containers, in megabytes. */
const MOST_RSS = 2048;

interface Idle {
  readonly argv: readonly string[];
  /** KB a container. */
  readonly most: number;
}

/** What sleeps in idle containers: a static program of Debian's, and a dynamic one. */
const SLEEPERS: readonly Idle[] = [
  { argv: ['/usr/bin/busybox', 'sleep', '1000000'], most: 100 },
  { argv: ['/usr/bin/sleep', '1000000'], most: 160 },
];

const tools: readonly (readonly string[])[] = [
  ['/usr/bin/unshare', '-fpium', '--mount-proc', '/usr/bin/true'],
  ['/usr/bin/bwrap', '--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '/usr/bin/true'],
];

/** An OCI bundle with one static program. */
function makeBundle(tool: string, program: string): string {
  const bundle = mkdtempSync(join(tmpdir(), 'holm-bundle-'));
  mkdirSync(join(bundle, 'rootfs/bin'), { recursive: true });
  must('cp', [program, join(bundle, 'rootfs/bin/true')]);
  must('sh', ['-c', `cd ${bundle} && ${tool} spec`]);
  const path = join(bundle, 'config.json');
  const config = JSON.parse(readFileSync(path, 'utf8'));
  Object.assign(config.process, { terminal: false, args: ['/bin/true'] });
  writeFileSync(path, JSON.stringify(config));
  return bundle;
}

/** Memory of containers in which nothing happens, in an engine of their own. */
async function* idle(suite: string, engine: HolmSystem, argv: readonly string[], most: number): AsyncGenerator<Entry> {
  const name = argv.slice(0, 2).join(' ').replace('/usr/bin/', '').replace(/ \d+$/, '');
  if ((await engine.run(['/usr/bin/test', '-x', argv[0]!])).code !== 0)
    yield { suite, name: `idle: ${name}`, skipped: `${argv[0]} is not in the image` };
  else {
    const [before, after] = await engine.idle(MANY, argv);
    const kilobytes = (after! - before!) / MANY / 1000;
    yield { suite, name: `idle: ${name}, each of ${MANY}`, unit: 'KB', samples: { ours: [kilobytes] }, bound: { of: 'ours', most } };
    const megabytes = after! / 2 ** 20;
    yield {
      suite,
      name: `idle: ${name}, the whole engine`,
      unit: 'MB',
      samples: { ours: [megabytes] },
      bound: { of: 'ours', most: MOST_RSS },
    };
  }
  await engine.close();
}

export const namespaces: Suite = {
  name: 'namespaces',
  about: 'containers by the API; unshare and bwrap inside; memory of an idle container',
  async *run(context: Context): AsyncGenerator<Entry> {
    const { settings, native } = context;
    const suite = this.name;
    const ours = await context.fresh();
    const all = await ours.lifecycle(MANY);
    const median = (from: number, to: number): number => summarize(all.slice(from, to)).median;
    const [early, late] = [median(FEW - 1, FEW + 20), median(MANY - 20, MANY)];
    yield { suite, name: `create, run, remove: ${FEW}th to ${FEW + 20}th`, unit: 'ns', samples: { ours: [early] } };
    yield {
      suite,
      name: `create, run, remove: the last 20 of ${MANY}`,
      unit: 'ns',
      samples: { ours: [late] },
      bound: { of: 'ours', most: early },
    };
    for (const runtime of ['crun', 'runc']) {
      const tool = findTool(runtime);
      if (tool === null || native === null) {
        yield { suite, name: `native ${runtime}`, skipped: `${runtime} is not installed` };
        continue;
      }
      const bundle = makeBundle(tool, join(context.programs.native!, 'true'));
      const argv = [tool, 'run', '--bundle', bundle, `bench-${process.pid}`];
      try {
        await native.time(argv, 3);
        const samples = await inTurn(settings.rounds, {
          ours: async () => summarize(await ours.lifecycle(20)).median,
          native: async () => summarize((await native.time(argv, 20)).nanoseconds).median,
        });
        yield { suite, name: `create, run, remove: ours, ${runtime}`, unit: 'ns', samples, bound: { of: 'native', most: 1 } };
      } catch (error) {
        yield failure(suite, `native ${runtime}`, error);
      }
      rmSync(bundle, { recursive: true });
    }
    await ours.close();
    if (settings.image === null) {
      yield { suite, name: 'unshare, bwrap', skipped: 'no Debian image in the store (holm pull debian)' };
      return;
    }
    for (const { argv, most } of SLEEPERS) yield* idle(suite, await context.debian(settings.image), argv, most);
    const debian = await context.debian(settings.image);
    for (const argv of tools) {
      const [path] = argv as [string];
      const name = path.slice(path.lastIndexOf('/') + 1);
      if ((await debian.run(['/usr/bin/test', '-x', path])).code !== 0) {
        yield { suite, name, skipped: `${path} is not in the image ${settings.image}` };
        continue;
      }
      const beside = findTool(name) === null || native === null ? null : native;
      if (beside === null) yield { suite, name: `native ${name}`, skipped: `${name} is not installed` };
      const median = async (system: System): Promise<number> => summarize((await system.time(argv, 5)).nanoseconds).median;
      try {
        await median(debian);
        const samples = await inTurn(settings.rounds, { ours: () => median(debian), ...(beside && { native: () => median(beside) }) });
        yield { suite, name: argv.slice(0, 3).join(' ').replace('/usr/bin/', ''), unit: 'ns', samples };
      } catch (error) {
        yield failure(suite, name, error);
      }
    }
    await debian.close();
  },
};
