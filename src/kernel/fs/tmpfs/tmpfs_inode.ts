/** Files of tmpfs: attributes and extended attributes in memory, contents in page-cache frames. Linux: mm/shmem.c. */

import { EEXIST, EINVAL, ENODATA, ENOMEM, ENOSPC, EOPNOTSUPP } from '../../../abi/errno.ts';
import { F_SEAL_SEAL, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, XATTR_CREATE, XATTR_REPLACE } from '../../../abi/fcntl.ts';
import { FS_APPEND_FL, FS_IMMUTABLE_FL, FS_NOATIME_FL, FS_NODUMP_FL } from '../../../abi/file_attributes.ts';
import { S_IFDIR, S_IFMT, S_IFREG } from '../../../abi/stat.ts';
import { FRAME_SIZE } from '../../../platform/ram.ts';
import type { MemoryGroup } from '../../mm/memory_group.ts';
import { charge, PRICE_XATTR, uncharge } from '../../mm/price.ts';
import { ShmemMapping } from '../../mm/shmem.ts';
import type { Task } from '../../task/task.ts';
import type { File } from '../../vfs/file.ts';
import { type Attributes, Inode } from '../../vfs/inode.ts';
import type { Path } from '../../vfs/path.ts';
import { RegularFile } from '../../vfs/regular_file.ts';
import { copyAttributes } from '../../vfs/simple_attributes.ts';
import type { TmpfsSuperBlock } from './tmpfs.ts';

/** Linux: SHMEM_FL_USER_MODIFIABLE, SHMEM_FL_INHERITED. */
const INHERITED = FS_NODUMP_FL | FS_NOATIME_FL;
const MODIFIABLE = FS_IMMUTABLE_FL | FS_APPEND_FL | INHERITED;

/** Pages count against the size of the file system. */
class TmpfsMapping extends ShmemMapping {
  private readonly sb: TmpfsSuperBlock;

  constructor(inode: TmpfsInode) {
    super(inode.sb.kernel, inode);
    this.sb = inode.sb;
  }

  protected override pageAdded(): number {
    this.kernel.memory.packer.noteFile(this);
    return this.sb.addBlock();
  }

  protected override pagesRemoved(count: number): void {
    this.sb.blocks -= count;
  }
}

/** Everything but directories. */
export class TmpfsInode extends Inode {
  declare readonly sb: TmpfsSuperBlock;
  private readonly payer: MemoryGroup;
  private xattrs: Map<string, Uint8Array> | null = null;
  /** The target of a symbolic link. */
  private readonly target: string;
  private ended = false;

  /** The caller has made room with sb.addInode. */
  constructor(sb: TmpfsSuperBlock, mode: number, payer: MemoryGroup, target = '') {
    super(sb, sb.allocateIno(), mode);
    this.payer = payer;
    this.target = target;
    if ((mode & S_IFMT) === S_IFREG) this.mapping = new TmpfsMapping(this);
    else this.size = target.length;
  }

  override get blocks(): number {
    return (this.mapping?.residentPages ?? 0) * (FRAME_SIZE / 512);
  }

  /** Files of a mounted tmpfs can never be sealed. */
  override get seals(): number {
    return this.mapping === null ? -EINVAL : F_SEAL_SEAL;
  }

  /** One name fewer. */
  dropLink(): void {
    this.nlink--;
    this.ctime = this.sb.kernel.now();
    if (this.nlink === 0 && this.refs === 0) this.evict();
  }

  override evict(): void {
    if (this.ended) return;
    this.ended = true;
    this.mapping?.release();
    this.sb.fileFlags.delete(this);
    for (const [name, value] of this.xattrs ?? []) uncharge(this.payer, PRICE_XATTR + name.length + value.length);
    this.sb.removeInode(this.payer);
  }

  override get fileFlags(): number | null {
    const type = this.mode & S_IFMT;
    if (!this.sb.shmem || (type !== S_IFREG && type !== S_IFDIR)) return null;
    return this.sb.fileFlags.size === 0 ? 0 : (this.sb.fileFlags.get(this) ?? 0);
  }

