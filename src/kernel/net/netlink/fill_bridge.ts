/** The parameters of a bridge and of its ports, which have Linux's default values. Linux: br_fill_info, br_port_fill_attrs. */

import * as n from '../../../abi/netlink.ts';
import type { NetDevice } from '../device/net_device.ts';
import { ipBytes } from '../ip_address.ts';
import type { MessageWriter } from './attributes.ts';

/** Attributes with their sizes and values, in the order in which they are sent. ID is the bridge's own priority and address. */
type Row =
  | readonly [attribute: number, size: 1 | 2 | 4 | 8, value: number]
  | readonly [attribute: number, 'id' | 'group' | 'options' | 'number' | 'port'];

/** IFLA_BR_. */
const BRIDGE: readonly Row[] = [
  // Timers: hello, tcn, topology change, garbage collection.
  [16, 8, 0],
  [17, 8, 0],
  [18, 8, 0],
  [19, 8, 0],
  // Forward delay, hello time, maximal age, ageing time in hundredths of a second; STP, priority, VLAN filtering, group forwarding.
  [1, 4, 1500],
  [2, 4, 200],
  [3, 4, 2000],
  [4, 4, 30000],
  [5, 4, 0],
  [6, 2, 32768],
  [7, 1, 0],
  [9, 2, 0],
  [11, 'id'],
  [10, 'id'],
  [12, 2, 0],
  [13, 4, 0],
  [14, 1, 0],
  [15, 1, 0],
  [20, 'group'],
  [46, 'options'],
  [48, 4, 0],
  [49, 4, 0],
  // VLANs.
  [8, 2, 0x0081],
  [39, 2, 1],
  [41, 1, 0],
  [45, 1, 0],
  // Multicast.
  [22, 1, 1],
  [23, 1, 1],
  [24, 1, 0],
  [25, 1, 0],
  [42, 1, 0],
  [26, 4, 16],
  [27, 4, 4096],
  [28, 4, 2],
  [29, 4, 2],
  [43, 1, 2],
  [44, 1, 1],
  [30, 8, 100],
  [31, 8, 26000],
  [32, 8, 25500],
  [33, 8, 12500],
  [34, 8, 1000],
  [35, 8, 3124],
  // Netfilter's calls.
  [36, 1, 0],
  [37, 1, 0],
  [38, 1, 0],
];

/** IFLA_BRPORT_. */
const PORT: readonly Row[] = [
  [2, 2, 32],
  [3, 4, 2],
  [4, 1, 0],
  [5, 1, 0],
  [6, 1, 0],
  [7, 1, 0],
  [28, 1, 0],
  [8, 1, 1],
  [9, 1, 1],
  [27, 1, 1],
  [30, 1, 1],
  [10, 1, 0],
  [12, 1, 0],
  [13, 'id'],
  [14, 'id'],
  [15, 'port'],
  [16, 2, 0],
  [17, 'port'],
  [18, 'number'],
  [19, 1, 0],
  [20, 1, 0],
  [29, 1, 0],
];
const IFLA_BRPORT_STATE = 1;
const BR_STATE_DISABLED = 0;
const BR_STATE_FORWARDING = 3;

/** Priority of a port, in the high bits of its id. */
const PORT_ID = 0x8000;
/** 01:80:c2:00:00:00. */
const GROUP = '0180c2000000';

function fill(message: MessageWriter, rows: readonly Row[], bridge: NetDevice, port: number): void {
  for (const row of rows) {
    const [attribute, size] = row;
    if (size === 'id') message.attribute(attribute, Uint8Array.of(0x80, 0, ...ipBytes(bridge.address)));
    else if (size === 'group') message.attribute(attribute, ipBytes(GROUP));
    else if (size === 'options') message.attribute(attribute, Uint8Array.of(0, 0, 0, 0, 7, 0, 0, 0));
    else
      message.attribute(
        attribute,
        little(size === 'number' || size === 'port' ? 2 : size, size === 'number' ? port : size === 'port' ? PORT_ID | port : row[2]!),
      );
  }
}

function little(size: number, value: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0, rest = value; i < Math.min(size, 4); i++, rest >>>= 8) bytes[i] = rest & 0xff;
  return bytes;
}

export function fillBridge(message: MessageWriter, bridge: NetDevice): void {
  const at = message.open(n.IFLA_INFO_DATA);
  fill(message, BRIDGE, bridge, 0);
  message.close(at);
}

export function fillBridgePort(message: MessageWriter, port: NetDevice): void {
  const at = message.open(n.IFLA_INFO_SLAVE_DATA);
  const bridge = port.master!;
  message.attribute8(IFLA_BRPORT_STATE, bridge.up && port.running ? BR_STATE_FORWARDING : BR_STATE_DISABLED);
  fill(message, PORT, bridge, port.portNumber);
  message.close(at);
}
