/** fcntl, flock and ioctl. See fcntl(2), flock(2), ioctl(2). Linux: fs/fcntl.c, fs/locks.c, fs/ioctl.c. */

import { EAGAIN, EBADF, EINVAL, ENOTTY, EPERM, isErrno } from '../../abi/errno.ts';
import * as c from '../../abi/fcntl.ts';
import { FIOASYNC, FIOCLEX, FIONBIO, FIONCLEX, FIONREAD } from '../../abi/ioctl.ts';
import { RLIMIT_NOFILE } from '../../abi/process.ts';
import { NSIG } from '../../abi/signal.ts';
import { S_IFMT, S_IFREG } from '../../abi/stat.ts';
import { PipeFile } from '../fs/pipefs/pipe_file.ts';
import { setFasync } from '../signal/fasync.ts';
import { ownerId, setOwner, setTypedOwner, signedOwnerId } from '../signal/owner.ts';
import type { Task } from '../task/task.ts';
import { watchDirectory } from '../vfs/dnotify.ts';
import type { File } from '../vfs/file.ts';
import { attributeIoctl } from '../vfs/file_attributes.ts';
import { isAppendOnly } from '../vfs/file_flags.ts';
import { type FileLock, isLockType, lockFile, lockRecord } from '../vfs/file_locks.ts';
import { ownerOrCapable } from '../vfs/permission.ts';
import { fd, flags, int, ptr, uint } from './args.ts';
import { defineSyscall, partial, type Syscall } from './define.ts';
import { pin, pinnedFile } from './pinned_file.ts';

/** The largest offset of a lock's end: the end of the file, however it grows. */
const OFFSET_MAX = 2 ** 63;
/** Flags that F_SETFL changes. Linux: SETFL_MASK. */
const SETTABLE = c.O_APPEND | c.O_NONBLOCK | c.O_DIRECT | c.O_NOATIME;

function setStatus(task: Task, file: File, number: number, flag: number): number {
  if (((flag ^ file.flags) & c.O_APPEND) !== 0 && isAppendOnly(file.inode)) return -EPERM;
  if ((flag & ~file.flags & c.O_NOATIME) !== 0 && !ownerOrCapable(task.cred, file.inode)) return -EPERM;
  if (((flag ^ file.flags) & c.O_ASYNC) !== 0) setFasync(task, file, number, (flag & c.O_ASYNC) !== 0);
  file.flags = (file.flags & ~SETTABLE) | (flag & SETTABLE);
  return 0;
}

