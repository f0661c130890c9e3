/** A bug in the kernel: the task that met it dies, the kernel lives. Linux: kernel/panic.c, oops. */

import { SIGKILL } from '../../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { groupExit } from '../task/task_exit.ts';
import { recentCalls } from './trace.ts';

/** Report what was thrown inside the kernel. */
export function reportBug(kernel: Kernel, error: unknown): void {
  const { stack } = error as { stack?: unknown };
  kernel.platform.log(`kernel bug: ${typeof stack === 'string' ? stack : String(error)}`);
  kernel.oopses++;
}

/** Report what was thrown on behalf of `task`, and kill its process. */
export function oops(task: Task, error: unknown): void {
  const { log } = task.kernel.platform;
  reportBug(task.kernel, error);
  try {
    log(`task ${task.pid.numbers.join('/')} ${task.comm}; its container's last system calls:`);
    for (const line of recentCalls(task)) log(`  ${line}`);
    task.leaveQueues();
    if (task.state === 'Z' || task.state === 'X') return;
    task.state = 'R';
    groupExit(task, SIGKILL);
  } catch (second) {
    log(`kernel bug while ending the task: ${String(second)}`);
    task.state = 'Z';
  }
}
