/** From path names to dentries. Linux: fs/namei.c. See path_resolution(7), openat2(2). */

import { EACCES, EBADF, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, EXDEV, isErrno } from '../../abi/errno.ts';
import {
  AT_FDCWD,
  PATH_MAX,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from '../../abi/fcntl.ts';
import { MS_NOSYMFOLLOW } from '../../abi/mount.ts';
import { S_IFDIR, S_IFLNK, S_IFMT, S_ISVTX } from '../../abi/stat.ts';
import { pathOfFile } from '../fs/anon_inodes/anonymous.ts';
import type { Task } from '../task/task.ts';
import type { Dentry } from './dentry.ts';
import type { Inode } from './inode.ts';
import { lookupName } from './lookup.ts';
import type { Mount } from './mount.ts';
import { Path } from './path.ts';
import { MAY_EXEC, permission } from './permission.ts';
import { touchAtime } from './times.ts';

export const LOOKUP_FOLLOW = 1;
export const LOOKUP_DIRECTORY = 2;
/** An empty path means the directory descriptor itself (AT_EMPTY_PATH). */
export const LOOKUP_EMPTY = 4;
/** Looking for a mount to take down is no use of it. */
export const LOOKUP_MOUNTPOINT = 8;

/** Symbolic links followed in one walk. Linux: MAXSYMLINKS. */
const MAX_LINKS = 40;
const SLASH = 47;
const SCOPED = RESOLVE_BENEATH | RESOLVE_IN_ROOT;

/** The state of one walk. Linux: struct nameidata. */
export class Walk {
  readonly task: Task;
  /** RESOLVE_ flags. */
  readonly resolve: number;
  mount: Mount;
  dentry: Dentry;
  /** After a walk that stops before the last name: that name ('' for the root), and whether slashes followed it. */
  name = '';
  trailing = false;
  private root: Path;
  private links = 0;
  private readonly stamp: number;

  constructor(task: Task, resolve: number) {
    const fs = task.fs!;
    this.task = task;
    this.resolve = resolve;
    this.root = fs.root;
    this.mount = fs.cwd.mount;
    this.dentry = fs.cwd.dentry;
    this.stamp = ++task.kernel.vfs.dcache.walk;
  }

  get path(): Path {
    return new Path(this.mount, this.dentry);
  }

  /** Take the place where `path` begins. */
  begin(dirfd: number, path: string): number {
    const absolute = path.charCodeAt(0) === SLASH;
    if (!absolute || (this.resolve & SCOPED) !== 0) {
      if (dirfd !== AT_FDCWD) {
        const file = this.task.files!.get(dirfd);
        if (file === null) return -EBADF;
        if (path !== '' && (file.inode.mode & S_IFMT) !== S_IFDIR) return -ENOTDIR;
        const place = pathOfFile(file);
        if (place === null) return -ENOTDIR;
        this.mount = place.mount;
        this.dentry = place.dentry;
      }
      if ((this.resolve & SCOPED) !== 0) this.root = this.path;
    }
    return absolute ? this.toRoot() : 0;
  }

  /** Walk all of `path`. The last symbolic link is followed if `follow`, or if slashes come after it. */
  walk(path: string, follow: boolean): number {
    return this.components(path, false, follow);
  }

  /** Walk to the directory that holds the last name of `path`, which is left in `name`. */
  walkToParent(path: string): number {
    return this.components(path, true, false);
  }

  /** The entry for the name that walkToParent has left; it may be negative. */
  last(): Dentry | number {
    return this.lookup(this.name);
  }

  /** Go on to `dentry`, a child of the present directory, and to what is mounted there. */
  step(dentry: Dentry): number {
    this.dentry = dentry;
    return dentry.mounts !== null ? this.crossMounts() : 0;
  }

  /** Follow the symbolic link `link` in the present directory: the path to go on with, or null if the walk has jumped. */
  followLink(link: Dentry): string | null | number {
    const inode = link.inode!;
    if (++this.links > MAX_LINKS || (this.resolve & RESOLVE_NO_SYMLINKS) !== 0) return -ELOOP;
    if ((this.mount.flags & MS_NOSYMFOLLOW) !== 0) return -ELOOP;
    const denied = this.mayFollow(inode);
    if (denied < 0) return denied;
    const target = inode.followMagic(this.task);
    if (target !== null) return isErrno(target) ? target : this.jump(target);
    const text = inode.readlink(this.task);
    if (isErrno(text)) return text;
    if (text === '') return -ENOENT;
    touchAtime(this.mount, inode);
    if (text.charCodeAt(0) !== SLASH) return text;
    // The beginning of the path may lie anywhere, but what its links lead to.
    if ((this.resolve & RESOLVE_NO_XDEV) !== 0 && this.mount !== this.root.mount) return -EXDEV;
    const failed = this.toRoot();
    return failed < 0 ? failed : text;
  }

  private components(start: string, stopAtLast: boolean, follow: boolean): number {
    let path = start;
    let at = 0;
    for (;;) {
      while (path.charCodeAt(at) === SLASH) at++;
      if (at >= path.length) {
        this.name = '';
        return 0;
      }
      const directory = this.dentry.inode!;
      if ((directory.mode & S_IFMT) !== S_IFDIR) return -ENOTDIR;
      if ((directory.mode & 0o111) !== 0o111) {
        const denied = permission(this.task, directory, MAY_EXEC);
        if (denied < 0) return denied;
      }
      let end = path.indexOf('/', at);
      if (end < 0) end = path.length;
      const name = path.substring(at, end);
      at = end;
      while (path.charCodeAt(at) === SLASH) at++;
      const last = at >= path.length;
      if (last && stopAtLast) {
        this.name = name;
        this.trailing = at > end;
        return 0;
      }
      if (name === '.') continue;
      if (name === '..') {
        const failed = this.up();
        if (failed < 0) return failed;
        continue;
      }
      const child = this.lookup(name);
      if (typeof child === 'number') return child;
      const inode = child.inode;
      if (inode === null) return -ENOENT;
      if ((inode.mode & S_IFMT) === S_IFLNK && (!last || follow || at > end)) {
        const target = this.followLink(child);
        if (isErrno(target)) return target;
        if (target !== null) {
          path = target + path.substring(end);
          at = 0;
          continue;
        }
      } else {
        const failed = this.step(child);
        if (failed < 0) return failed;
      }
      if (last) return at > end && (this.dentry.inode!.mode & S_IFMT) !== S_IFDIR ? -ENOTDIR : 0;
    }
  }

  private lookup(name: string): Dentry | number {
    const parent = this.dentry;
    parent.stamp = this.stamp;
    if (!parent.sb.volatileNames) {
      const child = parent.children?.get(name);
      if (child !== undefined) {
        child.stamp = this.stamp;
        return child;
      }
    }
    return name.length > parent.sb.nameMax ? -ENAMETOOLONG : lookupName(this.task, parent, name);
  }

  /** To the mount on top of the present place. */
  private crossMounts(): number {
    for (;;) {
      const above = this.mount.children.get(this.dentry);
      if (above === undefined) return 0;
      if ((this.resolve & RESOLVE_NO_XDEV) !== 0) return -EXDEV;
      this.mount = above;
      this.dentry = above.root;
    }
  }

  private up(): number {
    for (;;) {
      if (this.dentry === this.root.dentry && this.mount === this.root.mount) {
        if ((this.resolve & RESOLVE_BENEATH) !== 0) return -EXDEV;
        break;
      }
      if (this.dentry !== this.mount.root) {
        this.dentry = this.dentry.parent;
        break;
      }
      const { parent, mountpoint } = this.mount;
      if (parent === null || mountpoint === null) break;
      if ((this.resolve & RESOLVE_NO_XDEV) !== 0) return -EXDEV;
      this.mount = parent;
      this.dentry = mountpoint;
    }
    return this.dentry.mounts !== null ? this.crossMounts() : 0;
  }

  private toRoot(): number {
    if ((this.resolve & RESOLVE_BENEATH) !== 0) return -EXDEV;
    this.mount = this.root.mount;
    this.dentry = this.root.dentry;
    return 0;
  }

  /** A magic link leads to `target` directly. Linux: nd_jump_link. */
  private jump(target: Path): null | number {
    if ((this.resolve & RESOLVE_NO_MAGICLINKS) !== 0) return -ELOOP;
    if ((this.resolve & SCOPED) !== 0) return -EXDEV;
    if ((this.resolve & RESOLVE_NO_XDEV) !== 0 && target.mount !== this.mount) return -EXDEV;
    this.mount = target.mount;
    this.dentry = target.dentry;
    this.dentry.stamp = this.stamp;
    return null;
  }

  /** Links in sticky directories that all may write to are followed for their owner only. See proc_sys_fs(5), protected_symlinks. */
  private mayFollow(link: Inode): number {
    if (this.task.kernel.vfs.protectedSymlinks === 0 || this.task.cred.fsuid === link.uid) return 0;
    const directory = this.dentry.inode!;
    if ((directory.mode & (S_ISVTX | 0o002)) !== (S_ISVTX | 0o002) || directory.uid === link.uid) return 0;
    return -EACCES;
  }
}

/** The file that `path` names, seen from `dirfd`: never negative. */
export function lookupPath(task: Task, dirfd: number, path: string, flags: number, resolve = 0): Path | number {
  if (path === '' && (flags & LOOKUP_EMPTY) === 0) return -ENOENT;
  const walk = new Walk(task, resolve);
  let failed = walk.begin(dirfd, path);
  if (failed === 0) failed = walk.walk(path, (flags & LOOKUP_FOLLOW) !== 0);
  if ((flags & LOOKUP_MOUNTPOINT) === 0) walk.mount.expiring = false;
  if (failed < 0) return failed;
  if ((flags & LOOKUP_DIRECTORY) !== 0 && (walk.dentry.inode!.mode & S_IFMT) !== S_IFDIR) return -ENOTDIR;
  return walk.path;
}

/** Walk to the directory of the last name in `path`. */
export function lookupParent(task: Task, dirfd: number, path: string): Walk | number {
  if (path === '') return -ENOENT;
  const walk = new Walk(task, 0);
  let failed = walk.begin(dirfd, path);
  if (failed === 0) failed = walk.walkToParent(path);
  return failed < 0 ? failed : walk;
}

/** A path name from user memory: -EFAULT, -ENAMETOOLONG, NOT_RESIDENT, or -ENOENT for the empty one unless LOOKUP_EMPTY. */
export function getName(task: Task, address: number, flags = 0): string | number {
  const name = task.mm!.readString(address, PATH_MAX - 1);
  return name === '' && (flags & LOOKUP_EMPTY) === 0 ? -ENOENT : name;
}

/** getName and lookupPath. Linux: user_path_at. */
export function userPath(task: Task, dirfd: number, address: number, flags: number): Path | number {
  const name = getName(task, address, flags);
  return typeof name === 'number' ? name : lookupPath(task, dirfd, name, flags);
}
