/** /proc/net files about sockets of IP. Linux: tcp4_seq_show, udp4_seq_show, raw_seq_show and those of IPv6. See proc_pid_net(5). */

import * as i from '../../../abi/inet.ts';
import { AF_INET, AF_INET6 } from '../../../abi/socket.ts';
import { InetDatagramSocket } from '../../net/inet/inet_datagram.ts';
import { InetSocket } from '../../net/inet/inet_socket.ts';
import type { PortHolder } from '../../net/inet/port_table.ts';
import { TcpSocket } from '../../net/inet/tcp_socket.ts';
import { TimeWait } from '../../net/inet/time_wait.ts';
import { ANY4, ANY6, type Ip, ipBytes, isIp4, mapped } from '../../net/ip_address.ts';
import { UnixSocket } from '../../net/unix/unix_socket.ts';
import { file, type ProcContext, type ProcEntry } from './entry.ts';

const hex = (value: number, width: number): string => value.toString(16).toUpperCase().padStart(width, '0');
const pad = (value: number, width: number): string => String(value).padStart(width);
const netOf = ({ target }: ProcContext): ProcContext['target']['nsproxy']['net'] => target.nsproxy.net;

/** The words of an address as a little-endian machine sees them. */
function words(family: number, ip: Ip | null): string {
  const any = family === AF_INET ? ANY4 : ANY6;
  const shown = ip === null || (ip === ANY4 && family === AF_INET6) ? any : family === AF_INET6 && isIp4(ip) ? mapped(ip) : ip;
  const bytes = ipBytes(shown);
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) for (let k = 3; k >= 0; k--) text += hex(bytes[at + k]!, 2);
  return text;
}

/** What all lines begin with: addresses, state, queues, timer, retransmissions, user, timeouts, inode. */
function columns(holder: PortHolder, context: ProcContext, state: number, sending: number, receiving: number, inode: number): string {
  const { family, local, localPort, remote, remotePort } = holder;
  const uid = context.reader.cred.userNs.uid(holder.uid);
  const ends = `${words(family, local)}:${hex(localPort, 4)} ${words(family, remote)}:${hex(remotePort, 4)}`;
  return `${ends} ${hex(state, 2)} ${hex(sending, 8)}:${hex(receiving, 8)} 00:00000000 00000000 ${pad(uid, 5)} ${pad(0, 8)} ${inode}`;
}

const TCP4 = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const TCP6 =
  '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
/** Lines of IPv4 have a fixed width. */
const TCP_WIDTH = 149;
const UDP_WIDTH = 127;

const tcp =
  (family: number): ((context: ProcContext) => string) =>
  (context) => {
    const rows: string[] = [];
    const four = family === AF_INET;
    const listeners: PortHolder[] = [];
    const others: PortHolder[] = [];
    for (const holders of netOf(context).ports.all())
      for (const holder of holders) {
        if (holder.protocol !== i.IPPROTO_TCP || holder.family !== family) continue;
        if (holder.state === i.TCP_LISTEN) listeners.push(holder);
        else if (holder instanceof TimeWait || holder.state !== i.TCP_CLOSE) others.push(holder);
      }
    for (const holder of [...listeners, ...others]) {
      const number = pad(rows.length, 4);
      let row = '';
      if (holder instanceof TcpSocket) {
        const waiting = holder.listening ? holder.pending.length : holder.received.length;
        const tail = holder.listening ? ' 1 0000000000000000 100 0 0 10 0' : ' 1 0000000000000000 20 4 30 10 -1';
        row = `${columns(holder, context, holder.tcpState, holder.unsent.length, waiting, holder.dead ? 0 : holder.inode.ino)}${tail}`;
      } else row = `${columns(holder, context, i.TCP_TIME_WAIT, 0, 0, 0)} 3 0000000000000000`;
      rows.push(four ? `${number}: ${row}`.padEnd(TCP_WIDTH) : `${number}: ${row}`);
    }
    return `${[four ? TCP4.padEnd(TCP_WIDTH) : TCP6, ...rows].join('\n')}\n`;
  };

/** UDP, ping and raw sockets. */
const datagrams =
  (family: number, protocol: number | null, width: number, digits: number): ((context: ProcContext) => string) =>
  (context) => {
    const four = family === AF_INET;
    const head = four ? TCP4 : TCP6;
    const indent = digits === 5 && four ? ' ' : '';
    const rows = [`${indent}${head} ref pointer drops`.padEnd(width)];
    for (const socket of netOf(context).sockets) {
      if (!(socket instanceof InetDatagramSocket) || socket.family !== family || socket.localPort === 0) continue;
      if (protocol === null ? !socket.isRaw : socket.isRaw || socket.protocol !== protocol) continue;
      const state = socket.remote === null ? i.TCP_CLOSE : i.TCP_ESTABLISHED;
      const row = `${columns(socket, context, state, 0, socket.queue.size, socket.inode.ino)} 2 0000000000000000 0`;
      rows.push(`${pad(socket.localPort & 0xff, digits)}: ${row}`.padEnd(width));
    }
    return `${rows.join('\n')}\n`;
  };

/** Sockets by protocol. */
function sockstat(context: ProcContext): string {
  const { sockets, ports } = netOf(context);
  const count = (test: (socket: InetSocket) => boolean): number =>
    [...sockets].filter((s) => s instanceof InetSocket && s.family === AF_INET && test(s)).length;
  let waiting = 0;
  for (const holders of ports.all()) for (const holder of holders) if (holder instanceof TimeWait) waiting++;
  const used = [...sockets].filter((socket) => socket instanceof InetSocket || socket instanceof UnixSocket).length;
  const inUse = count((s) => s.protocol === i.IPPROTO_TCP && s.localPort !== 0);
  return [
    `sockets: used ${used}`,
    `TCP: inuse ${inUse} orphan 0 tw ${waiting} alloc ${inUse} mem 0`,
    `UDP: inuse ${count((s) => s.protocol === i.IPPROTO_UDP && s.localPort !== 0)} mem 0`,
    'UDPLITE: inuse 0',
    `RAW: inuse ${count((s) => s.isRaw)}`,
    'FRAG: inuse 0 memory 0\n',
  ].join('\n');
}

function sockstat6(context: ProcContext): string {
  const count = (protocol: number): number =>
    [...netOf(context).sockets].filter(
      (s) => s instanceof InetSocket && s.family === AF_INET6 && s.protocol === protocol && s.localPort !== 0,
    ).length;
  return `TCP6: inuse ${count(i.IPPROTO_TCP)}\nUDP6: inuse ${count(i.IPPROTO_UDP)}\nUDPLITE6: inuse 0\nRAW6: inuse 0\nFRAG6: inuse 0 memory 0\n`;
}

export const socketFiles: Readonly<Record<string, ProcEntry>> = {
  icmp: file(0o444, datagrams(AF_INET, i.IPPROTO_ICMP, UDP_WIDTH, 5)),
  icmp6: file(0o444, datagrams(AF_INET6, i.IPPROTO_ICMPV6, 0, 5)),
  raw: file(0o444, datagrams(AF_INET, null, 0, 4)),
  raw6: file(0o444, datagrams(AF_INET6, null, 0, 4)),
  sockstat: file(0o444, sockstat),
  sockstat6: file(0o444, sockstat6),
  tcp: file(0o444, tcp(AF_INET)),
  tcp6: file(0o444, tcp(AF_INET6)),
  udp: file(0o444, datagrams(AF_INET, i.IPPROTO_UDP, UDP_WIDTH, 5)),
  udp6: file(0o444, datagrams(AF_INET6, i.IPPROTO_UDP, 0, 5)),
};
