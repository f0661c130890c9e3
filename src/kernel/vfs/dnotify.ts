/** Signals about what happens in a directory: F_NOTIFY. Linux: fs/notify/dnotify. See fcntl(2). */

import { ENOMEM, ENOTDIR } from '../../abi/errno.ts';
import * as c from '../../abi/fcntl.ts';
import * as i from '../../abi/inotify.ts';
import { POLL_MSG } from '../../abi/signal.ts';
import { S_IFDIR, S_IFMT } from '../../abi/stat.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { charge, uncharge } from '../mm/price.ts';
import { sendSigio } from '../signal/owner.ts';
import type { Task } from '../task/task.ts';
import type { FdTable } from './fd_table.ts';
import type { File } from './file.ts';
import { FsnotifyMark } from './fsnotify_mark.ts';

const PRICE_MARK = 256;

/** Linux: convert_arg. */
const EVENTS: readonly (readonly [number, number])[] = [
  [c.DN_ACCESS, i.IN_ACCESS],
  [c.DN_MODIFY, i.IN_MODIFY],
  [c.DN_CREATE, i.IN_CREATE | i.IN_MOVED_TO],
  [c.DN_DELETE, i.IN_DELETE | i.IN_MOVED_FROM],
  [c.DN_RENAME, i.FS_RENAME],
  [c.DN_ATTRIB, i.IN_ATTRIB],
];

/** A directory that a process watches through one of its descriptors. */
class DnotifyMark extends FsnotifyMark {
  readonly owner: FdTable;
  readonly file: File;
  private readonly payer: MemoryGroup;
  private fd = 0;
  private events = 0;
  /** It stays after the first event. */
  private multishot = false;

  constructor(owner: FdTable, file: File, payer: MemoryGroup) {
    super(file.inode);
    this.owner = owner;
    this.file = file;
    this.payer = payer;
    this.attach();
  }

  /** Hear of `wanted` (DN_ bits) as well. */
  add(fd: number, wanted: number): void {
    this.fd = fd;
    this.multishot ||= (wanted & c.DN_MULTISHOT) !== 0;
    for (const [asked, events] of EVENTS) if ((wanted & asked) !== 0) this.events |= events;
  }

  override notify(event: number): void {
    if ((event & this.events) === 0) return;
    if (this.file.owner !== null) sendSigio(this.file.owner, this.fd, POLL_MSG);
    if (!this.multishot) this.ended();
  }

  override ended(): void {
    this.detach();
    uncharge(this.payer, PRICE_MARK);
  }
}

const find = (file: File, owner: FdTable): DnotifyMark | null =>
  (file.inode.marks?.find((mark) => mark instanceof DnotifyMark && mark.owner === owner && mark.file === file) as
    | DnotifyMark
    | undefined) ?? null;

/** A process closes the file, or wants no events any more. */
export const flushDnotify = (file: File, owner: FdTable): void => find(file, owner)?.ended();

/** fcntl(2) with F_NOTIFY: more events for this process and description, or with none the end. Linux: fcntl_dirnotify. */
export function watchDirectory(task: Task, file: File, fd: number, wanted: number): number {
  const owner = task.files!;
  if ((wanted & ~c.DN_MULTISHOT) === 0) {
    flushDnotify(file, owner);
    return 0;
  }
  if ((file.inode.mode & S_IFMT) !== S_IFDIR) return -ENOTDIR;
  let mark = find(file, owner);
  if (mark === null) {
    const payer = task.group.cgroup.memory;
    if (!charge(task.kernel, payer, PRICE_MARK)) return -ENOMEM;
    mark = new DnotifyMark(owner, file, payer);
  }
  if (file.owner?.pid == null)
    file.owner = { type: c.F_OWNER_PID, pid: task.group.leader.pid, cred: task.cred, signal: file.owner?.signal ?? 0 };
  mark.add(fd, wanted);
  return 0;
}
