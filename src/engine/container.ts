/** A container of an engine: created, started, executed in, waited for, removed. */

import {
  ALL_CAPABILITIES,
  type Change,
  type ContainerSpec,
  changesBelow,
  describeProcess,
  type FolderMount,
  isFrozen,
  type Kernel,
  limitResources,
  type NamespaceSource,
  type ProcessInfo,
  processesIn,
  type ResourceUse,
  type RuntimeProcess,
  resourcesOf,
  type Started,
  setFrozen,
  startContainer,
  startProcess,
  type WritableLayer,
} from '../kernel/api/index.ts';
import { HolmError } from './error.ts';
import { type Exit, GuestProcess } from './guest_process.ts';
import { byteString, utf8 } from './image/bytes.ts';
import type { ResolvedImage } from './image/index.ts';
import { capabilitiesOf, joinedContainer, namespaceMode, namespaceSource, seccompOf, sysctlsOf, tmpfsMount } from './isolation.ts';
import {
  type ContainerOptions,
  checkOptions,
  checkProcess,
  type Limits,
  limitsOf,
  type ProcessOptions,
  resolveArgv,
  resolveEnv,
  type Volume,
} from './options.ts';
import { collect } from './streams.ts';

/** What a command left: data, whatever its exit status. Outputs are decoded as UTF-8. */
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
  /** Another container of the engine. */
  find(name: string): Container;
  forget(container: Container): void;
}

export type ContainerState = 'created' | 'running' | 'exited';

export class Container {
  readonly id: string;
  name: string;
  readonly hostname: string;
  readonly options: ContainerOptions;
  readonly image: ResolvedImage;
  /** The first process; its streams may be connected before start(). */
  process: GuestProcess;
  state: ContainerState = 'created';
  private readonly host: ContainerHost;
  private readonly capabilities: bigint;
  private readonly seccomp: Uint8Array | null;
  private readonly sysctls: Readonly<Record<string, string>>;
  private limits: Limits;
  private readonly argv: readonly string[];
  private init: RuntimeProcess | null = null;
  /** What was written so far; kept from one run to the next. */
  private layer: WritableLayer | null = null;
  private starts = 0;
  private executed = 0;

  constructor(host: ContainerHost, id: string, name: string, image: ResolvedImage, options: ContainerOptions) {
    this.host = host;
    this.id = id;
    this.name = name;
    this.image = image;
    this.options = options;
    this.hostname = options.hostname || id.slice(0, 12);
    checkOptions(options);
    this.limits = limitsOf(options);
    this.argv = resolveArgv(options, image.config);
    this.capabilities = capabilitiesOf(options);
    this.seccomp = seccompOf(options, this.capabilities);
    this.sysctls = sysctlsOf(options);
    for (const kind of ['ipc', 'pid', 'uts', 'network', 'cgroupns', 'userns'] as const) namespaceMode(options, kind);
    this.process = this.newProcess();
  }

  /** Get an ended container ready to be started again: its streams are new, what it wrote is still there. */
  reset(): void {
    if (this.state !== 'exited') throw new HolmError('ECONFLICT', `container ${this.name} has not ended`);
    this.process = this.newProcess();
    this.state = 'created';
  }

  /**
   * Start the first process. Throws EEXEC when it cannot be, with docker's exit code: 127 when the program is not there, 126 when it cannot
   * be executed, else 125; ECONFLICT when the container has been started before, or joins namespaces of one that does not run.
   */
  async start(): Promise<void> {
    if (this.state !== 'created') throw new HolmError('ECONFLICT', `container ${this.name} has been started already`);
    this.host.watch(this.process);
    try {
      this.init = this.started(this.process, startContainer(this.host.kernel, this.spec()), this.argv);
    } catch (error) {
      this.process.finish({ code: error instanceof HolmError ? error.exitCode : 125, signal: null, outOfMemory: false });
      this.state = 'exited';
      throw error;
    }
    this.layer?.put();
    this.layer = this.init.layer;
    this.state = 'running';
    void this.process.exited.then(() => {
      this.state = 'exited';
    });
  }

  /** The number of the first process in the engine's PID namespace; 0 when it does not run. */
  get pid(): number {
    return this.state === 'running' && this.init !== null ? this.init.pid : 0;
  }

