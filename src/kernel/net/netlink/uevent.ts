/** Events of devices, for udev and its like. Linux: lib/kobject_uevent.c. See udev(7), netlink(7). */

import { CAP_SYS_ADMIN } from '../../../abi/capability.ts';
import { EPERM } from '../../../abi/errno.ts';
import { NETLINK_KOBJECT_UEVENT } from '../../../abi/netlink.ts';
import type { Kernel } from '../../kernel.ts';
import { latin1Bytes } from '../../vfs/text.ts';
import { linkKinds } from '../device/link_kinds.ts';
import type { NetDevice } from '../device/net_device.ts';
import { credentialsOf } from '../socket.ts';
import { members, tellGroup } from './multicast.ts';
import { KERNEL_PORT, type NetlinkSocket } from './netlink_socket.ts';
import type { NetlinkRequest } from './request.ts';

/** Where the kernel speaks; udev tells the others in group 2. */
const GROUP = 1;

const seqnum = (kernel: Kernel): string => `SEQNUM=${++kernel.ueventNumber}\0`;
const pathOf = (name: string): string => `/devices/virtual/net/${name}`;

/** What a device's uevent attribute shows, too. Linux: netdev_uevent. */
export const deviceVariables = ({ kind, name, index }: NetDevice): string[] => [
  ...(linkKinds[kind].info === 'bridge' ? ['DEVTYPE=bridge'] : []),
  `INTERFACE=${name}`,
  `IFINDEX=${index}`,
];

/** Linux: kobject_uevent_env. */
export function deviceEvent(device: NetDevice, action: 'add' | 'remove' | 'move', oldName: string = device.name): void {
  tellGroup(device.net, NETLINK_KOBJECT_UEVENT, GROUP, () => {
    const path = pathOf(device.name);
    const old = action === 'move' ? [`DEVPATH_OLD=${pathOf(oldName)}`] : [];
    const lines = [`${action}@${path}`, `ACTION=${action}`, `DEVPATH=${path}`, 'SUBSYSTEM=net', ...old, ...deviceVariables(device)];
    return latin1Bytes(`${lines.join('\0')}\0${seqnum(device.net.kernel)}`);
  });
}

/** An event that a program makes up, for its own namespace. Linux: uevent_net_rcv_skb. */
export function injectEvent(socket: NetlinkSocket, request: NetlinkRequest): number {
  const { task, net, body } = request;
  if (!socket.mayAdminister(task, CAP_SYS_ADMIN)) return request.refuse(EPERM, 'missing CAP_SYS_ADMIN capability');
  const number = latin1Bytes(seqnum(net.kernel));
  const bytes = new Uint8Array(body.length + number.length);
  bytes.set(body);
  bytes.set(number, body.length);
  for (const listener of members(net, NETLINK_KOBJECT_UEVENT, GROUP)) listener.deliver(bytes, GROUP, KERNEL_PORT, credentialsOf(task));
  return 0;
}
