/** AF_NETLINK: rtnetlink, sock_diag and events of devices. Linux: netlink_create. See netlink(7). */

import { ENOMEM, EPROTONOSUPPORT, ESOCKTNOSUPPORT } from '../../../abi/errno.ts';
import { NETLINK_KOBJECT_UEVENT, NETLINK_ROUTE, NETLINK_SOCK_DIAG } from '../../../abi/netlink.ts';
import { SOCK_DGRAM, SOCK_RAW } from '../../../abi/socket.ts';
import { charge, PRICE_SOCKET } from '../../mm/price.ts';
import type { Task } from '../../task/task.ts';
import { SocketFamily } from '../socket.ts';
import { NetlinkSocket } from './netlink_socket.ts';

const PROTOCOLS: readonly number[] = [NETLINK_ROUTE, NETLINK_SOCK_DIAG, NETLINK_KOBJECT_UEVENT];

export class NetlinkFamily extends SocketFamily {
  create(task: Task, type: number, protocol: number, flags: number): NetlinkSocket | number {
    if (type !== SOCK_RAW && type !== SOCK_DGRAM) return -ESOCKTNOSUPPORT;
    if (!PROTOCOLS.includes(protocol)) return -EPROTONOSUPPORT;
    if (!charge(task.kernel, task.group.cgroup.memory, PRICE_SOCKET)) return -ENOMEM;
    return new NetlinkSocket(task, type, protocol, flags);
  }
}
