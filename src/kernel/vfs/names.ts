/** Creating, removing and moving names: permission, the file system's operation, the dentry cache, events. Linux: vfs_ functions of fs/namei.c. */

import { BPF_DEVCG_ACC_MKNOD } from '../../abi/bpf.ts';
import { CAP_MKNOD } from '../../abi/capability.ts';
import { EBUSY, EEXIST, EINVAL, EISDIR, EMLINK, ENOENT, ENOTDIR, ENOTEMPTY, EPERM, EROFS, EXDEV, isErrno } from '../../abi/errno.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from '../../abi/fcntl.ts';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFMT, S_IFREG, S_ISGID, S_ISUID, S_ISVTX, S_IXGRP } from '../../abi/stat.ts';
import { devicePermission } from '../bpf/device_permission.ts';
import type { Task } from '../task/task.ts';
import type { Dentry } from './dentry.ts';
import { isProtected } from './file_flags.ts';
import { notifyCreate, notifyLinkCount, notifyMove, notifyRemove } from './fsnotify.ts';
import type { Inode } from './inode.ts';
import { UMOUNT_CONNECTED, umountTree } from './mount_tree.ts';
import { lookupParent, type Walk } from './namei.ts';
import { MAY_READ, MAY_WRITE, mayCreate, mayDelete, ownerOrCapable, permission } from './permission.ts';

/** Links that a file can have. Linux: LINK_MAX of most file systems. */
const LINK_MAX = 65000;

const isDirectory = (inode: Inode): boolean => (inode.mode & S_IFMT) === S_IFDIR;

/** A name that is about to be made: the negative entry, and the walk that stands in its directory. */
export interface NewName {
  readonly walk: Walk;
  readonly dentry: Dentry;
}

/** Walk to a name that must not exist yet. Linux: filename_create. */
export function newName(task: Task, dirfd: number, path: string, directory: boolean): NewName | number {
  const walk = lookupParent(task, dirfd, path);
  if (isErrno(walk)) return walk;
  if (walk.name === '' || walk.name === '.' || walk.name === '..') return -EEXIST;
  const dentry = walk.last();
  if (isErrno(dentry)) return dentry;
  if (dentry.inode !== null) return -EEXIST;
  if (walk.trailing && !directory) return -ENOENT;
  if (walk.mount.readOnly) return -EROFS;
  return { walk, dentry };
}

/** The mode of a new inode of `directory`, with the caller's umask applied. */
export const maskMode = (task: Task, mode: number): number => mode & ~task.fs!.umask;

function made(dentry: Dentry, inode: Inode): void {
  dentry.instantiate(inode);
  notifyCreate(dentry.parent.inode!, dentry);
}

/** A regular file; `mode` are permission bits. */
export const createFile = (task: Task, dentry: Dentry, mode: number): number =>
  makeObject(task, dentry, mode, (directory, all) => directory.create(task, dentry.name, all));

/** The same with another way to make the file, given its whole mode. Linux: vfs_mkobj. */
export function makeObject(task: Task, dentry: Dentry, mode: number, create: (directory: Inode, mode: number) => Inode | number): number {
  const directory = dentry.parent.inode!;
  if (dentry.parent.unlinked) return -ENOENT;
  const denied = mayCreate(task, directory);
  if (denied < 0) return denied;
  const inode = create(directory, S_IFREG | (mode & 0o7777));
  if (isErrno(inode)) return inode;
  made(dentry, inode);
  return 0;
}

export function makeDirectory(task: Task, dentry: Dentry, mode: number): number {
  const directory = dentry.parent.inode!;
  if (dentry.parent.unlinked) return -ENOENT;
  const denied = mayCreate(task, directory);
  if (denied < 0) return denied;
  if (directory.nlink >= LINK_MAX) return -EMLINK;
  const inode = directory.mkdir(task, dentry.name, S_IFDIR | (mode & (0o777 | S_ISVTX)));
  if (isErrno(inode)) return inode;
  made(dentry, inode);
  return 0;
}

