/** tmpfs without limits, extended attributes and fallocate(2). Linux: fs/ramfs/inode.c. */

import { EINVAL } from '../../../abi/errno.ts';
import { RAMFS_MAGIC, S_IFDIR } from '../../../abi/stat.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/task.ts';
import { FileSystemType } from '../../vfs/file_system_type.ts';
import { parseMountOptions } from '../../vfs/mount_options.ts';
import type { StatFs, SuperBlock } from '../../vfs/super_block.ts';
import { TmpfsSuperBlock } from './tmpfs.ts';
import { TmpfsDirectory } from './tmpfs_directory.ts';

const DEFAULT_MODE = 0o755;
const isMode = (value: string | null): boolean => value !== null && /^[0-7]+$/.test(value);

class RamfsSuperBlock extends TmpfsSuperBlock {
  override readonly shmem = false;

  override reconfigure(): number {
    return 0;
  }

  override showOptions(): string {
    const mode = this.root.inode!.mode & 0o7777;
    return mode === DEFAULT_MODE ? '' : `,mode=${mode.toString(8)}`;
  }

  override statfs(_task: Task): StatFs {
    return { blocks: 0, blocksFree: 0, files: 0, filesFree: 0 };
  }
}

export class RamfsType extends FileSystemType {
  readonly name = 'ramfs';
  override readonly userNsMount: boolean = true;
  override readonly options: readonly string[] = ['mode'];

  /** Other options have always been ignored. */
  override checkOption(task: Task, name: string, option: string): number {
    return name === 'mode' ? super.checkOption(task, name, option) : 0;
  }

  protected override accepts(_task: Task, data: string): boolean {
    return parseMountOptions(data).every(([name, value]) => name !== 'mode' || isMode(value));
  }

  mount(kernel: Kernel, task: Task, _source: string, flags: number, data: string): SuperBlock | number {
    const mode = parseMountOptions(data).findLast(([name]) => name === 'mode')?.[1] ?? null;
    if (!this.accepts(task, data)) return -EINVAL;
    const { memory } = task.group.cgroup;
    const sb = new RamfsSuperBlock(kernel, this, RAMFS_MAGIC, flags);
    const failed = sb.addInode(memory);
    if (failed < 0) return failed;
    const root = new TmpfsDirectory(sb, S_IFDIR | (mode === null ? DEFAULT_MODE : Number.parseInt(mode, 8) & 0o7777), memory);
    root.uid = task.cred.fsuid;
    root.gid = task.cred.fsgid;
    sb.setRoot(root);
    return sb;
  }
}
