/** New mount namespaces, and entering one. Linux: copy_mnt_ns, mntns_install in fs/namespace.c. */

import { ENOENT, isErrno } from '../../abi/errno.ts';
import type { UserNamespace } from '../namespace/user_namespace.ts';
import type { Task } from '../task/task.ts';
import { FsContext } from './fs_context.ts';
import type { Mount } from './mount.ts';
import { CL_COPY_UNBINDABLE, CL_SHARED_TO_SLAVE, copyTree } from './mount_copy.ts';
import type { MountNamespace } from './mount_namespace.ts';
import { attachRoot, lockTree } from './mount_tree.ts';
import { Path } from './path.ts';

export interface ClonedMounts {
  readonly namespace: MountNamespace;
  /** The task's root and working directory, on the copies of the mounts they were on. */
  readonly fs: FsContext;
}

/** A copy of the task's mount namespace for clone(CLONE_NEWNS) and unshare(CLONE_NEWNS). */
export function cloneMountNamespace(task: Task, owner: UserNamespace, inode: number): ClonedMounts | number {
  const old = task.nsproxy.mnt;
  const map = new Map<Mount, Mount>();
  const lessPrivileged = owner !== old.owner;
  const flags = CL_COPY_UNBINDABLE | (lessPrivileged ? CL_SHARED_TO_SLAVE : 0);
  const root = copyTree(old.root, null, flags, task.group.cgroup.memory, map);
  if (isErrno(root)) return root;
  if (lessPrivileged) lockTree(root);
  const namespace = task.kernel.vfs.createMountNamespace(inode, owner);
  attachRoot(namespace, root);
  const moved = (path: Path): Path => new Path(map.get(path.mount) ?? path.mount, path.dentry);
  const { fs } = task;
  const copy = new FsContext(moved(fs!.root), moved(fs!.cwd));
  copy.umask = fs!.umask;
  return { namespace, fs: copy };
}

/** What is mounted on top at `path`. */
export function topOf(path: Path): Path {
  let { mount, dentry } = path;
  for (let above = mount.children.get(dentry); above !== undefined; above = mount.children.get(dentry)) {
    mount = above;
    dentry = above.root;
  }
  return mount === path.mount ? path : new Path(mount, dentry);
}

/** The place where a mount at `path` goes; -ENOENT if that is gone. Linux: lock_mount. */
export function placeFor(path: Path): Path | number {
  const top = topOf(path);
  return top.dentry.unlinked || top.mount.namespace === null ? -ENOENT : top;
}

/** The root directory of a mount namespace: what is mounted on top there. */
export const rootOf = ({ root }: MountNamespace): Path => topOf(new Path(root, root.root));

/** setns(2): the task's root and working directory become the namespace's root. The caller has checked capabilities. */
export function enterMountNamespace(task: Task, namespace: MountNamespace): void {
  const path = rootOf(namespace);
  task.fs!.setRoot(path);
  task.fs!.setCwd(path);
}
