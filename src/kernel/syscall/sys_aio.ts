/** io_setup, io_submit, io_getevents and their kin. See io_submit(2). Linux: fs/aio.c. */

import * as a from '../../abi/aio.ts';
import { EAGAIN, EBADF, EFAULT, EINPROGRESS, EINTR, EINVAL, ERESTARTSYS, isErrno } from '../../abi/errno.ts';
import { S_IFDIR, S_IFMT } from '../../abi/stat.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import type { AioContext, Request } from '../aio/aio_context.ts';
import { AioContext as Context } from '../aio/aio_context.ts';
import { AioPoll } from '../aio/aio_poll.ts';
import { EventFile } from '../fs/anon_inodes/eventfd.ts';
import { TASK_SIZE } from '../mm/mm.ts';
import { useTemporaryMask } from '../signal/blocked.ts';
import type { Progress } from '../task/progress.ts';
import { BLOCKED, type Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';
import { IovIter } from '../vfs/iov_iter.ts';
import { long, ptr, uint } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';
import { moveFlagged, readIovecs } from './sys_read.ts';
import { readSigset } from './timeout.ts';

/** The context with this id; null when there is none, or its ring cannot be read. Linux: lookup_ioctx. */
const contextOf = (task: Task, id: number): AioContext | null => (task.mm!.readU32(id) < 0 ? null : (task.mm!.aio?.get(id) ?? null));

const ioSetup = defineSyscall('io_setup', [uint('nr_events'), ptr('ctxp')], (task, count, address) => {
  const mm = task.mm!;
  const old = mm.readUlong(address);
  if (old !== 0 || count === 0) return old < 0 ? old : -EINVAL;
  const context = Context.create(mm, count);
  if (isErrno(context)) return context;
  const { id } = context as AioContext;
  const failed = mm.writeU64(address, id % 2 ** 32, Math.floor(id / 2 ** 32));
  if (failed < 0) (context as AioContext).destroy();
  return failed;
});

const ioDestroy = defineSyscall('io_destroy', [ptr('ctx')], (task, id) => {
  const context = contextOf(task, id);
  context?.destroy();
  return context === null ? -EINVAL : 0;
});

/** struct iocb. */
class Iocb implements Request {
  readonly iocb: number;
  readonly eventfd: EventFile | null;
  private readonly data: DataView;

  constructor(address: number, data: DataView, eventfd: EventFile | null) {
    this.iocb = address;
    this.data = data;
    this.eventfd = eventfd;
  }

  get dataLow(): number {
    return this.data.getInt32(0, true);
  }
  get dataHigh(): number {
    return this.data.getInt32(4, true);
  }
  get rwFlags(): number {
    return this.data.getInt32(12, true);
  }
  get opcode(): number {
    return this.data.getUint16(16, true);
  }
  get buffer(): number {
    return Number(this.data.getBigUint64(24, true));
  }
  get bytes(): number {
    return Number(this.data.getBigUint64(32, true));
  }
  get offset(): number {
    return Number(this.data.getBigInt64(40, true));
  }
}

/** Start one request, and mostly end it: 0, a negative errno for one that is not begun, or what a sleep in it returns. Linux: io_submit_one. */
function submit(task: Task, context: AioContext, address: number): number {
  const mm = task.mm!;
  const bytes = mm.copyIn(address, a.IOCB_SIZE);
  if (typeof bytes === 'number') return bytes;
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (data.getBigUint64(48, true) !== 0n || data.getBigInt64(32, true) < 0n) return -EINVAL;
  if (context.full) return -EAGAIN;
  const file = task.progress?.files?.[0] ?? task.files!.io(data.getInt32(20, true));
  if (file === null) return -EBADF;
  let eventfd: EventFile | null = null;
  if ((data.getUint32(56, true) & a.IOCB_FLAG_RESFD) !== 0) {
    const told = task.files!.get(data.getInt32(60, true));
    if (told === null) return -EBADF;
    if (!(told instanceof EventFile)) return -EINVAL;
    eventfd = told;
  }
  const failed = mm.writeU32(address + 8, 0);
  return failed < 0 ? failed : begin(task, context, new Iocb(address, data, eventfd), file);
}

function begin(task: Task, context: AioContext, request: Iocb, file: File): number {
  const { opcode, buffer, bytes, offset, rwFlags } = request;
  switch (opcode) {
    case a.IOCB_CMD_PREAD:
    case a.IOCB_CMD_PWRITE:
    case a.IOCB_CMD_PREADV:
    case a.IOCB_CMD_PWRITEV:
      return transfer(task, context, request, file);
    case a.IOCB_CMD_FSYNC:
    case a.IOCB_CMD_FDSYNC: {
      if (buffer !== 0 || bytes !== 0 || offset !== 0 || rwFlags !== 0) return -EINVAL;
      const result = file.fsync(task, opcode === a.IOCB_CMD_FDSYNC);
      return result === -EINVAL ? result : end(context, request, result);
    }
    case a.IOCB_CMD_POLL:
      if (buffer > 0xffff || bytes !== 0 || offset !== 0 || rwFlags !== 0) return -EINVAL;
      return AioPoll.begin(context, request, file, task, buffer);
    default:
      return -EINVAL;
  }
}

/** Reads and writes are done at once, as Linux does where nothing bypasses the page cache; those of pipes and sockets may sleep. */
function transfer(task: Task, context: AioContext, request: Iocb, file: File): number {
  const { opcode, buffer, bytes, offset, rwFlags } = request;
  const write = opcode === a.IOCB_CMD_PWRITE || opcode === a.IOCB_CMD_PWRITEV;
  if (write ? !file.writable : !file.readable) return -EBADF;
  if ((file.inode.mode & S_IFMT) === S_IFDIR) return -EINVAL;
  let iter: IovIter;
  if (opcode === a.IOCB_CMD_PREAD || opcode === a.IOCB_CMD_PWRITE) {
    if (buffer + bytes > TASK_SIZE) return -EFAULT;
    iter = IovIter.user(task.mm!, buffer, bytes);
  } else {
    const segments = readIovecs(task, buffer, bytes);
    if (isErrno(segments)) return segments;
    iter = IovIter.vector(task.mm!, segments);
  }
  if (file.seekable && offset < 0) return -EINVAL;
  return end(context, request, moveFlagged(task, file, iter, file.seekable ? offset : null, rwFlags, write));
}

function end(context: AioContext, request: Iocb, result: number): number {
  if (result === BLOCKED || result === NOT_RESIDENT) return result;
  // Nothing of it begins again. Linux: aio_rw_done.
  context.complete(request, result <= -ERESTARTSYS ? -EINTR : result);
  return 0;
}

/** The next request begins as a call of its own would. */
function forget(progress: Progress): void {
  progress.drop();
  progress.done = 0;
  progress.deadline = Number.POSITIVE_INFINITY;
}

/** `progress.step` counts the requests that have begun; everything else in it belongs to the one that sleeps. */
const ioSubmit = defineSyscall(
  'io_submit',
  [ptr('ctx_id'), long('nr'), ptr('iocbpp')],
  (task, id, count, list) => {
    if (count < 0) return -EINVAL;
    const context = contextOf(task, id);
    if (context === null) return -EINVAL;
    const limit = Math.min(count, context.places);
    let started = task.progress?.step ?? 0;
    for (; started < limit; started++) {
      const address = task.mm!.readUlong(list + 8 * started);
      const result = address < 0 ? address : submit(task, context, address);
      if (result === BLOCKED || result === NOT_RESIDENT) {
        task.ensureProgress().step = started;
        return result;
      }
      if (result < 0) return started > 0 ? started : result;
      if (task.progress !== null) forget(task.progress);
    }
    return started;
  },
  // The request that a signal found asleep has moved something, or ends with EINTR.
  (task, id, _count, list) => {
    const { progress } = task;
    const started = progress?.step ?? 0;
    const context = contextOf(task, id);
    const address = task.mm!.readUlong(list + 8 * started);
    const bytes = address < 0 ? address : task.mm!.copyIn(address, a.IOCB_SIZE);
    if (context === null || typeof bytes === 'number') return started > 0 ? started : -EINTR;
    const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const told = (data.getUint32(56, true) & a.IOCB_FLAG_RESFD) !== 0 ? task.files!.get(data.getInt32(60, true)) : null;
    const done = progress?.done ?? 0;
    context.complete(new Iocb(address, data, told instanceof EventFile ? told : null), done > 0 ? done : -EINTR);
    return started + 1;
  },
);

const ioCancel = defineSyscall('io_cancel', [ptr('ctx_id'), ptr('iocb'), ptr('result')], (task, id, iocb) => {
  const key = task.mm!.readU32(iocb + 8);
  if (key !== 0) return key < 0 ? key : -EINVAL;
  const poll = contextOf(task, id)?.polls.get(iocb);
  if (poll === undefined) return -EINVAL;
  poll.cancel();
  return -EINPROGRESS;
});

/** struct timespec in nanoseconds, which nobody checks; Infinity for a null pointer. */
function readLimit(task: Task, address: number): number | null {
  if (address === 0) return Number.POSITIVE_INFINITY;
  const bytes = task.mm!.copyIn(address, 16);
  if (typeof bytes === 'number') return null;
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Number(data.getBigInt64(0, true)) * 1e9 + Number(data.getBigInt64(8, true));
}

/** Linux: read_events. `progress.done` counts the events that are copied. */
function getEvents(task: Task, id: number, least: number, most: number, events: number, timeout: number): number {
  const context = contextOf(task, id);
  const done = task.progress?.done ?? 0;
  if (context === null) return done > 0 ? done : -EINVAL;
  if (least > most || least < 0) return -EINVAL;
  const taken = context.take(events + done * a.IO_EVENT_SIZE, most - done);
  if (taken < 0) return done > 0 && taken !== NOT_RESIDENT ? done : taken;
  const total = done + taken;
  if (total >= least || timeout <= 0) return total;
  const deadline = timeout === Number.POSITIVE_INFINITY ? timeout : task.deadline(timeout);
  if (task.kernel.clock.monotonic() >= deadline) return total;
  task.ensureProgress().done = total;
  return task.block([context.changed], { deadline, restart: EINTR });
}

const eventsArguments = [ptr('ctx_id'), long('min_nr'), long('nr'), ptr('events'), ptr('timeout')] as const;

const ioGetevents = defineSyscall('io_getevents', eventsArguments, (task, id, least, most, events, limit) => {
  const timeout = readLimit(task, limit);
  return timeout === null ? -EFAULT : getEvents(task, id, least, most, events, timeout);
});

const ioPgetevents = defineSyscall('io_pgetevents', [...eventsArguments, ptr('usig')], (task, id, least, most, events, limit, signals) => {
  const timeout = readLimit(task, limit);
  if (timeout === null) return -EFAULT;
  if ((task.progress?.step ?? 0) === 0 && signals !== 0) {
    const set = task.mm!.readUlong(signals);
    const size = set < 0 ? set : task.mm!.readUlong(signals + 8);
    const mask = size < 0 ? size : readSigset(task, set, size);
    if (typeof mask === 'number') return mask;
    if (mask !== null) useTemporaryMask(task, mask);
    task.ensureProgress().step = 1;
  }
  return getEvents(task, id, least, most, events, timeout);
});

export const aioCalls: readonly Syscall[] = [ioSetup, ioDestroy, ioSubmit, ioCancel, ioGetevents, ioPgetevents];
