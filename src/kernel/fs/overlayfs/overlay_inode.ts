/** A file as the overlay shows it: the upper one if there is one, else the topmost lower one; directories are merged. Linux: fs/overlayfs/inode.c. */

import { EIO, EROFS, isErrno } from '../../../abi/errno.ts';
import { O_ACCMODE, O_RDONLY } from '../../../abi/fcntl.ts';
import { FS_APPEND_FL, FS_IMMUTABLE_FL } from '../../../abi/file_attributes.ts';
import { S_IFDIR, S_IFMT } from '../../../abi/stat.ts';
import type { MemoryGroup } from '../../mm/memory_group.ts';
import { charge, PRICE_INODE, uncharge } from '../../mm/price.ts';
import type { Task } from '../../task/task.ts';
import type { DirEmit, File } from '../../vfs/file.ts';
import { type Attributes, Inode } from '../../vfs/inode.ts';
import type { Path } from '../../vfs/path.ts';
import { RegularFile } from '../../vfs/regular_file.ts';
import { latin1Bytes, latin1Text } from '../../vfs/text.ts';
import { copyUp } from './copy_up.ts';
import { OverlayDirectoryFile } from './overlay_directory_file.ts';
import { lookupOverlay } from './overlay_lookup.ts';
import * as names from './overlay_names.ts';
import type { OverlaySuperBlock } from './overlay_super_block.ts';

/** What the attribute of an upper file says. */
function protection(value: Uint8Array | number): number {
  if (typeof value === 'number') return 0;
  const text = latin1Text(value);
  return (text.includes('a') ? FS_APPEND_FL : 0) | (text.includes('i') ? FS_IMMUTABLE_FL : 0);
}

export class OverlayInode extends Inode {
  declare readonly sb: OverlaySuperBlock;
  upper: Inode | null;
  /** Of a directory: those that are merged, topmost first. Of others: the lower file, if there is no upper one. */
  lowers: readonly Inode[];
  /** Where it is in the overlay, for copying up; for a file with several names one of them. */
  parent: OverlayInode | null;
  name: string;
  private payer: MemoryGroup | null = null;
  private forgotten = false;

  constructor(
    sb: OverlaySuperBlock,
    parent: OverlayInode | null,
    name: string,
    upper: Inode | null,
    lowers: readonly Inode[],
    ino?: number,
  ) {
    const real = upper ?? lowers[0]!;
    super(sb, ino ?? sb.inodeNumber(real), real.mode);
    this.parent = parent;
    this.name = name;
    this.upper = upper;
    // Not longer than it is: what names were pushed to has room for more.
    this.lowers = lowers.slice();
    if (upper !== null) upper.refs++;
    for (const lower of lowers) lower.refs++;
    this.copyFromReal();
  }

  /** The inode that has the attributes and the contents. */
  get real(): Inode {
    return this.upper ?? this.lowers[0]!;
  }

  override get blocks(): number {
    return this.real.blocks;
  }

  get isDirectory(): boolean {
    return (this.mode & S_IFMT) === S_IFDIR;
  }

  /** Names come from more than one directory. */
  get isMerged(): boolean {
    return this.isDirectory && this.lowers.length + (this.upper === null ? 0 : 1) > 1;
  }

  /** Let `group` pay for it; false when it cannot. */
  chargeTo(group: MemoryGroup): boolean {
    if (!charge(this.sb.kernel, group, PRICE_INODE)) return false;
    this.payer = group;
    return true;
  }

  /** Take attributes and page cache over from the real inode. */
  copyFromReal(): void {
    const { real } = this;
    this.mode = real.mode;
    this.uid = real.uid;
    this.gid = real.gid;
    this.size = real.size;
    this.rdev = real.rdev;
    this.atime = real.atime;
    this.mtime = real.mtime;
    this.ctime = real.ctime;
    this.nlink = this.isMerged ? 1 : real.nlink;
    this.mapping = real.mapping;
  }

  override refresh(): void {
    if (this.nlink > 0) this.copyFromReal();
    else this.size = this.real.size;
  }

  /** No dentry needs it: let the real inodes go. */
  forget(): void {
    if (this.forgotten) return;
    this.forgotten = true;
    if (this.upper !== null && this.sb.byUpper.get(this.upper) === this) this.sb.byUpper.delete(this.upper);
    this.upper?.put();
    for (const lower of this.lowers) lower.put();
    if (this.payer !== null) uncharge(this.payer, PRICE_INODE);
  }

  override evict(): void {
    this.forget();
  }

  /** Those that protect are an attribute of the upper file, which is not protected itself. Linux: ovl_fileattr_get. */
  override get fileFlags(): number | null {
    const flags = this.real.fileFlags;
    return flags === null || this.upper === null
      ? flags
      : flags | protection(this.upper.getxattr(this.sb.kernel.firstTask, this.sb.protection));
  }

