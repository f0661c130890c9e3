/** Who hears what is sent to a group. Linux: netlink_broadcast, do_one_broadcast. See netlink(7). */

import type { NetNamespace } from '../../namespace/net_namespace.ts';
import type { NetlinkSocket } from './netlink_socket.ts';

/** Sockets of `protocol` in `net` that are members of `group`. */
export function* members(net: NetNamespace, protocol: number, group: number): IterableIterator<NetlinkSocket> {
  for (const socket of net.netlinkPorts.values()) if (socket.protocol === protocol && socket.groups.has(group)) yield socket;
}

/** A message of the kernel for a group; it is only made if somebody listens. */
export function tellGroup(net: NetNamespace, protocol: number, group: number, message: () => Uint8Array): void {
  let bytes: Uint8Array | null = null;
  for (const socket of members(net, protocol, group)) {
    bytes ??= message();
    socket.deliver(bytes, group);
  }
}
