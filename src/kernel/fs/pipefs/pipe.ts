/** The buffer behind a pipe or FIFO: a ring of pages. Linux: struct pipe_inode_info, fs/pipe.c. See pipe(7). */

import { EAGAIN, EBUSY, EFAULT, EINVAL, ENOMEM, EPERM, EPIPE } from '../../../abi/errno.ts';
import { O_NONBLOCK } from '../../../abi/fcntl.ts';
import { SIGPIPE } from '../../../abi/signal.ts';
import { NOT_RESIDENT } from '../../../platform/blocks.ts';
import { FRAME_SIZE } from '../../../platform/ram.ts';
import type { Kernel } from '../../kernel.ts';
import { FRAME_EXEC } from '../../mm/frames.ts';
import type { MemoryGroup } from '../../mm/memory_group.ts';
import { charge, PRICE_PIPE, uncharge } from '../../mm/price.ts';
import { raise } from '../../signal/raise.ts';
import type { Task } from '../../task/task.ts';
import { WaitQueue } from '../../task/wait_queue.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';

const DEFAULT_PAGES = 16;
const CAP_SYS_RESOURCE = 24;

/** One page of the ring. Linux: struct pipe_buffer. */
export class PipeBuffer {
  frame: number;
  offset: number;
  length: number;
  /** Later bytes may be added: the pipe alone uses the page. */
  merge: boolean;
  /** A message of its own (O_DIRECT). */
  packet: boolean;

  constructor(frame: number, offset: number, length: number, merge: boolean, packet: boolean) {
    this.frame = frame;
    this.offset = offset;
    this.length = length;
    this.merge = merge;
    this.packet = packet;
  }
}

/** Who takes bytes out of a pipe without a task that reads: the host's end of a stream. Subclasses are data plus the methods. */
export interface PipeSink {
  /** Take what can be taken from `pipe` now; false when nobody takes bytes any more. */
  drain(pipe: Pipe): boolean;
}

export class Pipe {
  readonly kernel: Kernel;
  /** Open descriptions that read and write, and how many there have ever been. */
  readers = 0;
  writers = 0;
  readersEver = 0;
  writersEver = 0;
  /** Files of any mode: the buffer goes with the last. */
  files = 0;
  /** Woken when there is something to read or the last writer is gone; when there is room or the last reader is gone. */
  readonly readable: WaitQueue = new WaitQueue();
  readonly writable: WaitQueue = new WaitQueue();
  /** Woken when an end of a FIFO is opened. */
  readonly opened: WaitQueue = new WaitQueue();
  /** The reader on the host; null for pipes between tasks. */
  sink: PipeSink | null = null;
  readonly payer: MemoryGroup;
  /** Filled pages, oldest at `first`; the ring's length is the capacity. */
  private ring: (PipeBuffer | null)[] = new Array<PipeBuffer | null>(DEFAULT_PAGES).fill(null);
  private first = 0;
  private used = 0;
  /** A page of ours kept for the next write; 0 if there is none. Linux: tmp_page. */
  private spare = 0;

  private constructor(kernel: Kernel, payer: MemoryGroup) {
    this.kernel = kernel;
    this.payer = payer;
  }

  static create(kernel: Kernel, payer: MemoryGroup): Pipe | number {
    if (!charge(kernel, payer, PRICE_PIPE)) return -ENOMEM;
    return new Pipe(kernel, payer);
  }

  get empty(): boolean {
    return this.used === 0;
  }

  get full(): boolean {
    return this.used >= this.ring.length;
  }

  /** Bytes in the pipe. */
  get length(): number {
    let total = 0;
    for (let i = 0; i < this.used; i++) total += this.at(i).length;
    return total;
  }

  /** The `index`th filled page, oldest first. */
  at(index: number): PipeBuffer {
    return this.ring[(this.first + index) % this.ring.length]!;
  }

  get pages(): number {
    return this.used;
  }

  /** An end is opened. `reads` and `writes` as the access mode says. */
  open(reads: boolean, writes: boolean): void {
    this.files++;
    if (reads) {
      this.readers++;
      this.readersEver++;
    }
    if (writes) {
      this.writers++;
      this.writersEver++;
    }
    this.opened.wakeAll();
  }

