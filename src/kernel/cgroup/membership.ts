/** Which threads are in a group, and what follows from it for the groups above. Linux: css_set_update_populated, cgroup_exit. */

import type { Task } from '../task/task.ts';
import type { Cgroup } from './cgroup.ts';
import { isThreaded } from './domain.ts';
import { forgetFrozen, stop, thaw, updateFrozen } from './freezer.ts';

/** The thread is counted in `cgroup` (see pids.ts) and enters it. A new one freezes soon: the group's state does not change for that. */
export function enter(task: Task, cgroup: Cgroup): void {
  const was = cgroup.populated;
  task.cgroup = cgroup;
  cgroup.tasks.add(task);
  if (!was) populate(cgroup, 1);
  if (cgroup.freezing) stop(task);
}

/** A thread goes from its group to `to`; one that is frozen is so in either. Linux: cgroup_freezer_migrate_task. */
export function move(task: Task, to: Cgroup): void {
  const { frozen } = task;
  leave(task);
  if (frozen) {
    task.frozen = true;
    to.frozenTasks++;
  }
  enter(task, to);
  if (to.freezing) updateFrozen(to);
  else thaw(task);
}

/** The thread exits or goes elsewhere; until it is reaped it is still counted. */
export function leave(task: Task): void {
  const { cgroup } = task;
  if (!cgroup.tasks.delete(task)) return;
  forgetFrozen(task);
  if (cgroup.freezing) updateFrozen(cgroup);
  if (!cgroup.populated) populate(cgroup, -1);
}

/** `cgroup` has become populated (1) or is so no more (-1). Linux: cgroup_update_populated. */
function populate(cgroup: Cgroup, change: 1 | -1): void {
  for (let at: Cgroup = cgroup, parent = at.parent; ; at = parent, parent = at.parent) {
    at.notify('cgroup.events');
    if (parent === null) return;
    const was = parent.populated;
    parent.populatedChildren += change;
    if (!isThreaded(at)) parent.populatedDomainChildren += change;
    if (parent.populated === was) return;
  }
}

/** Threads whose memory and other domain resources count for `cgroup`: its own and those of the threaded groups below. */
export function* domainTasks(cgroup: Cgroup): IterableIterator<Task> {
  yield* cgroup.tasks;
  for (const child of cgroup.children.values()) if (isThreaded(child)) yield* domainTasks(child);
}
