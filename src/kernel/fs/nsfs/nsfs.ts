/** The inodes behind /proc/[pid]/ns/*: one for each namespace, found by no name. Linux: fs/nsfs.c. */

import { EINVAL, EPERM } from '../../../abi/errno.ts';
import { NSFS_MAGIC, S_IFDIR, S_IFREG } from '../../../abi/stat.ts';
import type { Kernel } from '../../kernel.ts';
import type { Namespace } from '../../namespace/namespace.ts';
import type { Task } from '../../task/task.ts';
import { Dentry } from '../../vfs/dentry.ts';
import type { File } from '../../vfs/file.ts';
import { FileSystemType } from '../../vfs/file_system_type.ts';
import { Inode } from '../../vfs/inode.ts';
import { Mount } from '../../vfs/mount.ts';
import { MountNamespace } from '../../vfs/mount_namespace.ts';
import { Path } from '../../vfs/path.ts';
import { MAY_WRITE } from '../../vfs/permission.ts';
import { SuperBlock } from '../../vfs/super_block.ts';
import { NamespaceFile } from './namespace_file.ts';

class NsfsType extends FileSystemType {
  readonly name = 'nsfs';
  mount(): number {
    return -EINVAL;
  }
}

class NsfsRoot extends Inode {}

/** The file system that the kernel alone mounts. */
export class Nsfs extends SuperBlock {
  readonly mount: Mount;

  constructor(kernel: Kernel) {
    super(kernel, new NsfsType(), NSFS_MAGIC, 0);
    this.setRoot(new NsfsRoot(this, 1, S_IFDIR | 0o755));
    this.mount = new Mount(this, this.root, 'nsfs', 0).get();
  }

  override showPath(root: Dentry): string {
    return root.name;
  }

  /** Where a link of /proc/[pid]/ns leads; who keeps the path keeps the namespace. */
  path(namespace: Namespace): Path {
    return new Path(this.mount, new NamespaceDentry(this, namespace));
  }
}

export class NamespaceInode extends Inode {
  readonly namespace: Namespace;

  constructor(sb: Nsfs, namespace: Namespace) {
    super(sb, namespace.inode, S_IFREG | 0o444);
    this.namespace = namespace;
  }

  /** Nobody writes to it. Linux: S_IMMUTABLE. */
  override permission(_task: Task, mask: number): number | null {
    return (mask & MAY_WRITE) !== 0 ? -EPERM : null;
  }

  override get mountNamespace(): MountNamespace | null {
    return this.namespace instanceof MountNamespace ? this.namespace : null;
  }

  override open(task: Task): File {
    return new NamespaceFile(task, this.namespace, this);
  }
}

/** While it is held, so is the namespace. */
class NamespaceDentry extends Dentry {
  readonly namespace: Namespace;

  constructor(sb: Nsfs, namespace: Namespace) {
    super(sb, null, namespaceLabel(namespace), new NamespaceInode(sb, namespace));
    this.namespace = namespace;
  }

  override get(): this {
    if (this.refs === 0) this.namespace.get();
    return super.get();
  }

  override put(): void {
    super.put();
    if (this.refs === 0) this.namespace.put();
  }
}

/** What readlink(2) shows: uts:[4026531838]. */
export const namespaceLabel = (namespace: Namespace): string => `${namespace.kind}:[${namespace.inode}]`;
