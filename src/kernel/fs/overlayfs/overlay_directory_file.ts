/** An open directory of an overlay: a merged one lists a snapshot taken when reading begins. Linux: fs/overlayfs/readdir.c. */

import { isErrno } from '../../../abi/errno.ts';
import type { Task } from '../../task/task.ts';
import { DirectoryFile } from '../../vfs/directory_file.ts';
import type { DirEmit } from '../../vfs/file.ts';
import { type MergedName, mergeNames } from './merge_names.ts';
import type { OverlayInode } from './overlay_inode.ts';

export class OverlayDirectoryFile extends DirectoryFile {
  declare protected readonly node: OverlayInode;
  private snapshot: readonly MergedName[] | null = null;

  constructor(node: OverlayInode, flags: number) {
    super(node, flags);
  }

  override readdir(task: Task, emit: DirEmit): number {
    if (this.pos === 0) this.snapshot = null;
    return super.readdir(task, emit);
  }

  protected override iterate(task: Task, emit: DirEmit): number {
    if (this.snapshot === null && !this.node.isMerged) return this.node.iterate(task, this.pos, emit);
    if (this.snapshot === null) {
      const merged = mergeNames(task, this.node);
      if (isErrno(merged)) return merged;
      this.snapshot = merged;
    }
    for (let i = this.pos - 2; i < this.snapshot.length; i++) {
      const { name, ino, type } = this.snapshot[i]!;
      if (!emit(name, ino, type, i + 3)) break;
    }
    return 0;
  }
}
