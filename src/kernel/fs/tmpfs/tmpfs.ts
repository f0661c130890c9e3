/** A file system in memory. Linux: mm/shmem.c. See tmpfs(5). */

import { CAP_SYS_RESOURCE } from '../../../abi/capability.ts';
import { EINVAL, ENOMEM, ENOSPC, isErrno } from '../../../abi/errno.ts';
import { S_IFDIR, TMPFS_MAGIC } from '../../../abi/stat.ts';
import { FRAME_SIZE } from '../../../platform/ram.ts';
import type { Kernel } from '../../kernel.ts';
import type { MemoryGroup } from '../../mm/memory_group.ts';
import { charge, PRICE_INODE, uncharge } from '../../mm/price.ts';
import type { Task } from '../../task/task.ts';
import { FileSystemType } from '../../vfs/file_system_type.ts';
import type { Inode } from '../../vfs/inode.ts';
import { parseMountOptions, parseSize } from '../../vfs/mount_options.ts';
import { type StatFs, SuperBlock } from '../../vfs/super_block.ts';
import { TmpfsDirectory } from './tmpfs_directory.ts';
import type { TmpfsInode } from './tmpfs_inode.ts';

/** What mount(2) may say; Infinity is "no limit". */
interface TmpfsOptions {
  /** Pages. */
  blocks: number;
  inodes: number;
  mode: number;
  uid: number;
  gid: number;
}

/** The options in `data` over `defaults`; null if one is unknown or wrong. */
function parseOptions(data: string, defaults: TmpfsOptions, task: Task | null, total: number): TmpfsOptions | null {
  const options = { ...defaults };
  for (const [name, value] of parseMountOptions(data)) {
    const number = value === null ? Number.NaN : parseSize(value);
    switch (name) {
      case 'size':
        if (value?.endsWith('%') === true) options.blocks = Math.ceil((total * Number(value.slice(0, -1))) / 100);
        else options.blocks = Math.ceil(number / FRAME_SIZE);
        if (Number.isNaN(options.blocks)) return null;
        if (options.blocks === 0) options.blocks = Number.POSITIVE_INFINITY;
        break;
      case 'nr_blocks':
        if (Number.isNaN(number)) return null;
        options.blocks = number === 0 ? Number.POSITIVE_INFINITY : number;
        break;
      case 'nr_inodes':
        if (Number.isNaN(number)) return null;
        options.inodes = number === 0 ? Number.POSITIVE_INFINITY : number;
        break;
      case 'mode':
        if (value === null || !/^[0-7]+$/.test(value)) return null;
        options.mode = Number.parseInt(value, 8) & 0o7777;
        break;
      case 'uid':
      case 'gid': {
        const ns = task?.cred.userNs ?? null;
        const id = ns === null ? number : name === 'uid' ? ns.kuid(number) : ns.kgid(number);
        if (Number.isNaN(id) || id < 0) return null;
        options[name] = id;
        break;
      }
      case 'inode64':
      case 'noswap':
        break;
      case 'huge':
        if (value !== 'never') return null;
        break;
      default:
        return null;
    }
  }
  return options;
}

export class TmpfsSuperBlock extends SuperBlock {
  /** Files can have extended attributes and be preallocated. */
  readonly shmem: boolean = true;
  /** Limits and use: pages, inodes. */
  maxBlocks: number = Number.POSITIVE_INFINITY;
  maxInodes: number = Number.POSITIVE_INFINITY;
  blocks = 0;
  inodes = 0;
  /** What chattr(1) has set, for the few files that have any. */
  readonly fileFlags: Map<TmpfsInode, number> = new Map();
  private nextIno = 1;
  /** What mount(2) said about the root. */
  private owner = { mode: 0o1777, uid: 0, gid: 0 };

  /** An instance whose root is owned by the superuser, mode 1777, with no limits. */
  static create(kernel: Kernel, type: FileSystemType, flags = 0): TmpfsSuperBlock | number {
    const sb = new TmpfsSuperBlock(kernel, type, TMPFS_MAGIC, flags);
    const root = sb.makeRoot(0o1777, kernel.memory.root);
    return isErrno(root) ? root : sb;
  }

  /** The root directory, paid for by `group`. */
  makeRoot(mode: number, group: MemoryGroup): TmpfsDirectory | number {
    const failed = this.addInode(group);
    if (failed < 0) return failed;
    const root = this.newRoot(S_IFDIR | mode, group);
    this.setRoot(root);
    return root;
  }

  protected newRoot(mode: number, group: MemoryGroup): TmpfsDirectory {
    return new TmpfsDirectory(this, mode, group);
  }

  allocateIno(): number {
    return this.nextIno++;
  }

