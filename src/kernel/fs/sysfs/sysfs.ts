/** A view of the machine's devices and of the kernel. Linux: fs/sysfs, fs/kernfs. See sysfs(5). */

import { EACCES, EINVAL, ENOENT, EPERM } from '../../../abi/errno.ts';
import { O_ACCMODE, O_RDONLY, SEEK_CUR, SEEK_SET } from '../../../abi/fcntl.ts';
import { MS_NODEV, MS_NOEXEC } from '../../../abi/mount.ts';
import { DT_SHIFT, S_IFDIR, S_IFLNK, S_IFREG, SYSFS_MAGIC } from '../../../abi/stat.ts';
import type { Kernel } from '../../kernel.ts';
import type { NetNamespace } from '../../namespace/net_namespace.ts';
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
import { findSysfs, isDirectory, type SysfsEntry, SysfsLink } from './tree.ts';

const ROOT_INO = 1;
/** st_size of every attribute. */
const ATTRIBUTE_SIZE = 4096;
/** The first offset after the dots. */
const FIRST = 2;

/** Linux: sysfs_create_dir_ns, sysfs_create_link, sysfs_add_file_mode_ns. */
const modeOf = (entry: SysfsEntry): number => {
  if (isDirectory(entry)) return S_IFDIR | 0o755;
  return entry instanceof SysfsLink ? S_IFLNK | 0o777 : S_IFREG | 0o444;
};

/** An inode knows its place in the tree by name. */
class SysfsInode extends Inode {
  private readonly names: readonly string[];
  /** Those that have been looked up, as long as they are there. */
  private readonly children: Map<string, SysfsInode> = new Map();

  constructor(sb: SysfsSuperBlock, names: readonly string[], entry: SysfsEntry) {
    super(sb, names.length === 0 ? ROOT_INO : inodeNumber(names.join('/')), modeOf(entry));
    this.names = names;
    if (isDirectory(entry)) this.nlink = 2 + Object.values(entry).filter(isDirectory).length;
    else this.size = entry instanceof SysfsLink ? 0 : ATTRIBUTE_SIZE;
  }

  private get entry(): SysfsEntry {
    return findSysfs(this.names, (this.sb as SysfsSuperBlock).net) ?? {};
  }

  /** What reading gives, or a negative errno. */
  get text(): string | number {
    const { entry } = this;
    return typeof entry === 'object' ? '' : entry;
  }

  override lookup(_task: Task, name: string): Inode | number {
    const names = [...this.names, name];
    const sb = this.sb as SysfsSuperBlock;
    const { entry, children } = this;
    for (const known of children.keys()) if (!Object.hasOwn(entry as object, known)) children.delete(known);
    const found = findSysfs(names, sb.net);
    if (found === null) return -ENOENT;
    const known = children.get(name);
    if (known !== undefined) return known;
    const made = new SysfsInode(sb, names, found);
    children.set(name, made);
    return made;
  }

  override readlink(): string | number {
    const { entry } = this;
    return entry instanceof SysfsLink ? entry.target : -EINVAL;
  }

  override iterate(_task: Task, pos: number, emit: DirEmit): number {
    const entries = Object.entries(this.entry);
    for (let i = Math.max(0, pos - FIRST); i < entries.length; i++) {
      const [name, entry] = entries[i]!;
      const ino = inodeNumber([...this.names, name].join('/'));
      if (!emit(name, ino, modeOf(entry) >>> DT_SHIFT, FIRST + i + 1)) return 0;
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
    const whole = this.node.text;
    if (typeof whole === 'number') return whole;
    const text = whole.slice(pos);
    const ready = iter.prepare(Math.min(iter.remaining, text.length), true);
    return ready <= 0 ? ready : iter.put(latin1Bytes(text.slice(0, ready))) || ready;
  }
}

class SysfsSuperBlock extends SuperBlock {
  /** Whose network devices it shows: those of who mounted it. */
  readonly net: NetNamespace;

  constructor(kernel: Kernel, type: SysfsType, flags: number, net: NetNamespace) {
    super(kernel, type, SYSFS_MAGIC, flags);
    this.net = net;
    const root = new SysfsInode(this, [], findSysfs([], net)!);
    root.mode = S_IFDIR | 0o555;
    this.setRoot(root);
  }

  /** Devices come and go. */
  override get volatileNames(): boolean {
    return true;
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

  mount(kernel: Kernel, task: Task, _source: string, flags: number, data: string): SuperBlock | number {
    return data === '' ? new SysfsSuperBlock(kernel, this, flags, task.nsproxy.net) : -EINVAL;
  }
}
