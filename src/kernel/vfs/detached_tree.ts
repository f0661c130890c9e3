/** Mounts that are nowhere yet: what open_tree(2) and fsmount(2) make. Linux: open_detached_copy, dissolve_on_fput in fs/namespace.c. */

import { isErrno } from '../../abi/errno.ts';
import { O_PATH } from '../../abi/fcntl.ts';
import { openAccount } from '../namespace/namespace.ts';
import type { Task } from '../task/task.ts';
import { copyForBind } from './do_mount.ts';
import type { Mount } from './mount.ts';
import { discardTree } from './mount_copy.ts';
import { MountNamespace } from './mount_namespace.ts';
import { attachRoot } from './mount_tree.ts';
import { Path } from './path.ts';
import { PathFile } from './path_file.ts';

/** A descriptor of a detached tree: when it is closed, what was not attached is gone. */
class TreeFile extends PathFile {
  override release(): void {
    const { namespace } = this.path!.mount;
    if (namespace?.anonymous === true) namespace.free();
  }
}

/** A file for the tree at `mount`, which belongs to no namespace yet and is taken over. -ENOSPC, -ENOMEM. */
export function openDetached(task: Task, mount: Mount): PathFile | number {
  const { owner } = task.nsproxy.mnt;
  const account = openAccount(task, owner, 'mnt');
  if (isErrno(account)) {
    discardTree(mount);
    return account;
  }
  const namespace = new MountNamespace(account.inode, owner, 0);
  namespace.account = account;
  attachRoot(namespace, mount);
  const file = new TreeFile(task.kernel, O_PATH, mount.root.inode!);
  file.path = new Path(mount, mount.root).get();
  return file;
}

/** A detached copy of the tree at `path`. */
export function openDetachedCopy(task: Task, path: Path, recursive: boolean): PathFile | number {
  const copy = copyForBind(task, path, recursive);
  return isErrno(copy) ? copy : openDetached(task, copy);
}
