/** A child, or a new program, enters the time namespace that was made for children. Linux: timens_on_fork, exec_task_namespaces. */

import { remapVvar } from '../exec/vdso.ts';
import type { Task } from '../task/task.ts';
import { type NsProxy, switchNsproxy } from './nsproxy.ts';

/** The namespaces of a child that has an address space of its own. */
export const forChildren = (nsproxy: NsProxy): NsProxy =>
  nsproxy.time === nsproxy.timeForChildren ? nsproxy : nsproxy.with({ time: nsproxy.timeForChildren });

/** The task has just got its address space: it shows the clocks of its time namespace. */
export function enterTime(task: Task): void {
  const { time } = task.nsproxy;
  time.frozen = true;
  if (task.mm !== null) remapVvar(task.mm, time);
}

/** execve(2): as for a child. */
export function execTime(task: Task): void {
  const next = forChildren(task.nsproxy);
  if (next !== task.nsproxy) switchNsproxy(task, next);
  if (next.time.vvar !== null) enterTime(task);
}
