/** Advisory locks of one inode: record locks of processes, of open file descriptions, and flock. Linux: fs/locks.c. See fcntl(2), flock(2). */

import { EAGAIN, EDEADLK, ENOLCK } from '../../abi/errno.ts';
import { F_RDLCK, F_UNLCK, F_WRLCK } from '../../abi/fcntl.ts';
import type { Kernel } from '../kernel.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { charge, PRICE_FILE_LOCK, uncharge } from '../mm/price.ts';
import type { Task } from '../task/task.ts';
import { WaitQueue } from '../task/wait_queue.ts';
import type { FdTable } from './fd_table.ts';
import type { File } from './file.ts';
import type { Inode } from './inode.ts';

/** A process (by its descriptor table) for POSIX locks, a description for OFD locks and flock. */
export type LockOwner = FdTable | File;

/** Byte range [start, end); Infinity is "to the end of the file, however it grows". */
export interface RecordLock {
  readonly owner: LockOwner;
  readonly type: number;
  readonly start: number;
  readonly end: number;
  /** The process for F_GETLK; -1 for locks of descriptions. */
  readonly pid: number;
  readonly payer: MemoryGroup;
}

export class FileLocks {
  /** By owner, each owner's in ascending order without overlaps. */
  records: RecordLock[] = [];
  flocks: { readonly owner: File; readonly type: number; readonly pid: number }[] = [];
  /** Woken when a lock is released or weakened. */
  readonly released: WaitQueue = new WaitQueue();

  get empty(): boolean {
    return this.records.length === 0 && this.flocks.length === 0 && this.released.empty;
  }

  /** The first lock of another owner that `wanted` cannot live with. */
  conflict(wanted: Pick<RecordLock, 'owner' | 'type' | 'start' | 'end'>): RecordLock | null {
    for (const lock of this.records) {
      if (lock.owner === wanted.owner || lock.end <= wanted.start || lock.start >= wanted.end) continue;
      if (lock.type === F_WRLCK || wanted.type === F_WRLCK) return lock;
    }
    return null;
  }

  /** The first lock that `owner` has in the range. */
  held(owner: LockOwner, range: Pick<RecordLock, 'start' | 'end'>): RecordLock | null {
    return this.records.find((lock) => lock.owner === owner && lock.end > range.start && lock.start < range.end) ?? null;
  }

  /** Replace what the owner has in the range, and join neighbours of the same type: 0 or -ENOLCK. */
  set(kernel: Kernel, wanted: RecordLock): number {
    const { owner, start, end, type, payer } = wanted;
    const [others, before, after]: [RecordLock[], RecordLock[], RecordLock[]] = [[], [], []];
    const [gone, made]: [RecordLock[], RecordLock[]] = [[], []];
    let joined = { ...wanted };
    for (const lock of this.records) {
      if (lock.owner !== owner) others.push(lock);
      else if (lock.type === type && lock.end >= start && lock.start <= end) {
        gone.push(lock);
        joined = { ...joined, start: Math.min(joined.start, lock.start), end: Math.max(joined.end, lock.end) };
      } else if (lock.end <= start) before.push(lock);
      else if (lock.start >= end) after.push(lock);
      else {
        gone.push(lock);
        if (lock.start < start) before.push(add(made, { ...lock, end: start, payer }));
        if (lock.end > end) after.push(add(made, { ...lock, start: end, payer }));
      }
    }
    if (type !== F_UNLCK) before.push(add(made, joined));
    if (made.length > 0 && !charge(kernel, payer, PRICE_FILE_LOCK * made.length)) return -ENOLCK;
    for (const lock of gone) uncharge(lock.payer, PRICE_FILE_LOCK);
    this.records = others.concat(before, after);
    this.released.wakeAll();
    return 0;
  }

