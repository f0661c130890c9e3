/** newfstatat, fstat, statx, statfs, fstatfs, faccessat, faccessat2, readlinkat. See the manual page of each. Linux: fs/stat.c, fs/open.c. */

import { EACCES, EBADF, EINVAL, ENOENT, EOPNOTSUPP, EROFS, isErrno } from '../../abi/errno.ts';
import * as c from '../../abi/fcntl.ts';
import { MS_NOEXEC } from '../../abi/mount.ts';
import * as s from '../../abi/stat.ts';
import type { Cred } from '../task/cred.ts';
import type { Task } from '../task/task.ts';
import { getName, LOOKUP_EMPTY, LOOKUP_FOLLOW, lookupPath, userPath } from '../vfs/namei.ts';
import type { Path } from '../vfs/path.ts';
import { MAY_EXEC, MAY_WRITE, permission } from '../vfs/permission.ts';
import { encodeStat, encodeStatx } from '../vfs/stat.ts';
import { latin1Bytes } from '../vfs/text.ts';
import { touchAtime } from '../vfs/times.ts';
import { fd, flags, int, ptr, str } from './args.ts';
import { longs } from './copy.ts';
import { defineSyscall, partial, type Syscall } from './define.ts';

const lookupFlags = (at: number): number =>
  ((at & c.AT_SYMLINK_NOFOLLOW) !== 0 ? 0 : LOOKUP_FOLLOW) | ((at & c.AT_EMPTY_PATH) !== 0 ? LOOKUP_EMPTY : 0);

const fstat = defineSyscall('fstat', [fd('fd'), ptr('statbuf')], (task, number, address) => {
  const file = task.files!.get(number);
  return file === null ? -EBADF : task.mm!.copyOut(address, encodeStat(task, file.inode));
});

/** The path name of a call that accepts AT_EMPTY_PATH: a null pointer is then as good as an empty string. */
function nameOrEmpty(task: Task, address: number, at: number): string | number {
  return address === 0 && (at & c.AT_EMPTY_PATH) !== 0 ? '' : getName(task, address, lookupFlags(at));
}

const newfstatat = defineSyscall(
  'newfstatat',
  [fd('dirfd'), str('path'), ptr('statbuf'), flags('flags')],
  (task, dirfd, address, buffer, at) => {
    if ((at & ~(c.AT_SYMLINK_NOFOLLOW | c.AT_NO_AUTOMOUNT | c.AT_EMPTY_PATH | c.AT_STATX_SYNC_TYPE)) !== 0) return -EINVAL;
    const name = nameOrEmpty(task, address, at);
    if (typeof name === 'number') return name;
    if (name === '' && dirfd >= 0) {
      const file = task.files!.get(dirfd);
      return file === null ? -EBADF : task.mm!.copyOut(buffer, encodeStat(task, file.inode));
    }
    const path = lookupPath(task, dirfd, name, lookupFlags(at));
    return isErrno(path) ? path : task.mm!.copyOut(buffer, encodeStat(task, path.inode));
  },
);

const statx = defineSyscall(
  'statx',
  [fd('dirfd'), str('path'), flags('flags'), flags('mask'), ptr('statxbuf')],
  (task, dirfd, address, at, mask, buffer) => {
    if ((mask & s.STATX__RESERVED) !== 0) return -EINVAL;
    if ((at & c.AT_STATX_SYNC_TYPE) === c.AT_STATX_SYNC_TYPE) return -EINVAL;
    if ((at & ~(c.AT_SYMLINK_NOFOLLOW | c.AT_NO_AUTOMOUNT | c.AT_EMPTY_PATH | c.AT_STATX_SYNC_TYPE)) !== 0) return -EINVAL;
    const name = nameOrEmpty(task, address, at);
    if (typeof name === 'number') return name;
    if (name === '' && dirfd >= 0) {
      const file = task.files!.get(dirfd);
      return file === null ? -EBADF : task.mm!.copyOut(buffer, encodeStatx(task, file.inode, file.path, mask));
    }
    const path = lookupPath(task, dirfd, name, lookupFlags(at));
    return isErrno(path) ? path : task.mm!.copyOut(buffer, encodeStatx(task, path.inode, path, mask));
  },
);

/** struct statfs of a 64-bit machine. */
function writeStatfs(task: Task, path: Path, address: number): number {
  const { mount } = path;
  const { sb } = mount;
  const info = sb.statfs(task);
  if (isErrno(info)) return info;
  const { blocks, blocksFree, files, filesFree } = info;
  const flag = s.ST_VALID | (mount.readOnly ? s.ST_RDONLY : 0) | statfsFlags(mount.flags);
  const bytes = longs([
    sb.magic,
    sb.blockSize,
    blocks,
    blocksFree,
    blocksFree,
    files,
    filesFree,
    sb.dev,
    sb.nameMax,
    sb.blockSize,
    flag,
    0,
    0,
    0,
    0,
  ]);
  return task.mm!.copyOut(address, bytes);
}

