/** What happens to a system call before it is executed. Linux: syscall_trace_enter in arch/arm64/kernel/ptrace.c. */

import { endStop, stopForCall } from '../ptrace/stop.ts';
import { PROCEED, SKIPPED, secureComputing } from '../seccomp/secure_computing.ts';
import {
  BLOCKED,
  ENTRY_BEGIN,
  ENTRY_FILTER,
  ENTRY_FILTER_STOPPED,
  ENTRY_STOPPED,
  ENTRY_TRACED_FILTER,
  type Task,
  WORK_EMULATE,
  WORK_SECCOMP,
  WORK_TRACE,
} from '../task/task.ts';

/** PROCEED, SKIPPED, or what a handler returns when the task sleeps, stops or is no more. Called again when it goes on. */
export function workOnEntry(task: Task): number {
  if (task.entryStep === ENTRY_BEGIN) {
    task.entryStep = ENTRY_FILTER;
    const emulated = (task.syscallWork & WORK_EMULATE) !== 0;
    if (task.tracee !== null && (emulated || (task.syscallWork & WORK_TRACE) !== 0)) {
      if (!stopForCall(task, false)) return SKIPPED;
      task.entryStep = ENTRY_STOPPED;
      task.traceStop!.emulated = emulated;
      return BLOCKED;
    }
  }
  if (task.entryStep === ENTRY_STOPPED || task.entryStep === ENTRY_FILTER_STOPPED) {
    const stop = task.traceStop;
    if (stop !== null) endStop(task, stop);
    if (task.hasFatalSignal() || stop?.emulated === true) return SKIPPED;
    if (task.entryStep === ENTRY_FILTER_STOPPED && task.syscallNumber < 0) return SKIPPED;
    task.entryStep = task.entryStep === ENTRY_STOPPED ? ENTRY_FILTER : ENTRY_TRACED_FILTER;
  }
  const result = (task.syscallWork & WORK_SECCOMP) !== 0 ? secureComputing(task) : PROCEED;
  // The tracer has put -1 in the number's place.
  return result === PROCEED && task.syscallNumber === -1 ? SKIPPED : result;
}
