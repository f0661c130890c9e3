/** A counter that can be waited for. Linux: fs/eventfd.c. See eventfd(2). */

import { EAGAIN, EINVAL } from '../../../abi/errno.ts';
import { O_NONBLOCK } from '../../../abi/fcntl.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/task.ts';
import { WaitQueue } from '../../task/wait_queue.ts';
import { POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../../vfs/file.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import { AnonymousFile } from './anonymous.ts';

const ULLONG_MAX: bigint = (1n << 64n) - 1n;

export class EventFile extends AnonymousFile {
  readonly kind = 'eventfd';
  readonly semaphore: boolean;
  private count: bigint;
  private readonly id: number;
  private readonly readableQueue: WaitQueue = new WaitQueue();
  private readonly writableQueue: WaitQueue = new WaitQueue();

  constructor(kernel: Kernel, flags: number, count: number, semaphore: boolean) {
    super(kernel, flags);
    this.count = BigInt(count);
    this.semaphore = semaphore;
    this.id = kernel.allocateInode();
  }

  override read(task: Task, iter: IovIter): number {
    if (iter.remaining < 8) return -EINVAL;
    if (this.count === 0n) return (this.flags & O_NONBLOCK) !== 0 ? -EAGAIN : task.block([this.readableQueue]);
    const ready = iter.prepare(8, true);
    if (ready < 0) return ready;
    const value = this.semaphore ? 1n : this.count;
    const failed = iter.put(new Uint8Array(BigUint64Array.of(value).buffer));
    if (failed < 0) return failed;
    this.count -= value;
    this.writableQueue.wakeAll();
    return 8;
  }

  override write(task: Task, iter: IovIter): number {
    if (iter.remaining < 8) return -EINVAL;
    const ready = iter.prepare(8, false);
    if (ready < 0) return ready;
    const bytes = new Uint8Array(8);
    const failed = iter.take(bytes);
    if (failed < 0) return failed;
    const [value] = new BigUint64Array(bytes.buffer) as unknown as [bigint];
    if (value === ULLONG_MAX) return -EINVAL;
    if (this.count + value >= ULLONG_MAX) return (this.flags & O_NONBLOCK) !== 0 ? -EAGAIN : task.block([this.writableQueue]);
    this.count += value;
    this.readableQueue.wakeAll();
    return 8;
  }

  /** The kernel adds one, if there is room. Linux: eventfd_signal. */
  signal(): void {
    if (this.count < ULLONG_MAX) this.count++;
    this.readableQueue.wakeAll();
  }

  override poll(): number {
    return (this.count > 0n ? POLLIN | POLLRDNORM : 0) | (this.count < ULLONG_MAX - 1n ? POLLOUT | POLLWRNORM : 0);
  }

  override pollQueues(_task: Task, events: number): readonly WaitQueue[] {
    return (events & (POLLOUT | POLLWRNORM)) !== 0 ? [this.readableQueue, this.writableQueue] : [this.readableQueue];
  }

  override fdinfo(): string {
    return `eventfd-count: ${this.count.toString(16).padStart(16)}\neventfd-id: ${this.id}\neventfd-semaphore: ${Number(this.semaphore)}\n`;
  }
}
