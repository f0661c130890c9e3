/** Peer groups and slaves: who receives mounts and unmounts from whom. Linux: fs/pnode.c. See mount_namespaces(7). */

import { MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE } from '../../abi/mount.ts';
import { isPathReachable } from './d_path.ts';
import type { Mount } from './mount.ts';
import type { MountNamespace } from './mount_namespace.ts';
import type { Path } from './path.ts';

/** Become one more peer, right after `peer`. */
export function joinPeers(mount: Mount, peer: Mount): void {
  mount.previousPeer = peer;
  mount.nextPeer = peer.nextPeer;
  peer.nextPeer.previousPeer = mount;
  peer.nextPeer = mount;
}

function leavePeers(mount: Mount): void {
  mount.previousPeer.nextPeer = mount.nextPeer;
  mount.nextPeer.previousPeer = mount.previousPeer;
  mount.nextPeer = mount;
  mount.previousPeer = mount;
}

/** Enter the list of `master`'s slaves behind `after`, or as the first. */
export function joinSlaves(mount: Mount, master: Mount, after: Mount | null): void {
  mount.master = master;
  mount.previousSlave = after;
  mount.nextSlave = after === null ? master.firstSlave : after.nextSlave;
  if (mount.nextSlave === null) master.lastSlave = mount;
  else mount.nextSlave.previousSlave = mount;
  if (after === null) master.firstSlave = mount;
  else after.nextSlave = mount;
}

function leaveSlaves(mount: Mount): void {
  const { master, nextSlave, previousSlave } = mount;
  if (master === null) return;
  if (previousSlave === null) master.firstSlave = nextSlave;
  else previousSlave.nextSlave = nextSlave;
  if (nextSlave === null) master.lastSlave = previousSlave;
  else nextSlave.previousSlave = previousSlave;
  mount.master = null;
  mount.nextSlave = null;
  mount.previousSlave = null;
}

export const isPeer = (one: Mount, other: Mount): boolean => one.groupId === other.groupId && one.groupId !== 0;

/** Linux: mnt_alloc_group_id. */
export function allocateGroupId(mount: Mount): void {
  mount.groupId = mount.sb.kernel.vfs.peerGroups.allocate();
}

function releaseGroupId(mount: Mount): void {
  mount.sb.kernel.vfs.peerGroups.free(mount.groupId);
  mount.groupId = 0;
}

/** Give a group to each mount that has none. Linux: invent_group_ids. */
export function inventGroupIds(mounts: Iterable<Mount>): void {
  for (const mount of mounts) if (mount.groupId === 0) allocateGroupId(mount);
}

/** Take back what inventGroupIds gave in vain. Linux: cleanup_group_ids. */
export function cleanupGroupIds(mounts: Iterable<Mount>): void {
  for (const mount of mounts) if (mount.groupId !== 0 && !mount.shared) releaseGroupId(mount);
}

/** Linux: set_mnt_shared. */
export function setShared(mount: Mount): void {
  mount.shared = true;
  mount.unbindable = false;
}

/** Linux: do_make_slave. */
function makeSlave(mount: Mount): void {
  let { master } = mount;
  if (mount.nextPeer === mount) {
    if (mount.shared) releaseGroupId(mount);
    mount.shared = false;
    if (master === null) {
      while (mount.firstSlave !== null) leaveSlaves(mount.firstSlave);
      return;
    }
  } else {
    // Rather a peer with the same root than any other.
    master = mount.nextPeer;
    for (let peer = mount.nextPeer; peer !== mount; peer = peer.nextPeer) {
      if (peer.root !== mount.root) continue;
      master = peer;
      break;
    }
    leavePeers(mount);
    mount.groupId = 0;
    mount.shared = false;
  }
  leaveSlaves(mount);
  joinSlaves(mount, master, null);
  while (mount.firstSlave !== null) {
    const slave = mount.firstSlave;
    leaveSlaves(slave);
    joinSlaves(slave, master, master.lastSlave);
  }
}

/** MS_SHARED (which needs a group id), MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE. Linux: change_mnt_propagation. */
export function changePropagation(mount: Mount, type: number): void {
  if (type === MS_SHARED) {
    setShared(mount);
    return;
  }
  makeSlave(mount);
  if (type === MS_SLAVE) return;
  leaveSlaves(mount);
  mount.unbindable = type === MS_UNBINDABLE;
}

/** A peer of `mount` in `namespace` below `root`. Linux: get_peer_under_root. */
function peerUnderRoot(mount: Mount, namespace: MountNamespace | null, root: Path): Mount | null {
  let peer = mount;
  do {
    if (peer.namespace === namespace && isPathReachable(peer, peer.root, root)) return peer;
    peer = peer.nextPeer;
  } while (peer !== mount);
  return null;
}

/** The group nearest above that has a member below `root`: "propagate_from" of /proc/[pid]/mountinfo. */
export function dominatingId(mount: Mount, root: Path): number {
  for (let { master } = mount; master !== null; master = master.master) {
    const peer = peerUnderRoot(master, mount.namespace, root);
    if (peer !== null) return peer.groupId;
  }
  return 0;
}

/** The next mount that receives what happens on `origin`. Mounts being added (without a namespace) have no slaves yet. */
export function propagationNext(from: Mount, origin: Mount): Mount | null {
  if (from.namespace !== null && from.firstSlave !== null) return from.firstSlave;
  let mount = from;
  for (;;) {
    const { master } = mount;
    if (master === origin.master) return mount.nextPeer === origin ? null : mount.nextPeer;
    if (mount.nextSlave !== null) return mount.nextSlave;
    mount = master!;
  }
}

/** What propagationNext goes on from so that the slaves of `mount` are left out. Linux: skip_propagation_subtree. */
export const skipPropagationSubtree = (mount: Mount): Mount =>
  mount.namespace !== null && mount.lastSlave !== null ? mount.lastSlave : mount;

/** The next group of slaves below `origin`, by its first member. Linux: next_group. */
export function nextGroup(from: Mount, origin: Mount): Mount | null {
  let mount = from;
  for (;;) {
    for (;;) {
      if (mount.namespace !== null && mount.firstSlave !== null) return mount.firstSlave;
      const next = mount.nextPeer;
      if (mount.groupId === origin.groupId) {
        if (next === origin) return null;
      } else if (mount.nextSlave !== next) break;
      mount = next;
    }
    // The last peer of its group.
    for (;;) {
      const master: Mount = mount.master!;
      if (mount.nextSlave !== null) return mount.nextSlave;
      mount = master.nextPeer;
      if (master.groupId === origin.groupId || master.nextSlave === mount) break;
      mount = master;
    }
    if (mount === origin) return null;
  }
}

/** Whether a mount on `place` of `from` would propagate onto the root of `to`. Linux: propagation_would_overmount. */
export function wouldOvermount(from: Mount, to: Mount, place: unknown): boolean {
  if (!from.shared || to.namespace === null || to.root !== place) return false;
  for (let mount = propagationNext(from, from); mount !== null; mount = propagationNext(mount, from)) if (mount === to) return true;
  return false;
}

/** MS_ flags that describe how it propagates. Linux: mnt_to_propagation_flags. */
export function propagationFlags(mount: Mount): number {
  const flags = (mount.shared ? MS_SHARED : 0) | (mount.master !== null ? MS_SLAVE : 0) | (mount.unbindable ? MS_UNBINDABLE : 0);
  return flags === 0 ? MS_PRIVATE : flags;
}
