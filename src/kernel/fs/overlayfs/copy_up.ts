/** Giving a lower file a writable copy in the upper tree before it is changed. Linux: fs/overlayfs/copy_up.c. */

import { EIO, ENOENT, EROFS, isErrno } from '../../../abi/errno.ts';
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from '../../../abi/stat.ts';
import { FRAME_SIZE } from '../../../platform/ram.ts';
import type { Task } from '../../task/task.ts';
import type { Inode } from '../../vfs/inode.ts';
import { IovIter } from '../../vfs/iov_iter.ts';
import type { OverlayInode } from './overlay_inode.ts';

const CHUNK = 1 << 16;

/** Make sure that `inode` has an upper file, with its contents unless they are about to be discarded: 0, an errno or NOT_RESIDENT. */
export function copyUp(task: Task, inode: OverlayInode, withoutData: boolean): number {
  if (inode.upper !== null) return 0;
  if (inode.sb.upper === null) return -EROFS;
  const lower = inode.lowers[0]!;
  const resident = withoutData ? 0 : requestData(task, lower);
  if (resident < 0) return resident;
  const unlinked = inode.nlink === 0;
  const parent = inode.parent;
  if (parent === null) return -EIO;
  const failed = copyUp(task, parent, false);
  if (failed < 0) return failed;
  const directory = parent.upper!;
  const upper = unlinked ? directory.tmpfile(task, lower.mode) : createCopy(task, directory, inode.name, lower);
  if (isErrno(upper)) return upper;
  const result = fillCopy(task, inode, lower, upper, withoutData);
  if (result < 0) {
    if (unlinked) upper.evict();
    else if (inode.isDirectory) directory.rmdir(task, inode.name);
    else directory.unlink(task, inode.name);
    return result;
  }
  invalidate(directory, inode.name);
  adoptUpper(inode, upper);
  return 0;
}

function createCopy(task: Task, directory: Inode, name: string, lower: Inode): Inode | number {
  const type = lower.mode & S_IFMT;
  const { mtime, ctime } = directory;
  const copy =
    type === S_IFDIR
      ? directory.mkdir(task, name, lower.mode)
      : type === S_IFREG
        ? directory.create(task, name, lower.mode)
        : type === S_IFLNK
          ? symlinkCopy(task, directory, name, lower)
          : directory.mknod(task, name, lower.mode, lower.rdev);
  // The directory has not changed as far as programs can see.
  if (!isErrno(copy)) directory.setattr(task, { mtime, ctime });
  return copy;
}

function symlinkCopy(task: Task, directory: Inode, name: string, lower: Inode): Inode | number {
  const target = lower.readlink(task);
  return isErrno(target) ? target : directory.symlink(task, name, target);
}

function fillCopy(task: Task, inode: OverlayInode, lower: Inode, upper: Inode, withoutData: boolean): number {
  for (const name of lower.listxattr(task)) {
    if (inode.sb.shownXattr(name) === null) continue;
    const value = lower.getxattr(task, name);
    if (isErrno(value)) continue;
    const failed = upper.setxattr(task, name, value, 0);
    if (failed < 0) return failed;
  }
  if (!inode.isDirectory && lower.nlink === 1) {
    const failed = upper.setxattr(task, inode.sb.xattrOrigin, inode.sb.encodeOrigin(lower), 0);
    if (failed < 0) return failed;
  }
  const failed = withoutData ? 0 : copyData(task, lower, upper);
  if (failed < 0) return failed;
  const { mode, uid, gid, atime, mtime, ctime } = lower;
  const symlink = (mode & S_IFMT) === S_IFLNK;
  return upper.setattr(task, { uid, gid, atime, mtime, ctime, ...(symlink ? {} : { mode: mode & 0o7777 }) });
}

/** Ask for all the pages at once, so that copying does not stop half-way. */
function requestData(task: Task, lower: Inode): number {
  if (lower.mapping === null) return 0;
  return lower.mapping.request(0, Math.ceil(lower.size / FRAME_SIZE), task.group.cgroup.memory);
}

/** Copy the data, leaving holes out. */
function copyData(task: Task, lower: Inode, upper: Inode): number {
  const { size, mapping } = lower;
  if (mapping === null || upper.mapping === null) return 0;
  const buffer = new Uint8Array(Math.min(CHUNK, size));
  const group = task.group.cgroup.memory;
  for (let pos = size > 0 ? lower.seekData(0, false) : 0; pos < size; pos = lower.seekData(pos, false)) {
    const end = Math.min(size, lower.seekData(pos, true), pos + CHUNK);
    const part = buffer.subarray(0, end - pos);
    const read = mapping.readInto(IovIter.kernel(part, group), pos);
    if (read < part.length) return read < 0 ? read : -EIO;
    const written = upper.mapping.writeFrom(IovIter.kernel(part, group), pos);
    if (written < part.length) return written < 0 ? written : -ENOENT;
    pos = end;
    if (pos >= size) break;
  }
  return upper.size < size ? upper.setattr(task, { size }) : 0;
}

/** From now on `upper` has the attributes and the contents. */
export function adoptUpper(inode: OverlayInode, upper: Inode): void {
  upper.refs++;
  inode.upper = upper;
  const { nlink } = inode;
  if (!inode.isDirectory) {
    for (const lower of inode.lowers) lower.put();
    inode.lowers = [];
    inode.sb.byUpper.set(upper, inode);
  }
  inode.copyFromReal();
  if (nlink === 0) inode.nlink = 0;
}

/** The upper directory was changed without its own file system's names being told. */
export function invalidate(directory: Inode, name: string): void {
  directory.sb.kernel.vfs.dcache.invalidate(directory, name);
}
