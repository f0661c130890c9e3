/** System calls from the trap to the result: entered once, executed until they stop sleeping, restarted after signals. */

import { EINTR, ENOSYS, ERESTART_RESTARTBLOCK, ERESTARTNOINTR, ERESTARTSYS } from '../../abi/errno.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { REG_MONITOR_SIZE, REG_PC, REG_X } from '../../platform/registers.ts';
import { setBlocked } from '../signal/blocked.ts';
import { BLOCKED, JUMPED, type Task } from '../task/task.ts';
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
  task.pid.namespace.recentCalls.enter(task, words, words[REG_NUMBER]!);
  execute(task);
}

/** The task was asleep in a call and runs again. */
export function resumeSyscall(task: Task): void {
  const { completed } = task;
  if (completed === null) {
    task.leaveQueues();
    execute(task);
    return;
  }
  task.completed = null;
  finish(task, completed);
}

function execute(task: Task): void {
  const call = syscallTable[task.words[REG_NUMBER]!];
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
  const low = words[REG_PC]! + 4;
  words[REG_PC] = low;
  if (low === 0) words[REG_PC + 1]!++;
}

function leave(task: Task, result: number): void {
  if (task.group.cgroup.traced) emitTrace(task, task.words[REG_NUMBER]!, result);
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
    task.interruptedBy = 0;
    dropProgress(task);
    return;
  }
  const call = syscallTable[task.words[REG_NUMBER]!];
  const result = call?.interrupted ? call.interrupted(task) : -EINTR;
  finish(task, result === NOT_RESIDENT || result === BLOCKED ? -EINTR : result);
}
