/** Changing mode, owner, times and size. Linux: fs/attr.c, fs/open.c. See chmod(2), chown(2), utimensat(2), truncate(2). */

import { CAP_CHOWN, CAP_FSETID } from '../../abi/capability.ts';
import { EACCES, EINVAL, EISDIR, EPERM, EROFS, ETXTBSY } from '../../abi/errno.ts';
import { IN_ACCESS, IN_ATTRIB, IN_MODIFY } from '../../abi/inotify.ts';
import { S_IFDIR, S_IFMT, S_IFREG, S_ISGID, S_ISUID, S_IXGRP } from '../../abi/stat.ts';
import type { Task } from '../task/task.ts';
import { FILE_CAPABILITY } from './file_capability.ts';
import { isAppendOnly, isImmutable, isProtected } from './file_flags.ts';
import { notify } from './fsnotify.ts';
import type { Attributes, Inode, Timespec } from './inode.ts';
import type { Path } from './path.ts';
import { inodeCapable, MAY_WRITE, ownerOrCapable, permission } from './permission.ts';

/** chmod(2) of what `path` names. */
export function changeMode(task: Task, path: Path, mode: number): number {
  const { inode } = path;
  if (path.mount.readOnly) return -EROFS;
  const { cred } = task;
  if (isProtected(inode) || !ownerOrCapable(cred, inode)) return -EPERM;
  let bits = mode & 0o7777;
  if (!cred.inGroup(inode.gid) && !inodeCapable(cred, inode, CAP_FSETID)) bits &= ~S_ISGID;
  return apply(task, path, { mode: bits, ctime: task.kernel.now() }, IN_ATTRIB);
}

/** chown(2): kernel ids, -1 leaves one as it is. */
export function changeOwner(task: Task, path: Path, uid: number, gid: number): number {
  const { inode } = path;
  if (path.mount.readOnly) return -EROFS;
  const { cred } = task;
  if (isProtected(inode)) return -EPERM;
  const owner = cred.fsuid === inode.uid;
  if (uid !== -1 && !(owner && uid === inode.uid) && !inodeCapable(cred, inode, CAP_CHOWN)) return -EPERM;
  if (gid !== -1 && !(owner && (cred.inGroup(gid) || gid === inode.gid)) && !inodeCapable(cred, inode, CAP_CHOWN)) return -EPERM;
  const mode = (inode.mode & S_IFMT) === S_IFDIR ? undefined : withoutPrivileges(inode.mode);
  const changes: Attributes = {
    ctime: task.kernel.now(),
    ...(uid === -1 ? {} : { uid }),
    ...(gid === -1 ? {} : { gid }),
    ...(mode === undefined || mode === (inode.mode & 0o7777) ? {} : { mode }),
  };
  const failed = apply(task, path, changes, IN_ATTRIB);
  if (failed === 0 && mode !== undefined) dropFileCapability(task, inode);
  return failed;
}

/** File capabilities do not outlive a change of owner or contents. Linux: security_inode_killpriv. */
export function dropFileCapability(task: Task, inode: Inode): void {
  inode.removexattr(task, FILE_CAPABILITY);
}

/** The permission bits that stay when a file changes hands. Linux: setattr_should_drop_suidgid. */
function withoutPrivileges(mode: number): number {
  const bits = mode & 0o7777 & ~S_ISUID;
  return (bits & S_IXGRP) !== 0 ? bits & ~S_ISGID : bits;
}

/** utimensat(2): undefined leaves a time as it is, null is now. */
export function changeTimes(task: Task, path: Path, atime: Timespec | null | undefined, mtime: Timespec | null | undefined): number {
  const { inode } = path;
  if (path.mount.readOnly) return -EROFS;
  const { cred } = task;
  if (atime === null && mtime === null ? isImmutable(inode) : isProtected(inode)) return -EPERM;
  if (!ownerOrCapable(cred, inode)) {
    if (atime !== null || mtime !== null) return -EPERM;
    if (permission(task, inode, MAY_WRITE) < 0) return -EACCES;
  }
  const now = task.kernel.now();
  const changes: Attributes = {
    ctime: now,
    ...(atime === undefined ? {} : { atime: atime ?? now }),
    ...(mtime === undefined ? {} : { mtime: mtime ?? now }),
  };
  const event = atime !== undefined && mtime !== undefined ? IN_ATTRIB : atime !== undefined ? IN_ACCESS : IN_MODIFY;
  return apply(task, path, changes, event);
}

function apply(task: Task, path: Path, changes: Attributes, event: number): number {
  const failed = path.inode.setattr(task, changes);
  if (failed === 0) notify(path.dentry, path.inode, event);
  return failed;
}

/** truncate(2) by name: permission, then truncateInode. Linux: vfs_truncate. */
export function truncatePath(task: Task, path: Path, size: number): number {
  const { inode } = path;
  const type = inode.mode & S_IFMT;
  if (type === S_IFDIR) return -EISDIR;
  if (type !== S_IFREG) return -EINVAL;
  if (path.mount.readOnly) return -EROFS;
  const denied = permission(task, inode, MAY_WRITE);
  if (denied < 0) return denied;
  if (isAppendOnly(inode)) return -EPERM;
  if (inode.writers < 0) return -ETXTBSY;
  const failed = truncateInode(task, inode, size);
  if (failed === 0) notify(path.dentry, inode, IN_MODIFY);
  return failed;
}

/** Set the size of a regular file; set-user-ID bits go as with a write. */
export function truncateInode(task: Task, inode: Inode, size: number): number {
  const now = task.kernel.now();
  const mode = privilegesToKill(task, inode);
  dropFileCapability(task, inode);
  return inode.setattr(task, { size, mtime: now, ctime: now, ...(mode < 0 ? {} : { mode }) });
}

/** The permission bits after a write by someone without CAP_FSETID; -1 if they stay. Linux: file_remove_privs. */
export function privilegesToKill(task: Task, inode: Inode): number {
  const { mode } = inode;
  if ((mode & (S_ISUID | S_ISGID)) === 0) return -1;
  const bits = withoutPrivileges(mode);
  return bits === (mode & 0o7777) || inodeCapable(task.cred, inode, CAP_FSETID) ? -1 : bits;
}
