/** An open terminal. Linux: tty_fops, n_tty_read, n_tty_write. See tty(4). */

import { EAGAIN, EIO, ENOTTY } from '../../../abi/errno.ts';
import { F_OWNER_PGRP, F_OWNER_PID, O_NONBLOCK } from '../../../abi/fcntl.ts';
import { TIOCSPGRP } from '../../../abi/ioctl.ts';
import { SIGTTIN, SIGTTOU } from '../../../abi/signal.ts';
import { TOSTOP, VMIN, VTIME } from '../../../abi/termios.ts';
import { NOT_RESIDENT } from '../../../platform/blocks.ts';
import type { Kernel } from '../../kernel.ts';
import { BLOCKED, type Task } from '../../task/task.ts';
import type { WaitQueue } from '../../task/wait_queue.ts';
import { File, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../../vfs/file.ts';
import type { FileOwner } from '../../vfs/file_owner.ts';
import type { Inode } from '../../vfs/inode.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import { checkChange } from './job_control.ts';
import { isCanonical } from './n_tty.ts';
import type { Tty } from './tty.ts';
import { ttyIoctl } from './tty_ioctl.ts';

/** VTIME counts tenths of a second. */
const TENTH = 1e8;
const WRITE_EVENTS: number = POLLOUT | POLLWRNORM;

/** Who is told about a terminal where nobody has been chosen. Linux: __tty_fasync. */
export function terminalOwner({ cred, group }: Task, { foreground }: Tty): FileOwner {
  if (foreground !== null) return { type: F_OWNER_PGRP, pid: foreground, cred, signal: 0 };
  return { type: F_OWNER_PID, pid: group.leader.pid, cred, signal: 0 };
}

export class TtyFile extends File {
  readonly tty: Tty;
  private readonly node: Inode;
  private readonly hangupsBefore: number;

  constructor(kernel: Kernel, tty: Tty, inode: Inode, flags: number) {
    super(kernel, flags);
    this.tty = tty;
    this.node = inode;
    this.hangupsBefore = tty.hangups;
    tty.opened();
  }

  override get inode(): Inode {
    return this.node;
  }

  /** The terminal was hung up after this file was opened. */
  get hungUp(): boolean {
    return this.tty.hangups !== this.hangupsBefore;
  }

  override release(): void {
    this.tty.closedOne();
  }

  override read(task: Task, iter: IovIter): number {
    const { tty } = this;
    if (this.hungUp) return 0;
    const refused = checkChange(task, tty, SIGTTIN);
    if (refused < 0) return refused;
    if (iter.remaining === 0) return 0;
    const { termios, line } = tty;
    const available = line.available(termios);
    const wait = isCanonical(termios.lflag) ? (available > 0 ? 0 : this.sleep(task)) : this.waitForBytes(task, available, iter.remaining);
    if (wait === BLOCKED || wait < 0) return wait;
    const ready = iter.prepare(Math.min(iter.remaining, Math.max(1, line.available(termios))), true);
    if (ready < 0) return ready;
    const bytes = line.take(ready, termios);
    const failed = iter.put(bytes);
    tty.inputTaken();
    return failed < 0 ? failed : bytes.length;
  }

  /** Raw mode: 0 when what is there may be returned. See termios(3) on MIN and TIME. */
  private waitForBytes(task: Task, available: number, wanted: number): number {
    const { termios, lastInput } = this.tty;
    const minimum = termios.cc[VMIN]!;
    const time = termios.cc[VTIME]! * TENTH;
    if (available >= Math.min(Math.max(minimum, 1), wanted)) return 0;
    let deadline = Number.POSITIVE_INFINITY;
    if (minimum === 0) {
      if (time === 0) return 0;
      deadline = task.deadline(time);
    } else if (time > 0 && available > 0) deadline = lastInput + time;
    if (task.kernel.clock.monotonic() >= deadline) return 0;
    const result = this.sleep(task, deadline);
    return result < 0 && result !== BLOCKED && available > 0 ? 0 : result;
  }

  private sleep(task: Task, deadline: number = Number.POSITIVE_INFINITY): number {
    return (this.flags & O_NONBLOCK) !== 0 ? -EAGAIN : task.block([this.tty.readable], { deadline });
  }

  override write(task: Task, iter: IovIter): number {
    const { tty } = this;
    if (this.hungUp) return -EIO;
    if ((tty.termios.lflag & TOSTOP) !== 0) {
      const refused = checkChange(task, tty, SIGTTOU);
      if (refused < 0) return refused;
    }
    const done = task.progress?.done ?? 0;
    if (done > iter.moved) iter.skip(done - iter.moved);
    tty.flushOutput();
    while (iter.remaining > 0) {
      const room = Math.min(tty.output.room(tty.termios), iter.remaining);
      if (room === 0) return this.waitForRoom(task, iter.moved);
      const ready = iter.prepare(room, false);
      if (ready < 0) {
        if (iter.moved === 0) return ready;
        if (ready !== NOT_RESIDENT) return iter.moved;
        task.ensureProgress().done = iter.moved;
        return ready;
      }
      const bytes = new Uint8Array(ready);
      const failed = iter.take(bytes);
      if (failed < 0) return iter.moved > 0 ? iter.moved : failed;
      tty.output.write(bytes, tty.termios);
      tty.flushOutput();
    }
    return iter.moved;
  }

  private waitForRoom(task: Task, moved: number): number {
    if ((this.flags & O_NONBLOCK) !== 0) return moved > 0 ? moved : -EAGAIN;
    if (moved > 0) task.ensureProgress().done = moved;
    return task.block([this.tty.writable]);
  }

  override poll(): number {
    const { tty } = this;
    if (this.hungUp) return POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM;
    const { cc, lflag } = tty.termios;
    let events = 0;
    const enough = !isCanonical(lflag) && cc[VTIME] === 0 && cc[VMIN]! > 0 ? cc[VMIN]! : 1;
    if (tty.line.available(tty.termios) >= enough) events |= POLLIN | POLLRDNORM;
    if (tty.output.room(tty.termios) > 0) events |= POLLOUT | POLLWRNORM;
    return events;
  }

  override get mayFasync(): boolean {
    return true;
  }

  override fasyncOwner(task: Task): FileOwner {
    return terminalOwner(task, this.tty);
  }

  override pollQueues(_task: Task, events: number): readonly WaitQueue[] {
    const { readable, writable } = this.tty;
    return (events & WRITE_EVENTS) !== 0 ? [readable, writable] : [readable];
  }

  override ioctl(task: Task, request: number, argument: number): number {
    if (this.hungUp) return request === TIOCSPGRP ? -ENOTTY : -EIO;
    return ttyIoctl(task, this.tty, this, true, request, argument);
  }
}
