/** Opening files by name. Linux: path_openat, do_open in fs/namei.c; do_dentry_open in fs/open.c. See open(2), openat2(2). */

import { EACCES, EEXIST, EISDIR, ELOOP, ENOENT, ENOTDIR, ENXIO, EPERM, EROFS, ETXTBSY, isErrno } from '../../abi/errno.ts';
import {
  __O_TMPFILE,
  O_ACCMODE,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOATIME,
  O_NOCTTY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  O_TRUNC,
} from '../../abi/fcntl.ts';
import { IN_MODIFY, IN_OPEN } from '../../abi/inotify.ts';
import { MS_NODEV } from '../../abi/mount.ts';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK, S_ISVTX } from '../../abi/stat.ts';
import { openFifo } from '../fs/pipefs/fifo.ts';
import type { Task } from '../task/task.ts';
import { truncateInode } from './attributes.ts';
import type { Dentry } from './dentry.ts';
import type { File } from './file.ts';
import { isAppendOnly } from './file_flags.ts';
import { notify } from './fsnotify.ts';
import type { Inode } from './inode.ts';
import { Walk } from './namei.ts';
import { createFile, maskMode } from './names.ts';
import { Path } from './path.ts';
import { PathFile } from './path_file.ts';
import { MAY_EXEC, MAY_READ, MAY_WRITE, mayCreate, ownerOrCapable, permission } from './permission.ts';

/** How a file is to be opened; what open(2) itself does not know has been removed or refused. */
export interface OpenHow {
  /** O_ flags. */
  readonly flags: number;
  /** Permission bits of a new file, before the umask. */
  readonly mode: number;
  /** RESOLVE_ flags. */
  readonly resolve: number;
  /** Open for execution: the file must be executable, not readable. Linux: __FMODE_EXEC. */
  readonly exec?: boolean;
}

/** Flags that only matter while opening; the rest stays with the description. */
const OPENING_FLAGS = O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC;

/** MAY_ bits for each access mode; 3 means "for ioctl only", with the permission of both. */
const ACCESS_MASK: readonly number[] = [MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE, MAY_READ | MAY_WRITE];

/** Open `path` as seen from `dirfd`: a file with one reference, a negative errno, or what a sleep returns. */
export function openAt(task: Task, dirfd: number, path: string, how: OpenHow): File | number {
  if (path === '') return -ENOENT;
  const { flags } = how;
  const walk = new Walk(task, how.resolve);
  let failed = walk.begin(dirfd, path);
  if (failed < 0) return failed;
  if ((flags & O_CREAT) !== 0 && (flags & O_PATH) === 0) return openOrCreate(task, walk, path, how);
  failed = walk.walk(path, (flags & O_NOFOLLOW) === 0);
  if (failed < 0) return failed;
  if ((flags & __O_TMPFILE) !== 0) return openTmpfile(task, walk.path, how);
  return openPath(task, walk.path, how, false);
}

function openOrCreate(task: Task, walk: Walk, start: string, how: OpenHow): File | number {
  const { flags } = how;
  let path = start;
  for (;;) {
    const failed = walk.walkToParent(path);
    if (failed < 0) return failed;
    if (walk.name === '' || walk.name === '.' || walk.name === '..') return (flags & O_EXCL) !== 0 ? -EEXIST : -EISDIR;
    if (walk.trailing) return -EISDIR;
    const dentry = walk.last();
    if (isErrno(dentry)) return dentry;
    const { inode } = dentry;
    if (inode === null) return createAndOpen(task, walk, dentry, how);
    if ((flags & O_EXCL) !== 0) return -EEXIST;
    if ((inode.mode & S_IFMT) !== S_IFLNK) {
      const crossed = walk.step(dentry);
      if (crossed < 0) return crossed;
      const denied = mayReopen(task, dentry);
      return denied < 0 ? denied : openPath(task, walk.path, how, false);
    }
    if ((flags & O_NOFOLLOW) !== 0) return -ELOOP;
    const target = walk.followLink(dentry);
    if (isErrno(target)) return target;
    if (target === null) return openPath(task, walk.path, how, false);
    path = target;
  }
}

/** O_CREAT on an existing file of a sticky directory. See proc_sys_fs(5), protected_regular and protected_fifos. Linux: may_create_in_sticky. */
function mayReopen(task: Task, dentry: Dentry): number {
  const inode = dentry.inode!;
  const directory = dentry.parent.inode!;
  const { vfs } = task.kernel;
  const type = inode.mode & S_IFMT;
  const level = type === S_IFREG ? vfs.protectedRegular : type === S_IFIFO ? vfs.protectedFifos : 0;
  if ((inode.mode & S_IFMT) === S_IFDIR) return -EISDIR;
  if (level === 0 || (directory.mode & S_ISVTX) === 0 || inode.uid === directory.uid || inode.uid === task.cred.fsuid) return 0;
  return (directory.mode & 0o002) !== 0 || ((directory.mode & 0o020) !== 0 && level >= 2) ? -EACCES : 0;
}

