/** Names: mkdirat, mknodat, unlinkat, renameat2, linkat, symlinkat. See the manual page of each. Linux: fs/namei.c. */

import { CAP_DAC_READ_SEARCH } from '../../abi/capability.ts';
import { EBUSY, EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EPERM, EROFS, EXDEV, isErrno } from '../../abi/errno.ts';
import * as c from '../../abi/fcntl.ts';
import * as s from '../../abi/stat.ts';
import type { Task } from '../task/task.ts';
import { getName, LOOKUP_EMPTY, LOOKUP_FOLLOW, lookupParent, lookupPath } from '../vfs/namei.ts';
import * as names from '../vfs/names.ts';
import { fd, flags, mode, str, uint } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';

const mkdirat = defineSyscall('mkdirat', [fd('dirfd'), str('path'), mode('mode')], (task, dirfd, address, permissions) => {
  const path = getName(task, address);
  if (typeof path === 'number') return path;
  const made = names.newName(task, dirfd, path, true);
  return isErrno(made) ? made : names.makeDirectory(task, made.dentry, names.maskMode(task, permissions));
});

const mknodat = defineSyscall('mknodat', [fd('dirfd'), str('path'), mode('mode'), uint('dev')], (task, dirfd, address, bits, dev) => {
  const type = bits & s.S_IFMT;
  if (type === s.S_IFDIR) return -EPERM;
  if (type !== 0 && type !== s.S_IFREG && type !== s.S_IFCHR && type !== s.S_IFBLK && type !== s.S_IFIFO && type !== s.S_IFSOCK)
    return -EINVAL;
  const path = getName(task, address);
  if (typeof path === 'number') return path;
  const made = names.newName(task, dirfd, path, false);
  if (isErrno(made)) return made;
  const permissions = names.maskMode(task, bits & 0o7777);
  if (type === 0 || type === s.S_IFREG) return names.createFile(task, made.dentry, permissions);
  return names.makeNode(task, made.dentry, type | permissions, type === s.S_IFCHR || type === s.S_IFBLK ? dev : 0);
});

const symlinkat = defineSyscall('symlinkat', [str('target'), fd('newdirfd'), str('linkpath')], (task, targetAddress, dirfd, address) => {
  const target = getName(task, targetAddress);
  if (typeof target === 'number') return target;
  const path = getName(task, address);
  if (typeof path === 'number') return path;
  const made = names.newName(task, dirfd, path, false);
  return isErrno(made) ? made : names.makeSymlink(task, made.dentry, target);
});

const linkat = defineSyscall(
  'linkat',
  [fd('olddirfd'), str('oldpath'), fd('newdirfd'), str('newpath'), flags('flags')],
  (task, oldDirfd, oldAddress, newDirfd, newAddress, at) => {
    if ((at & ~(c.AT_SYMLINK_FOLLOW | c.AT_EMPTY_PATH)) !== 0) return -EINVAL;
    const lookup = ((at & c.AT_SYMLINK_FOLLOW) !== 0 ? LOOKUP_FOLLOW : 0) | ((at & c.AT_EMPTY_PATH) !== 0 ? LOOKUP_EMPTY : 0);
    const oldName = getName(task, oldAddress, lookup);
    if (typeof oldName === 'number') return oldName;
    const newPath = getName(task, newAddress);
    if (typeof newPath === 'number') return newPath;
    const old = lookupPath(task, oldDirfd, oldName, lookup);
    if (isErrno(old)) return old;
    if (
      oldName === '' &&
      !task.cred.capable(CAP_DAC_READ_SEARCH, task.kernel.initialUserNs) &&
      task.files!.get(oldDirfd)?.cred !== task.cred
    )
      return -ENOENT;
    const made = names.newName(task, newDirfd, newPath, false);
    if (isErrno(made)) return made;
    if (old.mount !== made.walk.mount) return -EXDEV;
    const { inode } = old;
    const denied = names.mayLink(task, inode);
    if (denied < 0) return denied;
    if (inode.nlink === 0 && !inode.linkable) return -ENOENT;
    return names.makeLink(task, inode, made.dentry);
  },
);

