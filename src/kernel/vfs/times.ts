/** When files were used and changed. Linux: touch_atime, file_update_time in fs/inode.c. See inode(7). */

import { MS_NODIRATIME, MS_RELATIME } from '../../abi/mount.ts';
import { S_IFDIR, S_IFMT } from '../../abi/stat.ts';
import type { Inode, Timespec } from './inode.ts';
import type { Mount } from './mount.ts';

const DAY = 86400;

const notAfter = (a: Timespec, b: Timespec): boolean =>
  a.seconds < b.seconds || (a.seconds === b.seconds && a.nanoseconds <= b.nanoseconds);

/** The file was read through `mount`: with relatime only the first read after a change, or of a day, counts. See mount(8). */
export function touchAtime(mount: Mount | null, inode: Inode): void {
  if (mount === null || mount.noAtime || mount.readOnly) return;
  if ((mount.flags & MS_NODIRATIME) !== 0 && (inode.mode & S_IFMT) === S_IFDIR) return;
  const { atime } = inode;
  const relative = (mount.flags & MS_RELATIME) !== 0;
  if (relative && !notAfter(atime, inode.mtime) && !notAfter(atime, inode.ctime) && inode.sb.kernel.now().seconds - atime.seconds < DAY)
    return;
  inode.accessed();
}
