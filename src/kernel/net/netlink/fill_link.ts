/** A device as a message of rtnetlink. Linux: rtnl_fill_ifinfo in net/core/rtnetlink.c. */

import * as n from '../../../abi/netlink.ts';
import { AF_INET6, AF_UNSPEC } from '../../../abi/socket.ts';
import { linkKinds } from '../device/link_kinds.ts';
import type { NetDevice } from '../device/net_device.ts';
import { ipBytes } from '../ip_address.ts';
import { MessageWriter } from './attributes.ts';
import { fillBridge, fillBridgePort } from './fill_bridge.ts';
import type { Envelope } from './request.ts';

const GSO_MAX_SEGS = 65535;
const GSO_MAX_SIZE = 65536;
/** Counters in struct rtnl_link_stats and rtnl_link_stats64. */
const STATS = 24;
const STATS64 = 25;
const IFLA_INET6_FLAGS = 1;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const IFLA_XDP_ATTACHED = 2;
const IF_READY = 0x80000000;

export function fillLink(device: NetDevice, type: number, { flags, sequence, port }: Envelope): Uint8Array {
  const kind = linkKinds[device.kind];
  const message = new MessageWriter(type, flags, sequence, port);
  const isPort = device.master !== null ? 1 : 0;
  message.u8(AF_UNSPEC).u8(0).u16(device.type).u32(device.index).u32(device.shownFlags).u32(0);
  message.text(n.IFLA_IFNAME, device.name);
  message.attribute32(n.IFLA_TXQLEN, device.txQueueLength);
  message.attribute8(n.IFLA_OPERSTATE, device.operState).attribute8(n.IFLA_LINKMODE, 0);
  const numbers: readonly (readonly [number, number])[] = [
    [n.IFLA_MTU, device.mtu],
    [n.IFLA_MIN_MTU, kind.minMtu],
    [n.IFLA_MAX_MTU, kind.maxMtu],
    [n.IFLA_GROUP, device.group],
    [n.IFLA_PROMISCUITY, isPort],
    [n.IFLA_ALLMULTI, isPort],
    [n.IFLA_NUM_TX_QUEUES, kind.queues],
    [n.IFLA_GSO_MAX_SEGS, GSO_MAX_SEGS],
    [n.IFLA_GSO_MAX_SIZE, GSO_MAX_SIZE],
    [n.IFLA_GRO_MAX_SIZE, GSO_MAX_SIZE],
    [n.IFLA_GSO_IPV4_MAX_SIZE, GSO_MAX_SIZE],
    [n.IFLA_GRO_IPV4_MAX_SIZE, GSO_MAX_SIZE],
    [n.IFLA_TSO_MAX_SIZE, kind.tsoMaxSize],
    [n.IFLA_TSO_MAX_SEGS, GSO_MAX_SEGS],
    [n.IFLA_NUM_RX_QUEUES, kind.queues],
  ];
  for (const [attribute, value] of numbers) message.attribute32(attribute, value);
  if (device.master !== null) message.attribute32(n.IFLA_MASTER, device.master.index);
  message.attribute8(n.IFLA_CARRIER, device.hadCarrier ? 1 : 0);
  message.attribute32(n.IFLA_CARRIER_CHANGES, device.carrierUps + device.carrierDowns);
  message.attribute32(n.IFLA_CARRIER_UP_COUNT, device.carrierUps).attribute32(n.IFLA_CARRIER_DOWN_COUNT, device.carrierDowns);
  message.attribute8(n.IFLA_PROTO_DOWN, 0);
  if (device.alias !== '') message.text(n.IFLA_IFALIAS, device.alias);
  message.attribute(n.IFLA_ADDRESS, ipBytes(device.address)).attribute(n.IFLA_BROADCAST, ipBytes(device.broadcast));
  message.attribute(n.IFLA_STATS64, new Uint8Array(BigUint64Array.from(statistics(device, STATS64), BigInt).buffer));
  message.attribute(n.IFLA_STATS, new Uint8Array(Uint32Array.from(statistics(device, STATS)).buffer));
  const xdp = message.open(n.IFLA_XDP);
  message.attribute8(IFLA_XDP_ATTACHED, 0).close(xdp);
  fillInfo(message, device, kind.info);
  fillPeer(message, device);
  message.text(n.IFLA_QDISC, device.everUp && (device.up || device.kind !== 'loopback') ? 'noqueue' : 'noop');
  fillFamilies(message, device);
  message.attribute(n.IFLA_MAP, new Uint8Array(32));
  return message.finish();
}

function statistics({ received, sent }: NetDevice, count: number): number[] {
  const counters = [received.packets, sent.packets, received.bytes, sent.bytes, 0, 0, received.dropped, sent.dropped];
  return [...counters, ...new Array<number>(count - counters.length).fill(0)];
}

/** IFLA_LINKINFO: what it is, and as a port of what. */
function fillInfo(message: MessageWriter, device: NetDevice, info: string | null): void {
  if (info === null) return;
  const at = message.open(n.IFLA_LINKINFO);
  message.text(n.IFLA_INFO_KIND, info);
  if (device.kind === 'bridge') fillBridge(message, device);
  if (device.master !== null) {
    message.text(n.IFLA_INFO_SLAVE_KIND, 'bridge');
    fillBridgePort(message, device);
  }
  message.close(at);
}

/** IFLA_LINK: the other end of a veth pair, and the number of its namespace. */
function fillPeer(message: MessageWriter, { net, peer }: NetDevice): void {
  if (peer === null) return;
  if (peer.net !== net) message.attribute32(n.IFLA_LINK_NETNSID, net.nsid(peer.net, true));
  message.attribute32(n.IFLA_LINK, peer.index);
}

/** IFLA_AF_SPEC: what IPv6 does with it; nothing for ports of bridges. */
function fillFamilies(message: MessageWriter, device: NetDevice): void {
  const at = message.open(n.IFLA_AF_SPEC);
  if (device.master === null) {
    const inet6 = message.open(AF_INET6);
    message.attribute32(IFLA_INET6_FLAGS, device.running ? IF_READY | 0 : 0).attribute8(IFLA_INET6_ADDR_GEN_MODE, 0);
    message.close(inet6);
  }
  message.close(at);
}