  /** Room for one more inode, paid for by `group`: 0, -ENOSPC or -ENOMEM. */
  addInode(group: MemoryGroup): number {
    if (this.inodes >= this.maxInodes) return -ENOSPC;
    if (!charge(this.kernel, group, PRICE_INODE)) return -ENOMEM;
    this.inodes++;
    return 0;
  }

  removeInode(group: MemoryGroup): void {
    this.inodes--;
    uncharge(group, PRICE_INODE);
  }

  /** Room for one more page: 0 or -ENOSPC. */
  addBlock(): number {
    if (this.blocks >= this.maxBlocks) return -ENOSPC;
    this.blocks++;
    return 0;
  }

  /** The limits when nobody says anything. Linux: shmem_default_max_blocks, shmem_default_max_inodes. */
  private get defaultLimit(): number {
    return Math.floor(this.kernel.memory.frames.limit / 2);
  }

  /** The options of mount(2); the root belongs to the caller unless they say something else. */
  configure(task: Task, data: string): number {
    const root = this.root.inode!;
    const { fsuid: uid, fsgid: gid } = task.cred;
    const defaults = { blocks: this.defaultLimit, inodes: this.defaultLimit, mode: root.mode & 0o7777, uid, gid };
    const options = parseOptions(data, defaults, task, this.kernel.memory.frames.limit);
    if (options === null) return -EINVAL;
    this.maxBlocks = options.blocks;
    this.maxInodes = options.inodes;
    this.owner = options;
    root.mode = S_IFDIR | options.mode;
    root.uid = options.uid;
    root.gid = options.gid;
    return 0;
  }

  /** Only the limits can be changed later, and not below what is used. Linux: shmem_reconfigure. */
  override reconfigure(task: Task, _flags: number, data: string): number {
    const current = { blocks: this.maxBlocks, inodes: this.maxInodes, ...this.owner };
    const options = parseOptions(data, current, task, this.kernel.memory.frames.limit);
    if (options === null || options.blocks < this.blocks || options.inodes < this.inodes) return -EINVAL;
    this.maxBlocks = options.blocks;
    this.maxInodes = options.inodes;
    return 0;
  }

  /** Linux: shmem_show_options. */
  override showOptions(): string {
    const { maxBlocks, maxInodes, defaultLimit, owner } = this;
    const finite = (limit: number): number => (limit === Number.POSITIVE_INFINITY ? 0 : limit);
    let text = '';
    if (maxBlocks !== defaultLimit) text += `,size=${finite(maxBlocks) * 4}k`;
    if (maxInodes !== defaultLimit) text += `,nr_inodes=${finite(maxInodes)}`;
    if (owner.mode !== 0o1777) text += `,mode=${owner.mode.toString(8)}`;
    if (owner.uid !== 0) text += `,uid=${owner.uid}`;
    if (owner.gid !== 0) text += `,gid=${owner.gid}`;
    return `${text},inode64`;
  }

  override statfs(task: Task): StatFs {
    const unlimited = { blocks: 0, blocksFree: 0 };
    const blocks =
      this.maxBlocks === Number.POSITIVE_INFINITY ? unlimited : { blocks: this.maxBlocks, blocksFree: this.maxBlocks - this.blocks };
    const limited = this.maxInodes !== Number.POSITIVE_INFINITY || task.cred.capable(CAP_SYS_RESOURCE, task.cred.userNs);
    if (!limited || this.maxInodes === Number.POSITIVE_INFINITY) return { ...blocks, files: 0, filesFree: 0 };
    return { ...blocks, files: this.maxInodes, filesFree: this.maxInodes - this.inodes };
  }

  /** Nothing reaches the files any more: give their pages back. */
  protected override kill(): void {
    const stack: Inode[] = [this.root.inode!];
    for (let inode = stack.pop(); inode !== undefined; inode = stack.pop()) {
      if (inode instanceof TmpfsDirectory) stack.push(...inode.names.inodes());
      inode.evict();
    }
  }
}

export class TmpfsType extends FileSystemType {
  readonly name: string = 'tmpfs';
  override readonly userNsMount: boolean = true;
  override readonly options: readonly string[] = ['size', 'nr_blocks', 'nr_inodes', 'mode', 'uid', 'gid', 'inode64', 'noswap', 'huge'];

  protected override accepts(task: Task, data: string): boolean {
    return parseOptions(data, { blocks: 0, inodes: 0, mode: 0, uid: 0, gid: 0 }, task, task.kernel.memory.frames.limit) !== null;
  }

  mount(kernel: Kernel, task: Task, _source: string, flags: number, data: string): SuperBlock | number {
    const sb = TmpfsSuperBlock.create(kernel, this, flags);
    if (isErrno(sb)) return sb;
    const failed = sb.configure(task, data);
    if (failed === 0) return sb;
    sb.release();
    return failed;
  }
}