  /** flock(2): 0 or -EAGAIN. A conversion gives the old lock up first, as Linux does. */
  flock(owner: File, type: number, pid: number): number {
    const own = this.flocks.find((lock) => lock.owner === owner);
    if (own !== undefined && own.type === type) return 0;
    if (own !== undefined) {
      this.flocks = this.flocks.filter((lock) => lock !== own);
      this.released.wakeAll();
    }
    if (type === F_UNLCK) return 0;
    if (this.flocks.some((lock) => lock.type === F_WRLCK || type === F_WRLCK)) return -EAGAIN;
    this.flocks.push({ owner, type, pid });
    return 0;
  }

  /** Everything of one owner goes. */
  release(owner: LockOwner): void {
    const before = this.records.length + this.flocks.length;
    for (const lock of this.records) if (lock.owner === owner) uncharge(lock.payer, PRICE_FILE_LOCK);
    this.records = this.records.filter((lock) => lock.owner !== owner);
    this.flocks = this.flocks.filter((lock) => lock.owner !== owner);
    if (this.records.length + this.flocks.length < before) this.released.wakeAll();
  }
}

function add(list: RecordLock[], lock: RecordLock): RecordLock {
  list.push(lock);
  return lock;
}

export const locksOf = (inode: Inode): FileLocks => {
  inode.locks ??= new FileLocks();
  return inode.locks;
};

/** Forget the lock table of an inode when it is empty. */
export function tidyLocks(inode: Inode): void {
  if (inode.locks?.empty === true) inode.locks = null;
}

/** The last reference to a description is gone. */
export function releaseFileLocks(file: File): void {
  file.inode.locks?.release(file);
  tidyLocks(file.inode);
}

/** close(2) by a process drops all its POSIX locks on the file. See fcntl(2). */
export function releaseProcessLocks(inode: Inode, table: FdTable): void {
  inode.locks?.release(table);
  tidyLocks(inode);
}

/** Take or release a record lock: 0, -EAGAIN, -EDEADLK, or what the sleep returns. `wait` is F_SETLKW. */
export function lockRecord(task: Task, inode: Inode, wanted: RecordLock, wait: boolean): number {
  const locks = locksOf(inode);
  const blocker = wanted.type === F_UNLCK ? null : locks.conflict(wanted);
  if (blocker === null) {
    task.waitingForLock = null;
    const result = locks.set(task.kernel, wanted);
    tidyLocks(inode);
    return result;
  }
  if (!wait) return -EAGAIN;
  if (wanted.pid >= 0 && deadlocks(task, inode, wanted)) return -EDEADLK;
  task.waitingForLock = { inode, lock: wanted };
  return task.block([locks.released]);
}

/** A sleeper's wish, for deadlock detection; null when it sleeps for something else. */
export interface LockWait {
  readonly inode: Inode;
  readonly lock: RecordLock;
}

/** Longer chains of waiting processes are not followed. */
const MAX_DEADLK_ITERATIONS = 10;

/** Would waiting close a circle of processes that wait for each other? Linux: posix_locks_deadlock. */
function deadlocks(task: Task, inode: Inode, wanted: RecordLock): boolean {
  const seen = new Set<LockOwner>();
  const visit = (at: Inode, lock: RecordLock): boolean => {
    const blocker = at.locks?.conflict(lock);
    if (blocker == null || seen.has(blocker.owner) || seen.size > MAX_DEADLK_ITERATIONS) return false;
    if (blocker.owner === wanted.owner) return true;
    seen.add(blocker.owner);
    for (const pid of task.kernel.initialPidNs.list()) {
      const other = pid.task;
      if (other === null || other.files !== blocker.owner || other.waitingForLock === null || other.state !== 'S') continue;
      if (visit(other.waitingForLock.inode, other.waitingForLock.lock)) return true;
    }
    return false;
  };
  return visit(inode, wanted);
}

/** As struct flock spells the type. */
export const isLockType = (type: number): boolean => type === F_RDLCK || type === F_WRLCK || type === F_UNLCK;
