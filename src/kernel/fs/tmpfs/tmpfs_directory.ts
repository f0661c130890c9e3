/** Directories of tmpfs. Linux: shmem_dir_inode_operations in mm/shmem.c. */

import { EEXIST, ENOENT, ENOTEMPTY, isErrno } from '../../../abi/errno.ts';
import { RENAME_EXCHANGE, RENAME_WHITEOUT } from '../../../abi/fcntl.ts';
import { S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT } from '../../../abi/stat.ts';
import type { MemoryGroup } from '../../mm/memory_group.ts';
import type { Task } from '../../task/task.ts';
import { DirEntries } from '../../vfs/dir_entries.ts';
import { DirectoryFile } from '../../vfs/directory_file.ts';
import type { DirEmit, File } from '../../vfs/file.ts';
import type { Inode } from '../../vfs/inode.ts';
import type { Path } from '../../vfs/path.ts';
import { initOwner } from '../../vfs/permission.ts';
import type { TmpfsSuperBlock } from './tmpfs.ts';
import { TmpfsInode } from './tmpfs_inode.ts';

/** What Linux adds to a directory's size for each entry. Linux: BOGO_DIRENT_SIZE. */
export const DIRENT_SIZE = 20;

const isDirectory = (inode: Inode): boolean => (inode.mode & S_IFMT) === S_IFDIR;

export class TmpfsDirectory extends TmpfsInode {
  readonly names: DirEntries = new DirEntries();

  constructor(sb: TmpfsSuperBlock, mode: number, payer: MemoryGroup) {
    super(sb, mode, payer);
    this.nlink = 2;
    this.size = 2 * DIRENT_SIZE;
  }

  override lookup(_task: Task, name: string): Inode | number {
    return this.names.get(name) ?? -ENOENT;
  }

  override iterate(_task: Task, pos: number, emit: DirEmit): number {
    return this.names.iterate(pos, emit);
  }

  override open(_task: Task, _path: Path, flags: number): File | number {
    return new DirectoryFile(this, flags);
  }

  override create(task: Task, name: string, mode: number): Inode | number {
    return this.add(task, name, mode, 0, '');
  }

  override mknod(task: Task, name: string, mode: number, rdev: number): Inode | number {
    return this.add(task, name, mode, rdev, '');
  }

  override symlink(task: Task, name: string, target: string): Inode | number {
    return this.add(task, name, S_IFLNK | 0o777, 0, target);
  }

  override mkdir(task: Task, name: string, mode: number): Inode | number {
    const inode = this.add(task, name, mode, 0, '');
    if (!isErrno(inode)) this.nlink++;
    return inode;
  }

  override tmpfile(task: Task, mode: number): Inode | number {
    const inode = this.newInode(task, mode, 0, '');
    if (!isErrno(inode)) inode.nlink = 0;
    return inode;
  }

  override link(_task: Task, name: string, inode: Inode): number {
    if (this.names.get(name) !== undefined) return -EEXIST;
    this.enter(name, inode);
    inode.nlink++;
    inode.ctime = this.mtime;
    return 0;
  }

  override unlink(_task: Task, name: string): number {
    const inode = this.names.get(name);
    if (inode === undefined) return -ENOENT;
    this.take(name);
    (inode as TmpfsInode).dropLink();
    return 0;
  }

  override rmdir(_task: Task, name: string): number {
    const inode = this.names.get(name);
    if (inode === undefined) return -ENOENT;
    if ((inode as TmpfsDirectory).names.size > 0) return -ENOTEMPTY;
    this.take(name);
    this.nlink--;
    inode.nlink = 1;
    (inode as TmpfsInode).dropLink();
    return 0;
  }

  override rename(task: Task, name: string, newDirectory: Inode, newName: string, flags: number): number {
    const to = newDirectory as TmpfsDirectory;
    const inode = this.names.get(name);
    const replaced = to.names.get(newName);
    if (inode === undefined) return -ENOENT;
    if ((flags & RENAME_EXCHANGE) !== 0) return this.exchange(name, inode, to, newName, replaced);
    if (replaced !== undefined && isDirectory(replaced) && (replaced as TmpfsDirectory).names.size > 0) return -ENOTEMPTY;
    let whiteout: Inode | number = 0;
    if ((flags & RENAME_WHITEOUT) !== 0) {
      whiteout = this.newInode(task, S_IFCHR, 0, '');
      if (isErrno(whiteout)) return whiteout;
    }
    if (replaced !== undefined) {
      if (isDirectory(replaced)) to.rmdir(task, newName);
      else to.unlink(task, newName);
    }
    this.take(name);
    to.enter(newName, inode);
    if (isDirectory(inode)) {
      this.nlink--;
      to.nlink++;
    }
    inode.ctime = to.mtime;
    if (typeof whiteout !== 'number') this.enter(name, whiteout);
    return 0;
  }

  private exchange(name: string, inode: Inode, to: TmpfsDirectory, newName: string, other: Inode | undefined): number {
    if (other === undefined) return -ENOENT;
    this.names.set(name, other);
    to.names.set(newName, inode);
    const moved = Number(isDirectory(inode)) - Number(isDirectory(other));
    this.nlink -= moved;
    to.nlink += moved;
    this.modified();
    to.modified();
    inode.ctime = other.ctime = this.mtime;
    return 0;
  }

  private newInode(task: Task, mode: number, rdev: number, target: string): TmpfsInode | number {
    const group = task.group.cgroup.memory;
    const failed = this.sb.addInode(group);
    if (failed < 0) return failed;
    const inode = (mode & S_IFMT) === S_IFDIR ? new TmpfsDirectory(this.sb, mode, group) : new TmpfsInode(this.sb, mode, group, target);
    inode.rdev = rdev;
    initOwner(task, this, inode);
    inode.inheritFlags(this);
    return inode;
  }

  private add(task: Task, name: string, mode: number, rdev: number, target: string): Inode | number {
    if (this.names.get(name) !== undefined) return -EEXIST;
    const inode = this.newInode(task, mode, rdev, target);
    if (!isErrno(inode)) this.enter(name, inode);
    return inode;
  }

  private enter(name: string, inode: Inode): void {
    this.names.set(name, inode);
    this.size += DIRENT_SIZE;
    this.modified();
  }

  private take(name: string): void {
    this.names.delete(name);
    this.size -= DIRENT_SIZE;
    this.modified();
  }
}
