/** The twelve calls for extended attributes. See xattr(7), setxattr(2), getxattr(2), listxattr(2), removexattr(2). Linux: fs/xattr.c. */

import { CAP_SETFCAP, CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { E2BIG, EBADF, EINVAL, ENAMETOOLONG, ENODATA, EOPNOTSUPP, EPERM, ERANGE, EROFS, isErrno } from '../../abi/errno.ts';
import { AT_FDCWD, XATTR_CREATE, XATTR_LIST_MAX, XATTR_NAME_MAX, XATTR_REPLACE, XATTR_SIZE_MAX } from '../../abi/fcntl.ts';
import { IN_ATTRIB } from '../../abi/inotify.ts';
import { S_IFDIR, S_IFMT, S_IFREG, S_ISVTX } from '../../abi/stat.ts';
import { pathOfFile } from '../fs/anon_inodes/anonymous.ts';
import type { Task } from '../task/task.ts';
import { FILE_CAPABILITY, shownCapability, storedCapability } from '../vfs/file_capability.ts';
import { isProtected } from '../vfs/file_flags.ts';
import { notify } from '../vfs/fsnotify.ts';
import type { Inode } from '../vfs/inode.ts';
import { LOOKUP_FOLLOW, userPath } from '../vfs/namei.ts';
import type { Path } from '../vfs/path.ts';
import { inodeCapable, MAY_READ, MAY_WRITE, ownerOrCapable, permission } from '../vfs/permission.ts';
import { latin1Bytes } from '../vfs/text.ts';
import { fd, flags, ptr, size, str } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';

const at = (task: Task, address: number, follow: boolean): Path | number => userPath(task, AT_FDCWD, address, follow ? LOOKUP_FOLLOW : 0);

function ofFd(task: Task, number: number): Path | number {
  const file = task.files!.io(number);
  return (file === null ? null : pathOfFile(file)) ?? -EBADF;
}

function readName(task: Task, address: number): string | number {
  const name = task.mm!.readString(address, XATTR_NAME_MAX);
  if (typeof name === 'number') return name === -ENAMETOOLONG ? -ERANGE : name;
  return name === '' ? -ERANGE : name;
}

/** May the attribute be read, or written? Linux: xattr_permission. */
function mayUse(task: Task, inode: Inode, name: string, write: boolean): number {
  if (write && isProtected(inode)) return -EPERM;
  if (name.startsWith('security.') || name.startsWith('system.')) return 0;
  if (name.startsWith('trusted.')) {
    if (task.cred.capable(CAP_SYS_ADMIN, task.kernel.initialUserNs)) return 0;
    return write ? -EPERM : -ENODATA;
  }
  if (name.startsWith('user.')) {
    const type = inode.mode & S_IFMT;
    if (type !== S_IFREG && type !== S_IFDIR) return write ? -EPERM : -ENODATA;
    if (type === S_IFDIR && (inode.mode & S_ISVTX) !== 0 && write && !ownerOrCapable(task.cred, inode)) return -EPERM;
  }
  return permission(task, inode, write ? MAY_WRITE : MAY_READ);
}

/** The name spaces that file systems keep. POSIX ACLs (system.) are not supported. */
const isKnown = (name: string): boolean => /^(user|trusted|security)\../s.test(name);

function set(task: Task, path: Path | number, nameAddress: number, value: number, length: number, flag: number): number {
  if (isErrno(path)) return path;
  if ((flag & ~(XATTR_CREATE | XATTR_REPLACE)) !== 0) return -EINVAL;
  const name = readName(task, nameAddress);
  if (typeof name === 'number') return name;
  if (length > XATTR_SIZE_MAX) return -E2BIG;
  const { inode, mount, dentry } = path;
  const given = task.mm!.copyIn(value, length);
  const bytes = typeof given === 'number' || length === 0 || name !== FILE_CAPABILITY ? given : storedCapability(task.cred, inode, given);
  if (typeof bytes === 'number') return bytes;
  if (mount.readOnly) return -EROFS;
  const denied = mayUse(task, inode, name, true);
  if (denied < 0) return denied;
  if (!isKnown(name)) return -EOPNOTSUPP;
  if (name.startsWith('security.') && !maySetSecurity(task, inode, name)) return -EPERM;
  const result = inode.setxattr(task, name, bytes, flag);
  if (result === 0) notify(dentry, inode, IN_ATTRIB);
  return result;
}

/** Linux: cap_inode_setxattr, cap_convert_nscap. */
function maySetSecurity(task: Task, inode: Inode, name: string): boolean {
  if (name === FILE_CAPABILITY) return inodeCapable(task.cred, inode, CAP_SETFCAP);
  return task.cred.capable(CAP_SYS_ADMIN, inode.sb.userNs ?? task.kernel.initialUserNs);
}

function get(task: Task, path: Path | number, nameAddress: number, buffer: number, length: number): number {
  if (isErrno(path)) return path;
  const name = readName(task, nameAddress);
  if (typeof name === 'number') return name;
  const { inode } = path;
  const denied = mayUse(task, inode, name, false);
  if (denied < 0) return denied;
  if (!isKnown(name)) return -EOPNOTSUPP;
  const kept = inode.getxattr(task, name);
  const value = typeof kept === 'number' || name !== FILE_CAPABILITY ? kept : shownCapability(task.cred, inode, kept);
  if (typeof value === 'number') return value;
  if (length === 0) return value.length;
  if (value.length > length) return -ERANGE;
  return task.mm!.copyOut(buffer, value) || value.length;
}

function list(task: Task, path: Path | number, buffer: number, length: number): number {
  if (isErrno(path)) return path;
  const trusted = task.cred.capable(CAP_SYS_ADMIN, task.kernel.initialUserNs);
  const names = path.inode.listxattr(task).filter((name) => trusted || !name.startsWith('trusted.'));
  const bytes = latin1Bytes(names.map((name) => `${name}\0`).join(''));
  if (bytes.length > XATTR_LIST_MAX) return -E2BIG;
  if (length === 0) return bytes.length;
  if (bytes.length > length) return -ERANGE;
  return task.mm!.copyOut(buffer, bytes) || bytes.length;
}

function remove(task: Task, path: Path | number, nameAddress: number): number {
  if (isErrno(path)) return path;
  const name = readName(task, nameAddress);
  if (typeof name === 'number') return name;
  const { inode, mount, dentry } = path;
  if (mount.readOnly) return -EROFS;
  const denied = mayUse(task, inode, name, true);
  if (denied < 0) return denied;
  if (!isKnown(name)) return -EOPNOTSUPP;
  if (name.startsWith('security.') && !maySetSecurity(task, inode, name)) return -EPERM;
  const result = inode.removexattr(task, name);
  if (result === 0) notify(dentry, inode, IN_ATTRIB);
  return result;
}

const setArgs = [str('path'), str('name'), ptr('value'), size('size'), flags('flags')] as const;
const setxattr = defineSyscall('setxattr', setArgs, (task, path, name, value, n, flag) =>
  set(task, at(task, path, true), name, value, n, flag),
);
const lsetxattr = defineSyscall('lsetxattr', setArgs, (task, path, name, value, n, flag) =>
  set(task, at(task, path, false), name, value, n, flag),
);
const fsetxattr = defineSyscall(
  'fsetxattr',
  [fd('fd'), str('name'), ptr('value'), size('size'), flags('flags')],
  (task, number, name, value, n, flag) => set(task, ofFd(task, number), name, value, n, flag),
);

const getArgs = [str('path'), str('name'), ptr('value'), size('size')] as const;
const getxattr = defineSyscall('getxattr', getArgs, (task, path, name, value, n) => get(task, at(task, path, true), name, value, n));
const lgetxattr = defineSyscall('lgetxattr', getArgs, (task, path, name, value, n) => get(task, at(task, path, false), name, value, n));
const fgetxattr = defineSyscall('fgetxattr', [fd('fd'), str('name'), ptr('value'), size('size')], (task, number, name, value, n) =>
  get(task, ofFd(task, number), name, value, n),
);

const listArgs = [str('path'), ptr('list'), size('size')] as const;
const listxattr = defineSyscall('listxattr', listArgs, (task, path, buffer, n) => list(task, at(task, path, true), buffer, n));
const llistxattr = defineSyscall('llistxattr', listArgs, (task, path, buffer, n) => list(task, at(task, path, false), buffer, n));
const flistxattr = defineSyscall('flistxattr', [fd('fd'), ptr('list'), size('size')], (task, number, buffer, n) =>
  list(task, ofFd(task, number), buffer, n),
);

const removexattr = defineSyscall('removexattr', [str('path'), str('name')], (task, path, name) =>
  remove(task, at(task, path, true), name),
);
const lremovexattr = defineSyscall('lremovexattr', [str('path'), str('name')], (task, path, name) =>
  remove(task, at(task, path, false), name),
);
const fremovexattr = defineSyscall('fremovexattr', [fd('fd'), str('name')], (task, number, name) => remove(task, ofFd(task, number), name));

export const xattrCalls: readonly Syscall[] = [
  setxattr,
  lsetxattr,
  fsetxattr,
  getxattr,
  lgetxattr,
  fgetxattr,
  listxattr,
  llistxattr,
  flistxattr,
  removexattr,
  lremovexattr,
  fremovexattr,
];
