/** /proc/net files about devices, addresses and routes. Linux: net/core/net-procfs.c, fib_trie.c, addrconf.c. See proc_pid_net(5). */

import * as n from '../../../abi/netlink.ts';
import type { NetDevice } from '../../net/device/net_device.ts';
import { ANY4, type Ip, ipBytes } from '../../net/ip_address.ts';
import type { Route } from '../../net/route/route.ts';
import { file, type ProcContext, type ProcEntry } from './entry.ts';

const netOf = ({ target }: ProcContext): ProcContext['target']['nsproxy']['net'] => target.nsproxy.net;
const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0');

const RTF_UP = 0x1;
const RTF_GATEWAY = 0x2;
const RTF_HOST = 0x4;
const RTF_REJECT = 0x200;
const RTF_LOCAL = 0x80000000;
/** Columns of a line of /proc/net/route. */
const ROUTE_WIDTH = 127;

/** An IPv4 address as the number that a little-endian machine sees. */
const little = (ip: Ip): string =>
  Array.from(ipBytes(ip).reverse(), (byte) => hex(byte, 2))
    .join('')
    .toUpperCase();

function deviceRow({ name, received, sent }: NetDevice): string {
  const pad = (value: number, width: number): string => String(value).padStart(width);
  const input = `${pad(received.bytes, 7)} ${pad(received.packets, 7)} ${pad(0, 4)} ${pad(received.dropped, 4)} ${pad(0, 4)} ${pad(0, 5)} ${pad(0, 10)} ${pad(0, 9)}`;
  const output = `${pad(sent.bytes, 8)} ${pad(sent.packets, 7)} ${pad(0, 4)} ${pad(sent.dropped, 4)} ${pad(0, 4)} ${pad(0, 5)} ${pad(0, 7)} ${pad(0, 10)}`;
  return `${name.padStart(6)}: ${input} ${output}\n`;
}

/** Linux: fib_route_seq_show. */
function routeRow(route: Route): string {
  const { device, destination, length, gateway, priority, type } = route;
  const refuses = type === n.RTN_UNREACHABLE || type === n.RTN_PROHIBIT;
  const flags = RTF_UP | (refuses ? RTF_REJECT : 0) | (gateway !== null ? RTF_GATEWAY : 0) | (length === 32 ? RTF_HOST : 0);
  const mask = little(hex(length === 0 ? 0 : (-1 << (32 - length)) >>> 0, 8));
  const columns = [
    device?.name ?? '*',
    little(destination),
    little(gateway ?? ANY4),
    hex(flags, 4).toUpperCase(),
    0,
    0,
    priority,
    mask,
    0,
    0,
    0,
  ];
  return `${columns.join('\t').padEnd(ROUTE_WIDTH)}\n`;
}

function routes(context: ProcContext): string {
  const header = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT'.padEnd(ROUTE_WIDTH);
  const shown = netOf(context)
    .fib.list(4)
    .filter(({ table, type }) => table === n.RT_TABLE_MAIN && type !== n.RTN_BROADCAST && type !== n.RTN_MULTICAST);
  return `${header}\n${shown.map(routeRow).join('')}`;
}

/** Linux: if6_seq_show. */
function addresses6(context: ProcContext): string {
  let text = '';
  for (const { index, name, ipv6 } of netOf(context).devices.values())
    for (const { local, prefixLength, scope, flags } of ipv6) {
      const kind = scope === n.RT_SCOPE_HOST ? 0x10 : scope === n.RT_SCOPE_LINK ? 0x20 : 0;
      text += `${local} ${hex(index, 2)} ${hex(prefixLength, 2)} ${hex(kind, 2)} ${hex(flags & 0xff, 2)} ${name.padStart(8)}\n`;
    }
  return text;
}

/** Linux: rt6_info_route. */
function routes6(context: ProcContext): string {
  const none = '0'.repeat(32);
  let text = '';
  for (const { destination, length, gateway, priority, type, device } of netOf(context).fib.list(6)) {
    const flags = (RTF_UP | (gateway !== null ? RTF_GATEWAY : 0) | (type === n.RTN_LOCAL ? RTF_LOCAL : 0)) >>> 0;
    text += `${destination} ${hex(length, 2)} ${none} 00 ${gateway ?? none} ${hex(priority, 8)} 00000001 00000000 ${hex(flags, 8)} ${(device?.name ?? '').padStart(8)}\n`;
  }
  return text;
}

export const deviceFiles: Readonly<Record<string, ProcEntry>> = {
  // There is no cache of neighbours.
  arp: file(0o444, () => 'IP address       HW type     Flags       HW address            Mask     Device\n'),
  dev: file(
    0o444,
    (context) =>
      'Inter-|   Receive                                                |  Transmit\n' +
      ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n' +
      [...netOf(context).devices.values()].map(deviceRow).join(''),
  ),
  if_inet6: file(0o444, addresses6),
  ipv6_route: file(0o444, routes6),
  route: file(0o444, routes),
};
