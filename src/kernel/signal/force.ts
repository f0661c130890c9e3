/** Signals that a program cannot escape because its own instruction caused them. Linux: force_sig_info_to_task in kernel/signal.c. */

import { SI_KERNEL, SIG_DFL, SIG_IGN } from '../../abi/signal.ts';
import type { Task } from '../task/task.ts';
import { setBlocked } from './blocked.ts';
import { sendToThread } from './send.ts';
import type { SigInfo } from './sig_info.ts';
import { DEFAULT_ACTION } from './sighand.ts';
import { sigBit } from './signal_queue.ts';

/** Send `info` to the thread; a handler that is missing, ignoring or blocked does not help. */
export function forceInfo(task: Task, info: SigInfo): void {
  const { group } = task;
  const { sighand } = group;
  const bit = sigBit(info.signo);
  const isBlocked = (task.blocked & bit) !== 0n;
  if (isBlocked || sighand.get(info.signo).handler === SIG_IGN) {
    sighand.set(info.signo, DEFAULT_ACTION);
    if (isBlocked) setBlocked(task, task.blocked & ~bit);
  }
  if (sighand.get(info.signo).handler === SIG_DFL && task.tracee === null) group.unkillable = false;
  sendToThread(task, info, true);
}

/** A fault at `address`. */
export const forceFault = (task: Task, signo: number, code: number, address: number): void => forceInfo(task, { signo, code, address });

export const forceSignal = (task: Task, signo: number): void => forceInfo(task, { signo, code: SI_KERNEL, pid: 0, uid: 0 });

/** The frame of a handler could not be written: SIGSEGV, which kills if it was SIGSEGV's own. Linux: force_sigsegv. */
export function forceSegv(task: Task, signo: number, segv: number): void {
  if (signo === segv) task.group.sighand.set(segv, DEFAULT_ACTION);
  forceSignal(task, segv);
}
