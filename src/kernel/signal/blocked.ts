/** The set of blocked signals of a thread and what follows from changing it. Linux: set_current_blocked, recalc_sigpending. */

import { SIGKILL, SIGSTOP } from '../../abi/signal.ts';
import type { Task } from '../task/task.ts';
import { sigSet } from './signal_queue.ts';

/** Signals that cannot be blocked. */
export const UNBLOCKABLE: bigint = sigSet(SIGKILL, SIGSTOP);

/** Whether the thread has something to do before it returns to the program. Linux: recalc_sigpending_tsk. */
export function recalculatePending(task: Task): void {
  const { group } = task;
  task.signalPending =
    task.stopPending ||
    task.cgroup.freezing ||
    task.doomed ||
    task.interruptedBy !== 0 ||
    task.delivering !== null ||
    task.traceStop !== null ||
    (task.tracee !== null && (task.tracee.trapPending || task.tracee.notifyPending)) ||
    ((task.pending.set | group.pending.set) & ~task.blocked) !== 0n;
}

export function setBlocked(task: Task, mask: bigint): void {
  const next = mask & ~UNBLOCKABLE;
  const refused = next & ~task.blocked & task.group.pending.set;
  task.blocked = next;
  recalculatePending(task);
  if (refused !== 0n) retarget(task, refused);
}

/** `task` will not take these signals to its process: wake other threads that may. Linux: retarget_shared_pending. */
export function retarget(task: Task, signals: bigint): void {
  for (const thread of task.group.threads) {
    if (thread === task || thread.state === 'Z' || (signals & ~thread.blocked) === 0n) continue;
    thread.signalPending = true;
    if (thread.state === 'S') thread.wake();
  }
}

/** Use `mask` for the rest of this system call (ppoll, pselect6, epoll_pwait, sigsuspend); once, however often it is executed again. */
export function useTemporaryMask(task: Task, mask: bigint): void {
  if (task.savedMask !== null) return;
  task.savedMask = task.blocked;
  setBlocked(task, mask);
}
