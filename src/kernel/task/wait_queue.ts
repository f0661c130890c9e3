/** Tasks asleep until something changes. Linux: wait_queue_head. */

import type { Task } from './task.ts';

/** Sleepers in FIFO order. Waking only makes them runnable; their syscalls execute again, unless the waker completes them. */
export class WaitQueue {
  private sleepers: Set<Task> | null = null;

  add(task: Task): void {
    this.sleepers ??= new Set();
    this.sleepers.add(task);
  }

  remove(task: Task): void {
    this.sleepers?.delete(task);
  }

  get empty(): boolean {
    return this.sleepers === null || this.sleepers.size === 0;
  }

  /** The sleepers, first come first; for wakers that choose (futex, accept). */
  *[Symbol.iterator](): IterableIterator<Task> {
    if (this.sleepers !== null) yield* this.sleepers;
  }

  /** Wake everyone; a result ends their syscalls, none re-executes them. */
  wakeAll(result: number | null = null): void {
    if (this.sleepers === null || this.sleepers.size === 0) return;
    for (const task of [...this.sleepers]) task.wake(result);
  }

  /** Wake the first sleeper; false when there was none. */
  wakeOne(result: number | null = null): boolean {
    const first = this.sleepers?.values().next();
    if (first === undefined || first.done === true) return false;
    first.value.wake(result);
    return true;
  }
}
