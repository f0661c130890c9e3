/** The hierarchy as a whole. Linux: struct cgroup_root, cgrp_dfl_root. */

import type { Cgroup2SuperBlock } from '../fs/cgroup2/cgroup2.ts';
import type { Kernel } from '../kernel.ts';
import { Cgroup } from './cgroup.ts';
import { FILES_PER_CGROUP } from './files.ts';

/** Options of mount(2) that hold for the hierarchy. See cgroup-v2.rst, Mounting. */
export const MOUNT_OPTIONS = ['nsdelegate', 'favordynmods', 'memory_localevents', 'memory_recursiveprot', 'pids_localevents'] as const;
export type CgroupMountOption = (typeof MOUNT_OPTIONS)[number];

export class CgroupRoot {
  readonly cgroup: Cgroup;
  /** Groups, with the root. */
  count = 1;
  options: ReadonlySet<CgroupMountOption> = new Set();
  /** Groups of containers that have ended, with processes that are still dying. */
  readonly ended: Set<Cgroup> = new Set();
  /** The file system; null before its first mount. */
  sb: Cgroup2SuperBlock | null = null;
  private lastId = 1;

  constructor({ memory }: Kernel) {
    const payer = memory.root;
    this.cgroup = new Cgroup({ parent: null, name: '', id: 1, mode: 0o555, uid: 0, gid: 0, payer, memory: payer });
  }

  /** An inode number for a directory; those up to the next belong to its files. */
  nextId(): number {
    this.lastId += FILES_PER_CGROUP;
    return this.lastId;
  }
}