function createAndOpen(task: Task, walk: Walk, dentry: Dentry, how: OpenHow): File | number {
  const { mount } = walk;
  if ((how.flags & O_DIRECTORY) !== 0) return -ENOENT;
  if (mount.readOnly) return -EROFS;
  const failed = createFile(task, dentry, maskMode(task, how.mode));
  if (failed < 0) return failed;
  return openPath(task, new Path(mount, dentry), how, true);
}

function openTmpfile(task: Task, path: Path, how: OpenHow): File | number {
  const directory = path.inode;
  if ((directory.mode & S_IFMT) !== S_IFDIR) return -ENOTDIR;
  if (path.mount.readOnly) return -EROFS;
  const denied = mayCreate(task, directory);
  if (denied < 0) return denied;
  const inode = directory.tmpfile(task, S_IFREG | (maskMode(task, how.mode) & 0o7777));
  if (isErrno(inode)) return inode;
  const dentry = task.kernel.vfs.dcache.nameless(path.dentry, inode, (how.flags & O_EXCL) === 0);
  return openPath(task, new Path(path.mount, dentry), how, true);
}

/** A description of the file at `path`; a file that this call has `created` is opened whatever its permissions say. */
export function openPath(task: Task, path: Path, how: OpenHow, created: boolean): File | number {
  const { flags } = how;
  const { inode } = path;
  const directory = (inode.mode & S_IFMT) === S_IFDIR;
  if ((flags & O_DIRECTORY) !== 0 && (flags & __O_TMPFILE) === 0 && !directory) return -ENOTDIR;
  if ((flags & O_PATH) !== 0) return settle(task, new PathFile(task.kernel, flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW), inode), path);
  if ((flags & O_CREAT) !== 0 && directory) return -EISDIR;
  const denied = created ? 0 : mayOpen(task, path, how);
  if (denied < 0) return denied;
  const writes = (flags & O_ACCMODE) !== O_RDONLY;
  const regular = (inode.mode & S_IFMT) === S_IFREG;
  if (writes || (flags & O_TRUNC) !== 0) {
    if (regular && path.mount.readOnly) return -EROFS;
    if (regular && inode.writers < 0) return -ETXTBSY;
  }
  if ((flags & O_TRUNC) !== 0 && regular && !created) {
    const failed = truncateInode(task, inode, 0);
    if (failed < 0) return failed;
    notify(path.dentry, inode, IN_MODIFY);
  }
  const file = openInode(task, path, flags & ~OPENING_FLAGS);
  if (isErrno(file)) return file;
  file.created = created;
  file.flags &= ~O_NOCTTY; // only terminals ask for it, while they are opened
  if (writes && regular) {
    file.isWriter = true;
    file.inode.writers++;
    path.mount.writers++;
    path.mount.sb.writers++;
  }
  notify(path.dentry, inode, IN_OPEN);
  return file;
}

function settle(task: Task, file: File, path: Path): File {
  file.path = path.get();
  file.cred = task.cred;
  return file;
}

/** A description of `path` for the kernel's own use: nothing is checked, the caller is no writer. `flags` are those that stay. */
export function openInode(task: Task, path: Path, flags: number): File | number {
  const { inode } = path;
  const file = openByType(task, inode, path, flags);
  if (isErrno(file) || file.path !== null) return file;
  return settle(task, file, path);
}

function openByType(task: Task, inode: Inode, path: Path, flags: number): File | number {
  switch (inode.mode & S_IFMT) {
    case S_IFCHR:
      return inode.sb.kernel.vfs.charDevices.open(task, inode, path, flags);
    case S_IFIFO:
      return openFifo(task, inode, flags);
    case S_IFBLK:
    case S_IFSOCK:
      return -ENXIO;
    default:
      return inode.open(task, path, flags);
  }
}

/** Linux: may_open. */
function mayOpen(task: Task, path: Path, { flags, exec }: OpenHow): number {
  const { inode, mount } = path;
  let mask = exec === true ? MAY_EXEC : ACCESS_MASK[flags & O_ACCMODE]!;
  if ((flags & O_TRUNC) !== 0) mask |= MAY_WRITE;
  switch (inode.mode & S_IFMT) {
    case S_IFLNK:
      return -ELOOP;
    case S_IFDIR:
      if ((mask & MAY_WRITE) !== 0) return -EISDIR;
      if (exec === true) return -EACCES;
      break;
    case S_IFBLK:
    case S_IFCHR:
      if (((mount.flags | mount.sb.impliedFlags) & MS_NODEV) !== 0) return -EACCES;
      break;
    case S_IFREG:
      if ((mask & MAY_WRITE) !== 0 && mount.readOnly) return -EROFS;
      break;
  }
  const denied = permission(task, inode, mask);
  if (denied < 0) return denied;
  const rewrites = (flags & O_TRUNC) !== 0 || ((flags & O_ACCMODE) !== O_RDONLY && (flags & O_APPEND) === 0);
  if (rewrites && isAppendOnly(inode)) return -EPERM;
  return (flags & O_NOATIME) !== 0 && !ownerOrCapable(task.cred, inode) ? -EPERM : 0;
}
