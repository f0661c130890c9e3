/** Reading and changing the flags of files that chattr(1) sets. Linux: vfs_fileattr_set in fs/ioctl.c. */

import { CAP_LINUX_IMMUTABLE } from '../../abi/capability.ts';
import { EINVAL, ENOTTY, EOPNOTSUPP, EPERM, EROFS } from '../../abi/errno.ts';
import * as a from '../../abi/file_attributes.ts';
import { S_IFMT, S_IFREG } from '../../abi/stat.ts';
import { pathOfFile } from '../fs/anon_inodes/anonymous.ts';
import type { Task } from '../task/task.ts';
import type { File } from './file.ts';
import { PROTECTING } from './file_flags.ts';
import { ownerOrCapable } from './permission.ts';

/** One of the ioctls: its result, or null if the request is another one or the file has no flags. */
export function attributeIoctl(task: Task, file: File, request: number, argument: number): number | null {
  const { inode } = file;
  const old = inode.fileFlags;
  if (old === null) return null;
  const mm = task.mm!;
  switch (request) {
    case a.FS_IOC_GETFLAGS:
      return mm.writeU32(argument, old);
    case a.FS_IOC_SETFLAGS: {
      const flags = mm.readU32(argument);
      return flags < 0 ? flags : set(task, file, flags);
    }
    case a.FS_IOC_FSGETXATTR: {
      const words = new Uint32Array(a.FSXATTR_SIZE / 4);
      for (const [shown, flag] of a.FS_COMMON) if ((old & flag) !== 0) words[0]! |= shown;
      return mm.copyOut(argument, new Uint8Array(words.buffer));
    }
    case a.FS_IOC_FSSETXATTR: {
      const bytes = mm.copyIn(argument, a.FSXATTR_SIZE);
      return typeof bytes === 'number' ? bytes : setExtended(task, file, new Uint32Array(bytes.slice(0, 20).buffer));
    }
    default:
      return null;
  }
}

/** struct fsxattr: no file system here has sizes of extents or projects; the number of extents is not looked at. Linux: fileattr_set_prepare. */
function setExtended(task: Task, file: File, words: Uint32Array): number {
  const { inode } = file;
  const [shown, extentSize, , project, copySize] = words as unknown as [number, number, number, number, number];
  const isRegular = (inode.mode & S_IFMT) === S_IFREG;
  const projects = project !== 0 || (shown & a.FS_XFLAG_PROJINHERIT) !== 0;
  const invalid =
    (shown & (isRegular ? a.FS_XFLAG_EXTSZINHERIT : a.FS_XFLAG_EXTSIZE)) !== 0 ||
    (projects && task.cred.userNs !== task.kernel.initialUserNs);
  let known = 0;
  let flags = inode.fileFlags ?? 0;
  for (const [bit, flag] of a.FS_COMMON) {
    known |= bit;
    flags = (shown & bit) !== 0 ? flags | flag : flags & ~flag;
  }
  // Sizes of zero turn their flags off.
  if (extentSize === 0) known |= a.FS_XFLAG_EXTSIZE | a.FS_XFLAG_EXTSZINHERIT;
  if (copySize === 0) known |= a.FS_XFLAG_COWEXTSIZE;
  const unsupported = (shown & ~known) !== 0 || extentSize !== 0 || project !== 0 || copySize !== 0;
  return set(task, file, flags, invalid ? -EINVAL : unsupported ? -EOPNOTSUPP : 0);
}

/** Linux: vfs_fileattr_set. `refused` is what is wrong besides. */
function set(task: Task, file: File, flags: number, refused = 0): number {
  const { inode } = file;
  if (pathOfFile(file)?.mount.readOnly === true) return -EROFS;
  if (!ownerOrCapable(task.cred, inode)) return -EPERM;
  const changed = (inode.fileFlags ?? 0) ^ flags;
  if ((changed & PROTECTING) !== 0 && !task.cred.capable(CAP_LINUX_IMMUTABLE, task.kernel.initialUserNs)) return -EPERM;
  const result = refused || inode.setFileFlags(task, flags >>> 0);
  return result === -ENOTTY ? -EOPNOTSUPP : result;
}
