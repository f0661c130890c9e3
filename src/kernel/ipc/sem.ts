/** System V semaphore sets. Linux: ipc/sem.c. See sem_overview(7), semop(2). */

import { EAGAIN, EFBIG, EIDRM, EINTR, ERANGE } from '../../abi/errno.ts';
import { IPC_NOWAIT, SEM_UNDO, SEMVMX } from '../../abi/ipc.ts';
import type { Pid } from '../task/pid.ts';
import { Pending } from '../task/progress.ts';
import type { Task } from '../task/task.ts';
import { IpcObject } from './ipc_ids.ts';

export interface SemOp {
  readonly index: number;
  readonly delta: number;
  readonly flags: number;
}

/** What a task asleep in semtimedop keeps in progress.data. Linux: struct sem_queue. */
export class PendingSemOps extends Pending {
  readonly task: Task;
  readonly set: SemaphoreSet;
  readonly ops: readonly SemOp[];

  constructor(task: Task, set: SemaphoreSet, ops: readonly SemOp[]) {
    super();
    this.task = task;
    this.set = set;
    this.ops = ops;
  }

  /** Whether it changes values, and does not only wait for zeros. */
  get alters(): boolean {
    return this.ops.some((op) => op.delta !== 0);
  }

  cancel(): void {
    const { sleepers } = this.set;
    const at = sleepers.indexOf(this);
    if (at >= 0) sleepers.splice(at, 1);
  }
}

/** The adjustments that exit applies, shared by tasks cloned with CLONE_SYSVSEM. Linux: struct sem_undo_list. */
export class SemUndo {
  users = 1;
  readonly adjustments: Map<SemaphoreSet, Int16Array> = new Map();

  for(set: SemaphoreSet): Int16Array {
    let values = this.adjustments.get(set);
    if (values === undefined) {
      values = new Int16Array(set.values.length);
      this.adjustments.set(set, values);
      set.undos.add(this);
    }
    return values;
  }
}

/** The operations could not all be done now. */
export const MUST_WAIT = 1;

export class SemaphoreSet extends IpcObject {
  readonly values: Uint16Array;
  /** Who operated on each semaphore last. */
  readonly pids: (Pid | null)[];
  otime = 0;
  ctime: number;
  /** Tasks asleep in semop, first come first. */
  readonly sleepers: PendingSemOps[] = [];
  readonly undos: Set<SemUndo> = new Set();

  constructor(task: Task, key: number, mode: number, count: number) {
    super(task, key, mode);
    this.values = new Uint16Array(count);
    this.pids = new Array(count).fill(null);
    this.namespace.semaphoresInUse += count;
    this.ctime = task.kernel.now().seconds;
  }

  /** Do all operations or none: 0, MUST_WAIT or -ERANGE. Linux: perform_atomic_semop. */
  tryApply(task: Task, ops: readonly SemOp[]): number {
    for (let i = 0; i < ops.length; i++) {
      const result = this.apply(task, ops[i]!);
      if (result === 0) continue;
      while (i-- > 0) this.takeBack(task, ops[i]!);
      return result;
    }
    for (const op of ops) this.pids[op.index] = task.group.leader.pid;
    this.otime = task.kernel.now().seconds;
    return 0;
  }

  private apply(task: Task, { index, delta, flags }: SemOp): number {
    const value = this.values[index]!;
    if (delta === 0 ? value !== 0 : value + delta < 0) return MUST_WAIT;
    if (value + delta > SEMVMX) return -ERANGE;
    if ((flags & SEM_UNDO) !== 0 && delta !== 0) {
      task.semUndo ??= new SemUndo();
      const adjustments = task.semUndo.for(this);
      const adjusted = adjustments[index]! - delta;
      if (adjusted < -SEMVMX - 1 || adjusted > SEMVMX) return -ERANGE;
      adjustments[index] = adjusted;
    }
    this.values[index] = value + delta;
    return 0;
  }

  /** Undo `apply`. */
  private takeBack(task: Task, { index, delta, flags }: SemOp): void {
    this.values[index]! -= delta;
    if ((flags & SEM_UNDO) !== 0 && delta !== 0) task.semUndo!.for(this)[index]! += delta;
  }

  /** The operation at which `ops` would wait now. */
  blockedOn(ops: readonly SemOp[]): SemOp | null {
    for (const [i, { index, delta }] of ops.entries()) {
      let value = this.values[index]!;
      for (let before = 0; before < i; before++) if (ops[before]!.index === index) value += ops[before]!.delta;
      if (delta === 0 ? value !== 0 : value + delta < 0) return ops[i]!;
    }
    return null;
  }

  /** Sleep until others have changed the values so that `pending` could be done and was, or until the deadline. */
  sleep(pending: PendingSemOps, deadline: number): number {
    const { task } = pending;
    if (!this.sleepers.includes(pending)) this.sleepers.push(pending);
    task.ensureProgress().data = pending;
    if (task.kernel.clock.monotonic() >= deadline && !task.signalPending) return -EAGAIN;
    return task.block([], { deadline, restart: EINTR });
  }

  /**
   * Values changed: complete the sleepers that can go on, in order, until none can. Those that wait for zeros come first, because
   * others may change them again. Linux: do_smart_update.
   */
  update(): void {
    do for (const pending of this.sleepers.filter(({ alters }) => !alters)) this.complete(pending);
    while (this.sleepers.some((pending) => pending.alters && this.complete(pending)));
  }

  /** Do what a sleeper waits for, if that is possible: whether values may have changed. */
  private complete(pending: PendingSemOps): boolean {
    const result = this.tryApply(pending.task, pending.ops);
    if (result === MUST_WAIT) return false;
    pending.cancel();
    pending.task.wake(result);
    return result === 0;
  }

  /** Tasks waiting for `index` to grow (`zero` false) or to become zero. Linux: count_semcnt. */
  waiting(index: number, zero: boolean): number {
    let count = 0;
    for (const { ops } of this.sleepers) {
      const op = this.blockedOn(ops);
      if (op !== null && op.index === index && (op.delta === 0) === zero) count++;
    }
    return count;
  }

  /** The set is gone: sleepers end with EIDRM, undo records are dropped. */
  override destroy(): void {
    this.namespace.semaphores.remove(this);
    this.namespace.semaphoresInUse -= this.values.length;
    for (const undo of this.undos) undo.adjustments.delete(this);
    this.undos.clear();
    for (const { task } of this.sleepers.splice(0)) task.wake(-EIDRM);
  }
}

/** Whether every semaphore number exists: 0 or -EFBIG. */
export function checkOps(set: SemaphoreSet, ops: readonly SemOp[]): number {
  for (const op of ops) if (op.index >= set.values.length) return -EFBIG;
  return 0;
}

/** Whether any operation refuses to wait. */
export const neverWaits = (op: SemOp | null): boolean => op !== null && (op.flags & IPC_NOWAIT) !== 0;

/** A task leaves its undo list; the last one applies the adjustments. Linux: exit_sem. */
export function exitSem(task: Task): void {
  const undo = task.semUndo;
  task.semUndo = null;
  if (undo === null || --undo.users > 0) return;
  for (const [set, values] of undo.adjustments) {
    set.undos.delete(undo);
    values.forEach((delta, i) => {
      if (delta === 0) return;
      set.values[i] = Math.min(SEMVMX, Math.max(0, set.values[i]! + delta));
      set.pids[i] = task.group.leader.pid;
    });
    set.otime = task.kernel.now().seconds;
    set.update();
  }
  undo.adjustments.clear();
}
