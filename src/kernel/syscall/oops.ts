/** A bug in the kernel: the task that met it dies, the kernel lives. Linux: kernel/panic.c, oops. */

import { SIGKILL } from '../../abi/signal.ts';
import type { Task } from '../task/task.ts';
import { groupExit } from '../task/task_exit.ts';
import { recentCalls } from './trace.ts';

/** Report what was thrown inside the kernel on behalf of `task`, and kill its process. */
export function oops(task: Task, error: unknown): void {
  const { log } = task.kernel.platform;
  const { stack } = error as { stack?: unknown };
  log(`kernel bug: ${typeof stack === 'string' ? stack : String(error)}`);
  log(`task ${task.pid.numbers.join('/')} ${task.comm}; its container's last system calls:`);
  for (const line of recentCalls(task)) log(`  ${line}`);
  task.kernel.oopses++;
  try {
    task.leaveQueues();
    task.state = 'R';
    groupExit(task, SIGKILL);
  } catch (second) {
    log(`kernel bug while ending the task: ${String(second)}`);
    task.state = 'Z';
  }
}
