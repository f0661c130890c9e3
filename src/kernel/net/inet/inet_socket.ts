/** What sockets of AF_INET and AF_INET6 have in common: addresses, ports, options. Linux: net/ipv4/af_inet.c, net/ipv6/af_inet6.c. */

import { CAP_NET_BIND_SERVICE } from '../../../abi/capability.ts';
import { EACCES, EADDRINUSE, EADDRNOTAVAIL, EINVAL, ENETUNREACH, ENODEV, ENOTCONN, ENOTTY, isErrno } from '../../../abi/errno.ts';
import { TCP_CLOSE } from '../../../abi/inet.ts';
import { RTN_BROADCAST } from '../../../abi/netlink.ts';
import { AF_INET, AF_INET6, SO_REUSEADDR, SO_REUSEPORT, SOCK_RAW } from '../../../abi/socket.ts';
import type { NetNamespace } from '../../namespace/net_namespace.ts';
import type { Task } from '../../task/task.ts';
import type { NetDevice } from '../device/net_device.ts';
import { ANY4, ANY6, type Ip, isAny, isIp4, isLinkLocal, isMulticast } from '../ip_address.ts';
import { isLocal, sourceFor } from '../route/output.ts';
import { type Arrival, findPath } from '../route/path.ts';
import type { Route } from '../route/route.ts';
import { Socket, type SocketMaker } from '../socket.ts';
import { addressIoctl } from './address_ioctl.ts';
import { getInetOption, setInetOption } from './inet_options.ts';
import type { PortHolder } from './port_table.ts';
import { type Endpoint, parseSockaddr, sockaddr } from './sockaddr.ts';

/** Where packets to an endpoint go. */
export interface Output {
  readonly source: Ip;
  readonly device: NetDevice;
  readonly broadcast: boolean;
}

export abstract class InetSocket extends Socket implements PortHolder {
  /** The address it is bound to: any, or the one that packets have. IPv4 addresses of AF_INET6 sockets are not mapped here. */
  local: Ip;
  localPort = 0;
  /** The peer's; null while not connected. */
  remote: Ip | null = null;
  remotePort = 0;
  /** The device of a link-local peer. */
  remoteScope = 0;
  /** Whether bind(2) chose the address, and the port. */
  protected addressLocked = false;
  portLocked = false;
  v6Only = false;
  /** Options of IP and IPv6 by level and name; what is missing has its default. */
  readonly ipOptions: Map<string, number> = new Map();

  constructor(maker: SocketMaker, net: NetNamespace, family: number, type: number, protocol: number, flags: number) {
    super(maker, net, family, type, protocol, flags);
    this.local = this.any;
  }

  get any(): Ip {
    return this.family === AF_INET ? ANY4 : ANY6;
  }

  get state(): number {
    return TCP_CLOSE;
  }

  get uid(): number {
    return this.inode.uid;
  }

  get reuseAddress(): boolean {
    return this.values.get(SO_REUSEADDR) === 1;
  }

  get reusePort(): boolean {
    return this.values.get(SO_REUSEPORT) === 1;
  }

  /** SO_BINDTODEVICE, or the device of the link-local address. */
  protected device(scope = 0): NetDevice | null {
    const index = this.boundDevice || scope;
    return index === 0 ? null : (this.net.devices.get(index) ?? null);
  }

  bind(task: Task, address: Uint8Array): number {
    const endpoint = parseSockaddr(this.family, address, this.family === AF_INET);
    if (isErrno(endpoint)) return endpoint;
    const { ip, port, scope } = endpoint as Endpoint;
    if (this.family === AF_INET6 && isIp4(ip) && this.v6Only) return -EINVAL;
    if (this.family === AF_INET6 && isLinkLocal(ip) && !isIp4(ip) && this.device(scope) === null) return scope === 0 ? -EINVAL : -ENODEV;
    // IPv4 looks at the address first, IPv6 at the socket.
    if (this.family === AF_INET && !this.mayBind(ip)) return -EADDRNOTAVAIL;
    if (port !== 0 && port < this.net.sysctls.unprivilegedPortStart && !task.cred.capable(CAP_NET_BIND_SERVICE, this.net.owner))
      return -EACCES;
    if (this.state !== TCP_CLOSE || (this.localPort !== 0 && !this.isRaw)) return -EINVAL;
    if (this.family === AF_INET6 && !this.mayBind(ip)) return -EADDRNOTAVAIL;
    this.local = ip;
    if (scope !== 0 && isLinkLocal(ip)) this.boundDevice = scope;
    const failed = this.takePort(port);
    if (failed < 0) {
      this.local = this.any;
      return failed;
    }
    this.addressLocked = !isAny(ip);
    this.portLocked = port !== 0;
    return 0;
  }

