/** The file descriptors of a process. Linux: struct files_struct, fs/file.c. */

import { EBADF, EMFILE } from '../../abi/errno.ts';
import { O_PATH } from '../../abi/fcntl.ts';
import type { Task } from '../task/task.ts';
import type { File } from './file.ts';
import { releaseProcessLocks } from './file_locks.ts';

/** /proc/sys/fs/nr_open: no descriptor is ever this large. */
export const NR_OPEN = 1048576;

export class FdTable {
  /** Tasks that share it. */
  users = 1;
  private readonly files: (File | null)[] = [];
  /** One byte a descriptor: 1 closes it on execve(2). */
  private closeOnExec: Uint8Array = new Uint8Array(64);
  /** No descriptor below this is free. */
  private nextFree = 0;

  /** The file of `fd`, or null. No reference is taken. */
  get(fd: number): File | null {
    return fd >= 0 && fd < this.files.length ? this.files[fd]! : null;
  }

  /** The file of `fd` if it is open for more than its name (O_PATH), else null. Linux: fdget. */
  io(fd: number): File | null {
    const file = this.get(fd);
    return file === null || (file.flags & O_PATH) !== 0 ? null : file;
  }

  /** One past the largest descriptor that may be in use. */
  get end(): number {
    return this.files.length;
  }

  /** The lowest free descriptor not below `from` and below `limit`: reserve it by install. -EMFILE if there is none. */
  lowestFree(from: number, limit: number): number {
    let fd = Math.max(from, this.nextFree);
    while (fd < this.files.length && this.files[fd] !== null) fd++;
    if (from <= this.nextFree) this.nextFree = fd;
    return fd >= limit ? -EMFILE : fd;
  }

  /** Give `file` (whose reference is taken over) the lowest free descriptor not below `from`; -EMFILE leaves the reference to the caller. */
  allocate(file: File, closeOnExec: boolean, limit: number, from = 0): number {
    const fd = this.lowestFree(from, limit);
    if (fd >= 0) this.install(fd, file, closeOnExec);
    return fd;
  }

  /** Put `file` (whose reference is taken over) at a free descriptor. */
  install(fd: number, file: File, closeOnExec: boolean): void {
    while (this.files.length <= fd) this.files.push(null);
    this.files[fd] = file;
    if (fd >= this.closeOnExec.length) {
      const larger = new Uint8Array(Math.max(this.closeOnExec.length * 2, fd + 64));
      larger.set(this.closeOnExec);
      this.closeOnExec = larger;
    }
    this.closeOnExec[fd] = closeOnExec ? 1 : 0;
    if (fd === this.nextFree) this.nextFree = fd + 1;
  }

  isCloseOnExec(fd: number): boolean {
    return this.closeOnExec[fd] === 1;
  }

  setCloseOnExec(fd: number, on: boolean): void {
    this.closeOnExec[fd] = on ? 1 : 0;
  }

  /** close(2): 0, -EBADF, or what the file's flush says. */
  close(task: Task, fd: number): number {
    const file = this.get(fd);
    if (file === null) return -EBADF;
    this.remove(fd);
    if (file.inode.locks !== null) releaseProcessLocks(file.inode, this);
    file.flush(task);
    file.put();
    return 0;
  }

  /** Empty a descriptor without closing the file: the reference passes to the caller. */
  remove(fd: number): void {
    this.files[fd] = null;
    this.closeOnExec[fd] = 0;
    if (fd < this.nextFree) this.nextFree = fd;
    while (this.files.length > 0 && this.files[this.files.length - 1] === null) this.files.pop();
  }

  /** A copy for fork(2): same files, same flags. */
  clone(): FdTable {
    const copy = new FdTable();
    for (let fd = 0; fd < this.files.length; fd++) copy.files.push(this.files[fd]?.get() ?? null);
    copy.closeOnExec = this.closeOnExec.slice();
    copy.nextFree = this.nextFree;
    return copy;
  }

  /** execve(2): close what is marked. */
  exec(task: Task): void {
    for (let fd = 0; fd < this.files.length; fd++) if (this.closeOnExec[fd] === 1 && this.files[fd] !== null) this.close(task, fd);
  }

  /** A task leaves; the last one closes everything. */
  put(task: Task): void {
    if (--this.users > 0) return;
    for (let fd = this.files.length - 1; fd >= 0; fd--) if (this.files[fd] != null) this.close(task, fd);
  }

  share(): this {
    this.users++;
    return this;
  }

  /** Open descriptors in ascending order. */
  *descriptors(): IterableIterator<number> {
    for (let fd = 0; fd < this.files.length; fd++) if (this.files[fd] !== null) yield fd;
  }
}
