/** What happens to a system call before it is executed. Linux: syscall_trace_enter in arch/arm64/kernel/ptrace.c. */

import { secureComputing } from '../seccomp/secure_computing.ts';
import type { Task } from '../task/task.ts';

/** PROCEED, SKIPPED, or what a handler returns when the task sleeps or is no more. Called again after a sleep. */
export function workOnEntry(task: Task): number {
  return secureComputing(task);
}
