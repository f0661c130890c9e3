/** What the engine says of a container and of a process in it. All strings are byte strings (one char per byte). */

import type { RuntimeProcess, WritableLayer } from './runtime_process.ts';

/** A host folder in a container. */
export interface FolderMount {
  /** What the platform knows the folder by. */
  readonly source: string;
  readonly destination: string;
  readonly readOnly: boolean;
}

/** A tmpfs in a container. */
export interface TmpfsMount {
  readonly destination: string;
  /** MS_ flags of mount(2). */
  readonly flags: number;
  /** Options, as tmpfs(5) has them. */
  readonly data: string;
}

/** Where a namespace comes from: a new one, the engine's, or that of a container's first process. */
export type NamespaceSource = 'new' | 'engine' | RuntimeProcess;

/** The kinds that containers may share; the mount namespace is always new. */
export interface NamespaceSources {
  /** A new one maps every id to itself: its capabilities reach only what belongs to it. */
  readonly user: NamespaceSource;
  readonly uts: NamespaceSource;
  readonly ipc: NamespaceSource;
  readonly pid: NamespaceSource;
  readonly net: NamespaceSource;
  readonly cgroup: NamespaceSource;
}

/** What to execute. */
export interface ProcessSpec {
  readonly argv: readonly string[];
  readonly env: readonly string[];
  readonly workdir: string;
  /** `user[:group]`; empty for root. */
  readonly user: string;
  readonly tty: boolean;
  /** Prefix of the names of its streams: `<streams>:stdin`, `:stdout`, `:stderr`, or `:tty`. */
  readonly streams: string;
  /** The bounding set, as a mask; root has all of it. See capabilities(7). */
  readonly capabilities: bigint;
  /** PR_SET_NO_NEW_PRIVS. */
  readonly noNewPrivileges: boolean;
  /** A filter of system calls, an array of struct sock_filter; null for none. See seccomp(2). */
  readonly seccomp: Uint8Array | null;
}

export interface ContainerSpec {
  readonly id: string;
  readonly hostname: string;
  readonly domainname: string;
  /** Ids of image layers, the lowest first. */
  readonly layers: readonly string[];
  /** The writable layer of an earlier run; null for an empty one. */
  readonly layer: WritableLayer | null;
  readonly readOnly: boolean;
  readonly folders: readonly FolderMount[];
  readonly tmpfs: readonly TmpfsMount[];
  readonly namespaces: NamespaceSources;
  /** Bytes of /dev/shm; null for no /dev/shm. */
  readonly shm: number | null;
  /** Values below /proc/sys, by path. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** /sys and the cgroups can be written. */
  readonly privileged: boolean;
  /** Bytes; null for no limit. */
  readonly memory: number | null;
  readonly pids: number | null;
  /** Processors' worth of time; null for no limit. */
  readonly cpus: number | null;
  /** Trace its system calls. */
  readonly trace: boolean;
  readonly process: ProcessSpec;
}

/** A failure is a line for people, or an errno's name when the program cannot be executed. */
export interface Failure {
  readonly error: string;
  readonly errno: string;
}

export type Started = RuntimeProcess | Failure;
