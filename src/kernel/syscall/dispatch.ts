/** System calls from the trap to the result: entered once, executed until they stop sleeping, restarted after signals. */

import { EINTR, ENOSYS, ERESTART_RESTARTBLOCK, ERESTARTNOINTR, ERESTARTSYS } from '../../abi/errno.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { REG_MONITOR_SIZE, REG_PC, REG_X } from '../../platform/registers.ts';
import { PROCEED, SKIPPED } from '../seccomp/secure_computing.ts';
import { setBlocked } from '../signal/blocked.ts';
import { BLOCKED, ENTRY_FILTER, JUMPED, type Task } from '../task/task.ts';
import { workOnEntry } from './entry.ts';
import { syscallTable } from './table.ts';
import { emitTrace } from './trace.ts';

/** The number of the call is in x8. */
const REG_NUMBER = REG_X + 16;

/** The program has executed svc: begin the call. */
export function enterSyscall(task: Task): void {
  const { words } = task;
  task.originalX0Low = words[REG_X]!;
  task.originalX0High = words[REG_X + 1]!;
  task.inSyscall = true;
  words[REG_MONITOR_SIZE] = 0;
  const number = words[REG_NUMBER]!;
  task.syscallNumber = number;
  task.pid.namespace.recentCalls.enter(task, words, number);
  if (task.syscallWork !== 0) {
    task.entryStep = ENTRY_FILTER;
    decide(task);
  } else execute(task);
}

/** The task was asleep in a call and runs again. */
export function resumeSyscall(task: Task): void {
  const { completed } = task;
  if (completed === null) {
    task.leaveQueues();
    if (task.entryStep !== 0) decide(task);
    else execute(task);
    return;
  }
  task.completed = null;
  finish(task, completed);
}

/** Filters have a say before the call is executed. */
function decide(task: Task): void {
  const result = workOnEntry(task);
  if (result !== PROCEED && result !== SKIPPED) {
    settle(task, result);
    return;
  }
  task.entryStep = 0;
  if (result === PROCEED) execute(task);
  else {
    leave(task, task.words[REG_X]!);
    goOn(task);
  }
}

function execute(task: Task): void {
  const call = syscallTable[task.syscallNumber];
  settle(task, call === undefined ? -ENOSYS : call.invoke(task));
}

function settle(task: Task, result: number): void {
  if (result === BLOCKED) return;
  if (result === NOT_RESIDENT && !task.hasFatalSignal()) {
    task.sleep([task.kernel.memory.arrived], 'D');
    return;
  }
  if (result === JUMPED) {
    leave(task, 0);
    return;
  }
  if ((result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK) || result === NOT_RESIDENT) {
    task.interruptedBy = result === NOT_RESIDENT ? ERESTARTNOINTR : -result;
    task.signalPending = true;
    return;
  }
  finish(task, result);
}

/** The call is over: its result goes into x0 and the program goes on behind the svc. */
function finish(task: Task, result: number): void {
  if (!task.inSyscall) return;
  const { words } = task;
  leave(task, result);
  words[REG_X] = result | 0;
  words[REG_X + 1] = Math.floor(result / 4294967296) | 0;
  goOn(task);
}

/** The program goes on behind the svc. */
function goOn({ words }: Task): void {
  const low = words[REG_PC]! + 4;
  words[REG_PC] = low;
  if (low === 0) words[REG_PC + 1]!++;
}

function leave(task: Task, result: number): void {
  if (task.group.cgroup.traced) emitTrace(task, task.syscallNumber, result);
  task.inSyscall = false;
  task.interruptedBy = 0;
  task.pid.namespace.recentCalls.leave(task, result);
  dropProgress(task);
  if (task.savedMask !== null && result !== -EINTR) restoreMask(task);
}

/** Forget what the call remembered. */
function dropProgress(task: Task): void {
  const { progress } = task;
  task.progress = null;
  progress?.drop();
}

/** Go back to the mask before ppoll, pselect, epoll_pwait or sigsuspend. Linux: restore_saved_sigmask. */
export function restoreMask(task: Task): void {
  const mask = task.savedMask;
  if (mask === null) return;
  task.savedMask = null;
  setBlocked(task, mask);
}

/**
 * A signal handler is about to run while a call is interrupted: the call either ends with EINTR, or will be entered anew
 * when the handler returns. Linux: do_signal and handle_signal in arch/arm64/kernel/signal.c.
 */
export function interruptForHandler(task: Task, restart: boolean): void {
  const code = task.interruptedBy;
  if (code === 0 || !task.inSyscall) return;
  if (restart) {
    task.inSyscall = false;
    task.entryStep = 0;
    task.interruptedBy = 0;
    dropProgress(task);
    return;
  }
  const call = task.entryStep === 0 ? syscallTable[task.syscallNumber] : undefined;
  task.entryStep = 0;
  const result = call?.interrupted ? call.interrupted(task) : -EINTR;
  finish(task, result === NOT_RESIDENT || result === BLOCKED ? -EINTR : result);
}
