/** Processor time of threads and processes, with the slice that is under way. See getrusage(2). */

import type { Task } from '../task/task.ts';
import type { ThreadGroup } from '../task/thread_group.ts';

export interface Times {
  readonly user: number;
  readonly system: number;
}

/** Nanoseconds of the present slice that are not accounted yet. */
function unaccounted(task: Task): number {
  const { scheduler, clock } = task.kernel;
  return scheduler.slicing && scheduler.current === task ? Math.max(0, clock.monotonic() - scheduler.sliceStart) : 0;
}

/** Total processor time of a thread in nanoseconds. */
export const threadTime = (task: Task): number => task.userTime + task.systemTime + unaccounted(task);

/** A thread's time by kind; the present slice counts as time in the kernel, where the caller is. */
export const threadTimes = (task: Task): Times => ({ user: task.userTime, system: task.systemTime + unaccounted(task) });

/** A process's time: its threads, also those that are gone. Linux: thread_group_cputime. */
export function processTimes(group: ThreadGroup): Times {
  let user = group.exited.userTime;
  let system = group.exited.systemTime;
  for (const thread of group.threads) {
    const times = threadTimes(thread);
    user += times.user;
    system += times.system;
  }
  return { user, system };
}
