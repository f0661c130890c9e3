/** Who may do what with an inode. Linux: generic_permission in fs/namei.c. See path_resolution(7), capabilities(7). */

import { BPF_DEVCG_ACC_READ, BPF_DEVCG_ACC_WRITE } from '../../abi/bpf.ts';
import { CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID } from '../../abi/capability.ts';
import { EACCES, EOVERFLOW, EPERM, EROFS } from '../../abi/errno.ts';
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, S_ISGID, S_ISVTX, S_IXGRP } from '../../abi/stat.ts';
import { devicePermission } from '../bpf/device_permission.ts';
import type { Cred } from '../task/cred.ts';
import type { Task } from '../task/task.ts';
import { isAppendOnly, isImmutable, isProtected } from './file_flags.ts';
import type { Inode } from './inode.ts';

export const MAY_EXEC = 1;
export const MAY_WRITE = 2;
export const MAY_READ = 4;

/** Whether the inode's owner and group mean anything in the credentials' namespace and these hold `capability` there. */
export function inodeCapable(cred: Cred, inode: Inode, capability: number): boolean {
  const ns = cred.userNs;
  return cred.capable(capability, ns) && (ns.parent === null || isMapped(cred, inode));
}

/** Linux: privileged_wrt_inode_uidgid. */
function isMapped({ userNs }: Cred, inode: Inode): boolean {
  return userNs.kuid(userNs.uid(inode.uid)) === inode.uid && userNs.kgid(userNs.gid(inode.gid)) === inode.gid;
}

/** Linux: inode_owner_or_capable. */
export const ownerOrCapable = (cred: Cred, inode: Inode): boolean =>
  cred.fsuid === inode.uid || (cred.userNs.hasUid(inode.uid) && cred.capable(CAP_FOWNER, cred.userNs));

/** Check the MAY_ bits of `mask` for `cred`: 0, -EACCES, or -EROFS for writing to a read-only file system. */
export function permissionOf(cred: Cred, inode: Inode, mask: number): number {
  const { mode } = inode;
  const type = mode & S_IFMT;
  if ((mask & MAY_WRITE) !== 0 && inode.sb.readOnly && (type === S_IFREG || type === S_IFDIR || type === S_IFLNK)) return -EROFS;
  let bits = mode & 7;
  if (cred.fsuid === inode.uid) bits = (mode >> 6) & 7;
  else if (bits !== ((mode >> 3) & 7) && cred.inGroup(inode.gid)) bits = (mode >> 3) & 7;
  if ((mask & ~bits) === 0) return 0;
  if (type === S_IFDIR) {
    if ((mask & MAY_WRITE) === 0 && inodeCapable(cred, inode, CAP_DAC_READ_SEARCH)) return 0;
    return inodeCapable(cred, inode, CAP_DAC_OVERRIDE) ? 0 : -EACCES;
  }
  if (mask === MAY_READ && inodeCapable(cred, inode, CAP_DAC_READ_SEARCH)) return 0;
  if (((mask & MAY_EXEC) === 0 || (mode & 0o111) !== 0) && inodeCapable(cred, inode, CAP_DAC_OVERRIDE)) return 0;
  return -EACCES;
}

/** Linux: inode_permission. */
export function permission(task: Task, inode: Inode, mask: number): number {
  if ((mask & MAY_WRITE) !== 0 && !inode.sb.readOnly && isImmutable(inode)) return -EPERM;
  const denied = inode.permission(task, mask) ?? permissionOf(task.cred, inode, mask);
  return denied < 0 || inode.rdev === 0 ? denied : deviceAccess(task, inode, mask);
}

/** Linux: devcgroup_inode_permission. */
function deviceAccess(task: Task, { mode, rdev }: Inode, mask: number): number {
  const access = ((mask & MAY_WRITE) !== 0 ? BPF_DEVCG_ACC_WRITE : 0) | ((mask & MAY_READ) !== 0 ? BPF_DEVCG_ACC_READ : 0);
  return devicePermission(task, mode, rdev, access);
}

/** May names be added to `directory`? Not by those whose ids mean nothing in its file system. Linux: may_create. */
export function mayCreate(task: Task, directory: Inode): number {
  const { userNs } = directory.sb;
  const { fsuid, fsgid } = task.cred;
  if (userNs !== null && !(userNs.hasUid(fsuid) && userNs.hasGid(fsgid))) return -EOVERFLOW;
  return permission(task, directory, MAY_WRITE | MAY_EXEC);
}

/** May the name of `victim` be taken from `directory`? The sticky bit protects other users' files. Linux: may_delete. */
export function mayDelete(task: Task, directory: Inode, victim: Inode): number {
  const denied = permission(task, directory, MAY_WRITE | MAY_EXEC);
  if (denied < 0) return denied;
  if (isAppendOnly(directory) || isProtected(victim)) return -EPERM;
  if ((directory.mode & S_ISVTX) === 0) return 0;
  const { cred } = task;
  if (cred.fsuid === victim.uid || cred.fsuid === directory.uid || inodeCapable(cred, victim, CAP_FOWNER)) return 0;
  return -EPERM;
}

/** Owner, group and mode of a new inode in `directory`. Linux: inode_init_owner and mode_strip_sgid. */
export function initOwner(task: Task, directory: Inode, inode: Inode): void {
  const { cred } = task;
  inode.uid = cred.fsuid;
  if ((directory.mode & S_ISGID) === 0) {
    inode.gid = cred.fsgid;
    return;
  }
  inode.gid = directory.gid;
  if ((inode.mode & S_IFMT) === S_IFDIR) inode.mode |= S_ISGID;
  else if (
    (inode.mode & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP) &&
    !cred.inGroup(inode.gid) &&
    !inodeCapable(cred, directory, CAP_FSETID)
  ) {
    inode.mode &= ~S_ISGID;
  }
}
