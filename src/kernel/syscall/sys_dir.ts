/** getdents64, getcwd, chdir, fchdir, chroot, umask. See the manual page of each. Linux: fs/readdir.c, fs/d_path.c, fs/open.c. */

import { CAP_SYS_CHROOT } from '../../abi/capability.ts';
import { EBADF, EINVAL, ENAMETOOLONG, ENOENT, ENOTDIR, EPERM, ERANGE, isErrno } from '../../abi/errno.ts';
import { AT_FDCWD, PATH_MAX } from '../../abi/fcntl.ts';
import { S_IFDIR, S_IFMT } from '../../abi/stat.ts';
import type { Task } from '../task/task.ts';
import { pathName } from '../vfs/d_path.ts';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW, userPath } from '../vfs/namei.ts';
import type { Path } from '../vfs/path.ts';
import { MAY_EXEC, permission } from '../vfs/permission.ts';
import { latin1Bytes } from '../vfs/text.ts';
import { fd, mode, ptr, size, str, uint } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';

/** struct linux_dirent64 without the name. */
const DIRENT_HEADER = 19;
/** The most that one call fills. */
const MAX_BUFFER = 1 << 20;
const TWO_32 = 4294967296;

const getdents64 = defineSyscall('getdents64', [fd('fd'), ptr('dirp'), uint('count')], (task, number, address, count) => {
  const file = task.files!.io(number);
  if (file === null) return -EBADF;
  if ((file.inode.mode & S_IFMT) !== S_IFDIR) return -ENOTDIR;
  const bytes = new Uint8Array(Math.min(count, MAX_BUFFER));
  const data = new DataView(bytes.buffer);
  let used = 0;
  let refused = false;
  const before = file.pos;
  const failed = file.readdir(task, (name, ino, type, next) => {
    const length = (DIRENT_HEADER + name.length + 1 + 7) & ~7;
    if (used + length > bytes.length) {
      refused = true;
      return false;
    }
    data.setUint32(used, ino % TWO_32, true);
    data.setUint32(used + 4, Math.floor(ino / TWO_32), true);
    data.setUint32(used + 8, next % TWO_32, true);
    data.setUint32(used + 12, Math.floor(next / TWO_32), true);
    data.setUint16(used + 16, length, true);
    bytes[used + 18] = type;
    for (let i = 0; i < name.length; i++) bytes[used + DIRENT_HEADER + i] = name.charCodeAt(i);
    used += length;
    return true;
  });
  if (failed < 0 && used === 0) return failed;
  if (used === 0) return refused ? -EINVAL : 0;
  const fault = task.mm!.copyOut(address, bytes.subarray(0, used));
  if (fault < 0) file.pos = before;
  return fault < 0 ? fault : used;
});

const getcwd = defineSyscall('getcwd', [ptr('buf'), size('size')], (task, address, length) => {
  const { cwd, root } = task.fs!;
  if (cwd.dentry.unlinked) return -ENOENT;
  const { name, reachable } = pathName(cwd, root);
  const bytes = latin1Bytes(`${reachable ? '' : '(unreachable)'}${name}\0`);
  if (bytes.length > PATH_MAX) return -ENAMETOOLONG;
  if (bytes.length > length) return -ERANGE;
  return task.mm!.copyOut(address, bytes) || bytes.length;
});

/** Whether `path` can become a working or root directory. */
const mayEnter = (task: Task, path: Path): number => permission(task, path.inode, MAY_EXEC);

const chdir = defineSyscall('chdir', [str('path')], (task, address) => {
  const path = userPath(task, AT_FDCWD, address, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);
  if (isErrno(path)) return path;
  const denied = mayEnter(task, path);
  if (denied < 0) return denied;
  task.fs!.setCwd(path);
  return 0;
});

const fchdir = defineSyscall('fchdir', [fd('fd')], (task, number) => {
  const file = task.files!.get(number);
  if (file === null) return -EBADF;
  if (file.path === null || (file.inode.mode & S_IFMT) !== S_IFDIR) return -ENOTDIR;
  const denied = mayEnter(task, file.path);
  if (denied < 0) return denied;
  task.fs!.setCwd(file.path);
  return 0;
});

const chroot = defineSyscall('chroot', [str('path')], (task, address) => {
  const path = userPath(task, AT_FDCWD, address, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);
  if (isErrno(path)) return path;
  const denied = mayEnter(task, path);
  if (denied < 0) return denied;
  if (!task.cred.capable(CAP_SYS_CHROOT, task.cred.userNs)) return -EPERM;
  task.fs!.setRoot(path);
  return 0;
});

const umask = defineSyscall('umask', [mode('mask')], (task, mask) => {
  const old = task.fs!.umask;
  task.fs!.umask = mask & 0o777;
  return old;
});

export const dirCalls: readonly Syscall[] = [getdents64, getcwd, chdir, fchdir, chroot, umask];
