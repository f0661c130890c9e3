/** A place in the tree of mounts. Linux: struct path. */

import type { Dentry } from './dentry.ts';
import type { Inode } from './inode.ts';
import type { Mount } from './mount.ts';

/**
 * What path walk returns is valid until the system call ends; who keeps a path longer holds a reference (`get`, `put`), so
 * that the dentry is not shrunk and the mount is not torn down under it.
 */
export class Path {
  readonly mount: Mount;
  readonly dentry: Dentry;

  constructor(mount: Mount, dentry: Dentry) {
    this.mount = mount;
    this.dentry = dentry;
  }

  /** The inode; walk returns no path without one unless asked. */
  get inode(): Inode {
    return this.dentry.inode!;
  }

  equals(other: Path): boolean {
    return this.mount === other.mount && this.dentry === other.dentry;
  }

  get(): this {
    this.mount.get();
    this.dentry.get();
    return this;
  }

  put(): void {
    this.dentry.put();
    this.mount.put();
  }
}
