/** The kinds of network devices. Linux: drivers/net/{loopback,veth,dummy}.c, net/bridge. See ip-link(8). */

import * as d from '../../../abi/net_device.ts';
import type { Kernel } from '../../kernel.ts';
import type { DeviceShape, LinkKind } from './net_device.ts';

interface LinkKindRow {
  readonly type: number;
  readonly flags: number;
  readonly mtu: number;
  readonly minMtu: number;
  readonly maxMtu: number;
  readonly queues: number;
  readonly tsoMaxSize: number;
  /** Whether it stays in its namespace. */
  readonly local: boolean;
  /** Its carrier is there from the beginning. */
  readonly carrier: boolean;
  /** As messages call it; null if it is not made by messages. */
  readonly info: string | null;
}

const ethernet = { type: d.ARPHRD_ETHER, mtu: 1500, queues: 1, tsoMaxSize: 524280, local: false };
const PLAIN = d.IFF_BROADCAST | d.IFF_MULTICAST;

export const linkKinds: Readonly<Record<LinkKind, LinkKindRow>> = {
  loopback: {
    ...ethernet,
    type: d.ARPHRD_LOOPBACK,
    flags: d.IFF_LOOPBACK,
    mtu: 65536,
    minMtu: 0,
    maxMtu: 0,
    local: true,
    carrier: true,
    info: null,
  },
  veth: { ...ethernet, flags: PLAIN, minMtu: 68, maxMtu: 65535, queues: 2, carrier: false, info: 'veth' },
  bridge: { ...ethernet, flags: PLAIN, minMtu: 68, maxMtu: 65535, local: true, carrier: true, info: 'bridge' },
  dummy: {
    ...ethernet,
    flags: d.IFF_BROADCAST | d.IFF_NOARP,
    minMtu: 0,
    maxMtu: 0,
    tsoMaxSize: 65536,
    carrier: true,
    info: 'dummy',
  },
};

/** The kind that messages call `info`; null if there is none. */
export function kindByInfo(info: string): LinkKind | null {
  for (const [kind, row] of Object.entries(linkKinds)) if (row.info === info) return kind as LinkKind;
  return null;
}

/** Linux: eth_random_addr. */
export function randomAddress(kernel: Kernel): string {
  const bytes = new Uint8Array(6);
  kernel.platform.random.fill(bytes);
  bytes[0] = (bytes[0]! & 0xfe) | 0x02;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What a new device of a kind is like. */
export function shapeOf(kernel: Kernel, kind: LinkKind): DeviceShape {
  const { type, flags, mtu, carrier } = linkKinds[kind];
  const loopback = kind === 'loopback';
  return {
    type,
    flags,
    mtu,
    carrier,
    address: loopback ? '000000000000' : randomAddress(kernel),
    broadcast: loopback ? '000000000000' : 'ffffffffffff',
  };
}
