/** Routes by rtnetlink: RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE. Linux: net/ipv4/fib_frontend.c, fib_semantics.c, net/ipv6/route.c. */

import {
  EAFNOSUPPORT,
  EEXIST,
  EHOSTUNREACH,
  EINVAL,
  ENETDOWN,
  ENETUNREACH,
  ENODEV,
  ENOENT,
  ENOMEM,
  EOPNOTSUPP,
  ESRCH,
  isErrno,
} from '../../../abi/errno.ts';
import * as n from '../../../abi/netlink.ts';
import { AF_INET, AF_INET6, AF_UNSPEC } from '../../../abi/socket.ts';
import { charge, PRICE_ROUTE } from '../../mm/price.ts';
import type { NetDevice } from '../device/net_device.ts';
import { ANY4, ANY6, type Ip, ipBytes, ipOf, networkOf } from '../ip_address.ts';
import { isLocal, sourceFor } from '../route/output.ts';
import { makeRoute, type Route } from '../route/route.ts';
import { Attributes, MessageWriter } from './attributes.ts';
import { fillRoute } from './fill_route.ts';
import type { NetlinkRequest } from './request.ts';

const IP6_RT_PRIO_USER = 1024;
const RTN_MAX = 11;
const RTCF_LOCAL = 0x80000000;

interface RouteRequest {
  readonly four: boolean;
  readonly length: number;
  readonly tos: number;
  readonly table: number;
  readonly protocol: number;
  readonly scope: number;
  readonly type: number;
  readonly flags: number;
  readonly attributes: Attributes;
  readonly destination: Ip;
  readonly gateway: Ip | null;
  readonly preferred: Ip | null;
}

function parse(request: NetlinkRequest): RouteRequest | number {
  if (request.body.length < n.RTMSG_SIZE) return -EINVAL;
  const header = request.header(n.RTMSG_SIZE);
  const family = header.getUint8(0);
  if (family !== AF_INET && family !== AF_INET6) return -EAFNOSUPPORT;
  const four = family === AF_INET;
  const parsed = Attributes.parse(request.body.subarray(n.RTMSG_SIZE));
  if (isErrno(parsed)) return parsed;
  const attributes = parsed as Attributes;
  const size = four ? 4 : 16;
  for (const type of [n.RTA_DST, n.RTA_GATEWAY, n.RTA_PREFSRC, n.RTA_SRC])
    if ((attributes.get(type)?.length ?? size) !== size) return -EINVAL;
  const ip = (type: number): Ip | null => (attributes.has(type) ? ipOf(attributes.get(type)!) : null);
  return {
    four,
    length: header.getUint8(1),
    tos: header.getUint8(3),
    table: attributes.number(n.RTA_TABLE) ?? header.getUint8(4),
    protocol: header.getUint8(5),
    scope: header.getUint8(6),
    type: header.getUint8(7),
    flags: header.getUint32(8, true),
    attributes,
    destination: ip(n.RTA_DST) ?? (four ? ANY4 : ANY6),
    gateway: ip(n.RTA_GATEWAY),
    preferred: ip(n.RTA_PREFSRC),
  };
}

/** What programs may say of a route; more is not supported. */
const KNOWN: ReadonlySet<number> = new Set([
  n.RTA_DST,
  n.RTA_OIF,
  n.RTA_GATEWAY,
  n.RTA_PRIORITY,
  n.RTA_PREFSRC,
  n.RTA_METRICS,
  n.RTA_TABLE,
  n.RTA_PREF,
  n.RTA_CACHEINFO,
]);

const REFUSING: ReadonlySet<number> = new Set([n.RTN_BLACKHOLE, n.RTN_UNREACHABLE, n.RTN_PROHIBIT, n.RTN_THROW]);

