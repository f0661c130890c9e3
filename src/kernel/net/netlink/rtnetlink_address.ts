/** Addresses by rtnetlink: RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR. Linux: net/ipv4/devinet.c, net/ipv6/addrconf.c. */

import { EADDRNOTAVAIL, EAFNOSUPPORT, EEXIST, EINVAL, ENODEV, ENOMEM, EOPNOTSUPP, isErrno } from '../../../abi/errno.ts';
import * as n from '../../../abi/netlink.ts';
import { AF_INET, AF_INET6, AF_UNSPEC } from '../../../abi/socket.ts';
import { charge, PRICE_NET_ADDRESS, uncharge } from '../../mm/price.ts';
import { addAddress, makeAddress, removeAddress } from '../device/addresses.ts';
import type { InetAddress } from '../device/inet_address.ts';
import type { NetDevice } from '../device/net_device.ts';
import { type Ip, inNetwork, ipOf, isIp4, isLinkLocal, isLoopback } from '../ip_address.ts';
import { Attributes } from './attributes.ts';
import { fillAddress } from './fill_address.ts';
import type { NetlinkRequest } from './request.ts';

/** The flags that programs set. */
const SETTABLE = n.IFA_F_NODAD | n.IFA_F_NOPREFIXROUTE;
const FOREVER = 0xffffffff;

interface AddressRequest {
  readonly four: boolean;
  readonly prefixLength: number;
  readonly flags: number;
  readonly scope: number;
  readonly index: number;
  readonly attributes: Attributes;
  readonly local: Ip | null;
  readonly peer: Ip | null;
}

function parse(request: NetlinkRequest): AddressRequest | number {
  if (request.body.length < n.IFADDRMSG_SIZE) return -EINVAL;
  const header = request.header(n.IFADDRMSG_SIZE);
  const family = header.getUint8(0);
  if (family !== AF_INET && family !== AF_INET6) return -EAFNOSUPPORT;
  const attributes = Attributes.parse(request.body.subarray(n.IFADDRMSG_SIZE));
  if (isErrno(attributes)) return attributes;
  const found = attributes as Attributes;
  const size = family === AF_INET ? 4 : 16;
  for (const type of [n.IFA_LOCAL, n.IFA_ADDRESS, n.IFA_BROADCAST]) if ((found.get(type)?.length ?? size) < size) return -EINVAL;
  const ip = (type: number): Ip | null => (found.has(type) ? ipOf(found.get(type)!.subarray(0, size)) : null);
  return {
    four: family === AF_INET,
    prefixLength: header.getUint8(1),
    flags: found.number(n.IFA_FLAGS) ?? header.getUint8(2),
    scope: header.getUint8(3),
    index: header.getInt32(4, true),
    attributes: found,
    local: ip(n.IFA_LOCAL),
    peer: ip(n.IFA_ADDRESS),
  };
}

/** Addresses that end some time are not supported. */
function isForEver(attributes: Attributes): boolean {
  const info = attributes.get(n.IFA_CACHEINFO);
  if (info === null || info.length < 8) return true;
  const view = new DataView(info.buffer, info.byteOffset, info.byteLength);
  return view.getUint32(0, true) === FOREVER && view.getUint32(4, true) === FOREVER;
}

export function newAddress(request: NetlinkRequest): number {
  const parsed = parse(request);
  if (isErrno(parsed)) return parsed;
  const wanted = parsed as AddressRequest;
  const { four, prefixLength, attributes } = wanted;
  const family = four ? 'ipv4' : 'ipv6';
  const local = wanted.local ?? (four ? null : wanted.peer);
  if (prefixLength > (four ? 32 : 128)) return request.refuse(EINVAL, `${family}: Invalid prefix length`);
  if (local === null) return request.refuse(EINVAL, `${family}: Local address is not supplied`);
  const device = request.net.devices.get(wanted.index);
  if (device === undefined) return request.refuse(ENODEV, four ? 'ipv4: Device not found' : 'Unable to find the interface');
  if (!isForEver(attributes)) return request.refuse(EOPNOTSUPP, 'Lifetimes are not supported');
  const payer = request.task.group.cgroup.memory;
  if (!charge(request.task.kernel, payer, PRICE_NET_ADDRESS)) return -ENOMEM;
  const broadcast = attributes.get(n.IFA_BROADCAST);
  const address = makeAddress(device, local, prefixLength, {
    peer: wanted.peer ?? local,
    broadcast: four && broadcast !== null ? ipOf(broadcast.subarray(0, 4)) : null,
    label: attributes.text(n.IFA_LABEL) ?? device.name,
    scope: four ? wanted.scope : scope6(local),
    flags: wanted.flags & SETTABLE,
    protocol: attributes.number(n.IFA_PROTO) ?? 0,
    payer,
  });
  const failed = addAddress(device, address);
  if (failed < 0) {
    uncharge(payer, PRICE_NET_ADDRESS);
    const replaces = (request.requested & n.NLM_F_REPLACE) !== 0 && (request.requested & n.NLM_F_EXCL) === 0;
    return replaces ? 0 : request.refuse(EEXIST, `${family}: ${four ? 'Address already assigned' : 'address already assigned'}`);
  }
  return 0;
}

/** Linux: ipv6_addr_scope. */
const scope6 = (ip: Ip): number => (isLoopback(ip) ? n.RT_SCOPE_HOST : isLinkLocal(ip) ? n.RT_SCOPE_LINK : n.RT_SCOPE_UNIVERSE);

export function deleteAddress(request: NetlinkRequest): number {
  const parsed = parse(request);
  if (isErrno(parsed)) return parsed;
  const wanted = parsed as AddressRequest;
  const { four, attributes } = wanted;
  const device = request.net.devices.get(wanted.index);
  if (device === undefined) return request.refuse(ENODEV, four ? 'ipv4: Device not found' : 'Unable to find the interface');
  const local = wanted.local ?? (four ? null : wanted.peer);
  if (!four && local === null) return -EINVAL;
  const label = attributes.text(n.IFA_LABEL);
  const matches = (address: InetAddress): boolean => {
    if (local !== null && address.local !== local) return false;
    if (!four) return wanted.prefixLength === 0 || address.prefixLength === wanted.prefixLength;
    if (label !== null && address.label !== label) return false;
    return (
      wanted.peer === null || (address.prefixLength === wanted.prefixLength && inNetwork(wanted.peer, address.peer, address.prefixLength))
    );
  };
  const found = (four ? device.ipv4 : device.ipv6).find(matches);
  if (found === undefined) return request.refuse(EADDRNOTAVAIL, four ? 'ipv4: Address not found' : 'address not found');
  return removeAddress(device, found);
}

export function listAddresses(request: NetlinkRequest): number {
  const header = request.header(n.IFADDRMSG_SIZE);
  const family = header.getUint8(0);
  const only = request.strict ? header.getInt32(4, true) : 0;
  if (only !== 0 && !request.net.devices.has(only)) return -ENODEV;
  const emit = (lists: (device: NetDevice) => readonly InetAddress[]): void => {
    for (const device of request.net.devices.values()) {
      if (only !== 0 && device.index !== only) continue;
      for (const address of lists(device)) request.answers.push(fillAddress(device, address, n.RTM_NEWADDR, request));
    }
  };
  if (family === AF_UNSPEC || family === AF_INET) emit(({ ipv4 }) => ipv4.filter(({ local }) => isIp4(local)));
  if (family === AF_UNSPEC || family === AF_INET6) emit(({ ipv6 }) => ipv6);
  return 0;
}
