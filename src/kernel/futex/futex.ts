/** Tasks asleep on a word of memory until another task wakes them. Linux: kernel/futex/core.c, waitwake.c. See futex(2). */

import { EFAULT, EINVAL, EWOULDBLOCK } from '../../abi/errno.ts';
import { ACCESS_WRITE } from '../../platform/cpu.ts';
import type { Kernel } from '../kernel.ts';
import { type Mm, TASK_SIZE } from '../mm/mm.ts';
import type { PageMapping } from '../mm/page_mapping.ts';
import { Pending } from '../task/progress.ts';
import type { Task } from '../task/task.ts';

/** One task's wait on one word; held by the queue and by progress.data. */
export class FutexWaiter {
  readonly task: Task;
  readonly bitset: number;
  /** Where it waits; null once it was woken. */
  queue: FutexQueue | null = null;
  /** Its place among the words of futex_waitv(2); the result of the call. */
  readonly index: number;
  /** The lock that FUTEX_WAIT_REQUEUE_PI waits to be moved to; null in every other call. */
  readonly lock: FutexKey | null;

  constructor(task: Task, bitset: number, index = 0, lock: FutexKey | null = null) {
    this.task = task;
    this.bitset = bitset;
    this.index = index;
    this.lock = lock;
  }
}

/** What a task asleep in futex(2) keeps in progress.data: all of its waiters, one unless it called futex_waitv. */
export class FutexWait extends Pending {
  readonly waiters: readonly FutexWaiter[];

  constructor(waiters: readonly FutexWaiter[]) {
    super();
    this.waiters = waiters;
  }

  cancel(): void {
    for (const waiter of this.waiters) leave(waiter);
  }
}

/** Identifies a word: the address space or the shared object it lies in, and its place there. */
export interface FutexKey {
  readonly owner: Mm | PageMapping;
  readonly offset: number;
}

/** The waiters on one word, first come first. */
export class FutexQueue {
  readonly table: FutexTable;
  readonly key: FutexKey;
  readonly waiters: Set<FutexWaiter> = new Set();

  constructor(table: FutexTable, key: FutexKey) {
    this.table = table;
    this.key = key;
  }
}

/** Every word that somebody waits on. */
export class FutexTable {
  private readonly byOwner: Map<Mm | PageMapping, Map<number, FutexQueue>> = new Map();

  find(key: FutexKey): FutexQueue | null {
    return this.byOwner.get(key.owner)?.get(key.offset) ?? null;
  }

  join(key: FutexKey, waiter: FutexWaiter): void {
    let queues = this.byOwner.get(key.owner);
    if (queues === undefined) {
      queues = new Map();
      this.byOwner.set(key.owner, queues);
    }
    let queue = queues.get(key.offset);
    if (queue === undefined) {
      queue = new FutexQueue(this, key);
      queues.set(key.offset, queue);
    }
    queue.waiters.add(waiter);
    waiter.queue = queue;
  }

  /** Forget a queue that has become empty. */
  drop(queue: FutexQueue): void {
    const { owner, offset } = queue.key;
    const queues = this.byOwner.get(owner);
    if (queues === undefined) return;
    queues.delete(offset);
    if (queues.size === 0) this.byOwner.delete(owner);
  }
}

/** The task no longer waits there. */
export function leave(waiter: FutexWaiter): void {
  const { queue } = waiter;
  if (queue === null) return;
  waiter.queue = null;
  queue.waiters.delete(waiter);
  if (queue.waiters.size === 0) queue.table.drop(queue);
}

/** The key of the word at `address`, -EFAULT, -EINVAL or NOT_RESIDENT. Linux: get_futex_key. */
export function futexKey(task: Task, address: number, shared: boolean): FutexKey | number {
  if (address % 4 !== 0) return -EINVAL;
  if (address >= TASK_SIZE) return -EFAULT;
  const mm = task.mm!;
  if (!shared) return { owner: mm, offset: address };
  const physical = mm.translate(address, ACCESS_WRITE);
  if (physical < 0) {
    const readable = physical === -EFAULT ? mm.readU32(address) : physical;
    if (readable < 0) return readable;
  }
  const page = Math.floor(address / 4096);
  const vma = mm.find(page);
  if (vma === null) return -EFAULT;
  if (!vma.shared || vma.mapping === null) return { owner: mm, offset: address };
  return { owner: vma.mapping, offset: (vma.offset + page - vma.start) * 4096 + (address % 4096) };
}

export const sameKey = (a: FutexKey, b: FutexKey): boolean => a.owner === b.owner && a.offset === b.offset;

/** Wake up to `count` waiters whose bits meet `bitset`; how many there were, or -EINVAL at one that only FUTEX_CMP_REQUEUE_PI may wake. */
export function wakeKey(kernel: Kernel, key: FutexKey, count: number, bitset: number): number {
  const queue = kernel.futexes.find(key);
  if (queue === null) return 0;
  let woken = 0;
  for (const waiter of [...queue.waiters]) {
    if (woken >= count) break;
    if (waiter.lock !== null) return -EINVAL;
    if ((waiter.bitset & bitset) === 0) continue;
    wakeWaiter(waiter);
    woken++;
  }
  return woken;
}

/** End the call of a waiter: it leaves all the words it waits on. */
export function wakeWaiter(waiter: FutexWaiter): void {
  const wait = waiter.task.progress?.data;
  if (wait instanceof FutexWait) wait.cancel();
  else leave(waiter);
  waiter.task.wake(waiter.index);
}

/**
 * Move up to `count` waiters from one word to another, behind those that wait there; how many there were, or -EINVAL at one that
 * does not wait for `lock`. A signal no longer restarts the call of one that does.
 */
export function requeue(kernel: Kernel, from: FutexKey, to: FutexKey, count: number, lock: FutexKey | null = null): number {
  const queue = kernel.futexes.find(from);
  if (queue === null) return 0;
  let moved = 0;
  for (const waiter of [...queue.waiters]) {
    if (moved >= count) break;
    if (lock === null ? waiter.lock !== null : waiter.lock === null || !sameKey(waiter.lock, lock)) return -EINVAL;
    leave(waiter);
    kernel.futexes.join(to, waiter);
    if (lock !== null) waiter.task.restart = EWOULDBLOCK;
    moved++;
  }
  return moved;
}
