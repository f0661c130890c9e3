/** What a caller may say of a container, and how it combines with the image's configuration. See docker-run(1). */

import { HolmError } from './error.ts';
import type { ImageConfig } from './image/index.ts';
import type { SeccompProfile } from './seccomp_profile.ts';
import { signalNumber } from './signals.ts';

/** A host folder made visible in the container. */
export interface Volume {
  /** Absolute path of the folder on the host. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly destination: string;
  readonly readOnly?: boolean;
}

export interface ProcessOptions {
  /** `NAME=value`, or values by name. Added to the image's and the container's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory, an absolute path; created if absent. */
  readonly workdir?: string;
  /** `user[:group]`, by name or number. */
  readonly user?: string;
  /** Give the process a terminal as its standard streams. */
  readonly tty?: boolean;
  /** Keep standard input open; otherwise the process reads end of file. */
  readonly stdin?: boolean;
  /** All capabilities. */
  readonly privileged?: boolean;
}

export interface ContainerOptions extends ProcessOptions {
  /** Name of an image in the store. */
  readonly image: string;
  readonly name?: string;
  /** Replaces the image's command. */
  readonly command?: readonly string[];
  /** Replaces the image's entry point; an empty list removes it. */
  readonly entrypoint?: readonly string[];
  /** At most 64 bytes; the first 12 digits of the container's id unless told. */
  readonly hostname?: string;
  readonly domainname?: string;
  /** The root file system cannot be written. */
  readonly readOnly?: boolean;
  /** Bytes, or a number with a suffix b, k, m or g; at least 6m. Absent or 0: no limit. */
  readonly memory?: number | string;
  /** Most processes and threads at a time; absent, 0 or -1: no limit. */
  readonly pidsLimit?: number;
  /** Share of the processor: 0.5 is half of its time. Absent or 0: no limit. */
  readonly cpus?: number;
  readonly volumes?: readonly Volume[];
  /** Temporary file systems by where they are mounted; the values are options as docker has them: `size=64m,mode=1777,noexec`. */
  readonly tmpfs?: Readonly<Record<string, string>>;
  /** `private` (the default), `shareable`, `none` (no /dev/shm either), `host` (the engine's) or `container:NAME`. */
  readonly ipc?: string;
  /** `private` (the default), `host` (the engine's) or `container:NAME`. */
  readonly pid?: string;
  /** `private` (the default) or `host` (the engine's). */
  readonly uts?: string;
  /** `none` (the default: only its own loopback device), `host` (the engine's) or `container:NAME`. */
  readonly network?: string;
  /** `private` (the default) or `host` (the engine's). */
  readonly cgroupns?: string;
  /**
   * `host` (the default: the engine's), `private` (its own, in which every id means itself: capabilities reach only what belongs to
   * it) or `container:NAME`. Processes can make more of their own.
   */
  readonly userns?: string;
  /** Capabilities beyond docker's default ones, and without them; `ALL` is all. See capabilities(7). */
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  /** All capabilities, and /sys and the cgroups can be written. */
  readonly privileged?: boolean;
  /** Neither set-user-ID programs nor file capabilities have an effect. See PR_SET_NO_NEW_PRIVS(2const). */
  readonly noNewPrivileges?: boolean;
  /** A filter of system calls, as docker's profiles have it, or `unconfined` (the default). Not used for a privileged container. */
  readonly seccomp?: SeccompProfile | 'unconfined';
  /** Values of kernel parameters that belong to its namespaces. */
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Size of /dev/shm: bytes, or with a suffix; 64m unless told. */
  readonly shmSize?: number | string;
  /** For the caller's own use; shown by inspect. */
  readonly labels?: Readonly<Record<string, string>>;
  /** The signal that asks it to end; the image's, or SIGTERM, unless told. */
  readonly stopSignal?: string;
  /** Receives one line for each system call. */
  readonly strace?: (line: string) => void;
}

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Entry point and command as docker combines them: a new entry point drops the image's command. */
export function resolveArgv(options: Pick<ContainerOptions, 'entrypoint' | 'command'>, image: ImageConfig): string[] {
  const entrypoint = options.entrypoint ?? image.entrypoint ?? [];
  const command = options.command ?? (options.entrypoint === undefined ? (image.command ?? []) : []);
  const argv = [...entrypoint, ...command];
  if (argv.length === 0) throw new HolmError('ENOCOMMAND', 'no command specified, and the image has none');
  return argv;
}

