/** The master side of a pseudo-terminal, held by a terminal emulator in the guest. Linux: drivers/tty/pty.c. See pty(7). */

import { CAP_SYS_ADMIN } from '../../../abi/capability.ts';
import { EAGAIN, EBUSY, EINVAL, EIO, isErrno } from '../../../abi/errno.ts';
import { O_NONBLOCK } from '../../../abi/fcntl.ts';
import * as io from '../../../abi/ioctl.ts';
import { NSIG, SIGINT, SIGQUIT, SIGTSTP } from '../../../abi/signal.ts';
import { TIOCPKT_DATA } from '../../../abi/termios.ts';
import { NOT_RESIDENT } from '../../../platform/blocks.ts';
import type { DevptsSuperBlock, PtsInode } from '../../fs/devpts/devpts.ts';
import type { Kernel } from '../../kernel.ts';
import { newFd } from '../../syscall/new_fd.ts';
import type { Task } from '../../task/task.ts';
import { WaitQueue } from '../../task/wait_queue.ts';
import { Dentry } from '../../vfs/dentry.ts';
import { File, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDNORM, POLLWRNORM } from '../../vfs/file.ts';
import type { FileOwner } from '../../vfs/file_owner.ts';
import type { Inode } from '../../vfs/inode.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import type { Mount } from '../../vfs/mount.ts';
import { Path } from '../../vfs/path.ts';
import type { Tty, TtyPeer } from './tty.ts';
import { TtyFile, terminalOwner } from './tty_file.ts';
import { ttyIoctl } from './tty_ioctl.ts';

const WRITE_EVENTS: number = POLLOUT | POLLWRNORM;

/** What the master and its terminal know of each other. */
export class PtyMaster implements TtyPeer {
  readonly readable: WaitQueue = new WaitQueue();
  readonly writable: WaitQueue = new WaitQueue();
  /** TIOCPKT: reads tell what happened to the terminal. */
  packets = false;
  status = 0;
  /** The terminal was open and nobody has it open now. */
  otherClosed = false;

  outputAdded(): void {
    this.readable.wakeAll();
  }

  inputTaken(): void {
    this.writable.wakeAll();
  }

  packetStatus(bits: number): void {
    if (!this.packets) return;
    // A later stop or start replaces the earlier.
    for (const pair of [4 | 8, 16 | 32]) if ((bits & pair) !== 0) this.status &= ~pair;
    this.status |= bits;
    this.readable.wakeAll();
  }

  closed(): void {
    this.otherClosed = true;
    this.readable.wakeAll();
  }
}

/** An open /dev/ptmx. */
export class PtyMasterFile extends File {
  readonly tty: Tty;
  readonly master: PtyMaster;
  readonly devpts: DevptsSuperBlock;
  private readonly mount: Mount;
  private readonly node: Inode;

  constructor(kernel: Kernel, tty: Tty, master: PtyMaster, devpts: DevptsSuperBlock, mount: Mount, inode: Inode, flags: number) {
    super(kernel, flags);
    this.tty = tty;
    this.master = master;
    this.devpts = devpts;
    this.mount = mount;
    this.node = inode;
  }

  override get inode(): Inode {
    return this.node;
  }

  override release(): void {
    this.devpts.remove(this.tty);
    this.tty.dead = true;
    this.tty.hangup();
  }

  override read(task: Task, iter: IovIter): number {
    const { tty, master } = this;
    if (iter.remaining === 0) return 0;
    if (master.packets && master.status !== 0) {
      const ready = iter.prepare(1, true);
      if (ready < 0) return ready;
      const status = Uint8Array.of(master.status);
      master.status = 0;
      return iter.put(status) || 1;
    }
    const { queue } = tty.output;
    if (queue.length === 0) {
      if (master.otherClosed) return -EIO;
      return (this.flags & O_NONBLOCK) !== 0 ? -EAGAIN : task.block([master.readable]);
    }
    const prefix = master.packets ? 1 : 0;
    const ready = iter.prepare(Math.min(iter.remaining, queue.length + prefix), true);
    if (ready < 0) return ready;
    if (prefix === 1) iter.put(Uint8Array.of(TIOCPKT_DATA));
    for (let left = ready - prefix; left > 0; ) {
      const part = queue.peek(left);
      const failed = iter.put(part);
      if (failed < 0) return failed;
      left -= part.length;
      queue.drop(part.length);
    }
    tty.outputTaken();
    return ready;
  }

