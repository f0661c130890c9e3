/** Tasks asleep until something changes. Linux: wait_queue_head. */

import type { Task } from './task.ts';

/** Someone who is told that a queue was woken without sleeping on it (epoll). Subclasses are data plus `notify`. */
export abstract class Observer {
  /** One of several that are enough to act on a wake-up (EPOLLEXCLUSIVE). */
  readonly exclusive: boolean = false;
  /** The queue was woken: returns whether somebody acts on it. */
  abstract notify(): boolean;
}

/** Sleepers in FIFO order. Waking only makes them runnable; their syscalls execute again, unless the waker completes them. */
export class WaitQueue {
  private sleepers: Set<Task> | null = null;
  private observers: Set<Observer> | null = null;

  add(task: Task): void {
    this.sleepers ??= new Set();
    this.sleepers.add(task);
  }

  remove(task: Task): void {
    this.sleepers?.delete(task);
  }

  observe(observer: Observer): void {
    this.observers ??= new Set();
    this.observers.add(observer);
  }

  unobserve(observer: Observer): void {
    this.observers?.delete(observer);
    if (this.observers?.size === 0) this.observers = null;
  }

  get empty(): boolean {
    return this.sleepers === null || this.sleepers.size === 0;
  }

  get observed(): boolean {
    return this.observers !== null;
  }

  /** The sleepers, first come first; for wakers that choose (futex, accept). */
  *[Symbol.iterator](): IterableIterator<Task> {
    if (this.sleepers !== null) yield* this.sleepers;
  }

  /** Wake everyone; a result ends their syscalls, none re-executes them. */
  wakeAll(result: number | null = null): void {
    if (this.observers !== null) this.tellObservers();
    if (this.sleepers === null || this.sleepers.size === 0) return;
    if (this.sleepers.size === 1) for (const task of this.sleepers) task.wake(result);
    else for (const task of [...this.sleepers]) task.wake(result);
  }

  /** Wake the first sleeper; false when there was none. */
  wakeOne(result: number | null = null): boolean {
    if (this.observers !== null) this.tellObservers();
    const first = this.sleepers?.values().next();
    if (first === undefined || first.done === true) return false;
    first.value.wake(result);
    return true;
  }

  private tellObservers(): void {
    let taken = false;
    for (const observer of this.observers!) {
      if (!observer.exclusive) observer.notify();
      else if (!taken) taken = observer.notify();
    }
  }
}
