/** Attributes and flags of devices as messages set them. Linux: do_setlink, rtnl_create_link. */

import { EADDRNOTAVAIL, EBUSY, EEXIST, EINVAL, ELOOP, ENODEV, EOPNOTSUPP } from '../../../abi/errno.ts';
import * as d from '../../../abi/net_device.ts';
import * as n from '../../../abi/netlink.ts';
import { setFlags } from '../device/change_device.ts';
import { addPort, findDevice, moveDevice, releasePort, validName } from '../device/device_table.ts';
import { linkKinds } from '../device/link_kinds.ts';
import type { NetDevice } from '../device/net_device.ts';
import { ipOf } from '../ip_address.ts';
import type { Attributes } from './attributes.ts';
import { namespaceWanted } from './namespace_wanted.ts';
import { notifyLink } from './notify.ts';
import type { NetlinkRequest } from './request.ts';
import { deviceEvent } from './uevent.ts';

/** Flags that programs set besides IFF_UP. Linux: __dev_change_flags. */
const SETTABLE =
  d.IFF_DEBUG |
  d.IFF_NOTRAILERS |
  d.IFF_NOARP |
  d.IFF_DYNAMIC |
  d.IFF_MULTICAST |
  d.IFF_PORTSEL |
  d.IFF_AUTOMEDIA |
  d.IFF_PROMISC |
  d.IFF_ALLMULTI;
const IFALIASZ = 256;

/** What says which device or how to answer, and changes nothing. */
const NEUTRAL: ReadonlySet<number> = new Set([
  n.IFLA_IFNAME,
  n.IFLA_LINKINFO,
  n.IFLA_NET_NS_PID,
  n.IFLA_NET_NS_FD,
  n.IFLA_MASTER,
  n.IFLA_EXT_MASK,
  n.IFLA_NUM_RX_QUEUES,
  n.IFLA_NUM_TX_QUEUES,
]);

type Setter = (device: NetDevice, value: Uint8Array, number: number, request: NetlinkRequest) => number;

/** Attributes that change one thing. */
const SETTERS: ReadonlyMap<number, Setter> = new Map<number, Setter>([
  [n.IFLA_ADDRESS, (device, value) => setHardwareAddress(device, value)],
  [n.IFLA_MTU, (device, _value, mtu, request) => setMtu(device, mtu, request)],
  [
    n.IFLA_GROUP,
    (device, _value, group) => {
      device.group = group;
      return 0;
    },
  ],
  [
    n.IFLA_TXQLEN,
    (device, _value, length) => {
      device.txQueueLength = length;
      return 0;
    },
  ],
  [
    n.IFLA_IFALIAS,
    (device, value) => {
      if (value.length >= IFALIASZ) return -EINVAL;
      device.alias = String.fromCharCode(...value).split('\0', 1)[0]!;
      return 0;
    },
  ],
]);

/** Linux: eth_mac_addr. */
export function setHardwareAddress(device: NetDevice, value: Uint8Array): number {
  if (value.length < 6) return -EINVAL;
  const address = value.subarray(0, 6);
  if ((address[0]! & 1) !== 0 || address.every((byte) => byte === 0)) return -EADDRNOTAVAIL;
  device.address = ipOf(address);
  return 0;
}

/** Linux: dev_validate_mtu. */
export function setMtu(device: NetDevice, mtu: number, request: NetlinkRequest | null): number {
  const { minMtu, maxMtu } = linkKinds[device.kind];
  const wrong =
    mtu < minMtu || mtu > 0x7fffffff
      ? 'mtu less than device minimum'
      : maxMtu > 0 && mtu > maxMtu
        ? 'mtu greater than device maximum'
        : null;
  if (wrong !== null) return request === null ? -EINVAL : request.refuse(EINVAL, wrong);
  device.mtu = mtu;
  device.net.topologyChanged();
  return 0;
}

