/** pipe2, splice, tee and vmsplice. See the manual page of each. Linux: fs/pipe.c, fs/splice.c. */

import { EAGAIN, EBADF, EFAULT, EINVAL, ESPIPE, isErrno } from '../../abi/errno.ts';
import { MAX_RW_COUNT, O_APPEND, O_CLOEXEC, O_DIRECT, O_NONBLOCK, UIO_MAXIOV } from '../../abi/fcntl.ts';
import { PipeFile } from '../fs/pipefs/pipe_file.ts';
import { createPipe } from '../fs/pipefs/pipe_inode.ts';
import { fromPipe, pipeToPipe, teePipe, toPipe } from '../fs/pipefs/splice.ts';
import type { Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';
import { IovIter, type Segment } from '../vfs/iov_iter.ts';
import { fd, flags, ptr, size, uint } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';
import { newFd } from './new_fd.ts';

const SPLICE_F_NONBLOCK = 2;
const SPLICE_F_ALL = 0xf;

const pipe2 = defineSyscall('pipe2', [ptr('pipefd'), flags('flags')], (task, address, flag) => {
  if ((flag & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT)) !== 0) return -EINVAL;
  const ready = task.mm!.faultIn(address, 8, true);
  if (ready < 8) return ready < 0 ? ready : -EFAULT;
  const ends = createPipe(task, flag);
  if (isErrno(ends)) return ends;
  const [reading, writing] = ends as readonly [PipeFile, PipeFile];
  const first = newFd(task, reading, flag);
  if (first < 0) {
    writing.put();
    return first;
  }
  const second = newFd(task, writing, flag);
  if (second < 0) {
    task.files!.close(task, first);
    return second;
  }
  return task.mm!.writeU64(address, first, second);
});

/** A 64-bit offset in user memory: null for a null pointer. */
function readOffset(task: Task, address: number): number | null {
  return address === 0 ? null : task.mm!.readUlong(address);
}

const splice = defineSyscall(
  'splice',
  [fd('fd_in'), ptr('off_in'), fd('fd_out'), ptr('off_out'), size('len'), flags('flags')],
  (task, fdIn, offIn, fdOut, offOut, length, flag) => {
    if (length === 0) return 0;
    if ((flag & ~SPLICE_F_ALL) !== 0) return -EINVAL;
    const input = task.files!.io(fdIn);
    const output = task.files!.io(fdOut);
    if (input === null || output === null) return -EBADF;
    if (!readable(input) || !writable(output)) return -EBADF;
    const count = Math.min(length, MAX_RW_COUNT);
    const nonblocking = (flag & SPLICE_F_NONBLOCK) !== 0;
    if (input instanceof PipeFile && output instanceof PipeFile) {
      if (offIn !== 0 || offOut !== 0) return -ESPIPE;
      if (input.pipe === output.pipe) return -EINVAL;
      return pipeToPipe(task, input, output, count, nonblocking);
    }
    if (input instanceof PipeFile) {
      if (offIn !== 0) return -ESPIPE;
      if (offOut !== 0 && !output.seekable) return -EINVAL;
      if ((output.flags & O_APPEND) !== 0) return -EINVAL;
      return moved(task, output, offOut, (pos) => fromPipe(task, input, output, pos, count, nonblocking));
    }
    if (output instanceof PipeFile) {
      if (offOut !== 0) return -ESPIPE;
      if (offIn !== 0 && !input.seekable) return -EINVAL;
      return moved(task, input, offIn, (pos) => toPipe(task, input, pos, output, count, nonblocking));
    }
    return -EINVAL;
  },
);

/** Run `transfer` at the explicit offset stored at `address`, or at the file's own position, and advance whichever it was. */
function moved(task: Task, file: File, address: number, transfer: (pos: number) => number): number {
  const explicit = readOffset(task, address);
  if (explicit !== null && explicit < 0) return explicit;
  const pos = explicit ?? file.pos;
  const count = transfer(pos);
  if (count <= 0) return count;
  if (explicit === null) {
    if (file.seekable) file.pos = pos + count;
    return count;
  }
  const next = pos + count;
  return task.mm!.writeU64(address, next % 4294967296, Math.floor(next / 4294967296)) || count;
}

const readable = (file: File): boolean => (file.flags & 3) !== 1;
const writable = (file: File): boolean => (file.flags & 3) !== 0;

const tee = defineSyscall('tee', [fd('fdin'), fd('fdout'), size('len'), flags('flags')], (task, fdIn, fdOut, length, flag) => {
  if ((flag & ~SPLICE_F_ALL) !== 0) return -EINVAL;
  if (length === 0) return 0;
  const input = task.files!.io(fdIn);
  const output = task.files!.io(fdOut);
  if (input === null || output === null || !readable(input) || !writable(output)) return -EBADF;
  if (!(input instanceof PipeFile) || !(output instanceof PipeFile) || input.pipe === output.pipe) return -EINVAL;
  return teePipe(task, input, output, Math.min(length, MAX_RW_COUNT), (flag & SPLICE_F_NONBLOCK) !== 0);
});

const vmsplice = defineSyscall('vmsplice', [fd('fd'), ptr('iov'), size('nr_segs'), uint('flags')], (task, number, address, count, flag) => {
  if ((flag & ~SPLICE_F_ALL) !== 0) return -EINVAL;
  const file = task.files!.io(number);
  if (!(file instanceof PipeFile)) return -EBADF;
  if (count > UIO_MAXIOV) return -EINVAL;
  const bytes = task.mm!.copyIn(address, count * 16);
  if (isErrno(bytes)) return bytes;
  const view = new DataView((bytes as Uint8Array).buffer);
  const segments: Segment[] = [];
  let total = 0;
  for (let at = 0; at < view.byteLength; at += 16) {
    const length = Number(view.getBigUint64(at + 8, true));
    if (length > MAX_RW_COUNT) return -EINVAL;
    segments.push({ address: Number(view.getBigUint64(at, true)), length });
    total += length;
  }
  if (total === 0) return 0;
  const iter = IovIter.vector(task.mm!, segments);
  const status = (flag & SPLICE_F_NONBLOCK) !== 0 ? file.flags | O_NONBLOCK : file.flags;
  if (file.writes) {
    if (file.pipe.full && (status & O_NONBLOCK) !== 0 && file.pipe.readers > 0) return -EAGAIN;
    return file.pipe.write(task, iter, status, false);
  }
  return file.pipe.read(task, iter, status);
});

export const pipeCalls: readonly Syscall[] = [pipe2, splice, tee, vmsplice];
