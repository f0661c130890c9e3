/** New mount namespaces, and entering one. Linux: copy_mnt_ns, mntns_install in fs/namespace.c. */

import { ENOSPC } from '../../abi/errno.ts';
import type { UserNamespace } from '../namespace/user_namespace.ts';
import type { Task } from '../task/task.ts';
import { FsContext } from './fs_context.ts';
import { MOUNT_MAX, type Mount } from './mount.ts';
import type { MountNamespace } from './mount_namespace.ts';
import { attachTree, copyTree } from './mount_tree.ts';
import { Path } from './path.ts';

export interface ClonedMounts {
  readonly namespace: MountNamespace;
  /** The task's root and working directory, on the copies of the mounts they were on. */
  readonly fs: FsContext;
}

/** A copy of the task's mount namespace for clone(CLONE_NEWNS) and unshare(CLONE_NEWNS). */
export function cloneMountNamespace(task: Task, owner: UserNamespace, inode: number): ClonedMounts | number {
  const old = task.nsproxy.mnt;
  if (old.count > MOUNT_MAX) return -ENOSPC;
  const namespace = task.kernel.vfs.createMountNamespace(inode, owner);
  const map = new Map<Mount, Mount>();
  const root = copyTree(old.root, old.root.root, { bind: false, lock: owner !== old.owner }, map);
  attachTree(root, namespace, null, null);
  const moved = (path: Path): Path => new Path(map.get(path.mount) ?? path.mount, path.dentry);
  const { fs } = task;
  const copy = new FsContext(moved(fs!.root), moved(fs!.cwd));
  copy.umask = fs!.umask;
  return { namespace, fs: copy };
}

/** The root directory of a mount namespace: what is mounted on top there. */
export function rootOf(namespace: MountNamespace): Path {
  let { root } = namespace;
  let dentry = root.root;
  for (let above = root.children.get(dentry); above !== undefined; above = root.children.get(dentry)) {
    root = above;
    dentry = above.root;
  }
  return new Path(root, dentry);
}

/** setns(2): the task's root and working directory become the namespace's root. The caller has checked capabilities. */
export function enterMountNamespace(task: Task, namespace: MountNamespace): void {
  const path = rootOf(namespace);
  task.fs!.setRoot(path);
  task.fs!.setCwd(path);
}
