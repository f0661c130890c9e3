/** Attaching, copying and taking down mounts. Linux: fs/namespace.c. See mount_namespaces(7), mount(2). */

import { ENOSPC } from '../../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import type { Dentry } from './dentry.ts';
import { MOUNT_MAX, Mount } from './mount.ts';
import type { MountNamespace } from './mount_namespace.ts';
import type { SuperBlock } from './super_block.ts';

/** A mount of all of `sb`, not attached yet. `flags` are those of the mount. */
export const newMount = (kernel: Kernel, sb: SuperBlock, source: string, flags: number): Mount =>
  new Mount(kernel.vfs.allocateMountId(), sb, sb.root, source, flags);

/** Make `mount` and all below it part of `namespace`, at `mountpoint` of `parent` (on top of what is mounted there) or as the root. */
export function attachTree(mount: Mount, namespace: MountNamespace, parent: Mount | null, mountpoint: Dentry | null): number {
  const all = [...mount.tree()];
  if (namespace.count + all.length > MOUNT_MAX) return -ENOSPC;
  if (parent !== null && mountpoint !== null) mount.attach(parent, mountpoint);
  else namespace.root = mount;
  for (const one of all) one.namespace = namespace;
  namespace.count += all.length;
  namespace.touch();
  return 0;
}

/** Take `mount` and all below it out of their namespace; what is still in use lives on detached. Linux: umount_tree. */
export function detachTree(mount: Mount): void {
  const { namespace } = mount;
  const all = [...mount.tree()].reverse();
  for (const one of all) {
    one.detach();
    if (one.namespace === null) continue;
    one.namespace.count--;
    one.namespace = null;
    if (one.refs === 0) one.release();
  }
  namespace?.touch();
}

/** Which mounts a copy leaves out. */
export interface CopyOptions {
  /** Leave out unbindable mounts and what is below them (bind). */
  readonly bind: boolean;
  /** The copy goes to a less privileged namespace: its mounts stay together and keep their restrictions. */
  readonly lock: boolean;
}

/** A copy of `mount` with `root` as its root: the same file system at another place. Linux: clone_mnt. */
export function copyMount(mount: Mount, root: Dentry, options: CopyOptions): Mount {
  const copy = new Mount(mount.sb.kernel.vfs.allocateMountId(), mount.sb, root, mount.source, mount.flags);
  copy.lockedFlags = options.lock ? mount.flags : mount.lockedFlags;
  copy.peerGroup = mount.peerGroup;
  copy.master = mount.master;
  copy.unbindable = mount.unbindable && !options.bind;
  return copy;
}

/** A copy of `mount` from `root` on, with what is mounted below. `map` receives originals and copies. Linux: copy_tree. */
export function copyTree(mount: Mount, root: Dentry, options: CopyOptions, map: Map<Mount, Mount> = new Map()): Mount {
  const copy = copyMount(mount, root, options);
  map.set(mount, copy);
  for (const [mountpoint, child] of mount.children) {
    if (options.bind && child.unbindable) continue;
    if (!root.isAncestorOf(mountpoint)) continue;
    const below = copyTree(child, child.root, options, map);
    below.locked = options.lock || child.locked;
    below.attach(copy, mountpoint);
  }
  return copy;
}
