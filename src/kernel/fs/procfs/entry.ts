/** What a /proc entry is: a row in a table, given the reader and (below /proc/[pid]) the task it is about. */

import type { Kernel } from '../../kernel.ts';
import type { Namespace } from '../../namespace/namespace.ts';
import type { UserNamespace } from '../../namespace/user_namespace.ts';
import type { Cred } from '../../task/cred.ts';
import type { Pid } from '../../task/pid.ts';
import type { Task } from '../../task/task.ts';
import type { WaitQueue } from '../../task/wait_queue.ts';
import type { File } from '../../vfs/file.ts';
import type { Path } from '../../vfs/path.ts';
import type { ProcInode } from './proc_inode.ts';
import type { ProcSuperBlock } from './proc_super_block.ts';

/** Who looks, through which mount, at whom. `target` is the reader itself outside /proc/[pid]. */
export interface ProcContext {
  readonly kernel: Kernel;
  readonly sb: ProcSuperBlock;
  /** Whose /proc file this is called by: namespaces and credentials decide what it shows. */
  readonly reader: Task;
  /** With which credentials the file was opened; the reader's own where nothing is open. */
  readonly opener: Cred;
  /** The task that the directory is about. */
  readonly target: Task;
  /** The namespace that a kernel parameter belongs to: the one in which its name was looked up. Null where that does not matter. */
  readonly namespace: Namespace | null;
  /** The last name of the path; for what a dynamic directory chose: a descriptor's number, a namespace's name. */
  readonly key: string;
}

/** What poll(2) watches: the queue is woken whenever `event` changes. */
export interface PollSource {
  readonly queue: WaitQueue;
  readonly event: number;
}

/** A regular file whose content is computed when it is first read after open (or after seeking to 0). */
export interface ProcFileEntry {
  readonly kind: 'file';
  readonly mode: number;
  /** Text as a byte string, or bytes, or a negative errno. */
  readonly read: ((context: ProcContext) => string | Uint8Array | number) | null;
  /** The bytes of one write(2) as a byte string, and where they go: how many were taken (0 for all of them), or a negative errno. */
  readonly write: ((context: ProcContext, text: string, position: number) => number) | null;
  /** Opening needs the right to inspect the target. See ptrace(2), PTRACE_MODE_READ_FSCREDS. */
  readonly inspects: boolean;
  /** Whether it may be opened for writing: 0 or a negative errno. */
  readonly mayWrite: ((context: ProcContext) => number) | null;
  /** POLLPRI when this changes; null for files that are always ready. */
  readonly poll: ((context: ProcContext) => PollSource) | null;
  /** The namespace whose superuser owns a kernel parameter; null for the initial one. */
  readonly owner: ((context: ProcContext) => UserNamespace) | null;
  /** Which namespace's parameter it is, for who looks the name up; null for parameters of the machine or of whoever reads. Linux: ctl_table_set. */
  readonly namespace: ((reader: Task) => Namespace) | null;
  /** Permission bits for this reader where they are not the mode. */
  readonly grants: ((context: ProcContext) => number) | null;
  /** The open file, where its content is not computed at once. `inspects` does not apply. */
  readonly open: ((context: ProcContext, node: ProcInode, flags: number) => File | number) | null;
  /** A kernel parameter of which parts can be written. */
  readonly positioned: boolean;
  /** st_size; null for 0. */
  readonly size: ((kernel: Kernel) => number) | null;
}

export interface ProcLinkEntry {
  readonly kind: 'link';
  readonly mode: number;
  /** st_size. */
  readonly size: number;
  /** What readlink(2) shows. */
  readonly read: (context: ProcContext) => string | number;
  /** Where following leads when that is not the text's path (exe, cwd, fd/N, ns/…); needs the right to inspect the target. */
  readonly follow: ((context: ProcContext) => Path | number) | null;
}

export interface ProcDirectoryEntry {
  readonly kind: 'directory';
  readonly mode: number;
  /** Entries with fixed names. */
  readonly children: Readonly<Record<string, ProcEntry>>;
  /** Names that come and go (pids, descriptors), in order; null when there are none. */
  readonly names: ((context: ProcContext) => readonly string[] | number) | null;
  /** The entry for a dynamic name, or null. */
  readonly child: ((context: ProcContext, name: string) => ProcEntry | null) | null;
  /** Whether a dynamic name is that of a task, which becomes the target below. */
  readonly ofTasks: ((context: ProcContext, name: string) => Pid | null) | null;
  /** The threads of the target may always enter, whatever the mode says. */
  readonly openToTarget: boolean;
  /** Entering needs the right to inspect the target. */
  readonly inspects: boolean;
}

export type ProcEntry = ProcFileEntry | ProcLinkEntry | ProcDirectoryEntry;

type FileOptions = Partial<
  Pick<ProcFileEntry, 'inspects' | 'mayWrite' | 'poll' | 'owner' | 'namespace' | 'grants' | 'open' | 'positioned' | 'size'>
>;

export const file = (
  mode: number,
  read: ProcFileEntry['read'],
  write: ProcFileEntry['write'] = null,
  options: FileOptions = {},
): ProcFileEntry => ({
  kind: 'file',
  mode,
  read,
  write,
  inspects: options.inspects ?? false,
  mayWrite: options.mayWrite ?? null,
  poll: options.poll ?? null,
  owner: options.owner ?? null,
  namespace: options.namespace ?? null,
  grants: options.grants ?? null,
  open: options.open ?? null,
  positioned: options.positioned ?? false,
  size: options.size ?? null,
});

/** A file about the target that only who may inspect it can open. */
export const inspected = (mode: number, read: ProcFileEntry['read'], write: ProcFileEntry['write'] = null): ProcFileEntry =>
  file(mode, read, write, { inspects: true });

/** A constant. */
export const constant = (text: string): ProcFileEntry => file(0o444, () => text);

export const link = (read: ProcLinkEntry['read'], follow: ProcLinkEntry['follow'] = null, mode = 0o777, size = 0): ProcLinkEntry => ({
  kind: 'link',
  mode,
  size,
  read,
  follow,
});

export const directory = (
  children: Readonly<Record<string, ProcEntry>>,
  dynamic: Partial<Pick<ProcDirectoryEntry, 'names' | 'child' | 'ofTasks' | 'mode' | 'openToTarget' | 'inspects'>> = {},
): ProcDirectoryEntry => ({
  kind: 'directory',
  mode: dynamic.mode ?? 0o555,
  children,
  names: dynamic.names ?? null,
  child: dynamic.child ?? null,
  ofTasks: dynamic.ofTasks ?? null,
  openToTarget: dynamic.openToTarget ?? false,
  inspects: dynamic.inspects ?? false,
});

/** The entry called `name` in a directory. */
export function childOf(entry: ProcDirectoryEntry, context: ProcContext, name: string): ProcEntry | null {
  const fixed = Object.hasOwn(entry.children, name) ? entry.children[name] : undefined;
  return fixed ?? entry.child?.(context, name) ?? null;
}

/** The id of `pid` as the mount shows it, 0 if it is invisible there. */
export const idIn = ({ sb }: ProcContext, pid: Pid): number => pid.in(sb.pidNamespace);

/** A number that the same path always has: 52 bits of two FNV-1a hashes. */
export function inodeNumber(path: string): number {
  let a = 0x811c9dc5;
  let b = 0x01234567;
  for (let i = 0; i < path.length; i++) {
    a = Math.imul(a ^ path.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ path.charCodeAt(i), 0x01000193);
  }
  return (a >>> 6) * 67108864 + (b >>> 6) + 2;
}
