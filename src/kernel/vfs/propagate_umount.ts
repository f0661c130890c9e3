/** Unmounting what peers and slaves have at the same place. Linux: propagate_umount in fs/pnode.c. See mount_namespaces(7). */

import type { Mount } from './mount.ts';
import { propagationNext, skipPropagationSubtree } from './pnode.ts';

/** All mounts that `mount`'s counterparts in its parent's propagation are. */
function* counterparts(mount: Mount): IterableIterator<Mount> {
  const { parent, mountpoint } = mount;
  if (parent === null) return;
  for (let at = propagationNext(parent, parent); at !== null; at = propagationNext(at, parent)) {
    const child = at.children.get(mountpoint!);
    if (child !== undefined) yield child;
  }
}

/** Whether `mount` or a counterpart that would be unmounted too is in use. Linux: propagate_mount_busy. */
export function propagationBusy(mount: Mount): boolean {
  if (mount.parent === null) return mount.refs > 0;
  if (mount.children.size > 0 || mount.refs > 0) return true;
  for (const child of counterparts(mount)) if ((child.children.size === 0 || child.topper !== null) && child.refs > 0) return true;
  return false;
}

/** An explicit unmount may take counterparts that are locked. Linux: propagate_mount_unlock. */
export function propagateUnlock(mount: Mount): void {
  for (const child of counterparts(mount)) child.locked = false;
}

/** The state of one propagation: lists that Linux threads through mnt_umounting. */
class Unmounting {
  /** Those to be unmounted as well. */
  readonly taken: Mount[] = [];
  private readonly visited: Set<Mount> = new Set();
  private readonly restored: Set<Mount> = new Set();
  private readonly marked: Set<Mount> = new Set();

  private isListed(mount: Mount): boolean {
    return this.visited.has(mount) || this.restored.has(mount);
  }

  private take(mount: Mount): void {
    this.marked.delete(mount);
    this.visited.delete(mount);
    this.restored.delete(mount);
    mount.unmounted = true;
    mount.namespace?.remove(mount);
    this.taken.push(mount);
  }

  private restore(mount: Mount): void {
    this.visited.delete(mount);
    this.restored.delete(mount);
    this.restored.add(mount);
  }

  /** Whether its parent may have become a candidate. Linux: __propagate_umount. */
  private tryTake(mount: Mount): boolean {
    if (mount.unmounted || this.marked.has(mount)) return false;
    for (const child of mount.children.values()) {
      if (child.unmounted || child.mountpoint === mount.root || (this.isListed(child) && this.marked.has(child))) continue;
      this.restore(mount);
      return false;
    }
    this.marked.add(mount);
    if (mount.locked) this.restore(mount);
    else this.take(mount);
    return true;
  }

  /** Find the counterparts of all of `mounts`, children first. */
  visit(mounts: readonly Mount[]): void {
    for (const mount of [...mounts].reverse()) {
      const { parent, mountpoint } = mount;
      if (parent === null || this.isListed(mount)) continue;
      this.visited.add(mount);
      for (let at = propagationNext(parent, parent); at !== null; at = propagationNext(at, parent)) {
        let child = at.children.get(mountpoint!);
        if (child === undefined) continue;
        if (this.isListed(child)) at = skipPropagationSubtree(at);
        else if (child.unmounted) this.visited.add(child);
        else
          while (this.tryTake(child)) {
            if (child.parent === null || !this.isListed(child.parent)) break;
            child = child.parent;
          }
      }
    }
  }

  /** Children go with their parents, but for what covers one completely: that stays, where the parent was. */
  finish(): void {
    for (const mount of this.taken) {
      for (const child of [...mount.children.values()]) {
        if (child.unmounted) continue;
        if (child.mountpoint === mount.root) this.restore(child);
        else this.take(child);
      }
    }
    for (const mount of this.restored) {
      let { parent, mountpoint } = mount;
      while (parent?.unmounted === true && parent.parent !== null) {
        mountpoint = parent.mountpoint;
        parent = parent.parent;
      }
      if (parent === null || parent === mount.parent) continue;
      // Another one may have been restored there already.
      for (let there = parent.children.get(mountpoint!); there?.unmounted === false; there = parent.children.get(mountpoint!)) {
        parent = there;
        mountpoint = there.root;
      }
      mount.reattach(parent, mountpoint!);
    }
  }
}

/** What has to be unmounted together with `mounts`; it is taken out of its namespaces. */
export function propagateUmount(mounts: readonly Mount[]): Mount[] {
  const unmounting = new Unmounting();
  unmounting.visit(mounts);
  unmounting.finish();
  return unmounting.taken;
}
