/** Sockets of IP as NETLINK_SOCK_DIAG tells about them. Linux: net/ipv4/inet_diag.c, tcp_diag.c, udp_diag.c, raw_diag.c. See sock_diag(7). */

import { EINVAL, ENOENT, isErrno } from '../../../abi/errno.ts';
import * as i from '../../../abi/inet.ts';
import * as d from '../../../abi/sock_diag.ts';
import { AF_INET, AF_INET6 } from '../../../abi/socket.ts';
import { InetDatagramSocket } from '../inet/inet_datagram.ts';
import { InetSocket } from '../inet/inet_socket.ts';
import type { PortHolder } from '../inet/port_table.ts';
import { getTcpOption } from '../inet/tcp_options.ts';
import { TcpSocket } from '../inet/tcp_socket.ts';
import { TimeWait } from '../inet/time_wait.ts';
import { ANY4, type Ip, ipBytes, isIp4, mapped } from '../ip_address.ts';
import { Attributes, MessageWriter } from '../netlink/attributes.ts';
import type { NetlinkRequest } from '../netlink/request.ts';
import { auditFilter, filterMatches } from './inet_diag_filter.ts';
import { socketMemory } from './memory_info.ts';

const ID_AT = 8;
const COOKIE_AT = ID_AT + 40;
/** The timer of a connection in TIME_WAIT. */
const TIMER_TIME_WAIT = 3;

/** Every holder of a port that `protocol` has: of TCP the listeners first. */
function holdersOf({ net }: NetlinkRequest, protocol: number): PortHolder[] {
  if (protocol !== i.IPPROTO_TCP) {
    return [...net.sockets].filter(
      (s): s is InetDatagramSocket =>
        s instanceof InetDatagramSocket &&
        s.localPort !== 0 &&
        (protocol === i.IPPROTO_RAW ? s.isRaw : !s.isRaw && s.protocol === protocol),
    );
  }
  const holders = [...net.ports.all()].flat().filter((holder) => holder.protocol === protocol && holder.state !== i.TCP_CLOSE);
  const listens = ({ state }: PortHolder): boolean => state === i.TCP_LISTEN;
  return [...holders.filter(listens), ...holders.filter((holder) => !listens(holder))];
}

const stateOf = (holder: PortHolder): number =>
  holder instanceof InetDatagramSocket ? (holder.remote === null ? i.TCP_CLOSE : i.TCP_ESTABLISHED) : holder.state;

/** No file stands for it yet. */
const waitsForAccept = (socket: TcpSocket): boolean =>
  socket.net.ports.on(socket.protocol, socket.localPort).some((other) => other instanceof TcpSocket && other.pending.includes(socket));

/** An address in the sixteen bytes of struct inet_diag_sockid. */
function addressBytes(family: number, ip: Ip | null): Uint8Array {
  const bytes = new Uint8Array(16);
  if (ip !== null && !(family === AF_INET6 && ip === ANY4)) bytes.set(ipBytes(family === AF_INET6 && isIp4(ip) ? mapped(ip) : ip));
  return bytes;
}

function answer(request: NetlinkRequest, holder: PortHolder, ext: number): Uint8Array {
  const { family, local, localPort, remote, remotePort, boundDevice } = holder;
  const message = new MessageWriter(request.type, request.flags, request.sequence, request.port);
  const waiting = holder instanceof TimeWait;
  const port = (number: number): Uint8Array => Uint8Array.of(number >> 8, number & 0xff);
  message
    .u8(family)
    .u8(stateOf(holder))
    .u8(waiting ? TIMER_TIME_WAIT : 0)
    .u8(0);
  message.raw(port(localPort)).raw(port(remotePort)).raw(addressBytes(family, local)).raw(addressBytes(family, remote));
  const socket = holder instanceof InetSocket ? holder : null;
  const inode = socket === null || (socket instanceof TcpSocket && (socket.dead || waitsForAccept(socket))) ? 0 : socket.inode.ino;
  message
    .u32(boundDevice)
    .u32(socket?.inode.ino ?? 0)
    .u32(0);
  const { kernel } = request.task;
  message.u32(waiting ? Math.max(0, Math.ceil((holder.deadline - kernel.clock.monotonic()) / 1e6)) : 0);
  const [receiving, sending] = queues(holder);
  const uid = waiting ? 0 : request.task.cred.userNs.uid(holder.uid);
  message.u32(receiving).u32(sending).u32(uid).u32(inode);
  if (socket !== null) attributes(message, socket, ext);
  return message.finish();
}

/** Bytes that wait to be read and to be sent; of a listener connections that wait, and how many may. */
function queues(holder: PortHolder): readonly [number, number] {
  if (holder instanceof InetDatagramSocket) return [holder.queue.size, 0];
  if (!(holder instanceof TcpSocket)) return [0, 0];
  return holder.listening ? [holder.pending.length, holder.backlog] : [holder.received.length, holder.unsent.length];
}