interface Flock {
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

/** struct flock, its range made absolute. Linux: flock64_to_posix_lock. */
function readFlock(task: Task, file: File, address: number): Flock | number {
  const bytes = task.mm!.copyIn(address, 32);
  if (typeof bytes === 'number') return bytes;
  const data = new DataView(bytes.buffer);
  const s64 = (at: number): number => data.getInt32(at + 4, true) * 4294967296 + data.getUint32(at, true);
  const type = data.getInt16(0, true);
  const whence = data.getInt16(2, true);
  if (whence < c.SEEK_SET || whence > c.SEEK_END) return -EINVAL;
  const base = whence === c.SEEK_SET ? 0 : whence === c.SEEK_CUR ? file.pos : file.inode.size;
  let start = base + s64(8);
  const length = s64(16);
  let end = length === 0 ? OFFSET_MAX : start + length;
  if (length < 0) {
    end = start;
    start += length;
  }
  if (start < 0) return -EINVAL;
  return { type, start, end: end >= OFFSET_MAX ? Number.POSITIVE_INFINITY : end };
}

/** F_GETLK: write back the lock that stands in the way, or F_UNLCK. F_OFD_GETLK with F_UNLCK asks for the description's own locks. */
function getLock(task: Task, file: File, address: number, description: boolean): number {
  const wanted = readFlock(task, file, address);
  if (isErrno(wanted)) return wanted;
  const own = description && wanted.type === c.F_UNLCK;
  if (wanted.type !== c.F_RDLCK && wanted.type !== c.F_WRLCK && !own) return -EINVAL;
  const owner = description ? file : task.files!;
  const { locks } = file.inode;
  const found = (own ? locks?.held(file, wanted) : locks?.conflict({ ...wanted, owner })) ?? null;
  if (found === null) return task.mm!.copyOut(address, new Uint8Array([c.F_UNLCK, 0]));
  const data = new DataView(new ArrayBuffer(28));
  const length = found.end === Number.POSITIVE_INFINITY ? 0 : found.end - found.start;
  data.setInt16(0, found.type, true);
  data.setInt16(2, c.SEEK_SET, true);
  data.setUint32(8, found.start % 4294967296, true);
  data.setUint32(12, Math.floor(found.start / 4294967296), true);
  data.setUint32(16, length % 4294967296, true);
  data.setUint32(20, Math.floor(length / 4294967296), true);
  data.setInt32(24, found.kind === 'OFDLCK' ? -1 : (task.kernel.initialPidNs.find(found.pid)?.in(task.pid.namespace) ?? 0), true);
  const failed = task.mm!.copyOut(address, new Uint8Array(data.buffer, 0, 4));
  return failed || task.mm!.copyOut(address + 8, new Uint8Array(data.buffer, 8, 20));
}

function setLock(task: Task, file: File, address: number, wait: boolean, description: boolean): number {
  const range = readFlock(task, file, address);
  if (isErrno(range)) return range;
  if (!isLockType(range.type)) return -EINVAL;
  if (range.type === c.F_RDLCK && !file.readable) return -EBADF;
  if (range.type === c.F_WRLCK && !file.writable) return -EBADF;
  const wanted: FileLock = {
    ...range,
    kind: description ? 'OFDLCK' : 'POSIX',
    owner: description ? file : task.files!,
    file,
    pid: task.group.leader.pid.in(task.kernel.initialPidNs),
    payer: task.group.cgroup.memory,
  };
  return pin(task, file, lockRecord(task, file.inode, wanted, wait));
}

/** OFD locks have no process: l_pid must be 0. */
function descriptionLock(task: Task, file: File, address: number, operation: number): number {
  const pid = task.mm!.readU32(address + 24);
  if (pid < 0) return pid;
  if (pid !== 0) return -EINVAL;
  if (operation === c.F_OFD_GETLK) return getLock(task, file, address, true);
  return setLock(task, file, address, operation === c.F_OFD_SETLKW, true);
}

function fileControl(task: Task, number: number, operation: number, argument: number): number {
  const files = task.files!;
  const file = files.get(number);
  if (file === null) return -EBADF;
  const value = argument | 0;
  const limit = task.group.softLimit(RLIMIT_NOFILE);
  switch (operation) {
    case c.F_DUPFD:
    case c.F_DUPFD_CLOEXEC: {
      if (value < 0 || value >= limit) return -EINVAL;
      const copy = files.allocate(file.get(), operation === c.F_DUPFD_CLOEXEC, limit, value);
      if (copy < 0) file.put();
      return copy;
    }
    case c.F_DUPFD_QUERY:
      return files.get(value) === null ? -EBADF : Number(files.get(value) === file);
    case c.F_CREATED_QUERY:
      return file.created ? 1 : 0;
    case c.F_GETFD:
      return files.isCloseOnExec(number) ? c.FD_CLOEXEC : 0;
    case c.F_SETFD:
      files.setCloseOnExec(number, (value & c.FD_CLOEXEC) !== 0);
      return 0;
    case c.F_GETFL:
      return file.flags;
  }
  if ((file.flags & c.O_PATH) !== 0) return -EBADF;
  switch (operation) {
    case c.F_SETFL:
      return setStatus(task, file, number, value);
    case c.F_GETLK:
      return getLock(task, file, argument, false);
    case c.F_SETLK:
    case c.F_SETLKW: {
      const pinned = pinnedFile(task, number) ?? file;
      return setLock(task, pinned, argument, operation === c.F_SETLKW, false);
    }
    case c.F_OFD_GETLK:
    case c.F_OFD_SETLK:
    case c.F_OFD_SETLKW:
      return descriptionLock(task, pinnedFile(task, number) ?? file, argument, operation);
    case c.F_SETOWN:
      if (value === -2147483648) return -EINVAL;
      return setOwner(task, file, value);
    case c.F_GETOWN:
      return signedOwnerId(task, file);
    case c.F_SETOWN_EX: {
      const failed = task.mm!.readU64(argument);
      if (failed < 0) return failed;
      const { low, high } = task.mm!;
      return low > c.F_OWNER_PGRP ? -EINVAL : setTypedOwner(task, file, low, high | 0);
    }
    case c.F_GETOWN_EX:
      return task.mm!.writeU64(argument, file.owner?.type ?? c.F_OWNER_TID, ownerId(task, file));
    case c.F_SETSIG:
      if (value < 0 || value > NSIG) return -EINVAL;
      file.owner = { type: file.owner?.type ?? c.F_OWNER_PID, pid: file.owner?.pid ?? null, cred: task.cred, signal: value };
      return 0;
    case c.F_GETSIG:
      return file.owner?.signal ?? 0;
    case c.F_GETLEASE:
      return c.F_UNLCK;
    case c.F_SETLEASE:
      return value === c.F_UNLCK ? -EAGAIN : -EINVAL;
    case c.F_NOTIFY:
      return watchDirectory(task, file, number, argument % 4294967296);
    case c.F_ADD_SEALS:
      return file.addSeals(value);
    case c.F_GET_SEALS:
      return file.seals;
    case c.F_SETPIPE_SZ:
      return file instanceof PipeFile ? file.pipe.setCapacity(task, argument % 4294967296) : -EBADF;
    case c.F_GETPIPE_SZ:
      return file instanceof PipeFile ? file.pipe.capacity : -EBADF;
    default:
      return -EINVAL;
  }
}

const fcntl = partial(defineSyscall('fcntl', [fd('fd'), int('cmd'), ptr('arg')], fileControl), 'leases are refused with EINVAL');

const flock = defineSyscall('flock', [fd('fd'), uint('operation')], (task, number, operation) => {
  // The mandatory locks of MS-DOS are gone: asking for one does nothing.
  if ((operation & c.LOCK_MAND) !== 0) return 0;
  const type = operation & ~c.LOCK_NB;
  if (type !== c.LOCK_SH && type !== c.LOCK_EX && type !== c.LOCK_UN) return -EINVAL;
  const file = pinnedFile(task, number);
  if (file === null) return -EBADF;
  const wanted: FileLock = {
    kind: 'FLOCK',
    type: type === c.LOCK_SH ? c.F_RDLCK : type === c.LOCK_EX ? c.F_WRLCK : c.F_UNLCK,
    start: 0,
    end: Number.POSITIVE_INFINITY,
    owner: file,
    file,
    pid: task.group.leader.pid.in(task.kernel.initialPidNs),
    payer: task.group.cgroup.memory,
  };
  return pin(task, file, lockFile(task, file.inode, wanted, (operation & c.LOCK_NB) === 0));
});

const ioctl = defineSyscall('ioctl', [fd('fd'), flags('request'), ptr('arg')], (task, number, request, argument) => {
  const file = pinnedFile(task, number);
  if (file === null) return -EBADF;
  switch (request) {
    case FIOCLEX:
    case FIONCLEX:
      task.files!.setCloseOnExec(number, request === FIOCLEX);
      return 0;
    case FIONBIO:
    case FIOASYNC: {
      const on = task.mm!.readU32(argument);
      if (on < 0) return on;
      const bit = request === FIONBIO ? c.O_NONBLOCK : c.O_ASYNC;
      if ((on !== 0) === ((file.flags & bit) !== 0)) return 0;
      if (request === FIOASYNC) return setFasync(task, file, number, on !== 0) ? 0 : -ENOTTY;
      file.flags ^= bit;
      return 0;
    }
    case FIONREAD:
      if ((file.inode.mode & S_IFMT) === S_IFREG) return task.mm!.writeU32(argument, Math.max(0, file.inode.size - file.pos));
  }
  const result = attributeIoctl(task, file, request, argument) ?? file.ioctl(task, request, argument);
  return pin(task, file, result);
});

export const fcntlCalls: readonly Syscall[] = [fcntl, flock, ioctl];
