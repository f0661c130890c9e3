/** Moving tasks between groups. Linux: cgroup_attach_task, cgroup_attach_permissions. See cgroup-v2.rst, Delegation. */

import { EACCES, ENOENT, EOPNOTSUPP } from '../../abi/errno.ts';
import type { Task } from '../task/task.ts';
import { MAY_WRITE, permissionOf } from '../vfs/permission.ts';
import type { Cgroup } from './cgroup.ts';
import type { CgroupAccess } from './cgroup_file.ts';
import { mayHost } from './domain.ts';
import { move } from './membership.ts';
import { chargeThread, unchargeThread } from './pids.ts';

/** Who moves: with which credentials, and from which namespace. */
export type Migrator = Pick<CgroupAccess, 'task' | 'cred' | 'namespace'>;

/** Whether the process's cgroup.procs of `cgroup` may be written with these credentials. Linux: cgroup_may_write. */
export function mayWriteProcs({ task, cred }: Migrator, cgroup: Cgroup): number {
  const file = task.kernel.cgroups.sb?.file(cgroup, 'cgroup.procs') ?? null;
  if (file === null) return -EACCES;
  file.refs++;
  const denied = permissionOf(cred, file, MAY_WRITE);
  file.put();
  return denied;
}

function commonAncestor(one: Cgroup, other: Cgroup): Cgroup {
  let at = one;
  while (!other.isWithin(at)) at = at.parent!;
  return at;
}

/** Whether the task may move a process or thread from one group to the other: 0 or a negative errno. */
export function mayMigrate(access: Migrator, from: Cgroup, to: Cgroup, wholeProcess: boolean): number {
  const denied = mayWriteProcs(access, commonAncestor(from, to));
  if (denied < 0) return denied;
  if (!seesBoth(access, from, to)) return -ENOENT;
  const refused = mayHost(to);
  if (refused < 0) return refused;
  return !wholeProcess && from.domain !== to.domain ? -EOPNOTSUPP : 0;
}

/** With nsdelegate a namespace's root is a border. */
export function seesBoth({ task, namespace: { root } }: Migrator, from: Cgroup, to: Cgroup): boolean {
  return !task.kernel.cgroups.options.has('nsdelegate') || (from.isWithin(root) && to.isWithin(root));
}

/** Move one thread. */
function moveThread(task: Task, to: Cgroup): void {
  const from = task.cgroup;
  if (from === to) return;
  const live = from.tasks.has(task);
  chargeThread(to);
  unchargeThread(from);
  if (!live) {
    task.cgroup = to;
    return;
  }
  move(task, to);
}

/** Move a thread, or all threads of its process. */
export function migrate(task: Task, to: Cgroup, wholeProcess: boolean): void {
  const { group } = task;
  for (const thread of wholeProcess ? group.threads : [task]) moveThread(thread, to);
  group.cgroup = to.domain;
  chargeMemoryTo(group.leader, to.domain);
}

/** From now on the process's memory is charged to `cgroup`; what it has stays with who has paid for it. Linux: mem_cgroup_from_task, mm->owner. */
export function chargeMemoryTo({ group }: Task, { memory }: Cgroup): void {
  for (const { mm } of group.threads) if (mm !== null && mm.limits === group) mm.memory = memory;
}
