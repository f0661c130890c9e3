/** What a caller may say of a container, and how it combines with the image's configuration. See docker-run(1). */

import { HolmError } from './error.ts';
import type { ImageConfig } from './image/index.ts';

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
  /** Working directory; created if absent. */
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
  readonly hostname?: string;
  readonly domainname?: string;
  /** The root file system cannot be written. */
  readonly readOnly?: boolean;
  /** Bytes, or a number with a suffix b, k, m or g. */
  readonly memory?: number | string;
  /** Most processes and threads at a time; absent or -1: no limit. */
  readonly pidsLimit?: number;
  /** Share of the processor: 0.5 is half of its time. */
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
  /** `host`, the only one: the first user namespace. Processes can make their own. */
  readonly userns?: string;
  /** Capabilities beyond docker's default ones, and without them; `ALL` is all. See capabilities(7). */
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  /** All capabilities, and /sys and the cgroups can be written. */
  readonly privileged?: boolean;
  /** Neither set-user-ID programs nor file capabilities have an effect. See PR_SET_NO_NEW_PRIVS(2const). */
  readonly noNewPrivileges?: boolean;
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
  if (typeof text === 'number') return text;
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgt])?i?b?$/i.exec(text.trim());
  if (match === null) throw new HolmError('EOPTION', `invalid size "${text}": a number with an optional suffix b, k, m or g is wanted`);
  return Math.floor(Number(match[1]) * UNITS[(match[2] ?? 'b').toLowerCase()]!);
}

/** A container may be called what docker allows. */
export function checkName(name: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
    throw new HolmError('EOPTION', `invalid container name "${name}": only [a-zA-Z0-9][a-zA-Z0-9_.-]+ is allowed`);
  }
  return name;
}
