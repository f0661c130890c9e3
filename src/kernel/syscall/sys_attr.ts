/** fchmodat, fchownat, utimensat, truncate, fallocate and their kin. See the manual page of each. Linux: fs/open.c, fs/utimes.c. */

import { EBADF, EFBIG, EINVAL, EISDIR, ENODEV, EOPNOTSUPP, EPERM, EROFS, ESPIPE, isErrno } from '../../abi/errno.ts';
import * as c from '../../abi/fcntl.ts';
import { IN_MODIFY } from '../../abi/inotify.ts';
import { S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, UTIME_NOW, UTIME_OMIT } from '../../abi/stat.ts';
import { pathOfFile } from '../fs/anon_inodes/anonymous.ts';
import type { Task } from '../task/task.ts';
import { changeMode, changeOwner, changeTimes, truncateInode, truncatePath } from '../vfs/attributes.ts';
import { isAppendOnly, isImmutable, isProtected } from '../vfs/file_flags.ts';
import { notifyFile } from '../vfs/fsnotify.ts';
import type { Timespec } from '../vfs/inode.ts';
import { LOOKUP_EMPTY, LOOKUP_FOLLOW, userPath } from '../vfs/namei.ts';
import type { Path } from '../vfs/path.ts';
import { limitSize } from '../vfs/write_limit.ts';
import { fd, flags, int, long, mode, ptr, str, uint } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';

/** MAX_LFS_FILESIZE as far as doubles are exact. */
const MAX_SIZE = 2 ** 52;
const NO_ID = 0xffffffff;

/** Where the (not O_PATH) file of a descriptor is. */
function fdPath(task: Task, number: number): Path | number {
  const file = task.files!.io(number);
  return (file === null ? null : pathOfFile(file)) ?? -EBADF;
}

const fchmod = defineSyscall('fchmod', [fd('fd'), mode('mode')], (task, number, bits) => {
  const path = fdPath(task, number);
  return isErrno(path) ? path : changeMode(task, path, bits);
});

