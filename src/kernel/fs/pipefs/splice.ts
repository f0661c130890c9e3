/** Moving bytes between pipes and files inside the kernel. Linux: fs/splice.c. See splice(2), tee(2). */

import { EAGAIN, EPIPE } from '../../../abi/errno.ts';
import { O_NONBLOCK } from '../../../abi/fcntl.ts';
import { SIGPIPE } from '../../../abi/signal.ts';
import { FRAME_SIZE } from '../../../platform/ram.ts';
import { raise } from '../../signal/raise.ts';
import type { Task } from '../../task/task.ts';
import type { File } from '../../vfs/file.ts';
import { IovIter } from '../../vfs/iov_iter.ts';
import { type Pipe, PipeBuffer } from './pipe.ts';
import type { PipeFile } from './pipe_file.ts';

/** The most that one call reads ahead into a pipe: its pages. */
const MAX_CHUNK = 65536;

/** Wait until `input` has bytes and `output` has room: 0 when both hold, 1 at end of file, else what to return. */
function waitForBoth(task: Task, input: PipeFile, output: PipeFile, nonblocking: boolean): number {
  if (output.pipe.readers === 0) {
    raise(task, SIGPIPE);
    return -EPIPE;
  }
  if (input.pipe.empty) {
    if (input.pipe.writers === 0) return 1;
    return nonblocking || (input.flags & O_NONBLOCK) !== 0 ? -EAGAIN : task.block([input.pipe.readable]);
  }
  if (!output.pipe.full) return 0;
  return nonblocking || (output.flags & O_NONBLOCK) !== 0 ? -EAGAIN : task.block([output.pipe.writable]);
}

/** Put the first `length` bytes of `buffer` at the end of `pipe`, sharing the page. */
function share(pipe: Pipe, buffer: PipeBuffer, length: number): void {
  pipe.kernel.memory.frames.get(buffer.frame);
  buffer.merge = false;
  pipe.push(new PipeBuffer(buffer.frame, buffer.offset, length, false, buffer.packet));
}

/** Move up to `count` bytes from one pipe to another without copying. Linux: splice_pipe_to_pipe. */
export function pipeToPipe(task: Task, input: PipeFile, output: PipeFile, count: number, nonblocking: boolean): number {
  const state = waitForBoth(task, input, output, nonblocking);
  if (state !== 0) return state === 1 ? 0 : state;
  const wasFull = input.pipe.full;
  let moved = 0;
  while (moved < count && !input.pipe.empty && !output.pipe.full) {
    const buffer = input.pipe.at(0);
    const length = Math.min(buffer.length, count - moved);
    share(output.pipe, buffer, length);
    input.pipe.consume(length);
    moved += length;
  }
  pushed(output.pipe);
  if (wasFull) input.pipe.writable.wakeAll();
  return moved;
}

/** Copy up to `count` bytes of one pipe into another, leaving them in the first. Linux: link_pipe. */
export function teePipe(task: Task, input: PipeFile, output: PipeFile, count: number, nonblocking: boolean): number {
  const state = waitForBoth(task, input, output, nonblocking);
  if (state !== 0) return state === 1 ? 0 : state;
  let moved = 0;
  for (let i = 0; i < input.pipe.pages && moved < count && !output.pipe.full; i++) {
    const buffer = input.pipe.at(i);
    const length = Math.min(buffer.length, count - moved);
    share(output.pipe, buffer, length);
    moved += length;
  }
  pushed(output.pipe);
  return moved;
}

/** Bytes have come into `pipe` past its write: tell who waits for them. */
function pushed(pipe: Pipe): void {
  pipe.sink?.drain(pipe);
  pipe.readable.wakeAll();
}

/** Read up to `count` bytes of a file into a pipe, from offset `pos`. Linux: splice_file_to_pipe. */
export function toPipe(task: Task, input: File, pos: number, output: PipeFile, count: number, nonblocking: boolean): number {
  const { pipe } = output;
  if (pipe.readers === 0) {
    raise(task, SIGPIPE);
    return -EPIPE;
  }
  if (pipe.full) return nonblocking || (output.flags & O_NONBLOCK) !== 0 ? -EAGAIN : task.block([pipe.writable]);
  const bytes = new Uint8Array(Math.min(count, pipe.capacity - pipe.pages * FRAME_SIZE, MAX_CHUNK));
  const got = input.read(task, IovIter.kernel(bytes), pos);
  if (got <= 0) return got;
  const iter = IovIter.kernel(bytes.subarray(0, got));
  const failed = pipe.add(iter, task.group.cgroup.memory, false);
  pipe.sink?.drain(pipe);
  return iter.moved > 0 ? iter.moved : failed;
}

/** Write up to `count` bytes of a pipe to a file, at offset `pos`. Linux: iter_file_splice_write. */
export function fromPipe(task: Task, input: PipeFile, output: File, pos: number, count: number, nonblocking: boolean): number {
  const { pipe } = input;
  if (pipe.empty) {
    if (pipe.writers === 0) return 0;
    return nonblocking || (input.flags & O_NONBLOCK) !== 0 ? -EAGAIN : task.block([pipe.readable]);
  }
  const { frames } = pipe.kernel.memory;
  const wasFull = pipe.full;
  let moved = 0;
  while (moved < count && !pipe.empty) {
    const { frame, offset, length } = pipe.at(0);
    const part = Math.min(length, count - moved);
    const at = frame * FRAME_SIZE + offset;
    const written = output.write(task, IovIter.kernel(frames.views.u8.slice(at, at + part)), pos + moved);
    if (written <= 0) {
      if (moved === 0) return written;
      break;
    }
    pipe.consume(written);
    moved += written;
    if (written < part || !output.seekable) break;
  }
  if (wasFull && !pipe.full) pipe.writable.wakeAll();
  return moved;
}
