/** The mounts that a group of tasks sees. See mount_namespaces(7). */

import type { UserNamespace } from '../namespace/user_namespace.ts';
import { WaitQueue } from '../task/wait_queue.ts';
import type { Mount } from './mount.ts';

/** Linux: /proc/sys/fs/mount-max. */
export const MOUNT_MAX = 100000;

export class MountNamespace {
  readonly kind = 'mnt';
  readonly inode: number;
  readonly owner: UserNamespace;
  root!: Mount;
  /** Sets of namespaces (nsproxy) and open namespace files that hold it. */
  users = 0;
  /** Mounts in it. */
  count = 0;
  /** Counts changes; poll(2) on /proc/[pid]/mountinfo reports them. */
  event = 0;
  readonly changed: WaitQueue = new WaitQueue();

  constructor(inode: number, owner: UserNamespace) {
    this.inode = inode;
    this.owner = owner;
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
