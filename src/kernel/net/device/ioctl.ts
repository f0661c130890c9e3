/** Network devices by ioctl(2) on any socket. Linux: net/core/dev_ioctl.c. See netdevice(7). */

import { CAP_NET_ADMIN } from '../../../abi/capability.ts';
import { EINVAL, ENODEV, ENOTTY, EPERM } from '../../../abi/errno.ts';
import * as d from '../../../abi/net_device.ts';
import { AF_INET } from '../../../abi/socket.ts';
import type { NetNamespace } from '../../namespace/net_namespace.ts';
import type { Task } from '../../task/task.ts';
import { latin1Bytes, latin1Text } from '../../vfs/text.ts';
import { ipBytes } from '../ip_address.ts';
import { changeFlags, rename, setHardwareAddress, setMtu } from '../netlink/change_link.ts';
import { findDevice } from './device_table.ts';
import type { NetDevice } from './net_device.ts';

/** Where the union of struct ifreq begins. */
const UNION = d.IFNAMSIZ;

/** A struct ifreq in the kernel. */
interface Request {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

type Get = (device: NetDevice, request: Request) => number;

const GETTERS: ReadonlyMap<number, Get> = new Map<number, Get>([
  [d.SIOCGIFFLAGS, (device, { view }) => put16(view, device.shownFlags)],
  [d.SIOCGIFMETRIC, (_device, { view }) => put32(view, 0)],
  [d.SIOCGIFMTU, (device, { view }) => put32(view, device.mtu)],
  [d.SIOCGIFINDEX, (device, { view }) => put32(view, device.index)],
  [d.SIOCGIFTXQLEN, (device, { view }) => put32(view, device.txQueueLength)],
  [d.SIOCGIFHWADDR, putHardwareAddress],
  [
    d.SIOCGIFMAP,
    (_device, { bytes }) => {
      bytes.fill(0, UNION);
      return 0;
    },
  ],
]);

function put16(view: DataView, value: number): number {
  view.setUint16(UNION, value & 0xffff, true);
  return 0;
}

function put32(view: DataView, value: number): number {
  view.setInt32(UNION, value, true);
  return 0;
}

function putHardwareAddress({ type, address }: NetDevice, { bytes, view }: Request): number {
  bytes.fill(0, UNION, UNION + 16);
  view.setUint16(UNION, type, true);
  bytes.set(ipBytes(address), UNION + 2);
  return 0;
}

type Set = (device: NetDevice, request: Request) => number;

const SETTERS: ReadonlyMap<number, Set> = new Map<number, Set>([
  [
    d.SIOCSIFFLAGS,
    (device, { view }) => {
      changeFlags(device, view.getUint16(UNION, true));
      return 0;
    },
  ],
  [d.SIOCSIFMTU, (device, { view }) => setMtu(device, view.getInt32(UNION, true), null)],
  [
    d.SIOCSIFTXQLEN,
    (device, { view }) => {
      const length = view.getInt32(UNION, true);
      if (length < 0) return -EINVAL;
      device.txQueueLength = length;
      return 0;
    },
  ],
  [d.SIOCSIFNAME, (device, { bytes }) => rename(device, nameIn(bytes, UNION))],
  [
    d.SIOCSIFHWADDR,
    (device, { bytes, view }) =>
      view.getUint16(UNION, true) === device.type ? setHardwareAddress(device, bytes.slice(UNION + 2, UNION + 8)) : -EINVAL,
  ],
]);

export const nameIn = (bytes: Uint8Array, at: number): string => latin1Text(bytes.subarray(at, at + d.IFNAMSIZ - 1)).split('\0', 1)[0]!;

/** The device of a request; a colon begins the label of an alias. */
export const deviceOf = (net: NetNamespace, bytes: Uint8Array): NetDevice | null => findDevice(net, nameIn(bytes, 0).split(':', 1)[0]!);

/** Read, change and write back a struct ifreq. */
export function withRequest(task: Task, argument: number, act: (request: Request) => number, writes: boolean): number {
  const bytes = task.mm!.copyIn(argument, d.IFREQ_SIZE);
  if (typeof bytes === 'number') return bytes;
  const result = act({ bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) });
  return result < 0 || !writes ? result : task.mm!.copyOut(argument, bytes);
}

/** What any socket can ask: -ENOTTY for what is not about devices. */
export function deviceIoctl(task: Task, net: NetNamespace, request: number, argument: number): number {
  if (request === d.SIOCGIFCONF) return listAddresses(task, net, argument);
  if (request === d.SIOCGIFNAME) {
    return withRequest(
      task,
      argument,
      ({ bytes, view }) => {
        const device = net.devices.get(view.getInt32(UNION, true));
        if (device === undefined) return -ENODEV;
        bytes.fill(0, 0, d.IFNAMSIZ);
        bytes.set(latin1Bytes(device.name));
        return 0;
      },
      true,
    );
  }
  const get = GETTERS.get(request);
  const set = SETTERS.get(request);
  if (get === undefined && set === undefined) return -ENOTTY;
  return withRequest(
    task,
    argument,
    (ifreq) => {
      if (set !== undefined && !task.cred.capable(CAP_NET_ADMIN, net.owner)) return -EPERM;
      const device = deviceOf(net, ifreq.bytes);
      return device === null ? -ENODEV : (get ?? set!)(device, ifreq);
    },
    get !== undefined,
  );
}

/** The IPv4 addresses, each as a struct ifreq. Linux: dev_ifconf, inet_gifconf. */
function listAddresses(task: Task, net: NetNamespace, argument: number): number {
  const mm = task.mm!;
  const header = mm.copyIn(argument, 16);
  if (typeof header === 'number') return header;
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const room = view.getInt32(0, true);
  const target = view.getUint32(12, true) * 2 ** 32 + view.getUint32(8, true);
  if (room < 0) return -EINVAL;
  let used = 0;
  for (const device of net.devices.values()) {
    for (const { label, local } of device.ipv4) {
      if (target !== 0) {
        if (used + d.IFREQ_SIZE > room) break;
        const bytes = new Uint8Array(d.IFREQ_SIZE);
        bytes.set(latin1Bytes(label).subarray(0, d.IFNAMSIZ - 1));
        bytes[UNION] = AF_INET;
        bytes.set(ipBytes(local), UNION + 4);
        const failed = mm.copyOut(target + used, bytes);
        if (failed < 0) return failed;
      }
      used += d.IFREQ_SIZE;
    }
  }
  return mm.writeU32(argument, used);
}
