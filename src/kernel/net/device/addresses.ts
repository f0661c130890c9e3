/** The IP addresses of devices, and the routes that come with them. Linux: net/ipv4/devinet.c, fib_frontend.c, net/ipv6/addrconf.c. */

import { EADDRNOTAVAIL, EEXIST } from '../../../abi/errno.ts';
import { ARPHRD_LOOPBACK } from '../../../abi/net_device.ts';
import * as n from '../../../abi/netlink.ts';
import { PRICE_NET_ADDRESS, uncharge } from '../../mm/price.ts';
import { broadcastOf, type Ip, inNetwork, ipBits, isIp4, networkOf } from '../ip_address.ts';
import { notifyAddress } from '../netlink/notify.ts';
import { makeRoute, type Route } from '../route/route.ts';
import type { InetAddress } from './inet_address.ts';
import type { NetDevice } from './net_device.ts';

type Details = Partial<Omit<InetAddress, 'local' | 'prefixLength'>>;

export function makeAddress(device: NetDevice, local: Ip, prefixLength: number, details: Details): InetAddress {
  return {
    local,
    prefixLength,
    peer: local,
    broadcast: null,
    label: device.name,
    scope: n.RT_SCOPE_UNIVERSE,
    protocol: 0,
    created: Math.floor(device.net.kernel.clock.monotonic() / 1e7),
    payer: null,
    ...details,
    flags: (details.flags ?? 0) | n.IFA_F_PERMANENT,
  };
}

const listOf = (device: NetDevice, ip: Ip): InetAddress[] => (isIp4(ip) ? device.ipv4 : device.ipv6);

const sameNetwork = (a: InetAddress, b: InetAddress): boolean =>
  a.prefixLength === b.prefixLength && inNetwork(a.peer, b.peer, a.prefixLength);

/** Give the device an address: 0, -EEXIST. Linux: __inet_insert_ifa, ipv6_add_addr. */
export function addAddress(device: NetDevice, address: InetAddress): number {
  const list = listOf(device, address.local);
  const known = isIp4(address.local)
    ? list.some((other) => sameNetwork(other, address) && other.local === address.local)
    : list.some(({ local }) => local === address.local);
  if (known) return -EEXIST;
  if (isIp4(address.local)) {
    if (list.some((other) => sameNetwork(other, address) && (other.flags & n.IFA_F_SECONDARY) === 0)) address.flags |= n.IFA_F_SECONDARY;
    list.push(address);
  } else {
    // Those of wider scope come first. Linux: ipv6_link_dev_addr.
    const at = list.findIndex(({ scope }) => scope > address.scope);
    list.splice(at < 0 ? list.length : at, 0, address);
  }
  device.net.topologyChanged();
  addressRoutes(device, address);
  notifyAddress(device, address, n.RTM_NEWADDR);
  return 0;
}

/** Take an address away; one of the same network that was secondary takes its place. Linux: __inet_del_ifa. */
export function removeAddress(device: NetDevice, address: InetAddress): number {
  const list = listOf(device, address.local);
  const at = list.indexOf(address);
  if (at < 0) return -EADDRNOTAVAIL;
  list.splice(at, 1);
  const { fib } = device.net;
  const gone = routesOf(device, address);
  const kept = new Set(list.flatMap((other) => routesOf(device, other).map(keyOf)));
  for (const route of gone) if (!kept.has(keyOf(route))) fib.remove(route);
  notifyAddress(device, address, n.RTM_DELADDR);
  if (isIp4(address.local) && (address.flags & n.IFA_F_SECONDARY) === 0) dropSecondaries(device, list, address);
  device.net.topologyChanged();
  if (address.payer !== null) uncharge(address.payer, PRICE_NET_ADDRESS);
  return 0;
}

/** Without promote_secondaries, the secondary addresses of a network go with the primary one. */
function dropSecondaries(device: NetDevice, list: readonly InetAddress[], primary: InetAddress): void {
  for (const other of [...list]) if ((other.flags & n.IFA_F_SECONDARY) !== 0 && sameNetwork(other, primary)) removeAddress(device, other);
}

export function flushAddresses(device: NetDevice): void {
  for (const address of [...device.ipv4, ...device.ipv6]) removeAddress(device, address);
}

const keyOf = (route: Route): string => `${route.table} ${route.type} ${route.destination}/${route.length}`;

/** Put the routes of an address where they are missing. */
export function addressRoutes(device: NetDevice, address: InetAddress): void {
  const { fib } = device.net;
  for (const route of routesOf(device, address)) if (fib.find(route) === null) fib.insert(route);
}

const routesOf = (device: NetDevice, address: InetAddress): Route[] =>
  isIp4(address.local) ? routes4(device, address) : routes6(device, address);

/** Linux: fib_add_ifaddr. */
function routes4(device: NetDevice, { local, peer, prefixLength, broadcast, flags }: InetAddress): Route[] {
  const base = { device, preferred: local, protocol: n.RTPROT_KERNEL };
  const inLocal = { ...base, table: n.RT_TABLE_LOCAL };
  const routes = [makeRoute(local, 32, { ...inLocal, type: n.RTN_LOCAL, scope: n.RT_SCOPE_HOST })];
  if (!device.up) return routes;
  const edges = new Set<Ip>();
  if (broadcast !== null && broadcast !== 'ffffffff') edges.add(broadcast);
  const network = networkOf(peer, prefixLength);
  if ((flags & n.IFA_F_SECONDARY) === 0 && !network.startsWith('00') && (network !== local || prefixLength < 32)) {
    if ((flags & n.IFA_F_NOPREFIXROUTE) === 0) {
      if (device.type === ARPHRD_LOOPBACK)
        routes.push(makeRoute(network, prefixLength, { ...inLocal, type: n.RTN_LOCAL, scope: n.RT_SCOPE_HOST }));
      else routes.push(makeRoute(network, prefixLength, { ...base, table: n.RT_TABLE_MAIN, type: n.RTN_UNICAST, scope: n.RT_SCOPE_LINK }));
    }
    if (prefixLength < 31) edges.add(broadcastOf(network, prefixLength));
  }
  for (const edge of edges) routes.push(makeRoute(edge, 32, { ...inLocal, type: n.RTN_BROADCAST, scope: n.RT_SCOPE_LINK }));
  return routes;
}

/** Linux: addrconf_add_dev, addrconf_prefix_route, ipv6_ifa_notify. */
function routes6(device: NetDevice, { local, prefixLength, flags }: InetAddress): Route[] {
  const base = { device, protocol: n.RTPROT_KERNEL };
  const routes = [makeRoute(local, 128, { ...base, table: n.RT_TABLE_LOCAL, type: n.RTN_LOCAL })];
  if (device.isLoopback || !device.up) return routes;
  const wide = { ...base, priority: 256 };
  if ((flags & n.IFA_F_NOPREFIXROUTE) === 0 && prefixLength < ipBits(local))
    routes.push(makeRoute(networkOf(local, prefixLength), prefixLength, { ...wide, table: n.RT_TABLE_MAIN, type: n.RTN_UNICAST }));
  routes.push(makeRoute(`ff${'0'.repeat(30)}`, 8, { ...wide, table: n.RT_TABLE_LOCAL, type: n.RTN_MULTICAST }));
  return routes;
}
