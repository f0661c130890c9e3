/** The options of levels IPPROTO_IP and IPPROTO_IPV6: a table. Linux: net/ipv4/ip_sockglue.c, net/ipv6/ipv6_sockglue.c. See ip(7), ipv6(7). */

import { EINVAL, ENOPROTOOPT, ENOTCONN } from '../../../abi/errno.ts';
import * as i from '../../../abi/inet.ts';
import { AF_INET6 } from '../../../abi/socket.ts';
import type { Task } from '../../task/task.ts';
import type { InetSocket } from './inet_socket.ts';

interface OptionRow {
  /** Under which name its value is kept. */
  readonly key: string;
  readonly initial: number;
  readonly min: number;
  readonly max: number;
  /** What stands for the default; null if nothing does. */
  readonly reset: number | null;
  /** A switch: any number is 1. */
  readonly boolean: boolean;
}

const number = (key: string, initial: number, min: number, max: number, reset: number | null = null): OptionRow => ({
  key,
  initial,
  min,
  max,
  reset,
  boolean: false,
});
const onOff = (key: string, initial = 0): OptionRow => ({ key, initial, min: -0x80000000, max: 0x7fffffff, reset: null, boolean: true });

const IP: ReadonlyMap<number, OptionRow> = new Map([
  [i.IP_TOS, number('tos', 0, 0, 255)],
  [i.IP_TTL, number('ttl', 64, 1, 255, -1)],
  [i.IP_PKTINFO, onOff('pktinfo')],
  [i.IP_MTU_DISCOVER, number('mtuDiscover', 1, 0, 5)],
  [i.IP_RECVERR, onOff('receiveErrors')],
  [i.IP_RECVTTL, onOff('receiveTtl')],
  [i.IP_RECVTOS, onOff('receiveTos')],
  [i.IP_MULTICAST_TTL, number('multicastTtl', 1, 0, 255, -1)],
  [i.IP_MULTICAST_LOOP, onOff('multicastLoop', 1)],
]);

const IPV6: ReadonlyMap<number, OptionRow> = new Map([
  [i.IPV6_UNICAST_HOPS, number('ttl', 64, 0, 255, -1)],
  [i.IPV6_MULTICAST_HOPS, number('multicastTtl', 1, 0, 255, -1)],
  [i.IPV6_MULTICAST_LOOP, onOff('multicastLoop', 1)],
  [i.IPV6_MTU_DISCOVER, number('mtuDiscover6', 1, 0, 5)],
  [i.IPV6_RECVERR, onOff('receiveErrors6')],
  [i.IPV6_RECVPKTINFO, onOff('pktinfo6')],
  [i.IPV6_RECVHOPLIMIT, onOff('receiveTtl6')],
  [i.IPV6_RECVTCLASS, onOff('receiveTos6')],
  [i.IPV6_TCLASS, number('tclass', 0, 0, 255, -1)],
]);

const rowOf = (socket: InetSocket, level: number, name: number): OptionRow | null => {
  if (level === i.IPPROTO_IP) return IP.get(name) ?? null;
  return level === i.IPPROTO_IPV6 && socket.family === AF_INET6 ? (IPV6.get(name) ?? null) : null;
};

/** The value of an option, 0 or its default if it was never set. */
export const optionValue = (socket: InetSocket, key: string): number => socket.ipOptions.get(key) ?? 0;

function readNumber(bytes: Uint8Array): number | null {
  if (bytes.length >= 4) return new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
  return bytes.length >= 1 ? bytes[0]! : null;
}

const int32 = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);

export function setInetOption(_task: Task, socket: InetSocket, level: number, name: number, bytes: Uint8Array): number {
  const value = readNumber(bytes);
  if (level === i.IPPROTO_IPV6 && name === i.IPV6_V6ONLY && socket.family === AF_INET6) {
    if (value === null || bytes.length < 4 || socket.localPort !== 0) return -EINVAL;
    socket.v6Only = value !== 0;
    return 0;
  }
  const row = rowOf(socket, level, name);
  if (row === null) return -ENOPROTOOPT;
  if (value === null) return -EINVAL;
  if (row.reset === value) {
    socket.ipOptions.delete(row.key);
    return 0;
  }
  if (value < row.min || value > row.max) return -EINVAL;
  socket.ipOptions.set(row.key, row.boolean ? Number(value !== 0) : value);
  return 0;
}

export function getInetOption(_task: Task, socket: InetSocket, level: number, name: number): Uint8Array | number {
  if (level === i.IPPROTO_IPV6 && name === i.IPV6_V6ONLY && socket.family === AF_INET6) return int32(socket.v6Only ? 1 : 0);
  if (level === i.IPPROTO_IP && name === i.IP_MTU) {
    if (socket.remote === null) return -ENOTCONN;
    const arrival = socket.pathTo(socket.remote, socket.remoteScope);
    return typeof arrival === 'number' ? -ENOTCONN : int32(arrival.hops[0]!.mtu);
  }
  const row = rowOf(socket, level, name);
  if (row === null) return -ENOPROTOOPT;
  return int32(socket.ipOptions.get(row.key) ?? (row.key === 'ttl' ? socket.net.sysctls.defaultTtl : row.initial));
}