  /** Linux: ovl_fileattr_set, ovl_set_protattr. */
  override setFileFlags(task: Task, flags: number): number {
    const failed = copyUp(task, this, false);
    if (failed < 0) return failed;
    const text = ((flags & FS_APPEND_FL) !== 0 ? 'a' : '') + ((flags & FS_IMMUTABLE_FL) !== 0 ? 'i' : '');
    const upper = this.upper!;
    const kept = text === '' ? upper.removexattr(task, this.sb.protection) : upper.setxattr(task, this.sb.protection, latin1Bytes(text), 0);
    if (kept < 0 && text !== '') return kept;
    const result = upper.setFileFlags(task, flags & ~(FS_APPEND_FL | FS_IMMUTABLE_FL));
    this.ctime = upper.ctime;
    return result;
  }

  override accessed(): void {
    if (this.upper === null) return;
    this.upper.accessed();
    this.atime = this.upper.atime;
  }

  override modified(): void {
    this.upper?.modified();
    if (this.upper !== null) this.size = this.upper.size;
    this.mtime = this.real.mtime;
    this.ctime = this.real.ctime;
  }

  override lookup(task: Task, name: string): Inode | number {
    return lookupOverlay(task, this, name);
  }

  override create(task: Task, name: string, mode: number): Inode | number {
    return names.createOverlay(task, this, name, mode, 0, '');
  }

  override mkdir(task: Task, name: string, mode: number): Inode | number {
    return names.createOverlay(task, this, name, mode, 0, '');
  }

  override mknod(task: Task, name: string, mode: number, rdev: number): Inode | number {
    return names.mknodOverlay(task, this, name, mode, rdev);
  }

  override symlink(task: Task, name: string, target: string): Inode | number {
    return names.symlinkOverlay(task, this, name, target);
  }

  override tmpfile(task: Task, mode: number): Inode | number {
    return names.tmpfileOverlay(task, this, mode);
  }

  override link(task: Task, name: string, inode: Inode): number {
    return names.linkOverlay(task, this, name, inode as OverlayInode);
  }

  override unlink(task: Task, name: string): number {
    return names.removeOverlay(task, this, name, false);
  }

  override rmdir(task: Task, name: string): number {
    return names.removeOverlay(task, this, name, true);
  }

  override rename(task: Task, name: string, newDirectory: Inode, newName: string, flags: number): number {
    return names.renameOverlay(task, this, name, newDirectory as OverlayInode, newName, flags);
  }

  override readlink(task: Task): string | number {
    return this.real.readlink(task);
  }

  override iterate(task: Task, pos: number, emit: DirEmit): number {
    return names.iterateSingle(task, this, pos, emit);
  }

  override setattr(task: Task, changes: Attributes): number {
    const failed = copyUp(task, this, changes.size === 0);
    if (failed < 0) return failed;
    const result = this.upper!.setattr(task, changes);
    if (result === 0) {
      const { nlink } = this;
      this.copyFromReal();
      this.nlink = nlink;
    }
    return result;
  }

  override open(task: Task, _path: Path, flags: number): File | number {
    if (this.isDirectory) return new OverlayDirectoryFile(this, flags);
    if ((flags & O_ACCMODE) !== O_RDONLY) {
      const failed = copyUp(task, this, false);
      if (failed < 0) return failed;
    }
    return this.mapping === null ? -EIO : new RegularFile(this, flags);
  }

  override seekData(pos: number, hole: boolean): number {
    return this.real.seekData(pos, hole);
  }

  override fallocate(task: Task, mode: number, offset: number, length: number): number {
    const result = this.upper?.fallocate(task, mode, offset, length) ?? -EROFS;
    if (result === 0) this.modified();
    return result;
  }

  override getxattr(task: Task, name: string): Uint8Array | number {
    return this.real.getxattr(task, this.sb.realXattr(name));
  }

  override listxattr(task: Task): readonly string[] {
    return this.real.listxattr(task).flatMap((name) => this.sb.shownXattr(name) ?? []);
  }

  override setxattr(task: Task, name: string, value: Uint8Array, flags: number): number {
    const failed = copyUp(task, this, false);
    if (failed < 0) return failed;
    const result = this.upper!.setxattr(task, this.sb.realXattr(name), value, flags);
    this.ctime = this.upper!.ctime;
    return result;
  }

  override removexattr(task: Task, name: string): number {
    const present = this.getxattr(task, name);
    if (isErrno(present)) return present;
    const failed = copyUp(task, this, false);
    if (failed < 0) return failed;
    const result = this.upper!.removexattr(task, this.sb.realXattr(name));
    this.ctime = this.upper!.ctime;
    return result;
  }
}
