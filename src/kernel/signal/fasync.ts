/** Signals about a file's readiness, for O_ASYNC. Linux: struct fasync_struct, kill_fasync in fs/fcntl.c. See fcntl(2), F_SETOWN. */

import { O_ASYNC } from '../../abi/fcntl.ts';
import { POLL_IN, POLL_OUT } from '../../abi/signal.ts';
import type { Task } from '../task/task.ts';
import { Observer, type WaitQueue } from '../task/wait_queue.ts';
import { type File, type FileWatcher, POLLERR, POLLHUP, POLLIN, POLLOUT } from '../vfs/file.ts';
import { sendSigio } from './owner.ts';

/** One direction of a file with O_ASYNC. */
export class Fasync extends Observer implements FileWatcher {
  /** si_fd: the descriptor by which O_ASYNC was set. */
  fd: number;
  private readonly file: File;
  private readonly reason: typeof POLL_IN | typeof POLL_OUT;
  private readonly queues: readonly WaitQueue[];

  constructor(task: Task, file: File, fd: number, reason: typeof POLL_IN | typeof POLL_OUT) {
    super();
    this.file = file;
    this.fd = fd;
    this.reason = reason;
    const arrivals = file.readable ? file.pollQueues(task, POLLIN) : [];
    this.queues = reason === POLL_IN ? arrivals : file.pollQueues(task, POLLOUT).filter((queue) => !arrivals.includes(queue));
    for (const queue of this.queues) queue.observe(this);
  }

  private get event(): number {
    return this.reason === POLL_IN ? POLLIN : POLLOUT;
  }

  /** Every arrival is told; room in a socket only after there was none. */
  notify(): boolean {
    const { file, fd, reason } = this;
    const ready = file.poll(file.kernel.firstTask) & (this.event | POLLERR | POLLHUP);
    if (ready === 0 || (reason === POLL_OUT && !file.takeRoom())) return false;
    if (file.owner !== null) sendSigio(file.owner, fd, reason);
    return true;
  }

  fileGone(): void {
    for (const queue of this.queues) queue.unobserve(this);
    this.file.watchers!.delete(this);
  }
}

/** O_ASYNC by fcntl(2) or ioctl(2); false: the file has nothing to tell. Linux: fasync_helper. */
export function setFasync(task: Task, file: File, fd: number, on: boolean): boolean {
  if (!file.mayFasync) return false;
  const known = [...(file.watchers ?? [])].filter((watcher) => watcher instanceof Fasync);
  if (!on) for (const watcher of known) watcher.fileGone();
  else if (known.length > 0) for (const watcher of known) watcher.fd = fd;
  else {
    file.owner ??= file.fasyncOwner(task);
    file.watchers ??= new Set();
    if (file.readable) file.watchers.add(new Fasync(task, file, fd, POLL_IN));
    if (file.writable) file.watchers.add(new Fasync(task, file, fd, POLL_OUT));
  }
  file.flags = on ? file.flags | O_ASYNC : file.flags & ~O_ASYNC;
  return true;
}
