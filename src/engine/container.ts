/** A container of an engine: created, started, executed in, waited for, removed. */

import {
  type Change,
  changesBelow,
  type FolderMount,
  type Kernel,
  type RuntimeProcess,
  type Started,
  startContainer,
  startProcess,
} from '../kernel/api/index.ts';
import { HolmError } from './error.ts';
import { type Exit, GuestProcess } from './guest_process.ts';
import { byteString, utf8 } from './image/bytes.ts';
import type { ResolvedImage } from './image/index.ts';
import { type ContainerOptions, type ProcessOptions, parseBytes, resolveArgv, resolveEnv, type Volume } from './options.ts';
import { collect } from './streams.ts';

/** What a command left: data, whatever its exit status. */
export interface ExecResult extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

/** What a container needs of its engine. */
export interface ContainerHost {
  readonly kernel: Kernel;
  poke(): void;
  /** Bind the process's streams, and look at it after every slice until it ends. */
  watch(process: GuestProcess): void;
  /** Let the kernel mount a folder of the host under a name. */
  share(name: string, path: string): void;
  forget(container: Container): void;
}

export type ContainerState = 'created' | 'running' | 'exited';

export class Container {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  /** The first process; its streams may be connected before start(). */
  readonly process: GuestProcess;
  state: ContainerState = 'created';
  private readonly host: ContainerHost;
  private readonly options: ContainerOptions;
  private readonly image: ResolvedImage;
  private init: RuntimeProcess | null = null;
  private executed = 0;

  constructor(host: ContainerHost, id: string, name: string, image: ResolvedImage, options: ContainerOptions) {
    this.host = host;
    this.id = id;
    this.name = name;
    this.image = image;
    this.options = options;
    this.hostname = options.hostname ?? id.slice(0, 12);
    this.process = new GuestProcess(id, { tty: options.tty ?? false, stdin: options.stdin ?? false }, host.kernel, () => host.poke());
  }

  /** Start the first process. Throws EEXEC with exit code 126 or 127 when the program cannot be executed. */
  async start(): Promise<void> {
    if (this.state !== 'created') throw new HolmError('ECONFLICT', `container ${this.name} has been started already`);
    const { options, image } = this;
    const argv = resolveArgv(options, image.config);
    this.host.watch(this.process);
    const init = startContainer(this.host.kernel, {
      id: this.id,
      hostname: bytes(this.hostname),
      domainname: bytes(options.domainname ?? '(none)'),
      layers: image.layers,
      readOnly: options.readOnly ?? false,
      folders: (options.volumes ?? []).map((volume, i) => this.share(volume, i)),
      memory: options.memory === undefined ? null : parseBytes(options.memory),
      pids: options.pidsLimit === undefined || options.pidsLimit <= 0 ? null : options.pidsLimit,
      cpus: options.cpus ?? null,
      trace: options.strace !== undefined,
      process: this.processSpec(argv, options, this.process.id),
    });
    this.init = this.started(this.process, init, argv);
    this.state = 'running';
    void this.process.exited.then(() => {
      this.state = 'exited';
    });
  }

  /** Wait for the end of the first process. */
  wait(): Promise<Exit> {
    return this.process.exited;
  }

  /** Run a command in the running container and capture what it prints. */
  async exec(argv: readonly string[], options: ProcessOptions & { readonly input?: string | Uint8Array } = {}): Promise<ExecResult> {
    const process = this.spawn(argv, { ...options, stdin: options.input !== undefined });
    const [stdout, stderr, exit] = await Promise.all([
      collect(process.stdout),
      collect(process.stderr),
      process.exited,
      feed(process, options.input),
    ]);
    const decoder = new TextDecoder();
    return { stdout: decoder.decode(stdout), stderr: decoder.decode(stderr), ...exit };
  }

