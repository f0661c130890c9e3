/** System V IPC objects and POSIX message queues of a group of tasks. See ipc_namespaces(7). */

import type { UserNamespace } from './user_namespace.ts';

export class IpcNamespace {
  readonly kind = 'ipc';
  readonly inode: number;
  readonly owner: UserNamespace;

  constructor(inode: number, owner: UserNamespace) {
    this.inode = inode;
    this.owner = owner;
  }
}
