/** System V shared memory segments. Linux: ipc/shm.c. See shmop(2), shmctl(2). */

import { isErrno } from '../../abi/errno.ts';
import { SHM_DEST } from '../../abi/ipc.ts';
import { S_IFREG } from '../../abi/stat.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import { internalMount } from '../fs/tmpfs/memfd.ts';
import type { Kernel } from '../kernel.ts';
import { ShmemMapping } from '../mm/shmem.ts';
import type { Vma } from '../mm/vma.ts';
import { addUcount, type Ucounts } from '../namespace/ucounts.ts';
import type { Pid } from '../task/pid.ts';
import type { Task } from '../task/task.ts';
import { Dentry } from '../vfs/dentry.ts';
import { Inode } from '../vfs/inode.ts';
import { Path } from '../vfs/path.ts';
import { RegularFile } from '../vfs/regular_file.ts';
import type { SuperBlock } from '../vfs/super_block.ts';
import { IpcObject } from './ipc_ids.ts';

/** The pages of a segment: every range that maps them is an attachment. */
export class SegmentMapping extends ShmemMapping {
  readonly segment: SharedSegment;

  constructor(kernel: Kernel, segment: SharedSegment, bytes: number) {
    super(kernel, { size: bytes });
    this.segment = segment;
  }

  override attach(vma: Vma): void {
    super.attach(vma);
    this.segment.attached();
  }

  override detach(vma: Vma): void {
    super.detach(vma);
    this.segment.detached();
  }
}

/** What /proc/[pid]/maps shows for an attachment: the inode number is the segment's id. */
class SegmentInode extends Inode {
  constructor(sb: SuperBlock, segment: SharedSegment, mapping: SegmentMapping) {
    super(sb, segment.id, S_IFREG | 0o777);
    this.nlink = 0;
    this.size = mapping.host.size;
    this.mapping = mapping;
    this.uid = segment.uid;
    this.gid = segment.gid;
  }
}

export class SharedSegment extends IpcObject {
  /** In bytes, as asked for. */
  readonly size: number;
  atime = 0;
  dtime = 0;
  ctime: number;
  readonly creatorPid: Pid;
  lastPid: Pid | null = null;
  /** The thread that made it; null once that is gone. See proc_sys_kernel(5), shm_rmid_forced. */
  creator: Task | null;
  /** Ranges that map it. */
  attachments = 0;
  readonly mapping: SegmentMapping;
  /** Who pays for SHM_LOCK by RLIMIT_MEMLOCK; null while it is not locked. */
  locker: Ucounts | null = null;
  private path: Path | null = null;

  constructor(task: Task, key: number, mode: number, size: number) {
    super(task, key, mode);
    this.size = size;
    this.ctime = task.kernel.now().seconds;
    this.creator = task;
    this.creatorPid = task.group.leader.pid;
    this.mapping = new SegmentMapping(task.kernel, this, Math.ceil(size / FRAME_SIZE) * FRAME_SIZE);
    this.namespace.segmentPages += this.pages;
  }

  get pages(): number {
    return this.mapping.host.size / FRAME_SIZE;
  }

  /** An open file for one attachment, with one reference; or -ENOMEM. */
  open(flags: number): RegularFile | number {
    const path = this.path ?? this.makePath();
    if (isErrno(path)) return path;
    this.path = path;
    const file = new RegularFile(path.inode, flags);
    file.path = path.get();
    return file;
  }

  private makePath(): Path | number {
    const mount = internalMount(this.mapping.kernel);
    if (isErrno(mount)) return mount;
    const inode = new SegmentInode(mount.sb, this, this.mapping);
    const name = `SYSV${(this.key >>> 0).toString(16).padStart(8, '0')}`;
    const dentry = new Dentry(mount.sb, mount.root, name, inode);
    dentry.unlinked = true;
    return new Path(mount, dentry).get();
  }

  /** Linux: shm_open. */
  attached(): void {
    const { current } = this.mapping.kernel.scheduler;
    this.attachments++;
    this.atime = this.mapping.kernel.now().seconds;
    if (current !== null) this.lastPid = current.group.leader.pid;
  }

  /** Linux: shm_close. */
  detached(): void {
    const { current } = this.mapping.kernel.scheduler;
    this.attachments--;
    this.dtime = this.mapping.kernel.now().seconds;
    if (current !== null) this.lastPid = current.group.leader.pid;
    if (this.mayDestroy) this.end();
  }

  /** Linux: shm_may_destroy. */
  private get mayDestroy(): boolean {
    const forced = this.namespace.limits.shmRmidForced !== 0 || (this.mode & SHM_DEST) !== 0;
    return this.attachments === 0 && forced && !this.removed;
  }

  /** IPC_RMID: at once, or with the last attachment; no key leads to it any more. Linux: do_shm_rmid. */
  override destroy(): void {
    if (this.removed) return;
    if (this.attachments === 0) {
      this.end();
      return;
    }
    this.mode |= SHM_DEST;
    this.namespace.segments.hideKey(this);
    this.key = 0;
  }

  /** Its creator has exited. Linux: exit_shm. */
  orphan(): void {
    this.creator = null;
    if (this.mayDestroy) this.end();
  }

  unlock(): void {
    if (this.locker !== null) addUcount(this.locker, 'lockedPages', -this.pages);
    this.locker = null;
  }

  /** Linux: shm_destroy. */
  private end(): void {
    this.namespace.segmentPages -= this.pages;
    this.unlock();
    this.namespace.segments.remove(this);
    if (this.path === null) this.mapping.release();
    this.path?.put();
    this.path = null;
  }
}

/** The segments that `task` has made have no creator any more. */
export function exitShm(task: Task): void {
  const { segments } = task.nsproxy.ipc;
  if (segments.count === 0) return;
  for (const segment of [...segments]) if (segment.creator === task) segment.orphan();
}

/** shm_rmid_forced was switched on: segments that nobody uses go. Linux: shm_destroy_orphaned. */
export function destroyOrphans(segments: Iterable<SharedSegment>): void {
  for (const segment of [...segments]) if (segment.creator === null && segment.attachments === 0) segment.orphan();
}