  /** Start a command in the running container, with live streams. */
  spawn(argv: readonly string[], options: ProcessOptions = {}): GuestProcess {
    if (this.state !== 'running' || this.init === null) throw new HolmError('ECONFLICT', `container ${this.name} is not running`);
    if (argv.length === 0) throw new HolmError('ENOCOMMAND', 'no command specified');
    this.executed += 1;
    const process = new GuestProcess(
      `${this.id}/${this.executed}`,
      { tty: options.tty ?? false, stdin: options.stdin ?? false },
      this.host.kernel,
      () => this.host.poke(),
    );
    this.host.watch(process);
    this.started(process, startProcess(this.host.kernel, this.init, this.processSpec(argv, options, process.id)), argv);
    return process;
  }

  /** Send a signal to the first process. */
  kill(signal: string | number = 'SIGKILL'): void {
    this.process.kill(signal);
  }

  /** Ask the container to end, and end it after `seconds` if it has not. */
  async stop(seconds = 10): Promise<Exit> {
    if (this.state === 'running') {
      this.kill('SIGTERM');
      const timer = setTimeout(() => this.kill('SIGKILL'), seconds * 1000);
      await this.process.exited;
      clearTimeout(timer);
    }
    return this.process.exited;
  }

  /** End it if it runs, and forget it. */
  async remove(): Promise<void> {
    if (this.state === 'running') {
      this.kill('SIGKILL');
      await this.process.exited;
    }
    this.host.forget(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove();
  }

  /** What was written to the root file system so far. */
  changes(): Iterable<Change> {
    const upper = this.init?.upper ?? null;
    return upper === null ? [] : changesBelow(this.host.kernel, upper.inode);
  }

  private share(volume: Volume, index: number): FolderMount {
    const source = `${this.id}/${index}`;
    this.host.share(source, volume.source);
    return { source, destination: bytes(volume.destination), readOnly: volume.readOnly ?? false };
  }

  private processSpec(argv: readonly string[], options: ProcessOptions, streams: string): Parameters<typeof startProcess>[2] {
    const { config } = this.image;
    const tty = options.tty ?? false;
    return {
      argv: argv.map(bytes),
      env: resolveEnv(config, this.hostname, tty, { ...this.options.env, ...options.env }).map(bytes),
      workdir: bytes(options.workdir ?? this.options.workdir ?? (config.workdir || '/')),
      user: bytes(options.user ?? this.options.user ?? config.user),
      tty,
      streams,
    };
  }

  private started(process: GuestProcess, result: Started, argv: readonly string[]): RuntimeProcess {
    if (!('errno' in result)) {
      process.started(result);
      this.host.poke();
      return result;
    }
    const code = result.errno === 'ENOENT' ? 127 : PROGRAM_ERRORS.has(result.errno) ? 126 : 125;
    process.finish({ code, signal: null, outOfMemory: false });
    if (process === this.process) this.state = 'exited';
    const reason = result.errno === 'ENOENT' ? 'executable file not found in $PATH' : result.error;
    const what = code === 125 ? `cannot start container ${this.name}` : `cannot run "${argv[0]}"`;
    throw new HolmError('EEXEC', `${what}: ${reason}`, { exitCode: code });
  }
}

/** Failures that are the program's: exit status 126. */
const PROGRAM_ERRORS: ReadonlySet<string> = new Set(['EACCES', 'ENOEXEC', 'EISDIR', 'ELIBBAD', 'ETXTBSY', 'E2BIG', 'ENOTDIR', 'ELOOP']);

/** As the kernel has strings: one char for each byte of UTF-8. */
const bytes = (text: string): string => byteString(utf8(text));

async function feed(process: GuestProcess, input: string | Uint8Array | undefined): Promise<void> {
  if (input === undefined) return;
  const writer = process.stdin.getWriter();
  try {
    await writer.write(typeof input === 'string' ? new TextEncoder().encode(input) : input);
    await writer.close();
  } catch {
    // The process has ended without reading all of its input.
  }
}