/** `mode` has the type; overlayfs whiteouts (0, 0) need no capability. */
export function makeNode(task: Task, dentry: Dentry, mode: number, rdev: number): number {
  const directory = dentry.parent.inode!;
  if (dentry.parent.unlinked) return -ENOENT;
  const denied = mayCreate(task, directory);
  if (denied < 0) return denied;
  const type = mode & S_IFMT;
  const device = (type === S_IFCHR && rdev !== 0) || type === S_IFBLK;
  if (device && !task.cred.capable(CAP_MKNOD, task.kernel.initialUserNs)) return -EPERM;
  if (device) {
    const refused = devicePermission(task, mode, rdev, BPF_DEVCG_ACC_MKNOD);
    if (refused < 0) return refused;
  }
  const inode = directory.mknod(task, dentry.name, mode, rdev);
  if (isErrno(inode)) return inode;
  made(dentry, inode);
  return 0;
}

export function makeSymlink(task: Task, dentry: Dentry, target: string): number {
  const directory = dentry.parent.inode!;
  if (dentry.parent.unlinked) return -ENOENT;
  const denied = mayCreate(task, directory);
  if (denied < 0) return denied;
  const inode = directory.symlink(task, dentry.name, target);
  if (isErrno(inode)) return inode;
  made(dentry, inode);
  return 0;
}

/** Give `inode` the name of a negative entry on the same superblock. */
export function makeLink(task: Task, inode: Inode, dentry: Dentry): number {
  const directory = dentry.parent.inode!;
  if (dentry.parent.unlinked) return -ENOENT;
  const denied = mayCreate(task, directory);
  if (denied < 0) return denied;
  if (inode.sb !== directory.sb) return -EXDEV;
  if (isProtected(inode) || isDirectory(inode)) return -EPERM;
  if (inode.nlink >= LINK_MAX) return -EMLINK;
  const failed = directory.link(task, dentry.name, inode);
  if (failed < 0) return failed;
  made(dentry, inode);
  return 0;
}

/** Who may hard-link other people's files. See proc_sys_fs(5), protected_hardlinks. Linux: may_linkat. */
export function mayLink(task: Task, inode: Inode): number {
  if (task.kernel.vfs.protectedHardlinks === 0 || ownerOrCapable(task.cred, inode)) return 0;
  const { mode } = inode;
  const safe =
    (mode & S_IFMT) === S_IFREG &&
    (mode & S_ISUID) === 0 &&
    (mode & (S_ISGID | S_IXGRP)) !== (S_ISGID | S_IXGRP) &&
    permission(task, inode, MAY_READ | MAY_WRITE) === 0;
  return safe ? 0 : -EPERM;
}

/** Remove the name of something that is not a directory. */
export function unlink(task: Task, dentry: Dentry): number {
  const inode = dentry.inode!;
  const directory = dentry.parent.inode!;
  const denied = mayDelete(task, directory, inode);
  if (denied < 0) return denied;
  if (isDirectory(inode)) return -EISDIR;
  if (isMountPointHere(task, dentry)) return -EBUSY;
  const { name } = dentry;
  inode.refs++;
  const failed = directory.unlink(task, name);
  if (failed === 0) {
    detachMounts(dentry);
    notifyLinkCount(inode);
    task.kernel.vfs.dcache.delete(dentry);
    notifyRemove(directory, name, inode);
  }
  inode.put();
  return failed;
}

export function removeDirectory(task: Task, dentry: Dentry): number {
  const inode = dentry.inode!;
  const directory = dentry.parent.inode!;
  const denied = mayDelete(task, directory, inode);
  if (denied < 0) return denied;
  if (!isDirectory(inode)) return -ENOTDIR;
  if (isMountPointHere(task, dentry)) return -EBUSY;
  const { name } = dentry;
  inode.refs++;
  const failed = directory.rmdir(task, name);
  if (failed === 0) {
    detachMounts(dentry);
    task.kernel.vfs.dcache.delete(dentry);
    notifyRemove(directory, name, inode);
  }
  inode.put();
  return failed;
}

