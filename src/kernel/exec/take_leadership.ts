/** The thread that executes a program becomes its process's leader, with the leader's ids. Linux: de_thread in fs/exec.c. */

import { SIGCHLD } from '../../abi/signal.ts';
import type { Task } from '../task/task.ts';
import { releaseTask } from '../task/task_exit.ts';

/** All other threads have exited; `task` takes the place of the old leader, who is forgotten. */
export function takeLeadership(task: Task): void {
  const { group } = task;
  const old = group.leader;
  if (old === task) return;
  const ownPid = task.pid;
  task.pid = old.pid;
  task.pid.task = task;
  old.pid = ownPid;
  ownPid.task = old;
  task.startTime = old.startTime;
  task.exitSignal = SIGCHLD;
  old.exitSignal = -1;
  const { processGroup, session } = group;
  if (processGroup.processGroup.delete(old)) processGroup.processGroup.add(task);
  if (session.session.delete(old)) session.session.add(task);
  if (task.pid.namespace.init === old) task.pid.namespace.init = task;
  group.leader = task;
  releaseTask(old);
}
