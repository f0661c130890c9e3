/** Advisory locks of one inode: record locks of processes, of open file descriptions, and flock. Linux: fs/locks.c. See fcntl(2), flock(2). */

import { EAGAIN, EDEADLK, ENOLCK } from '../../abi/errno.ts';
import { F_RDLCK, F_UNLCK, F_WRLCK } from '../../abi/fcntl.ts';
import type { Kernel } from '../kernel.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { charge, PRICE_FILE_LOCK, uncharge } from '../mm/price.ts';
import { type Range, RangeArray } from '../mm/range_array.ts';
import { Pending } from '../task/progress.ts';
import type { Task } from '../task/task.ts';
import { WaitQueue } from '../task/wait_queue.ts';
import type { FdTable } from './fd_table.ts';
import type { File } from './file.ts';
import type { Inode } from './inode.ts';

/** A process (by its descriptor table) for POSIX locks, a description for OFD locks and flock. */
export type LockOwner = FdTable | File;

/** How /proc/locks calls the kinds. */
export type LockKind = 'POSIX' | 'OFDLCK' | 'FLOCK';

/** A lock that is held or wished for. Infinity as the end is "to the end of the file, however it grows". */
export interface FileLock extends Range {
  readonly kind: LockKind;
  readonly owner: LockOwner;
  readonly type: number;
  start: number;
  end: number;
  /** Through which description it was taken. */
  readonly file: File;
  /** The process that took it, in the initial PID namespace. */
  readonly pid: number;
  readonly payer: MemoryGroup;
}

export class FileLocks {
  /** Record locks by owner, in the order in which owners came; each owner's in ascending order without overlaps. */
  readonly records: Map<LockOwner, RangeArray<FileLock>> = new Map();
  readonly flocks: Map<File, FileLock> = new Map();
  /** Woken when a lock is released or weakened. */
  readonly released: WaitQueue = new WaitQueue();
  /** Who sleeps for one, first come first. */
  readonly waiting: Set<LockWait> = new Set();

  get empty(): boolean {
    return this.records.size === 0 && this.flocks.size === 0 && this.waiting.size === 0;
  }

  /** The first record lock of another owner that `wanted` cannot live with. */
  conflict(wanted: Pick<FileLock, 'owner' | 'type'> & Range): FileLock | null {
    for (const [owner, list] of this.records) {
      if (owner === wanted.owner) continue;
      for (let i = list.indexAfter(wanted.start); i < list.length && list.at(i)!.start < wanted.end; i++)
        if (list.at(i)!.type === F_WRLCK || wanted.type === F_WRLCK) return list.at(i)!;
    }
    return null;
  }

  /** The first lock that `owner` has in the range. */
  held(owner: LockOwner, range: Range): FileLock | null {
    const list = this.records.get(owner);
    const first = list?.at(list.indexAfter(range.start));
    return first !== undefined && first.start < range.end ? first : null;
  }

  /** Replace what the owner has in the range, and join neighbours of the same type: 0 or -ENOLCK. Linux: posix_lock_inode. */
  set(kernel: Kernel, wanted: FileLock): number {
    const { owner, type, start, end } = wanted;
    const list = this.records.get(owner) ?? new RangeArray<FileLock>();
    let from = list.indexAfter(start);
    // A neighbour of the same type that ends where the range begins, or begins where it ends, is part of it.
    const before = list.at(from - 1);
    if (before?.end === start && before.type === type) from--;
    const touched: FileLock[] = [];
    for (let lock = list.at(from); lock !== undefined; lock = list.at(from + touched.length)) {
      if (lock.start > end || (lock.start === end && lock.type !== type)) break;
      touched.push(lock);
    }
    const joined = { ...wanted };
    let kept: FileLock | null = null;
    let [left, right, replaces]: [FileLock | null, FileLock | null, boolean] = [null, null, false];
    for (const lock of touched) {
      if (lock.type === type) {
        joined.start = Math.min(joined.start, lock.start);
        joined.end = Math.max(joined.end, lock.end);
        if (!replaces) kept ??= lock;
      } else {
        if (lock.start < start) left = lock;
        if (lock.end > end) right = lock;
        replaces ||= left !== lock && right !== lock;
      }
    }
    const makes = type !== F_UNLCK && kept === null;
    const splits = left !== null && left === right;
    if (!charge(kernel, wanted.payer, PRICE_FILE_LOCK * (Number(makes) + Number(splits)))) return -ENOLCK;
    const { fileLocks } = kernel.vfs;
    if (kept !== null) Object.assign(kept, { start: joined.start, end: joined.end });
    else if (makes) {
      kept = joined;
      fileLocks.add(kept);
    }
    if (left !== null && splits) {
      left = { ...left, payer: wanted.payer };
      fileLocks.add(left);
    }
    if (left !== null) left.end = start;
    if (right !== null) right.start = end;
    const pieces = [left, kept, right].filter((lock) => lock !== null);
    list.remove(from, from + touched.length);
    for (const [i, lock] of pieces.entries()) list.insert(from + i, lock);
    for (const lock of touched) if (!pieces.includes(lock)) forget(kernel, lock);
    if (list.length === 0) this.records.delete(owner);
    else this.records.set(owner, list);
    this.released.wakeAll();
    return 0;
  }

