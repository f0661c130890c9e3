/** Containers by the API, tools that make namespaces, and the memory of idle containers. */

import { type Context, IMAGE, type Suite } from '../context.ts';
import { type Entry, failure, inTurn, summarize } from '../measure.ts';
import { findTool } from '../programs.ts';
import type { System } from '../systems.ts';

const FEW = 20;
const MANY = 300;
const IDLE = 300;

const tools: readonly (readonly string[])[] = [
  ['/usr/bin/unshare', '-fpium', '--mount-proc', '/usr/bin/true'],
  ['/usr/bin/bwrap', '--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '/usr/bin/true'],
];

export const namespaces: Suite = {
  name: 'namespaces',
  about: 'containers by the API; unshare and bwrap inside; memory of an idle container',
  async *run(context: Context): AsyncGenerator<Entry> {
    const { settings, native } = context;
    const suite = this.name;
    const ours = await context.fresh();
    const first = await ours.lifecycle(FEW);
    yield { suite, name: `create, run, remove: 1 to ${FEW}`, unit: 'ns', samples: { ours: first } };
    await ours.lifecycle(MANY);
    yield { suite, name: `create, run, remove: after ${FEW + MANY}`, unit: 'ns', samples: { ours: await ours.lifecycle(FEW) } };
    const [before, after] = await ours.idle(IDLE);
    yield {
      suite,
      name: `idle container of ${IMAGE} (of ${IDLE})`,
      unit: 'KB',
      samples: { ours: [(after! - before!) / IDLE / 1000] },
      bound: { of: 'ours', most: 100 },
    };
    await ours.close();
    for (const tool of ['crun', 'runc'])
      if (findTool(tool) === null) yield { suite, name: `native ${tool}`, skipped: `${tool} is not installed` };
    if (settings.image === null) {
      yield { suite, name: 'unshare, bwrap', skipped: 'no Debian image in the store (holm pull debian)' };
      return;
    }
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
