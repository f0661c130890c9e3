/** mount(2), umount2(2) and pivot_root(2) on the mount tree. Linux: fs/namespace.c. See mount_namespaces(7). */

import { CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { EAGAIN, EBUSY, EINVAL, ELOOP, ENODEV, ENOENT, ENOTDIR, EPERM, isErrno } from '../../abi/errno.ts';
import * as m from '../../abi/mount.ts';
import { S_IFDIR, S_IFLNK, S_IFMT } from '../../abi/stat.ts';
import type { Task } from '../task/task.ts';
import { reachesRoot } from './d_path.ts';
import type { Inode } from './inode.ts';
import type { Mount } from './mount.ts';
import { attachTree, copyMount, copyTree, detachTree, newMount } from './mount_tree.ts';
import type { Path } from './path.ts';

const PROPAGATION = m.MS_SHARED | m.MS_PRIVATE | m.MS_SLAVE | m.MS_UNBINDABLE;
const ATIME_FLAGS = m.MS_NOATIME | m.MS_NODIRATIME | m.MS_RELATIME;
/** Flags of the file system rather than of the mount. */
const SUPER_FLAGS = m.MS_RDONLY | m.MS_SYNCHRONOUS | m.MS_MANDLOCK | m.MS_DIRSYNC | m.MS_LAZYTIME;

const isDirectory = (inode: Inode): boolean => (inode.mode & S_IFMT) === S_IFDIR;

/** Whether the task may change its mount namespace. Linux: may_mount. */
export const mayMount = (task: Task): boolean => task.cred.capable(CAP_SYS_ADMIN, task.nsproxy.mnt.owner);

/** The MNT_ part of mount(2)'s flags, with the default of relatime. Linux: path_mount. */
export function mountFlags(flags: number): number {
  let own = flags & m.MOUNT_FLAGS;
  if ((flags & m.MS_NOATIME) === 0) own |= m.MS_RELATIME;
  if ((flags & m.MS_STRICTATIME) !== 0) own &= ~(m.MS_RELATIME | m.MS_NOATIME);
  return (own & m.MS_NOATIME) !== 0 ? own & ~m.MS_RELATIME : own;
}

/** Mount a new instance of a file system. Linux: do_new_mount. */
export function mountNew(task: Task, path: Path, typeName: string, source: string, flags: number, data: string): number {
  const type = task.kernel.vfs.fileSystems.get(typeName);
  if (type === undefined) return -ENODEV;
  const initial = task.cred.userNs === task.kernel.initialUserNs;
  if (!initial && !type.userNsMount) return -EPERM;
  const sb = type.mount(task.kernel, task, source, flags & SUPER_FLAGS, data);
  if (isErrno(sb)) return sb;
  const mount = newMount(task.kernel, sb, source === '' ? 'none' : source, mountFlags(flags));
  const failed = graft(task, mount, path);
  if (failed < 0) mount.release();
  return failed;
}

/** Attach `mount` on top of `path`. Linux: graft_tree, do_add_mount. */
function graft(task: Task, mount: Mount, path: Path): number {
  const namespace = task.nsproxy.mnt;
  if (path.mount.namespace !== namespace) return -EINVAL;
  if (path.dentry.unlinked) return -ENOENT;
  if ((mount.root.inode!.mode & S_IFMT) === S_IFLNK) return -EINVAL;
  if (isDirectory(mount.root.inode!) !== isDirectory(path.inode)) return -ENOTDIR;
  if (path.mount.sb === mount.sb && path.mount.root === mount.root && path.dentry === path.mount.root && mount.sb.mounts > 1) return -EBUSY;
  return attachTree(mount, namespace, path.mount, path.dentry);
}

/** MS_BIND: the tree at `source` appears at `path` too. Linux: do_loopback. */
export function mountBind(task: Task, source: Path, path: Path, recursive: boolean): number {
  const { mount } = source;
  const refused = source.inode.mayBind(task);
  if (refused < 0) return refused;
  if (mount.unbindable) return -EINVAL;
  // Namespace files may be bound from outside any mount namespace.
  if (mount.namespace !== task.nsproxy.mnt && mount.namespace !== null) return -EINVAL;
  if (!recursive && hasLockedChildren(mount, source)) return -EINVAL;
  const copy = recursive
    ? copyTree(mount, source.dentry, { bind: true, lock: false })
    : copyMount(mount, source.dentry, { bind: true, lock: false });
  copy.locked = false;
  const failed = isDirectory(source.inode) === isDirectory(path.inode) ? attachAt(task, copy, path) : -ENOTDIR;
  if (failed < 0) detachTree(copy);
  return failed;
}

function attachAt(task: Task, mount: Mount, path: Path): number {
  if (path.mount.namespace !== task.nsproxy.mnt) return -EINVAL;
  return path.dentry.unlinked ? -ENOENT : attachTree(mount, task.nsproxy.mnt, path.mount, path.dentry);
}

const hasLockedChildren = (mount: Mount, { dentry }: Path): boolean =>
  [...mount.children].some(([place, child]) => child.locked && dentry.isAncestorOf(place));

/** MS_MOVE. Linux: do_move_mount. */
export function mountMove(task: Task, source: Path, path: Path): number {
  const { mount } = source;
  if (source.dentry !== mount.root || mount.namespace !== task.nsproxy.mnt || path.mount.namespace !== task.nsproxy.mnt) return -EINVAL;
  if (mount.parent === null || mount.locked) return -EINVAL;
  if (isDirectory(source.inode) !== isDirectory(path.inode)) return -EINVAL;
  if (path.dentry.unlinked) return -ENOENT;
  for (let at: Mount | null = path.mount; at !== null; at = at.parent) if (at === mount) return -ELOOP;
  mount.detach();
  mount.attach(path.mount, path.dentry);
  task.nsproxy.mnt.touch();
  return 0;
}

/** MS_REMOUNT: flags of the mount alone with MS_BIND, else of the file system too. Linux: do_reconfigure_mnt, do_remount. */
export function remount(task: Task, path: Path, flags: number, data: string): number {
  const { mount } = path;
  if (path.dentry !== mount.root || mount.namespace !== task.nsproxy.mnt) return -EINVAL;
  let own = mountFlags(flags);
  // Without any atime flag the present ones stay.
  if ((flags & (ATIME_FLAGS | m.MS_STRICTATIME)) === 0) own = (own & ~ATIME_FLAGS) | (mount.flags & ATIME_FLAGS);
  const locked = mount.lockedFlags & ~ATIME_FLAGS;
  if ((locked & ~own) !== 0) return -EPERM;
  if (mount.lockedFlags !== 0 && (own & ATIME_FLAGS) !== (mount.lockedFlags & ATIME_FLAGS)) return -EPERM;
  if ((own & m.MS_RDONLY) !== 0 && !mount.readOnly && mount.writers > 0) return -EBUSY;
  if ((flags & m.MS_BIND) === 0) {
    const { sb } = mount;
    if (!task.cred.capable(CAP_SYS_ADMIN, sb.userNs ?? task.kernel.initialUserNs)) return -EPERM;
    const failed = sb.reconfigure(task, flags & SUPER_FLAGS, data);
    if (failed < 0) return failed;
    sb.flags = (sb.flags & ~SUPER_FLAGS) | (flags & SUPER_FLAGS);
    own &= ~m.MS_RDONLY | (mount.flags & m.MS_RDONLY);
  }
  mount.flags = own;
  task.nsproxy.mnt.touch();
  return 0;
}

/** MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE. Mounts are not shared here, so that a slave has nothing to receive. Linux: do_change_type. */
export function changePropagation(task: Task, path: Path, flags: number): number {
  const type = flags & PROPAGATION;
  if (path.dentry !== path.mount.root || path.mount.namespace !== task.nsproxy.mnt) return -EINVAL;
  if ((type & (type - 1)) !== 0 || (flags & ~(PROPAGATION | m.MS_REC | m.MS_SILENT)) !== 0) return -EINVAL;
  if (type === m.MS_SHARED) return -EINVAL;
  const mounts = (flags & m.MS_REC) !== 0 ? [...path.mount.tree()] : [path.mount];
  for (const mount of mounts) mount.unbindable = type === m.MS_UNBINDABLE;
  task.nsproxy.mnt.touch();
  return 0;
}

export const isPropagationChange = (flags: number): boolean => (flags & PROPAGATION) !== 0;

/** umount2(2) of the mount whose root is `path`. Linux: do_umount. */
export function unmount(task: Task, path: Path, flags: number): number {
  const { mount } = path;
  const { namespace } = mount;
  if (path.dentry !== mount.root || namespace === null || namespace !== task.nsproxy.mnt) return -EINVAL;
  if (mount.locked) return -EINVAL;
  const busy = mount.refs > 0 || mount.children.size > 0;
  if ((flags & m.MNT_EXPIRE) !== 0) {
    if (mount === task.fs!.root.mount || (flags & (m.MNT_FORCE | m.MNT_DETACH)) !== 0) return -EINVAL;
    if (busy) return -EBUSY;
    if (!mount.expiring) {
      mount.expiring = true;
      return -EAGAIN;
    }
  }
  if (mount === task.fs!.root.mount && mount.root === task.fs!.root.dentry && (flags & m.MNT_DETACH) === 0) return remountRoot(mount);
  if (mount.parent === null) return -EINVAL;
  if ((flags & m.MNT_DETACH) === 0 && busy) return -EBUSY;
  detachTree(mount);
  return 0;
}

/** The root itself is only made read-only. Linux: do_umount_root. */
function remountRoot(mount: Mount): number {
  if (mount.writers > 0) return -EBUSY;
  mount.sb.flags |= m.MS_RDONLY;
  return 0;
}

/** pivot_root(2): `newRoot` becomes the root mount of the namespace, the old one appears at `putOld`. */
export function pivotRoot(task: Task, newRoot: Path, putOld: Path): number {
  const namespace = task.nsproxy.mnt;
  const { root } = task.fs!;
  const oldMount = root.mount;
  const { mount } = newRoot;
  if (mount.namespace !== namespace || oldMount.namespace !== namespace || putOld.mount.namespace !== namespace) return -EINVAL;
  if (mount.locked) return -EINVAL;
  if (newRoot.dentry.unlinked) return -ENOENT;
  if (mount === oldMount || putOld.mount === oldMount) return -EBUSY;
  if (root.dentry !== oldMount.root || newRoot.dentry !== mount.root) return -EINVAL;
  if (mount.parent === null || (oldMount.parent === null && namespace.root !== oldMount)) return -EINVAL;
  if (!reachesRoot(putOld, newRoot) || !reachesRoot(newRoot, root)) return -EINVAL;
  const { parent: rootParent, mountpoint: rootPlace } = oldMount;
  mount.detach();
  if (rootParent !== null && rootPlace !== null) {
    oldMount.detach();
    mount.attach(rootParent, rootPlace);
  } else namespace.root = mount;
  oldMount.attach(putOld.mount, putOld.dentry);
  mount.expiring = false;
  namespace.touch();
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
