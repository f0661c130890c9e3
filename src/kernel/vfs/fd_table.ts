/** The file descriptors of a process. Linux: struct files_struct, fs/file.c. */

import { EBADF, EMFILE, ENOMEM, isErrno } from '../../abi/errno.ts';
import { O_PATH } from '../../abi/fcntl.ts';
import type { Kernel } from '../kernel.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { charge, uncharge } from '../mm/price.ts';
import type { Task } from '../task/task.ts';
import { flushDnotify } from './dnotify.ts';
import type { File } from './file.ts';
import { releaseProcessLocks } from './file_locks.ts';

/** Descriptors that the price of a task covers, and what each of the others costs. */
const FREE_SLOTS = 64;
const PRICE_SLOT = 16;

export class FdTable {
  /** Tasks that share it. */
  users = 1;
  readonly kernel: Kernel;
  private readonly payer: MemoryGroup;
  /** Descriptors that are paid for. */
  private capacity = FREE_SLOTS;
  private readonly files: (File | null)[] = [];
  /** One byte a descriptor: 1 closes it on execve(2). */
  private closeOnExec: Uint8Array = new Uint8Array(64);
  /** No descriptor below this is free. */
  private nextFree = 0;

  constructor(kernel: Kernel, payer: MemoryGroup) {
    this.kernel = kernel;
    this.payer = payer;
  }

  /** Pay for descriptors up to `fd`: 0 or -ENOMEM. Linux: expand_files. */
  reserve(fd: number): number {
    if (fd < this.capacity) return 0;
    const capacity = 2 ** Math.ceil(Math.log2(fd + 1));
    if (!charge(this.kernel, this.payer, (capacity - this.capacity) * PRICE_SLOT)) return -ENOMEM;
    this.capacity = capacity;
    return 0;
  }

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

  /** The lowest free descriptor not below `from` and below `limit`: put a file there by install. -EMFILE if there is none, -ENOMEM. */
  lowestFree(from: number, limit: number): number {
    let fd = Math.max(from, this.nextFree);
    while (fd < this.files.length && this.files[fd] !== null) fd++;
    if (from <= this.nextFree) this.nextFree = fd;
    if (fd >= limit) return -EMFILE;
    const failed = this.reserve(fd);
    return failed < 0 ? failed : fd;
  }

  /** Give `file` (whose reference is taken over) the lowest free descriptor not below `from`; an error leaves the reference to the caller. */
  allocate(file: File, closeOnExec: boolean, limit: number, from = 0): number {
    const fd = this.lowestFree(from, limit);
    if (fd >= 0) this.install(fd, file, closeOnExec);
    return fd;
  }

  /** Put `file` (whose reference is taken over) at a free descriptor that lowestFree or reserve has prepared. */
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
    if (file.inode.marks !== null) flushDnotify(file, this);
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

  /** A copy for fork(2), paid by `payer`: same files, same flags. -EMFILE or -ENOMEM. Linux: dup_fd. */
  clone(payer: MemoryGroup): FdTable | number {
    if (this.files.length > this.kernel.vfs.nrOpen) return -EMFILE;
    const copy = new FdTable(this.kernel, payer);
    const failed = copy.reserve(this.files.length - 1);
    if (failed < 0) return failed;
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
    uncharge(this.payer, (this.capacity - FREE_SLOTS) * PRICE_SLOT);
    this.capacity = FREE_SLOTS;
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

/** The task's descriptors are its own from now on: 0 or a negative errno. Linux: unshare_files. */
export function unshareFiles(task: Task): number {
  const files = task.files!;
  if (files.users === 1) return 0;
  const copy = files.clone(task.group.cgroup.memory);
  if (isErrno(copy)) return copy;
  task.files = copy;
  files.put(task);
  return 0;
}