  private spec(): ContainerSpec {
    const { options, image, limits } = this;
    const ipc = namespaceMode(options, 'ipc');
    return {
      id: this.id,
      hostname: bytes(this.hostname),
      domainname: bytes(options.domainname ?? '(none)'),
      layers: image.layers,
      layer: this.layer,
      readOnly: options.readOnly ?? false,
      folders: (options.volumes ?? []).map((volume, i) => this.share(volume, i)),
      tmpfs: Object.entries(options.tmpfs ?? {}).map(([at, data]) => tmpfsMount(bytes(at), bytes(data))),
      namespaces: {
        user: this.source(namespaceMode(options, 'userns')),
        ipc: this.ipcSource(ipc),
        pid: this.source(namespaceMode(options, 'pid')),
        uts: this.source(namespaceMode(options, 'uts')),
        net: this.source(namespaceMode(options, 'network')),
        cgroup: this.source(namespaceMode(options, 'cgroupns')),
      },
      shm: ipc === 'none' ? null : limits.shm,
      sysctls: this.sysctls,
      privileged: options.privileged ?? false,
      memory: limits.memory,
      pids: limits.pids,
      cpus: limits.cpus,
      trace: options.strace !== undefined,
      process: this.processSpec(this.argv, options, this.process.id),
    };
  }

  /** Whether its processes are frozen. */
  get paused(): boolean {
    return this.state === 'running' && this.init !== null && isFrozen(this.init);
  }

  /** Freeze its processes: none of them runs, whatever happens to it. Throws ECONFLICT when it does not run, or is paused. */
  pause(): void {
    if (this.paused) throw new HolmError('ECONFLICT', `container ${this.name} is paused already`);
    setFrozen(this.running(), true);
    this.host.poke();
  }

  /** Let them go on. Throws ECONFLICT when it is not paused. */
  unpause(): void {
    if (!this.paused) throw new HolmError('ECONFLICT', `container ${this.name} is not paused`);
    setFrozen(this.running(), false);
    this.host.poke();
  }

  /** What it uses now. Throws ECONFLICT when it does not run. */
  resources(): ResourceUse {
    return resourcesOf(this.host.kernel, this.running());
  }

  /** Change its limits, at once and for later runs; those that are not named stay. Throws EOPTION for values that have no meaning. */
  update(changes: Pick<ContainerOptions, 'memory' | 'pidsLimit' | 'cpus'>): void {
    const { memory, pidsLimit, cpus } = {
      memory: this.limits.memory ?? 0,
      pidsLimit: this.limits.pids ?? -1,
      cpus: this.limits.cpus ?? 0,
      ...changes,
    };
    this.limits = { ...limitsOf({ image: '', memory, pidsLimit, cpus }), shm: this.limits.shm };
    if (this.state !== 'running' || this.init === null) return;
    const failed = limitResources(this.host.kernel, this.init, this.limits);
    if (failed < 0) throw new HolmError('EOPTION', `cannot set the limits: ${-failed}`);
    this.host.poke();
  }

  /** The first process. Throws ECONFLICT when the container does not run. */
  private running(): RuntimeProcess {
    if (this.state !== 'running' || this.init === null) throw new HolmError('ECONFLICT', `container ${this.name} is not running`);
    return this.init;
  }

  /** The container's processes: of every run of exec(), and their children. */
  processes(): ProcessInfo[] {
    const { kernel } = this.host;
    return processesIn(kernel, this.running().cgroup).map((group) => describeProcess(kernel, group));
  }

  /** Another's namespace, or what the mode says. */
  private source(mode: string): NamespaceSource {
    return namespaceSource(mode, (name) => {
      const { init, state } = this.host.find(name);
      if (state !== 'running' || init === null)
        throw new HolmError('ECONFLICT', `cannot join namespaces of container ${name}: it is not running`);
      return init;
    });
  }

  /** A private IPC namespace is nobody else's. */
  private ipcSource(mode: string): NamespaceSource {
    const name = joinedContainer(mode);
    if (name !== null) {
      const donor = namespaceMode(this.host.find(name).options, 'ipc');
      if (donor === 'private' || donor === 'none')
        throw new HolmError(
          'ECONFLICT',
          `cannot join the IPC namespace of container ${name}: it is ${donor} (start it with --ipc shareable)`,
        );
    }
    return this.source(mode);
  }

  private newProcess(): GuestProcess {
    const { options, host } = this;
    const id = this.starts === 0 ? this.id : `${this.id}.${this.starts}`;
    this.starts += 1;
    return new GuestProcess(id, { tty: options.tty ?? false, stdin: options.stdin ?? false }, host.kernel, () => host.poke());
  }