  /** The lock of another description that `wanted` cannot live with. */
  flockConflict(wanted: Pick<FileLock, 'owner' | 'type'>): FileLock | null {
    for (const lock of this.flocks.values())
      if (lock.owner !== wanted.owner && (lock.type === F_WRLCK || wanted.type === F_WRLCK)) return lock;
    return null;
  }

  /** flock(2): 0, -EAGAIN or -ENOLCK. A conversion gives the old lock up first, as Linux does. */
  flock(kernel: Kernel, wanted: FileLock): number {
    const { file, type, payer } = wanted;
    const own = this.flocks.get(file);
    if (own !== undefined && own.type === type) return 0;
    if (own !== undefined) {
      this.flocks.delete(file);
      forget(kernel, own);
      this.released.wakeAll();
    }
    if (type === F_UNLCK) return 0;
    if (this.flockConflict(wanted) !== null) return -EAGAIN;
    if (!charge(kernel, payer, PRICE_FILE_LOCK)) return -ENOLCK;
    this.flocks.set(file, wanted);
    kernel.vfs.fileLocks.add(wanted);
    return 0;
  }

  /** Everything of one owner goes. */
  release(kernel: Kernel, owner: LockOwner): void {
    const gone = [...(this.records.get(owner) ?? [])];
    const flock = this.flocks.get(owner as File);
    if (flock !== undefined) gone.push(flock);
    if (gone.length === 0) return;
    for (const lock of gone) forget(kernel, lock);
    this.records.delete(owner);
    this.flocks.delete(owner as File);
    this.released.wakeAll();
  }
}

function forget(kernel: Kernel, lock: FileLock): void {
  uncharge(lock.payer, PRICE_FILE_LOCK);
  kernel.vfs.fileLocks.delete(lock);
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
  file.inode.locks?.release(file.kernel, file);
  tidyLocks(file.inode);
}

/** close(2) by a process drops all its POSIX locks on the file. See fcntl(2). */
export function releaseProcessLocks(inode: Inode, table: FdTable): void {
  inode.locks?.release(table.kernel, table);
  tidyLocks(inode);
}

/** A call that sleeps for a lock, until it is over. */
class LockWait extends Pending {
  readonly task: Task;
  readonly inode: Inode;
  readonly lock: FileLock;

  constructor(task: Task, inode: Inode, lock: FileLock) {
    super();
    this.task = task;
    this.inode = inode;
    this.lock = lock;
    locksOf(inode).waiting.add(this);
  }

  override cancel(): void {
    this.inode.locks?.waiting.delete(this);
    tidyLocks(this.inode);
  }
}

/** Take or release a record lock: 0, -EAGAIN, -EDEADLK, -ENOLCK, or what the sleep returns. `wait` is F_SETLKW. */
export function lockRecord(task: Task, inode: Inode, wanted: FileLock, wait: boolean): number {
  const locks = locksOf(inode);
  if (wanted.type !== F_UNLCK && locks.conflict(wanted) !== null) {
    if (!wait) return -EAGAIN;
    if (wanted.kind === 'POSIX' && deadlocks(task, inode, wanted)) return -EDEADLK;
    return waitForLock(task, locks, inode, wanted);
  }
  const result = locks.set(task.kernel, wanted);
  tidyLocks(inode);
  return result;
}

/** flock(2): 0, -EAGAIN, -ENOLCK, or what the sleep returns. */
export function lockFile(task: Task, inode: Inode, wanted: FileLock, wait: boolean): number {
  const locks = locksOf(inode);
  const result = locks.flock(task.kernel, wanted);
  if (result === -EAGAIN && wait) return waitForLock(task, locks, inode, wanted);
  tidyLocks(inode);
  return result;
}

function waitForLock(task: Task, locks: FileLocks, inode: Inode, lock: FileLock): number {
  const progress = task.ensureProgress();
  progress.data ??= new LockWait(task, inode, lock);
  return task.block([locks.released]);
}

/** Longer chains of waiting processes are not followed. */
const MAX_DEADLK_ITERATIONS = 10;

/** Would waiting close a circle of processes that wait for each other? Linux: posix_locks_deadlock. */
function deadlocks(task: Task, inode: Inode, wanted: FileLock): boolean {
  const seen = new Set<LockOwner>();
  const visit = (at: Inode, lock: FileLock): boolean => {
    const blocker = at.locks?.conflict(lock);
    if (blocker == null || seen.has(blocker.owner) || seen.size > MAX_DEADLK_ITERATIONS) return false;
    if (blocker.owner === wanted.owner) return true;
    seen.add(blocker.owner);
    for (const pid of task.kernel.initialPidNs.list()) {
      const other = pid.task;
      const wait = other?.progress?.data;
      if (other?.files !== blocker.owner || !(wait instanceof LockWait)) continue;
      if (wait.lock.kind === 'POSIX' && visit(wait.inode, wait.lock)) return true;
    }
    return false;
  };
  return visit(inode, wanted);
}

/** As struct flock spells the type. */
export const isLockType = (type: number): boolean => type === F_RDLCK || type === F_WRLCK || type === F_UNLCK;
