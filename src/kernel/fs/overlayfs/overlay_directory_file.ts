/** An open directory of an overlay. Linux: fs/overlayfs/readdir.c. */

import type { Task } from '../../task/task.ts';
import type { DirEmit } from '../../vfs/file.ts';
import { type ListedName, SnapshotDirectoryFile } from '../../vfs/snapshot_directory_file.ts';
import { mergeNames } from './merge_names.ts';
import type { OverlayInode } from './overlay_inode.ts';

export class OverlayDirectoryFile extends SnapshotDirectoryFile {
  declare protected readonly node: OverlayInode;
  /** Whether the directory was merged when reading began: it may become so by being copied up. */
  private merged = false;

  constructor(node: OverlayInode, flags: number) {
    super(node, flags);
  }

  override readdir(task: Task, emit: DirEmit): number {
    if (this.pos === 0) this.merged = this.node.isMerged;
    return super.readdir(task, emit);
  }

  protected override iterate(task: Task, emit: DirEmit): number {
    return this.merged ? super.iterate(task, emit) : this.node.iterate(task, this.pos, emit);
  }

  protected override list(task: Task): readonly ListedName[] | number {
    return mergeNames(task, this.node);
  }
}
