/** A folder of the host as a file system. Who owns the files there means nothing here: they belong to whom the guest gives them. */

import { EINVAL, ENODEV, isErrno } from '../../../abi/errno.ts';
import { V9FS_MAGIC } from '../../../abi/stat.ts';
import type { HostAttributes, HostFolder, HostPath } from '../../../platform/host_folder.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/task.ts';
import { FileSystemType } from '../../vfs/file_system_type.ts';
import type { Inode } from '../../vfs/inode.ts';
import { type StatFs, SuperBlock } from '../../vfs/super_block.ts';
import { HostInode } from './host_inode.ts';

/** Owner and permission bits that the host's file does not have. */
export interface GuestOwner {
  uid: number;
  gid: number;
}

export class HostSuperBlock extends SuperBlock {
  /** What the platform knows the folder by. */
  readonly folderName: string;
  /** The owner of files that nobody has been given. */
  readonly defaultOwner: GuestOwner;
  /** What chown(2) has set, by the key of the file. */
  readonly owners: Map<string, GuestOwner> = new Map();
  /** Files in use, by their identity on the host. */
  private readonly inodes: Map<string, HostInode> = new Map();

  constructor(kernel: Kernel, type: FileSystemType, folderName: string, owner: GuestOwner, flags: number) {
    super(kernel, type, V9FS_MAGIC, flags);
    this.folderName = folderName;
    this.defaultOwner = owner;
  }

  /** The host's end, found again by its name after a restore; null when it is gone. */
  get folder(): HostFolder | null {
    return this.kernel.platform.folder(this.folderName);
  }

  override get volatileNames(): boolean {
    return true;
  }

  /** The inode of the file with `attributes`, which was found at `path`. */
  inode(path: HostPath, attributes: HostAttributes): HostInode {
    const key = `${attributes.dev}:${attributes.ino}`;
    let inode = this.inodes.get(key);
    if (inode === undefined || ((inode.mode ^ attributes.mode) & 0o170000) !== 0) {
      inode = new HostInode(this, key, path, attributes);
      this.inodes.set(key, inode);
    } else inode.found(path, attributes);
    return inode;
  }

  override inodeUnused(inode: Inode): void {
    this.forget(inode as HostInode);
  }

  forget(inode: HostInode): void {
    if (this.inodes.get(inode.key) === inode) this.inodes.delete(inode.key);
    inode.mapping?.release();
  }

  override sync(): number {
    let result = 0;
    for (const inode of this.inodes.values()) {
      const failed = inode.mapping?.sync() ?? 0;
      if (failed < 0) result = failed;
    }
    return result;
  }

  override statfs(): StatFs {
    return { blocks: 0, blocksFree: 0, files: 0, filesFree: 0 };
  }

  protected override kill(): void {
    this.sync();
  }
}

/** Host folders are mounted by the runtime, before there is a program: no guest can name one. */
export class HostfsType extends FileSystemType {
  readonly name: string = 'hostfs';

  mount(kernel: Kernel, task: Task, source: string, flags: number, data: string): SuperBlock | number {
    if (task.mm !== null) return -ENODEV;
    if (data !== '') return -EINVAL;
    const folder = kernel.platform.folder(source);
    if (folder === null) return -ENODEV;
    const attributes = folder.stat([]);
    if (isErrno(attributes)) return attributes;
    const sb = new HostSuperBlock(kernel, this, source, { uid: task.cred.fsuid, gid: task.cred.fsgid }, flags);
    sb.setRoot(sb.inode([], attributes));
    return sb;
  }
}
