/** umount2(2) and pivot_root(2). Linux: do_umount, path_pivot_root in fs/namespace.c. */

import { CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { EAGAIN, EBUSY, EINVAL, ENOENT, EPERM, isErrno } from '../../abi/errno.ts';
import { MNT_DETACH, MNT_EXPIRE, MNT_FORCE, MS_RDONLY } from '../../abi/mount.ts';
import type { Task } from '../task/task.ts';
import { isPathReachable } from './d_path.ts';
import { isMountRoot, isOurs, reconfigureSuper } from './do_mount.ts';
import { placeFor, topOf } from './mount_clone.ts';
import { UMOUNT_PROPAGATE, UMOUNT_SYNC, umountTree } from './mount_tree.ts';
import type { Path } from './path.ts';
import { propagationBusy } from './propagate_umount.ts';

/** Unmount the mount on top at `place`, which is its root. */
export function unmount(task: Task, place: Path, flags: number): number {
  const path = topOf(place);
  const { mount } = path;
  if (!isMountRoot(path) || !isOurs(task, mount) || mount.locked) return -EINVAL;
  if ((flags & MNT_FORCE) !== 0 && !task.cred.capable(CAP_SYS_ADMIN, mount.sb.userNs ?? task.kernel.initialUserNs)) return -EPERM;
  const isRoot = mount === task.fs!.root.mount;
  if ((flags & MNT_EXPIRE) !== 0) {
    if (isRoot || (flags & (MNT_FORCE | MNT_DETACH)) !== 0) return -EINVAL;
    if (mount.refs > 0 || mount.children.size > 0) return -EBUSY;
    if (!mount.expiring) {
      mount.expiring = true;
      return -EAGAIN;
    }
  }
  // The root itself is only made read-only. Linux: do_umount_root.
  if (isRoot && (flags & MNT_DETACH) === 0) return mount.sb.readOnly ? 0 : reconfigureSuper(task, mount.sb, MS_RDONLY, MS_RDONLY, '');
  if (mount.parent === null) return -EINVAL;
  if ((flags & MNT_DETACH) !== 0) umountTree(mount, UMOUNT_PROPAGATE);
  else if (propagationBusy(mount)) return -EBUSY;
  else umountTree(mount, UMOUNT_PROPAGATE | UMOUNT_SYNC);
  return 0;
}

/** pivot_root(2): `newRoot` becomes the root mount of the namespace, the old one appears at `putOld`. */
export function pivotRoot(task: Task, newRoot: Path, putOld: Path): number {
  const { root } = task.fs!;
  const old = placeFor(putOld);
  if (isErrno(old)) return old;
  const oldRoot = root.mount;
  const { mount } = newRoot;
  if (old.mount.shared || (mount.parent ?? mount).shared || (oldRoot.parent ?? oldRoot).shared) return -EINVAL;
  if (!isOurs(task, oldRoot) || !isOurs(task, mount) || mount.locked) return -EINVAL;
  if (newRoot.dentry.unlinked) return -ENOENT;
  if (mount === oldRoot || old.mount === oldRoot) return -EBUSY;
  if (!isMountRoot(root) || oldRoot.parent === null || !isMountRoot(newRoot) || mount.parent === null) return -EINVAL;
  if (!isPathReachable(old.mount, old.dentry, newRoot) || !isPathReachable(mount, newRoot.dentry, root)) return -EINVAL;
  const { parent, mountpoint } = oldRoot;
  mount.detach();
  oldRoot.detach();
  if (oldRoot.locked) {
    mount.locked = true;
    oldRoot.locked = false;
  }
  mount.attach(parent, mountpoint!);
  oldRoot.attach(old.mount, old.dentry);
  task.nsproxy.mnt.touch();
  moveRoots(task, root, newRoot);
  return 0;
}

/** Every task that had the old root as its root or working directory goes to the new one. Linux: chroot_fs_refs. */
function moveRoots(task: Task, old: Path, next: Path): void {
  const seen = new Set<unknown>();
  for (const pid of task.kernel.initialPidNs.list()) {
    const fs = pid.task?.fs ?? null;
    if (fs === null || seen.has(fs)) continue;
    seen.add(fs);
    if (fs.cwd.equals(old)) fs.setCwd(next);
    if (fs.root.equals(old)) fs.setRoot(next);
  }
}
