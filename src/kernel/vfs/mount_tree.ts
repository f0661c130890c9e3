/** Attaching, locking and taking down trees of mounts, with what propagates. Linux: fs/namespace.c. See mount_namespaces(7), mount(2). */

import { ENOENT } from '../../abi/errno.ts';
import { MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_PRIVATE, MS_RDONLY } from '../../abi/mount.ts';
import type { Task } from '../task/task.ts';
import type { Dentry } from './dentry.ts';
import { LOCK_ATIME, type Mount } from './mount.ts';
import { countMounts, discardTree } from './mount_copy.ts';
import type { MountNamespace } from './mount_namespace.ts';
import { changePropagation, cleanupGroupIds, inventGroupIds, setShared } from './pnode.ts';
import { propagateMount } from './propagate_mount.ts';
import { propagateUmount, propagateUnlock } from './propagate_umount.ts';

/** Peers and slaves unmount too. */
export const UMOUNT_PROPAGATE = 1;
/** Nothing stays connected: what is in use was found to be nothing. */
export const UMOUNT_SYNC = 2;
/** Mounts of the tree stay on each other as long as somebody is in there. */
export const UMOUNT_CONNECTED = 4;

const LOCKABLE_FLAGS = MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC;

/** How attachRecursive attaches. */
export interface Attachment {
  /** The tree is taken from its present place in the same namespace. */
  readonly move?: boolean;
  /** It slips under `top`, which is then mounted on it. */
  readonly beneath?: boolean;
}

/** Make `mount` the root of a namespace that has none. */
export function attachRoot(namespace: MountNamespace, mount: Mount): void {
  namespace.root = mount;
  for (const one of mount.tree()) namespace.add(one);
}

/** Attach the tree `source` at `place` of `top` and copies of it at peers and slaves. -ENOENT, -ENOSPC, -ENOMEM, -EINVAL. Linux: attach_recursive_mnt. */
export function attachRecursive(task: Task, source: Mount, top: Mount, place: Dentry, { move, beneath }: Attachment = {}): number {
  const namespace = top.namespace!;
  const dest = beneath ? top.parent! : top;
  // A copy may have to slip under another mount, which is then mounted on this root.
  if (source.root.unlinked) return -ENOENT;
  if (!move) {
    const full = countMounts(namespace, source);
    if (full < 0) return full;
  }
  let copies: Mount[] = [];
  if (dest.shared) {
    inventGroupIds(source.tree());
    const propagated = propagateMount(dest, place, source, task.group.cgroup.memory);
    copies = propagated.copies;
    if (propagated.failed < 0) {
      namespace.pending = 0;
      for (const copy of copies) {
        copy.parent!.namespace!.pending = 0;
        discardTree(copy);
      }
      cleanupGroupIds(source.tree());
      return propagated.failed;
    }
    for (const one of source.tree()) setShared(one);
  }
  if (move) source.detach();
  else for (const one of source.tree()) one.namespace?.remove(one);
  source.setMountpoint(dest, place);
  if (beneath) top.reattach(source, source.root);
  commit(source, namespace);
  for (const copy of copies) commitCopy(copy, task);
  return 0;
}

/** Linux: commit_tree. */
function commit(mount: Mount, namespace: MountNamespace): void {
  for (const one of mount.tree()) if (one.namespace !== namespace) namespace.add(one);
  mount.hash();
  namespace.pending = 0;
  namespace.touch();
}

/** A propagated copy slips under what is mounted at its place, and is locked where the namespace is less privileged. */
function commitCopy(copy: Mount, task: Task): void {
  const parent = copy.parent!;
  const covered = parent.children.get(copy.mountpoint!);
  let top = copy;
  for (let above = top.children.get(top.root); above !== undefined; above = top.children.get(top.root)) top = above;
  covered?.reattach(top, top.root);
  if (parent.namespace!.owner !== task.nsproxy.mnt.owner) lockTree(copy);
  copy.locked = false;
  commit(copy, parent.namespace!);
}

/** The mounts of a tree stay together and keep their restrictions in a less privileged namespace. Linux: lock_mnt_tree. */
export function lockTree(mount: Mount): void {
  for (const one of mount.tree()) {
    one.lockedFlags |= LOCK_ATIME | (one.flags & LOCKABLE_FLAGS);
    if (one !== mount) one.locked = true;
  }
}

/** Whether the mount goes off its unmounted parent. Linux: disconnect_mount. */
function disconnects(mount: Mount, how: number): boolean {
  if ((how & UMOUNT_SYNC) !== 0 || mount.parent === null || !mount.parent.unmounted) return true;
  return (how & UMOUNT_CONNECTED) === 0 && !mount.locked;
}

/** Take `mount` and all below it out of their namespace; what is still in use lives on detached. Linux: umount_tree. */
export function umountTree(mount: Mount, how: number): void {
  if ((how & UMOUNT_PROPAGATE) !== 0) propagateUnlock(mount);
  const all = [...mount.tree()];
  for (const one of all) {
    one.unmounted = true;
    one.namespace?.remove(one);
  }
  if ((how & UMOUNT_PROPAGATE) !== 0) all.push(...propagateUmount(all));
  for (const one of all) {
    one.namespace?.touch();
    one.namespace = null;
    if (disconnects(one, how)) one.detach();
    changePropagation(one, MS_PRIVATE);
  }
  for (const one of all) one.releaseIfUnused();
}
