/** The root of the cgroup hierarchy as a group of tasks sees it. See cgroup_namespaces(7). */

import type { Cgroup } from '../cgroup/cgroup.ts';
import { Namespace } from './namespace.ts';
import type { UserNamespace } from './user_namespace.ts';

export class CgroupNamespace extends Namespace {
  readonly kind = 'cgroup';
  readonly owner: UserNamespace;

  /** The group that its members see as the root. */
  readonly root: Cgroup;

  constructor(inode: number, owner: UserNamespace, root: Cgroup) {
    super(inode);
    this.owner = owner;
    this.root = root;
  }
}