export function newRoute(request: NetlinkRequest): number {
  const parsed = parse(request);
  if (isErrno(parsed)) return parsed;
  const wanted = parsed as RouteRequest;
  const { four, length, destination, attributes, gateway, type } = wanted;
  if (length > (four ? 32 : 128)) return request.refuse(EINVAL, 'Invalid prefix length');
  if (networkOf(destination, length) !== destination) {
    if (four) return request.refuse(EINVAL, 'Invalid prefix for given prefix length');
  }
  if (type > RTN_MAX) return request.refuse(EINVAL, 'Invalid route type');
  for (const attribute of attributes.types()) if (!KNOWN.has(attribute)) return request.refuse(EOPNOTSUPP, 'Attribute is not supported');
  const device = REFUSING.has(type) ? null : nextHopDevice(request, wanted);
  if (isErrno(device)) return device;
  if (wanted.preferred !== null && !isLocal(request.net, wanted.preferred)) return request.refuse(EINVAL, 'Invalid prefsrc address');
  const route = makeRoute(networkOf(destination, length), length, {
    table: wanted.table === n.RT_TABLE_UNSPEC ? n.RT_TABLE_MAIN : wanted.table,
    type,
    scope: four ? wanted.scope : n.RT_SCOPE_UNIVERSE,
    protocol: wanted.protocol,
    priority: attributes.number(n.RTA_PRIORITY) ?? (four ? 0 : IP6_RT_PRIO_USER),
    tos: wanted.tos,
    device: device as NetDevice | null,
    gateway,
    preferred: wanted.preferred,
    flags: wanted.flags & n.RTNH_F_ONLINK,
    metrics: attributes.get(n.RTA_METRICS)?.slice() ?? null,
    payer: request.task.group.cgroup.memory,
  });
  return insert(request, route, four);
}

function insert(request: NetlinkRequest, route: Route, four: boolean): number {
  const { fib } = request.net;
  const { requested } = request;
  const rivals = fib
    .to(route.destination, route.length, route.table)
    .filter(({ priority, tos }) => priority === route.priority && tos === route.tos);
  const exclusive = (requested & n.NLM_F_EXCL) !== 0;
  if (rivals.length > 0 && exclusive && (four || (requested & n.NLM_F_REPLACE) === 0)) return -EEXIST;
  if (rivals.length === 0 && (requested & n.NLM_F_CREATE) === 0) return -ENOENT;
  if ((requested & n.NLM_F_REPLACE) === 0 && fib.find(route) !== null) return -EEXIST;
  if (!charge(request.task.kernel, route.payer!, PRICE_ROUTE)) return -ENOMEM;
  if ((requested & n.NLM_F_REPLACE) !== 0 && rivals.length > 0) fib.remove(rivals[0]!);
  fib.insert(route);
  return 0;
}

/** Where packets leave: the device named, or the one that the gateway is behind. Linux: fib_check_nh, ip6_route_info_create. */
function nextHopDevice(request: NetlinkRequest, { four, attributes, gateway, flags }: RouteRequest): NetDevice | number {
  const { net } = request;
  const index = attributes.number(n.RTA_OIF);
  const named = index === null ? null : (net.devices.get(index) ?? null);
  if (index !== null && named === null) return -ENODEV;
  if (gateway === null) {
    if (named === null) return four ? request.refuse(ENODEV, 'Nexthop device required') : -ENODEV;
    return named.up ? named : request.refuse(ENETDOWN, four ? 'Device for nexthop is not up' : 'Nexthop device is not up');
  }
  if ((flags & n.RTNH_F_ONLINK) !== 0) {
    if (named === null) return request.refuse(EINVAL, 'Nexthop device required for onlink');
    return named.up ? named : request.refuse(ENETDOWN, 'Nexthop device is not up');
  }
  if (isLocal(net, gateway) && named?.isLoopback !== true && four) return request.refuse(EINVAL, 'Nexthop has invalid gateway');
  const route = net.fib.lookup(gateway, named);
  if (isErrno(route) || (route as Route).gateway !== null || (route as Route).device === null)
    return four ? request.refuse(ENETUNREACH, 'Nexthop has invalid gateway') : -EHOSTUNREACH;
  return (route as Route).device!;
}

