/** /sys/class/net and the directory of each network device. Linux: net/core/net-sysfs.c. See sysfs(5). */

import { EINVAL, EOPNOTSUPP } from '../../../abi/errno.ts';
import { IF_OPER_DOWN, IF_OPER_LOWERLAYERDOWN, IF_OPER_UNKNOWN, IF_OPER_UP } from '../../../abi/net_device.ts';
import type { NetNamespace } from '../../namespace/net_namespace.ts';
import type { NetDevice } from '../../net/device/net_device.ts';
import { deviceVariables } from '../../net/netlink/uevent.ts';
import type { SysfsDirectory, SysfsEntry } from './tree.ts';
import { SysfsLink } from './tree.ts';

const OPER_STATES: Readonly<Record<number, string>> = {
  [IF_OPER_UNKNOWN]: 'unknown',
  [IF_OPER_DOWN]: 'down',
  [IF_OPER_LOWERLAYERDOWN]: 'lowerlayerdown',
  [IF_OPER_UP]: 'up',
};

/** Counters that are always 0, as nothing of the kind happens. */
const NEVER: readonly string[] = [
  'collisions',
  'multicast',
  'rx_compressed',
  'rx_crc_errors',
  'rx_errors',
  'rx_fifo_errors',
  'rx_frame_errors',
  'rx_length_errors',
  'rx_missed_errors',
  'rx_nohandler',
  'rx_over_errors',
  'tx_aborted_errors',
  'tx_carrier_errors',
  'tx_compressed',
  'tx_errors',
  'tx_fifo_errors',
  'tx_heartbeat_errors',
  'tx_window_errors',
];

const colons = (address: string): string => `${address.match(/../g)!.join(':')}\n`;
const line = (value: number | string): string => `${value}\n`;

function statistics({ received, sent }: NetDevice): SysfsDirectory {
  return {
    ...Object.fromEntries(NEVER.map((name) => [name, line(0)])),
    rx_bytes: line(received.bytes),
    rx_dropped: line(received.dropped),
    rx_packets: line(received.packets),
    tx_bytes: line(sent.bytes),
    tx_dropped: line(sent.dropped),
    tx_packets: line(sent.packets),
  };
}

/** The attributes of a device. What Linux lets be written here is set by ip-link(8). */
function attributes(device: NetDevice): SysfsDirectory {
  const { kind, index, peer, master, up } = device;
  const entries: Record<string, SysfsEntry> = {
    addr_assign_type: line(kind === 'loopback' ? 0 : 1),
    addr_len: line(6),
    address: colons(device.address),
    broadcast: colons(device.broadcast),
    carrier: up ? line(device.carrier ? 1 : 0) : -EINVAL,
    carrier_changes: line(device.carrierUps + device.carrierDowns),
    carrier_down_count: line(device.carrierDowns),
    carrier_up_count: line(device.carrierUps),
    dev_id: '0x0\n',
    dev_port: line(0),
    dormant: line(0),
    duplex: -EINVAL,
    flags: `0x${device.flags.toString(16)}\n`,
    ifalias: device.alias === '' ? '' : line(device.alias),
    ifindex: line(index),
    iflink: line(peer?.index ?? index),
    link_mode: line(0),
    mtu: line(device.mtu),
    name_assign_type: kind === 'loopback' ? line(2) : line(3),
    netdev_group: line(device.group),
    operstate: line(OPER_STATES[device.operState]!),
    phys_port_id: -EOPNOTSUPP,
    phys_port_name: -EOPNOTSUPP,
    phys_switch_id: -EOPNOTSUPP,
    proto_down: line(0),
    speed: -EINVAL,
    statistics: statistics(device),
    subsystem: new SysfsLink('../../../../class/net'),
    testing: line(0),
    tx_queue_len: line(device.txQueueLength),
    type: line(device.type),
    uevent: deviceVariables(device)
      .map((line) => `${line}\n`)
      .join(''),
  };
  if (master !== null) entries['master'] = new SysfsLink(`../${master.name}`);
  if (kind === 'bridge')
    entries['brif'] = Object.fromEntries([...device.ports].map((port) => [port.name, new SysfsLink(`../../${port.name}/brport`)]));
  return entries;
}

const byName = (net: NetNamespace, entry: (device: NetDevice) => SysfsEntry): SysfsDirectory =>
  Object.fromEntries([...net.devices.values()].map((device) => [device.name, entry(device)]));

/** /sys/class/net: links to the devices of the namespace for which it was mounted. */
export const netClass = (net: NetNamespace): SysfsDirectory =>
  byName(net, ({ name }) => new SysfsLink(`../../devices/virtual/net/${name}`));

/** /sys/devices/virtual/net. */
export const netDevices = (net: NetNamespace): SysfsDirectory => byName(net, attributes);
