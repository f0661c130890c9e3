/** A file of a host folder. What the host changes is noticed whenever the file is looked up, opened, read or asked for. */

import { EINVAL, ENODEV, ESTALE, EXDEV, isErrno } from '../../../abi/errno.ts';
import { O_ACCMODE, O_RDONLY } from '../../../abi/fcntl.ts';
import { S_IFDIR, S_IFMT, S_IFREG } from '../../../abi/stat.ts';
import type { HostAttributes, HostFolder, HostPath } from '../../../platform/host_folder.ts';
import type { Task } from '../../task/task.ts';
import type { DirEmit, File } from '../../vfs/file.ts';
import { type Attributes, Inode } from '../../vfs/inode.ts';
import type { Path } from '../../vfs/path.ts';
import { HostDirectoryFile, HostFile } from './host_file.ts';
import { HostMapping } from './host_mapping.ts';
import type { HostSuperBlock } from './hostfs.ts';

export class HostInode extends Inode {
  declare readonly sb: HostSuperBlock;
  declare mapping: HostMapping | null;
  /** The file's identity on the host. */
  readonly key: string;
  /** Where it was last seen. */
  path: HostPath;
  /** The host's handle on the contents while the file is open, and whether it can write; -1 when closed. */
  handle = -1;
  private handleWrites = false;
  private users = 0;
  private hostBlocks = 0;

  constructor(sb: HostSuperBlock, key: string, path: HostPath, attributes: HostAttributes) {
    super(sb, attributes.ino, attributes.mode);
    this.key = key;
    this.path = path;
    this.mapping = (attributes.mode & S_IFMT) === S_IFREG ? new HostMapping(this) : null;
    this.adopt(attributes);
  }

  /** Set-user-ID bits of host files are not the guest's doing. */
  private adopt(attributes: HostAttributes): void {
    const owner = this.sb.owners.get(this.key) ?? this.sb.defaultOwner;
    this.mode = attributes.mode;
    this.uid = owner.uid;
    this.gid = owner.gid;
    this.nlink = attributes.nlink;
    this.size = attributes.size;
    this.hostBlocks = attributes.blocks;
    this.atime = attributes.atime;
    this.mtime = attributes.mtime;
    this.ctime = attributes.ctime;
  }

  override get blocks(): number {
    return this.hostBlocks;
  }

  get folder(): HostFolder | null {
    return this.sb.folder;
  }

  /** The file was seen at `path`. Cached pages go if it has been changed by others. */
  found(path: HostPath, attributes: HostAttributes): void {
    this.path = path;
    this.update(attributes);
  }

  private update(attributes: HostAttributes): void {
    const { mtime, mapping } = this;
    const changed =
      attributes.size !== this.size || attributes.mtime.seconds !== mtime.seconds || attributes.mtime.nanoseconds !== mtime.nanoseconds;
    if (changed && mapping !== null) mapping.evict(this.sb.kernel.memory.root, Number.POSITIVE_INFINITY, 2);
    this.adopt(attributes);
  }

  /** Look at the host's file again. */
  override refresh(): number {
    const { folder } = this;
    if (folder === null) return -ENODEV;
    const attributes = this.handle >= 0 ? folder.attributes(this.handle) : folder.stat(this.path);
    if (isErrno(attributes)) return attributes;
    if (`${attributes.dev}:${attributes.ino}` !== this.key) return -ESTALE;
    this.update(attributes);
    return 0;
  }

  /** After a change of our own: the new times are no sign of somebody else's. */
  settle(): void {
    const { folder } = this;
    const attributes = folder === null ? -ENODEV : this.handle >= 0 ? folder.attributes(this.handle) : folder.stat(this.path);
    if (!isErrno(attributes)) this.adopt(attributes);
  }

  /** One more open file needs the contents: 0 or a negative errno. */
  acquire(writes: boolean): number {
    const { folder } = this;
    if (folder === null) return -ENODEV;
    if (this.handle < 0 || (writes && !this.handleWrites)) {
      const handle = folder.open(this.path, writes);
      if (handle < 0) return handle;
      if (this.handle >= 0) folder.close(this.handle);
      this.handle = handle;
      this.handleWrites = writes;
      const checked = this.refresh();
      if (checked < 0) {
        folder.close(handle);
        this.handle = -1;
        return checked;
      }
    }
    this.users++;
    return 0;
  }

  drop(): void {
    if (--this.users > 0) return;
    this.mapping?.sync();
    if (this.handle >= 0) this.folder?.close(this.handle);
    this.handle = -1;
  }

  override evict(): void {
    this.sb.forget(this);
  }

  override accessed(): void {}

  override modified(): void {}

  private child(name: string): HostPath {
    return [...this.path, name];
  }