export function deleteRoute(request: NetlinkRequest): number {
  const parsed = parse(request);
  if (isErrno(parsed)) return parsed;
  const wanted = parsed as RouteRequest;
  const { attributes } = wanted;
  const priority = attributes.number(n.RTA_PRIORITY);
  const index = attributes.number(n.RTA_OIF);
  const table = wanted.table === n.RT_TABLE_UNSPEC ? n.RT_TABLE_MAIN : wanted.table;
  const matches = (route: Route): boolean =>
    route.tos === wanted.tos &&
    (wanted.type === n.RTN_UNSPEC || route.type === wanted.type) &&
    (wanted.protocol === 0 || route.protocol === wanted.protocol) &&
    (wanted.scope === n.RT_SCOPE_NOWHERE || !wanted.four || route.scope === wanted.scope) &&
    (priority === null || route.priority === priority) &&
    (index === null || route.device?.index === index) &&
    (wanted.gateway === null || route.gateway === wanted.gateway) &&
    (wanted.preferred === null || route.preferred === wanted.preferred);
  const found = request.net.fib.to(networkOf(wanted.destination, wanted.length), wanted.length, table).find(matches);
  return found !== undefined && request.net.fib.remove(found) ? 0 : -ESRCH;
}

/** Which way packets to an address go. Linux: inet_rtm_getroute, rt_fill_info. */
export function getRoute(request: NetlinkRequest): number {
  const parsed = parse(request);
  if (isErrno(parsed)) return parsed;
  const { four, destination, attributes } = parsed as RouteRequest;
  const index = attributes.number(n.RTA_OIF);
  const device = index === null ? null : (request.net.devices.get(index) ?? null);
  if (index !== null && index !== 0 && device === null) return -ENODEV;
  const found = request.net.fib.lookup(destination, device);
  if (isErrno(found)) return found;
  const route = found as Route;
  const local = route.type === n.RTN_LOCAL;
  const source = attributes.has(n.RTA_SRC) ? ipOf(attributes.get(n.RTA_SRC)!) : sourceFor(request.net, route, destination);
  const message = new MessageWriter(n.RTM_NEWROUTE, 0, request.sequence, request.port);
  message
    .u8(four ? AF_INET : AF_INET6)
    .u8(four ? 32 : 128)
    .u8(0)
    .u8(0);
  message
    .u8(four ? n.RT_TABLE_MAIN : route.table & 0xff)
    .u8(four ? 0 : route.protocol)
    .u8(n.RT_SCOPE_UNIVERSE)
    .u8(route.type);
  message.u32(n.RTM_F_CLONED | (four && local ? RTCF_LOCAL : 0));
  message.attribute32(n.RTA_TABLE, four ? n.RT_TABLE_MAIN : route.table);
  message.attribute(n.RTA_DST, ipBytes(destination));
  message.attribute32(n.RTA_OIF, (local ? request.net.loopback : route.device!).index);
  if (source !== null) message.attribute(n.RTA_PREFSRC, ipBytes(source));
  if (route.gateway !== null) message.attribute(n.RTA_GATEWAY, ipBytes(route.gateway));
  if (four) message.attribute32(n.RTA_UID, request.task.cred.userNs.uid(request.task.cred.euid));
  else message.attribute32(n.RTA_PRIORITY, route.priority);
  message.attribute(n.RTA_CACHEINFO, new Uint8Array(32));
  if (!four) message.attribute8(n.RTA_PREF, 0);
  request.answers.push(message.finish());
  return 0;
}

export function listRoutes(request: NetlinkRequest): number {
  const header = request.header(n.RTMSG_SIZE);
  const family = header.getUint8(0);
  if (family !== AF_UNSPEC && family !== AF_INET && family !== AF_INET6) return -EOPNOTSUPP;
  const parsed = Attributes.parse(request.body.subarray(n.RTMSG_SIZE));
  const attributes = request.strict && !isErrno(parsed) ? (parsed as Attributes) : new Attributes();
  const table = attributes.number(n.RTA_TABLE);
  const index = attributes.number(n.RTA_OIF);
  const families: readonly (4 | 6)[] = family === AF_INET ? [4] : family === AF_INET6 ? [6] : [4, 6];
  for (const one of families) {
    for (const route of shownOrder(request.net.fib.list(one))) {
      if (table !== null && table !== 0 && route.table !== table) continue;
      if (index !== null && route.device?.index !== index) continue;
      request.answers.push(fillRoute(route, n.RTM_NEWROUTE, request));
    }
  }
  return 0;
}

/** The main table comes first, then the local one. */
const shownOrder = (routes: readonly Route[]): Route[] => [
  ...routes.filter(({ table }) => table !== n.RT_TABLE_LOCAL),
  ...routes.filter(({ table }) => table === n.RT_TABLE_LOCAL),
];
