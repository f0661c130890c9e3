/** Filters when tasks come and go. Linux: copy_seccomp, seccomp_filter_release. */

import { SECCOMP_MODE_FILTER } from '../../abi/seccomp.ts';
import { type Task, WORK_SECCOMP } from '../task/task.ts';

/** A new task is restricted as its creator. */
export function inheritSeccomp(parent: Task, child: Task): void {
  if (parent.seccomp === null) return;
  parent.seccomp.filter?.get();
  child.seccomp = parent.seccomp;
  child.syscallWork |= WORK_SECCOMP;
}

/** The task is gone. */
export function releaseSeccomp(task: Task): void {
  const filter = task.seccomp?.filter ?? null;
  if (filter === null) return;
  task.seccomp = { mode: SECCOMP_MODE_FILTER, filter: null };
  filter.put();
}