  override write(task: Task, iter: IovIter): number {
    const { tty } = this;
    const done = task.progress?.done ?? 0;
    if (done > iter.moved) iter.skip(done - iter.moved);
    while (iter.remaining > 0) {
      const room = Math.min(tty.inputRoom, iter.remaining);
      if (room === 0) {
        if ((this.flags & O_NONBLOCK) !== 0) return iter.moved > 0 ? iter.moved : -EAGAIN;
        if (iter.moved > 0) task.ensureProgress().done = iter.moved;
        return task.block([this.master.writable]);
      }
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
      tty.receive(bytes, task.kernel.clock.monotonic());
    }
    return iter.moved;
  }

  override poll(): number {
    const { tty, master } = this;
    let events = 0;
    if (tty.output.queue.length > 0) events |= POLLIN | POLLRDNORM;
    if (master.packets && master.status !== 0) events |= POLLPRI | POLLIN | POLLRDNORM;
    if (master.otherClosed) events |= POLLHUP;
    if (tty.inputRoom > 0) events |= POLLOUT | POLLWRNORM;
    return events;
  }

  override get mayFasync(): boolean {
    return true;
  }

  override fasyncOwner(task: Task): FileOwner {
    return terminalOwner(task, this.tty);
  }

  override pollQueues(_task: Task, events: number): readonly WaitQueue[] {
    const { readable, writable } = this.master;
    return (events & WRITE_EVENTS) !== 0 ? [readable, writable] : [readable];
  }

  override ioctl(task: Task, request: number, argument: number): number {
    const { tty, master } = this;
    const mm = task.mm!;
    switch (request) {
      case io.TIOCGPTN:
        return mm.writeU32(argument, tty.index);
      case io.TIOCSPTLCK: {
        const locked = mm.readU32(argument);
        if (locked < 0) return locked;
        tty.locked = locked !== 0;
        return 0;
      }
      case io.TIOCGPTLCK:
        return mm.writeU32(argument, tty.locked ? 1 : 0);
      case io.TIOCPKT: {
        const on = mm.readU32(argument);
        if (on < 0) return on;
        if (on !== 0 && !master.packets) master.status = 0;
        master.packets = tty.packetMode = on !== 0;
        return 0;
      }
      case io.TIOCGPKT:
        return mm.writeU32(argument, master.packets ? 1 : 0);
      case io.TIOCGPTPEER:
        return this.openPeer(task, argument);
      case io.TIOCSIG:
        if (argument < 1 || argument > NSIG || ![SIGINT, SIGQUIT, SIGTSTP].includes(argument)) return -EINVAL;
        tty.signalForeground(argument);
        return 0;
      case io.FIONREAD:
        return mm.writeU32(argument, tty.output.queue.length);
      default:
        return ttyIoctl(task, tty, this, false, request, argument);
    }
  }

  /** TIOCGPTPEER: the terminal itself, whatever is mounted where. */
  private openPeer(task: Task, flags: number): number {
    const inode = this.devpts.terminals.get(this.tty.index);
    if (inode === undefined) return -EIO;
    const file = openTerminal(task, inode, flags);
    if (isErrno(file)) return file;
    file.path = new Path(this.mount, new Dentry(this.devpts, this.devpts.root, String(this.tty.index), inode)).get();
    return newFd(task, file, flags);
  }
}

/** Open /dev/pts/N. Linux: pty_open, tty_open. */
export function openTerminal(task: Task, inode: PtsInode, flags: number): TtyFile | number {
  const { tty } = inode;
  if (tty.locked || tty.dead) return -EIO;
  if (tty.exclusive && tty.opens > 0 && !task.cred.capable(CAP_SYS_ADMIN, task.kernel.initialUserNs)) return -EBUSY;
  return attachFile(task, tty, inode, flags);
}

/** A file for a terminal, opened through any of its nodes. */
export function attachFile(task: Task, tty: Tty, inode: Inode, flags: number): TtyFile {
  if (tty.peer instanceof PtyMaster) tty.peer.otherClosed = false;
  return new TtyFile(task.kernel, tty, inode, flags);
}
