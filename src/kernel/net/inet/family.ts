/** AF_INET and AF_INET6. Linux: inet_create, inet6_create. See ip(7), ipv6(7). */

import { CAP_NET_RAW } from '../../../abi/capability.ts';
import { EACCES, EINVAL, ENOMEM, EPERM, EPROTONOSUPPORT, ESOCKTNOSUPPORT } from '../../../abi/errno.ts';
import * as i from '../../../abi/inet.ts';
import { AF_INET, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM } from '../../../abi/socket.ts';
import { charge, PRICE_SOCKET } from '../../mm/price.ts';
import type { Task } from '../../task/task.ts';
import { type Socket, SocketFamily } from '../socket.ts';
import { IcmpSocket } from './icmp_socket.ts';
import { TcpSocket } from './tcp_socket.ts';
import { UdpSocket } from './udp_socket.ts';

export class InetFamily extends SocketFamily {
  private readonly family: number;

  constructor(family: number) {
    super();
    this.family = family;
  }

  create(task: Task, type: number, protocol: number, flags: number): Socket | number {
    const refused = this.check(task, type, protocol);
    if (refused < 0) return refused;
    if (!charge(task.kernel, task.group.cgroup.memory, PRICE_SOCKET)) return -ENOMEM;
    if (type === SOCK_STREAM) return TcpSocket.create(task, this.family, flags);
    if (type === SOCK_DGRAM && protocol !== this.icmp) return UdpSocket.create(task, this.family, flags);
    return IcmpSocket.create(task, this.family, type, flags);
  }

  private get icmp(): number {
    return this.family === AF_INET ? i.IPPROTO_ICMP : i.IPPROTO_ICMPV6;
  }

  /** Which types have which protocols, and who may have them. */
  private check(task: Task, type: number, protocol: number): number {
    if (protocol < 0 || protocol >= i.IPPROTO_MAX) return -EINVAL;
    const { net } = task.nsproxy;
    switch (type) {
      case SOCK_STREAM:
        return protocol === 0 || protocol === i.IPPROTO_TCP ? 0 : -EPROTONOSUPPORT;
      case SOCK_DGRAM: {
        if (protocol === 0 || protocol === i.IPPROTO_UDP) return 0;
        if (protocol !== this.icmp) return -EPROTONOSUPPORT;
        const [low, high] = net.sysctls.pingGroups;
        const { egid, groups } = task.cred.fields;
        return [egid, ...groups].some((gid) => gid >= low && gid <= high) ? 0 : -EACCES;
      }
      case SOCK_RAW:
        if (!task.cred.capable(CAP_NET_RAW, net.owner)) return -EPERM;
        return protocol === this.icmp ? 0 : -EPROTONOSUPPORT;
      default:
        return -ESOCKTNOSUPPORT;
    }
  }
}