  private mayBind(ip: Ip): boolean {
    if (isAny(ip) || this.net.sysctls.nonlocalBind || isMulticast(ip)) return true;
    if (ip === 'ffffffff' || isLocal(this.net, ip)) return true;
    // A namespace that never had an address takes every one for a broadcast address. Linux: __inet_dev_addr_type.
    if (isIp4(ip) && !this.net.fib.hasLocal4) return true;
    const route = this.net.fib.lookup(ip);
    return !isErrno(route) && (route as Route).type === RTN_BROADCAST;
  }

  /** Get `port`, or any (0): 0 or -EADDRINUSE. */
  protected takePort(port: number): number {
    const { ports } = this.net;
    const chosen = port === 0 ? ports.choose(this.net, this) : port;
    if (chosen < 0) return chosen;
    if (!ports.isFree(this, chosen)) return -EADDRINUSE;
    this.localPort = chosen;
    ports.add(this);
    return 0;
  }

  /** Any port, if it has none. */
  protected autobind(): number {
    return this.localPort === 0 ? this.takePort(0) : 0;
  }

  protected leavePort(): void {
    if (this.localPort !== 0) this.net.ports.remove(this);
    this.localPort = 0;
  }

  /** Read the address of connect(2) or sendto(2). */
  protected destination(address: Uint8Array): Endpoint | number {
    const endpoint = parseSockaddr(this.family, address, true);
    if (isErrno(endpoint)) return endpoint;
    const { ip, port, scope } = endpoint as Endpoint;
    // Any address is this machine.
    if (isAny(ip)) return { ip: ip === ANY4 ? '7f000001' : `${ANY6.slice(1)}1`, port, scope };
    return endpoint as Endpoint;
  }

  /** By which device and with which address packets to `ip` leave; or a negative errno. */
  protected route(ip: Ip, scope: number): Output | number {
    if (this.family === AF_INET6 && isIp4(ip) && this.v6Only) return -ENETUNREACH;
    const device = this.device(scope);
    if (ip === 'ffffffff') {
      const out = device ?? [...this.net.devices.values()].find(({ up, isLoopback }) => up && !isLoopback) ?? null;
      if (out === null) return -ENETUNREACH;
      const source = isAny(this.local) ? (out.ipv4[0]?.local ?? ANY4) : this.local;
      return { source, device: out, broadcast: true };
    }
    const found = this.net.fib.lookup(ip, device !== null && isLocal(this.net, ip) ? null : device);
    if (isErrno(found)) return found;
    const route = found as Route;
    const source = isAny(this.local) || isIp4(this.local) !== isIp4(ip) ? sourceFor(this.net, route, ip) : this.local;
    if (source === null) return isIp4(ip) ? -ENETUNREACH : -EADDRNOTAVAIL;
    return { source, device: route.device!, broadcast: route.type === RTN_BROADCAST };
  }

  /** The way to `ip`. */
  pathTo(ip: Ip, scope = 0): Arrival | number {
    return findPath(this.net, ip, isLocal(this.net, ip) ? null : this.device(scope), this.hopLimit);
  }

  get hopLimit(): number {
    return this.ipOptions.get('ttl') ?? this.net.sysctls.defaultTtl;
  }

  localName(): Uint8Array {
    return sockaddr(
      this.family,
      this.local === ANY4 && this.family === AF_INET6 ? ANY6 : this.local,
      this.localPort,
      isLinkLocal(this.local) ? this.boundDevice : 0,
    );
  }

  peerName(): Uint8Array | number {
    return this.remote === null || (this.remotePort === 0 && !this.isRaw)
      ? -ENOTCONN
      : sockaddr(this.family, this.remote, this.remotePort, this.remoteScope);
  }

  override setOption(task: Task, level: number, name: number, value: Uint8Array): number {
    return setInetOption(task, this, level, name, value);
  }

  override getOption(task: Task, level: number, name: number): Uint8Array | number {
    return getInetOption(task, this, level, name);
  }

  override ioctl(task: Task, request: number, argument: number): number {
    const result = this.family === AF_INET ? addressIoctl(task, this.net, request, argument) : -ENOTTY;
    return result === -ENOTTY ? super.ioctl(task, request, argument) : result;
  }

  /** Raw sockets have protocols for ports. */
  get isRaw(): boolean {
    return this.type === SOCK_RAW;
  }

  override release(): void {
    this.leavePort();
    super.release();
  }
}
