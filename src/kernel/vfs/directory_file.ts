/** An open directory. Positions 0 and 1 are the dots; the rest is the inode's. See getdents(2). */

import { EINVAL, EISDIR, ENOENT } from '../../abi/errno.ts';
import { SEEK_CUR, SEEK_SET } from '../../abi/fcntl.ts';
import { DT_DIR } from '../../abi/stat.ts';
import type { Task } from '../task/task.ts';
import { type DirEmit, File } from './file.ts';
import type { Inode } from './inode.ts';
import { touchAtime } from './times.ts';

export class DirectoryFile extends File {
  protected readonly node: Inode;

  constructor(node: Inode, flags: number) {
    super(node.sb.kernel, flags);
    this.node = node;
  }

  override get inode(): Inode {
    return this.node;
  }

  override read(): number {
    return -EISDIR;
  }

  override seek(_task: Task, offset: number, whence: number): number {
    if (whence !== SEEK_SET && whence !== SEEK_CUR) return -EINVAL;
    const position = whence === SEEK_CUR ? this.pos + offset : offset;
    if (position < 0) return -EINVAL;
    this.pos = position;
    return position;
  }

  override readdir(task: Task, emit: DirEmit): number {
    const dentry = this.path?.dentry;
    if (dentry?.unlinked === true) return -ENOENT;
    if (this.pos === 0) {
      if (!emit('.', this.node.ino, DT_DIR, 1)) return 0;
      this.pos = 1;
    }
    if (this.pos === 1) {
      if (!emit('..', this.parentInode(), DT_DIR, 2)) return 0;
      this.pos = 2;
    }
    const failed = this.iterate(task, (name, ino, type, next) => {
      if (!emit(name, ino, type, next)) return false;
      this.pos = next;
      return true;
    });
    if (failed === 0) touchAtime(this.path?.mount ?? null, this.node);
    return failed;
  }

  protected iterate(task: Task, emit: DirEmit): number {
    return this.node.iterate(task, this.pos, emit);
  }

  private parentInode(): number {
    return this.path?.dentry.parent.inode?.ino ?? this.node.ino;
  }

  override fsync(): number {
    return 0;
  }
}
