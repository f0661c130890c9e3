/** The attributes of a file as stat(2) and statx(2) lay them out. Linux: fs/stat.c. */

import {
  majorOf,
  minorOf,
  S_IFBLK,
  S_IFCHR,
  S_IFMT,
  STAT_SIZE,
  STATX_ATTR_MOUNT_ROOT,
  STATX_BASIC_STATS,
  STATX_MNT_ID,
  STATX_MNT_ID_UNIQUE,
  STATX_SIZE,
} from '../../abi/stat.ts';
import type { Task } from '../task/task.ts';
import { statxAttributes } from './file_flags.ts';
import type { Inode, Timespec } from './inode.ts';
import type { Path } from './path.ts';

const TWO_32 = 4294967296;

function setU64(data: DataView, at: number, value: number): void {
  data.setUint32(at, (value % TWO_32) | 0, true);
  data.setInt32(at + 4, Math.floor(value / TWO_32), true);
}

function setTime(data: DataView, at: number, time: Timespec): void {
  setU64(data, at, time.seconds);
  data.setUint32(at + 8, time.nanoseconds, true);
}

/** st_rdev means something for devices only. */
const rdevOf = (inode: Inode): number => {
  const type = inode.mode & S_IFMT;
  return type === S_IFCHR || type === S_IFBLK ? inode.rdev : 0;
};

/** Filled anew by each encodeStat; its gaps stay zero. */
const statBuffer: Uint8Array = new Uint8Array(STAT_SIZE);
const statView: DataView = new DataView(statBuffer.buffer);

/** struct stat of arm64 (asm-generic/stat.h), with the ids of the caller's user namespace. Valid until the next call. */
export function encodeStat(task: Task, inode: Inode): Uint8Array {
  inode.refresh(task);
  const { userNs } = task.cred;
  const data = statView;
  data.setUint32(0, inode.sb.dev, true);
  setU64(data, 8, inode.ino);
  data.setUint32(16, inode.mode, true);
  data.setUint32(20, inode.nlink, true);
  data.setUint32(24, userNs.uid(inode.uid), true);
  data.setUint32(28, userNs.gid(inode.gid), true);
  data.setUint32(32, rdevOf(inode), true);
  setU64(data, 48, inode.size);
  data.setInt32(56, inode.sb.blockSize, true);
  setU64(data, 64, inode.blocks);
  setTime(data, 72, inode.atime);
  setTime(data, 88, inode.mtime);
  setTime(data, 104, inode.ctime);
  return statBuffer;
}

/** struct statx; `path` is null for files without a place. */
export function encodeStatx(task: Task, inode: Inode, path: Path | null, mask: number): Uint8Array {
  inode.refresh(task);
  const { userNs } = task.cred;
  const data = new DataView(new ArrayBuffer(STATX_SIZE));
  const unique = (mask & STATX_MNT_ID_UNIQUE) !== 0;
  data.setUint32(0, STATX_BASIC_STATS | (path === null ? 0 : unique ? STATX_MNT_ID_UNIQUE : STATX_MNT_ID), true);
  data.setUint32(4, inode.sb.blockSize, true);
  const [attributes, known] = statxAttributes(inode);
  data.setUint32(8, attributes | (path !== null && path.dentry === path.mount.root ? STATX_ATTR_MOUNT_ROOT : 0), true);
  data.setUint32(16, inode.nlink, true);
  data.setUint32(20, userNs.uid(inode.uid), true);
  data.setUint32(24, userNs.gid(inode.gid), true);
  data.setUint16(28, inode.mode, true);
  setU64(data, 32, inode.ino);
  setU64(data, 40, inode.size);
  setU64(data, 48, inode.blocks);
  data.setUint32(56, STATX_ATTR_MOUNT_ROOT | known, true);
  setTime(data, 64, inode.atime);
  setTime(data, 96, inode.ctime);
  setTime(data, 112, inode.mtime);
  const rdev = rdevOf(inode);
  data.setUint32(128, majorOf(rdev), true);
  data.setUint32(132, minorOf(rdev), true);
  data.setUint32(136, majorOf(inode.sb.dev), true);
  data.setUint32(140, minorOf(inode.sb.dev), true);
  if (path !== null) setU64(data, 144, unique ? path.mount.uniqueId : path.mount.id);
  return new Uint8Array(data.buffer);
}
