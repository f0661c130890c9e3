/** /proc/[pid]/mem: the memory of a process as a file. Linux: mem_rw in fs/proc/base.c. See proc_pid_mem(5). */

import { EINVAL, EIO } from '../../../abi/errno.ts';
import { SEEK_CUR, SEEK_SET } from '../../../abi/fcntl.ts';
import { NOT_RESIDENT } from '../../../platform/blocks.ts';
import { accessVm, requestVm } from '../../mm/access_vm.ts';
import type { Mm } from '../../mm/mm.ts';
import type { Task } from '../../task/task.ts';
import { File } from '../../vfs/file.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import type { ProcInode } from './proc_inode.ts';

/** Bytes copied at once, and those that are made present before anything is copied. */
const CHUNK = 65536;
const AHEAD = 1048576;

export class MemFile extends File {
  private readonly node: ProcInode;
  /** The address space at the time of open(2): a later program has another one. Null for a process without. */
  private readonly mm: Mm | null;

  constructor(node: ProcInode, mm: Mm | null, flags: number) {
    super(node.sb.kernel, flags);
    this.node = node;
    this.mm = mm;
  }

  override get inode(): ProcInode {
    return this.node;
  }

  override get seekable(): boolean {
    return true;
  }

  override seek(_task: Task, offset: number, whence: number): number {
    return memLseek(this, offset, whence);
  }

  override read(_task: Task, iter: IovIter, pos: number): number {
    return this.transfer(iter, pos, false);
  }

  override write(_task: Task, iter: IovIter, pos: number): number {
    return this.transfer(iter, pos, true);
  }

  /** Protection does not matter, and pages that the program may not write become its own copies. */
  private transfer(iter: IovIter, pos: number, write: boolean): number {
    const { mm } = this;
    if (mm === null || mm.users === 0) return 0;
    const before = iter.moved;
    if (requestVm(mm, pos, Math.min(iter.remaining, AHEAD), write) === NOT_RESIDENT) return NOT_RESIDENT;
    while (iter.remaining > 0) {
      const moved = iter.moved - before;
      const ready = iter.prepare(Math.min(iter.remaining, CHUNK), !write);
      if (ready < 0) return moved > 0 ? moved : ready;
      const bytes = new Uint8Array(ready);
      if (write) iter.take(bytes);
      const count = accessVm(mm, pos + moved, bytes, write);
      if (count <= 0) return moved > 0 ? moved : count === NOT_RESIDENT ? count : -EIO;
      if (!write) iter.put(bytes.subarray(0, count));
      if (count < ready) return moved + count;
    }
    return iter.moved - before;
  }
}

/** lseek(2) of a file whose offsets are addresses, or follow from them. Linux: mem_lseek. */
export function memLseek(file: File, offset: number, whence: number): number {
  if (whence !== SEEK_SET && whence !== SEEK_CUR) return -EINVAL;
  file.pos = whence === SEEK_SET ? offset : file.pos + offset;
  return file.pos;
}
