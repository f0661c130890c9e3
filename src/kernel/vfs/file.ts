/** An open file description and its operations. Linux: struct file, struct file_operations. */

import { EINVAL, ENODEV, ENOTDIR, ENOTTY, EPERM, ESPIPE } from '../../abi/errno.ts';
import { O_ACCMODE, O_RDONLY, O_RDWR, O_WRONLY } from '../../abi/fcntl.ts';
import { IN_CLOSE_NOWRITE, IN_CLOSE_WRITE } from '../../abi/inotify.ts';
import type { Kernel } from '../kernel.ts';
import type { PidNamespace } from '../namespace/pid_namespace.ts';
import type { Cred } from '../task/cred.ts';
import type { Task } from '../task/task.ts';
import type { WaitQueue } from '../task/wait_queue.ts';
import { releaseFileLocks } from './file_locks.ts';
import type { FileOwner } from './file_owner.ts';
import { notifyFile } from './fsnotify.ts';
import type { Inode } from './inode.ts';
import type { IovIter } from './iov_iter.ts';
import type { Path } from './path.ts';

export const POLLIN = 0x001;
export const POLLPRI = 0x002;
export const POLLOUT = 0x004;
export const POLLERR = 0x008;
export const POLLHUP = 0x010;
export const POLLNVAL = 0x020;
export const POLLRDNORM = 0x040;
export const POLLWRNORM = 0x100;
export const POLLRDHUP = 0x2000;

/** Receives one directory entry; false means "no room", and the entry is offered again by the next getdents64. */
export type DirEmit = (name: string, ino: number, type: number, nextOffset: number) => boolean;

/** Something that refers to a description without keeping it open. Subclasses are data plus `fileGone`. */
export interface FileWatcher {
  fileGone(file: File): void;
}

/**
 * The base of every kind of open file. Operations follow the blocking rules of syscall handlers: they return bytes moved,
 * a negative errno, or what task.block() returned, and are then executed again. `pos` is null for calls that use and
 * advance the file position (the syscall layer advances it), else an explicit offset (pread).
 */
export abstract class File {
  readonly kernel: Kernel;
  /** O_ status flags and access mode, changed by fcntl(F_SETFL). */
  flags: number;
  /** Position for read and write. */
  pos = 0;
  /** Descriptors, mappings and sleeping syscalls that hold this description. */
  refs = 1;
  /** Where it was opened; null for pipes, sockets and other anonymous files. */
  path: Path | null = null;
  /** open(2) has made the file too (F_CREATED_QUERY). Linux: FMODE_CREATED. */
  created = false;
  /** It counts among the inode's and the mount's writers. */
  isWriter = false;
  /** Who gets SIGIO, and which signal instead (F_SETOWN, F_SETSIG); null until it is asked for. */
  owner: FileOwner | null = null;
  /** Credentials of the opener. */
  cred: Cred | null = null;
  /** Who is told when the description goes away (epoll); null when nobody is. */
  watchers: Set<FileWatcher> | null = null;

  constructor(kernel: Kernel, flags: number) {
    this.kernel = kernel;
    this.flags = flags;
  }

  /** The inode behind fstat; every file has one. */
  abstract get inode(): Inode;

  /** Whether read(2) and write(2) are possible at all. Linux: FMODE_READ, FMODE_WRITE. */
  get readable(): boolean {
    return (this.flags & O_ACCMODE) !== O_WRONLY && (this.flags & O_ACCMODE) !== O_ACCMODE;
  }

  get writable(): boolean {
    return (this.flags & O_ACCMODE) === O_WRONLY || (this.flags & O_ACCMODE) === O_RDWR;
  }

  get(): this {
    this.refs++;
    return this;
  }

  put(): void {
    if (--this.refs !== 0) return;
    const { path } = this;
    if (this.watchers !== null) for (const watcher of [...this.watchers]) watcher.fileGone(this);
    if (path !== null) notifyFile(this, this.writable ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
    if (this.isWriter) {
      this.inode.writers--;
      path!.mount.writers--;
      path!.mount.sb.writers--;
    }
    if (this.inode.locks !== null) releaseFileLocks(this);
    this.release();
    path?.put();
  }

  /** The last reference is gone. */
  release(): void {}

  /** Called for every close(2) of a descriptor (POSIX lock removal). */
  flush(_task: Task): void {}

  read(_task: Task, _iter: IovIter, _pos: number): number {
    return -EINVAL;
  }

  write(_task: Task, _iter: IovIter, _pos: number): number {
    return -EINVAL;
  }

  /** Whether a read or write moves as much as it is asked for, however much that is, without sleeping in between. */
  get bulk(): boolean {
    return false;
  }

  /** Whether the file has a position (lseek, pread): streams do not. */
  get seekable(): boolean {
    return false;
  }

  seek(_task: Task, _offset: number, _whence: number): number {
    return -ESPIPE;
  }

  /** Ready POLL bits now. */
  poll(_task: Task): number {
    return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
  }

  /** Queues that are woken whenever poll() may answer differently for `events` (POLLERR and POLLHUP always count). */
  pollQueues(_task: Task, _events: number): readonly WaitQueue[] {
    return [];
  }

  /** Whether it can tell its owner by signals that it is ready (O_ASYNC). Linux: file_operations.fasync. */
  get mayFasync(): boolean {
    return false;
  }

  /** Room for writing has come: whether O_ASYNC tells about it. */
  takeRoom(): boolean {
    return true;
  }

  /** Who is told where nobody has been chosen by F_SETOWN. */
  fasyncOwner(_task: Task): FileOwner | null {
    return null;
  }

  /** `argument` is the raw third register (an address or an int). */
  ioctl(_task: Task, _request: number, _argument: number): number {
    return -ENOTTY;
  }

  /** Emit entries from `this.pos` on; the emitter says when to stop. */
  readdir(_task: Task, _emit: DirEmit): number {
    return -ENOTDIR;
  }

  /** Whether mmap(2) is possible; the pages come from inode.mapping. */
  mmapCheck(_task: Task, _prot: number, _flags: number): number {
    return -ENODEV;
  }

  /** F_GET_SEALS: the seals of a file in memory, or -EINVAL. */
  get seals(): number {
    return this.inode.seals;
  }

  /** F_ADD_SEALS: 0 or a negative errno; only who can write may seal. */
  addSeals(_seals: number): number {
    return (this.flags & O_ACCMODE) === O_RDONLY || this.inode.seals >= 0 ? -EPERM : -EINVAL;
  }

  /** PROT_ bits that mprotect(2) may give a mapping of this file: no stores to a sealed memfd. */
  mayProtect(_shared: boolean): number {
    return 7;
  }

  fsync(_task: Task, _dataOnly: boolean): number {
    return -EINVAL;
  }

  fallocate(_task: Task, _mode: number, _offset: number, _length: number): number {
    return -ENODEV;
  }

  /** Lines after pos, flags and mnt_id in /proc/[pid]/fdinfo/N; `viewer` numbers processes. */
  fdinfo(_viewer: PidNamespace): string {
    return '';
  }
}
