/** holm stats and holm update: what containers use, and what they may use. */

import type { Command } from 'commander';
import type { EngineClient } from '../engine/docker/client.ts';
import type { ContainerStats } from '../engine/docker/stats.ts';
import { parseBytes } from '../engine/options.ts';
import { table } from './format.ts';
import { runningClient } from './remote.ts';

const TITLES = ['CONTAINER ID', 'NAME', 'CPU %', 'MEM USAGE / LIMIT', 'MEM %', 'PIDS'];
/** Between the two samples from which the share of the processor follows, in milliseconds. */
const INTERVAL = 1000;
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Four digits and a unit, as docker has it. */
function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${Number(value.toPrecision(4))}${UNITS[unit]}`;
}

const percent = (part: number, whole: number): string => `${(whole > 0 ? (100 * part) / whole : 0).toFixed(2)}%`;

function row(before: ContainerStats, { id, name, cpu_stats: cpu, memory_stats: memory, pids_stats }: ContainerStats): string[] {
  const used = Math.max(0, memory.usage - (memory.stats['inactive_file'] ?? 0));
  const spent = cpu.cpu_usage.total_usage - before.cpu_stats.cpu_usage.total_usage;
  const share = percent(spent, cpu.system_cpu_usage - before.cpu_stats.system_cpu_usage);
  return [
    id.slice(0, 12),
    name.slice(1),
    share,
    `${size(used)} / ${size(memory.limit)}`,
    percent(used, memory.limit),
    String(pids_stats.current),
  ];
}

async function show(client: EngineClient, names: readonly string[]): Promise<void> {
  const running = names.length > 0 ? names : (await client.list()).map(({ Id }) => Id);
  const before = await Promise.all(running.map((name) => client.stats(name)));
  await new Promise((resume) => setTimeout(resume, INTERVAL));
  const after = await Promise.all(running.map((name) => client.stats(name)));
  console.log(table([TITLES, ...after.map((stats, i) => row(before[i]!, stats))]));
}

interface UpdateFlags {
  readonly memory?: string;
  readonly pidsLimit?: string;
  readonly cpus?: string;
}

export function addStatsCommands(program: Command): void {
  program
    .command('stats')
    .description('show how much processor and memory containers use, over a second')
    .argument('[container...]', 'names or ids; all that run if there are none')
    .option('--no-stream', 'show it once; it never is shown more often')
    .action(async (names: string[]) => show(await runningClient(names[0]), names));
  program
    .command('update')
    .description('change what containers may use')
    .argument('<container...>', 'names or ids')
    .option('-m, --memory <bytes>', 'the most memory, with a suffix b, k, m or g')
    .option('--pids-limit <count>', 'the most processes and threads, -1 for no limit')
    .option('--cpus <number>', 'the most processor time: 0.5 is half a processor')
    .action(async (names: string[], { memory, pidsLimit, cpus }: UpdateFlags) => {
      const client = await runningClient(names[0]);
      const limits = {
        ...(memory === undefined ? {} : { Memory: parseBytes(memory) }),
        ...(pidsLimit === undefined ? {} : { PidsLimit: Number(pidsLimit) }),
        ...(cpus === undefined ? {} : { NanoCpus: Math.round(Number(cpus) * 1e9) }),
      };
      for (const name of names) {
        await client.update(name, limits);
        console.log(name);
      }
    });
}
