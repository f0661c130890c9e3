/** The network devices of a namespace. Linux: dev_get_by_name, dev_alloc_name, register_netdevice, unregister_netdevice. */

import { EEXIST, EINVAL, ENFILE, ENOMEM } from '../../../abi/errno.ts';
import { IFF_UP, IFNAMSIZ } from '../../../abi/net_device.ts';
import { RTM_DELLINK, RTM_NEWLINK } from '../../../abi/netlink.ts';
import type { MemoryGroup } from '../../mm/memory_group.ts';
import { charge, PRICE_NET_DEVICE, uncharge } from '../../mm/price.ts';
import type { NetNamespace } from '../../namespace/net_namespace.ts';
import { notifyLink } from '../netlink/notify.ts';
import { deviceEvent } from '../netlink/uevent.ts';
import { flushAddresses } from './addresses.ts';
import { carrierChanged, setFlags } from './change_device.ts';
import { shapeOf } from './link_kinds.ts';
import { type LinkKind, NetDevice } from './net_device.ts';

/** Numbers that a pattern (veth%d) can be given. */
const MAX_NUMBER = 32768;

/** Linux: dev_valid_name. */
export const validName = (name: string): boolean =>
  name !== '' && name.length < IFNAMSIZ && name !== '.' && name !== '..' && !/[/:\s]/.test(name);

export const findDevice = (net: NetNamespace, name: string): NetDevice | null => {
  for (const device of net.devices.values()) if (device.name === name) return device;
  return null;
};

/** The name for a new device: `wanted`, in which %d stands for the lowest free number; or a negative errno. Linux: dev_prep_valid_name. */
export function chooseName(net: NetNamespace, wanted: string): string | number {
  if (!validName(wanted)) return -EINVAL;
  const at = wanted.indexOf('%');
  if (at < 0) return findDevice(net, wanted) === null ? wanted : -EEXIST;
  if (wanted[at + 1] !== 'd' || wanted.indexOf('%', at + 2) >= 0) return -EINVAL;
  const taken = new Set(Array.from(net.devices.values(), (device) => device.name));
  for (let number = 0; number < MAX_NUMBER; number++) {
    const name = wanted.replace('%d', String(number));
    if (!taken.has(name)) return validName(name) ? name : -EINVAL;
  }
  return -ENFILE;
}

/** A new device of `kind`, not yet in its namespace; `payer` is null for what a namespace has by itself. */
export function makeDevice(net: NetNamespace, kind: LinkKind, name: string, payer: MemoryGroup | null): NetDevice | number {
  if (payer !== null && !charge(net.kernel, payer, PRICE_NET_DEVICE)) return -ENOMEM;
  return new NetDevice(net, kind, name, shapeOf(net.kernel, kind), payer);
}

/** It appears in its namespace. `index` is 0 for any. */
export function registerDevice(device: NetDevice, index = 0): void {
  const { net } = device;
  device.index = index === 0 || net.devices.has(index) ? net.nextIndex() : index;
  net.devices.set(device.index, device);
  net.topologyChanged();
  deviceEvent(device, 'add');
}

/** It leaves its namespace. */
function unlist(device: NetDevice): void {
  setFlags(device, device.flags & ~IFF_UP);
  flushAddresses(device);
  if (device.master !== null) releasePort(device);
  for (const port of device.ports) releasePort(port);
  device.net.fib.forgetDevice(device);
  device.net.devices.delete(device.index);
  device.net.topologyChanged();
  notifyLink(device, RTM_DELLINK);
  deviceEvent(device, 'remove');
}

/** It ends, with the other end of a veth pair. */
export function unregisterDevice(device: NetDevice): void {
  const { peer } = device;
  unlist(device);
  if (peer !== null) {
    unlist(peer);
    device.peer = null;
    peer.peer = null;
    discardDevice(peer);
  }
  discardDevice(device);
}

/** Nobody has it any more. */
export function discardDevice({ payer }: NetDevice): void {
  if (payer !== null) uncharge(payer, PRICE_NET_DEVICE);
}

/** Linux: dev_change_net_namespace. */
export function moveDevice(device: NetDevice, net: NetNamespace, name: string): void {
  unlist(device);
  device.net = net;
  device.name = name;
  registerDevice(device, device.index);
  notifyLink(device, RTM_NEWLINK);
}

/** A bridge has the lowest address of its ports. Linux: br_stp_recalculate_bridge_id. */
function chooseBridgeAddress(bridge: NetDevice): void {
  const addresses = Array.from(bridge.ports, (port) => port.address).sort();
  bridge.address = addresses[0] ?? '000000000000';
}

/** Make `device` a port of `bridge`. Linux: br_add_if. */
export function addPort(bridge: NetDevice, device: NetDevice): void {
  const numbers = new Set(Array.from(bridge.ports, (port) => port.portNumber));
  let number = 1;
  while (numbers.has(number)) number++;
  device.master = bridge;
  device.portNumber = number;
  bridge.ports.add(device);
  chooseBridgeAddress(bridge);
  bridge.net.topologyChanged();
  carrierChanged(bridge);
}

export function releasePort(device: NetDevice): void {
  const bridge = device.master!;
  bridge.ports.delete(device);
  device.master = null;
  chooseBridgeAddress(bridge);
  bridge.net.topologyChanged();
  carrierChanged(bridge);
}
