/** What happens to pending signals before a thread returns to its program. Linux: get_signal in kernel/signal.c, do_signal in arch/arm64. */

import { ERESTARTNOINTR, ERESTARTSYS } from '../../abi/errno.ts';
import { SA_RESETHAND, SA_RESTART, SI_TIMER, SI_USER, SIG_DFL, SIG_IGN, SIGSEGV, SIGSTOP } from '../../abi/signal.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { freezeHere } from '../cgroup/freezer.ts';
import { endStop, stopForHandler, stopForSignal, stopForTrap } from '../ptrace/stop.ts';
import type { TraceStop } from '../ptrace/tracee.ts';
import { interruptForHandler, reportExit, restartCall, restoreMask } from '../syscall/dispatch.ts';
import { fixRseq } from '../task/rseq.ts';
import { isOrphaned } from '../task/session.ts';
import { type Task, WORK_STEP } from '../task/task.ts';
import { exitTask, groupExit } from '../task/task_exit.ts';
import { timerSignalTaken } from '../time/posix_timer.ts';
import { recalculatePending, setBlocked } from './blocked.ts';
import { coreStatus } from './core_status.ts';
import { forceSegv } from './force.ts';
import { setUpFrame } from './frame.ts';
import { joinStop, stopGroup } from './group_stop.ts';
import { CORE_SIGNALS, IGNORED_BY_DEFAULT, STOP_SIGNALS, sendToThread } from './send.ts';
import type { SigInfo } from './sig_info.ts';
import { DEFAULT_ACTION, unstoppable } from './sighand.ts';
import { sigBit } from './signal_queue.ts';

/** Take signals until one has a handler, the thread stops or exits, or none is left. */
export function deliverSignals(task: Task): void {
  const { group } = task;
  for (;;) {
    if (task.traceStop !== null && !goOn(task, task.traceStop)) return;
    if (task.doomed) {
      exitTask(task, group.exitStatus);
      return;
    }
    if (task.stopPending) {
      joinStop(task);
      return;
    }
    if (task.tracee !== null && (task.tracee.trapPending || task.tracee.notifyPending)) {
      stopForTrap(task);
      return;
    }
    if (task.cgroup.freezing) {
      freezeHere(task);
      return;
    }
    const known = task.delivering;
    const info = known ?? dequeueSignal(task, ~task.blocked);
    if (info === null) break;
    if (task.tracee !== null && known === null) {
      stopForSignal(task, info);
      return;
    }
    const { handler } = group.sighand.get(info.signo);
    if (handler !== SIG_DFL && handler !== SIG_IGN) {
      if (handle(task, info)) continue;
      return;
    }
    task.delivering = null;
    if (handler === SIG_DFL && !actByDefault(task, info.signo)) return;
  }
  restartCall(task);
  restoreMask(task);
  recalculatePending(task);
}

/** The tracer has let the thread go on. False when it does not get any further now. */
function goOn(task: Task, stop: TraceStop): boolean {
  if (stop.kind === 'exit') {
    exitTask(task, stop.status);
    return false;
  }
  endStop(task, stop);
  if (stop.kind === 'signal') task.delivering = permitted(task, stop);
  if (!stop.exitFollows) return true;
  reportExit(task);
  return task.state === 'R';
}

/** The signal that the tracer lets through; null when it is none, or has been put back. Linux: ptrace_signal. */
function permitted(task: Task, { signal, info, continued }: TraceStop): SigInfo | null {
  if (signal === 0 || (continued && (STOP_SIGNALS & sigBit(signal)) !== 0n)) return null;
  const chosen = info !== null && info.signo === signal ? info : fromTracer(task, signal);
  if ((task.blocked & sigBit(signal)) === 0n) return chosen;
  sendToThread(task, chosen);
  return null;
}

/** A signal that the tracer has put in the place of another. */
function fromTracer(task: Task, signo: number): SigInfo {
  const sender = task.tracee?.tracer ?? task.group.parent;
  const pid = sender?.group.leader.pid.in(task.pid.namespace) ?? 0;
  return { signo, code: SI_USER, pid, uid: task.cred.userNs.uid(sender?.cred.uid ?? 0) };
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
  if ((task.syscallWork & WORK_STEP) !== 0) stopForHandler(task);
  return task.state === 'R' && task.signalPending;
}

/** The task sleeps until the memory for the frame has arrived. */
function deliverLater(task: Task, info: SigInfo): boolean {
  task.delivering = info;
  task.signalPending = true;
  return false;
}
