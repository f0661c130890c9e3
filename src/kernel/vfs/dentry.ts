/** A name in a directory and the inode it stands for, or the knowledge that there is none. Linux: struct dentry. */

import { S_IFDIR, S_IFMT } from '../../abi/stat.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { notifyGone } from './fsnotify.ts';
import type { Inode } from './inode.ts';
import type { Mount } from './mount.ts';
import type { SuperBlock } from './super_block.ts';

export class Dentry {
  readonly sb: SuperBlock;
  name: string;
  /** Itself for the root of a file system. */
  parent: Dentry;
  /** Null: the name does not exist (a negative dentry). */
  inode: Inode | null;
  /** Cached names of a directory. */
  children: Map<string, Dentry> | null = null;
  /** Open files, working directories and mounts that hold it. */
  refs = 0;
  /** The walk that used it last; see Dcache. */
  stamp = 0;
  /** Mounts on it, in any mount namespace; null while there are none. */
  mounts: Set<Mount> | null = null;
  /** Its name was removed; it lives only as long as it is held. Linux: d_unlinked. */
  unlinked = false;
  /** Who pays for it; null for roots. */
  payer: MemoryGroup | null = null;
  /** Neighbours in Dcache's list. */
  older: Dentry | null = null;
  newer: Dentry | null = null;

  constructor(sb: SuperBlock, parent: Dentry | null, name: string, inode: Inode | null) {
    this.sb = sb;
    this.parent = parent ?? this;
    this.name = name;
    this.inode = inode;
    if (inode !== null) this.hold(inode);
  }

  get isRoot(): boolean {
    return this.parent === this;
  }

  get(): this {
    this.refs++;
    return this;
  }

  put(): void {
    if (--this.refs === 0 && this.unlinked) this.forgetInode();
  }

  /** Let go of the inode. */
  forgetInode(): void {
    const { inode } = this;
    if (inode === null) return;
    this.inode = null;
    if (inode.nlink === 0) notifyGone(inode);
    if (inode.alias === this) inode.alias = null;
    inode.put();
  }

  /** Give a negative dentry its inode. Linux: d_instantiate. */
  instantiate(inode: Inode): void {
    this.hold(inode);
    this.inode = inode;
  }

  private hold(inode: Inode): void {
    inode.refs++;
    if ((inode.mode & S_IFMT) === S_IFDIR) inode.alias = this;
  }

  /** Whether this is `other` or above it. */
  isAncestorOf(other: Dentry): boolean {
    for (let at = other; ; at = at.parent) {
      if (at === this) return true;
      if (at.isRoot) return false;
    }
  }
}
