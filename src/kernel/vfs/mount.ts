/** A file system, or a part of one, attached to a place in a mount namespace. Linux: struct mount. See mount_namespaces(7). */

import { MS_NOATIME, MS_NODIRATIME, MS_RDONLY } from '../../abi/mount.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { PRICE_MOUNT, uncharge } from '../mm/price.ts';
import type { Dentry } from './dentry.ts';
import type { MountNamespace } from './mount_namespace.ts';
import type { SuperBlock } from './super_block.ts';

/** In `lockedFlags`: the atime flags may not change. Linux: MNT_LOCK_ATIME. */
export const LOCK_ATIME: number = 1 << 30;

const NOTHING: ReadonlyMap<Dentry, Mount> = new Map();

export class Mount {
  /** The lowest free number, given again later. */
  readonly id: number;
  /** Never given again. Linux: mnt_id_unique. */
  readonly uniqueId: number;
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
  /** See `children`; null before the first one. */
  private above: Map<Dentry, Mount> | null = null;
  /** The namespace it belongs to; null before it was attached and after it was unmounted. */
  namespace: MountNamespace | null = null;
  /** Mounts and unmounts on it reach its peers, the mounts of the same group. Linux: MNT_SHARED, mnt_group_id, mnt_share. */
  shared = false;
  /** 0 when it has none. */
  groupId = 0;
  nextPeer: Mount = this;
  previousPeer: Mount = this;
  /** The mount whose group it receives from, and its neighbours among that one's slaves. Linux: mnt_master, mnt_slave. */
  master: Mount | null = null;
  nextSlave: Mount | null = null;
  previousSlave: Mount | null = null;
  firstSlave: Mount | null = null;
  lastSlave: Mount | null = null;
  unbindable = false;
  /** Came into the namespace together with its parent from a more privileged one: cannot be unmounted alone. Linux: MNT_LOCKED. */
  locked = false;
  /** Taken down; it may still be in use. Linux: MNT_UMOUNT. */
  unmounted = false;
  /** Marked by umount2(MNT_EXPIRE), cleared by use. */
  expiring = false;
  /** Paths that hold it: open files, working directories. */
  refs = 0;
  private released = false;
  /** Open files that can write. */
  writers = 0;
  /** Null for the kernel's own mounts. */
  private readonly payer: MemoryGroup | null;

  /** `payer` has been charged. */
  constructor(sb: SuperBlock, root: Dentry, source: string, flags: number, payer: MemoryGroup | null = null) {
    const { vfs } = sb.kernel;
    this.id = vfs.mountIds.allocate();
    this.uniqueId = vfs.nextUniqueMountId();
    this.sb = sb.get();
    this.root = root.get();
    this.source = source;
    this.flags = flags;
    this.payer = payer;
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

  /** Mounts on dentries of this one. A second mount on the same place is a child of the first. */
  get children(): ReadonlyMap<Dentry, Mount> {
    return this.above ?? NOTHING;
  }

  get(): this {
    this.refs++;
    return this;
  }

  put(): void {
    this.expiring = false;
    if (--this.refs === 0) this.releaseIfUnused();
  }

  /** Say where it will be; nobody walks to it before `hash`. Linux: mnt_set_mountpoint. */
  setMountpoint(parent: Mount, mountpoint: Dentry): void {
    this.parent = parent;
    this.mountpoint = mountpoint.get();
    mountpoint.mounts ??= new Set();
    mountpoint.mounts.add(this);
  }

  /** Appear at the mount point. Linux: __attach_mnt. */
  hash(): void {
    const parent = this.parent!;
    parent.above ??= new Map();
    parent.above.set(this.mountpoint!, this);
  }

  /** Attach it at `mountpoint` of `parent`. */
  attach(parent: Mount, mountpoint: Dentry): void {
    this.setMountpoint(parent, mountpoint);
    this.hash();
  }

  /** Take it off its place; the namespace is the caller's business. Linux: umount_mnt. */
  detach(): void {
    const { parent, mountpoint } = this;
    if (parent === null || mountpoint === null) return;
    if (parent.above?.get(mountpoint) === this) parent.above.delete(mountpoint);
    mountpoint.mounts!.delete(this);
    if (mountpoint.mounts!.size === 0) mountpoint.mounts = null;
    mountpoint.put();
    this.parent = null;
    this.mountpoint = null;
  }

  /** Move to another place. Linux: mnt_change_mountpoint. */
  reattach(parent: Mount, mountpoint: Dentry): void {
    this.detach();
    this.attach(parent, mountpoint);
  }

  /** The only mount on it, if that covers it completely. Linux: find_topper. */
  get topper(): Mount | null {
    return this.children.size === 1 ? (this.children.get(this.root) ?? null) : null;
  }

  /** It is gone when no namespace has it, no unmounted parent keeps it and nobody uses it. */
  releaseIfUnused(): void {
    const unused: Mount[] = [this];
    for (let mount = unused.pop(); mount !== undefined; mount = unused.pop()) {
      if (mount.released || mount.refs > 0 || mount.namespace !== null || mount.parent !== null) continue;
      const children = [...mount.children.values()];
      for (const child of children) child.detach();
      mount.releaseAlone();
      unused.push(...children.reverse());
    }
  }

  private releaseAlone(): void {
    this.released = true;
    this.root.put();
    this.sb.kernel.vfs.mountIds.free(this.id);
    if (this.payer !== null) uncharge(this.payer, PRICE_MOUNT);
    this.sb.put();
  }

  /** This mount and all below it, parents first. Linux: next_mnt. */
  *tree(): IterableIterator<Mount> {
    const stack: Mount[] = [this];
    for (let mount = stack.pop(); mount !== undefined; mount = stack.pop()) {
      yield mount;
      stack.push(...[...mount.children.values()].reverse());
    }
  }
}