/** Linux: dev_change_name. */
export function rename(device: NetDevice, name: string): number {
  if (name === device.name) return 0;
  if (!validName(name)) return -EINVAL;
  if (findDevice(device.net, name) !== null) return -EEXIST;
  const old = device.name;
  device.name = name;
  deviceEvent(device, 'move', old);
  for (const address of device.ipv4)
    if (address.label === old || address.label.startsWith(`${old}:`)) address.label = name + address.label.slice(old.length);
  return 0;
}

/** Linux: dev_change_flags. */
export function changeFlags(device: NetDevice, flags: number): void {
  setFlags(device, (device.flags & ~(SETTABLE | d.IFF_UP)) | (flags & (SETTABLE | d.IFF_UP)));
}

/** Attributes of a device that is not in its namespace yet. */
export function setNewLink(request: NetlinkRequest, device: NetDevice, attributes: Attributes): number {
  for (const type of attributes.types()) {
    const setter = SETTERS.get(type);
    if (setter === undefined && !NEUTRAL.has(type)) return request.refuse(EOPNOTSUPP, 'Attribute is not supported');
    const failed = setter?.(device, attributes.get(type)!, attributes.number(type) ?? 0, request) ?? 0;
    if (failed < 0) return failed;
  }
  return 0;
}

/** What a message says of a device that is there. */
export function changeLink(request: NetlinkRequest, device: NetDevice, header: DataView, attributes: Attributes): number {
  for (const type of attributes.types())
    if (!SETTERS.has(type) && !NEUTRAL.has(type)) return request.refuse(EOPNOTSUPP, 'Attribute is not supported');
  const failed = move(request, device, attributes) || setNewLink(request, device, attributes) || changeName(device, header, attributes);
  if (failed < 0) return failed;
  if ([...attributes.types()].some((type) => SETTERS.has(type))) notifyLink(device, n.RTM_NEWLINK);
  const flags = header.getUint32(8, true);
  const change = header.getUint32(12, true);
  if (flags !== 0 || change !== 0) changeFlags(device, change === 0 ? flags : (flags & change) | (device.flags & ~change));
  const master = attributes.number(n.IFLA_MASTER);
  return master === null ? 0 : setMaster(request, device, master);
}

/** To another namespace. */
function move(request: NetlinkRequest, device: NetDevice, attributes: Attributes): number {
  const net = namespaceWanted(request, attributes);
  if (net === null || net === device.net) return 0;
  if (typeof net === 'number') return net;
  if (linkKinds[device.kind].local) return request.refuse(EINVAL, 'The interface netns is immutable');
  const name = attributes.text(n.IFLA_IFNAME) ?? device.name;
  if (findDevice(net, name) !== null) return -EEXIST;
  moveDevice(device, net, name);
  return 0;
}

/** With an index, IFLA_IFNAME is a new name. */
function changeName(device: NetDevice, header: DataView, attributes: Attributes): number {
  const name = attributes.text(n.IFLA_IFNAME);
  if (name === null || name === '' || header.getInt32(4, true) <= 0 || name === device.name) return 0;
  const failed = rename(device, name);
  if (failed === 0) notifyLink(device, n.RTM_NEWLINK);
  return failed;
}

/** Linux: do_set_master, br_add_if. */
function setMaster(request: NetlinkRequest, device: NetDevice, index: number): number {
  if (index === 0) {
    if (device.master !== null) {
      releasePort(device);
      notifyLink(device, n.RTM_NEWLINK);
    }
    return 0;
  }
  const master = device.net.devices.get(index);
  if (master === undefined) return -ENODEV;
  if (master === device.master) return 0;
  if (master.kind !== 'bridge') return -EOPNOTSUPP;
  if (device.isLoopback) return -EINVAL;
  if (device.kind === 'bridge') return request.refuse(ELOOP, 'Can not enslave a bridge to a bridge');
  if (device.master !== null) return -EBUSY;
  addPort(master, device);
  notifyLink(device, n.RTM_NEWLINK);
  return 0;
}
