/** The interest of an epoll instance in one file. Linux: struct epitem in fs/eventpoll.c. */

import { EPOLLET, EPOLLEXCLUSIVE, EPOLLONESHOT, EPOLLWAKEUP } from '../../../abi/epoll.ts';
import type { MemoryGroup } from '../../mm/memory_group.ts';
import type { Task } from '../../task/task.ts';
import { Observer, type WaitQueue } from '../../task/wait_queue.ts';
import { type File, type FileWatcher, POLLERR, POLLHUP } from '../../vfs/file.ts';
import type { EpollFile } from './epoll_file.ts';

/** Bits that say how to report rather than what. Linux: EP_PRIVATE_BITS. */
const PRIVATE_BITS = (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE) >>> 0;

export class EpollItem extends Observer implements FileWatcher {
  readonly epoll: EpollFile;
  readonly file: File;
  readonly fd: number;
  readonly payer: MemoryGroup;
  override readonly exclusive: boolean;
  /** Wanted EPOLL bits, with POLLERR and POLLHUP. */
  events: number;
  /** epoll_data_t, low half first. */
  dataLow: number;
  dataHigh: number;
  private queues: readonly WaitQueue[] = [];

  constructor(epoll: EpollFile, file: File, fd: number, payer: MemoryGroup, events: number, dataLow: number, dataHigh: number) {
    super();
    this.epoll = epoll;
    this.file = file;
    this.fd = fd;
    this.payer = payer;
    this.exclusive = (events & EPOLLEXCLUSIVE) !== 0;
    this.events = (events | POLLERR | POLLHUP) >>> 0;
    this.dataLow = dataLow;
    this.dataHigh = dataHigh;
  }

  get edgeTriggered(): boolean {
    return (this.events & EPOLLET) !== 0;
  }

  get oneShot(): boolean {
    return (this.events & EPOLLONESHOT) !== 0;
  }

  /** A one-shot item that has been reported waits to be armed again. */
  get disarmed(): boolean {
    return (this.events & ~PRIVATE_BITS) === 0;
  }

  disarm(): void {
    this.events = (this.events & PRIVATE_BITS) >>> 0;
  }

  /** Wanted events that hold now. */
  poll(task: Task): number {
    return this.disarmed ? 0 : this.file.poll(task) & this.events & ~PRIVATE_BITS;
  }

  /** Watch the file's queues, on behalf of `task`. */
  attach(task: Task): void {
    this.queues = this.file.pollQueues(task, this.events & ~PRIVATE_BITS);
    for (const queue of this.queues) queue.observe(this);
  }

  detach(): void {
    for (const queue of this.queues) queue.unobserve(this);
    this.queues = [];
  }

  notify(): boolean {
    return !this.disarmed && this.epoll.markReady(this);
  }

  fileGone(): void {
    this.epoll.remove(this);
  }
}
