/** A file system, or a part of one, attached to a place in a mount namespace. Linux: struct mount. See mount_namespaces(7). */

import { MS_NOATIME, MS_NODIRATIME, MS_RDONLY } from '../../abi/mount.ts';
import type { Dentry } from './dentry.ts';
import type { MountNamespace } from './mount_namespace.ts';
import type { SuperBlock } from './super_block.ts';

/** Mounts that a namespace may have: /proc/sys/fs/mount-max. */
export const MOUNT_MAX = 100000;

export class Mount {
  readonly id: number;
  readonly sb: SuperBlock;
  /** The dentry that appears at the mount point. */
  readonly root: Dentry;
  /** What mount(2) called the source, for /proc/[pid]/mountinfo. */
  readonly source: string;
  /** MS_ flags of this mount alone: read-only, nosuid, nodev, noexec, atime. */
  flags: number;
  /** Flags that the owner of a less privileged namespace may not clear. Linux: MNT_LOCK_ flags. */
  lockedFlags = 0;
  /** The mount below, and the dentry of it that this one covers; null for a root or when detached. */
  parent: Mount | null = null;
  mountpoint: Dentry | null = null;
  /** Mounts on dentries of this one. A second mount on the same place is a child of the first. */
  readonly children: Map<Dentry, Mount> = new Map();
  /** The namespace it belongs to; null when it was detached. */
  namespace: MountNamespace | null = null;
  /** The group of mounts that propagate to each other, 0 when private, and the group that it receives from. See mount_namespaces(7). */
  peerGroup = 0;
  master = 0;
  unbindable = false;
  /** Came into the namespace together with its parent from a more privileged one: cannot be unmounted alone. Linux: MNT_LOCKED. */
  locked = false;
  /** Marked by umount2(MNT_EXPIRE), cleared by use. */
  expiring = false;
  /** Paths that hold it: open files, working directories. */
  refs = 0;
  private released = false;
  /** Open files that can write. */
  writers = 0;

  constructor(id: number, sb: SuperBlock, root: Dentry, source: string, flags: number) {
    this.id = id;
    this.sb = sb;
    this.root = root.get();
    this.source = source;
    this.flags = flags;
    sb.mounts++;
  }

  /** Whether writes through it fail with EROFS. Linux: __mnt_is_readonly. */
  get readOnly(): boolean {
    return ((this.flags | this.sb.flags) & MS_RDONLY) !== 0;
  }

  get noAtime(): boolean {
    return (this.flags & MS_NOATIME) !== 0;
  }

  get noDirAtime(): boolean {
    return (this.flags & (MS_NOATIME | MS_NODIRATIME)) !== 0;
  }

  get(): this {
    this.refs++;
    return this;
  }

  put(): void {
    if (--this.refs === 0 && this.namespace === null) this.release();
  }

  /** Attach it at `mountpoint` of `parent`. */
  attach(parent: Mount, mountpoint: Dentry): void {
    this.parent = parent;
    this.mountpoint = mountpoint.get();
    mountpoint.mounts = [...(mountpoint.mounts ?? []), this];
    parent.children.set(mountpoint, this);
  }

  /** Take it off its place; the namespace is the caller's business. */
  detach(): void {
    const { parent, mountpoint } = this;
    if (parent === null || mountpoint === null) return;
    parent.children.delete(mountpoint);
    const left = mountpoint.mounts!.filter((mount) => mount !== this);
    mountpoint.mounts = left.length === 0 ? null : left;
    mountpoint.put();
    this.parent = null;
    this.mountpoint = null;
  }

  /** Nothing uses it any more. */
  release(): void {
    if (this.released) return;
    this.released = true;
    this.root.put();
    if (--this.sb.mounts === 0) this.sb.kill();
  }

  /** This mount and all below it, parents first. */
  *tree(): IterableIterator<Mount> {
    yield this;
    for (const child of this.children.values()) yield* child.tree();
  }
}
