/** The device nodes of a container: tmpfs with what the OCI runtime specification calls default devices. Linux: drivers/base/devtmpfs.c. */

import { EEXIST, isErrno } from '../../../abi/errno.ts';
import { makedev, S_IFCHR, S_IFDIR, TMPFS_MAGIC } from '../../../abi/stat.ts';
import type { Tty } from '../../device/tty/tty.ts';
import type { Kernel } from '../../kernel.ts';
import type { MemoryGroup } from '../../mm/memory_group.ts';
import type { Task } from '../../task/task.ts';
import type { DirEmit } from '../../vfs/file.ts';
import { FileSystemType } from '../../vfs/file_system_type.ts';
import type { Inode } from '../../vfs/inode.ts';
import type { SuperBlock } from '../../vfs/super_block.ts';
import { TmpfsSuperBlock } from '../tmpfs/tmpfs.ts';
import { DIRENT_SIZE, TmpfsDirectory } from '../tmpfs/tmpfs_directory.ts';

const NODES: readonly (readonly [name: string, major: number, minor: number, mode: number])[] = [
  ['null', 1, 3, 0o666],
  ['zero', 1, 5, 0o666],
  ['full', 1, 7, 0o666],
  ['random', 1, 8, 0o666],
  ['urandom', 1, 9, 0o666],
  ['tty', 5, 0, 0o666],
  ['console', 5, 1, 0o620],
];
const DIRECTORIES: readonly string[] = ['pts', 'shm', 'mqueue'];
const LINKS: readonly (readonly [name: string, target: string])[] = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
  ['ptmx', 'pts/ptmx'],
];

/** Comes to be with its directories alone; nodes and links are made when somebody looks for something else than them. */
export class DevtmpfsRoot extends TmpfsDirectory {
  private populated = false;

  constructor(sb: TmpfsSuperBlock, mode: number, payer: MemoryGroup) {
    super(sb, mode, payer);
    this.size += (NODES.length + LINKS.length) * DIRENT_SIZE;
  }

  /** 0, or -ENOMEM: then the next look goes on. */
  private populate(task: Task): number {
    if (this.populated) return 0;
    const { mtime, ctime, size } = this;
    for (const [name, major, minor, mode] of NODES) {
      const failed = this.adopt(super.mknod(task, name, S_IFCHR | mode, makedev(major, minor)));
      if (failed < 0) return failed;
    }
    for (const [name, target] of LINKS) {
      const failed = this.adopt(super.symlink(task, name, target));
      if (failed < 0) return failed;
    }
    Object.assign(this, { mtime, ctime, size });
    this.populated = true;
    return 0;
  }

  /** Whoever looked first, nodes belong to the owner of the directory. */
  private adopt(inode: Inode | number): number {
    if (isErrno(inode)) return inode === -EEXIST ? 0 : inode;
    inode.uid = this.uid;
    inode.gid = this.gid;
    inode.atime = inode.mtime = inode.ctime = this.atime;
    return 0;
  }

  override lookup(task: Task, name: string): Inode | number {
    if (DIRECTORIES.includes(name)) return super.lookup(task, name);
    return this.populate(task) || super.lookup(task, name);
  }

  override iterate(task: Task, pos: number, emit: DirEmit): number {
    return this.populate(task) || super.iterate(task, pos, emit);
  }
}

export class DevtmpfsSuperBlock extends TmpfsSuperBlock {
  /** What /dev/console means here: the terminal of the container's first process. */
  console: Tty | null = null;

  protected override newRoot(mode: number, group: MemoryGroup): TmpfsDirectory {
    return new DevtmpfsRoot(this, mode, group);
  }
}

export class DevtmpfsType extends FileSystemType {
  readonly name = 'devtmpfs';

  /** Every mount is an instance of its own: containers do not share device nodes. */
  mount(kernel: Kernel, task: Task, _source: string, flags: number, data: string): SuperBlock | number {
    const sb = new DevtmpfsSuperBlock(kernel, this, TMPFS_MAGIC, flags);
    const root = sb.makeRoot(0o755, task.group.cgroup.memory);
    if (isErrno(root)) return root;
    const failed = sb.configure(task, data) || makeDirectories(task, root);
    if (failed === 0) return sb;
    sb.release();
    return failed;
  }
}

function makeDirectories(task: Task, root: TmpfsDirectory): number {
  for (const name of DIRECTORIES) {
    const inode = root.mkdir(task, name, S_IFDIR | 0o755);
    if (isErrno(inode)) return inode;
  }
  return 0;
}
