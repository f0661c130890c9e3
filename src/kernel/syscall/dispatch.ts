/** System calls from the trap to the result: entered once, executed until they stop sleeping, restarted after signals. */

import { EINTR, ENOSYS, ERESTART_RESTARTBLOCK, ERESTARTNOINTR, ERESTARTSYS } from '../../abi/errno.ts';
import { SI_USER, SIGTRAP } from '../../abi/signal.ts';
import { syscallNumbers } from '../../abi/syscall_numbers.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { REG_MONITOR_SIZE, REG_PC, REG_X } from '../../platform/registers.ts';
import { endStop, stopForCall } from '../ptrace/stop.ts';
import { PROCEED, SKIPPED } from '../seccomp/secure_computing.ts';
import { setBlocked } from '../signal/blocked.ts';
import { forceInfo } from '../signal/force.ts';
import { BLOCKED, ENTRY_BEGIN, JUMPED, type Task, WORK_SECCOMP, WORK_STEP, WORK_TRACE } from '../task/task.ts';
import { exitTask } from '../task/task_exit.ts';
import type { Syscall } from './define.ts';
import { workOnEntry } from './entry.ts';
import { syscallTable } from './table.ts';
import { emitTrace } from './trace.ts';

const RESTART_SYSCALL: number = syscallNumbers.restart_syscall;
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
  task.kernel.recentCalls.enter(task, words, number);
  if (task.syscallWork !== 0) {
    // A tracer skips a call by putting -1 in its place; the program's own -1 is answered like any unknown number.
    if (number === -1) setLong(words, REG_X, -ENOSYS);
    task.entryStep = ENTRY_BEGIN;
    decide(task);
  } else execute(task);
}

/** The task was asleep in a call and runs again. */
export function resumeSyscall(task: Task): void {
  const { completed } = task;
  if (completed === null) {
    task.leaveQueues();
    if (task.traceStop?.kind === 'exit') {
      exitTask(task, task.traceStop.status);
      return;
    }
    if (task.traceStop !== null && task.entryStep === 0) endStop(task, task.traceStop);
    if (task.entryStep !== 0) decide(task);
    else execute(task);
    return;
  }
  task.completed = null;
  finish(task, completed);
}

/** Tracers and filters have a say before the call is executed. */
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
    if (task.syscallWork > WORK_SECCOMP) reportExit(task);
  }
}

function execute(task: Task): void {
  const call = syscallTable[task.syscallNumber] ?? restarted(task);
  settle(task, call === undefined ? -ENOSYS : call.invoke(task));
}

/** The call that restart_syscall(2) stands for; only tracers ever see it. */
const restarted = (task: Task): Syscall | undefined => (task.restarting < 0 ? undefined : syscallTable[task.restarting]);

/**
 * No handler has run since a signal interrupted the call: it is executed again, and a tracer sees it begin again. Linux: the end
 * of do_signal in arch/arm64/kernel/signal.c.
 */
export function restartCall(task: Task): void {
  const code = task.interruptedBy;
  task.interruptedBy = 0;
  if (!task.inSyscall || code === 0 || task.syscallWork === 0) return;
  task.entryStep = ENTRY_BEGIN;
  if (code !== ERESTART_RESTARTBLOCK) return;
  if (task.restarting < 0) task.restarting = task.syscallNumber;
  task.syscallNumber = task.words[REG_NUMBER] = RESTART_SYSCALL;
}

/** The call has ended, or is interrupted: tell the tracer. Linux: syscall_trace_exit. */
export function reportExit(task: Task): void {
  const { tracee, syscallWork } = task;
  if (tracee === null || task.state !== 'R') return;
  if ((syscallWork & WORK_STEP) !== 0) forceInfo(task, { signo: SIGTRAP, code: SI_USER, pid: 0, uid: 0 });
  else if ((syscallWork & WORK_TRACE) !== 0) stopForCall(task, true);
}

function settle(task: Task, result: number): void {
  if (result === BLOCKED) return;
  if (result === NOT_RESIDENT && !task.hasFatalSignal()) {
    task.sleep([task.kernel.memory.arrived], 'D');
    return;
  }
  if (result === JUMPED) {
    if (task.traceStop?.kind === 'exit') return;
    leave(task, 0);
    if (task.syscallWork > WORK_SECCOMP) {
      if (task.syscallNumber === syscallNumbers.rt_sigreturn) task.syscallNumber = -1;
      if (task.traceStop?.kind === 'event') task.traceStop.exitFollows = true;
      else reportExit(task);
    }
    return;
  }
  if ((result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK) || result === NOT_RESIDENT) {
    task.interruptedBy = result === NOT_RESIDENT ? ERESTARTNOINTR : -result;
    task.signalPending = true;
    if (task.syscallWork > WORK_SECCOMP) reportExit(task);
    return;
  }
  finish(task, result);
}

/** The call is over. */
function finish(task: Task, result: number): void {
  if (!task.inSyscall) return;
  complete(task, result);
  if (task.syscallWork > WORK_SECCOMP) reportExit(task);
}

/** Its result goes into x0 and the program goes on behind the svc. */
function complete(task: Task, result: number): void {
  const { words } = task;
  leave(task, result);
  setLong(words, REG_X, result);
  goOn(task);
}

/** A register, by the index of its low word, to a signed number. */
function setLong(words: Int32Array, at: number, value: number): void {
  words[at] = value | 0;
  words[at + 1] = Math.floor(value / 4294967296) | 0;
}

/** The program goes on behind the svc. */
function goOn({ words }: Task): void {
  const low = words[REG_PC]! + 4;
  words[REG_PC] = low;
  if (low === 0) words[REG_PC + 1]!++;
}

function leave(task: Task, result: number): void {
  if (task.cgroup.tracedAs !== null) emitTrace(task, task.syscallNumber, result);
  task.inSyscall = false;
  task.interruptedBy = 0;
  task.restarting = -1;
  task.kernel.recentCalls.leave(task, result);
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
  const call = task.entryStep === 0 ? (syscallTable[task.syscallNumber] ?? restarted(task)) : undefined;
  task.entryStep = 0;
  const result = call?.interrupted ? call.interrupted(task) : -EINTR;
  complete(task, result === NOT_RESIDENT || result === BLOCKED ? -EINTR : result);
}

/** A tracer has made the program go elsewhere than to the interrupted call. */
export function abandonCall(task: Task): void {
  task.inSyscall = false;
  task.entryStep = 0;
  task.interruptedBy = 0;
  task.restarting = -1;
  task.completed = null;
  dropProgress(task);
}
