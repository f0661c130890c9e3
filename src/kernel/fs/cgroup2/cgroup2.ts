/** The file system through which groups are used: one, however often it is mounted. Linux: cgroup2_fs_type in kernel/cgroup/cgroup.c. */

import { EBADF, EINVAL, ENODEV, ENOENT, isErrno } from '../../../abi/errno.ts';
import { CGROUP2_SUPER_MAGIC } from '../../../abi/stat.ts';
import type { Cgroup } from '../../cgroup/cgroup.ts';
import { cgroupPath } from '../../cgroup/cgroup_path.ts';
import { type CgroupMountOption, MOUNT_OPTIONS } from '../../cgroup/cgroup_root.ts';
import type { Kernel } from '../../kernel.ts';
import type { UserNamespace } from '../../namespace/user_namespace.ts';
import type { Task } from '../../task/task.ts';
import type { Dentry } from '../../vfs/dentry.ts';
import type { File } from '../../vfs/file.ts';
import { FileSystemType } from '../../vfs/file_system_type.ts';
import type { Inode } from '../../vfs/inode.ts';
import { lookupName } from '../../vfs/lookup.ts';
import { SuperBlock } from '../../vfs/super_block.ts';
import { CgroupDirectory } from './cgroup_directory.ts';
import { CgroupFileInode } from './cgroup_file_inode.ts';

export class Cgroup2SuperBlock extends SuperBlock {
  constructor(kernel: Kernel, type: Cgroup2Type) {
    super(kernel, type, CGROUP2_SUPER_MAGIC, 0);
    this.setRoot(new CgroupDirectory(this, kernel.cgroups.cgroup));
  }

  /** The directory of a group. */
  directory(cgroup: Cgroup): CgroupDirectory {
    return cgroup.directory ?? new CgroupDirectory(this, cgroup);
  }

  /** A file of a group; null when there is none. */
  file(cgroup: Cgroup, name: string): CgroupFileInode | null {
    const inode = this.directory(cgroup).file(name);
    return isErrno(inode) ? null : inode;
  }

  /** Only changes of attributes are kept of files that nobody uses. */
  override inodeUnused(inode: Inode): void {
    if (inode instanceof CgroupFileInode) inode.unused();
  }

  /** The root of a mount is that of the mounter's cgroup namespace. Linux: cgroup_do_get_tree. */
  override rootFor(task: Task): Dentry | number {
    const path = cgroupPath(task.nsproxy.cgroup.root, this.kernel.cgroups.cgroup);
    let at = this.root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      const next = lookupName(task, at, name);
      if (isErrno(next)) return next;
      if (next.inode === null) return -ENODEV;
      at = next;
    }
    return at;
  }

  /** As the reader's cgroup namespace sees it. Linux: cgroup_show_path. */
  override showPath(root: Dentry, reader: Task): string {
    const { inode } = root;
    return inode instanceof CgroupDirectory ? cgroupPath(inode.cgroup, reader.nsproxy.cgroup.root) : '/';
  }

  override showOptions(): string {
    return MOUNT_OPTIONS.filter((option) => this.kernel.cgroups.options.has(option))
      .map((option) => `,${option}`)
      .join('');
  }

  override reconfigure(task: Task, _flags: number, data: string): number {
    return configure(task, data);
  }

  /** Mounts come and go; the hierarchy stays. */
  override release(): void {
    const { dcache } = this.kernel.vfs;
    for (const dentry of [...(this.root.children?.values() ?? [])]) dcache.drop(dentry);
  }
}

/** The options of the hierarchy, which only its first namespace may choose. Linux: cgroup2_parse_param, apply_cgroup_root_flags. */
function configure(task: Task, data: string): number {
  const { cgroups } = task.kernel;
  const wanted = data.split(',').filter((option) => option !== '');
  if (!wanted.every((option) => (MOUNT_OPTIONS as readonly string[]).includes(option))) return -EINVAL;
  if (task.nsproxy.cgroup.root === cgroups.cgroup) cgroups.options = new Set(wanted as CgroupMountOption[]);
  return 0;
}

export class Cgroup2Type extends FileSystemType {
  readonly name = 'cgroup2';
  override readonly userNsMount = true;
  override readonly options: readonly string[] = MOUNT_OPTIONS;

  override ownerFor(task: Task): UserNamespace {
    return task.nsproxy.cgroup.owner;
  }

  mount(kernel: Kernel, task: Task, _source: string, _flags: number, data: string): SuperBlock | number {
    const failed = configure(task, data);
    if (failed < 0) return failed;
    kernel.cgroups.sb ??= new Cgroup2SuperBlock(kernel, this);
    return kernel.cgroups.sb;
  }
}

/** The group whose directory is open; -EBADF for other files, -ENOENT when it is gone. Linux: css_tryget_online_from_dir. */
export function cgroupOfFile(file: File): Cgroup | number {
  const { inode } = file;
  if (!(inode instanceof CgroupDirectory)) return -EBADF;
  return inode.cgroup.dead ? -ENOENT : inode.cgroup;
}