/** The environment: the image's, then PATH, HOSTNAME and TERM where absent, then what the caller adds. */
export function resolveEnv(image: ImageConfig, hostname: string, tty: boolean, env: Readonly<Record<string, string>> = {}): string[] {
  const merged = new Map<string, string>([
    ['PATH', DEFAULT_PATH],
    ['HOSTNAME', hostname],
  ]);
  if (tty) merged.set('TERM', 'xterm');
  for (const entry of image.env ?? []) {
    const at = entry.indexOf('=');
    if (at > 0) merged.set(entry.slice(0, at), entry.slice(at + 1));
  }
  for (const [name, value] of Object.entries(env)) merged.set(name, value);
  return [...merged].map(([name, value]) => `${name}=${value}`);
}

const UNITS: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** Bytes from `64m` and the like. */
export function parseBytes(text: number | string): number {
  if (typeof text === 'number' && Number.isSafeInteger(text) && text >= 0) return text;
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgt])?i?b?$/i.exec(String(text).trim());
  if (match === null) throw new HolmError('EOPTION', `invalid size "${text}": a number with an optional suffix b, k, m or g is wanted`);
  return Math.floor(Number(match[1]) * UNITS[(match[2] ?? 'b').toLowerCase()]!);
}

/** What a container may use; null is without limit. */
export interface Limits {
  /** Bytes. */
  readonly memory: number | null;
  readonly pids: number | null;
  /** Processors' worth of time. */
  readonly cpus: number | null;
  /** Bytes of /dev/shm. */
  readonly shm: number;
}

const MIN_MEMORY = 6 * 1024 * 1024;
const DEFAULT_SHM_SIZE = 64 * 1024 * 1024;

/** The limits that options set. Throws EOPTION for values that have no meaning. */
export function limitsOf(options: ContainerOptions): Limits {
  const { pidsLimit = -1, cpus = 0 } = options;
  const memory = parseBytes(options.memory ?? 0);
  if (memory > 0 && memory < MIN_MEMORY) throw new HolmError('EOPTION', `invalid memory limit "${options.memory}": the least is 6m`);
  if (!Number.isInteger(pidsLimit) || pidsLimit < -1)
    throw new HolmError('EOPTION', `invalid limit of processes "${pidsLimit}": a whole number is wanted, or -1 for no limit`);
  if (!Number.isFinite(cpus) || cpus < 0) throw new HolmError('EOPTION', `invalid share of the processor "${cpus}": 0.5 is half of it`);
  return {
    memory: memory === 0 ? null : memory,
    pids: pidsLimit <= 0 ? null : pidsLimit,
    cpus: cpus === 0 ? null : cpus,
    shm: parseBytes(options.shmSize ?? DEFAULT_SHM_SIZE),
  };
}

const HOST_NAME_MAX = 64;
const MAX_ID = 2 ** 31 - 1;

/** What can be told wrong before anything is made. Throws EOPTION. */
export function checkOptions({ hostname = '', domainname = '', stopSignal, ...options }: ContainerOptions): void {
  for (const name of [hostname, domainname])
    if (new TextEncoder().encode(name).length > HOST_NAME_MAX)
      throw new HolmError('EOPTION', `invalid host name "${name}": ${HOST_NAME_MAX} bytes are the most`);
  if (stopSignal !== undefined) signalNumber(stopSignal);
  checkProcess(options);
}

/** The same of a process. */
export function checkProcess({ workdir = '', user = '', env = {} }: ProcessOptions): void {
  if (workdir !== '' && !workdir.startsWith('/'))
    throw new HolmError('EOPTION', `invalid working directory "${workdir}": an absolute path is wanted`);
  for (const id of user.split(':', 2))
    if (/^\d+$/.test(id) && Number(id) > MAX_ID) throw new HolmError('EOPTION', `invalid user "${user}": ids are 0 to ${MAX_ID}`);
  for (const [name, value] of Object.entries(env))
    if (name === '' || /[=\0]/.test(name) || value.includes('\0')) throw new HolmError('EOPTION', `invalid environment variable "${name}"`);
}

/** A container may be called what docker allows. */
export function checkName(name: string): void {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
    throw new HolmError('EOPTION', `invalid container name "${name}": only [a-zA-Z0-9][a-zA-Z0-9_.-]+ is allowed`);
  }
}