function chmodAt(task: Task, dirfd: number, address: number, bits: number, at: number): number {
  if ((at & ~(c.AT_SYMLINK_NOFOLLOW | c.AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const lookup = ((at & c.AT_SYMLINK_NOFOLLOW) !== 0 ? 0 : LOOKUP_FOLLOW) | ((at & c.AT_EMPTY_PATH) !== 0 ? LOOKUP_EMPTY : 0);
  const path = userPath(task, dirfd, address, lookup);
  if (isErrno(path)) return path;
  return (path.inode.mode & S_IFMT) === S_IFLNK ? -EOPNOTSUPP : changeMode(task, path, bits);
}

const fchmodat = defineSyscall('fchmodat', [fd('dirfd'), str('path'), mode('mode')], (task, dirfd, path, bits) =>
  chmodAt(task, dirfd, path, bits, 0),
);

const fchmodat2 = defineSyscall('fchmodat2', [fd('dirfd'), str('path'), mode('mode'), flags('flags')], chmodAt);

/** Ids as the caller's user namespace has them. */
function chown(task: Task, path: Path, user: number, group: number): number {
  if (path.mount.readOnly) return -EROFS;
  const { userNs } = task.cred;
  const uid = user === NO_ID ? -1 : userNs.kuid(user);
  const gid = group === NO_ID ? -1 : userNs.kgid(group);
  if ((uid < 0 && user !== NO_ID) || (gid < 0 && group !== NO_ID)) return -EINVAL;
  return changeOwner(task, path, uid, gid);
}

const fchown = defineSyscall('fchown', [fd('fd'), uint('owner'), uint('group')], (task, number, user, group) => {
  const path = fdPath(task, number);
  return isErrno(path) ? path : chown(task, path, user, group);
});

const fchownat = defineSyscall(
  'fchownat',
  [fd('dirfd'), str('path'), uint('owner'), uint('group'), flags('flags')],
  (task, dirfd, address, user, group, at) => {
    if ((at & ~(c.AT_SYMLINK_NOFOLLOW | c.AT_EMPTY_PATH)) !== 0) return -EINVAL;
    const lookup = ((at & c.AT_SYMLINK_NOFOLLOW) !== 0 ? 0 : LOOKUP_FOLLOW) | ((at & c.AT_EMPTY_PATH) !== 0 ? LOOKUP_EMPTY : 0);
    const path = userPath(task, dirfd, address, lookup);
    return isErrno(path) ? path : chown(task, path, user, group);
  },
);

/** One struct timespec of utimensat: undefined for UTIME_OMIT, null for UTIME_NOW. */
function readStamp(task: Task, address: number): Timespec | null | undefined | number {
  const mm = task.mm!;
  let failed = mm.readU64(address);
  if (failed < 0) return failed;
  const seconds = (mm.high | 0) * 4294967296 + mm.low;
  failed = mm.readU64(address + 8);
  if (failed < 0) return failed;
  const nanoseconds = mm.high * 4294967296 + mm.low;
  if (nanoseconds === UTIME_NOW) return null;
  if (nanoseconds === UTIME_OMIT) return undefined;
  return nanoseconds >= 1e9 ? -EINVAL : { seconds, nanoseconds };
}

const utimensat = defineSyscall(
  'utimensat',
  [fd('dirfd'), str('path'), ptr('times'), flags('flags')],
  (task, dirfd, address, times, at) => {
    let atime: Timespec | null | undefined = null;
    let mtime: Timespec | null | undefined = null;
    if (times !== 0) {
      const first = readStamp(task, times);
      if (typeof first === 'number') return first;
      const second = readStamp(task, times + 16);
      if (typeof second === 'number') return second;
      if (first === undefined && second === undefined) return 0;
      atime = first;
      mtime = second;
    }
    if ((at & ~(c.AT_SYMLINK_NOFOLLOW | c.AT_EMPTY_PATH)) !== 0) return -EINVAL;
    const lookup = ((at & c.AT_SYMLINK_NOFOLLOW) !== 0 ? 0 : LOOKUP_FOLLOW) | ((at & c.AT_EMPTY_PATH) !== 0 ? LOOKUP_EMPTY : 0);
    if (address === 0 && dirfd !== c.AT_FDCWD && at !== 0 && at !== c.AT_EMPTY_PATH) return -EINVAL;
    const path = address === 0 && dirfd !== c.AT_FDCWD ? fdPath(task, dirfd) : userPath(task, dirfd, address, lookup);
    return isErrno(path) ? path : changeTimes(task, path, atime, mtime);
  },
);

const truncate = defineSyscall('truncate', [str('path'), long('length')], (task, address, length) => {
  if (length < 0) return -EINVAL;
  const path = userPath(task, c.AT_FDCWD, address, LOOKUP_FOLLOW);
  if (isErrno(path)) return path;
  if (length > MAX_SIZE) return -EFBIG;
  const refused = (path.inode.mode & S_IFMT) === S_IFREG ? limitSize(task, length, path.inode.size) : 0;
  return refused < 0 ? refused : truncatePath(task, path, length);
});

const ftruncate = defineSyscall('ftruncate', [fd('fd'), long('length')], (task, number, length) => {
  if (length < 0) return -EINVAL;
  const file = task.files!.io(number);
  if (file === null) return -EBADF;
  const { inode } = file;
  if ((inode.mode & S_IFMT) !== S_IFREG || !file.writable) return -EINVAL;
  if (isAppendOnly(inode)) return -EPERM;
  if (length > MAX_SIZE) return -EFBIG;
  const refused = limitSize(task, length, inode.size);
  if (refused < 0) return refused;
  const failed = truncateInode(task, inode, length);
  if (failed === 0) notifyFile(file, IN_MODIFY);
  return failed;
});

const KNOWN_MODES =
  c.FALLOC_FL_KEEP_SIZE |
  c.FALLOC_FL_PUNCH_HOLE |
  c.FALLOC_FL_COLLAPSE_RANGE |
  c.FALLOC_FL_ZERO_RANGE |
  c.FALLOC_FL_INSERT_RANGE |
  c.FALLOC_FL_UNSHARE_RANGE;

const fallocate = defineSyscall(
  'fallocate',
  [fd('fd'), int('mode'), long('offset'), long('len')],
  (task, number, operation, offset, length) => {
    const file = task.files!.io(number);
    if (file === null) return -EBADF;
    if (offset < 0 || length <= 0) return -EINVAL;
    if ((operation & ~KNOWN_MODES) !== 0) return -EOPNOTSUPP;
    const punch = (operation & c.FALLOC_FL_PUNCH_HOLE) !== 0;
    if (punch && (operation & c.FALLOC_FL_KEEP_SIZE) === 0) return -EOPNOTSUPP;
    if (!file.writable) return -EBADF;
    const type = file.inode.mode & S_IFMT;
    if ((operation & ~c.FALLOC_FL_KEEP_SIZE) !== 0 ? isProtected(file.inode) : isImmutable(file.inode)) return -EPERM;
    if (type === S_IFIFO) return -ESPIPE;
    if (type === S_IFDIR) return -EISDIR;
    if (type !== S_IFREG) return -ENODEV;
    if (offset + length > MAX_SIZE) return -EFBIG;
    if ((operation & c.FALLOC_FL_KEEP_SIZE) === 0) {
      const refused = limitSize(task, offset + length, file.inode.size);
      if (refused < 0) return refused;
    }
    const result = file.fallocate(task, operation, offset, length);
    if (result === 0) notifyFile(file, IN_MODIFY);
    return result;
  },
);

export const attrCalls: readonly Syscall[] = [fchmod, fchmodat, fchmodat2, fchown, fchownat, utimensat, truncate, ftruncate, fallocate];
