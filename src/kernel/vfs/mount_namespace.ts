/** The mounts that a group of tasks sees. See mount_namespaces(7). */

import { Namespace } from '../namespace/namespace.ts';
import type { UserNamespace } from '../namespace/user_namespace.ts';
import { WaitQueue } from '../task/wait_queue.ts';
import type { Mount } from './mount.ts';
import { detachTree } from './mount_tree.ts';

export class MountNamespace extends Namespace {
  readonly kind = 'mnt';
  readonly owner: UserNamespace;
  /** Never given again. Linux: mnt_namespace.seq. */
  readonly id: number;
  root!: Mount;
  /** Mounts in it. */
  count = 0;
  /** Counts changes; poll(2) on /proc/[pid]/mountinfo reports them. */
  event = 0;
  readonly changed: WaitQueue = new WaitQueue();

  constructor(inode: number, owner: UserNamespace, id: number) {
    super(inode);
    this.owner = owner;
    this.id = id;
  }

  /** Everything in it is unmounted. Linux: put_mnt_ns. */
  override destroy(): void {
    this.root.sb.kernel.vfs.mountNamespaces.delete(this.id);
    detachTree(this.root);
  }

  /** Every mount, parents first. */
  list(): Mount[] {
    return [...this.root.tree()];
  }

  touch(): void {
    this.event++;
    this.changed.wakeAll();
  }
}
