/** Flags of files that chattr(1) sets, and what two of them forbid. Linux: IS_IMMUTABLE, IS_APPEND. See ioctl_iflags(2). */

import { FS_APPEND_FL, FS_IMMUTABLE_FL, FS_NODUMP_FL } from '../../abi/file_attributes.ts';
import { STATX_ATTR_APPEND, STATX_ATTR_IMMUTABLE, STATX_ATTR_NODUMP } from '../../abi/stat.ts';
import type { Inode } from './inode.ts';

/** Those that need CAP_LINUX_IMMUTABLE. */
export const PROTECTING: number = FS_APPEND_FL | FS_IMMUTABLE_FL;

/** Nobody changes the file. */
export const isImmutable = (inode: Inode): boolean => ((inode.fileFlags ?? 0) & FS_IMMUTABLE_FL) !== 0;
/** Nobody changes what is in the file, but it grows. */
export const isAppendOnly = (inode: Inode): boolean => ((inode.fileFlags ?? 0) & FS_APPEND_FL) !== 0;
/** Neither names nor attributes change. */
export const isProtected = (inode: Inode): boolean => ((inode.fileFlags ?? 0) & PROTECTING) !== 0;

/** What statx(2) says of them, and which it could say. */
export function statxAttributes({ fileFlags }: Inode): readonly [value: number, mask: number] {
  if (fileFlags === null) return [0, 0];
  const value =
    ((fileFlags & FS_IMMUTABLE_FL) !== 0 ? STATX_ATTR_IMMUTABLE : 0) |
    ((fileFlags & FS_APPEND_FL) !== 0 ? STATX_ATTR_APPEND : 0) |
    ((fileFlags & FS_NODUMP_FL) !== 0 ? STATX_ATTR_NODUMP : 0);
  return [value, STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND | STATX_ATTR_NODUMP];
}
