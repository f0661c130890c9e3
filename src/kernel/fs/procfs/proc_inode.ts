/** Inodes of procfs: each knows its path through the tables by name, so that kernel state holds no functions. */

import { EACCES, EINVAL, ENOENT, EPERM, ESRCH, isErrno } from '../../../abi/errno.ts';
import { O_ACCMODE, O_RDONLY } from '../../../abi/fcntl.ts';
import { DT_SHIFT, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../../abi/stat.ts';
import type { Namespace } from '../../namespace/namespace.ts';
import type { Cred } from '../../task/cred.ts';
import type { Pid } from '../../task/pid.ts';
import { mayAccess } from '../../task/ptrace_access.ts';
import type { Task } from '../../task/task.ts';
import { DirectoryFile } from '../../vfs/directory_file.ts';
import type { DirEmit, File } from '../../vfs/file.ts';
import { type Attributes, Inode } from '../../vfs/inode.ts';
import type { Path } from '../../vfs/path.ts';
import { copyAttributes } from '../../vfs/simple_attributes.ts';
import { childOf, inodeNumber, type ProcContext, type ProcDirectoryEntry, type ProcEntry } from './entry.ts';
import { ProcFile } from './proc_file.ts';
import type { ProcSuperBlock } from './proc_super_block.ts';
import { procRoot } from './root.ts';

const TYPE_BITS: Readonly<Record<ProcEntry['kind'], number>> = { file: S_IFREG, link: S_IFLNK, directory: S_IFDIR };
/** Names that a mount with subset=pid has. */
const SUBSET: readonly string[] = ['self', 'thread-self'];
/** The first offset after the dots. */
const FIRST = 2;

export class ProcInode extends Inode {
  declare readonly sb: ProcSuperBlock;
  /** Names from the root of the file system. */
  readonly names: readonly string[];
  /** The identity that /proc/[pid] stands for; null outside. */
  readonly pid: Pid | null;
  /** Whose kernel parameter it is, where every namespace has its own. */
  readonly namespace: Namespace | null;

  constructor(
    sb: ProcSuperBlock,
    ino: number,
    mode: number,
    names: readonly string[],
    pid: Pid | null,
    namespace: Namespace | null = null,
  ) {
    super(sb, ino, mode);
    this.namespace = namespace;
    this.names = names;
    this.pid = pid;
    this.nlink = (mode & S_IFMT) === S_IFDIR ? 2 : 1;
  }

  private get isDirectory(): boolean {
    return (this.mode & S_IFMT) === S_IFDIR;
  }

  /** A kernel parameter or a directory of them. */
  get isSysctl(): boolean {
    return this.names[0] === 'sys';
  }

  /** What a directory of a task that is no more answers. Linux: proc_pid_permission, proc_pident_lookup. */
  private get gone(): number {
    return this.names.length === 1 ? -ESRCH : -ENOENT;
  }

  /** Null when the task is no more. */
  context(reader: Task, opener: Cred = reader.cred): ProcContext | null {
    const target = this.pid === null ? reader : this.pid.task;
    if (target === null) return null;
    return { kernel: this.sb.kernel, sb: this.sb, reader, opener, target, namespace: this.namespace, key: this.names.at(-1) ?? '' };
  }

  /** The row in the tables: -ESRCH when the task is gone, -ENOENT when the name is. */
  find(context: ProcContext | null): ProcEntry | number {
    if (context === null) return -ESRCH;
    let entry: ProcEntry = procRoot;
    for (const name of this.names) {
      if (entry.kind !== 'directory') return -ENOENT;
      const next = childOf(entry, context, name);
      if (next === null) return -ENOENT;
      entry = next;
    }
    return entry;
  }

  /**
   * Files about a task belong to its effective user, or to the superuser if it is not dumpable; kernel parameters to the
   * superuser of their namespace. Linux: task_dump_owner.
   */
  private own(context: ProcContext, entry: ProcEntry): void {
    if (this.pid !== null) {
      const { mm, cred } = context.target;
      const visible = this.mode === (S_IFDIR | 0o555) || mm?.dumpable === 1;
      this.uid = visible ? cred.euid : 0;
      this.gid = visible ? cred.egid : 0;
    } else if (entry.kind === 'file' && entry.owner !== null) {
      const owner = entry.owner(context);
      this.uid = Math.max(0, owner.kuid(0));
      this.gid = Math.max(0, owner.kgid(0));
    }
  }

  override refresh(task: Task): void {
    const context = this.context(task);
    const entry = this.find(context);
    if (isErrno(entry)) return;
    this.own(context!, entry);
    if (entry.kind === 'link') this.size = entry.size;
    if (entry.kind === 'file' && entry.size !== null) this.size = entry.size(this.sb.kernel);
    if (entry.kind !== 'directory') return;
    const fixed = Object.values(entry.children).filter((child) => child.kind === 'directory').length;
    const dynamic = entry.names?.(context!) ?? [];
    const names = isErrno(dynamic) ? 0 : dynamic.length;
    this.nlink = this.isSysctl ? 1 : fixed + 2 + (entry.ofTasks === null ? 0 : names);
    if (this.pid !== null && this.names.at(-1) === 'fd') this.size = names;
  }

  /** Linux: sysctl_perm, proc_pid_permission, proc_fd_permission. */
  override permission(task: Task, mask: number): number | null {
    if (this.isSysctl) {
      const { euid } = task.cred;
      const shift = euid === 0 || euid === this.uid ? 6 : task.cred.inGroup(0) || task.cred.inGroup(this.gid) ? 3 : 0;
      const context = this.context(task);
      const entry = this.find(context);
      const mode = !isErrno(entry) && entry.kind === 'file' && entry.grants !== null ? entry.grants(context!) : this.mode;
      return (mask & ~(mode >> shift) & 7) === 0 ? 0 : -EACCES;
    }
    if (!this.mayEnter(task)) return -EPERM;
    if (this.pid === null || !this.isDirectory) return null;
    const context = this.context(task);
    const entry = this.find(context);
    if (isErrno(entry) || context === null) return this.gone;
    const { openToTarget, inspects } = entry as ProcDirectoryEntry;
    if (openToTarget && context.target.group === task.group) return 0;
    return inspects && mayAccess(task, context.target, 'fs') < 0 ? -EACCES : null;
  }

  /** hidepid: who may look into /proc/[pid] at all. Linux: proc_pid_permission. */
  private mayEnter(task: Task): boolean {
    const target = this.pid?.task ?? null;
    return this.names.length !== 1 || target === null || this.sb.mayEnter(task, target);
  }

  override lookup(task: Task, name: string): Inode | number {
    const context = this.context(task);
    const entry = this.find(context);
    if (isErrno(entry) || entry.kind !== 'directory' || context === null) return this.gone;
    if (!this.mayEnter(task)) return -EPERM;
    if (this.names.length === 0 && this.sb.options.onlyPids && Object.hasOwn(entry.children, name) && !SUBSET.includes(name))
      return -ENOENT;
    const found = childOf(entry, context, name);
    if (found === null) return -ENOENT;
    const pid = entry.ofTasks?.(context, name) ?? this.pid;
    const target = pid?.task ?? null;
    if (pid !== null && (target === null || (pid !== this.pid && !this.sb.sees(task, target)))) return -ENOENT;
    const namespace = found.kind === 'file' ? (found.namespace?.(task) ?? null) : null;
    const inode = this.sb.inode([...this.names, name], TYPE_BITS[found.kind] | found.mode, pid, namespace);
    if (found.kind === 'link') inode.mode = S_IFLNK | found.mode;
    inode.own({ ...context, target: target ?? task, namespace }, found);
    return inode;
  }

  override create(): number {
    return -ENOENT;
  }
  override mkdir(): number {
    return -ENOENT;
  }
  override mknod(): number {
    return -ENOENT;
  }
  override symlink(): number {
    return -ENOENT;
  }
  override link(): number {
    return -ENOENT;
  }
  override unlink(): number {
    return -EPERM;
  }
  override rmdir(): number {
    return -EPERM;
  }

  override rename(task: Task, _name: string, newDir: Inode, newName: string): number {
    return isErrno(newDir.lookup(task, newName)) ? -ENOENT : -EPERM;
  }

  override readlink(task: Task): string | number {
    const context = this.context(task);
    const entry = this.find(context);
    if (isErrno(entry) || context === null) return -ENOENT;
    if (entry.kind !== 'link') return -EINVAL;
    if (entry.follow !== null && mayAccess(task, context.target, 'fs') < 0) return -EACCES;
    return entry.read(context);
  }

  override followMagic(task: Task): Path | number | null {
    const context = this.context(task);
    const entry = this.find(context);
    if (isErrno(entry) || context === null) return -ENOENT;
    if (entry.kind !== 'link' || entry.follow === null) return null;
    return mayAccess(task, context.target, 'fs') < 0 ? -EACCES : entry.follow(context);
  }

  /** Modes outside /proc/[pid] and /proc/sys can be changed; sizes stay what they are. */
  override setattr(_task: Task, changes: Attributes): number {
    const { mode, uid, gid, size } = changes;
    if (this.isSysctl && (mode !== undefined || uid !== undefined || gid !== undefined)) return -EPERM;
    if (this.pid !== null && mode !== undefined && size === undefined) return -EPERM;
    if (size === undefined) copyAttributes(this, changes);
    return 0;
  }

  override open(task: Task, _path: Path, flags: number): File | number {
    const context = this.context(task);
    const entry = this.find(context);
    if (isErrno(entry)) return this.isDirectory ? this.gone : entry;
    if (!this.mayEnter(task)) return -EPERM;
    if (entry.kind === 'directory') return new DirectoryFile(this, flags);
    if (entry.kind !== 'file') return -EINVAL;
    if (entry.open !== null) return entry.open(context!, this, flags);
    if (entry.inspects && mayAccess(task, context!.target, 'fs') < 0) return -EACCES;
    if (this.isSysctl && (flags & O_ACCMODE) !== O_RDONLY && entry.write === null) return -EACCES;
    const refused = (flags & O_ACCMODE) === O_RDONLY ? 0 : (entry.mayWrite?.(context!) ?? 0);
    if (refused < 0) return refused;
    return new ProcFile(this, flags, entry.poll?.(context!).event ?? 0);
  }

  /** Fixed names by their position, then numbers by themselves: what comes and goes moves nobody else. */
  override iterate(task: Task, pos: number, emit: DirEmit): number {
    const context = this.context(task);
    const entry = this.find(context);
    if (isErrno(entry) || entry.kind !== 'directory' || context === null) return -ENOENT;
    const fixed = this.names.length === 0 && this.sb.options.onlyPids ? SUBSET : Object.keys(entry.children);
    for (let i = Math.max(0, pos - FIRST); i < fixed.length; i++) {
      if (!this.emit(emit, fixed[i]!, entry.children[fixed[i]!]!, FIRST + i + 1)) return 0;
    }
    const dynamic = entry.names?.(context) ?? [];
    if (isErrno(dynamic)) return dynamic;
    const base = FIRST + fixed.length;
    for (const [i, name] of dynamic.entries()) {
      const number = Number(name);
      const offset = base + (Number.isNaN(number) ? i : number);
      if (offset < pos) continue;
      const found = childOf(entry, context, name);
      const target = entry.ofTasks?.(context, name)?.task ?? null;
      if (found === null || (entry.ofTasks !== null && (target === null || !this.sb.sees(task, target)))) continue;
      if (!this.emit(emit, name, found, offset + 1)) return 0;
    }
    return 0;
  }

  private emit(emit: DirEmit, name: string, entry: ProcEntry, next: number): boolean {
    return emit(name, inodeNumber([...this.names, name].join('/')), TYPE_BITS[entry.kind] >>> DT_SHIFT, next);
  }
}
