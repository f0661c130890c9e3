/** Copies of mount namespaces, and entering one. Linux: copy_mnt_ns and mntns_install in fs/namespace.c. See mount_namespaces(7). */

import { ENOSPC } from '../../abi/errno.ts';
import type { Task } from '../task/task.ts';
import type { FsContext } from '../vfs/fs_context.ts';
import { Mount } from '../vfs/mount.ts';
import { MOUNT_MAX, MountNamespace } from '../vfs/mount_namespace.ts';
import { Path } from '../vfs/path.ts';
import type { UserNamespace } from './user_namespace.ts';

export interface MountClone {
  readonly namespace: MountNamespace;
  /** The caller's root and working directory in the copied mounts. */
  readonly fs: FsContext;
}

/** A copy of the caller's mounts, owned by `owner`. A less privileged owner gets slaves that it cannot take apart. */
export function cloneMountNamespace(task: Task, owner: UserNamespace): MountClone | number {
  const { kernel } = task;
  const old = task.nsproxy.mnt;
  if (old.count > MOUNT_MAX) return -ENOSPC;
  const namespace = new MountNamespace(kernel.allocateInode(), owner);
  const less = owner !== old.owner;
  const copies = new Map<Mount, Mount>();
  for (const mount of old.root.tree()) {
    const copy = new Mount(kernel.vfs.allocateMountId(), mount.sb, mount.root, mount.source, mount.flags);
    copy.namespace = namespace;
    copy.peerGroup = less ? 0 : mount.peerGroup;
    copy.master = less && mount.peerGroup !== 0 ? mount.peerGroup : mount.master;
    copy.unbindable = mount.unbindable;
    copy.lockedFlags = less ? mount.lockedFlags | mount.flags : mount.lockedFlags;
    copy.locked = less || mount.locked;
    copies.set(mount, copy);
    namespace.count++;
    const parent = mount.parent === null ? undefined : copies.get(mount.parent);
    if (parent === undefined) namespace.root = copy;
    else copy.attach(parent, mount.mountpoint!);
  }
  const fs = task.fs!.clone();
  const moved = ({ mount, dentry }: Path): Path | null => {
    const copy = copies.get(mount);
    return copy === undefined ? null : new Path(copy, dentry);
  };
  const root = moved(fs.root);
  const cwd = moved(fs.cwd);
  if (root !== null) fs.setRoot(root);
  if (cwd !== null) fs.setCwd(cwd);
  return { namespace, fs };
}

/** Root and working directory become the root of the namespace that the task has entered: what is mounted on top there. */
export function enterMountNamespace(task: Task, namespace: MountNamespace): void {
  let top = namespace.root;
  for (let over = top.children.get(top.root); over !== undefined; over = top.children.get(top.root)) top = over;
  const path = new Path(top, top.root);
  task.fs!.setRoot(path);
  task.fs!.setCwd(path);
}
