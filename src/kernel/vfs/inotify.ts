/** Watching files. Linux: fs/notify/inotify. See inotify(7). */

import { EAGAIN, EINVAL, EMFILE, ENOMEM, ENOSPC } from '../../abi/errno.ts';
import { O_NONBLOCK } from '../../abi/fcntl.ts';
import { IN_ALL_EVENTS, IN_IGNORED, IN_ISDIR, IN_ONESHOT, IN_Q_OVERFLOW } from '../../abi/inotify.ts';
import { FIONREAD } from '../../abi/ioctl.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { charge, uncharge } from '../mm/price.ts';
import { decUcount, incUcount, type UcountLimits, type Ucounts } from '../namespace/ucounts.ts';
import type { Task } from '../task/task.ts';
import { WaitQueue } from '../task/wait_queue.ts';
import { File, POLLIN, POLLRDNORM } from './file.ts';
import { FsnotifyMark } from './fsnotify_mark.ts';
import type { Inode } from './inode.ts';
import type { IovIter } from './iov_iter.ts';
import { latin1Bytes } from './text.ts';

const HEADER_SIZE = 16;
/** What a watch costs, and an event besides its name. */
const PRICE_MARK = 320;
const PRICE_EVENT = 128;
/** What Linux reckons a watch with its inode to be. Linux: INOTIFY_WATCH_COST. */
const WATCH_COST = 1360;

/** What users of the first namespace may have on a machine of `pages` pages. Linux: inotify_user_setup. */
export const inotifyLimits = (pages: number): Pick<UcountLimits, 'inotify_instances' | 'inotify_watches'> => ({
  inotify_instances: 128,
  inotify_watches: Math.min(1048576, Math.max(8192, Math.floor((Math.floor(pages / 100) * FRAME_SIZE) / WATCH_COST))),
});

interface InotifyEvent {
  readonly wd: number;
  readonly mask: number;
  readonly cookie: number;
  readonly name: string;
}

/** One inode watched by one instance. */
export class InotifyMark extends FsnotifyMark {
  readonly instance: InotifyFile;
  readonly wd: number;
  /** IN_ events wanted, and IN_ONESHOT, IN_EXCL_UNLINK. */
  mask: number;

  constructor(instance: InotifyFile, inode: Inode, wd: number, mask: number) {
    super(inode);
    this.instance = instance;
    this.wd = wd;
    this.mask = mask;
  }

  override notify(event: number, name: string, cookie: number): void {
    if ((event & this.mask & IN_ALL_EVENTS) === 0) return;
    this.instance.queue({ wd: this.wd, mask: event, cookie, name });
    if ((this.mask & IN_ONESHOT) !== 0) this.instance.removeMark(this);
  }

  override ended(): void {
    this.instance.removeMark(this);
  }

  hook(): void {
    this.attach();
  }

  unhook(): void {
    this.detach();
  }
}

/** Name length in an event: padded with NULs to a multiple of the header's size. */
const paddedLength = (name: string): number => (name === '' ? 0 : Math.ceil((name.length + 1) / HEADER_SIZE) * HEADER_SIZE);

const OVERFLOW: InotifyEvent = { wd: -1, mask: IN_Q_OVERFLOW, cookie: 0, name: '' };

const priceOf = ({ name }: InotifyEvent): number => PRICE_EVENT + name.length;

function sameEvent(a: InotifyEvent, b: InotifyEvent): boolean {
  return a.wd === b.wd && a.mask === b.mask && a.name === b.name && a.cookie === b.cookie;
}

/** An inotify instance. */
export class InotifyFile extends File {
  private readonly anonymous: Inode;
  private readonly marks: Map<number, InotifyMark> = new Map();
  private events: InotifyEvent[] = [];
  private lastWd = 0;
  private readonly arrived: WaitQueue = new WaitQueue();
  /** Whose instance it is. */
  private readonly ucounts: Ucounts;
  private readonly payer: MemoryGroup;
  private readonly maxEvents: number;

  private constructor(task: Task, flags: number, ucounts: Ucounts) {
    super(task.kernel, flags);
    this.anonymous = task.kernel.anonymous.eventInode('inotify');
    this.ucounts = ucounts;
    this.payer = task.group.cgroup.memory;
    this.maxEvents = task.kernel.vfs.inotifyMaxQueuedEvents;
  }

  /** A new instance, or -EMFILE when the user has too many. Linux: inotify_new_group. */
  static create(task: Task, flags: number): InotifyFile | number {
    const ucounts = incUcount(task.cred.userNs, task.cred.euid, 'inotify_instances');
    return ucounts === null ? -EMFILE : new InotifyFile(task, flags, ucounts);
  }

