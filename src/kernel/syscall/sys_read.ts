/** read, write, their positioned and vectored kin, and lseek. See read(2), pread(2), readv(2), lseek(2). Linux: fs/read_write.c. */

import { EBADF, EFAULT, EINVAL, EOPNOTSUPP, ESPIPE, isErrno } from '../../abi/errno.ts';
import * as c from '../../abi/fcntl.ts';
import { IN_ACCESS, IN_MODIFY } from '../../abi/inotify.ts';
import { S_IFMT, S_IFREG } from '../../abi/stat.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { TASK_SIZE } from '../mm/mm.ts';
import { BLOCKED, type Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';
import { notifyFile } from '../vfs/fsnotify.ts';
import { IovIter, type Segment } from '../vfs/iov_iter.ts';
import { limitWrite } from '../vfs/write_limit.ts';
import { fd, flags, int, long, ptr, size, uint } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';
import { pin, pinnedFile } from './pinned_file.ts';

/** Above this a size_t is a negative ssize_t. */
const SSIZE_MAX = 2 ** 63;

/** Bytes that one execution of a call moves, if the file could move all at once: then others run. */
const TURN = 1 << 20;

/** Bytes that earlier executions of this call have moved. */
const movedBefore = (task: Task, file: File, iter: IovIter): number => (file.bulk && iter.mm !== null ? (task.progress?.done ?? 0) : 0);

/** Pass over what has been moved and limit this execution; whether it may be the last. */
function takeTurn(file: File, iter: IovIter, before: number): boolean {
  if (!file.bulk || iter.mm === null) return true;
  if (before > 0) iter.skip(before);
  if (iter.remaining <= TURN) return true;
  iter.truncate(TURN);
  return false;
}

/** The call's result when this execution has moved `count` bytes after `before`; BLOCKED when it goes on later. */
function endTurn(task: Task, before: number, count: number, last: boolean): number {
  if (count === NOT_RESIDENT || (count < 0 && before === 0)) return count;
  if (count < 0) return before;
  return last || count < TURN || task.hasFatalSignal() ? before + count : task.giveWay(before + count);
}

/** Read into `iter`; `pos` null uses and advances the position of the file. */
function readFile(task: Task, file: File, iter: IovIter, pos: number | null): number {
  const before = movedBefore(task, file, iter);
  const last = takeTurn(file, iter, before);
  const count = file.read(task, iter, pos === null ? file.pos : pos + before);
  if (count > 0 && pos === null && file.seekable) file.pos += count;
  const total = endTurn(task, before, count, last);
  task.io.countRead(total);
  if (total > 0) notifyFile(file, IN_ACCESS);
  return pin(task, file, total);
}

/** Write from `iter`. O_APPEND goes before every position. */
export function writeFile(task: Task, file: File, iter: IovIter, pos: number | null): number {
  const before = movedBefore(task, file, iter);
  let at = pos === null ? file.pos : pos + before;
  if ((file.inode.mode & S_IFMT) === S_IFREG) {
    if ((file.flags & c.O_APPEND) !== 0) at = file.inode.size;
    const refused = limitWrite(task, iter, at - before);
    if (refused < 0) return refused;
  }
  const last = takeTurn(file, iter, before);
  const count = file.write(task, iter, at);
  if (count > 0 && pos === null && file.seekable) file.pos = at + count;
  const total = endTurn(task, before, count, last);
  task.io.countWrite(total);
  if (total > 0) {
    notifyFile(file, IN_MODIFY);
    if ((file.flags & c.O_DSYNC) !== 0) {
      const failed = file.fsync(task, (file.flags & c.__O_SYNC) === 0);
      if (failed < 0 && failed !== -EINVAL) return failed;
    }
  }
  return pin(task, file, total);
}

/** The destination or source of a plain call; -EFAULT for a range outside the address space. */
function userIter(task: Task, address: number, count: number): IovIter | number {
  if (address + count > TASK_SIZE) return -EFAULT;
  return IovIter.user(task.mm!, address, Math.min(count, c.MAX_RW_COUNT));
}

const read = defineSyscall('read', [fd('fd'), ptr('buf'), size('count')], (task, number, address, count) => {
  const file = pinnedFile(task, number);
  if (file === null || !file.readable) return -EBADF;
  const iter = userIter(task, address, count);
  return typeof iter === 'number' ? iter : readFile(task, file, iter, null);
});

const write = defineSyscall('write', [fd('fd'), ptr('buf'), size('count')], (task, number, address, count) => {
  const file = pinnedFile(task, number);
  if (file === null || !file.writable) return -EBADF;
  const iter = userIter(task, address, count);
  return typeof iter === 'number' ? iter : writeFile(task, file, iter, null);
});

const pread64 = defineSyscall('pread64', [fd('fd'), ptr('buf'), size('count'), long('pos')], (task, number, address, count, pos) => {
  if (pos < 0) return -EINVAL;
  const file = pinnedFile(task, number);
  if (file === null) return -EBADF;
  if (!file.seekable) return -ESPIPE;
  if (!file.readable) return -EBADF;
  const iter = userIter(task, address, count);
  return typeof iter === 'number' ? iter : readFile(task, file, iter, pos);
});

const pwrite64 = defineSyscall('pwrite64', [fd('fd'), ptr('buf'), size('count'), long('pos')], (task, number, address, count, pos) => {
  if (pos < 0) return -EINVAL;
  const file = pinnedFile(task, number);
  if (file === null) return -EBADF;
  if (!file.seekable) return -ESPIPE;
  if (!file.writable) return -EBADF;
  const iter = userIter(task, address, count);
  return typeof iter === 'number' ? iter : writeFile(task, file, iter, pos);
});

/** The iovecs at `address`, or those that a sleeping execution has copied in. Linux: import_iovec. */
export function readIovecs(task: Task, address: number, count: number): readonly Segment[] | number {
  const kept = task.progress?.data;
  if (Array.isArray(kept)) return kept as Segment[];
  if (count > c.UIO_MAXIOV) return -EINVAL;
  const bytes = task.mm!.copyIn(address, count * 16);
  if (typeof bytes === 'number') return bytes;
  const data = new DataView(bytes.buffer);
  const u64 = (at: number): number => data.getUint32(at + 4, true) * 4294967296 + data.getUint32(at, true);
  const segments: Segment[] = [];
  let left = c.MAX_RW_COUNT;
  for (let at = 0; at < bytes.length; at += 16) {
    const length = u64(at + 8);
    if (length >= SSIZE_MAX) return -EINVAL;
    if (u64(at) + length > TASK_SIZE) return -EFAULT;
    const part = Math.min(length, left);
    segments.push({ address: u64(at), length: part });
    left -= part;
  }
  return segments;
}

/** Common to all vectored calls; `move` is readFile or writeFile. */
function vectored(task: Task, file: File, address: number, count: number, pos: number | null, write: boolean): number {
  const segments = readIovecs(task, address, count);
  if (isErrno(segments)) return segments;
  const iter = IovIter.vector(task.mm!, segments);
  const result = write ? writeFile(task, file, iter, pos) : readFile(task, file, iter, pos);
  if (result === BLOCKED) task.ensureProgress().data = segments;
  return result;
}

const readv = defineSyscall('readv', [fd('fd'), ptr('iov'), size('iovcnt')], (task, number, address, count) => {
  const file = pinnedFile(task, number);
  if (file === null || !file.readable) return -EBADF;
  return vectored(task, file, address, count, null, false);
});

const writev = defineSyscall('writev', [fd('fd'), ptr('iov'), size('iovcnt')], (task, number, address, count) => {
  const file = pinnedFile(task, number);
  if (file === null || !file.writable) return -EBADF;
  return vectored(task, file, address, count, null, true);
});

function positioned(task: Task, number: number, address: number, count: number, pos: number, write: boolean): number {
  if (pos < 0) return -EINVAL;
  const file = pinnedFile(task, number);
  if (file === null) return -EBADF;
  if (!file.seekable) return -ESPIPE;
  if (write ? !file.writable : !file.readable) return -EBADF;
  return vectored(task, file, address, count, pos, write);
}

const preadv = defineSyscall('preadv', [fd('fd'), ptr('iov'), size('iovcnt'), long('pos')], (task, number, address, count, pos) =>
  positioned(task, number, address, count, pos, false),
);

const pwritev = defineSyscall('pwritev', [fd('fd'), ptr('iov'), size('iovcnt'), long('pos')], (task, number, address, count, pos) =>
  positioned(task, number, address, count, pos, true),
);

/** preadv2 and pwritev2. */
function flagged(task: Task, number: number, address: number, count: number, pos: number, rwf: number, write: boolean): number {
  const file = pinnedFile(task, number);
  if (file === null) return -EBADF;
  if (pos !== -1 && pos < 0) return -EINVAL;
  if (pos !== -1 && !file.seekable) return -ESPIPE;
  if (write ? !file.writable : !file.readable) return -EBADF;
  return withFlags(file, rwf, () => vectored(task, file, address, count, pos === -1 ? null : pos, write));
}

/** Move the bytes of `iter` under RWF_ flags. */
export const moveFlagged = (task: Task, file: File, iter: IovIter, pos: number | null, rwf: number, write: boolean): number =>
  withFlags(file, rwf, () => (write ? writeFile : readFile)(task, file, iter, pos));

/** The RWF_ flags stand in for flags of the description during the call. Linux: kiocb_set_rw_flags. */
function withFlags(file: File, rwf: number, move: () => number): number {
  if ((rwf & ~(c.RWF_HIPRI | c.RWF_DSYNC | c.RWF_SYNC | c.RWF_NOWAIT | c.RWF_APPEND | c.RWF_NOAPPEND)) !== 0) return -EOPNOTSUPP;
  if ((rwf & c.RWF_APPEND) !== 0 && (rwf & c.RWF_NOAPPEND) !== 0) return -EINVAL;
  const before = file.flags;
  if ((rwf & c.RWF_NOWAIT) !== 0) file.flags |= c.O_NONBLOCK;
  if ((rwf & c.RWF_APPEND) !== 0) file.flags |= c.O_APPEND;
  if ((rwf & c.RWF_NOAPPEND) !== 0) file.flags &= ~c.O_APPEND;
  if ((rwf & c.RWF_DSYNC) !== 0) file.flags |= c.O_DSYNC;
  if ((rwf & c.RWF_SYNC) !== 0) file.flags |= c.O_SYNC;
  const result = move();
  file.flags = before;
  return result;
}

const rwv2 = [fd('fd'), ptr('iov'), size('iovcnt'), long('pos'), uint('pos_h'), flags('flags')] as const;

const preadv2 = defineSyscall('preadv2', rwv2, (task, number, address, count, pos, _high, rwf) =>
  flagged(task, number, address, count, pos, rwf, false),
);

const pwritev2 = defineSyscall('pwritev2', rwv2, (task, number, address, count, pos, _high, rwf) =>
  flagged(task, number, address, count, pos, rwf, true),
);

const lseek = defineSyscall('lseek', [fd('fd'), long('offset'), int('whence')], (task, number, offset, whence) => {
  const file = task.files!.io(number);
  return file === null ? -EBADF : file.seek(task, offset, whence);
});

export const readCalls: readonly Syscall[] = [read, write, pread64, pwrite64, readv, writev, preadv, pwritev, preadv2, pwritev2, lseek];
