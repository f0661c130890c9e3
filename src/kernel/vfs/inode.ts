/** The file object behind names and descriptions. Linux: struct inode, struct inode_operations. See inode(7). */

import { EINVAL, ENOENT, ENOTDIR, ENOTTY, ENXIO, EOPNOTSUPP, EPERM } from '../../abi/errno.ts';
import type { Pipe } from '../fs/pipefs/pipe.ts';
import type { PageMapping } from '../mm/page_mapping.ts';
import type { UnixSocket } from '../net/unix/unix_socket.ts';
import type { Task } from '../task/task.ts';
import type { Dentry } from './dentry.ts';
import type { DirEmit, File } from './file.ts';
import type { FileLocks } from './file_locks.ts';
import type { FsnotifyMark } from './fsnotify_mark.ts';
import type { MountNamespace } from './mount_namespace.ts';
import type { Path } from './path.ts';
import type { SuperBlock } from './super_block.ts';

/** A point in time as struct timespec has it. */
export interface Timespec {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** The attributes that setattr changes; absent ones stay. See chmod(2), chown(2), utimensat(2), truncate(2). */
export interface Attributes {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  readonly atime?: Timespec;
  readonly mtime?: Timespec;
  readonly ctime?: Timespec;
}

/**
 * The base of every inode. Directory operations are given one name component (a byte string: one char per byte) that the
 * caller has checked for length and permission; they return the resulting inode or a negative errno (or NOT_RESIDENT).
 */
export abstract class Inode {
  readonly sb: SuperBlock;
  readonly ino: number;
  /** File type and permission bits (st_mode). */
  mode: number;
  uid = 0;
  gid = 0;
  nlink = 1;
  size = 0;
  /** makedev() number for device nodes. */
  rdev = 0;
  atime: Timespec;
  mtime: Timespec;
  ctime: Timespec;
  /** Who hears what happens to it; null while nobody does. */
  marks: FsnotifyMark[] | null = null;
  /** Advisory locks; null while there are none. */
  locks: FileLocks | null = null;
  /** The entry of a directory in its own file system; null while it has none. */
  alias: Dentry | null = null;
  /** Page cache of regular files; null for files without pages. */
  mapping: PageMapping | null = null;
  /** Made by O_TMPFILE: linkat(2) may still give it a name. */
  linkable = false;
  /** Dentries, overlays and other holders; with none of them and no names left the inode ends. */
  refs = 0;
  /** Open files that can write, or minus the programs that run from it (ETXTBSY). Linux: i_writecount. */
  writers = 0;
  /** The buffer of a FIFO while it is open. Linux: i_pipe. */
  pipe: Pipe | null = null;
  /** The socket that is bound to this socket file; null when it is closed. */
  socket: UnixSocket | null = null;

  constructor(sb: SuperBlock, ino: number, mode: number) {
    this.sb = sb;
    this.ino = ino;
    this.mode = mode;
    this.atime = this.mtime = this.ctime = sb.kernel.now();
  }

  /** st_blocks: units of 512 bytes that the contents take. */
  get blocks(): number {
    return this.mapping === null ? 0 : Math.ceil(this.size / 4096) * 8;
  }

  /** F_SEAL_ bits of a file in memory, -EINVAL for others. See fcntl(2). */
  get seals(): number {
    return -EINVAL;
  }

  /** A holder lets go. */
  put(): void {
    if (--this.refs > 0) return;
    if (this.nlink === 0) this.evict();
    else this.sb.inodeUnused(this);
  }

  /** Nothing can reach the inode any more: free what it holds. */
  evict(): void {
    this.mapping?.release();
  }

  /** FS_ flags that chattr(1) has set; null where there are no such flags. See ioctl_iflags(2). */
  get fileFlags(): number | null {
    return null;
  }

  setFileFlags(_task: Task, _flags: number): number {
    return -ENOTTY;
  }

  /** The contents were read; the caller has asked the mount. */
  accessed(): void {
    this.atime = this.sb.kernel.now();
  }

  /** The contents were changed through a page-cache write. */
  modified(): void {
    this.mtime = this.ctime = this.sb.kernel.now();
  }

  lookup(_task: Task, _name: string): Inode | number {
    return -ENOTDIR;
  }
  create(_task: Task, _name: string, _mode: number): Inode | number {
    return -EPERM;
  }
  mkdir(_task: Task, _name: string, _mode: number): Inode | number {
    return -EPERM;
  }
  mknod(_task: Task, _name: string, _mode: number, _rdev: number): Inode | number {
    return -EPERM;
  }
  symlink(_task: Task, _name: string, _target: string): Inode | number {
    return -EPERM;
  }
  link(_task: Task, _name: string, _inode: Inode): number {
    return -EPERM;
  }
  unlink(_task: Task, _name: string): number {
    return -ENOENT;
  }
  rmdir(_task: Task, _name: string): number {
    return -ENOENT;
  }
  /** Move this directory's `name` to `newName` in `newDir` (same superblock); flags of renameat2(2). */
  rename(_task: Task, _name: string, _newDir: Inode, _newName: string, _flags: number): number {
    return -EPERM;
  }
  /** Emit the names of a directory from offset `pos` (2 at first: the dots are the caller's) on, until the emitter refuses. */
  iterate(_task: Task, _pos: number, _emit: DirEmit): number {
    return -ENOTDIR;
  }
  /** A new file without a name (O_TMPFILE), nlink 0. */
  tmpfile(_task: Task, _mode: number): Inode | number {
    return -EOPNOTSUPP;
  }
  readlink(_task: Task): string | number {
    return -EINVAL;
  }
  /** A magic link of /proc: where following it leads, past any name; null for ordinary links. */
  followMagic(_task: Task): Path | number | null {
    return null;
  }
  setattr(_task: Task, _changes: Attributes): number {
    return -EPERM;
  }
  /** Rules of its own for the MAY_ bits of `mask`: 0, an errno, or null to let mode and owner decide. Linux: inode_operations.permission. */
  permission(_task: Task, _mask: number): number | null {
    return null;
  }
  /** Refresh attributes that are computed (procfs) or may have changed elsewhere, before stat(2). */
  refresh(_task: Task): void {}
  /** The next data (or hole, if `hole`) at or after `pos`, which lies inside the file; for SEEK_DATA and SEEK_HOLE. */
  seekData(pos: number, hole: boolean): number {
    return hole ? this.size : pos;
  }
  /** fallocate(2) of a regular file. */
  fallocate(_task: Task, _mode: number, _offset: number, _length: number): number {
    return -EOPNOTSUPP;
  }
  getxattr(_task: Task, _name: string): Uint8Array | number {
    return -EOPNOTSUPP;
  }
  setxattr(_task: Task, _name: string, _value: Uint8Array, _flags: number): number {
    return -EOPNOTSUPP;
  }
  listxattr(_task: Task): readonly string[] {
    return [];
  }
  removexattr(_task: Task, _name: string): number {
    return -EOPNOTSUPP;
  }
  /** The mount namespace that it is the file of. Linux: is_mnt_ns_file. */
  get mountNamespace(): MountNamespace | null {
    return null;
  }

  /** A directory in which nothing can ever be: a place to mount on. Linux: is_empty_dir_inode. */
  get isEmptyForever(): boolean {
    return false;
  }
  /** A new open file description; permission has been checked. */
  open(_task: Task, _path: Path, _flags: number): File | number {
    return -ENXIO;
  }
}