  override get inode(): Inode {
    return this.anonymous;
  }

  /** The watch of `inode` by this instance. */
  find(inode: Inode): InotifyMark | null {
    for (const mark of inode.marks ?? []) if (mark instanceof InotifyMark && mark.instance === this) return mark;
    return null;
  }

  /** A new watch; -ENOSPC when the user has too many. Linux: inotify_new_watch. */
  watch(inode: Inode, mask: number): number {
    const { ns, uid } = this.ucounts;
    const mark = new InotifyMark(this, inode, ++this.lastWd, mask);
    const counted = incUcount(ns, uid, 'inotify_watches');
    if (counted === null) return -ENOSPC;
    if (!charge(this.kernel, this.payer, PRICE_MARK)) {
      decUcount(counted, 'inotify_watches');
      return -ENOMEM;
    }
    this.marks.set(mark.wd, mark);
    mark.hook();
    return mark.wd;
  }

  /** inotify_rm_watch(2). */
  remove(wd: number): number {
    const mark = this.marks.get(wd);
    if (mark === undefined) return -EINVAL;
    this.removeMark(mark);
    return 0;
  }

  removeMark(mark: InotifyMark): void {
    if (!this.marks.delete(mark.wd)) return;
    this.unhook(mark);
    this.queue({ wd: mark.wd, mask: IN_IGNORED, cookie: 0, name: '' });
  }

  queue(event: InotifyEvent): void {
    const last = this.events[this.events.length - 1];
    if (last !== undefined && sameEvent(last, event)) return;
    if (this.events.length < this.maxEvents && charge(this.kernel, this.payer, priceOf(event))) this.events.push(event);
    else if (last?.mask !== IN_Q_OVERFLOW && charge(this.kernel, this.payer, priceOf(OVERFLOW))) this.events.push(OVERFLOW);
    this.arrived.wakeAll();
  }

  override read(task: Task, iter: IovIter): number {
    const first = this.events[0];
    if (first === undefined) return (this.flags & O_NONBLOCK) !== 0 ? -EAGAIN : task.block([this.arrived]);
    let count = 0;
    let length = 0;
    for (const event of this.events) {
      const size = HEADER_SIZE + paddedLength(event.name);
      if (length + size > iter.remaining) break;
      length += size;
      count++;
    }
    if (count === 0) return -EINVAL;
    const ready = iter.prepare(length, true);
    if (ready < length) return ready < 0 ? ready : -EINVAL;
    iter.put(encode(this.events.slice(0, count), length));
    for (const event of this.events.splice(0, count)) uncharge(this.payer, priceOf(event));
    return length;
  }

  override poll(): number {
    return this.events.length > 0 ? POLLIN | POLLRDNORM : 0;
  }

  override get mayFasync(): boolean {
    return true;
  }

  override pollQueues(): readonly WaitQueue[] {
    return [this.arrived];
  }

  override ioctl(task: Task, request: number, argument: number): number {
    if (request !== FIONREAD) return super.ioctl(task, request, argument);
    const length = this.events.reduce((sum, event) => sum + HEADER_SIZE + paddedLength(event.name), 0);
    return task.mm!.writeU32(argument, length);
  }

  override release(): void {
    for (const mark of this.marks.values()) this.unhook(mark);
    this.marks.clear();
    for (const event of this.events) uncharge(this.payer, priceOf(event));
    this.events = [];
    decUcount(this.ucounts, 'inotify_instances');
  }

  override fdinfo(): string {
    return [...this.marks.values()]
      .map(
        ({ wd, inode, mask }) =>
          `inotify wd:${wd.toString(16)} ino:${inode.ino.toString(16)} sdev:${inode.sb.dev.toString(16)} mask:${(mask & ~IN_ISDIR).toString(16)} ignored_mask:0 \n`,
      )
      .join('');
  }

  private unhook(mark: InotifyMark): void {
    decUcount(this.ucounts, 'inotify_watches');
    uncharge(this.payer, PRICE_MARK);
    mark.unhook();
  }
}

function encode(events: readonly InotifyEvent[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const data = new DataView(bytes.buffer);
  let at = 0;
  for (const { wd, mask, cookie, name } of events) {
    const padded = paddedLength(name);
    data.setInt32(at, wd, true);
    data.setUint32(at + 4, mask, true);
    data.setUint32(at + 8, cookie, true);
    data.setUint32(at + 12, padded, true);
    bytes.set(latin1Bytes(name), at + HEADER_SIZE);
    at += HEADER_SIZE + padded;
  }
  return bytes;
}
