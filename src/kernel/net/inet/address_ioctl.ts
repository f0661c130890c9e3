/** IPv4 addresses of devices by ioctl(2) on AF_INET sockets. Linux: devinet_ioctl. See netdevice(7). */

import { CAP_NET_ADMIN } from '../../../abi/capability.ts';
import { EADDRNOTAVAIL, EINVAL, ENODEV, ENOMEM, ENOTTY, EPERM } from '../../../abi/errno.ts';
import * as d from '../../../abi/net_device.ts';
import { RT_SCOPE_HOST, RT_SCOPE_UNIVERSE } from '../../../abi/netlink.ts';
import { AF_INET } from '../../../abi/socket.ts';
import { charge, PRICE_NET_ADDRESS } from '../../mm/price.ts';
import type { NetNamespace } from '../../namespace/net_namespace.ts';
import type { Task } from '../../task/task.ts';
import { addAddress, makeAddress, removeAddress } from '../device/addresses.ts';
import type { InetAddress } from '../device/inet_address.ts';
import { deviceOf, nameIn, withRequest } from '../device/ioctl.ts';
import type { NetDevice } from '../device/net_device.ts';
import { ANY4, broadcastOf, type Ip, ipBytes, ipOf, isAny, isLoopback, netmaskOf } from '../ip_address.ts';
import { changeFlags } from '../netlink/change_link.ts';

/** Where struct sockaddr_in begins in struct ifreq, and the address in it. */
const SOCKADDR = 16;
const ADDRESS = 20;

const GETTERS: ReadonlyMap<number, (address: InetAddress) => Ip> = new Map([
  [d.SIOCGIFADDR, ({ local }) => local],
  [d.SIOCGIFBRDADDR, ({ broadcast }) => broadcast ?? ANY4],
  [d.SIOCGIFDSTADDR, ({ peer }) => peer],
  [d.SIOCGIFNETMASK, ({ prefixLength }) => netmaskOf(prefixLength)],
]);
const SETTERS: ReadonlySet<number> = new Set([d.SIOCSIFADDR, d.SIOCSIFBRDADDR, d.SIOCSIFNETMASK, d.SIOCSIFFLAGS]);

/** -ENOTTY for other requests. */
export function addressIoctl(task: Task, net: NetNamespace, request: number, argument: number): number {
  const get = GETTERS.get(request);
  if (get === undefined && !SETTERS.has(request)) return -ENOTTY;
  return withRequest(
    task,
    argument,
    ({ bytes, view }) => {
      if (get === undefined) {
        if (!task.cred.capable(CAP_NET_ADMIN, net.owner)) return -EPERM;
        if (request !== d.SIOCSIFFLAGS && view.getUint16(SOCKADDR, true) !== AF_INET) return -EINVAL;
      }
      const device = deviceOf(net, bytes);
      if (device === null) return -ENODEV;
      const label = nameIn(bytes, 0);
      const address = device.ipv4.find((one) => one.label === label) ?? null;
      if (get === undefined)
        return change(task, device, address, request, ipOf(bytes.subarray(ADDRESS, ADDRESS + 4)), view.getUint16(SOCKADDR, true), label);
      if (address === null) return -EADDRNOTAVAIL;
      bytes.fill(0, SOCKADDR, SOCKADDR + 16);
      bytes[SOCKADDR] = AF_INET;
      bytes.set(ipBytes(get(address)), ADDRESS);
      return 0;
    },
    get !== undefined,
  );
}

function change(task: Task, device: NetDevice, address: InetAddress | null, request: number, ip: Ip, flags: number, label: string): number {
  if (request === d.SIOCSIFFLAGS) {
    if (!label.includes(':')) changeFlags(device, flags);
    else if (address === null) return -EADDRNOTAVAIL;
    else if ((flags & d.IFF_UP) === 0) removeAddress(device, address);
    return 0;
  }
  if (request === d.SIOCSIFADDR) return setAddress(task, device, address, ip, label);
  if (address === null) return -EADDRNOTAVAIL;
  if (request === d.SIOCSIFBRDADDR) return replace(task, device, address, { broadcast: ip });
  const prefixLength = lengthOf(ip);
  if (prefixLength < 0) return -EINVAL;
  // A broadcast address that was the network's follows the new mask.
  const follows = address.prefixLength < 31 && address.broadcast === broadcastOf(address.local, address.prefixLength);
  return replace(task, device, address, {
    prefixLength,
    broadcast: follows ? broadcastOf(address.local, prefixLength) : address.broadcast,
  });
}

/** Bits of a netmask; -1 if it has holes. */
function lengthOf(mask: Ip): number {
  for (let length = 0; length <= 32; length++) if (netmaskOf(length) === mask) return length;
  return -1;
}

/** The length of the prefix of a class A, B or C. Linux: inet_abc_len. */
function classLength(ip: Ip): number {
  if (ip === ANY4) return 0;
  const first = Number.parseInt(ip.slice(0, 2), 16);
  if (first < 0x80) return 8;
  return first < 0xc0 ? 16 : first < 0xe0 ? 24 : -1;
}

function setAddress(task: Task, device: NetDevice, old: InetAddress | null, ip: Ip, label: string): number {
  const prefixLength = classLength(ip);
  if (prefixLength < 0) return -EINVAL;
  if (old !== null) removeAddress(device, old);
  if (isAny(ip)) return 0;
  const broadcast = (device.flags & d.IFF_BROADCAST) !== 0 && prefixLength < 31 ? broadcastOf(ip, prefixLength) : null;
  return add(task, device, ip, { prefixLength, broadcast, label });
}

const replace = (
  task: Task,
  device: NetDevice,
  old: InetAddress,
  changes: Pick<Partial<InetAddress>, 'prefixLength' | 'broadcast'>,
): number => {
  removeAddress(device, old);
  return add(task, device, old.local, { prefixLength: old.prefixLength, broadcast: old.broadcast, label: old.label, ...changes });
};

function add(
  task: Task,
  device: NetDevice,
  ip: Ip,
  { prefixLength, ...details }: { readonly prefixLength: number; readonly broadcast: Ip | null; readonly label: string },
): number {
  const payer = task.group.cgroup.memory;
  if (!charge(task.kernel, payer, PRICE_NET_ADDRESS)) return -ENOMEM;
  const scope = isLoopback(ip) ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
  return addAddress(device, makeAddress(device, ip, prefixLength, { ...details, scope, payer }));
}
