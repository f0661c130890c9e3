/** The mounts that a group of tasks sees. See mount_namespaces(7). */

import { Namespace } from '../namespace/namespace.ts';
import type { UserNamespace } from '../namespace/user_namespace.ts';
import { WaitQueue } from '../task/wait_queue.ts';
import type { Mount } from './mount.ts';
import { UMOUNT_CONNECTED, umountTree } from './mount_tree.ts';

export class MountNamespace extends Namespace {
  readonly kind = 'mnt';
  readonly owner: UserNamespace;
  /** Never given again; 0: the mounts of a detached tree. Linux: mnt_namespace.seq. */
  readonly id: number;
  root!: Mount;
  /** Mounts in it by their unique id. */
  private readonly mounts: Map<number, Mount> = new Map();
  /** Mounts that are about to be added. */
  pending = 0;
  /** Counts changes; poll(2) on /proc/[pid]/mountinfo reports them. */
  event = 0;
  readonly changed: WaitQueue = new WaitQueue();

  constructor(inode: number, owner: UserNamespace, id: number) {
    super(inode);
    this.owner = owner;
    this.id = id;
  }

  /** Holds what open_tree(2) or fsmount(2) made, until it is attached. Linux: is_anon_ns. */
  get anonymous(): boolean {
    return this.id === 0;
  }

  get count(): number {
    return this.mounts.size;
  }

  add(mount: Mount): void {
    mount.namespace = this;
    this.mounts.set(mount.uniqueId, mount);
  }

  /** The mount itself still knows where it was. */
  remove(mount: Mount): void {
    this.mounts.delete(mount.uniqueId);
  }

  find(uniqueId: number): Mount | null {
    return this.mounts.get(uniqueId) ?? null;
  }

  /** Everything in it is unmounted, unless it was attached elsewhere. Linux: put_mnt_ns, dissolve_on_fput. */
  override destroy(): void {
    this.root.sb.kernel.vfs.mountNamespaces.delete(this.id);
    if (this.root.namespace === this) umountTree(this.root, this.anonymous ? UMOUNT_CONNECTED : 0);
  }

  /** Every mount, in the order in which they were made. */
  list(): Mount[] {
    return [...this.mounts.values()].sort((a, b) => a.uniqueId - b.uniqueId);
  }

  touch(): void {
    this.event++;
    this.changed.wakeAll();
  }
}
