/** Offsets of the monotonic and boot-time clocks. See time_namespaces(7). */

import type { UserNamespace } from './user_namespace.ts';

export class TimeNamespace {
  readonly kind = 'time';
  readonly inode: number;
  readonly owner: UserNamespace;
  /** Nanoseconds added to the clocks; they can be set until the first process is in the namespace. */
  monotonicOffset = 0;
  boottimeOffset = 0;
  frozen = false;

  constructor(inode: number, owner: UserNamespace) {
    this.inode = inode;
    this.owner = owner;
  }
}