function remove(task: Task, dirfd: number, path: string, directory: boolean): number {
  const walk = lookupParent(task, dirfd, path);
  if (isErrno(walk)) return walk;
  if (directory) {
    if (walk.name === '..') return -ENOTEMPTY;
    if (walk.name === '.') return -EINVAL;
    if (walk.name === '') return -EBUSY;
  } else if (walk.name === '' || walk.name === '.' || walk.name === '..') return -EISDIR;
  const dentry = walk.last();
  if (isErrno(dentry)) return dentry;
  const { inode } = dentry;
  if (inode === null) return walk.mount.readOnly ? -EROFS : -ENOENT;
  if (walk.mount.readOnly) return -EROFS;
  if (directory) return names.removeDirectory(task, dentry);
  if (walk.trailing) return (inode.mode & s.S_IFMT) === s.S_IFDIR ? -EISDIR : -ENOTDIR;
  return names.unlink(task, dentry);
}

const unlinkat = defineSyscall('unlinkat', [fd('dirfd'), str('path'), flags('flags')], (task, dirfd, address, at) => {
  if ((at & ~c.AT_REMOVEDIR) !== 0) return -EINVAL;
  const path = getName(task, address);
  return typeof path === 'number' ? path : remove(task, dirfd, path, (at & c.AT_REMOVEDIR) !== 0);
});

const isName = (name: string): boolean => name !== '' && name !== '.' && name !== '..';

function rename(task: Task, oldDirfd: number, oldAddress: number, newDirfd: number, newAddress: number, flag: number): number {
  if ((flag & ~(c.RENAME_NOREPLACE | c.RENAME_EXCHANGE | c.RENAME_WHITEOUT)) !== 0) return -EINVAL;
  if ((flag & (c.RENAME_NOREPLACE | c.RENAME_WHITEOUT)) !== 0 && (flag & c.RENAME_EXCHANGE) !== 0) return -EINVAL;
  const oldPath = getName(task, oldAddress);
  if (typeof oldPath === 'number') return oldPath;
  const newPath = getName(task, newAddress);
  if (typeof newPath === 'number') return newPath;
  const from = lookupParent(task, oldDirfd, oldPath);
  if (isErrno(from)) return from;
  const to = lookupParent(task, newDirfd, newPath);
  if (isErrno(to)) return to;
  if (from.mount !== to.mount) return -EXDEV;
  if (!isName(from.name)) return -EBUSY;
  if (!isName(to.name)) return (flag & c.RENAME_NOREPLACE) !== 0 ? -EEXIST : -EBUSY;
  if (from.mount.readOnly) return -EROFS;
  const old = from.last();
  if (isErrno(old)) return old;
  if (old.inode === null) return -ENOENT;
  const target = to.last();
  if (isErrno(target)) return target;
  if ((flag & c.RENAME_NOREPLACE) !== 0 && target.inode !== null) return -EEXIST;
  if ((old.inode.mode & s.S_IFMT) !== s.S_IFDIR) {
    if (from.trailing) return -ENOTDIR;
    if ((flag & c.RENAME_EXCHANGE) === 0 && to.trailing) return -ENOTDIR;
  }
  if ((flag & c.RENAME_EXCHANGE) !== 0 && to.trailing && target.inode !== null && (target.inode.mode & s.S_IFMT) !== s.S_IFDIR)
    return -ENOTDIR;
  return names.rename(task, old, target, flag);
}

const renameat = defineSyscall(
  'renameat',
  [fd('olddirfd'), str('oldpath'), fd('newdirfd'), str('newpath')],
  (task, oldDirfd, old, newDirfd, path) => rename(task, oldDirfd, old, newDirfd, path, 0),
);

const renameat2 = defineSyscall('renameat2', [fd('olddirfd'), str('oldpath'), fd('newdirfd'), str('newpath'), flags('flags')], rename);

export const nameCalls: readonly Syscall[] = [mkdirat, mknodat, symlinkat, linkat, unlinkat, renameat, renameat2];
