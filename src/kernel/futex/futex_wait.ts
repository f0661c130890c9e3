/** FUTEX_WAIT and futex_waitv: sleep while words have given values. Linux: kernel/futex/waitwake.c. */

import { EAGAIN, ERESTART_RESTARTBLOCK, ERESTARTSYS, ETIMEDOUT } from '../../abi/errno.ts';
import type { Task } from '../task/task.ts';
import { type FutexKey, FutexWait, FutexWaiter, futexKey } from './futex.ts';

/** A word to wait on. */
export interface FutexWord {
  readonly address: number;
  readonly value: number;
  readonly shared: boolean;
}

/**
 * Sleep until one of the words is woken (the waker gives its index as the result) or the deadline passes. A word that does
 * not have its value ends the call at once.
 */
export function futexWait(task: Task, words: readonly FutexWord[], bitset: number, deadline: number): number {
  const progress = task.ensureProgress();
  const waiting = progress.data instanceof FutexWait ? progress.data : null;
  const keys: FutexKey[] = [];
  for (const { address, value, shared } of words) {
    const key = futexKey(task, address, shared);
    if (typeof key === 'number') return key;
    const now = task.mm!.readU32(address);
    if (now < 0) return now;
    if (now !== value) return -EAGAIN;
    keys.push(key);
  }
  if (task.kernel.clock.monotonic() >= deadline) return -ETIMEDOUT;
  if (waiting === null) {
    const waiters = keys.map((key, index) => {
      const waiter = new FutexWaiter(task, bitset, index);
      task.kernel.futexes.join(key, waiter);
      return waiter;
    });
    progress.data = new FutexWait(waiters);
  }
  return task.block([], { deadline, restart: deadline === Number.POSITIVE_INFINITY ? ERESTARTSYS : ERESTART_RESTARTBLOCK });
}
