/** The directory of a group. Linux: kernel/cgroup/cgroup.c on fs/kernfs/dir.c. */

import { EACCES, EBUSY, ENOENT, ENOMEM, EPERM, isErrno } from '../../../abi/errno.ts';
import { DT_DIR, DT_REG, S_IFDIR } from '../../../abi/stat.ts';
import type { Cgroup } from '../../cgroup/cgroup.ts';
import { fileNames, findFile } from '../../cgroup/files.ts';
import { createCgroup, removeCgroup } from '../../cgroup/hierarchy.ts';
import { charge, PRICE_INODE } from '../../mm/price.ts';
import type { Task } from '../../task/task.ts';
import type { File } from '../../vfs/file.ts';
import type { Inode } from '../../vfs/inode.ts';
import type { Path } from '../../vfs/path.ts';
import { type ListedName, SnapshotDirectoryFile } from '../../vfs/snapshot_directory_file.ts';
import { CgroupFileInode } from './cgroup_file_inode.ts';
import { CgroupInode, freeXattrs, type Xattrs } from './cgroup_inode.ts';
import type { Cgroup2SuperBlock } from './cgroup2.ts';

/** What was changed of a file that nobody has open at the moment. Linux: struct kernfs_iattrs. */
export interface FileAttributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly xattrs: Xattrs | null;
}

/** It lives as long as its group. */
export class CgroupDirectory extends CgroupInode {
  /** The inodes of files that somebody uses. */
  readonly files: Map<string, CgroupFileInode> = new Map();
  /** Changed attributes of the others. */
  private readonly changed: Map<string, FileAttributes> = new Map();

  constructor(sb: Cgroup2SuperBlock, cgroup: Cgroup) {
    super(sb, cgroup, cgroup.id, S_IFDIR | cgroup.mode);
    this.nlink = 2 + cgroup.children.size;
    cgroup.directory = this;
  }

  override lookup(task: Task, name: string): Inode | number {
    const child = this.cgroup.children.get(name);
    return child === undefined ? this.file(name, task) : this.sb.directory(child);
  }

  /** The file called `name`; `task` pays for its inode, or else whoever has made the group. */
  file(name: string, task: Task | null = null): CgroupFileInode | number {
    const known = this.files.get(name);
    if (known !== undefined) return known;
    const found = this.cgroup.dead ? null : findFile(this.cgroup, name);
    if (found === null) return -ENOENT;
    const payer = task?.group.cgroup.memory ?? this.cgroup.payer;
    if (!charge(this.sb.kernel, payer, PRICE_INODE)) return -ENOMEM;
    const inode = new CgroupFileInode(this, found.file, found.index, payer, this.changed.get(name) ?? null);
    this.files.set(name, inode);
    return inode;
  }

  /** Nobody uses the inode of the file any more. */
  forget({ name }: CgroupFileInode, attributes: FileAttributes | null): void {
    this.files.delete(name);
    if (attributes !== null) this.changed.set(name, attributes);
  }

  notify(name: string): void {
    this.files.get(name)?.notify();
  }

  override mkdir(task: Task, name: string, mode: number): Inode | number {
    const { fsuid: uid, fsgid: gid } = task.cred;
    const payer = task.group.cgroup.memory;
    const made = createCgroup(this.sb.kernel, this.cgroup, name, { mode: mode & 0o7777, uid, gid, payer });
    return isErrno(made) ? made : this.sb.directory(made);
  }

  override rmdir(_task: Task, name: string): number {
    const child = this.cgroup.children.get(name);
    if (child === undefined) return -ENOENT;
    if (child.populated || child.children.size > 0) return -EBUSY;
    return removeCgroup(this.sb.kernel, child);
  }

  override create(): number {
    return -EACCES;
  }

  override unlink(): number {
    return -EPERM;
  }

  /** The group has got other controllers: what is known of its files may be wrong. */
  filesChanged(): void {
    const { dcache } = this.sb.kernel.vfs;
    for (const [name, dentry] of [...(this.alias?.children ?? [])]) {
      const exists = this.cgroup.children.has(name) || findFile(this.cgroup, name) !== null;
      if (exists === (dentry.inode !== null)) continue;
      if (dentry.inode !== null) dentry.inode.nlink = 0;
      dcache.drop(dentry);
    }
  }

  /** The group is gone. */
  removed(): void {
    const above = this.cgroup.parent!.directory;
    if (above !== null) above.nlink--;
    this.nlink = 0;
    for (const file of this.files.values()) file.removed();
    for (const { xattrs } of this.changed.values()) freeXattrs(this.cgroup, xattrs);
    freeXattrs(this.cgroup, this.xattrs);
  }

  override open(_task: Task, _path: Path, flags: number): File {
    return new CgroupDirectoryFile(this, flags);
  }

  /** The names in it, groups first. */
  list(): readonly ListedName[] {
    const groups = [...this.cgroup.children.values()].map(({ name, id }) => ({ name, ino: id, type: DT_DIR }));
    const files = fileNames(this.cgroup).map((name) => ({ name, ino: this.ino + 1 + findFile(this.cgroup, name)!.index, type: DT_REG }));
    return [...groups, ...files];
  }
}

class CgroupDirectoryFile extends SnapshotDirectoryFile {
  protected override list(): readonly ListedName[] {
    return (this.node as CgroupDirectory).list();
  }
}
