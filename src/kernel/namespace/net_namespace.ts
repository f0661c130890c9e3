/** The network stack seen by a group of tasks: a root without devices so far. See network_namespaces(7). */

import type { UserNamespace } from './user_namespace.ts';

export class NetNamespace {
  readonly kind = 'net';
  readonly inode: number;
  readonly owner: UserNamespace;

  constructor(inode: number, owner: UserNamespace) {
    this.inode = inode;
    this.owner = owner;
  }
}
