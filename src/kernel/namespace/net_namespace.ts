/** The network stack seen by a group of tasks: a root without devices so far. See network_namespaces(7). */

import type { Socket } from '../net/socket.ts';
import type { UnixSocket } from '../net/unix/unix_socket.ts';
import { Namespace } from './namespace.ts';
import type { UserNamespace } from './user_namespace.ts';

export class NetNamespace extends Namespace {
  readonly kind = 'net';
  readonly owner: UserNamespace;
  /** Every socket of it, for /proc/net. */
  readonly sockets: Set<Socket> = new Set();
  /** Unix sockets by type and abstract name. See unix(7). */
  readonly abstractSockets: Map<string, UnixSocket> = new Map();
  /** The name given last to a socket that asked for any. */
  lastAutobind = 0;

  constructor(inode: number, owner: UserNamespace) {
    super(inode);
    this.owner = owner;
  }
}
