/** How long the command takes to the first instruction of a container, and how much memory an engine with one shell holds. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Context, IMAGE, type Suite } from '../context.ts';
import { type Entry, inTurn } from '../measure.ts';
import { buildDirectory } from '../programs.ts';

/** The command as npm installs it: without the sources, whose age it would look at first. */
function installed(command: string): string {
  const root = dirname(dirname(command));
  const folder = join(buildDirectory, 'installed');
  rmSync(folder, { recursive: true, force: true });
  for (const part of ['bin', 'dist', 'package.json']) cpSync(join(root, part), join(folder, part), { recursive: true });
  return join(folder, 'bin', basename(command));
}

/** Nanoseconds until the process has written something, or has ended. */
async function firstByte(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const from = performance.now();
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), ended]);
  const time = (performance.now() - from) * 1e6;
  await ended;
  if (child.exitCode !== 0) throw new Error(`${command} ${args.join(' ')}: status ${child.exitCode}`);
  return time;
}

/** Resident megabytes of a process. */
function resident(pid: number): number {
  const status = `/proc/${pid}/status`;
  const text = existsSync(status)
    ? /VmRSS:\s*(\d+)/.exec(readFileSync(status, 'latin1'))![1]!
    : spawnSync('ps', ['-o', 'rss=', '-p', `${pid}`], { encoding: 'utf8' }).stdout;
  return (Number(text) * 1024) / 1e6;
}

/** Megabytes of the command with a shell that waits for input. */
async function idleShell(start: () => ChildProcess): Promise<number> {
  const child = start();
  child.stdin!.write('echo here\n');
  await once(child.stdout!, 'data');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const size = resident(child.pid!);
  child.stdin!.end();
  await once(child, 'exit');
  return size;
}

export const start: Suite = {
  name: 'start',
  about: 'from the command to the first instruction; memory of an idle engine with a shell',
  async *run(context: Context): AsyncGenerator<Entry> {
    const { settings, command, dataHome } = context;
    const { node, image } = settings;
    const suite = this.name;
    const run = [installed(command), 'run', '--rm', IMAGE, '/bench/hello'];
    const env = { ...process.env, XDG_DATA_HOME: dataHome, HOLM_STANDALONE: '1' };
    await firstByte(node, run, env);
    const rounds = Math.max(settings.rounds, 9);
    const samples = await inTurn(rounds, {
      ours: () => firstByte(node, run, env),
      native: () => firstByte(node, ['-e', '0'], env),
    });
    yield { suite, name: 'first instruction; native: node -e 0', unit: 'ns', samples, bound: { of: 'native', most: 2 } };
    if (image === null) {
      yield { suite, name: 'idle engine with a shell', skipped: 'no Debian image in the store (holm pull debian)' };
      return;
    }
    const shell = (): ChildProcess =>
      spawn(node, [command, 'run', '--standalone', '--rm', '-i', image, 'bash'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const bare = (): ChildProcess => spawn(node, ['-i'], { stdio: ['pipe', 'pipe', 'inherit'] });
    yield {
      suite,
      name: 'idle engine with bash; native: node -i',
      unit: 'MB',
      samples: await inTurn(Math.min(3, settings.rounds), { ours: () => idleShell(shell), native: () => idleShell(bare) }),
      bound: { of: 'ours', most: 200 },
    };
  },
};
