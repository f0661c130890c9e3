/** Copying between the memories of two processes. See process_vm_readv(2); Linux: mm/process_vm_access.c. */

import { EFAULT, EINVAL, ESRCH, isErrno } from '../../abi/errno.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import type { Mm } from '../mm/mm.ts';
import { mayAccess } from '../task/ptrace_access.ts';
import type { Task } from '../task/task.ts';
import type { Segment } from '../vfs/iov_iter.ts';
import { flags, int, ptr, size } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';

const UIO_MAXIOV = 1024;
const MAX_RW_COUNT = 0x7ffff000;
/** Bytes copied between two looks at the address spaces. */
const CHUNK = 4096;
/** Bytes copied before others run. */
const TURN = 1 << 20;

function readSegments(mm: Mm, address: number, count: number): Segment[] | number {
  if (count > UIO_MAXIOV) return -EINVAL;
  const segments: Segment[] = [];
  let total = 0;
  for (let i = 0; i < count; i++) {
    const base = mm.readUlong(address + 16 * i);
    if (base < 0) return base;
    const length = mm.readUlong(address + 16 * i + 8);
    if (length < 0) return length;
    if (length >= 2 ** 63) return -EINVAL;
    const taken = Math.min(length, MAX_RW_COUNT - total);
    total += taken;
    segments.push({ address: base, length: taken });
  }
  return segments;
}

/** Make all resident that can be: NOT_RESIDENT while something is on its way, else 0. */
function request(mm: Mm, segments: Iterable<Segment>, write: boolean): number {
  let absent = false;
  for (const { address, length } of segments) if (mm.faultIn(address, length, write) === NOT_RESIDENT) absent = true;
  return absent ? NOT_RESIDENT : 0;
}

/** A position in a list of segments. */
class Cursor {
  private readonly segments: readonly Segment[];
  private index = 0;
  private offset = 0;

  constructor(segments: readonly Segment[]) {
    this.segments = segments;
  }

  get address(): number {
    return this.segments[this.index]!.address + this.offset;
  }

  /** Bytes left in the present segment; 0 at the end of all. */
  get left(): number {
    while (this.index < this.segments.length && this.offset === this.segments[this.index]!.length) {
      this.index++;
      this.offset = 0;
    }
    return this.index < this.segments.length ? this.segments[this.index]!.length - this.offset : 0;
  }

  advance(count: number): void {
    this.offset += count;
  }

  /** The pieces of the next `count` bytes. */
  *ahead(count: number): IterableIterator<Segment> {
    let { index, offset } = this;
    for (let wanted = count; wanted > 0 && index < this.segments.length; index++, offset = 0) {
      const { address, length } = this.segments[index]!;
      const part = Math.min(length - offset, wanted);
      if (part > 0) yield { address: address + offset, length: part };
      wanted -= part;
    }
  }

  /** Pass over what an earlier execution has copied. */
  skip(count: number): void {
    for (let wanted = count; wanted > 0; ) {
      const part = Math.min(this.left, wanted);
      this.offset += part;
      wanted -= part;
    }
  }
}

function transfer(
  task: Task,
  pid: number,
  localVec: number,
  localCount: number,
  remoteVec: number,
  remoteCount: number,
  write: boolean,
): number {
  const mm = task.mm!;
  const local = readSegments(mm, localVec, localCount);
  if (isErrno(local)) return local;
  if (local.every(({ length }) => length === 0)) return 0;
  const remote = readSegments(mm, remoteVec, remoteCount);
  if (isErrno(remote)) return remote;
  if (remote.every(({ length }) => length === 0)) return 0;
  const target = task.pid.namespace.find(pid)?.task ?? null;
  let done = task.progress?.done ?? 0;
  const denied = target === null || target.mm === null ? -ESRCH : mayAccess(task, target, 'real');
  if (denied < 0) return done > 0 ? done : denied;
  const other = target!.mm!;
  const [from, to, source, destination] = write
    ? [mm, other, new Cursor(local), new Cursor(remote)]
    : [other, mm, new Cursor(remote), new Cursor(local)];
  const turn = done + TURN;
  source.skip(done);
  destination.skip(done);
  const absent = request(from, source.ahead(TURN), false) === NOT_RESIDENT || request(to, destination.ahead(TURN), true) === NOT_RESIDENT;
  if (absent) return NOT_RESIDENT;
  for (;;) {
    const count = Math.min(source.left, destination.left, CHUNK);
    if (count === 0) return done;
    if (done >= turn) return task.hasFatalSignal() ? done : task.giveWay(done);
    const bytes = from.copyIn(source.address, count);
    if (isErrno(bytes) || to.copyOut(destination.address, bytes) < 0) return done > 0 ? done : -EFAULT;
    source.advance(count);
    destination.advance(count);
    done += count;
  }
}

const args = [int('pid'), ptr('local_iov'), size('liovcnt'), ptr('remote_iov'), size('riovcnt'), flags('flags')] as const;

const processVmReadv = defineSyscall('process_vm_readv', args, (task, pid, localVec, localCount, remoteVec, remoteCount, unused) =>
  unused !== 0 ? -EINVAL : transfer(task, pid, localVec, localCount, remoteVec, remoteCount, false),
);

const processVmWritev = defineSyscall('process_vm_writev', args, (task, pid, localVec, localCount, remoteVec, remoteCount, unused) =>
  unused !== 0 ? -EINVAL : transfer(task, pid, localVec, localCount, remoteVec, remoteCount, true),
);

export const processVmCalls: readonly Syscall[] = [processVmReadv, processVmWritev];
