/** A mount of procfs: bound to the PID namespace of who mounted it. Linux: fs/proc/root.c. See proc(5), Mount options. */

import { EINVAL } from '../../../abi/errno.ts';
import { MS_NODEV, MS_NOEXEC } from '../../../abi/mount.ts';
import { PROC_SUPER_MAGIC, S_IFDIR } from '../../../abi/stat.ts';
import type { Kernel } from '../../kernel.ts';
import type { Namespace } from '../../namespace/namespace.ts';
import type { PidNamespace } from '../../namespace/pid_namespace.ts';
import type { UserNamespace } from '../../namespace/user_namespace.ts';
import type { Pid } from '../../task/pid.ts';
import { mayAccess } from '../../task/ptrace_access.ts';
import type { Task } from '../../task/task.ts';
import { FileSystemType } from '../../vfs/file_system_type.ts';
import type { Inode } from '../../vfs/inode.ts';
import { parseMountOptions } from '../../vfs/mount_options.ts';
import { SuperBlock } from '../../vfs/super_block.ts';
import { inodeNumber } from './entry.ts';
import { ProcInode } from './proc_inode.ts';

/** Values of hidepid. */
const NO_ACCESS = 1;
const INVISIBLE = 2;
const NOT_PTRACEABLE = 4;
const HIDEPID_NAMES: readonly (readonly [string, number])[] = [
  ['off', 0],
  ['noaccess', NO_ACCESS],
  ['invisible', INVISIBLE],
  ['ptraceable', NOT_PTRACEABLE],
];
const ROOT_INO = 1;

interface ProcOptions {
  hidepid: number;
  /** Whose members hidepid does not concern. */
  gid: number;
  /** subset=pid: nothing but processes. */
  onlyPids: boolean;
}

/** The options in `data` over `defaults`; null if one is unknown or wrong. */
function parseOptions(task: Task, defaults: ProcOptions, data: string): ProcOptions | null {
  const options = { ...defaults };
  for (const [name, value] of parseMountOptions(data)) {
    if (name === 'hidepid') {
      const known = HIDEPID_NAMES.find(([word, number]) => value === word || value === String(number));
      if (known === undefined) return null;
      options.hidepid = known[1];
    } else if (name === 'gid' && value !== null && /^\d+$/.test(value)) {
      options.gid = task.cred.userNs.kgid(Number(value));
      if (options.gid < 0) return null;
    } else if (name === 'subset' && value === 'pid') options.onlyPids = true;
    else return null;
  }
  return options;
}

const DEFAULT_OPTIONS: ProcOptions = { hidepid: 0, gid: 0, onlyPids: false };

export class ProcSuperBlock extends SuperBlock {
  readonly pidNamespace: PidNamespace;
  override readonly blockSize: number = 1024;
  options: ProcOptions = DEFAULT_OPTIONS;
  /** Inodes that dentries use, by their path. */
  private readonly inodes: Map<string, ProcInode> = new Map();

  constructor(kernel: Kernel, type: ProcType, flags: number, task: Task) {
    super(kernel, type, PROC_SUPER_MAGIC, flags);
    this.pidNamespace = task.pid.namespace;
    this.setRoot(new ProcInode(this, ROOT_INO, S_IFDIR | 0o555, [], null));
  }

  /** Processes come and go without a system call on the directory. */
  override get volatileNames(): boolean {
    return true;
  }

  override get impliedFlags(): number {
    return MS_NOEXEC | MS_NODEV;
  }

  override get userNsVisible(): boolean {
    return true;
  }

  /** The inode at `names`, the one in use if it is about the same task or namespace. */
  inode(names: readonly string[], mode: number, target: Pid | null, namespace: Namespace | null): ProcInode {
    const path = names.join('/');
    const known = this.inodes.get(path);
    if (known?.pid === target && known.namespace === namespace && known.mode >>> 12 === mode >>> 12) return known;
    const inode = new ProcInode(this, inodeNumber(path), mode, names, target, namespace);
    this.inodes.set(path, inode);
    return inode;
  }

  override inodeUnused(inode: Inode): void {
    const path = (inode as ProcInode).names.join('/');
    if (this.inodes.get(path) === inode) this.inodes.delete(path);
  }

  /** Whether `task` sees that `target` exists. Linux: has_pid_permissions with HIDEPID_INVISIBLE. */
  sees(task: Task, target: Task): boolean {
    return this.admits(task, target, INVISIBLE);
  }

  /** Whether `task` may look into the directory of `target`. Linux: has_pid_permissions with HIDEPID_NO_ACCESS. */
  mayEnter(task: Task, target: Task): boolean {
    return this.admits(task, target, NO_ACCESS);
  }

  private admits(task: Task, target: Task, least: number): boolean {
    const { hidepid, gid } = this.options;
    if (hidepid !== NOT_PTRACEABLE && (hidepid < least || task.cred.inGroup(gid))) return true;
    return mayAccess(task, target, 'fs') === 0;
  }

  /** Apply mount options: 0 or -EINVAL. */
  configure(task: Task, data: string): number {
    const options = parseOptions(task, this.options, data);
    if (options === null) return -EINVAL;
    this.options = options;
    return 0;
  }

  protected override kill(): void {
    this.pidNamespace.put();
  }

  override reconfigure(task: Task, _flags: number, data: string): number {
    return this.configure(task, data);
  }

  override showOptions(): string {
    const { hidepid, gid, onlyPids } = this.options;
    const hide = HIDEPID_NAMES.find(([, number]) => number === hidepid)![0];
    return `${gid === 0 ? '' : `,gid=${gid}`}${hidepid === 0 ? '' : `,hidepid=${hide}`}${onlyPids ? ',subset=pid' : ''}`;
  }
}

export class ProcType extends FileSystemType {
  readonly name = 'proc';
  override readonly userNsMount = true;
  override readonly options: readonly string[] = ['hidepid', 'gid', 'subset'];

  protected override accepts(task: Task, data: string): boolean {
    return parseOptions(task, DEFAULT_OPTIONS, data) !== null;
  }

  override complaint(name: string, value: string): string {
    return name === 'hidepid' ? `unknown value of hidepid - ${value}\n` : super.complaint(name, value);
  }

  override ownerFor(task: Task): UserNamespace {
    return task.pid.namespace.owner;
  }

  mount(kernel: Kernel, task: Task, _source: string, flags: number, data: string): SuperBlock | number {
    const sb = new ProcSuperBlock(kernel, this, flags, task);
    const failed = sb.configure(task, data);
    if (failed < 0) return failed;
    sb.pidNamespace.get();
    return sb;
  }
}