  /** An end is closed; true when it was the last file and the buffer is gone. */
  close(reads: boolean, writes: boolean): boolean {
    if (reads) this.readers--;
    if (writes) this.writers--;
    if (--this.files === 0) {
      this.discard();
      return true;
    }
    if (reads && this.readers === 0) this.writable.wakeAll();
    if (writes && this.writers === 0) this.readable.wakeAll();
    return false;
  }

  /** Read what is there, up to the size asked for; a message at a time from packets. `flags` are the description's. */
  read(task: Task, iter: IovIter, flags: number): number {
    if (iter.remaining === 0) return 0;
    if (this.used === 0) {
      if (this.writers === 0) return 0;
      return (flags & O_NONBLOCK) !== 0 ? -EAGAIN : task.block([this.readable]);
    }
    const ready = iter.prepare(this.nextLength(iter.remaining), true);
    if (ready < 0) return ready;
    const { frames } = this.kernel.memory;
    const wasFull = this.full;
    const before = iter.moved;
    for (let left = ready; left > 0; ) {
      const buffer = this.at(0);
      const count = Math.min(buffer.length, left);
      const failed = iter.putFrame(frames, buffer.frame * FRAME_SIZE + buffer.offset, count);
      if (failed < 0) {
        if (iter.moved === before) return failed;
        break;
      }
      left -= count;
      this.consume(buffer.packet ? buffer.length : count);
      if (buffer.packet) break;
    }
    if (wasFull && !this.full) this.writable.wakeAll();
    return iter.moved - before;
  }

  /**
   * Write everything, sleeping for room as often as necessary; progress.done tells what an earlier execution has written.
   * At most PIPE_BUF bytes go in one piece or not at all.
   */
  write(task: Task, iter: IovIter, flags: number, packets: boolean): number {
    if (iter.remaining === 0) return 0;
    const done = task.progress?.done ?? 0;
    if (done > iter.moved) iter.skip(done - iter.moved);
    if (this.readers === 0 || (this.sink !== null && !this.sink.drain(this))) return this.broken(task, iter.moved);
    const { memory } = task.group.cgroup;
    let failed = this.add(iter, memory, packets);
    while (this.sink !== null) {
      if (!this.sink.drain(this)) return this.broken(task, iter.moved);
      if (failed < 0 || iter.remaining === 0 || this.full) break;
      failed = this.add(iter, memory, packets);
    }
    if (failed === NOT_RESIDENT) {
      if (iter.moved > 0) task.ensureProgress().done = iter.moved;
      return failed;
    }
    if (iter.remaining === 0) return iter.moved;
    if (failed < 0) return iter.moved > 0 ? iter.moved : failed;
    if ((flags & O_NONBLOCK) !== 0) return iter.moved > 0 ? iter.moved : -EAGAIN;
    if (iter.moved > 0) task.ensureProgress().done = iter.moved;
    return task.block([this.writable]);
  }

  /** Take as much of `iter` as there is room for: 0, or the error that stopped it. */
  add(iter: IovIter, payer: MemoryGroup, packets: boolean): number {
    const before = iter.moved;
    const wasEmpty = this.used === 0;
    const failed = (before === 0 ? this.mergeTail(iter) : 0) || this.fill(payer, iter, packets);
    if (iter.moved > before && (wasEmpty || this.readable.observed)) this.readable.wakeAll();
    return failed;
  }

  /** Nobody reads: SIGPIPE, and EPIPE unless something has been written. */
  broken(task: Task, moved: number): number {
    raise(task, SIGPIPE);
    return moved > 0 ? moved : -EPIPE;
  }

  /** Take the frame of a page-sized write: add a page to the ring. The caller has looked at `full` and passes one reference. */
  push(buffer: PipeBuffer): void {
    this.ring[(this.first + this.used) % this.ring.length] = buffer;
    this.used++;
  }

