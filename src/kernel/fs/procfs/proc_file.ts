/** An open computed file: the text is taken when reading starts at 0. Linux: fs/seq_file.c. */

import { EINVAL, EIO, ENOENT, EPERM, ESRCH, isErrno } from '../../../abi/errno.ts';
import { SEEK_CUR, SEEK_END, SEEK_SET } from '../../../abi/fcntl.ts';
import type { Task } from '../../task/task.ts';
import type { WaitQueue } from '../../task/wait_queue.ts';
import { File, POLLERR, POLLIN, POLLOUT, POLLPRI, POLLRDNORM, POLLWRNORM } from '../../vfs/file.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import { MAY_READ, MAY_WRITE, permission } from '../../vfs/permission.ts';
import { latin1Bytes, latin1Text } from '../../vfs/text.ts';
import type { PollSource, ProcFileEntry } from './entry.ts';
import type { ProcInode } from './proc_inode.ts';

const MAX_WRITE = 65536;
const ALWAYS: number = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

export class ProcFile extends File {
  private readonly node: ProcInode;
  private content: Uint8Array | null = null;
  /** The event that poll(2) has reported. */
  private seen: number;

  constructor(node: ProcInode, flags: number, event: number) {
    super(node.sb.kernel, flags);
    this.node = node;
    this.seen = event;
  }

  override get inode(): ProcInode {
    return this.node;
  }

  override get seekable(): boolean {
    return true;
  }

  override seek(_task: Task, offset: number, whence: number): number {
    // Linux: seq_lseek knows no end; kernel parameters end where st_size says, at 0.
    const base = whence === SEEK_SET ? 0 : whence === SEEK_CUR ? this.pos : whence === SEEK_END && this.node.isSysctl ? 0 : -1;
    if (base < 0 || base + offset < 0) return -EINVAL;
    this.pos = base + offset;
    return this.pos;
  }

  /** A kernel parameter is checked at every use, and gone with its namespace. Linux: proc_sys_call_handler. */
  private refused(task: Task, mask: number): number {
    if (!this.node.isSysctl) return 0;
    if (this.node.namespace?.users === 0) return -ENOENT;
    return permission(task, this.node, mask) < 0 ? -EPERM : 0;
  }

  override read(task: Task, iter: IovIter, pos: number): number {
    const refused = this.refused(task, MAY_READ);
    if (refused < 0) return refused;
    if (pos === 0 || this.content === null) {
      const content = this.compute(task);
      if (typeof content === 'number') return content;
      this.content = content;
    }
    const available = Math.min(iter.remaining, this.content.length - pos);
    if (available <= 0) return 0;
    const ready = iter.prepare(available, true);
    if (ready < 0) return ready;
    return iter.put(this.content.subarray(pos, pos + ready)) || ready;
  }

  protected compute(task: Task): Uint8Array | number {
    const context = this.node.context(task);
    const entry = this.node.find(context);
    if (isErrno(entry) || context === null) return -ESRCH;
    const { read } = entry as ProcFileEntry;
    if (read === null) return -EIO;
    const content = read(context);
    return typeof content === 'string' ? latin1Bytes(content) : content;
  }

  override write(task: Task, iter: IovIter, pos: number): number {
    const refused = this.refused(task, MAY_WRITE);
    if (refused < 0) return refused;
    const context = this.node.context(task, this.cred ?? task.cred);
    const entry = this.node.find(context);
    if (isErrno(entry) || context === null) return -ESRCH;
    const { write, positioned } = entry as ProcFileEntry;
    if (write === null) return this.node.pid === null ? -EIO : -EINVAL;
    const count = iter.remaining;
    if (count > MAX_WRITE) return -EINVAL;
    // What does not begin at the start is not part of the value. See proc_sys_kernel(5), sysctl_writes_strict.
    if (pos > 0 && this.node.isSysctl && !positioned) return count;
    const ready = iter.prepare(count, false);
    if (ready < 0) return ready;
    const bytes = new Uint8Array(ready);
    return iter.take(bytes) || write(context, latin1Text(bytes), pos) || ready;
  }

  private source(task: Task): PollSource | null {
    const context = this.node.context(task);
    const entry = this.node.find(context);
    if (isErrno(entry) || context === null) return null;
    return (entry as ProcFileEntry).poll?.(context) ?? null;
  }

  override poll(task: Task): number {
    const source = this.source(task);
    if (source === null || source.event === this.seen) return ALWAYS;
    this.seen = source.event;
    return ALWAYS | POLLERR | POLLPRI;
  }

  override pollQueues(task: Task): readonly WaitQueue[] {
    const source = this.source(task);
    return source === null ? [] : [source.queue];
  }
}
