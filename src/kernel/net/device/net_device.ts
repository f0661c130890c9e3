/** A network device: loopback, an end of a veth pair, a bridge, a dummy. Linux: struct net_device. See netdevice(7). */

import * as d from '../../../abi/net_device.ts';
import type { MemoryGroup } from '../../mm/memory_group.ts';
import type { NetNamespace } from '../../namespace/net_namespace.ts';
import type { InetAddress } from './inet_address.ts';

export type LinkKind = 'loopback' | 'veth' | 'bridge' | 'dummy';

export class NetDevice {
  readonly kind: LinkKind;
  /** ARPHRD_. */
  readonly type: number;
  /** Who pays for it; null for a namespace's own loopback. */
  readonly payer: MemoryGroup | null;
  net: NetNamespace;
  index = 0;
  name: string;
  /** Flags that were set: IFF_UP, IFF_BROADCAST, …; `shownFlags` adds the state. */
  flags: number;
  mtu: number;
  txQueueLength = 1000;
  group = 0;
  alias = '';
  /** Link-layer address and broadcast address, in hexadecimal digits. */
  address: string;
  readonly broadcast: string;
  /** Whether it has ever been up: until then it has the qdisc noop. */
  everUp = false;
  /** How often the carrier came and went. */
  carrierUps = 0;
  carrierDowns = 0;
  hadCarrier: boolean;
  /** The bridge that it is a port of. */
  master: NetDevice | null = null;
  /** The number as a port. */
  portNumber = 0;
  /** The other end of a veth pair. */
  peer: NetDevice | null = null;
  /** The ports of a bridge. */
  readonly ports: Set<NetDevice> = new Set();
  /** In the order in which they are shown. */
  ipv4: InetAddress[] = [];
  ipv6: InetAddress[] = [];
  received: Traffic = new Traffic();
  sent: Traffic = new Traffic();

  constructor(
    net: NetNamespace,
    kind: LinkKind,
    name: string,
    { type, flags, mtu, address, broadcast, carrier }: DeviceShape,
    payer: MemoryGroup | null,
  ) {
    this.net = net;
    this.kind = kind;
    this.name = name;
    this.type = type;
    this.flags = flags;
    this.mtu = mtu;
    this.address = address;
    this.broadcast = broadcast;
    this.hadCarrier = carrier;
    this.payer = payer;
  }

  get up(): boolean {
    return (this.flags & d.IFF_UP) !== 0;
  }

  get isLoopback(): boolean {
    return this.kind === 'loopback';
  }

  /** Whether frames that it sends arrive somewhere. Linux: netif_carrier_ok. */
  get carrier(): boolean {
    if (this.kind === 'veth') return this.up && (this.peer?.up ?? false);
    if (this.kind !== 'bridge' || !this.up) return true;
    for (const port of this.ports) if (port.running) return true;
    return false;
  }

  get running(): boolean {
    return this.up && this.carrier;
  }

  /** IF_OPER_. */
  get operState(): number {
    if (!this.up) return d.IF_OPER_DOWN;
    if (this.kind === 'loopback' || this.kind === 'dummy') return d.IF_OPER_UNKNOWN;
    if (this.carrier) return d.IF_OPER_UP;
    return this.kind === 'veth' ? d.IF_OPER_LOWERLAYERDOWN : d.IF_OPER_DOWN;
  }

  /** As programs see them. Linux: dev_get_flags. */
  get shownFlags(): number {
    return this.running ? this.flags | d.IFF_RUNNING | d.IFF_LOWER_UP : this.flags;
  }
}

export interface DeviceShape {
  readonly type: number;
  readonly flags: number;
  readonly mtu: number;
  readonly address: string;
  readonly broadcast: string;
  readonly carrier: boolean;
}

/** What has passed in one direction. */
class Traffic {
  packets = 0;
  bytes = 0;
  dropped = 0;
}
