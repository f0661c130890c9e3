/** Applying attribute changes to an inode that keeps them in memory. Linux: setattr_copy in fs/attr.c. */

import type { Attributes, Inode } from './inode.ts';

/** Everything but the size. */
export function copyAttributes(inode: Inode, { mode, uid, gid, atime, mtime, ctime }: Attributes): void {
  if (mode !== undefined) inode.mode = (inode.mode & ~0o7777) | (mode & 0o7777);
  if (uid !== undefined) inode.uid = uid;
  if (gid !== undefined) inode.gid = gid;
  if (atime !== undefined) inode.atime = atime;
  if (mtime !== undefined) inode.mtime = mtime;
  inode.ctime = ctime ?? inode.sb.kernel.now();
}
