/** Making and removing groups, and giving them controllers. Linux: cgroup_mkdir, cgroup_rmdir, cgroup_apply_control. */

import { EAGAIN, EBUSY, EEXIST, EINVAL, ENODEV, ENOENT, ENOMEM, ENOSPC } from '../../abi/errno.ts';
import { releasePrograms } from '../bpf/cgroup_programs.ts';
import type { Kernel } from '../kernel.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { charge, PRICE_CGROUP, uncharge } from '../mm/price.ts';
import { Cgroup } from './cgroup.ts';
import { controllers, controlOf } from './controllers.ts';
import { isThreaded, mayBecomeThreaded, mayEnable } from './domain.ts';

/** What a new group's directory is like, and who pays for it. */
export interface NewCgroup {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly payer: MemoryGroup;
}

/** cgroup.max.depth and cgroup.max.descendants of all above. Linux: cgroup_check_hierarchy_limits. */
function fits(parent: Cgroup): boolean {
  let depth = 1;
  for (let at: Cgroup | null = parent; at !== null; at = at.parent, depth++) {
    if (at.descendants >= at.maxDescendants || depth > at.maxDepth) return false;
  }
  return true;
}

/** A new group below `parent`, with the controllers that the parent gives; or a negative errno. */
export function createCgroup(kernel: Kernel, parent: Cgroup, name: string, { mode, uid, gid, payer }: NewCgroup): Cgroup | number {
  if (name.includes('\n')) return -EINVAL;
  if (parent.dead) return -ENODEV;
  if (parent.children.has(name)) return -EEXIST;
  if (!fits(parent)) return -EAGAIN;
  if (!charge(kernel, payer, PRICE_CGROUP)) return -ENOMEM;
  const id = kernel.cgroups.nextId();
  const cgroup = new Cgroup({ parent, name, id, mode, uid, gid, payer, memory: parent.memory });
  cgroup.freezing = cgroup.frozen = parent.freezing;
  parent.children.set(name, cgroup);
  if (!change(kernel, cgroup, controlOf(cgroup), 0)) {
    parent.children.delete(name);
    uncharge(payer, PRICE_CGROUP);
    return -ENOSPC;
  }
  for (let at: Cgroup | null = parent; at !== null; at = at.parent) at.descendants++;
  kernel.cgroups.count++;
  if (parent.directory !== null) parent.directory.nlink++;
  return cgroup;
}

/** Remove an empty group: 0 or -EBUSY. What is still charged to it stays so until it is freed. */
export function removeCgroup(kernel: Kernel, cgroup: Cgroup): number {
  const { parent } = cgroup;
  if (parent === null || cgroup.populated || cgroup.children.size > 0) return -EBUSY;
  if (isThreaded(cgroup)) parent.threadedChildren--;
  cgroup.dead = true;
  parent.children.delete(cgroup.name);
  for (let at: Cgroup | null = parent; at !== null; at = at.parent) at.descendants--;
  kernel.cgroups.count--;
  change(kernel, cgroup, 0, controlOf(cgroup));
  releasePrograms(kernel.bpf, cgroup);
  cgroup.directory?.removed();
  uncharge(cgroup.payer, PRICE_CGROUP);
  return 0;
}

/** Give a group the controllers in `on` and take those in `off`; false when there is no room for one. */
function change(kernel: Kernel, cgroup: Cgroup, on: number, off: number): boolean {
  for (const { bit, online, offline } of controllers) {
    if ((on & bit) !== 0 && !online(kernel, cgroup)) {
      change(kernel, cgroup, 0, on & (bit - 1));
      return false;
    }
    if ((off & bit) !== 0) offline(kernel, cgroup);
  }
  return true;
}

/** Linux: cgroup_subtree_control_write. */
export function setSubtreeControl(kernel: Kernel, cgroup: Cgroup, enable: number, disable: number): number {
  const on = enable & ~cgroup.subtreeControl;
  const off = disable & cgroup.subtreeControl;
  if (cgroup.dead) return -ENODEV;
  if (on === 0 && off === 0) return 0;
  for (const { bit } of controllers) {
    if ((on & bit) !== 0 && (controlOf(cgroup) & bit) === 0) return -ENOENT;
    if ((off & bit) !== 0 && [...cgroup.children.values()].some((child) => (child.subtreeControl & bit) !== 0)) return -EBUSY;
  }
  const refused = mayEnable(cgroup, on);
  if (refused < 0) return refused;
  const children = [...cgroup.children.values()];
  const before = children.map(controlOf);
  const old = cgroup.subtreeControl;
  cgroup.subtreeControl = (old | on) & ~off;
  for (const [i, child] of children.entries()) {
    const now = controlOf(child);
    if (!change(kernel, child, now & ~before[i]!, before[i]! & ~now)) {
      for (const changed of children.slice(0, i)) change(kernel, changed, 0, controlOf(changed) & on);
      cgroup.subtreeControl = old;
      return -ENOSPC;
    }
    child.directory?.filesChanged();
  }
  return 0;
}

/** Writing "threaded" to cgroup.type: the group loses the controllers that are for domains. Linux: cgroup_enable_threaded. */
export function becomeThreaded(kernel: Kernel, cgroup: Cgroup): number {
  if (isThreaded(cgroup)) return 0;
  const refused = mayBecomeThreaded(cgroup);
  if (refused < 0) return refused;
  const before = controlOf(cgroup);
  const { domain } = cgroup.parent!;
  cgroup.parent!.threadedChildren++;
  for (const each of cgroup.subtree()) if (each === cgroup || isThreaded(each)) each.domain = domain;
  change(kernel, cgroup, 0, before & ~controlOf(cgroup));
  cgroup.directory?.filesChanged();
  return 0;
}
