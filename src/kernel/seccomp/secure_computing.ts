/** The decision about a system call before it is executed. Linux: __secure_computing in kernel/seccomp.c. */

import { ENOSYS } from '../../abi/errno.ts';
import { PTRACE_EVENT_SECCOMP, PTRACE_O_SUSPEND_SECCOMP } from '../../abi/ptrace.ts';
import * as s from '../../abi/seccomp.ts';
import { SIGKILL, SIGSYS, SYS_SECCOMP } from '../../abi/signal.ts';
import { syscallNumbers } from '../../abi/syscall_numbers.ts';
import { REG_PC, REG_X } from '../../platform/registers.ts';
import { eventEnabled, stopForEvent } from '../ptrace/stop.ts';
import { coreStatus } from '../signal/core_status.ts';
import { forceInfo } from '../signal/force.ts';
import { BLOCKED, ENTRY_FILTER, ENTRY_FILTER_STOPPED, ENTRY_NOTIFIED, ENTRY_TRACED_FILTER, JUMPED, type Task } from '../task/task.ts';
import { exitTask, groupExit } from '../task/task_exit.ts';
import { runFilters, type SeccompFilter, type Verdict } from './filter.ts';
import type { SeccompNotification } from './listener.ts';

/** The call is to be executed; it is not, and the registers hold what the program sees. */
export const PROCEED = 1;
export const SKIPPED = 2;

const MAX_ERRNO = 4095;
const STRICT: readonly number[] = [syscallNumbers.read, syscallNumbers.write, syscallNumbers.exit, syscallNumbers.rt_sigreturn];

/** struct seccomp_data of the call being decided about. */
const data = new Uint32Array(s.SECCOMP_DATA_SIZE / 4);

function describe(task: Task): void {
  const { words } = task;
  data[0] = task.syscallNumber;
  data[1] = s.AUDIT_ARCH_AARCH64;
  const next = task.pc + 4;
  data[2] = next % 4294967296;
  data[3] = Math.floor(next / 4294967296);
  data[4] = task.originalX0Low;
  data[5] = task.originalX0High;
  for (let i = 2; i < 12; i++) data[4 + i] = words[REG_X + i]!;
}

/** PROCEED, SKIPPED, or what a handler returns when the task sleeps or is no more. Asked again after a sleep. */
export function secureComputing(task: Task): number {
  const { mode, filter } = task.seccomp!;
  if (task.tracee !== null && (task.tracee.options & PTRACE_O_SUSPEND_SECCOMP) !== 0) return PROCEED;
  if (mode === s.SECCOMP_MODE_STRICT) return strict(task);
  if (task.entryStep === ENTRY_NOTIFIED) return awaitReply(task);
  const traced = task.entryStep === ENTRY_TRACED_FILTER;
  if (filter!.allows(task.syscallNumber)) return PROCEED;
  describe(task);
  return act(task, runFilters(filter!, data), traced);
}

function strict(task: Task): number {
  if (STRICT.includes(task.syscallNumber)) return PROCEED;
  task.kernel.seccompLog.report(task, task.syscallNumber, SIGKILL, s.SECCOMP_RET_KILL_THREAD, true);
  exitTask(task, SIGKILL);
  return JUMPED;
}

/** The call's result, without its having been executed. */
function answer(task: Task, low: number, high: number): number {
  task.words[REG_X] = low;
  task.words[REG_X + 1] = high;
  return SKIPPED;
}

function act(task: Task, { value, filter }: Verdict, traced: boolean): number {
  const action = (value & 0xffff0000) >>> 0;
  const detail = value & s.SECCOMP_RET_DATA;
  const report = (signo: number): void => task.kernel.seccompLog.report(task, task.syscallNumber, signo, action, filter.log);
  switch (action) {
    case s.SECCOMP_RET_ALLOW:
      return PROCEED;
    case s.SECCOMP_RET_LOG:
      report(0);
      return PROCEED;
    case s.SECCOMP_RET_TRACE:
      // The tracer has seen it already.
      if (traced) return PROCEED;
      if (!eventEnabled(task, PTRACE_EVENT_SECCOMP)) return answer(task, -ENOSYS, -1);
      task.entryStep = ENTRY_FILTER_STOPPED;
      return stopForEvent(task, PTRACE_EVENT_SECCOMP, detail) ? BLOCKED : SKIPPED;
    case s.SECCOMP_RET_USER_NOTIF:
      return ask(task, filter);
    case s.SECCOMP_RET_ERRNO: {
      report(0);
      const errno = Math.min(detail, MAX_ERRNO);
      return answer(task, -errno | 0, errno === 0 ? 0 : -1);
    }
    case s.SECCOMP_RET_TRAP:
      answer(task, task.originalX0Low, task.originalX0High);
      forceInfo(task, {
        signo: SIGSYS,
        code: SYS_SECCOMP,
        errno: detail,
        address: task.register(REG_PC) + 4,
        valueLow: task.syscallNumber,
        valueHigh: s.AUDIT_ARCH_AARCH64,
      });
      return SKIPPED;
    default:
      report(SIGSYS);
      if (action === s.SECCOMP_RET_KILL_THREAD && task.group.live > 1) exitTask(task, SIGSYS);
      else groupExit(task, coreStatus(task.group, SIGSYS));
      return JUMPED;
  }
}

/** Let the supervisor decide. Linux: seccomp_do_user_notification. */
function ask(task: Task, filter: SeccompFilter): number {
  if (filter.listener === null) return answer(task, -ENOSYS, -1);
  const bytes = new Uint8Array(data.buffer.slice(0));
  task.ensureProgress().data = filter.listener.notify(task, bytes);
  task.entryStep = ENTRY_NOTIFIED;
  return awaitReply(task);
}

function awaitReply(task: Task): number {
  const { progress } = task;
  const notification = progress!.data as SeccompNotification;
  if (notification.state !== 'replied') {
    const received = notification.state === 'sent' && notification.waitKillable;
    const result = task.block([notification.changed], { state: received ? 'D' : 'S' });
    if (result === BLOCKED) return BLOCKED;
    forgetNotification(task);
    return result;
  }
  const { error, valueLow, valueHigh, flags } = notification;
  forgetNotification(task);
  if ((flags & s.SECCOMP_USER_NOTIF_FLAG_CONTINUE) !== 0) return PROCEED;
  return error !== 0 ? answer(task, error, error < 0 ? -1 : 0) : answer(task, valueLow, valueHigh);
}

/** The decision has been made, or the call will be made anew. */
function forgetNotification(task: Task): void {
  task.entryStep = ENTRY_FILTER;
  const { progress } = task;
  task.progress = null;
  progress!.drop();
}
