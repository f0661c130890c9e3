/** All cached names, and how they are shrunk. Linux: fs/dcache.c. */

import { ENOMEM } from '../../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import type { Shrinker } from '../mm/memory.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { charge, PRICE_DENTRY, uncharge } from '../mm/price.ts';
import { Dentry } from './dentry.ts';
import type { Inode } from './inode.ts';

/** Walks whose dentries are safe from shrinking: a system call never does more, and holds what it keeps longer. */
const RECENT_WALKS = 16;

/**
 * Dentries in the order of their age. The shrinker gives those used since it last looked a second chance. A path that a
 * walk has just returned is protected by its stamp, so a walk takes no references.
 */
export class Dcache implements Shrinker {
  /** The number of the present walk. */
  walk: number = RECENT_WALKS;
  count = 0;
  private readonly kernel: Kernel;
  private oldest: Dentry | null = null;
  private newest: Dentry | null = null;
  /** The walk at which the shrinker last gave second chances. */
  private lastScan = 0;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** A new entry below `parent`, paid for by `group`: negative if `inode` is null. -ENOMEM. */
  add(parent: Dentry, name: string, inode: Inode | null, group: MemoryGroup): Dentry | number {
    if (!charge(this.kernel, group, PRICE_DENTRY)) return -ENOMEM;
    const dentry = new Dentry(parent.sb, parent, name, inode);
    dentry.payer = group;
    dentry.stamp = this.walk;
    parent.children ??= new Map();
    parent.children.set(name, dentry);
    this.append(dentry);
    this.count++;
    return dentry;
  }

  /** An entry that no name leads to (O_TMPFILE); `linkable` files may be given one later. */
  nameless(directory: Dentry, inode: Inode, linkable: boolean): Dentry {
    const dentry = new Dentry(directory.sb, directory, `#${inode.ino}`, inode);
    dentry.unlinked = true;
    inode.linkable = linkable;
    return dentry;
  }

  /** The directory `inode` has changed behind the cache's back: forget what is known of `name`. */
  invalidate(inode: Inode, name: string): void {
    const known = inode.alias?.children?.get(name);
    if (known !== undefined) this.drop(known);
  }

  /** Forget the name: the dentry leaves the cache, and lives on unlinked if somebody holds it. Linux: d_drop. */
  drop(dentry: Dentry): void {
    if (dentry.unlinked || dentry.isRoot) return;
    for (const child of [...(dentry.children?.values() ?? [])]) this.drop(child);
    this.remove(dentry);
    dentry.unlinked = true;
    if (dentry.refs === 0) dentry.forgetInode();
  }

  /** The file was removed by its name: the dentry becomes negative, or is dropped if somebody holds it. Linux: d_delete. */
  delete(dentry: Dentry): void {
    if (dentry.refs > 0 || dentry.sb.volatileNames) {
      this.drop(dentry);
      return;
    }
    for (const child of [...(dentry.children?.values() ?? [])]) this.drop(child);
    dentry.forgetInode();
  }

  /** The file `dentry` is now called `name` in `parent`, where `target` was. Linux: d_move. */
  move(dentry: Dentry, parent: Dentry, name: string, target: Dentry): void {
    this.drop(target);
    dentry.parent.children!.delete(dentry.name);
    this.place(dentry, parent, name);
  }

  /** Two names change places. Linux: d_exchange. */
  exchange(one: Dentry, other: Dentry): void {
    const { parent, name } = one;
    const { parent: otherParent, name: otherName } = other;
    this.place(one, otherParent, otherName);
    this.place(other, parent, name);
  }

  /** Free up to `count` entries that nobody holds and no recent walk has used. */
  shrink(count: number): number {
    let freed = 0;
    let left = this.count;
    const scan = this.lastScan;
    for (let dentry = this.oldest; dentry !== null && left > 0 && freed < count; left--) {
      const next: Dentry | null = dentry.newer;
      if (this.isFree(dentry)) {
        if (dentry.stamp > scan) this.renew(dentry);
        else {
          this.remove(dentry);
          dentry.unlinked = true;
          dentry.forgetInode();
          freed++;
        }
      } else this.renew(dentry);
      dentry = next;
    }
    if (left === 0) this.lastScan = this.walk - RECENT_WALKS;
    return freed;
  }

  private isFree(dentry: Dentry): boolean {
    return (
      dentry.refs === 0 &&
      dentry.mounts === null &&
      (dentry.children === null || dentry.children.size === 0) &&
      dentry.stamp <= this.walk - RECENT_WALKS
    );
  }

  private place(dentry: Dentry, parent: Dentry, name: string): void {
    dentry.parent = parent;
    dentry.name = name;
    parent.children ??= new Map();
    parent.children.set(name, dentry);
  }

  /** Take the dentry out of its parent and the list. */
  private remove(dentry: Dentry): void {
    const { children } = dentry.parent;
    if (children?.get(dentry.name) === dentry) children.delete(dentry.name);
    this.unlist(dentry);
    this.count--;
    if (dentry.payer !== null) uncharge(dentry.payer, PRICE_DENTRY);
    dentry.payer = null;
  }

  private renew(dentry: Dentry): void {
    this.unlist(dentry);
    this.append(dentry);
  }

  private append(dentry: Dentry): void {
    dentry.older = this.newest;
    dentry.newer = null;
    if (this.newest !== null) this.newest.newer = dentry;
    else this.oldest = dentry;
    this.newest = dentry;
  }

  private unlist(dentry: Dentry): void {
    if (dentry.older !== null) dentry.older.newer = dentry.newer;
    else this.oldest = dentry.newer;
    if (dentry.newer !== null) dentry.newer.older = dentry.older;
    else this.newest = dentry.older;
    dentry.older = dentry.newer = null;
  }
}
