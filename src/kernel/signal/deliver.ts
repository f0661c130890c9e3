/** What happens to pending signals before a thread returns to its program. Linux: get_signal in kernel/signal.c, do_signal in arch/arm64. */

import { ERESTARTNOINTR, ERESTARTSYS } from '../../abi/errno.ts';
import { CLD_STOPPED, SA_RESETHAND, SA_RESTART, SI_TIMER, SIG_DFL, SIG_IGN, SIGSEGV, SIGSTOP } from '../../abi/signal.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { interruptForHandler, restoreMask } from '../syscall/dispatch.ts';
import { fixRseq } from '../task/rseq.ts';
import { isOrphaned } from '../task/session.ts';
import type { Task } from '../task/task.ts';
import { exitTask, groupExit } from '../task/task_exit.ts';
import type { ThreadGroup } from '../task/thread_group.ts';
import { timerSignalTaken } from '../time/posix_timer.ts';
import { recalculatePending, setBlocked } from './blocked.ts';
import { coreStatus } from './core_status.ts';
import { forceSegv } from './force.ts';
import { setUpFrame } from './frame.ts';
import { notifyParentOfStop } from './notify.ts';
import { CORE_SIGNALS, IGNORED_BY_DEFAULT, STOP_SIGNALS } from './send.ts';
import type { SigInfo } from './sig_info.ts';
import { DEFAULT_ACTION, unstoppable } from './sighand.ts';
import { sigBit } from './signal_queue.ts';

/** Take signals until one has a handler, the thread stops or exits, or none is left. */
export function deliverSignals(task: Task): void {
  const { group } = task;
  for (;;) {
    if (task.doomed) {
      exitTask(task, group.exitStatus);
      return;
    }
    if (task.stopPending) {
      joinStop(task);
      return;
    }
    const info = task.delivering ?? dequeueSignal(task, ~task.blocked);
    if (info === null) break;
    const { handler } = group.sighand.get(info.signo);
    if (handler !== SIG_DFL && handler !== SIG_IGN) {
      if (handle(task, info)) continue;
      return;
    }
    task.delivering = null;
    if (handler === SIG_DFL && !actByDefault(task, info.signo)) return;
  }
  task.interruptedBy = 0;
  restoreMask(task);
  recalculatePending(task);
}

/**
 * Take the next pending signal of `wanted`: the thread's own before the process's. Linux: dequeue_signal. For signal
 * delivery, sigtimedwait(2) and signalfd(2).
 */
export function dequeueSignal(task: Task, wanted: bigint): SigInfo | null {
  const info = task.pending.take(wanted) ?? task.group.pending.take(wanted);
  recalculatePending(task);
  return info !== null && info.code === SI_TIMER && info.timerId !== undefined ? timerSignalTaken(task.group, info) : info;
}

/** The default action. False when the thread does not go on. */
function actByDefault(task: Task, signo: number): boolean {
  const { group } = task;
  const bit = sigBit(signo);
  if ((IGNORED_BY_DEFAULT & bit) !== 0n) return true;
  if (group.unkillable && !unstoppable(signo)) return true;
  if ((STOP_SIGNALS & bit) !== 0n) {
    if (signo !== SIGSTOP && isOrphaned(group.processGroup)) return true;
    stopGroup(group, signo);
    return true;
  }
  groupExit(task, (CORE_SIGNALS & bit) !== 0n ? coreStatus(group, signo) : signo);
  return false;
}

/** All threads of the process are to stop. Linux: do_signal_stop. */
function stopGroup(group: ThreadGroup, signo: number): void {
  if (group.stopSignal === 0) group.stopSignal = signo;
  group.stopRemaining = 0;
  for (const thread of group.threads) {
    if (thread.state === 'T' || thread.state === 'Z' || thread.state === 'X') continue;
    thread.stopPending = true;
    thread.signalPending = true;
    group.stopRemaining++;
    if (thread.state === 'S') thread.wake();
  }
}

/** This thread stops; the last one tells the parent. */
function joinStop(task: Task): void {
  task.stopPending = false;
  task.state = 'T';
  recalculatePending(task);
  leaveStop(task.group);
}

/** One thread fewer has still to stop (it did, or it exited). */
export function leaveStop(group: ThreadGroup): void {
  if (group.stopRemaining === 0 || --group.stopRemaining > 0) return;
  group.stopped = true;
  group.stopUnreported = group.stopSignal;
  group.continueUnreported = false;
  notifyParentOfStop(group, CLD_STOPPED, group.stopSignal);
}

/** Make the handler the next thing the program does. True when the loop is to look for signals again. */
function handle(task: Task, info: SigInfo): boolean {
  const { sighand } = task.group;
  const action = sighand.get(info.signo);
  const code = task.interruptedBy;
  interruptForHandler(task, code === ERESTARTNOINTR || (code === ERESTARTSYS && (action.flags & SA_RESTART) !== 0));
  if (task.rseq !== null) fixRseq(task);
  if (task.state !== 'R') return deliverLater(task, info);
  const mask = task.savedMask ?? task.blocked;
  const result = setUpFrame(task, info, action, mask);
  if (result === NOT_RESIDENT) {
    task.sleep([task.kernel.memory.arrived], 'D');
    return deliverLater(task, info);
  }
  task.delivering = null;
  task.savedMask = null;
  if (result < 0) {
    forceSegv(task, info.signo, SIGSEGV);
    return true;
  }
  setBlocked(task, task.blocked | sighand.maskDuring(info.signo, sigBit(info.signo)));
  if ((action.flags & SA_RESETHAND) !== 0) sighand.set(info.signo, DEFAULT_ACTION);
  return task.signalPending;
}

/** The task sleeps until the memory for the frame has arrived. */
function deliverLater(task: Task, info: SigInfo): boolean {
  task.delivering = info;
  task.signalPending = true;
  return false;
}
