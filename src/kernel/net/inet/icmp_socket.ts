/** ICMP: ping sockets and raw sockets, and the echo that every namespace answers. Linux: net/ipv4/ping.c, raw.c, icmp.c. See icmp(7), raw(7). */

import { EINVAL, ENOPROTOOPT, EOPNOTSUPP } from '../../../abi/errno.ts';
import * as i from '../../../abi/inet.ts';
import { AF_INET, SOCK_DGRAM, SOCK_RAW } from '../../../abi/socket.ts';
import type { Task } from '../../task/task.ts';
import { type Ip, ipBytes, isIp4 } from '../ip_address.ts';
import { type Arrival, countTraffic, findPath } from '../route/path.ts';
import { makerOf } from '../socket.ts';
import { accepted } from '../socket_filter.ts';
import { InetDatagramSocket } from './inet_datagram.ts';
import type { Output } from './inet_socket.ts';
import { type Endpoint, sockaddr } from './sockaddr.ts';

const HEADER = 8;
const IP_HEADER = 20;
const MAXIMUM = 65507;
const DEFAULT_TTL = 64;

/** RFC 1071, over `bytes` and, for ICMPv6, a pseudo header that adds `initial`. */
function checksum(bytes: Uint8Array, initial = 0): number {
  let sum = initial;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** A message with its checksum. */
function sealed(message: Uint8Array, source: Ip, destination: Ip): Uint8Array {
  const bytes = message.slice();
  bytes[2] = bytes[3] = 0;
  let initial = 0;
  if (!isIp4(source)) {
    for (const ip of [source, destination]) for (const [k, byte] of ipBytes(ip).entries()) initial += k % 2 === 0 ? byte << 8 : byte;
    initial += bytes.length + i.IPPROTO_ICMPV6;
  }
  new DataView(bytes.buffer).setUint16(2, checksum(bytes, initial));
  return bytes;
}

export class IcmpSocket extends InetDatagramSocket {
  /** ICMP_FILTER: a bit for each type that is not wanted. */
  private typeFilter = 0;

  static create(task: Task, family: number, type: number, flags: number): IcmpSocket {
    const protocol = family === AF_INET ? i.IPPROTO_ICMP : i.IPPROTO_ICMPV6;
    const socket = new IcmpSocket(makerOf(task), task.nsproxy.net, family, type, protocol, flags);
    if (type === SOCK_RAW) socket.listenRaw();
    return socket;
  }

  /** Raw sockets get everything of their protocol. */
  private listenRaw(): void {
    this.localPort = this.protocol;
    this.net.rawSockets.add(this);
  }

  protected override leavePort(): void {
    if (this.isRaw) this.net.rawSockets.delete(this);
    else super.leavePort();
  }

  protected override takePort(port: number): number {
    if (this.isRaw) return 0;
    return super.takePort(port);
  }

  protected override get needsPort(): boolean {
    return false;
  }

  protected get maximum(): number {
    return MAXIMUM;
  }

  private get echoRequest(): number {
    return this.family === AF_INET ? i.ICMP_ECHO : i.ICMPV6_ECHO_REQUEST;
  }

  protected transmit(_task: Task, bytes: Uint8Array, { ip, scope }: Endpoint, { source, broadcast }: Output): number {
    if (broadcast) return -EOPNOTSUPP;
    const message = bytes.slice();
    if (!this.isRaw) {
      if (bytes.length < HEADER || bytes[0] !== this.echoRequest || bytes[1] !== 0) return -EINVAL;
      new DataView(message.buffer).setUint16(4, this.localPort);
    }
    const arrival = this.pathTo(ip, scope);
    if (typeof arrival === 'number') return Math.min(arrival, 0);
    arrive(message.length < 4 ? message : sealed(message, source, ip), source, ip, arrival, this.hopLimit);
    return 0;
  }

  /** A message has come for this socket. */
  take(message: Uint8Array, source: Ip, destination: Ip, { device }: Arrival, ttl: number): void {
    if (this.isRaw && this.family === AF_INET && ((this.typeFilter >>> (message[0]! & 31)) & 1) !== 0) return;
    const bytes = this.isRaw && this.family === AF_INET ? withHeader(message, source, destination, ttl) : message;
    const taken = accepted(this, bytes);
    if (taken < 0) return;
    const name = sockaddr(this.family, source, 0, source.startsWith('fe8') ? device.index : 0);
    this.queue.push(this, {
      bytes: bytes.subarray(0, taken),
      name,
      cred: null,
      details: this.detailsOf(device.index, destination, ttl, 0),
    });
  }

  /** Whether packets between these addresses are for this socket. */
  hears(source: Ip, destination: Ip): boolean {
    return (
      (this.remote === null || this.remote === source) &&
      (this.local === this.any || this.local === destination) &&
      isIp4(destination) === (this.family === AF_INET)
    );
  }

  override setOption(task: Task, level: number, name: number, value: Uint8Array): number {
    if (level !== i.SOL_RAW) return super.setOption(task, level, name, value);
    if (name !== i.ICMP_FILTER || !this.isRaw || this.family !== AF_INET) return -ENOPROTOOPT;
    if (value.length < 4) return -EINVAL;
    this.typeFilter = new DataView(value.buffer, value.byteOffset).getUint32(0, true);
    return 0;
  }
}

/** Raw sockets of IPv4 are given the IP header too. */
function withHeader(message: Uint8Array, source: Ip, destination: Ip, ttl: number): Uint8Array {
  const bytes = new Uint8Array(IP_HEADER + message.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x45;
  view.setUint16(2, bytes.length);
  bytes[8] = ttl;
  bytes[9] = i.IPPROTO_ICMP;
  bytes.set(ipBytes(source), 12);
  bytes.set(ipBytes(destination), 16);
  view.setUint16(10, checksum(bytes.subarray(0, IP_HEADER)));
  bytes.set(message, IP_HEADER);
  return bytes;
}

/** A message reaches a namespace: sockets get it, and an echo request is answered. */
function arrive(message: Uint8Array, source: Ip, destination: Ip, arrival: Arrival, ttl: number): void {
  const { net, hops } = arrival;
  const four = isIp4(destination);
  countTraffic(hops, 1, message.length + (four ? IP_HEADER : 2 * IP_HEADER));
  const left = ttl - hops.length / 2 + 1;
  for (const raw of net.rawSockets) if (raw.hears(source, destination)) raw.take(message, source, destination, arrival, left);
  const [request, reply] = four ? [i.ICMP_ECHO, i.ICMP_ECHOREPLY] : [i.ICMPV6_ECHO_REQUEST, i.ICMPV6_ECHO_REPLY];
  if (message[0] === reply && message.length >= HEADER) {
    const identifier = (message[4]! << 8) | message[5]!;
    const protocol = four ? i.IPPROTO_ICMP : i.IPPROTO_ICMPV6;
    for (const holder of net.ports.on(protocol, identifier))
      if (holder instanceof IcmpSocket && holder.type === SOCK_DGRAM && holder.hears(source, destination))
        holder.take(message, source, destination, arrival, left);
  }
  if (message[0] !== request || message.length < HEADER || (four && net.sysctls.echoIgnoreAll)) return;
  const back = findPath(net, source, null, DEFAULT_TTL);
  if (typeof back === 'number') return;
  const answer = message.slice();
  answer[0] = reply;
  arrive(sealed(answer, destination, source), destination, source, back, DEFAULT_TTL);
}
