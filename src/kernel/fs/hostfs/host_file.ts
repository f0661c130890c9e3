/** Open files and directories of a host folder. Writes go to the host at once, stores to mappings at msync, munmap and close. */

import { ENODEV, isErrno } from '../../../abi/errno.ts';
import { DT_SHIFT } from '../../../abi/stat.ts';
import { FRAME_SIZE } from '../../../platform/ram.ts';
import type { Task } from '../../task/task.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import { RegularFile } from '../../vfs/regular_file.ts';
import { type ListedName, SnapshotDirectoryFile } from '../../vfs/snapshot_directory_file.ts';
import type { HostInode } from './host_inode.ts';

export class HostFile extends RegularFile {
  declare protected readonly node: HostInode;

  constructor(node: HostInode, flags: number) {
    super(node, flags);
  }

  override read(task: Task, iter: IovIter, pos: number): number {
    const failed = this.node.refresh();
    return failed < 0 ? failed : super.read(task, iter, pos);
  }

  override write(task: Task, iter: IovIter, pos: number): number {
    const count = super.write(task, iter, pos);
    if (count <= 0) return count;
    const failed = this.node.mapping!.sync(Math.floor(pos / FRAME_SIZE), Math.ceil((pos + count) / FRAME_SIZE));
    this.node.settle();
    return failed < 0 ? failed : count;
  }

  override seek(task: Task, offset: number, whence: number): number {
    this.node.refresh();
    return super.seek(task, offset, whence);
  }

  override flush(): void {
    this.node.mapping!.sync();
  }

  override fsync(_task: Task, dataOnly: boolean): number {
    const failed = this.node.mapping!.sync();
    if (failed < 0) return failed;
    return this.node.folder?.sync(this.node.handle, dataOnly) ?? -ENODEV;
  }

  override release(): void {
    this.node.drop();
  }
}

export class HostDirectoryFile extends SnapshotDirectoryFile {
  declare protected readonly node: HostInode;

  constructor(node: HostInode, flags: number) {
    super(node, flags);
  }

  protected override list(): readonly ListedName[] | number {
    const entries = this.node.folder?.list(this.node.path) ?? -ENODEV;
    if (isErrno(entries)) return entries;
    return entries.map(({ name, ino, mode }) => ({ name, ino, type: mode >>> DT_SHIFT }));
  }
}
