/** New mounts, and copies of mounts and of trees of them. Linux: vfs_create_mount, clone_mnt, copy_tree in fs/namespace.c. */

import { EINVAL, ENOMEM, ENOSPC, EPERM, isErrno } from '../../abi/errno.ts';
import { MS_PRIVATE } from '../../abi/mount.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { charge, PRICE_MOUNT } from '../mm/price.ts';
import type { Task } from '../task/task.ts';
import type { Dentry } from './dentry.ts';
import { Mount } from './mount.ts';
import type { MountNamespace } from './mount_namespace.ts';
import { allocateGroupId, changePropagation, joinPeers, joinSlaves, setShared } from './pnode.ts';
import type { SuperBlock } from './super_block.ts';

/** How copies propagate, and which mounts are left out. */
export const CL_COPY_UNBINDABLE = 0x04;
export const CL_MAKE_SHARED = 0x08;
export const CL_SLAVE = 0x02;
export const CL_SHARED_TO_SLAVE = 0x20;
export const CL_COPY_MNT_NS_FILE = 0x40;

/** A mount of `sb`, not attached yet. `flags` are those of the mount. -ENOMEM. */
export function newMount(task: Task, sb: SuperBlock, source: string, flags: number): Mount | number {
  const payer = task.group.cgroup.memory;
  const root = sb.rootFor(task);
  if (isErrno(root)) return root;
  return charge(task.kernel, payer, PRICE_MOUNT) ? new Mount(sb, root, source, flags, payer) : -ENOMEM;
}

/** Room in the namespace for the tree at `mount`: 0 or -ENOSPC. */
export function countMounts(namespace: MountNamespace, mount: Mount): number {
  let count = 0;
  for (const _ of mount.tree()) count++;
  if (namespace.count + namespace.pending + count > namespace.root.sb.kernel.vfs.mountMax) return -ENOSPC;
  namespace.pending += count;
  return 0;
}

/** A copy of `mount` with `root` as its root: the same file system at another place. -ENOMEM. */
export function cloneMount(mount: Mount, root: Dentry, flags: number, payer: MemoryGroup): Mount | number {
  if (!charge(mount.sb.kernel, payer, PRICE_MOUNT)) return -ENOMEM;
  const copy = new Mount(mount.sb, root, mount.source, mount.flags, payer);
  copy.lockedFlags = mount.lockedFlags;
  copy.locked = mount.locked;
  copy.unbindable = mount.unbindable;
  if ((flags & (CL_SLAVE | CL_SHARED_TO_SLAVE)) === 0) copy.groupId = mount.groupId;
  if ((flags & CL_MAKE_SHARED) !== 0 && copy.groupId === 0) allocateGroupId(copy);
  if ((flags & CL_SLAVE) !== 0 || ((flags & CL_SHARED_TO_SLAVE) !== 0 && mount.shared)) joinSlaves(copy, mount, null);
  else {
    copy.shared = mount.shared;
    if ((flags & CL_MAKE_SHARED) !== 0 || mount.shared) joinPeers(copy, mount);
    if (mount.master !== null) joinSlaves(copy, mount.master, mount);
  }
  if ((flags & CL_MAKE_SHARED) !== 0) setShared(copy);
  return copy;
}

/** Take apart a tree that was never attached to a namespace. */
export function discardTree(mount: Mount): void {
  const all = [...mount.tree()];
  for (const one of all) {
    one.detach();
    changePropagation(one, MS_PRIVATE);
  }
  for (const one of all) one.releaseIfUnused();
}

/** A copy of `mount` from `root` (or its own root) on, with what is mounted below. `map` receives originals and copies. -EINVAL, -EPERM, -ENOMEM. */
export function copyTree(
  mount: Mount,
  root: Dentry | null,
  flags: number,
  payer: MemoryGroup,
  map: Map<Mount, Mount> | null = null,
): Mount | number {
  const top = root ?? mount.root;
  if (isLeftOut(mount, top, flags)) return -EINVAL;
  const copy = cloneMount(mount, top, flags, payer);
  if (isErrno(copy)) return copy;
  map?.set(mount, copy);
  const below = [...mount.children].filter(([place]) => top.isAncestorOf(place));
  const todo: Pending[] = below.map(([place, child]) => ({ mount: child, parent: copy, place })).reverse();
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const failed = copyBelow(next, flags, payer, map, todo);
    if (failed < 0) {
      discardTree(copy);
      return failed;
    }
  }
  return copy;
}

/** A mount of which a copy is to be attached at `place` of `parent`. */
interface Pending {
  readonly mount: Mount;
  readonly parent: Mount;
  readonly place: Dentry;
}

function isLeftOut(mount: Mount, root: Dentry, flags: number): boolean {
  return (
    ((flags & CL_COPY_UNBINDABLE) === 0 && mount.unbindable) || ((flags & CL_COPY_MNT_NS_FILE) === 0 && root.inode!.mountNamespace !== null)
  );
}

function copyBelow(
  { mount, parent, place }: Pending,
  flags: number,
  payer: MemoryGroup,
  map: Map<Mount, Mount> | null,
  todo: Pending[],
): number {
  if (isLeftOut(mount, mount.root, flags)) return mount.locked && mount.unbindable && (flags & CL_COPY_UNBINDABLE) === 0 ? -EPERM : 0;
  const copy = cloneMount(mount, mount.root, flags, payer);
  if (isErrno(copy)) return copy;
  map?.set(mount, copy);
  copy.attach(parent, place);
  todo.push(...[...mount.children].map(([below, child]) => ({ mount: child, parent: copy, place: below })).reverse());
  return 0;
}
