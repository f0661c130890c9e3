/** Futexes that hold their owner's thread id: the kernel hands them over. Linux: kernel/futex/pi.c, requeue.c. */

import { EAGAIN, EDEADLK, EINVAL, EPERM, ERESTARTNOINTR, ESRCH, ETIMEDOUT, EWOULDBLOCK } from '../../abi/errno.ts';
import { FUTEX_BITSET_MATCH_ANY, FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS } from '../../abi/futex.ts';
import type { Task } from '../task/task.ts';
import { type FutexKey, FutexWait, FutexWaiter, futexKey, leave, requeue, sameKey, wakeWaiter } from './futex.ts';

/** Waiters on the lock are kept apart from those that plain operations see. */
const lockKey = (key: FutexKey): FutexKey => ({ owner: key.owner, offset: -1 - key.offset });

const idOf = (task: Task): number => task.pid.numbers[task.pid.numbers.length - 1]!;

/** Take the lock for `task` if it is free: 1 if it was, 0 if somebody owns it, or a negative errno. */
function tryLock(task: Task, address: number, othersWait: boolean): number {
  const mm = task.mm!;
  const word = mm.readU32(address);
  if (word < 0) return word;
  const owner = word & FUTEX_TID_MASK;
  if (owner === idOf(task)) return -EDEADLK;
  if (owner !== 0) return 0;
  const failed = mm.writeU32(address, (idOf(task) | (word & FUTEX_OWNER_DIED) | (othersWait ? FUTEX_WAITERS : 0)) >>> 0);
  return failed < 0 ? failed : 1;
}

/** FUTEX_LOCK_PI and FUTEX_TRYLOCK_PI. */
export function lockPi(task: Task, address: number, shared: boolean, deadline: number, tryOnly: boolean): number {
  const key = futexKey(task, address, shared);
  if (typeof key === 'number') return key;
  const progress = task.ensureProgress();
  const waiting = progress.data instanceof FutexWait;
  const queue = task.kernel.futexes.find(lockKey(key));
  const locked = tryLock(task, address, queue !== null && !waiting);
  if (locked !== 0) return Math.min(locked, 0);
  if (tryOnly) return -EWOULDBLOCK;
  const mm = task.mm!;
  const word = mm.readU32(address);
  if (word < 0) return word;
  if (task.pid.namespace.find(word & FUTEX_TID_MASK)?.task == null) return -ESRCH;
  if (task.kernel.clock.monotonic() >= deadline) return -ETIMEDOUT;
  const failed = mm.writeU32(address, (word | FUTEX_WAITERS) >>> 0);
  if (failed < 0) return failed;
  if (!waiting) {
    const waiter = new FutexWaiter(task, FUTEX_BITSET_MATCH_ANY);
    task.kernel.futexes.join(lockKey(key), waiter);
    progress.data = new FutexWait([waiter]);
  }
  return task.block([], { deadline, restart: ERESTARTNOINTR });
}

/** FUTEX_UNLOCK_PI: the first waiter becomes the owner. */
export function unlockPi(task: Task, address: number, shared: boolean): number {
  const mm = task.mm!;
  const word = mm.readU32(address);
  if (word < 0) return word;
  if ((word & FUTEX_TID_MASK) !== idOf(task)) return -EPERM;
  const key = futexKey(task, address, shared);
  return typeof key === 'number' ? key : handOver(task, address, key, 0);
}

/** Give the lock to its first waiter, or to nobody. */
function handOver(task: Task, address: number, key: FutexKey, flag: number): number {
  const queue = task.kernel.futexes.find(lockKey(key));
  const first = queue?.waiters.values().next().value;
  if (first === undefined) return task.mm!.writeU32(address, flag);
  const more = queue!.waiters.size > 1 ? FUTEX_WAITERS : 0;
  const failed = task.mm!.writeU32(address, (idOf(first.task) | more | flag) >>> 0);
  if (failed < 0) return failed;
  wakeWaiter(first);
  return 0;
}

/** The owner dies: the first waiter gets the lock, and is told by FUTEX_OWNER_DIED. */
export function abandonPi(task: Task, address: number): void {
  const key = futexKey(task, address, true);
  if (typeof key === 'number') return;
  const isPrivate = task.kernel.futexes.find(lockKey({ owner: task.mm!, offset: address })) !== null;
  handOver(task, address, isPrivate ? { owner: task.mm!, offset: address } : key, FUTEX_OWNER_DIED);
}

/**
 * FUTEX_WAIT_REQUEUE_PI: sleep on `address` until FUTEX_CMP_REQUEUE_PI has made us the owner of `lock`. A signal starts the call
 * anew, but ends it when the waiter has been moved: the word has changed by then. Linux: futex_wait_requeue_pi.
 */
export function waitRequeuePi(task: Task, address: number, value: number, lock: number, shared: boolean, deadline: number): number {
  if (address === lock) return -EINVAL;
  const progress = task.ensureProgress();
  const key = futexKey(task, address, shared);
  if (typeof key === 'number') return key;
  const target = futexKey(task, lock, shared);
  if (typeof target === 'number') return target;
  if (task.kernel.clock.monotonic() >= deadline) return -ETIMEDOUT;
  if (!(progress.data instanceof FutexWait)) {
    const word = task.mm!.readU32(address);
    if (word < 0) return word;
    if (word !== value) return -EAGAIN;
    const waiter = new FutexWaiter(task, FUTEX_BITSET_MATCH_ANY, 0, target);
    task.kernel.futexes.join(key, waiter);
    progress.data = new FutexWait([waiter]);
    return task.block([], { deadline, restart: ERESTARTNOINTR });
  }
  const moved = progress.data.waiters[0]!.queue?.key.offset !== key.offset;
  return task.block([], { deadline, restart: moved ? EWOULDBLOCK : ERESTARTNOINTR });
}

/** FUTEX_CMP_REQUEUE_PI: the first waiter gets the lock if it is free, the others wait for it. Linux: futex_requeue. */
export function cmpRequeuePi(task: Task, from: number, to: number, count: number, value: number, shared: boolean): number {
  const source = futexKey(task, from, shared);
  if (typeof source === 'number') return source;
  const target = futexKey(task, to, shared);
  if (typeof target === 'number') return target;
  const word = task.mm!.readU32(from);
  if (word < 0) return word;
  if (word !== value) return -EAGAIN;
  let moved = 0;
  const first = task.kernel.futexes.find(source)?.waiters.values().next().value;
  if (first !== undefined) {
    if (first.lock === null || !sameKey(first.lock, target)) return -EINVAL;
    const locked = tryLock(first.task, to, task.kernel.futexes.find(lockKey(target)) !== null);
    if (locked < 0) return locked;
    if (locked > 0) {
      leave(first);
      first.task.wake(0);
      moved++;
    }
  }
  const more = requeue(task.kernel, source, lockKey(target), count + 1 - moved, target);
  if (more < 0) return more;
  if (more > 0) {
    const owner = task.mm!.readU32(to);
    if (owner < 0) return owner;
    const failed = task.mm!.writeU32(to, (owner | FUTEX_WAITERS) >>> 0);
    if (failed < 0) return failed;
  }
  return moved + more;
}