  /** Do `result` of the host, then find what it has made. */
  private made(name: string, result: number): Inode | number {
    return result < 0 ? result : this.lookup(null, name);
  }

  override lookup(_task: Task | null, name: string): Inode | number {
    const path = this.child(name);
    const attributes = this.folder?.stat(path) ?? -ENODEV;
    return isErrno(attributes) ? attributes : this.sb.inode(path, attributes);
  }

  override create(task: Task, name: string, mode: number): Inode | number {
    return this.owned(task, this.made(name, this.folder?.create(this.child(name), mode & 0o7777) ?? -ENODEV));
  }

  override mkdir(task: Task, name: string, mode: number): Inode | number {
    return this.owned(task, this.made(name, this.folder?.mkdir(this.child(name), mode & 0o7777) ?? -ENODEV));
  }

  override symlink(task: Task, name: string, target: string): Inode | number {
    return this.owned(task, this.made(name, this.folder?.symlink(this.child(name), target) ?? -ENODEV));
  }

  /** A new file belongs to its maker. */
  private owned(task: Task, inode: Inode | number): Inode | number {
    if (!isErrno(inode)) this.giveTo(inode as HostInode, task.cred.fsuid, task.cred.fsgid);
    return inode;
  }

  private giveTo(inode: HostInode, uid: number, gid: number): void {
    const { defaultOwner, owners } = this.sb;
    inode.uid = uid;
    inode.gid = gid;
    if (uid === defaultOwner.uid && gid === defaultOwner.gid) owners.delete(inode.key);
    else owners.set(inode.key, { uid, gid });
  }

  override link(_task: Task, name: string, inode: Inode): number {
    const result = this.folder?.link((inode as HostInode).path, this.child(name)) ?? -ENODEV;
    if (result === 0) (inode as HostInode).settle();
    return result;
  }

  override unlink(_task: Task, name: string): number {
    const victim = this.lookup(null, name);
    const result = this.folder?.unlink(this.child(name)) ?? -ENODEV;
    if (result === 0 && !isErrno(victim)) {
      victim.nlink--;
      if (victim.nlink === 0) this.sb.owners.delete((victim as HostInode).key);
    }
    return result;
  }

  override rmdir(_task: Task, name: string): number {
    const victim = this.lookup(null, name);
    const result = this.folder?.rmdir(this.child(name)) ?? -ENODEV;
    if (result === 0 && !isErrno(victim)) {
      victim.nlink = 0;
      this.sb.owners.delete((victim as HostInode).key);
    }
    return result;
  }

  override rename(_task: Task, name: string, newDirectory: Inode, newName: string, flags: number): number {
    if (flags !== 0 && flags !== 1) return -EINVAL;
    const to = newDirectory as HostInode;
    if (to.sb !== this.sb) return -EXDEV;
    const result = this.folder?.rename(this.child(name), to.child(newName)) ?? -ENODEV;
    if (result === 0) to.lookup(null, newName);
    return result;
  }

  override readlink(): string | number {
    return this.folder?.readlink(this.path) ?? -ENODEV;
  }

  override iterate(_task: Task, pos: number, emit: DirEmit): number {
    const entries = this.folder?.list(this.path) ?? -ENODEV;
    if (isErrno(entries)) return entries;
    for (let i = pos - 2; i < entries.length; i++) {
      const { name, ino, mode } = entries[i]!;
      if (!emit(name, ino, mode >>> 12, i + 3)) break;
    }
    return 0;
  }

  override setattr(_task: Task, { mode, uid, gid, size, atime, mtime }: Attributes): number {
    const { folder } = this;
    if (folder === null) return -ENODEV;
    if (uid !== undefined || gid !== undefined) this.giveTo(this, uid ?? this.uid, gid ?? this.gid);
    let result = 0;
    if (size !== undefined) result = this.resize(size);
    if (result === 0 && mode !== undefined) result = folder.chmod(this.path, mode & 0o7777);
    // Times of a truncation are the host's own.
    if (result === 0 && size === undefined && (atime !== undefined || mtime !== undefined)) {
      result = folder.utimes(this.path, atime ?? this.atime, mtime ?? this.mtime);
    }
    this.settle();
    return result;
  }

  private resize(size: number): number {
    const failed = this.acquire(true);
    if (failed < 0) return failed;
    this.mapping!.sync();
    const result = this.folder!.truncate(this.handle, size);
    if (result === 0) this.mapping!.evict(this.sb.kernel.memory.root, Number.POSITIVE_INFINITY, 2);
    this.drop();
    return result;
  }

  override open(_task: Task, _path: Path, flags: number): File | number {
    if ((this.mode & S_IFMT) === S_IFDIR) return new HostDirectoryFile(this, flags);
    const failed = this.acquire((flags & O_ACCMODE) !== O_RDONLY);
    return failed < 0 ? failed : new HostFile(this, flags);
  }
}