/** MS_ flags of a mount as ST_ flags: the same bits but for relatime and nosymfollow. */
const statfsFlags = (mount: number): number =>
  (mount & (s.ST_NOSUID | s.ST_NODEV | s.ST_NOEXEC | s.ST_NOATIME | s.ST_NODIRATIME)) |
  ((mount & 0x200000) !== 0 ? s.ST_RELATIME : 0) |
  ((mount & 0x100) !== 0 ? s.ST_NOSYMFOLLOW : 0);

const statfs = defineSyscall('statfs', [str('path'), ptr('buf')], (task, address, buffer) => {
  const path = userPath(task, c.AT_FDCWD, address, LOOKUP_FOLLOW);
  return isErrno(path) ? path : writeStatfs(task, path, buffer);
});

const fstatfs = defineSyscall('fstatfs', [fd('fd'), ptr('buf')], (task, number, buffer) => {
  const path = lookupPath(task, number < 0 ? -1 : number, '', LOOKUP_EMPTY);
  return isErrno(path) ? (path === -ENOENT ? -EBADF : path) : writeStatfs(task, path, buffer);
});

/** The credentials by which access(2) judges: the real ids, and root's capabilities only for root. Linux: access_override_creds. */
function realCred({ cred }: Task): Cred {
  const { fields } = cred;
  const root = fields.userNs.kuid(0);
  const effective = cred.uid === root ? fields.permitted : 0n;
  if (fields.fsuid === fields.uid && fields.fsgid === fields.gid && fields.effective === effective) return cred;
  return cred.with({ fsuid: fields.uid, fsgid: fields.gid, effective });
}

function access(task: Task, dirfd: number, address: number, mask: number, at: number): number {
  if ((mask & ~7) !== 0) return -EINVAL;
  if ((at & ~(c.AT_EACCESS | c.AT_SYMLINK_NOFOLLOW | c.AT_EMPTY_PATH)) !== 0) return -EINVAL;
  const before = task.cred;
  if ((at & c.AT_EACCESS) === 0) task.cred = realCred(task);
  const path = userPath(task, dirfd, address, lookupFlags(at));
  const result = isErrno(path) ? path : mayAccess(task, path, mask);
  task.cred = before;
  return result;
}

function mayAccess(task: Task, { inode, mount }: Path, mask: number): number {
  const type = inode.mode & s.S_IFMT;
  if ((mask & MAY_EXEC) !== 0 && type === s.S_IFREG && (mount.flags & MS_NOEXEC) !== 0) return -EACCES;
  const denied = permission(task, inode, mask);
  if (denied < 0) return denied;
  const special = type === s.S_IFCHR || type === s.S_IFBLK || type === s.S_IFIFO || type === s.S_IFSOCK;
  return (mask & MAY_WRITE) !== 0 && !special && mount.readOnly ? -EROFS : 0;
}

const faccessat = defineSyscall('faccessat', [fd('dirfd'), str('path'), flags('mode')], (task, dirfd, path, mask) =>
  access(task, dirfd, path, mask, 0),
);

const faccessat2 = defineSyscall('faccessat2', [fd('dirfd'), str('path'), flags('mode'), flags('flags')], access);

const readlinkat = defineSyscall(
  'readlinkat',
  [fd('dirfd'), str('path'), ptr('buf'), int('bufsiz')],
  (task, dirfd, address, buffer, length) => {
    if (length <= 0) return -EINVAL;
    const name = getName(task, address, LOOKUP_EMPTY);
    if (typeof name === 'number') return name;
    const path = lookupPath(task, dirfd, name, LOOKUP_EMPTY);
    if (isErrno(path)) return path;
    const { inode, mount } = path;
    if ((inode.mode & s.S_IFMT) !== s.S_IFLNK) return name === '' ? -ENOENT : -EINVAL;
    const target = inode.readlink(task);
    if (isErrno(target)) return target;
    touchAtime(mount, inode);
    const bytes = latin1Bytes(target.slice(0, length));
    return task.mm!.copyOut(buffer, bytes) || bytes.length;
  },
);

/** No file system of ours has handles that outlive its inodes. */
const nameToHandleAt = partial(
  defineSyscall(
    'name_to_handle_at',
    [fd('dirfd'), str('path'), ptr('handle'), ptr('mount_id'), flags('flags')],
    (task, dirfd, address, _handle, _mountId, at) => {
      if ((at & ~(c.AT_SYMLINK_FOLLOW | c.AT_EMPTY_PATH)) !== 0) return -EINVAL;
      const lookup = ((at & c.AT_SYMLINK_FOLLOW) !== 0 ? LOOKUP_FOLLOW : 0) | ((at & c.AT_EMPTY_PATH) !== 0 ? LOOKUP_EMPTY : 0);
      const path = userPath(task, dirfd, address, lookup);
      return isErrno(path) ? path : -EOPNOTSUPP;
    },
  ),
  'no file system has handles: EOPNOTSUPP',
);

export const statCalls: readonly Syscall[] = [nameToHandleAt, fstat, newfstatat, statx, statfs, fstatfs, faccessat, faccessat2, readlinkat];
