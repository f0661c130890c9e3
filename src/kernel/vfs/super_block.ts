/** A mounted file system instance. Linux: struct super_block, struct super_operations. */

import { EINVAL } from '../../abi/errno.ts';
import { NAME_MAX } from '../../abi/fcntl.ts';
import { MS_NODEV, MS_RDONLY } from '../../abi/mount.ts';
import type { Kernel } from '../kernel.ts';
import type { UserNamespace } from '../namespace/user_namespace.ts';
import type { Task } from '../task/task.ts';
import { Dentry } from './dentry.ts';
import type { FileSystemType } from './file_system_type.ts';
import type { Inode } from './inode.ts';

/** What statfs(2) tells, in blocks of `blockSize` bytes. */
export interface StatFs {
  readonly blocks: number;
  readonly blocksFree: number;
  readonly files: number;
  readonly filesFree: number;
}

export abstract class SuperBlock {
  readonly kernel: Kernel;
  readonly type: FileSystemType;
  /** st_dev: an anonymous device number. */
  readonly dev: number;
  /** f_type of statfs(2). */
  readonly magic: number;
  /** Whose ids its files have and who may reconfigure it; null: the initial user namespace. Linux: s_user_ns. */
  userNs: UserNamespace | null = null;
  readonly blockSize: number = 4096;
  readonly nameMax: number = NAME_MAX;
  /** MS_RDONLY, MS_SYNCHRONOUS, MS_DIRSYNC, MS_LAZYTIME. */
  flags: number;
  /** Set once by the file system's mount. */
  root!: Dentry;
  /** Mounts of it, overlays above it and others that hold it. Linux: s_active. */
  mounts = 0;
  /** Open files that can write to it. */
  writers = 0;

  constructor(kernel: Kernel, type: FileSystemType, magic: number, flags: number) {
    this.kernel = kernel;
    this.type = type;
    this.dev = kernel.vfs.allocateDev();
    this.magic = magic;
    this.flags = flags;
  }

  /** Make `inode` the root directory. */
  setRoot(inode: Inode): void {
    this.root = new Dentry(this, null, '', inode).get();
  }

  get readOnly(): boolean {
    return (this.flags & MS_RDONLY) !== 0;
  }

  /** Names may appear, change and vanish without the kernel's doing: every walk asks the directory again. Linux: d_revalidate. */
  get volatileNames(): boolean {
    return false;
  }

  /** Whether files and directories may be bound to user-space writes at all (SB_I_NOEXEC, SB_I_NODEV): MS_ flags that hold for every mount. */
  get impliedFlags(): number {
    return this.userNs === null ? 0 : MS_NODEV;
  }

  /** A user namespace may mount it only where a whole one is visible already. Linux: SB_I_USERNS_VISIBLE. */
  get userNsVisible(): boolean {
    return false;
  }

  /** It is mounted on behalf of `userNs`. */
  own(userNs: UserNamespace): void {
    if (userNs !== this.kernel.initialUserNs) this.userNs = userNs.get();
  }

  statfs(_task: Task): StatFs | number {
    return { blocks: 0, blocksFree: 0, files: 0, filesFree: 0 };
  }

  /** Options that differ from the default, each preceded by a comma, for /proc/[pid]/mountinfo. */
  showOptions(): string {
    return '';
  }

  /** What mount(2) shows to `task` at the mount point: the root, or the part that is for it; or a negative errno. */
  rootFor(_task: Task): Dentry | number {
    return this.root;
  }

  /** What `reader` finds in /proc/[pid]/mountinfo as the root of a mount at `root`, where it is not its path; null for its path. Linux: show_path. */
  showPath(_root: Dentry, _reader: Task): string | null {
    return null;
  }

  /** mount(MS_REMOUNT): apply the options in `data`; the caller sets the flags afterwards. */
  reconfigure(_task: Task, _flags: number, data: string): number {
    return data === '' ? 0 : -EINVAL;
  }

  /** Write everything back. */
  sync(): number {
    return 0;
  }

  /** An inode that no dentry uses any more but that has names; most file systems keep it. */
  inodeUnused(_inode: Inode): void {}

  get(): this {
    this.mounts++;
    return this;
  }

  put(): void {
    if (--this.mounts === 0) this.release();
  }

  /** The last mount is gone, and with it all names. Linux: generic_shutdown_super. */
  release(): void {
    const { dcache } = this.kernel.vfs;
    for (const dentry of [...(this.root.children?.values() ?? [])]) dcache.drop(dentry);
    this.kill();
    this.userNs?.put();
    this.userNs = null;
  }

  /** Let go of what the file system holds. */
  protected kill(): void {}
}