  override setFileFlags(_task: Task, flags: number): number {
    if ((flags & ~MODIFIABLE) !== 0) return -EOPNOTSUPP;
    this.keepFlags(flags);
    this.ctime = this.sb.kernel.now();
    return 0;
  }

  /** A new file has some of the flags of its directory. */
  inheritFlags(directory: TmpfsInode): void {
    const flags = (directory.fileFlags ?? 0) & INHERITED;
    if (flags !== 0) this.keepFlags(flags);
  }

  private keepFlags(flags: number): void {
    if (flags === 0) this.sb.fileFlags.delete(this);
    else this.sb.fileFlags.set(this, flags);
  }

  override accessed(): void {
    if (((this.fileFlags ?? 0) & FS_NOATIME_FL) === 0) super.accessed();
  }

  override readlink(): string | number {
    return this.target === '' ? -EINVAL : this.target;
  }

  override open(_task: Task, _path: Path, flags: number): File | number {
    return new RegularFile(this, flags);
  }

  override setattr(_task: Task, changes: Attributes): number {
    const { size } = changes;
    if (size !== undefined) {
      if (this.mapping === null) return -EINVAL;
      this.mapping.truncate(size);
    }
    copyAttributes(this, changes);
    return 0;
  }

  override seekData(pos: number, hole: boolean): number {
    const end = Math.ceil(this.size / FRAME_SIZE);
    let index = Math.floor(pos / FRAME_SIZE);
    if (hole) while (index < end && this.mapping!.holds(index)) index++;
    else index = this.mapping!.nextData(index, end);
    return Math.max(pos, index * FRAME_SIZE);
  }

  override fallocate(task: Task, mode: number, offset: number, length: number): number {
    if (!this.sb.shmem || (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) !== 0) return -EOPNOTSUPP;
    const mapping = this.mapping!;
    const end = offset + length;
    if ((mode & FALLOC_FL_PUNCH_HOLE) !== 0) mapping.punchHole(offset, end);
    else {
      const first = Math.floor(offset / FRAME_SIZE);
      const last = Math.ceil(end / FRAME_SIZE);
      if (last - first > this.sb.maxBlocks - this.sb.blocks) return -ENOSPC;
      for (let index = first; index < last; index++) {
        const failed = mapping.preallocate(index, task.group.cgroup.memory);
        if (failed < 0) return failed === -ENOMEM ? -ENOSPC : failed;
      }
      if ((mode & FALLOC_FL_KEEP_SIZE) === 0 && end > this.size) this.size = end;
    }
    this.modified();
    return 0;
  }

  override getxattr(_task: Task, name: string): Uint8Array | number {
    if (!this.sb.shmem) return -EOPNOTSUPP;
    return this.xattrs?.get(name) ?? -ENODATA;
  }

  override listxattr(): readonly string[] {
    return [...(this.xattrs?.keys() ?? [])];
  }

  override setxattr(_task: Task, name: string, value: Uint8Array, flags: number): number {
    if (!this.sb.shmem || name.startsWith('system.')) return -EOPNOTSUPP;
    const old = this.xattrs?.get(name);
    if ((flags & XATTR_CREATE) !== 0 && old !== undefined) return -EEXIST;
    if ((flags & XATTR_REPLACE) !== 0 && old === undefined) return -ENODATA;
    if (!charge(this.sb.kernel, this.payer, PRICE_XATTR + name.length + value.length)) return -ENOMEM;
    if (old !== undefined) uncharge(this.payer, PRICE_XATTR + name.length + old.length);
    this.xattrs ??= new Map();
    this.xattrs.set(name, value);
    this.ctime = this.sb.kernel.now();
    return 0;
  }

  override removexattr(_task: Task, name: string): number {
    if (!this.sb.shmem) return -EOPNOTSUPP;
    const old = this.xattrs?.get(name);
    if (old === undefined) return -ENODATA;
    uncharge(this.payer, PRICE_XATTR + name.length + old.length);
    this.xattrs!.delete(name);
    this.ctime = this.sb.kernel.now();
    return 0;
  }
}
