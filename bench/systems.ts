/** The three things that are compared, each able to run a program and to time it from vfork to wait. */

import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { SystemName } from './measure.ts';
import { buildDirectory, type Programs } from './programs.ts';
import type { Answer, Request, WorkerOptions } from './worker.ts';

/** What a program left. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A place where arm64 programs, or builds of the same sources for this machine, run. Our programs are in /bench. */
export interface System {
  readonly name: SystemName;
  run(argv: readonly string[]): Promise<Outcome>;
  /** Nanoseconds of each of `times` runs, as `repeat` sees them from inside the system. */
  time(argv: readonly string[], times?: number): Promise<{ readonly nanoseconds: readonly number[]; readonly stdout: string }>;
}

const timesOf = (argv: readonly string[], { code, stdout, stderr }: Outcome): { nanoseconds: number[]; stdout: string } => {
  if (code !== 0) throw new Error(`${argv[0]}: status ${code}: ${stderr.split('\n')[0]}`);
  return { nanoseconds: stderr.trim().split('\n').map(Number), stdout };
};

/** How programs of the host are run. */
interface Launcher {
  /** In front of every command. */
  readonly prefix: readonly string[];
  /** The native `repeat`, as it is called behind the prefix. */
  readonly repeat: string;
  /** Turns a guest's argv into the host's. */
  launch(argv: readonly string[]): readonly string[];
}

/** Programs of the host, run directly or by qemu-user. */
class HostSystem implements System {
  readonly name: SystemName;
  private readonly launcher: Launcher;

  constructor(name: SystemName, launcher: Launcher) {
    this.name = name;
    this.launcher = launcher;
  }

  run(argv: readonly string[]): Promise<Outcome> {
    const { prefix, launch } = this.launcher;
    return host([...prefix, ...launch(argv)]);
  }

  async time(argv: readonly string[], times: number = 1): ReturnType<System['time']> {
    const { prefix, repeat, launch } = this.launcher;
    return timesOf(argv, await host([...prefix, repeat, `${times}`, ...launch(argv)]));
  }
}

function host([command, ...args]: readonly string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    execFile(command!, args, { maxBuffer: 1 << 28, encoding: 'latin1' }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ code: (error?.code as number | undefined) ?? 0, stdout, stderr });
    });
  });
}

const moved = (argv: readonly string[], folder: string): string[] => argv.map((one) => one.replace(/^\/bench\//, `${folder}/`));

export function nativeSystem({ native }: Programs): System | null {
  if (native === null) return null;
  return new HostSystem('native', { prefix: [], repeat: join(native, 'repeat'), launch: (argv) => moved(argv, native) });
}

/** Needs the native `repeat`: qemu's own must not be in the time. */
export function qemuSystem({ arm64, native, qemu }: Programs): System | null {
  if (qemu === null || native === null) return null;
  return new HostSystem('qemu', { prefix: [], repeat: join(native, 'repeat'), launch: (argv) => [qemu, ...moved(argv, arm64)] });
}

/** qemu-user with another root directory, which has qemu and the native `repeat` in /bench/host. */
export const qemuBelow = (root: string): System =>
  new HostSystem('qemu', {
    prefix: ['chroot', root],
    repeat: '/bench/host/repeat',
    launch: (argv) => ['/bench/host/qemu', ...argv],
  });

/** The host with cgroup2 alone below /sys/fs/cgroup: what container tools want that refuse to run among old hierarchies. */
export const unifiedCgroups = ({ native }: Programs): System =>
  new HostSystem('native', {
    prefix: ['unshare', '-m', 'sh', '-c', 'umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup && exec "$@"', 'sh'],
    repeat: join(native!, 'repeat'),
    launch: (argv) => argv,
  });

/** An engine in a Node process of its own, with one container in which programs are executed. */
export class HolmSystem implements System {
  readonly name = 'ours';
  private readonly worker: ChildProcess;
  private readonly waiting: Map<number, (answer: Answer) => void> = new Map();
  private last = 0;

  private constructor(worker: ChildProcess) {
    this.worker = worker;
    worker.on('message', (answer: Answer) => {
      const resolve = this.waiting.get(answer.id);
      this.waiting.delete(answer.id);
      resolve?.(answer);
    });
    worker.on('exit', (code) => {
      for (const [id, resolve] of this.waiting) resolve({ id, error: `the engine's process ended with status ${code}` });
      this.waiting.clear();
    });
  }

  /** `node` is the Node that runs it. */
  static async start(options: WorkerOptions, node: string): Promise<HolmSystem> {
    // As JavaScript: a loader that compiles the library while it is loaded takes 200 MB, which would hide what containers take.
    const script = join(buildDirectory, 'worker.mjs');
    await build({ entryPoints: [fileURLToPath(new URL('./worker.ts', import.meta.url))], outfile: script, format: 'esm' });
    const worker = fork(script, [JSON.stringify(options)], {
      execPath: node,
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const system = new HolmSystem(worker);
    await system.ask({ kind: 'ready' });
    return system;
  }

  async run(argv: readonly string[]): Promise<Outcome> {
    return (await this.ask({ kind: 'run', argv })).outcome!;
  }

  async time(argv: readonly string[], times: number = 1): ReturnType<System['time']> {
    return timesOf(argv, await this.run(['/bench/repeat', `${times}`, ...argv]));
  }

  /** Nanoseconds to create, run and remove a container of a program, `times` times. */
  async lifecycle(times: number, argv: readonly string[]): Promise<readonly number[]> {
    return (await this.ask({ kind: 'lifecycle', times, argv })).numbers!;
  }

  /** Start `count` idle containers: resident bytes of the process before and after, and the nanoseconds that each start took. */
  async idle(
    count: number,
    argv: readonly string[],
  ): Promise<{ readonly before: number; readonly after: number; readonly starts: readonly number[] }> {
    const [before, after, ...starts] = (await this.ask({ kind: 'idle', count, argv })).numbers!;
    return { before: before!, after: after!, starts };
  }

  /** Resident bytes of the process when there is no more to collect. */
  async rss(): Promise<number> {
    return (await this.ask({ kind: 'rss' })).numbers![0]!;
  }

  async close(): Promise<void> {
    if (this.worker.exitCode !== null) return;
    this.worker.kill('SIGKILL');
    await once(this.worker, 'exit');
  }

  private async ask(request: Request): Promise<Answer> {
    this.last += 1;
    const id = this.last;
    const answer = await new Promise<Answer>((resolve) => {
      this.waiting.set(id, resolve);
      this.worker.send({ ...request, id });
    });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }
}
