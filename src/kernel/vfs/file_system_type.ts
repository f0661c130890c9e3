/** A kind of file system that mount(2) knows by name. Linux: struct file_system_type. */

import type { Kernel } from '../kernel.ts';
import type { UserNamespace } from '../namespace/user_namespace.ts';
import type { Task } from '../task/task.ts';
import type { SuperBlock } from './super_block.ts';

export abstract class FileSystemType {
  abstract readonly name: string;
  /** Listed without "nodev" in /proc/filesystems. */
  readonly requiresDevice: boolean = false;
  /** May be mounted with CAP_SYS_ADMIN in a user namespace other than the first. Linux: FS_USERNS_MOUNT. */
  readonly userNsMount: boolean = false;

  /** The user namespace whose superuser may mount it, if userNsMount, and reconfigure it later. Linux: fs_context.user_ns. */
  ownerFor(task: Task): UserNamespace {
    return task.cred.userNs;
  }

  /** A new instance (or an existing one) for mount(2): `flags` are MS_ flags of the superblock, `data` the comma-separated options. */
  abstract mount(kernel: Kernel, task: Task, source: string, flags: number, data: string): SuperBlock | number;
}
