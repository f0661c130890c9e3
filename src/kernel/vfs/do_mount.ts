/** mount(2) on the mount tree: new mounts, binds, remounts, propagation. Linux: fs/namespace.c. See mount(2), mount_namespaces(7). */

import { CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { EBUSY, EINVAL, ENODEV, ENOTDIR, EPERM, isErrno } from '../../abi/errno.ts';
import * as m from '../../abi/mount.ts';
import { S_IFDIR, S_IFLNK, S_IFMT } from '../../abi/stat.ts';
import type { Task } from '../task/task.ts';
import type { FileSystemType } from './file_system_type.ts';
import type { Inode } from './inode.ts';
import { LOCK_ATIME, type Mount } from './mount.ts';
import { placeFor } from './mount_clone.ts';
import { CL_COPY_MNT_NS_FILE, cloneMount, copyTree, discardTree, newMount } from './mount_copy.ts';
import { attachRecursive } from './mount_tree.ts';
import { revealedFlags } from './mount_visible.ts';
import type { Path } from './path.ts';
import { changePropagation, inventGroupIds } from './pnode.ts';
import type { SuperBlock } from './super_block.ts';

const PROPAGATION = m.MS_SHARED | m.MS_PRIVATE | m.MS_SLAVE | m.MS_UNBINDABLE;
export const ATIME_FLAGS: number = m.MS_NOATIME | m.MS_NODIRATIME | m.MS_RELATIME;
/** Flags of the file system rather than of the mount. */
export const SUPER_FLAGS: number = m.MS_RDONLY | m.MS_SYNCHRONOUS | m.MS_MANDLOCK | m.MS_DIRSYNC | m.MS_LAZYTIME;

const isDirectory = (inode: Inode): boolean => (inode.mode & S_IFMT) === S_IFDIR;

/** Whether the task may change its mount namespace. Linux: may_mount. */
export const mayMount = (task: Task): boolean => task.cred.capable(CAP_SYS_ADMIN, task.nsproxy.mnt.owner);

/** Whether the mount belongs to the task's namespace. Linux: check_mnt. */
export const isOurs = (task: Task, mount: Mount): boolean => mount.namespace === task.nsproxy.mnt;

/** Whether the path is the root of its mount. Linux: path_mounted. */
export const isMountRoot = ({ mount, dentry }: Path): boolean => mount.root === dentry;

/** The MNT_ part of mount(2)'s flags, with the default of relatime. Linux: path_mount. */
export function mountFlags(flags: number): number {
  let own = flags & m.MOUNT_FLAGS;
  if ((flags & m.MS_NOATIME) === 0) own |= m.MS_RELATIME;
  if ((flags & m.MS_STRICTATIME) !== 0) own &= ~(m.MS_RELATIME | m.MS_NOATIME);
  return (own & m.MS_NOATIME) !== 0 ? own & ~m.MS_RELATIME : own;
}

/** Whether the task may mount file systems of this type. Linux: mount_capable. */
export const mayMountType = (task: Task, type: FileSystemType): boolean =>
  task.cred.capable(CAP_SYS_ADMIN, type.userNsMount ? type.ownerFor(task) : task.kernel.initialUserNs);

/** A file system instance for a new mount; -EPERM without the capability. Linux: vfs_get_tree. */
export function getTree(task: Task, type: FileSystemType, source: string, flags: number, data: string): SuperBlock | number {
  if (!mayMountType(task, type)) return -EPERM;
  const sb = type.mount(task.kernel, task, source, flags & SUPER_FLAGS, data);
  if (!isErrno(sb) && type.userNsMount && sb.mounts === 0) sb.own(type.ownerFor(task));
  return sb;
}

/** Mount a new instance of a file system. Linux: do_new_mount. */
export function mountNew(task: Task, path: Path, typeName: string, source: string, flags: number, data: string): number {
  const type = task.kernel.vfs.fileSystems.get(typeName);
  if (type === undefined) return -ENODEV;
  const sb = getTree(task, type, source, flags, data);
  if (isErrno(sb)) return sb;
  const own = revealedFlags(task, sb, mountFlags(flags));
  const mount = own === null ? -EPERM : newMount(task, sb, source === '' ? 'none' : source, own.flags);
  if (isErrno(mount)) {
    if (sb.mounts === 0) sb.release();
    return mount;
  }
  mount.lockedFlags = own!.locked;
  const place = placeFor(path);
  const failed = isErrno(place) ? place : addMount(task, mount, place);
  if (failed < 0) discardTree(mount);
  return failed;
}

/** Attach the new `mount` on top of `path`. Linux: do_add_mount. */
function addMount(task: Task, mount: Mount, path: Path): number {
  if (!isOurs(task, path.mount)) return -EINVAL;
  if (path.mount.sb === mount.sb && isMountRoot(path)) return -EBUSY;
  if ((mount.root.inode!.mode & S_IFMT) === S_IFLNK) return -EINVAL;
  return graft(task, mount, path);
}

/** Linux: graft_tree. */
export const graft = (task: Task, mount: Mount, path: Path): number =>
  isDirectory(mount.root.inode!) === isDirectory(path.inode) ? attachRecursive(task, mount, path.mount, path.dentry) : -ENOTDIR;

/** Whether `path` is a mount namespace's file that must not be mounted in `task`'s: it would keep itself. Linux: mnt_ns_loop. */
export const isNamespaceLoop = (task: Task, inode: Inode): boolean =>
  inode.mountNamespace !== null && task.nsproxy.mnt.id >= inode.mountNamespace.id;

/** A copy of the tree at `source`, not attached yet. Linux: __do_loopback. */
export function copyForBind(task: Task, source: Path, recursive: boolean): Mount | number {
  const { mount, dentry } = source;
  if (mount.unbindable) return -EINVAL;
  // Namespace files may be bound from outside any mount namespace.
  if (!isOurs(task, mount) && mount.sb !== task.kernel.nsfs) return -EINVAL;
  if (!recursive && hasLockedChildren(mount, source)) return -EINVAL;
  const payer = task.group.cgroup.memory;
  const copy = recursive ? copyTree(mount, dentry, CL_COPY_MNT_NS_FILE, payer) : cloneMount(mount, dentry, 0, payer);
  if (!isErrno(copy)) copy.locked = false;
  return copy;
}

/** MS_BIND: the tree at `source` appears at `path` too. Linux: do_loopback. */
export function mountBind(task: Task, source: Path, place: Path, recursive: boolean): number {
  if (isNamespaceLoop(task, source.inode)) return -EINVAL;
  const path = placeFor(place);
  if (isErrno(path)) return path;
  if (!isOurs(task, path.mount)) return -EINVAL;
  const copy = copyForBind(task, source, recursive);
  if (isErrno(copy)) return copy;
  const failed = graft(task, copy, path);
  if (failed < 0) discardTree(copy);
  return failed;
}

/** Whether a mount that must stay covers something at or below the path. Linux: has_locked_children. */
export const hasLockedChildren = (mount: Mount, { dentry }: Pick<Path, 'dentry'>): boolean =>
  [...mount.children].some(([place, child]) => child.locked && dentry.isAncestorOf(place));

/** Whether flags that a more privileged namespace has set stay. Linux: can_change_locked_flags. */
export function mayChangeFlags({ flags, lockedFlags }: Mount, wanted: number): boolean {
  if ((lockedFlags & ~LOCK_ATIME & ~wanted) !== 0) return false;
  return (lockedFlags & LOCK_ATIME) === 0 || ((flags ^ wanted) & ATIME_FLAGS) === 0;
}

/** Whether the mount may become read-only: nobody has a file open for writing. Linux: mnt_hold_writers. */
export const mayBecomeReadOnly = (mount: Mount, wanted: number): boolean =>
  (wanted & m.MS_RDONLY) === 0 || (mount.flags & m.MS_RDONLY) !== 0 || mount.writers === 0;

/** MS_REMOUNT: flags of the mount alone with MS_BIND, else of the file system too. Linux: do_reconfigure_mnt, do_remount. */
export function remount(task: Task, path: Path, flags: number, data: string): number {
  const { mount } = path;
  let own = mountFlags(flags);
  // Without any atime flag the present ones stay.
  if ((flags & (ATIME_FLAGS | m.MS_STRICTATIME)) === 0) own = (own & ~ATIME_FLAGS) | (mount.flags & ATIME_FLAGS);
  if (!isOurs(task, mount) || !isMountRoot(path)) return -EINVAL;
  if (!mayChangeFlags(mount, own)) return -EPERM;
  if ((flags & m.MS_BIND) !== 0) {
    if (!mayBecomeReadOnly(mount, own)) return -EBUSY;
  } else {
    const failed = reconfigureSuper(task, mount.sb, flags & SUPER_FLAGS, SUPER_FLAGS, data);
    if (failed < 0) return failed;
  }
  mount.flags = own;
  mount.namespace!.touch();
  return 0;
}

/** Give the file system the `flags` among `mask` and the options in `data`. -EPERM, -EBUSY. Linux: reconfigure_super. */
export function reconfigureSuper(task: Task, sb: SuperBlock, flags: number, mask: number, data: string): number {
  if (!task.cred.capable(CAP_SYS_ADMIN, sb.userNs ?? task.kernel.initialUserNs)) return -EPERM;
  if ((flags & mask & m.MS_RDONLY) !== 0 && !sb.readOnly && sb.writers > 0) return -EBUSY;
  const failed = sb.reconfigure(task, flags, data);
  if (failed < 0) return failed;
  sb.flags = (sb.flags & ~mask) | (flags & mask);
  return 0;
}

/** The one MS_ propagation flag in `flags`; 0 if there are several or others. Linux: flags_to_propagation_type. */
function propagationType(flags: number): number {
  const type = flags & ~(m.MS_REC | m.MS_SILENT);
  return (type & ~PROPAGATION) !== 0 || (type & (type - 1)) !== 0 ? 0 : type;
}

/** MS_SHARED, MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE. Linux: do_change_type. */
export function changeType(task: Task, path: Path, flags: number): number {
  const { mount } = path;
  const type = propagationType(flags);
  if (!isMountRoot(path) || type === 0) return -EINVAL;
  const { namespace } = mount;
  if (namespace === null) return -EINVAL;
  if (!task.cred.capable(CAP_SYS_ADMIN, namespace.owner)) return -EPERM;
  const mounts = (flags & m.MS_REC) !== 0 ? [...mount.tree()] : [mount];
  if (type === m.MS_SHARED) inventGroupIds(mounts);
  for (const one of mounts) changePropagation(one, type);
  return 0;
}

export const isPropagationChange = (flags: number): boolean => (flags & PROPAGATION) !== 0;
