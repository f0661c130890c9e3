/** A view of the machine's devices and of the kernel. Linux: fs/sysfs, fs/kernfs. See sysfs(5). */

import { EACCES, EINVAL, ENOENT, EPERM } from '../../../abi/errno.ts';
import { O_ACCMODE, O_RDONLY, SEEK_CUR, SEEK_SET } from '../../../abi/fcntl.ts';
import { MS_NODEV, MS_NOEXEC } from '../../../abi/mount.ts';
import { DT_SHIFT, S_IFDIR, S_IFREG, SYSFS_MAGIC } from '../../../abi/stat.ts';
import type { Kernel } from '../../kernel.ts';
import type { UserNamespace } from '../../namespace/user_namespace.ts';
import type { Task } from '../../task/task.ts';
import { DirectoryFile } from '../../vfs/directory_file.ts';
import { type DirEmit, File } from '../../vfs/file.ts';
import { FileSystemType } from '../../vfs/file_system_type.ts';
import { type Attributes, Inode } from '../../vfs/inode.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import type { Path } from '../../vfs/path.ts';
import { copyAttributes } from '../../vfs/simple_attributes.ts';
import { SuperBlock } from '../../vfs/super_block.ts';
import { latin1Bytes } from '../../vfs/text.ts';
import { inodeNumber } from '../procfs/entry.ts';
import { findSysfs, type SysfsEntry } from './tree.ts';

const ROOT_INO = 1;
/** st_size of every attribute. */
const ATTRIBUTE_SIZE = 4096;
/** The first offset after the dots. */
const FIRST = 2;

const isDirectory = (entry: SysfsEntry): entry is Exclude<SysfsEntry, string> => typeof entry !== 'string';

/** An inode knows its place in the tree by name. */
class SysfsInode extends Inode {
  private readonly names: readonly string[];

  constructor(sb: SysfsSuperBlock, names: readonly string[], entry: SysfsEntry) {
    super(sb, names.length === 0 ? ROOT_INO : inodeNumber(names.join('/')), isDirectory(entry) ? S_IFDIR | 0o755 : S_IFREG | 0o444);
    this.names = names;
    if (isDirectory(entry)) this.nlink = 2 + Object.values(entry).filter(isDirectory).length;
    else this.size = ATTRIBUTE_SIZE;
  }

  private get entry(): SysfsEntry {
    return findSysfs(this.names) ?? {};
  }

  get text(): string {
    const { entry } = this;
    return isDirectory(entry) ? '' : entry;
  }

  override lookup(_task: Task, name: string): Inode | number {
    const names = [...this.names, name];
    const found = findSysfs(names);
    return found === null ? -ENOENT : new SysfsInode(this.sb as SysfsSuperBlock, names, found);
  }

  override iterate(_task: Task, pos: number, emit: DirEmit): number {
    const entries = Object.entries(this.entry);
    for (let i = Math.max(0, pos - FIRST); i < entries.length; i++) {
      const [name, entry] = entries[i]!;
      const ino = inodeNumber([...this.names, name].join('/'));
      if (!emit(name, ino, (isDirectory(entry) ? S_IFDIR : S_IFREG) >>> DT_SHIFT, FIRST + i + 1)) return 0;
    }
    return 0;
  }

  override get isEmptyForever(): boolean {
    return isDirectory(this.entry) && Object.keys(this.entry).length === 0;
  }

  override create(): number {
    return -EACCES;
  }
  override unlink(): number {
    return -EPERM;
  }
  override rmdir(): number {
    return -EPERM;
  }

  override setattr(_task: Task, changes: Attributes): number {
    if (changes.size === undefined) copyAttributes(this, changes);
    return 0;
  }

  override open(_task: Task, _path: Path, flags: number): File | number {
    if (isDirectory(this.entry)) return new DirectoryFile(this, flags);
    return (flags & O_ACCMODE) === O_RDONLY ? new SysfsFile(this, flags) : -EACCES;
  }
}

/** An open attribute. */
class SysfsFile extends File {
  private readonly node: SysfsInode;

  constructor(node: SysfsInode, flags: number) {
    super(node.sb.kernel, flags);
    this.node = node;
  }

  override get inode(): SysfsInode {
    return this.node;
  }

  override get seekable(): boolean {
    return true;
  }

  override seek(_task: Task, offset: number, whence: number): number {
    const base = whence === SEEK_SET ? 0 : whence === SEEK_CUR ? this.pos : -1;
    if (base < 0 || base + offset < 0) return -EINVAL;
    this.pos = base + offset;
    return this.pos;
  }

  override read(_task: Task, iter: IovIter, pos: number): number {
    const text = this.node.text.slice(pos);
    const ready = iter.prepare(Math.min(iter.remaining, text.length), true);
    return ready <= 0 ? ready : iter.put(latin1Bytes(text.slice(0, ready))) || ready;
  }
}

class SysfsSuperBlock extends SuperBlock {
  constructor(kernel: Kernel, type: SysfsType, flags: number) {
    super(kernel, type, SYSFS_MAGIC, flags);
    const root = new SysfsInode(this, [], findSysfs([])!);
    root.mode = S_IFDIR | 0o555;
    this.setRoot(root);
  }

  override get impliedFlags(): number {
    return MS_NOEXEC | MS_NODEV;
  }

  override get userNsVisible(): boolean {
    return true;
  }
}

export class SysfsType extends FileSystemType {
  readonly name = 'sysfs';
  override readonly userNsMount = true;

  override ownerFor(task: Task): UserNamespace {
    return task.nsproxy.net.owner;
  }

  mount(kernel: Kernel, _task: Task, _source: string, flags: number, data: string): SuperBlock | number {
    return data === '' ? new SysfsSuperBlock(kernel, this, flags) : -EINVAL;
  }
}
