/** An open message queue: a message queue descriptor of mq_open(3), or opened by its name in a mounted mqueue file system. Linux: ipc/mqueue.c. */

import { EINVAL } from '../../../abi/errno.ts';
import { SEEK_CUR, SEEK_END, SEEK_SET } from '../../../abi/fcntl.ts';
import { SIGEV_SIGNAL } from '../../../abi/signal.ts';
import type { Mqueue } from '../../ipc/mqueue.ts';
import type { Task } from '../../task/task.ts';
import type { WaitQueue } from '../../task/wait_queue.ts';
import { File, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../../vfs/file.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import { latin1Bytes } from '../../vfs/text.ts';
import type { MqueueInode } from './mqueue_inode.ts';

export class MqueueFile extends File {
  private readonly node: MqueueInode;

  constructor(node: MqueueInode, flags: number) {
    super(node.sb.kernel, flags);
    this.node = node;
  }

  override get inode(): MqueueInode {
    return this.node;
  }

  get queue(): Mqueue {
    return this.node.queue;
  }

  override get seekable(): boolean {
    return true;
  }

  override seek(_task: Task, offset: number, whence: number): number {
    const base = whence === SEEK_SET ? 0 : whence === SEEK_CUR ? this.pos : whence === SEEK_END ? this.node.size : -1;
    if (base < 0 || base + offset < 0) return -EINVAL;
    this.pos = base + offset;
    return this.pos;
  }

  /** How many bytes wait, and who is to be notified, as the reader numbers processes. Linux: mqueue_read_file. */
  override read(task: Task, iter: IovIter, pos: number): number {
    const { bytes, notification } = this.queue;
    const notify = notification?.event.notify ?? 0;
    const signo = notification !== null && notify === SIGEV_SIGNAL ? notification.event.signo : 0;
    const owner = notification?.owner.in(task.pid.namespace) ?? 0;
    const columns = [`QSIZE:${String(bytes).padEnd(10)}`, `NOTIFY:${String(notify).padEnd(5)}`, `SIGNO:${String(signo).padEnd(5)}`];
    const line = latin1Bytes(`${columns.join(' ')} NOTIFY_PID:${String(owner).padEnd(6)}\n`);
    const count = Math.min(iter.remaining, line.length - pos);
    if (count <= 0) return 0;
    const ready = iter.prepare(count, true);
    if (ready <= 0) return ready;
    const failed = iter.put(line.subarray(pos, pos + ready));
    if (failed < 0) return failed;
    this.node.accessed();
    return ready;
  }

  override poll(): number {
    const { queue } = this;
    return (queue.count > 0 ? POLLIN | POLLRDNORM : 0) | (queue.full ? 0 : POLLOUT | POLLWRNORM);
  }

  override pollQueues(): readonly WaitQueue[] {
    return [this.queue.polled];
  }

  /** A process that closes any descriptor of the queue is not notified any more. Linux: mqueue_flush_file. */
  override flush(task: Task): void {
    const { queue } = this;
    if (queue.notification?.owner !== task.group.leader.pid) return;
    queue.notification.remove();
    queue.notification = null;
  }
}
