/** The network stack seen by a group of tasks: devices, addresses, routes, sockets. Linux: struct net. See network_namespaces(7). */

import type { Kernel } from '../kernel.ts';
import { makeDevice, registerDevice, unregisterDevice } from '../net/device/device_table.ts';
import type { NetDevice } from '../net/device/net_device.ts';
import type { IcmpSocket } from '../net/inet/icmp_socket.ts';
import { defaultSysctls, type NetSysctls } from '../net/inet/net_sysctls.ts';
import { PortTable } from '../net/inet/port_table.ts';
import { TimeWait } from '../net/inet/time_wait.ts';
import type { NetlinkSocket } from '../net/netlink/netlink_socket.ts';
import { Fib } from '../net/route/fib.ts';
import type { Socket } from '../net/socket.ts';
import type { UnixSocket } from '../net/unix/unix_socket.ts';
import { Namespace } from './namespace.ts';
import type { UserNamespace } from './user_namespace.ts';

export class NetNamespace extends Namespace {
  readonly kind = 'net';
  readonly owner: UserNamespace;
  readonly kernel: Kernel;
  /** Every socket of it, for /proc/net. Each holds the namespace. */
  readonly sockets: Set<Socket> = new Set();
  /** Unix sockets by type and abstract name. See unix(7). */
  readonly abstractSockets: Map<string, UnixSocket> = new Map();
  /** The name given last to a socket that asked for any. */
  lastAutobind = 0;
  /** By index, in the order of their registration. */
  readonly devices: Map<number, NetDevice> = new Map();
  readonly loopback: NetDevice;
  readonly fib: Fib = new Fib();
  readonly sysctls: NetSysctls = defaultSysctls();
  /** Who has which port of UDP, TCP and ICMP. */
  readonly ports: PortTable = new PortTable();
  /** Raw sockets: they get whatever arrives of their protocol. */
  readonly rawSockets: Set<IcmpSocket> = new Set();
  /** Netlink sockets by protocol and port. */
  readonly netlinkPorts: Map<string, NetlinkSocket> = new Map();
  /** Numbers that this namespace has given to others. See RTM_GETNSID in rtnetlink(7). */
  readonly nsids: Map<NetNamespace, number> = new Map();
  /** Namespaces that have given a number to this one. */
  private readonly knownTo: Set<NetNamespace> = new Set();
  private lastIndex = 0;

  constructor(kernel: Kernel, inode: number, owner: UserNamespace) {
    super(inode);
    this.kernel = kernel;
    this.owner = owner;
    this.loopback = makeDevice(this, 'loopback', 'lo', null) as NetDevice;
    registerDevice(this.loopback);
  }

  /** Indices are not used again soon. Linux: dev_index_reserve. */
  nextIndex(): number {
    do this.lastIndex = this.lastIndex >= 0x7fffffff ? 1 : this.lastIndex + 1;
    while (this.devices.has(this.lastIndex));
    return this.lastIndex;
  }

  /** Devices, addresses or routes have changed, here or where this namespace's frames go: what was found out is void. */
  topologyChanged(): void {
    this.kernel.topology++;
  }

  /** The number of `other` here; -1 if it has none and none is made. Linux: peernet2id_alloc. */
  nsid(other: NetNamespace, make: boolean): number {
    const known = this.nsids.get(other);
    if (known !== undefined || !make) return known ?? -1;
    const taken = new Set(this.nsids.values());
    let id = 0;
    while (taken.has(id)) id++;
    this.setNsid(other, id);
    return id;
  }

  setNsid(other: NetNamespace, id: number): void {
    this.nsids.set(other, id);
    other.knownTo.add(this);
  }

  /** Devices end, with the other ends of veth pairs. Linux: cleanup_net. */
  override destroy(): void {
    for (const device of [...this.devices.values()].reverse()) if (this.devices.has(device.index)) unregisterDevice(device);
    this.fib.destroy();
    for (const holders of this.ports.all()) for (const holder of [...holders]) if (holder instanceof TimeWait) holder.cancel(this.kernel);
    for (const other of this.knownTo) other.nsids.delete(this);
    for (const other of this.nsids.keys()) other.knownTo.delete(this);
  }
}
