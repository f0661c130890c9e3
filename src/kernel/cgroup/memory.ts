/** The memory controller: what a group may use. Linux: mm/memcontrol.c. See cgroup-v2.rst, Memory. */

import type { Kernel } from '../kernel.ts';
import { type MemoryGroup, OrphanedGroup } from '../mm/memory_group.ts';
import type { Cgroup } from './cgroup.ts';
import type { CgroupFile } from './cgroup_file.ts';
import { isThreaded } from './domain.ts';
import { domainTasks } from './membership.ts';
import { chargeMemoryTo } from './migrate.ts';

/** The group is charged on its own from now on; false when there are too many. */
export function memoryOnline(kernel: Kernel, cgroup: Cgroup): boolean {
  const memory = kernel.memory.createGroup(cgroup.memory);
  if (memory === null) return false;
  use(cgroup, memory);
  return true;
}

/** Back to what the group above uses. */
export function memoryOffline(kernel: Kernel, cgroup: Cgroup): void {
  const own = cgroup.memory;
  use(cgroup, cgroup.parent!.memory);
  own.limit = own.high = Number.POSITIVE_INFINITY;
  own.orphan = new OrphanedMemory(kernel, own, cgroup.dead ? cgroup : null);
  if (own.usage === 0) own.orphan.end();
}

/** A group without its cgroup: it ends with its last frame or kernel object. */
class OrphanedMemory extends OrphanedGroup {
  private readonly kernel: Kernel;
  private readonly group: MemoryGroup;
  /** Null if the cgroup has only lost the controller. */
  private readonly cgroup: Cgroup | null;

  constructor(kernel: Kernel, group: MemoryGroup, cgroup: Cgroup | null) {
    super();
    this.kernel = kernel;
    this.group = group;
    this.cgroup = cgroup;
    this.count(1);
  }

  override end(): void {
    this.kernel.memory.freeGroupId(this.group);
    this.count(-1);
  }

  private count(change: number): void {
    for (let at = this.cgroup?.parent ?? null; at !== null; at = at.parent) at.dyingDescendants += change;
  }
}

/** `memory` is charged for what this group and those below without their own group come to use. */
function use(cgroup: Cgroup, memory: MemoryGroup): void {
  const old = cgroup.memory;
  cgroup.memory = memory;
  if (!isThreaded(cgroup)) for (const task of domainTasks(cgroup)) chargeMemoryTo(task, cgroup);
  for (const child of cgroup.children.values()) if (child.memory === old) use(child, memory);
}

export const memoryFiles: readonly CgroupFile[] = [];
