/** What was written to the writable layer of a container, for turning it into an image layer. */

import { isErrno } from '../../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import type { Inode, Timespec } from '../vfs/inode.ts';
import { IovIter } from '../vfs/iov_iter.ts';

/** One file of the layer, in overlayfs's terms: whiteouts are character devices with rdev 0. */
export interface Change {
  /** Byte string, without a leading slash; the empty string for the root. */
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: Timespec;
  readonly rdev: number;
  readonly links: number;
  readonly ino: number;
  readonly target: string;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
  read(offset: number, length: number): Uint8Array;
}

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFLNK = 0o120000;

/** Everything below `root`, directories before what is in them, names in order. */
export function* changesBelow(kernel: Kernel, root: Inode): Iterable<Change> {
  yield* visit(kernel.firstTask, root, '');
}

function* visit(task: Task, inode: Inode, path: string): Iterable<Change> {
  if (path !== '') yield describe(task, inode, path);
  if ((inode.mode & S_IFMT) !== S_IFDIR) return;
  const names: string[] = [];
  inode.iterate(task, 2, (name) => {
    names.push(name);
    return true;
  });
  for (const name of names.sort()) {
    if (name === '.' || name === '..') continue;
    const child = inode.lookup(task, name);
    if (!isErrno(child)) yield* visit(task, child, path === '' ? name : `${path}/${name}`);
  }
}

function describe(task: Task, inode: Inode, path: string): Change {
  const target = (inode.mode & S_IFMT) === S_IFLNK ? inode.readlink(task) : '';
  const xattrs = new Map<string, Uint8Array>();
  for (const name of inode.listxattr(task)) {
    const value = inode.getxattr(task, name);
    if (typeof value !== 'number') xattrs.set(name, value);
  }
  return {
    path,
    mode: inode.mode,
    uid: inode.uid,
    gid: inode.gid,
    size: inode.size,
    mtime: inode.mtime,
    rdev: inode.rdev,
    links: inode.nlink,
    ino: inode.ino,
    target: isErrno(target) ? '' : target,
    xattrs,
    read(offset, length) {
      const bytes = new Uint8Array(length);
      inode.mapping?.readInto(IovIter.kernel(bytes), offset, length);
      return bytes;
    },
  };
}
