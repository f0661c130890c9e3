/** Which source address packets get, and which addresses are a namespace's own. Linux: inet_select_addr, ipv6_dev_get_saddr, inet_addr_type. */

import { isErrno } from '../../../abi/errno.ts';
import { IFA_F_SECONDARY, RT_SCOPE_HOST, RT_TABLE_LOCAL, RTN_LOCAL } from '../../../abi/netlink.ts';
import type { NetNamespace } from '../../namespace/net_namespace.ts';
import type { NetDevice } from '../device/net_device.ts';
import { type Ip, inNetwork, isIp4, isLinkLocal } from '../ip_address.ts';
import type { Route } from './route.ts';

/** Whether the namespace has `ip` as an address, or a network of addresses (127.0.0.0/8). */
export function isLocal(net: NetNamespace, ip: Ip): boolean {
  const route = net.fib.lookup(ip);
  return !isErrno(route) && (route as Route).type === RTN_LOCAL && (route as Route).table === RT_TABLE_LOCAL;
}

/** The source address for packets to `destination` by `route`; null if there is none. */
export function sourceFor(net: NetNamespace, route: Route, destination: Ip): Ip | null {
  if (route.preferred !== null) return route.preferred;
  if (route.type === RTN_LOCAL) return destination;
  const near = route.gateway ?? destination;
  const found = addressOf(route.device!, near);
  if (found !== null) return found;
  for (const device of net.devices.values()) {
    const other = device.up ? addressOf(device, near) : null;
    if (other !== null) return other;
  }
  return null;
}

/** The address of a device that is closest to `near`. */
function addressOf(device: NetDevice, near: Ip): Ip | null {
  if (!isIp4(near)) return addressOf6(device, near);
  const candidates = device.ipv4.filter(({ flags, scope }) => (flags & IFA_F_SECONDARY) === 0 && scope < RT_SCOPE_HOST);
  const same = candidates.find(({ peer, prefixLength }) => inNetwork(near, peer, prefixLength));
  return (same ?? candidates[0])?.local ?? null;
}

/** Of the same scope, with the longest common prefix. Linux: ipv6_get_saddr_eval. */
function addressOf6(device: NetDevice, near: Ip): Ip | null {
  const common = (ip: Ip): number => {
    let digits = 0;
    while (digits < ip.length && ip[digits] === near[digits]) digits++;
    return digits;
  };
  const rank = (ip: Ip): number => (isLinkLocal(ip) === isLinkLocal(near) ? 64 : 0) + common(ip);
  const usable = device.ipv6.filter(({ scope }) => scope < RT_SCOPE_HOST).map(({ local }) => local);
  return usable.sort((a, b) => rank(b) - rank(a))[0] ?? null;
}