  /** The end of the first process, and with it of all others; it may have come already. */
  wait(): Promise<Exit> {
    return this.process.exited;
  }

  /** Run a command in the running container and capture what it prints; `input` is all of its standard input. Throws as `spawn` does. */
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

  /** Start a command in the running container, with live streams. Throws ECONFLICT when it does not run, and EEXEC as `start` does. */
  spawn(argv: readonly string[], options: ProcessOptions = {}): GuestProcess {
    const init = this.running();
    if (this.paused) throw new HolmError('ECONFLICT', `container ${this.name} is paused: unpause it first`);
    if (argv.length === 0) throw new HolmError('ENOCOMMAND', 'no command specified');
    checkProcess(options);
    this.executed += 1;
    const process = new GuestProcess(
      `${this.id}/${this.executed}`,
      { tty: options.tty ?? false, stdin: options.stdin ?? false },
      this.host.kernel,
      () => this.host.poke(),
    );
    this.host.watch(process);
    this.started(process, startProcess(this.host.kernel, init, this.processSpec(argv, options, process.id)), argv);
    return process;
  }

  /** Send a signal to the first process: a name with or without SIG, or a number. Throws EOPTION when there is none of that name. */
  kill(signal: string | number = 'SIGKILL'): void {
    this.process.kill(signal);
  }

  /** Ask the container to end, and end it after `seconds` if it has not. */
  async stop(seconds = 10): Promise<Exit> {
    if (this.state === 'running') {
      if (this.paused) this.unpause();
      this.kill(this.options.stopSignal ?? this.image.config.stopSignal ?? 'SIGTERM');
      const timer = setTimeout(() => this.kill('SIGKILL'), seconds * 1000);
      await this.process.exited;
      clearTimeout(timer);
    }
    return this.process.exited;
  }

  /** End it if it runs, and forget it with all that it has written. `await using` does this. */
  async remove(): Promise<void> {
    if (this.state === 'running') {
      this.kill('SIGKILL');
      await this.process.exited;
    }
    this.process.abandon();
    this.layer?.put();
    this.layer = null;
    this.host.forget(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove();
  }

  /** What was written to the root file system so far. */
  changes(): Iterable<Change> {
    return this.layer === null ? [] : changesBelow(this.host.kernel, this.layer.root.inode!);
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
      workdir: bytes(options.workdir || this.options.workdir || config.workdir || '/'),
      user: bytes(options.user ?? this.options.user ?? config.user),
      tty,
      streams,
      capabilities: options.privileged ? ALL_CAPABILITIES : this.capabilities,
      noNewPrivileges: this.options.noNewPrivileges ?? false,
      seccomp: options.privileged ? null : this.seccomp,
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
    const reason = result.errno === 'ENOENT' ? notFound(argv[0]!) : result.error.replace(/\bE[A-Z0-9]+$/, (name) => WORDS[name] ?? name);
    const what = code === 125 ? `cannot start container ${this.name}` : `cannot run "${argv[0]}"`;
    throw new HolmError('EEXEC', `${what}: ${reason}`, { exitCode: code });
  }
}

/** Failures that are the program's: exit status 126. */
const PROGRAM_ERRORS: ReadonlySet<string> = new Set(['EACCES', 'ENOEXEC', 'EISDIR', 'ELIBBAD', 'ETXTBSY', 'E2BIG', 'ENOTDIR', 'ELOOP']);

const notFound = (program: string): string => (program.includes('/') ? 'no such file or directory' : 'executable file not found in $PATH');

/** What the usual failures are called. See errno(3). */
const WORDS: Readonly<Record<string, string>> = {
  E2BIG: 'argument list too long',
  EACCES: 'permission denied',
  EBUSY: 'device or resource busy',
  EINVAL: 'invalid argument',
  EIO: 'input/output error',
  EISDIR: 'is a directory',
  ELIBBAD: 'the interpreter of the program is damaged, or for another machine',
  ELOOP: 'too many levels of symbolic links',
  ENOENT: 'no such file or directory',
  ENOMEM: 'not enough memory (see --memory)',
  ENOSPC: 'no space left',
  ENOTDIR: 'not a directory',
  EPERM: 'operation not permitted',
  ETXTBSY: 'text file busy',
};

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