  /** Drop `count` bytes of the oldest page, and the page once it is empty. */
  consume(count: number): void {
    const buffer = this.at(0);
    buffer.offset += count;
    buffer.length -= count;
    if (buffer.length > 0) return;
    this.ring[this.first] = null;
    this.first = (this.first + 1) % this.ring.length;
    this.used--;
    this.recycle(buffer.frame);
  }

  /** F_GETPIPE_SZ. */
  get capacity(): number {
    return this.ring.length * FRAME_SIZE;
  }

  /** F_SETPIPE_SZ: a power of two of pages. Linux: pipe_set_size. */
  setCapacity(task: Task, bytes: number): number {
    if (bytes < 0 || bytes > 2 ** 31) return -EINVAL;
    const wanted = bytes < FRAME_SIZE ? 1 : 2 ** Math.ceil(Math.log2(bytes / FRAME_SIZE));
    const grows = wanted > this.ring.length;
    if (grows && wanted * FRAME_SIZE > this.kernel.pipeMaxSize && !task.cred.capable(CAP_SYS_RESOURCE, this.kernel.initialUserNs))
      return -EPERM;
    if (wanted < this.used) return -EBUSY;
    const ring = new Array<PipeBuffer | null>(wanted).fill(null);
    for (let i = 0; i < this.used; i++) ring[i] = this.at(i);
    this.ring = ring;
    this.first = 0;
    if (grows) this.writable.wakeAll();
    return this.capacity;
  }

  /** Bytes that the next read of `wanted` bytes takes. */
  private nextLength(wanted: number): number {
    let total = 0;
    for (let i = 0; i < this.used && total < wanted; i++) {
      const { length, packet } = this.at(i);
      if (packet && i > 0) break;
      total += length;
      if (packet) break;
    }
    return Math.min(total, wanted);
  }

  /** Add what does not fill whole pages to the newest page if all of it fits there. 0, -EFAULT or NOT_RESIDENT. */
  private mergeTail(iter: IovIter): number {
    const count = iter.remaining % FRAME_SIZE;
    if (count === 0 || this.used === 0) return 0;
    const last = this.at(this.used - 1);
    if (!last.merge || last.offset + last.length + count > FRAME_SIZE) return 0;
    const ready = iter.prepare(count, false);
    if (ready < count) return ready === NOT_RESIDENT ? ready : -EFAULT;
    const failed = iter.takeFrame(this.kernel.memory.frames, last.frame * FRAME_SIZE + last.offset + last.length, count);
    if (failed < 0) return failed;
    last.length += count;
    return 0;
  }

  /** Fill free pages: 0 when all is written or there is no more room, else the error that stopped it. */
  private fill(payer: MemoryGroup, iter: IovIter, packets: boolean): number {
    const { frames } = this.kernel.memory;
    while (iter.remaining > 0 && !this.full) {
      const frame = this.spare !== 0 ? this.spare : frames.allocUncleared(payer);
      if (frame === 0) return -ENOMEM;
      this.spare = frame;
      const count = Math.min(iter.remaining, FRAME_SIZE);
      const ready = iter.prepare(count, false);
      if (ready < count) return ready === NOT_RESIDENT ? ready : -EFAULT;
      const failed = iter.takeFrame(frames, frame * FRAME_SIZE, count);
      if (failed < 0) return failed;
      this.spare = 0;
      this.push(new PipeBuffer(frame, 0, count, !packets, packets));
    }
    return 0;
  }

  /** Keep a page that only we use for the next write. */
  private recycle(frame: number): void {
    const { frames } = this.kernel.memory;
    if (this.spare === 0 && frames.references(frame) === 1 && !frames.has(frame, FRAME_EXEC)) this.spare = frame;
    else frames.put(frame);
  }

  /** Give everything back: the last file is closed, or none was ever opened. */
  discard(): void {
    const { frames } = this.kernel.memory;
    for (let i = 0; i < this.used; i++) frames.put(this.at(i).frame);
    if (this.spare !== 0) frames.put(this.spare);
    this.used = this.spare = 0;
    uncharge(this.payer, PRICE_PIPE);
  }
}
