/** Creating, removing and moving names in an overlay: in the upper tree, with whiteouts over what is below. Linux: fs/overlayfs/dir.c. */

import { EINVAL, ENOENT, ENOTEMPTY, EPERM, EXDEV, isErrno } from '../../../abi/errno.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from '../../../abi/fcntl.ts';
import { S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, S_ISGID } from '../../../abi/stat.ts';
import type { Task } from '../../task/task.ts';
import type { DirEmit } from '../../vfs/file.ts';
import type { Inode } from '../../vfs/inode.ts';
import { copyUp, invalidate } from './copy_up.ts';
import { mergeNames } from './merge_names.ts';
import { OverlayInode } from './overlay_inode.ts';
import { existing, isWhiteout, lookupOverlay, newUpperInode, originOf, realLookup, shownByLower } from './overlay_lookup.ts';

const OPAQUE = new Uint8Array([0x79]);

/** After a change of the upper directory: the overlay's copy of its attributes. */
function refreshed(directory: OverlayInode): void {
  directory.copyFromReal();
}

/** A new regular file, directory, device or (with `target`) symbolic link. */
export function createOverlay(
  task: Task,
  directory: OverlayInode,
  name: string,
  mode: number,
  rdev: number,
  target: string,
): Inode | number {
  const failed = copyUp(task, directory, false);
  if (failed < 0) return failed;
  const upper = directory.upper!;
  const hidden = realLookup(task, upper, name);
  if (isErrno(hidden)) return hidden;
  const whiteout = hidden !== null;
  if (whiteout) upper.unlink(task, name);
  const inode = createReal(task, upper, name, mode, rdev, target);
  if (isErrno(inode)) {
    if (whiteout) makeWhiteout(task, upper, name);
    return inode;
  }
  if (whiteout && (mode & S_IFMT) === S_IFDIR) inode.setxattr(task, directory.sb.xattrOpaque, OPAQUE, 0);
  if ((directory.mode & S_ISGID) !== (upper.mode & S_ISGID)) directory.copyFromReal();
  invalidate(upper, name);
  refreshed(directory);
  return newUpperInode(task, directory, name, inode, []);
}

function createReal(task: Task, upper: Inode, name: string, mode: number, rdev: number, target: string): Inode | number {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return upper.create(task, name, mode);
    case S_IFDIR:
      return upper.mkdir(task, name, mode);
    case S_IFLNK:
      return upper.symlink(task, name, target);
    default:
      return upper.mknod(task, name, mode, rdev);
  }
}

/** Whiteouts are the overlay's own: programs cannot make them through it. */
export function mknodOverlay(task: Task, directory: OverlayInode, name: string, mode: number, rdev: number): Inode | number {
  if ((mode & S_IFMT) === S_IFCHR && rdev === 0) return -EPERM;
  return createOverlay(task, directory, name, mode, rdev, '');
}

export const symlinkOverlay = (task: Task, directory: OverlayInode, name: string, target: string): Inode | number =>
  createOverlay(task, directory, name, S_IFLNK | 0o777, 0, target);

export function tmpfileOverlay(task: Task, directory: OverlayInode, mode: number): Inode | number {
  const failed = copyUp(task, directory, false);
  if (failed < 0) return failed;
  const inode = directory.upper!.tmpfile(task, mode);
  return isErrno(inode) ? inode : newUpperInode(task, directory, '', inode, []);
}

export function linkOverlay(task: Task, directory: OverlayInode, name: string, inode: OverlayInode): number {
  const failed = copyUp(task, inode, false) || copyUp(task, directory, false);
  if (failed < 0) return failed;
  const upper = directory.upper!;
  const hidden = realLookup(task, upper, name);
  if (isErrno(hidden)) return hidden;
  if (hidden !== null) upper.unlink(task, name);
  const result = upper.link(task, name, inode.upper!);
  if (result < 0) {
    if (hidden !== null) makeWhiteout(task, upper, name);
    return result;
  }
  invalidate(upper, name);
  refreshed(directory);
  inode.copyFromReal();
  if (inode.name === '') inode.name = name;
  return 0;
}

function makeWhiteout(task: Task, upper: Inode, name: string): number {
  const made = upper.mknod(task, name, S_IFCHR, 0);
  return isErrno(made) ? made : 0;
}

/** unlink(2) and rmdir(2). */
export function removeOverlay(task: Task, directory: OverlayInode, name: string, asDirectory: boolean): number {
  const victim = existing(task, directory, name);
  if (isErrno(victim)) return victim;
  if (asDirectory) {
    const names = mergeNames(task, victim);
    if (isErrno(names)) return names;
    if (names.length > 0) return -ENOTEMPTY;
  }
  const below = shownByLower(task, directory, name);
  if (isErrno(below)) return below;
  const failed = copyUp(task, directory, false);
  if (failed < 0) return failed;
  const upper = directory.upper!;
  if (victim.upper !== null) {
    const result = removeReal(task, upper, name, victim);
    if (result < 0) return result;
  }
  if (below === true) {
    const result = makeWhiteout(task, upper, name);
    if (result < 0) return result;
  }
  invalidate(upper, name);
  refreshed(directory);
  if (asDirectory) victim.nlink = 0;
  else if (victim.upper !== null) victim.nlink = victim.upper.nlink;
  else victim.nlink--;
  victim.ctime = task.kernel.now();
  return 0;
}

