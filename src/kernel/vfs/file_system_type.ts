/** A kind of file system that mount(2) knows by name. Linux: struct file_system_type. */

import { EINVAL } from '../../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import type { UserNamespace } from '../namespace/user_namespace.ts';
import type { Task } from '../task/task.ts';
import type { SuperBlock } from './super_block.ts';

/** No such mount option. Linux: ENOPARAM. */
export const ENOPARAM = 519;

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

  /** The names of the mount options. */
  readonly options: readonly string[] = [];

  /** Whether one option, as it stands in mount(2)'s data, is right: 0, -ENOPARAM or -EINVAL. */
  checkOption(task: Task, name: string, option: string): number {
    if (!this.options.includes(name)) return -ENOPARAM;
    return this.accepts(task, option) ? 0 : -EINVAL;
  }

  /** What fsconfig(2) says about the wrong value of a known option. */
  complaint(name: string, _value: string): string {
    return `Bad value for '${name}'`;
  }

  /** Whether the values of known options are right. */
  protected accepts(_task: Task, _data: string): boolean {
    return true;
  }

  /** A new instance (or an existing one) for mount(2): `flags` are MS_ flags of the superblock, `data` the comma-separated options. */
  abstract mount(kernel: Kernel, task: Task, source: string, flags: number, data: string): SuperBlock | number;
}
