/** sendfile and copy_file_range. See the manual page of each. Linux: fs/read_write.c, fs/splice.c. */

import { EBADF, EFAULT, EINVAL, EISDIR, EOVERFLOW, ESPIPE, EXDEV } from '../../abi/errno.ts';
import * as c from '../../abi/fcntl.ts';
import { S_IFDIR, S_IFMT, S_IFREG } from '../../abi/stat.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { BLOCKED, type Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';
import { IovIter } from '../vfs/iov_iter.ts';
import { fd, flags, ptr, size } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';
import { writeFile } from './sys_read.ts';

/** Bytes moved through the kernel at a time, and at most in one call before the program runs again. */
const CHUNK = 1 << 16;
const MAX_COPY = 1 << 24;

/** The offset at `address`, where another can be written; null for the file's own position; a negative errno. */
function readOffset(task: Task, address: number, negative: (offset: number) => number = () => -EINVAL): number | null {
  if (address === 0) return null;
  const mm = task.mm!;
  const ready = mm.faultIn(address, 8, true);
  if (ready < 8) return ready < 0 ? ready : -EFAULT;
  mm.readU64(address);
  const offset = (mm.high | 0) * 4294967296 + mm.low;
  return offset < 0 ? negative(offset) : offset;
}

const writeOffset = (task: Task, address: number, value: number): number =>
  task.mm!.writeU64(address, value % 4294967296, Math.floor(value / 4294967296));

/** Copy up to `count` bytes from `input` at `from` to `output` at `to` (null: its position): bytes moved, or why none was. */
function copy(task: Task, input: File, from: number, output: File, to: number | null, count: number): number {
  const buffer = new Uint8Array(Math.min(count, CHUNK));
  const group = task.group.cgroup.memory;
  let done = 0;
  while (done < count) {
    const part = buffer.subarray(0, Math.min(CHUNK, count - done));
    const got = input.read(task, IovIter.kernel(part, group), from + done);
    if (got <= 0) return done > 0 ? done : got;
    const put = writeFile(task, output, IovIter.kernel(part.subarray(0, got), group), to === null ? null : to + done);
    if (put <= 0) {
      if (done === 0 || (put !== BLOCKED && put !== NOT_RESIDENT)) return done > 0 ? done : put;
      task.leaveQueues();
      task.state = 'R';
      return done;
    }
    done += put;
    if (put < got || got < part.length) break;
  }
  return done;
}

const sendfile = defineSyscall(
  'sendfile',
  [fd('out_fd'), fd('in_fd'), ptr('offset'), size('count')],
  (task, outFd, inFd, address, count) => {
    const explicit = readOffset(task, address);
    if (explicit !== null && explicit < 0) return explicit;
    const input = task.files!.io(inFd);
    if (input === null || !input.readable) return -EBADF;
    if (explicit !== null && !input.seekable) return -ESPIPE;
    const output = task.files!.io(outFd);
    if (output === null || !output.writable) return -EBADF;
    if (!input.seekable || (output.flags & c.O_APPEND) !== 0) return -EINVAL;
    const from = explicit ?? input.pos;
    const moved = copy(task, input, from, output, null, Math.min(count, MAX_COPY));
    if (moved > 0) {
      if (explicit === null) input.pos = from + moved;
      else return writeOffset(task, address, from + moved) || moved;
    }
    return moved;
  },
);

/** Whether a range goes beyond the largest 64-bit number. Linux: generic_copy_file_checks. */
const wraps = (position: number, length: number): boolean => position > 0 && position + length >= 2 ** 64;

const copyFileRange = defineSyscall(
  'copy_file_range',
  [fd('fd_in'), ptr('off_in'), fd('fd_out'), ptr('off_out'), size('len'), flags('flags')],
  (task, inFd, inAddress, outFd, outAddress, length, flag) => {
    const input = task.files!.io(inFd);
    const output = task.files!.io(outFd);
    if (input === null || output === null) return -EBADF;
    // As an unsigned number it is so large that it wraps around.
    const negative = (offset: number): number => (length >= -offset ? -EOVERFLOW : -EINVAL);
    const inOffset = readOffset(task, inAddress, negative);
    if (inOffset !== null && inOffset < 0) return inOffset;
    const outOffset = readOffset(task, outAddress, negative);
    if (outOffset !== null && outOffset < 0) return outOffset;
    if (flag !== 0) return -EINVAL;
    const types = [input.inode.mode & S_IFMT, output.inode.mode & S_IFMT];
    if (types.includes(S_IFDIR)) return -EISDIR;
    if (types.some((type) => type !== S_IFREG)) return -EINVAL;
    if (!input.readable || !output.writable || (output.flags & c.O_APPEND) !== 0) return -EBADF;
    if (input.inode.sb.type !== output.inode.sb.type) return -EXDEV;
    const from = inOffset ?? input.pos;
    const to = outOffset ?? output.pos;
    if (wraps(from, length) || wraps(to, length)) return -EOVERFLOW;
    const count = Math.min(length, MAX_COPY, Math.max(0, input.inode.size - from));
    if (input.inode === output.inode && from < to + count && to < from + count && count > 0) return -EINVAL;
    if (count === 0) return 0;
    const moved = copy(task, input, from, output, to, count);
    if (moved <= 0) return moved;
    if (inOffset === null) input.pos = from + moved;
    if (outOffset === null) output.pos = to + moved;
    const failed =
      (inOffset === null ? 0 : writeOffset(task, inAddress, from + moved)) ||
      (outOffset === null ? 0 : writeOffset(task, outAddress, to + moved));
    return failed < 0 ? failed : moved;
  },
);

export const copyCalls: readonly Syscall[] = [sendfile, copyFileRange];
