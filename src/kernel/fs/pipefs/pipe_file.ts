/** An open end (or both ends) of a pipe or FIFO. Linux: pipefifo_fops in fs/pipe.c. */

import { EBADF, EINVAL, ENOTTY } from '../../../abi/errno.ts';
import { O_ACCMODE, O_DIRECT, O_RDONLY, O_WRONLY } from '../../../abi/fcntl.ts';
import { FIONREAD } from '../../../abi/ioctl.ts';
import type { Task } from '../../task/task.ts';
import type { WaitQueue } from '../../task/wait_queue.ts';
import { File, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../../vfs/file.ts';
import type { Inode } from '../../vfs/inode.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import type { Pipe } from './pipe.ts';

const WRITE_EVENTS: number = POLLOUT | POLLWRNORM;

export class PipeFile extends File {
  readonly pipe: Pipe;
  readonly reads: boolean;
  readonly writes: boolean;
  /** pipe.writersEver when it was opened: without a writer since then a FIFO does not say POLLHUP. Linux: f_version. */
  writersBefore = -1;
  private readonly node: Inode;

  constructor(pipe: Pipe, inode: Inode, flags: number) {
    super(pipe.kernel, flags);
    this.pipe = pipe;
    this.node = inode;
    const access = flags & O_ACCMODE;
    this.reads = access !== O_WRONLY;
    this.writes = access !== O_RDONLY;
    pipe.open(this.reads, this.writes);
  }

  override get inode(): Inode {
    return this.node;
  }

  override release(): void {
    if (this.pipe.close(this.reads, this.writes)) this.node.pipe = null;
  }

  override read(task: Task, iter: IovIter): number {
    return this.reads ? this.pipe.read(task, iter, this.flags) : -EBADF;
  }

  override write(task: Task, iter: IovIter): number {
    return this.writes ? this.pipe.write(task, iter, this.flags, (this.flags & O_DIRECT) !== 0) : -EBADF;
  }

  override poll(): number {
    const { pipe } = this;
    let events = 0;
    if (this.reads) {
      if (!pipe.empty) events |= POLLIN | POLLRDNORM;
      if (pipe.writers === 0 && this.writersBefore !== pipe.writersEver) events |= POLLHUP;
    }
    if (this.writes) {
      if (!pipe.full) events |= POLLOUT | POLLWRNORM;
      if (pipe.readers === 0) events |= POLLERR;
    }
    return events;
  }

  override get mayFasync(): boolean {
    return true;
  }

  override pollQueues(_task: Task, events: number): readonly WaitQueue[] {
    const { readable, writable } = this.pipe;
    if (!this.writes) return [readable];
    if (!this.reads) return [writable];
    return (events & WRITE_EVENTS) !== 0 ? [readable, writable] : [readable];
  }

  override ioctl(task: Task, request: number, argument: number): number {
    return request === FIONREAD ? task.mm!.writeU32(argument, this.pipe.length) : -ENOTTY;
  }

  override fsync(): number {
    return -EINVAL;
  }
}
