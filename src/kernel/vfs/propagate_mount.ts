/** Copies of a new mount for all peers and slaves of the mount it appears on. Linux: propagate_mnt in fs/pnode.c. */

import { isErrno } from '../../abi/errno.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import type { Dentry } from './dentry.ts';
import type { Mount } from './mount.ts';
import { CL_MAKE_SHARED, CL_SLAVE, copyTree, countMounts } from './mount_copy.ts';
import { isPeer, nextGroup } from './pnode.ts';

/** The state of one propagation. */
class Propagation {
  private readonly place: Dentry;
  private readonly payer: MemoryGroup;
  private readonly firstSource: Mount;
  private readonly destMaster: Mount | null;
  private lastDest: Mount;
  private lastSource: Mount;
  /** Masters of mounts that have their copy. Linux: MNT_MARKED. */
  private readonly marked: Set<Mount | null> = new Set();
  /** The copies, not attached yet, the latest first. */
  readonly copies: Mount[] = [];

  constructor(dest: Mount, place: Dentry, source: Mount, payer: MemoryGroup) {
    this.place = place;
    this.payer = payer;
    this.firstSource = source;
    this.destMaster = dest.master;
    this.lastDest = dest;
    this.lastSource = source;
  }

  /** A copy for `mount`. Linux: propagate_one. */
  one(mount: Mount): number {
    const { namespace } = mount;
    if (namespace === null || namespace.anonymous || !mount.root.isAncestorOf(this.place)) return 0;
    const copy = copyTree(this.source(mount), null, this.copyFlags(mount), this.payer);
    if (isErrno(copy)) return copy;
    copy.setMountpoint(mount, this.place);
    if (mount.master !== this.destMaster) this.marked.add(mount.master);
    this.lastDest = mount;
    this.lastSource = copy;
    this.copies.unshift(copy);
    return countMounts(namespace, copy);
  }

  private copyFlags(mount: Mount): number {
    if (isPeer(mount, this.lastDest)) return CL_MAKE_SHARED;
    return mount.shared ? CL_SLAVE | CL_MAKE_SHARED : CL_SLAVE;
  }

  /** The copy that the one for `mount` is a peer or slave of. */
  private source(mount: Mount): Mount {
    if (isPeer(mount, this.lastDest)) return this.lastSource;
    let near = mount;
    let master = near.master;
    while (master !== this.destMaster && !this.marked.has(master)) {
      near = master!;
      master = near.master;
    }
    for (let done = false; !done; ) {
      const parent = this.lastSource.parent!;
      if (isPeer(this.lastSource, this.firstSource)) break;
      done = parent.master === master;
      if (done && isPeer(near, parent)) break;
      this.lastSource = this.lastSource.master!;
    }
    return this.lastSource;
  }
}

/** Copy `source`, which will be at `place` of `dest`. The copies' parents are set; they are visible once they are committed. */
export function propagateMount(
  dest: Mount,
  place: Dentry,
  source: Mount,
  payer: MemoryGroup,
): { readonly copies: Mount[]; readonly failed: number } {
  const propagation = new Propagation(dest, place, source, payer);
  const { copies } = propagation;
  for (let peer = dest.nextPeer; peer !== dest; peer = peer.nextPeer) {
    const failed = propagation.one(peer);
    if (failed < 0) return { copies, failed };
  }
  for (let first = nextGroup(dest, dest); first !== null; first = nextGroup(first, dest)) {
    let mount = first;
    do {
      const failed = propagation.one(mount);
      if (failed < 0) return { copies, failed };
      mount = mount.nextPeer;
    } while (mount !== first);
  }
  return { copies, failed: 0 };
}
