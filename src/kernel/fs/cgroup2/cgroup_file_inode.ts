/** A file of a group, and the same opened. Linux: fs/kernfs/file.c, cgroup_file_write and cgroup_seqfile_show in kernel/cgroup/cgroup.c. */

import { E2BIG, EINVAL, ENODEV, EPERM } from '../../../abi/errno.ts';
import { SEEK_CUR, SEEK_END, SEEK_SET } from '../../../abi/fcntl.ts';
import { IN_MODIFY } from '../../../abi/inotify.ts';
import { S_IFREG } from '../../../abi/stat.ts';
import type { CgroupAccess, CgroupFile } from '../../cgroup/cgroup_file.ts';
import { findFile } from '../../cgroup/files.ts';
import { type MemoryGroup, PeakReader } from '../../mm/memory_group.ts';
import { PRICE_INODE, uncharge } from '../../mm/price.ts';
import type { CgroupNamespace } from '../../namespace/cgroup_namespace.ts';
import type { Task } from '../../task/task.ts';
import { WaitQueue } from '../../task/wait_queue.ts';
import { File, POLLERR, POLLIN, POLLOUT, POLLPRI, POLLRDNORM, POLLWRNORM } from '../../vfs/file.ts';
import { notifyByName } from '../../vfs/fsnotify.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import type { Path } from '../../vfs/path.ts';
import { latin1Bytes, latin1Text } from '../../vfs/text.ts';
import type { CgroupDirectory, FileAttributes } from './cgroup_directory.ts';
import { CgroupInode, freeXattrs } from './cgroup_inode.ts';

const MAX_WRITE = 4096;
const ALWAYS: number = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

export class CgroupFileInode extends CgroupInode {
  readonly name: string;
  readonly directory: CgroupDirectory;
  /** Counts what notify() has told. */
  event = 0;
  readonly happened: WaitQueue = new WaitQueue();
  private readonly usualMode: number;
  private readonly payer: MemoryGroup;

  /** `payer` has been charged. */
  constructor(directory: CgroupDirectory, { name, mode }: CgroupFile, index: number, payer: MemoryGroup, changed: FileAttributes | null) {
    super(directory.sb, directory.cgroup, directory.ino + 1 + index, changed?.mode ?? S_IFREG | mode);
    this.name = name;
    this.directory = directory;
    this.usualMode = S_IFREG | mode;
    this.payer = payer;
    if (changed === null) return;
    this.uid = changed.uid;
    this.gid = changed.gid;
    this.xattrs = changed.xattrs;
  }

  /** What its text shows has changed. Linux: kernfs_notify. */
  notify(): void {
    this.event++;
    this.happened.wakeAll();
    notifyByName(this.directory, this.name, this, IN_MODIFY);
  }

  /** The group is gone. */
  removed(): void {
    this.nlink = 0;
    this.event++;
    this.happened.wakeAll();
    freeXattrs(this.cgroup, this.xattrs);
  }

  /** Nobody uses it: only changes of its attributes are remembered. */
  unused(): void {
    const { mode, uid, gid, xattrs, cgroup } = this;
    const usual = mode === this.usualMode && uid === cgroup.uid && gid === cgroup.gid && xattrs === null;
    this.directory.forget(this, usual || cgroup.dead ? null : { mode, uid, gid, xattrs });
    uncharge(this.payer, PRICE_INODE);
  }

  override evict(): void {
    this.unused();
  }

  override open(task: Task, _path: Path, flags: number): File {
    return new CgroupOpenFile(this, flags, task.nsproxy.cgroup);
  }
}

class CgroupOpenFile extends File {
  private readonly node: CgroupFileInode;
  private readonly namespace: CgroupNamespace;
  private readonly peakReader: PeakReader = new PeakReader();
  private content: Uint8Array | null = null;
  /** The event up to which its reader knows. */
  private seen: number;

  constructor(node: CgroupFileInode, flags: number, namespace: CgroupNamespace) {
    super(node.sb.kernel, flags);
    this.node = node;
    this.namespace = namespace.get();
    this.seen = node.event;
  }

  override get inode(): CgroupFileInode {
    return this.node;
  }

  override release(): void {
    this.node.cgroup.memory.peakReaders.delete(this.peakReader);
    this.namespace.put();
  }

  override get seekable(): boolean {
    return true;
  }

  override seek(_task: Task, offset: number, whence: number): number {
    const base = whence === SEEK_SET ? 0 : whence === SEEK_CUR ? this.pos : whence === SEEK_END ? this.node.size : -1;
    if (base < 0 || base + offset < 0) return -EINVAL;
    this.pos = base + offset;
    return this.pos;
  }

  private access(task: Task): CgroupAccess {
    return { task, cred: this.cred ?? task.cred, namespace: this.namespace, peakReader: this.peakReader };
  }

  /** The row of the table; null when the group is gone or has lost the controller. */
  private get row(): CgroupFile | null {
    const { cgroup, name } = this.node;
    return cgroup.dead ? null : (findFile(cgroup, name)?.file ?? null);
  }

  override read(task: Task, iter: IovIter, pos: number): number {
    if (pos === 0 || this.content === null) {
      const { row } = this;
      if (row === null) return -ENODEV;
      if (row.read === undefined) return -EINVAL;
      this.seen = this.node.event;
      const text = row.read(this.node.cgroup, this.access(task));
      if (typeof text === 'number') return text;
      this.content = latin1Bytes(text);
    }
    const available = Math.min(iter.remaining, this.content.length - pos);
    if (available <= 0) return 0;
    const ready = iter.prepare(available, true);
    if (ready < 0) return ready;
    return iter.put(this.content.subarray(pos, pos + ready)) || ready;
  }

  override write(task: Task, iter: IovIter): number {
    const count = iter.remaining;
    if (count > MAX_WRITE) return -E2BIG;
    if (count === 0) return 0;
    const ready = iter.prepare(count, false);
    if (ready < 0) return ready;
    const bytes = new Uint8Array(ready);
    const failed = iter.take(bytes);
    if (failed < 0) return failed;
    const { row } = this;
    if (row === null) return -ENODEV;
    if (row.delegated !== true && this.isBorder) return -EPERM;
    if (row.write === undefined) return -EINVAL;
    const text = latin1Text(bytes).split('\0', 1)[0]!;
    return row.write(this.node.cgroup, text, this.access(task)) || ready;
  }

  /** With nsdelegate whoever sees the group as the root may not change what those above have set. */
  private get isBorder(): boolean {
    const { cgroups } = this.kernel;
    const { root } = this.namespace;
    return cgroups.options.has('nsdelegate') && root !== cgroups.cgroup && root === this.node.cgroup;
  }

  override poll(): number {
    return this.node.cgroup.dead || this.seen !== this.node.event ? ALWAYS | POLLERR | POLLPRI : ALWAYS;
  }

  override pollQueues(): readonly WaitQueue[] {
    return [this.node.happened];
  }
}
