/** Signals as records to be read. Linux: fs/signalfd.c. See signalfd(2). */

import { SIGNALFD_SIGINFO_SIZE } from '../../../abi/epoll.ts';
import { EAGAIN, EFAULT, EINVAL } from '../../../abi/errno.ts';
import { O_NONBLOCK } from '../../../abi/fcntl.ts';
import { NOT_RESIDENT } from '../../../platform/blocks.ts';
import type { Kernel } from '../../kernel.ts';
import { dequeueSignal } from '../../signal/deliver.ts';
import type { SigInfo } from '../../signal/sig_info.ts';
import type { Task } from '../../task/task.ts';
import { WaitQueue } from '../../task/wait_queue.ts';
import { POLLIN, POLLRDNORM } from '../../vfs/file.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import { AnonymousFile } from './anonymous.ts';

export class SignalFile extends AnonymousFile {
  readonly kind = 'signalfd';
  private mask: bigint;
  /** Woken when the mask changes. */
  private readonly changed: WaitQueue = new WaitQueue();

  constructor(kernel: Kernel, flags: number, mask: bigint) {
    super(kernel, flags);
    this.mask = mask;
  }

  setMask(mask: bigint): void {
    this.mask = mask;
    this.changed.wakeAll();
  }

  /** As many pending signals of the caller as there is room for. */
  override read(task: Task, iter: IovIter): number {
    const count = Math.floor(iter.remaining / SIGNALFD_SIGINFO_SIZE);
    if (count === 0) return -EINVAL;
    if (this.poll(task) === 0) return (this.flags & O_NONBLOCK) !== 0 ? -EAGAIN : task.block(this.pollQueues(task));
    const before = iter.moved;
    for (let i = 0; i < count; i++) {
      if (this.poll(task) === 0) break;
      const ready = iter.prepare(SIGNALFD_SIGINFO_SIZE, true);
      if (ready < SIGNALFD_SIGINFO_SIZE) return iter.moved > before ? iter.moved - before : ready === NOT_RESIDENT ? ready : -EFAULT;
      const info = dequeueSignal(task, this.mask);
      if (info === null) break;
      iter.put(encode(info));
    }
    return iter.moved - before;
  }

  override poll(task: Task): number {
    return ((task.pending.set | task.group.pending.set) & this.mask) !== 0n ? POLLIN | POLLRDNORM : 0;
  }

  override pollQueues(task: Task): readonly WaitQueue[] {
    return [task.group.signalQueued, this.changed];
  }

  override fdinfo(): string {
    return `sigmask:\t${this.mask.toString(16).padStart(16, '0')}\n`;
  }
}

/** struct signalfd_siginfo. */
function encode(info: SigInfo): Uint8Array {
  const view = new DataView(new ArrayBuffer(SIGNALFD_SIGINFO_SIZE));
  const u32 = (at: number, value: number | undefined): void => view.setUint32(at, (value ?? 0) >>> 0, true);
  const u64 = (at: number, value: number | undefined): void => view.setBigUint64(at, BigInt(value ?? 0), true);
  u32(0, info.signo);
  u32(4, info.errno);
  u32(8, info.code);
  u32(12, info.pid);
  u32(16, info.uid);
  u32(20, info.fd);
  u32(24, info.timerId);
  u32(28, info.band);
  u32(32, info.overrun);
  u32(40, info.status);
  u32(44, info.valueLow);
  u32(48, info.valueLow);
  u32(52, info.valueHigh);
  u64(56, info.utime);
  u64(64, info.stime);
  u64(72, info.address);
  return new Uint8Array(view.buffer);
}
