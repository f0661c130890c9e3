/** UDP sockets. Linux: net/ipv4/udp.c, net/ipv6/udp.c. See udp(7). */

import { ECONNREFUSED, ENOPROTOOPT } from '../../../abi/errno.ts';
import { IPPROTO_UDP } from '../../../abi/inet.ts';
import { AF_INET, SOCK_DGRAM, SOL_SOCKET } from '../../../abi/socket.ts';
import type { Task } from '../../task/task.ts';
import { type Ip, isIp4 } from '../ip_address.ts';
import { type Arrival, countTraffic, segment } from '../route/path.ts';
import { makerOf } from '../socket.ts';
import { accepted } from '../socket_filter.ts';
import { InetDatagramSocket } from './inet_datagram.ts';
import type { Output } from './inet_socket.ts';
import type { PortHolder } from './port_table.ts';
import { type Endpoint, sockaddr } from './sockaddr.ts';

const HEADER = 8;
const HEADERS4 = 28;
const HEADERS6 = 48;
/** 65535 less the headers. */
const MAXIMUM4 = 65507;
const MAXIMUM6 = 65527;
/** Linux: SOL_UDP. */
const SOL_UDP = 17;

const isUdp = (holder: PortHolder): holder is UdpSocket => holder instanceof UdpSocket;

export class UdpSocket extends InetDatagramSocket {
  static create(task: Task, family: number, flags: number): UdpSocket {
    return new UdpSocket(makerOf(task), task.nsproxy.net, family, SOCK_DGRAM, IPPROTO_UDP, flags);
  }

  protected get maximum(): number {
    return this.family === AF_INET ? MAXIMUM4 : MAXIMUM6;
  }

  protected transmit(_task: Task, bytes: Uint8Array, { ip, port, scope }: Endpoint, { source, device, broadcast }: Output): number {
    if (broadcast) {
      this.broadcast(bytes, ip, port, source, device);
      return 0;
    }
    const arrival = this.pathTo(ip, scope);
    if (typeof arrival === 'number') return Math.min(arrival, 0);
    countTraffic(arrival.hops, 1, bytes.length + (isIp4(ip) ? HEADERS4 : HEADERS6));
    const { net, device: input } = arrival;
    const packet = { source, sourcePort: this.localPort, destination: ip, device: input.index };
    const receiver = net.ports.find(net.ports.on(IPPROTO_UDP, port), isUdp, packet);
    if (receiver !== null) receiver.arrive(bytes, packet, arrival, this);
    // ICMP says so, and a connected socket hears it.
    else if (this.remote !== null && this.remote === ip) this.refused(ECONNREFUSED);
    return 0;
  }

  /** To everybody on the link, and this namespace too. */
  private broadcast(bytes: Uint8Array, destination: Ip, port: number, source: Ip, output: Output['device']): void {
    const inputs = output.isLoopback ? [output] : [output, ...segment(output)];
    for (const device of inputs) {
      const packet = { source, sourcePort: this.localPort, destination, device: device.index };
      const hops = device === output ? [output, output] : [output, device];
      countTraffic(hops, 1, bytes.length + HEADERS4);
      for (const holder of [...device.net.ports.on(IPPROTO_UDP, port)]) {
        if (!isUdp(holder) || device.net.ports.find([holder], isUdp, packet) === null) continue;
        holder.arrive(bytes, packet, { net: device.net, device, hops }, this);
      }
    }
  }

  private arrive(
    bytes: Uint8Array,
    { source, sourcePort, destination }: { source: Ip; sourcePort: number; destination: Ip },
    { device, hops }: Arrival,
    sender: UdpSocket,
  ): void {
    const scope = device.isLoopback ? 0 : device.index;
    const name = sockaddr(this.family, source, sourcePort, source.startsWith('fe8') ? scope : 0);
    const taken = this.taken(bytes, sourcePort);
    if (taken < 0) return;
    const ttl = sender.hopLimit - hops.length / 2 + 1;
    const details = this.detailsOf(device.index, destination, ttl, sender.ipOptions.get(isIp4(destination) ? 'tos' : 'tclass') ?? 0);
    if (!this.queue.push(this, { bytes: bytes.subarray(0, taken), name, cred: null, details })) device.received.dropped++;
  }

  /** How much of a datagram its filter lets through, -1 for nothing; it sees the header, too. */
  private taken(bytes: Uint8Array, sourcePort: number): number {
    if (this.filter === null) return bytes.length;
    const packet = new Uint8Array(HEADER + bytes.length);
    const view = new DataView(packet.buffer);
    view.setUint16(0, sourcePort);
    view.setUint16(2, this.localPort);
    view.setUint16(4, packet.length);
    packet.set(bytes, HEADER);
    return Math.max(-1, accepted(this, packet, HEADER) - HEADER);
  }

  override setOption(task: Task, level: number, name: number, value: Uint8Array): number {
    return level === SOL_UDP || level === SOL_SOCKET ? -ENOPROTOOPT : super.setOption(task, level, name, value);
  }
}
