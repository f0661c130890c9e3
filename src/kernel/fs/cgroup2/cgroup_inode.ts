/** What directories and files of cgroup2 have in common: attributes that can be changed. Linux: fs/kernfs/inode.c. */

import { EEXIST, ENODATA, ENOMEM, ENOSPC, EOPNOTSUPP } from '../../../abi/errno.ts';
import { XATTR_CREATE, XATTR_REPLACE } from '../../../abi/fcntl.ts';
import type { Cgroup } from '../../cgroup/cgroup.ts';
import { charge, PRICE_XATTR, uncharge } from '../../mm/price.ts';
import type { Task } from '../../task/task.ts';
import { type Attributes, Inode } from '../../vfs/inode.ts';
import { copyAttributes } from '../../vfs/simple_attributes.ts';
import type { Cgroup2SuperBlock } from './cgroup2.ts';

/** Extended attributes of the user's that a node may have, and their bytes. Linux: KERNFS_MAX_USER_XATTRS, KERNFS_USER_XATTR_SIZE_LIMIT. */
const MAX_USER_XATTRS = 128;
const MAX_USER_XATTR_SIZE = 131072;

export type Xattrs = Map<string, Uint8Array>;

const isUser = (name: string): boolean => name.startsWith('user.');

export abstract class CgroupInode extends Inode {
  declare readonly sb: Cgroup2SuperBlock;
  readonly cgroup: Cgroup;
  /** Null while there are none. */
  xattrs: Xattrs | null = null;

  constructor(sb: Cgroup2SuperBlock, cgroup: Cgroup, ino: number, mode: number) {
    super(sb, ino, mode);
    this.cgroup = cgroup;
    this.uid = cgroup.uid;
    this.gid = cgroup.gid;
  }

  override setattr(_task: Task, changes: Attributes): number {
    copyAttributes(this, changes);
    return 0;
  }

  override getxattr(_task: Task, name: string): Uint8Array | number {
    return this.xattrs?.get(name) ?? -ENODATA;
  }

  override listxattr(): readonly string[] {
    return [...(this.xattrs?.keys() ?? [])];
  }

  override setxattr(_task: Task, name: string, value: Uint8Array, flags: number): number {
    const { payer } = this.cgroup;
    const old = this.xattrs?.get(name);
    if (name.startsWith('system.')) return -EOPNOTSUPP;
    if ((flags & XATTR_CREATE) !== 0 && old !== undefined) return -EEXIST;
    if ((flags & XATTR_REPLACE) !== 0 && old === undefined) return -ENODATA;
    if (isUser(name) && !this.hasRoom(value.length - (old?.length ?? 0), old === undefined)) return -ENOSPC;
    if (!charge(this.sb.kernel, payer, PRICE_XATTR + name.length + value.length)) return -ENOMEM;
    if (old !== undefined) uncharge(payer, PRICE_XATTR + name.length + old.length);
    this.xattrs ??= new Map();
    this.xattrs.set(name, value);
    return 0;
  }

  override removexattr(_task: Task, name: string): number {
    const old = this.xattrs?.get(name);
    if (old === undefined) return -ENODATA;
    uncharge(this.cgroup.payer, PRICE_XATTR + name.length + old.length);
    this.xattrs!.delete(name);
    return 0;
  }

  private hasRoom(bytes: number, another: boolean): boolean {
    const user = [...(this.xattrs ?? [])].filter(([name]) => isUser(name));
    const size = user.reduce((sum, [, value]) => sum + value.length, 0);
    return user.length + (another ? 1 : 0) <= MAX_USER_XATTRS && size + bytes <= MAX_USER_XATTR_SIZE;
  }
}

/** The node is gone: nobody pays for its extended attributes any more. */
export function freeXattrs({ payer }: Cgroup, xattrs: Xattrs | null): void {
  for (const [name, value] of xattrs ?? []) uncharge(payer, PRICE_XATTR + name.length + value.length);
  xattrs?.clear();
}
