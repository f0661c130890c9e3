/** Stopping all threads of a process. Linux: do_signal_stop, task_participate_group_stop in kernel/signal.c. */

import { CLD_STOPPED } from '../../abi/signal.ts';
import { notifyTrap } from '../ptrace/link.ts';
import { isReparented, stopForTrap } from '../ptrace/stop.ts';
import type { Task } from '../task/task.ts';
import type { ThreadGroup } from '../task/thread_group.ts';
import { recalculatePending } from './blocked.ts';
import { notifyParentOfStop } from './notify.ts';

/** All threads of the process are to stop. */
export function stopGroup(group: ThreadGroup, signo: number): void {
  if (group.stopSignal === 0) group.stopSignal = signo;
  group.stopRemaining = 0;
  for (const thread of group.threads) {
    if (thread.state === 'T' || thread.state === 'Z' || thread.state === 'X') continue;
    thread.stopPending = true;
    thread.signalPending = true;
    group.stopRemaining++;
    if (thread.tracee?.seized === true) notifyTrap(thread);
    else if (thread.state === 'S') thread.wake();
  }
}

/** This thread stops; the last one tells the parent. */
export function joinStop(task: Task): void {
  if (task.tracee !== null) {
    stopForTrap(task);
    return;
  }
  task.stopPending = false;
  task.state = 'T';
  recalculatePending(task);
  leaveStop(task.group);
}

/** One thread fewer has still to stop (it did, or it exited). */
export function leaveStop(group: ThreadGroup): void {
  if (group.stopRemaining === 0 || --group.stopRemaining > 0) return;
  group.stopped = true;
  group.stopUnreported = group.stopSignal;
  group.continueUnreported = false;
  const { leader } = group;
  if (leader.tracee === null || isReparented(leader)) notifyParentOfStop(group, CLD_STOPPED, group.stopSignal);
}
