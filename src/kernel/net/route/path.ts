/** The way of a packet through devices, bridges and namespaces, found without sending one. Linux: ip_route_output, br_forward, ip_forward. */

import { EHOSTUNREACH, isErrno } from '../../../abi/errno.ts';
import { RTN_BROADCAST, RTN_LOCAL, RTN_MULTICAST } from '../../../abi/netlink.ts';
import type { NetNamespace } from '../../namespace/net_namespace.ts';
import type { NetDevice } from '../device/net_device.ts';
import { type Ip, isIp4, isLinkLocal } from '../ip_address.ts';
import { isLocal } from './output.ts';
import type { Route } from './route.ts';

/** Where a packet arrives. */
export interface Arrival {
  readonly net: NetNamespace;
  /** The device that it comes in by. */
  readonly device: NetDevice;
  /** The devices that it leaves and enters on its way, in pairs. */
  readonly hops: readonly NetDevice[];
}

/** The packet is lost without anybody being told. */
export const LOST = 1;
/** Nobody on the link has the next address. */
export const NO_NEIGHBOUR = 2;

/** The devices that get a frame which `device` sends, whoever it is for. */
export function segment(device: NetDevice, seen: Set<NetDevice> = new Set()): NetDevice[] {
  if (!device.running || seen.has(device)) return [];
  seen.add(device);
  if (device.isLoopback) return [device];
  const into = (other: NetDevice): NetDevice[] => {
    if (!other.running) return [];
    const { master } = other;
    if (master === null) return [other];
    if (!master.up) return [];
    seen.add(other);
    return [master, ...flood(master, other)];
  };
  const flood = (bridge: NetDevice, from: NetDevice | null): NetDevice[] => {
    const reached: NetDevice[] = [];
    for (const port of bridge.ports) if (port !== from && port.running && !seen.has(port)) reached.push(...segment(port, seen));
    return reached;
  };
  if (device.kind === 'bridge') return flood(device, null);
  return device.peer === null ? [] : into(device.peer);
}

/** Which device of the segment answers for `ip`. */
const neighbour = (device: NetDevice, ip: Ip): NetDevice | null =>
  segment(device).find(
    (other) => other.up && (isLinkLocal(ip) ? other.ipv6.concat(other.ipv4).some(({ local }) => local === ip) : isLocal(other.net, ip)),
  ) ?? null;

/**
 * The way to `destination` from `net`, by `device` if it is given: where it arrives, LOST, NO_NEIGHBOUR or a negative errno.
 */
export function findPath(net: NetNamespace, destination: Ip, device: NetDevice | null, ttl: number): Arrival | number {
  const hops: NetDevice[] = [];
  let at = net;
  for (let hop = 0; hop < ttl; hop++) {
    const found = at.fib.lookup(destination, hop === 0 ? device : null);
    if (isErrno(found)) return hop === 0 ? found : -EHOSTUNREACH;
    const route = found as Route;
    if (route.type === RTN_LOCAL) return arrive(at, hops);
    if (route.type === RTN_BROADCAST || route.type === RTN_MULTICAST) return LOST;
    // A router forwards only where it is told to.
    if (hop > 0 && !(isIp4(destination) ? at.sysctls.ip4Forward : at.sysctls.ip6Forward)) return LOST;
    const output = route.device!;
    if (!output.running) return LOST;
    const next = neighbour(output, route.gateway ?? destination);
    if (next === null) return hop === 0 ? NO_NEIGHBOUR : -EHOSTUNREACH;
    hops.push(output, next);
    at = next.net;
  }
  return -EHOSTUNREACH;
}

function arrive(net: NetNamespace, hops: readonly NetDevice[]): Arrival | number {
  const { loopback } = net;
  if (hops.length > 0) return { net, device: hops.at(-1)!, hops };
  return loopback.up ? { net, device: loopback, hops: [loopback, loopback] } : LOST;
}

/** Packets have passed. */
export function countTraffic(hops: readonly NetDevice[], packets: number, bytes: number): void {
  for (const [i, device] of hops.entries()) {
    const traffic = i % 2 === 0 ? device.sent : device.received;
    traffic.packets += packets;
    traffic.bytes += bytes;
  }
}