/** Remove the upper part of `victim`; a directory may still hold whiteouts. */
function removeReal(task: Task, upper: Inode, name: string, victim: OverlayInode): number {
  if (!victim.isDirectory) return upper.unlink(task, name);
  clearWhiteouts(task, victim.upper!);
  return upper.rmdir(task, name);
}

function clearWhiteouts(task: Task, directory: Inode): void {
  const names: string[] = [];
  directory.iterate(task, 2, (name) => {
    names.push(name);
    return true;
  });
  for (const name of names) directory.unlink(task, name);
}

/** Directories that have lower parts do not move: programs then copy them (redirect_dir=off). */
export function renameOverlay(task: Task, from: OverlayInode, name: string, to: OverlayInode, newName: string, flags: number): number {
  if ((flags & ~(RENAME_EXCHANGE | RENAME_NOREPLACE)) !== 0) return -EINVAL;
  const exchange = (flags & RENAME_EXCHANGE) !== 0;
  const inode = existing(task, from, name);
  if (isErrno(inode)) return inode;
  const target = existingOrNull(task, to, newName);
  if (isErrno(target)) return target;
  if (inode.isDirectory && inode.lowers.length > 0) return -EXDEV;
  if (exchange && target?.isDirectory === true && target.lowers.length > 0) return -EXDEV;
  if (!exchange && target !== null && target.isDirectory) {
    const names = mergeNames(task, target);
    if (isErrno(names)) return names;
    if (names.length > 0) return -ENOTEMPTY;
  }
  const oldBelow = shownByLower(task, from, name);
  if (isErrno(oldBelow)) return oldBelow;
  const newBelow = shownByLower(task, to, newName);
  if (isErrno(newBelow)) return newBelow;
  const failed = copyUp(task, inode, false) || copyUp(task, to, false) || (exchange && target !== null ? copyUp(task, target, false) : 0);
  if (failed < 0) return failed;
  const result = renameReal(task, { from: from.upper!, to: to.upper!, name, newName, exchange, inode, target });
  if (result < 0) return result;
  if (inode.isDirectory && newBelow === true) inode.upper!.setxattr(task, inode.sb.xattrOpaque, OPAQUE, 0);
  if (exchange && target!.isDirectory && oldBelow === true) target!.upper!.setxattr(task, inode.sb.xattrOpaque, OPAQUE, 0);
  if (!exchange && oldBelow === true) {
    const hidden = makeWhiteout(task, from.upper!, name);
    if (hidden < 0) return hidden;
  }
  invalidate(from.upper!, name);
  invalidate(to.upper!, newName);
  refreshed(from);
  refreshed(to);
  place(inode, to, newName);
  if (exchange) place(target!, from, name);
  else if (target !== null) target.nlink = target.isDirectory ? 0 : (target.upper?.nlink ?? target.nlink - 1);
  return 0;
}

function place(inode: OverlayInode, parent: OverlayInode, name: string): void {
  inode.parent = parent;
  inode.name = name;
  inode.ctime = inode.real.ctime;
}

/** As existing, for a name that need not be there. */
function existingOrNull(task: Task, directory: OverlayInode, name: string): OverlayInode | null | number {
  const cached = directory.alias?.children?.get(name)?.inode;
  if (cached instanceof OverlayInode || cached === null) return cached;
  const found = lookupOverlay(task, directory, name);
  return found === -ENOENT ? null : found;
}

interface RealMove {
  readonly from: Inode;
  readonly to: Inode;
  readonly name: string;
  readonly newName: string;
  readonly exchange: boolean;
  readonly inode: OverlayInode;
  readonly target: OverlayInode | null;
}

/** The move in the upper tree: what lies at the new name there is made way for. */
function renameReal(task: Task, { from, to, name, newName, exchange, inode, target }: RealMove): number {
  if (exchange) return from.rename(task, name, to, newName, RENAME_EXCHANGE);
  const occupied = realLookup(task, to, newName);
  if (isErrno(occupied)) return occupied;
  if (occupied !== null) {
    if (isWhiteout(occupied)) {
      if (inode.isDirectory) to.unlink(task, newName);
    } else if (target?.isDirectory === true) clearWhiteouts(task, occupied);
  }
  return from.rename(task, name, to, newName, 0);
}

/** Names of a directory that only one layer has. */
export function iterateSingle(task: Task, directory: OverlayInode, pos: number, emit: DirEmit): number {
  const { real, sb, upper } = directory;
  const offset = sb.inodeNumber(real) - real.ino;
  return real.iterate(task, pos, (name, ino, type, next) => {
    const child = upper === null && type !== S_IFCHR >> 12 ? null : realLookup(task, real, name);
    if (child === null || isErrno(child)) return emit(name, ino + offset, type, next);
    if (isWhiteout(child)) return true;
    return emit(name, originOf(task, directory, child) ?? ino + offset, type, next);
  });
}
