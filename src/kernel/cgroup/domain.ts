/** What domains and threaded groups may do. Linux: cgroup_is_threaded and its relatives in kernel/cgroup/cgroup.c. See cgroup-v2.rst, Threads. */

import { EBUSY, EOPNOTSUPP } from '../../abi/errno.ts';
import type { Cgroup } from './cgroup.ts';
import { THREADED } from './controllers.ts';

export const isThreaded = (cgroup: Cgroup): boolean => cgroup.domain !== cgroup;

/** Only the root has tasks and domain controllers for others at once. Linux: cgroup_is_mixable. */
const isMixable = (cgroup: Cgroup): boolean => cgroup.parent === null;

/** It has threaded groups below it, or is about to have. */
export function isThreadRoot(cgroup: Cgroup): boolean {
  if (isThreaded(cgroup)) return false;
  return cgroup.threadedChildren > 0 || (cgroup.tasks.size > 0 && (cgroup.subtreeControl & THREADED) !== 0);
}

/** Linux: cgroup_can_be_thread_root. */
function canBeThreadRoot(cgroup: Cgroup): boolean {
  if (isMixable(cgroup)) return true;
  return !isThreaded(cgroup) && cgroup.populatedDomainChildren === 0 && (cgroup.subtreeControl & ~THREADED) === 0;
}

/** Whether processes can be in it: nothing above it is threaded or, but for the root, has threaded groups below. */
export function isValidDomain(cgroup: Cgroup): boolean {
  if (isThreaded(cgroup)) return false;
  for (let at = cgroup.parent; at !== null; at = at.parent) {
    if (isThreaded(at) || (!isMixable(at) && isThreadRoot(at))) return false;
  }
  return true;
}

/** What cgroup.type shows. */
export function typeOf(cgroup: Cgroup): string {
  if (isThreaded(cgroup)) return 'threaded';
  if (!isValidDomain(cgroup)) return 'domain invalid';
  return isThreadRoot(cgroup) ? 'domain threaded' : 'domain';
}

/** Whether tasks may come into it: 0, -EOPNOTSUPP or, for tasks that would compete with groups below, -EBUSY. Linux: cgroup_migrate_vet_dst. */
export function mayHost(cgroup: Cgroup): number {
  if (!isValidDomain(cgroup.domain)) return -EOPNOTSUPP;
  if (canBeThreadRoot(cgroup) || isThreaded(cgroup)) return 0;
  return cgroup.subtreeControl !== 0 ? -EBUSY : 0;
}

/** Whether its children may be given the controllers in `enable`. Linux: cgroup_vet_subtree_control_enable. */
export function mayEnable(cgroup: Cgroup, enable: number): number {
  if (enable === 0) return 0;
  if (!isValidDomain(cgroup.domain)) return -EOPNOTSUPP;
  if (isMixable(cgroup)) return 0;
  if ((enable & ~THREADED) !== 0) {
    if (isThreadRoot(cgroup) || isThreaded(cgroup)) return -EOPNOTSUPP;
  } else if (canBeThreadRoot(cgroup) || isThreaded(cgroup)) return 0;
  return cgroup.tasks.size > 0 ? -EBUSY : 0;
}

/** Whether it may become a threaded group of its parent's domain: 0 or -EOPNOTSUPP. Linux: cgroup_enable_threaded. */
export function mayBecomeThreaded(cgroup: Cgroup): number {
  if (cgroup.populated || (cgroup.subtreeControl & ~THREADED) !== 0) return -EOPNOTSUPP;
  const { domain } = cgroup.parent!;
  return isValidDomain(domain) && canBeThreadRoot(domain) ? 0 : -EOPNOTSUPP;
}