/** Two entries of one superblock, in directories reached through one mount. Flags of renameat2(2). Linux: do_renameat2, vfs_rename. */
export function rename(task: Task, old: Dentry, target: Dentry, flags: number): number {
  const inode = old.inode;
  if (inode === null) return -ENOENT;
  const replaced = target.inode;
  const exchange = (flags & RENAME_EXCHANGE) !== 0;
  if (exchange && replaced === null) return -ENOENT;
  if ((flags & RENAME_NOREPLACE) !== 0 && replaced !== null) return -EEXIST;
  if (old.isAncestorOf(target)) return target === old ? 0 : -EINVAL;
  if (target.isAncestorOf(old)) return exchange ? -EINVAL : -ENOTEMPTY;
  if (inode === replaced) return 0;
  const from = old.parent.inode!;
  const to = target.parent.inode!;
  let denied = mayDelete(task, from, inode);
  if (denied === 0) {
    if (replaced === null) denied = target.parent.unlinked ? -ENOENT : mayCreate(task, to);
    else denied = mayDelete(task, to, replaced);
  }
  if (denied < 0) return denied;
  if (replaced !== null && !exchange) {
    if (isDirectory(inode) && !isDirectory(replaced)) return -ENOTDIR;
    if (!isDirectory(inode) && isDirectory(replaced)) return -EISDIR;
  }
  // A directory that moves gets another "..": it must be writable itself.
  if (from !== to) {
    if (isDirectory(inode)) denied = permission(task, inode, MAY_WRITE);
    if (denied === 0 && exchange && isDirectory(replaced!)) denied = permission(task, replaced!, MAY_WRITE);
    if (denied < 0) return denied;
  }
  if (isMountPointHere(task, old) || isMountPointHere(task, target)) return -EBUSY;
  if (isDirectory(inode) && from !== to && to.nlink >= LINK_MAX) return -EMLINK;
  const { name } = old;
  const { name: newName } = target;
  replacedHold(replaced);
  const failed = from.rename(task, name, to, newName, flags);
  if (failed === 0) moved(task, old, target, flags, { from, to, name, newName, inode, replaced });
  replaced?.put();
  return failed;
}

interface Move {
  readonly from: Inode;
  readonly to: Inode;
  readonly name: string;
  readonly newName: string;
  readonly inode: Inode;
  readonly replaced: Inode | null;
}

function replacedHold(replaced: Inode | null): void {
  if (replaced !== null) replaced.refs++;
}

function moved(task: Task, old: Dentry, target: Dentry, flags: number, { from, to, name, newName, inode, replaced }: Move): void {
  const { dcache } = task.kernel.vfs;
  notifyMove(from, name, to, newName, inode);
  if ((flags & RENAME_EXCHANGE) !== 0) {
    notifyMove(to, newName, from, name, replaced!);
    dcache.exchange(old, target);
    return;
  }
  detachMounts(target);
  if (replaced !== null) notifyLinkCount(replaced);
  dcache.move(old, target.parent, newName, target);
}

/** Whether something is mounted on the entry in the caller's mount namespace. Linux: is_local_mountpoint. */
function isMountPointHere(task: Task, dentry: Dentry): boolean {
  return dentry.mounts !== null && [...dentry.mounts].some((mount) => mount.namespace === task.nsproxy.mnt);
}

/** The place is gone: mounts that other namespaces have on it go too. Linux: detach_mounts. */
function detachMounts(dentry: Dentry): void {
  for (const mount of [...(dentry.mounts ?? [])]) {
    if (!mount.unmounted) umountTree(mount, UMOUNT_CONNECTED);
    else {
      mount.detach();
      mount.releaseIfUnused();
    }
  }
}
