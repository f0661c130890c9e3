/** Finding a name in the layers of an overlay. Linux: ovl_lookup in fs/overlayfs/namei.c. */

import { EIO, ENOENT, ENOMEM, isErrno } from '../../../abi/errno.ts';
import { S_IFCHR, S_IFDIR, S_IFMT } from '../../../abi/stat.ts';
import type { Task } from '../../task/task.ts';
import type { Inode } from '../../vfs/inode.ts';
import { OverlayInode } from './overlay_inode.ts';
import type { OverlaySuperBlock } from './overlay_super_block.ts';

/** A deletion recorded in an upper directory. */
export const isWhiteout = (inode: Inode): boolean => (inode.mode & S_IFMT) === S_IFCHR && inode.rdev === 0;

const isDirectory = (inode: Inode): boolean => (inode.mode & S_IFMT) === S_IFDIR;

/** A directory that hides the ones below it. */
export function isOpaque(task: Task, sb: OverlaySuperBlock, directory: Inode): boolean {
  const value = directory.getxattr(task, sb.xattrOpaque);
  return !isErrno(value) && value.length === 1 && value[0] === 0x79;
}

/** `name` in one real directory: null when it is not there. */
export function realLookup(task: Task, directory: Inode | null, name: string): Inode | null | number {
  const found = directory?.lookup(task, name) ?? -ENOENT;
  return found === -ENOENT ? null : found;
}

/** What the lower directories of `directory` show as `name`, topmost first: empty when nothing. */
function lookupLowers(task: Task, directory: OverlayInode, name: string, wantDirectory: boolean): Inode[] | number {
  const found: Inode[] = [];
  for (const lower of directory.lowers) {
    const inode = realLookup(task, lower, name);
    if (isErrno(inode)) return inode;
    if (inode === null) continue;
    if (isWhiteout(inode)) break;
    if (!isDirectory(inode)) {
      if (!wantDirectory && found.length === 0) found.push(inode);
      break;
    }
    found.push(inode);
    if (isOpaque(task, directory.sb, inode)) break;
  }
  return found;
}

/** Whether removing `name` from the upper directory would let a lower one show through. Linux: ovl_lower_positive. */
export function shownByLower(task: Task, directory: OverlayInode, name: string): boolean | number {
  const found = lookupLowers(task, directory, name, false);
  return isErrno(found) ? found : found.length > 0;
}

/** The number that a file had before it was copied up. */
export function originOf(task: Task, directory: OverlayInode, upper: Inode): number | undefined {
  const value = upper.getxattr(task, directory.sb.xattrOrigin);
  return isErrno(value) ? undefined : directory.sb.decodeOrigin(value);
}

export function lookupOverlay(task: Task, directory: OverlayInode, name: string): OverlayInode | number {
  const upper = realLookup(task, directory.upper, name);
  if (isErrno(upper)) return upper;
  if (upper !== null) {
    if (isWhiteout(upper)) return -ENOENT;
    const known = directory.sb.byUpper.get(upper);
    if (known !== undefined) return known;
    if (!isDirectory(upper) || isOpaque(task, directory.sb, upper)) return newUpperInode(task, directory, name, upper, []);
  }
  const lowers = lookupLowers(task, directory, name, upper !== null);
  if (isErrno(lowers)) return lowers;
  if (upper !== null) return newUpperInode(task, directory, name, upper, lowers);
  if (lowers.length === 0) return -ENOENT;
  const inode = new OverlayInode(directory.sb, directory, name, null, lowers);
  return inode.chargeTo(task.group.cgroup.memory) ? inode : -ENOMEM;
}

/** An overlay inode for one of the upper tree. */
export function newUpperInode(
  task: Task,
  directory: OverlayInode,
  name: string,
  upper: Inode,
  lowers: readonly Inode[],
): OverlayInode | number {
  const ino = lowers.length > 0 ? directory.sb.inodeNumber(lowers[lowers.length - 1]!) : originOf(task, directory, upper);
  const inode = new OverlayInode(directory.sb, directory, name, upper, lowers, ino);
  if (!inode.chargeTo(task.group.cgroup.memory)) {
    inode.forget();
    return -ENOMEM;
  }
  if (!inode.isDirectory) directory.sb.byUpper.set(upper, inode);
  return inode;
}

/** The overlay inode that `directory` shows as `name`, when it must be there. */
export function existing(task: Task, directory: OverlayInode, name: string): OverlayInode | number {
  const cached = directory.alias?.children?.get(name)?.inode;
  if (cached instanceof OverlayInode) return cached;
  const found = lookupOverlay(task, directory, name);
  return isErrno(found) && found === -ENOENT ? -EIO : found;
}