/** What idiag_ext asks for. Linux: inet_diag_msg_attrs_fill, inet_sk_diag_fill. */
function attributes(message: MessageWriter, socket: InetSocket, ext: number): void {
  const wants = (attribute: number): boolean => (ext & (1 << (attribute - 1))) !== 0;
  const [receiving, sending] = socket.listening ? [0, 0] : queues(socket);
  message.attribute8(d.INET_DIAG_SHUTDOWN, socket.shutdownMask);
  if (socket.family === AF_INET6 && (stateOf(socket) === i.TCP_LISTEN || stateOf(socket) === i.TCP_CLOSE))
    message.attribute8(d.INET_DIAG_SKV6ONLY, socket.v6Only ? 1 : 0);
  if (wants(d.INET_DIAG_MEMINFO))
    message.attribute(d.INET_DIAG_MEMINFO, new Uint8Array(Uint32Array.of(receiving, sending, 0, sending).buffer));
  if (wants(d.INET_DIAG_SKMEMINFO)) message.attribute(d.INET_DIAG_SKMEMINFO, socketMemory(socket, receiving, sending));
  if (!(socket instanceof TcpSocket)) return;
  if (wants(d.INET_DIAG_INFO)) message.attribute(d.INET_DIAG_INFO, getTcpOption(socket, i.TCP_INFO) as Uint8Array);
  if (wants(d.INET_DIAG_CONG)) {
    const name = getTcpOption(socket, i.TCP_CONGESTION) as Uint8Array;
    message.attribute(d.INET_DIAG_CONG, name.subarray(0, name.indexOf(0) + 1));
  }
}

export function askInet(request: NetlinkRequest, all: boolean): number {
  const { body } = request;
  if (body.length < d.INET_DIAG_REQ_SIZE) return -EINVAL;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const family = view.getUint8(0);
  const protocol = view.getUint8(1);
  const ext = view.getUint8(2);
  if (protocol !== i.IPPROTO_TCP && protocol !== i.IPPROTO_UDP && protocol !== i.IPPROTO_RAW) {
    if (!all) return -ENOENT;
    request.listingError = -ENOENT;
    return 0;
  }
  if (!all) return askOne(request, view);
  const given = Attributes.parse(body.subarray(d.INET_DIAG_REQ_SIZE));
  if (isErrno(given)) return given;
  const code = (given as Attributes).get(d.INET_DIAG_REQ_BYTECODE);
  const failed = code === null ? 0 : auditFilter(code);
  if (failed < 0) return failed;
  const states = view.getUint32(4, true);
  const sourcePort = view.getUint16(ID_AT, false);
  const destinationPort = view.getUint16(ID_AT + 2, false);
  for (const holder of holdersOf(request, protocol)) {
    if (holder.family !== family || ((states >>> stateOf(holder)) & 1) === 0) continue;
    if (sourcePort !== 0 && holder.localPort !== sourcePort) continue;
    if (destinationPort !== 0 && holder.remotePort !== destinationPort) continue;
    if (code !== null && !filterMatches(code, holder, holder instanceof InetSocket && holder.portLocked)) continue;
    request.answers.push(answer(request, holder, ext));
  }
  return 0;
}

/** The socket with these ends. Linux: inet_diag_find_one_icsk. */
function askOne(request: NetlinkRequest, view: DataView): number {
  const family = view.getUint8(0);
  if (family !== AF_INET && family !== AF_INET6) return -EINVAL;
  const id = new Uint8Array(view.buffer, view.byteOffset + ID_AT, 36);
  const same = (at: number, bytes: Uint8Array): boolean => bytes.every((byte, k) => id[at + k] === byte);
  const found = holdersOf(request, view.getUint8(1)).find(
    (holder) =>
      holder.family === family &&
      holder.localPort === view.getUint16(ID_AT, false) &&
      holder.remotePort === view.getUint16(ID_AT + 2, false) &&
      same(4, addressBytes(family, holder.local)) &&
      same(20, addressBytes(family, holder.remote)),
  );
  if (found === undefined) return -ENOENT;
  const cookie = view.getUint32(COOKIE_AT, true);
  const own = found instanceof InetSocket ? found.inode.ino : 0;
  const any = cookie === d.INET_DIAG_NOCOOKIE && view.getUint32(COOKIE_AT + 4, true) === d.INET_DIAG_NOCOOKIE;
  if (!any && (cookie !== own || view.getUint32(COOKIE_AT + 4, true) !== 0)) return -ENOENT;
  request.answers.push(answer(request, found, view.getUint8(2)));
  return 0;
}
