/** Devices go up and down, and what follows: addresses, routes, carriers, messages. Linux: dev_change_flags, inetdev_event, addrconf_notify. */

import { IFF_UP } from '../../../abi/net_device.ts';
import * as n from '../../../abi/netlink.ts';
import { LOOPBACK4, LOOPBACK6 } from '../ip_address.ts';
import { notifyLink } from '../netlink/notify.ts';
import { addAddress, addressRoutes, makeAddress, removeAddress } from './addresses.ts';
import type { NetDevice } from './net_device.ts';

/** Set the flags; the device goes up or down with IFF_UP. */
export function setFlags(device: NetDevice, flags: number): void {
  const before = device.flags;
  if (flags === before) return;
  device.flags = flags;
  device.net.topologyChanged();
  if (((before ^ flags) & IFF_UP) === 0) {
    notifyLink(device, n.RTM_NEWLINK);
    return;
  }
  if (device.up) goUp(device);
  else goDown(device);
}

function goUp(device: NetDevice): void {
  device.everUp = true;
  notifyLink(device, n.RTM_NEWLINK);
  if (device.isLoopback) addLoopbackAddresses(device);
  for (const address of [...device.ipv4, ...device.ipv6]) addressRoutes(device, address);
  if (device.kind === 'dummy' || device.kind === 'bridge') linkLocal(device);
  tellNeighbours(device);
}

function addLoopbackAddresses(device: NetDevice): void {
  if (!device.ipv4.some(({ local }) => local === LOOPBACK4))
    addAddress(device, makeAddress(device, LOOPBACK4, 8, { scope: n.RT_SCOPE_HOST }));
  if (!device.ipv6.some(({ local }) => local === LOOPBACK6))
    addAddress(device, makeAddress(device, LOOPBACK6, 128, { scope: n.RT_SCOPE_HOST, protocol: n.IFAPROT_KERNEL_LO }));
}

/** IPv6 addresses are lost; IPv4 addresses stay, without their routes. Linux: fib_disable_ip, addrconf_ifdown. */
function goDown(device: NetDevice): void {
  device.net.fib.deviceDown(device);
  for (const address of [...device.ipv6]) removeAddress(device, address);
  notifyLink(device, n.RTM_NEWLINK);
  tellNeighbours(device);
}

/** The carriers of the other end of a pair and of the bridge depend on this device. */
function tellNeighbours(device: NetDevice): void {
  carrierChanged(device);
  if (device.peer !== null) carrierChanged(device.peer);
}

/** The carrier may have changed. */
export function carrierChanged(device: NetDevice): void {
  const carrier = device.kind === 'bridge' && !device.up ? device.hadCarrier : device.carrier;
  if (carrier !== device.hadCarrier) {
    device.hadCarrier = carrier;
    if (carrier) device.carrierUps++;
    else device.carrierDowns++;
    device.net.topologyChanged();
    notifyLink(device, n.RTM_NEWLINK);
    if (device.master !== null) carrierChanged(device.master);
  }
  if (device.running) linkLocal(device);
}

/** An address made of the link-layer address: fe80::/64. Linux: addrconf_addr_gen. */
function linkLocal(device: NetDevice): void {
  if (device.isLoopback || !device.running || device.ipv6.some(({ protocol }) => protocol === n.IFAPROT_KERNEL_LL)) return;
  const { address: mac } = device;
  const first = (Number.parseInt(mac.slice(0, 2), 16) ^ 2).toString(16).padStart(2, '0');
  const local = `fe80${'0'.repeat(12)}${first}${mac.slice(2, 6)}fffe${mac.slice(6)}`;
  addAddress(device, makeAddress(device, local, 64, { scope: n.RT_SCOPE_LINK, protocol: n.IFAPROT_KERNEL_LL }));
}
