/** An open regular file whose bytes are in the page cache. Linux: mm/filemap.c, generic_file_ operations. */

import { EACCES, EINVAL, ENODEV, ENXIO, EPERM } from '../../abi/errno.ts';
import { O_ACCMODE, O_NOATIME, O_RDONLY, O_WRONLY, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET } from '../../abi/fcntl.ts';
import { MS_NOEXEC } from '../../abi/mount.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { PROT_EXEC, PROT_WRITE, VM_SHARED } from '../mm/vma.ts';
import type { Task } from '../task/task.ts';
import { dropFileCapability, privilegesToKill } from './attributes.ts';
import { File } from './file.ts';
import type { Inode } from './inode.ts';
import type { IovIter } from './iov_iter.ts';
import { touchAtime } from './times.ts';

/** Bytes asked of the page cache at a time. */
const CHUNK = 1 << 20;

export class RegularFile extends File {
  protected readonly node: Inode;

  constructor(node: Inode, flags: number) {
    super(node.sb.kernel, flags);
    this.node = node;
  }

  override get inode(): Inode {
    return this.node;
  }

  override get bulk(): boolean {
    return true;
  }

  override get seekable(): boolean {
    return true;
  }

  override read(_task: Task, iter: IovIter, pos: number): number {
    const mapping = this.node.mapping!;
    let done = 0;
    while (iter.remaining > 0) {
      const wanted = Math.min(iter.remaining, CHUNK);
      const count = mapping.readInto(iter, pos + done, wanted);
      if (count === NOT_RESIDENT) return count;
      if (count <= 0) {
        if (count < 0 && done === 0) return count;
        break;
      }
      done += count;
      if (count < wanted) break;
    }
    if ((this.flags & O_NOATIME) === 0) touchAtime(this.path?.mount ?? null, this.node);
    return done;
  }

  override write(task: Task, iter: IovIter, pos: number): number {
    const { node } = this;
    dropFileCapability(task, node);
    const mode = privilegesToKill(task, node);
    if (mode >= 0) {
      const failed = node.setattr(task, { mode });
      if (failed < 0) return failed;
    }
    const mapping = node.mapping!;
    const count = mapping.writeFrom(iter, pos);
    if (count > 0) {
      node.size = mapping.host.size;
      node.modified();
    }
    return count;
  }

  override seek(_task: Task, offset: number, whence: number): number {
    const position = this.seekTarget(offset, whence);
    if (position < 0) return position;
    this.pos = position;
    return position;
  }

  private seekTarget(offset: number, whence: number): number {
    const { size } = this.node;
    switch (whence) {
      case SEEK_SET:
        return offset < 0 ? -EINVAL : offset;
      case SEEK_CUR:
        return this.pos + offset < 0 ? -EINVAL : this.pos + offset;
      case SEEK_END:
        return size + offset < 0 ? -EINVAL : size + offset;
      case SEEK_DATA:
      case SEEK_HOLE: {
        if (offset < 0 || offset >= size) return -ENXIO;
        const found = this.node.seekData(offset, whence === SEEK_HOLE);
        return found >= size ? (whence === SEEK_DATA ? -ENXIO : size) : found;
      }
      default:
        return -EINVAL;
    }
  }

  override mmapCheck(_task: Task, prot: number, flags: number): number {
    if (this.node.mapping === null) return -ENODEV;
    const access = this.flags & O_ACCMODE;
    if (access === O_WRONLY) return -EACCES;
    if ((flags & VM_SHARED) !== 0 && (prot & PROT_WRITE) !== 0 && access === O_RDONLY) return -EACCES;
    const { path } = this;
    return (prot & PROT_EXEC) !== 0 && path !== null && (path.mount.flags & MS_NOEXEC) !== 0 ? -EPERM : 0;
  }

  override fsync(_task: Task, _dataOnly: boolean): number {
    return this.node.mapping!.sync();
  }

  override fallocate(task: Task, mode: number, offset: number, length: number): number {
    return this.node.fallocate(task, mode, offset, length);
  }
}
