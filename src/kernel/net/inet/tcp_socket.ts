/** TCP sockets as programs use them. Linux: net/ipv4/tcp.c, af_inet.c. See tcp(7). */

import {
  EACCES,
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EAGAIN,
  EALREADY,
  ECONNABORTED,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  ENOBUFS,
  ENOTCONN,
  EPIPE,
  isErrno,
} from '../../../abi/errno.ts';
import { O_NONBLOCK } from '../../../abi/fcntl.ts';
import * as i from '../../../abi/inet.ts';
import { FIONREAD, SIOCATMARK, TIOCOUTQ } from '../../../abi/ioctl.ts';
import { SIGPIPE } from '../../../abi/signal.ts';
import {
  AF_INET6,
  AF_UNSPEC,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_NOSIGNAL,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  SHUT_RD,
  SHUT_RDWR,
  SOCK_STREAM,
} from '../../../abi/socket.ts';
import { NOT_RESIDENT } from '../../../platform/blocks.ts';
import type { NetNamespace } from '../../namespace/net_namespace.ts';
import { raise } from '../../signal/raise.ts';
import type { Task } from '../../task/task.ts';
import type { WaitQueue } from '../../task/wait_queue.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP, POLLRDNORM, POLLWRNORM } from '../../vfs/file.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import { isAny, isLinkLocal } from '../ip_address.ts';
import type { Incoming, Outgoing } from '../message.ts';
import { makerOf, RCV_SHUTDOWN, SEND_SHUTDOWN, SHUTDOWN_MASK, type SocketMaker } from '../socket.ts';
import { tellArrival } from '../timestamp.ts';
import type { Output } from './inet_socket.ts';
import type { Endpoint } from './sockaddr.ts';
import { TcpConnection } from './tcp_connection.ts';
import { getTcpOption, setTcpOption } from './tcp_options.ts';
import { isInline } from './tcp_urgent.ts';

/** Bytes of one piece. */
const CHUNK = 65536;
/** Bytes were read up to urgent data. */
const AT_MARK = 1;
/** Linux: tcp_wmem[1], tcp_rmem[1]. */
const SEND_BUFFER = 16384;
const RECEIVE_BUFFER = 131072;

export class TcpSocket extends TcpConnection {
  /** connect(2) has begun and not yet told how it ended. */
  private connecting = false;
  /** Options of IPPROTO_TCP that were set. */
  readonly tcpOptions: Map<number, number> = new Map();

  private constructor(maker: SocketMaker, net: NetNamespace, family: number, flags: number) {
    super(maker, net, family, SOCK_STREAM, i.IPPROTO_TCP, flags);
    this.sendBuffer = SEND_BUFFER;
    this.receiveBuffer = RECEIVE_BUFFER;
  }

  static create(task: Task, family: number, flags: number): TcpSocket {
    return new TcpSocket(makerOf(task), task.nsproxy.net, family, flags);
  }

  protected get self(): TcpSocket {
    return this;
  }

  override get listening(): boolean {
    return this.tcpState === i.TCP_LISTEN;
  }

  /** The server's end of a connection. It inherits the listener's options. */
  protected makeChild(client: TcpSocket): TcpSocket {
    const child = new TcpSocket(
      { kernel: this.kernel, payer: this.payer, uid: this.inode.uid, gid: this.inode.gid },
      this.net,
      this.family,
      0,
    );
    child.local = client.remote!;
    child.localPort = this.localPort;
    child.remote = client.local;
    child.remotePort = client.localPort;
    child.v6Only = this.v6Only;
    child.inherit(this);
    child.sendBufferLocked = this.sendBufferLocked;
    for (const [name, value] of this.ipOptions) child.ipOptions.set(name, value);
    for (const [name, value] of this.tcpOptions) child.tcpOptions.set(name, value);
    return child;
  }

  listen(_task: Task, backlog: number): number {
    if (this.tcpState !== i.TCP_CLOSE && !this.listening) return -EINVAL;
    if (this.connecting) return -EINVAL;
    this.backlog = Math.min(backlog >>> 0, this.net.sysctls.maxConnections);
    if (this.listening) return 0;
    const failed = this.autobind();
    if (failed < 0) return failed;
    this.tcpState = i.TCP_LISTEN;
    this.shutdownMask = 0;
    if (this.net.ports.isFree(this, this.localPort)) return 0;
    this.tcpState = i.TCP_CLOSE;
    return -EADDRINUSE;
  }

  accept(task: Task, flags: number): TcpSocket | number {
    if (!this.listening) return -EINVAL;
    const connection = this.pending.shift();
    if (connection === undefined) return this.sleep(task, [this.arrived], flags, this.receiveTimeout);
    this.admit();
    return connection;
  }

  connect(task: Task, address: Uint8Array): number {
    if (address[0] === AF_UNSPEC && address[1] === 0) return this.disconnect();
    if (!this.connecting) {
      if (this.tcpState === i.TCP_LISTEN || (this.tcpState !== i.TCP_CLOSE && !this.connecting)) return -EISCONN;
      const failed = this.begin(address);
      if (failed < 0) return failed;
      if ((this.flags & O_NONBLOCK) !== 0) return -EINPROGRESS;
    } else if (this.tcpState === i.TCP_SYN_SENT && (this.flags & O_NONBLOCK) !== 0) return -EALREADY;
    if (this.tcpState === i.TCP_SYN_SENT) {
      const slept = this.sleep(task, [this.arrived], 0, this.sendTimeout);
      return slept === -EAGAIN ? -EINPROGRESS : slept;
    }
    this.connecting = false;
    if (this.tcpState !== i.TCP_CLOSE || this.finReceived) return 0;
    const failed = this.takeError();
    this.forget();
    return failed === 0 ? -ECONNABORTED : failed;
  }

  /** Linux: tcp_v4_connect. */
  private begin(address: Uint8Array): number {
    if (this.family === AF_INET6 && address[0] !== AF_INET6) return -EAFNOSUPPORT;
    const to = this.destination(address);
    if (isErrno(to)) return to;
    const { ip, port, scope } = to as Endpoint;
    const output = this.route(ip, scope);
    if (isErrno(output)) return output;
    const { source, broadcast } = output as Output;
    if (broadcast) return -EACCES;
    const { ports } = this.net;
    if (isAny(this.local)) this.local = source;
    if (this.localPort === 0) {
      const chosen = ports.chooseForConnection(this.net, this, this.local, ip, port);
      if (chosen < 0) return chosen;
      this.localPort = chosen;
      ports.add(this);
    } else if (ports.isConnected(i.IPPROTO_TCP, this.local, this.localPort, ip, port, this)) return -EADDRNOTAVAIL;
    this.remote = ip;
    this.remotePort = port;
    this.remoteScope = isLinkLocal(ip) ? scope : 0;
    this.connecting = true;
    this.shutdownMask = 0;
    this.tcpState = i.TCP_SYN_SENT;
    this.trySyn(0);
    return 0;
  }

  /** As it was before connect(2). Linux: tcp_disconnect. */
  private forget(): void {
    this.remote = null;
    this.remotePort = 0;
    this.shutdownMask = 0;
    if (!this.addressLocked) this.local = this.any;
    if (!this.portLocked) this.leavePort();
  }

  private disconnect(): number {
    if (this.listening) this.close();
    else this.abort();
    this.tcpState = i.TCP_CLOSE;
    this.connecting = false;
    this.error = 0;
    this.forget();
    this.wakeAll();
    return 0;
  }

  shutdown(_task: Task, how: number): number {
    if (how < SHUT_RD || how > SHUT_RDWR) return -EINVAL;
    const mode = how + 1;
    if (this.tcpState === i.TCP_CLOSE) {
      this.shutdownMask |= mode;
      this.wakeAll();
      return -ENOTCONN;
    }
    if (this.listening || this.tcpState === i.TCP_SYN_SENT) {
      if ((mode & RCV_SHUTDOWN) !== 0) this.disconnect();
      return 0;
    }
    this.shutdownMask |= mode;
    if ((mode & SEND_SHUTDOWN) !== 0) this.endSending();
    this.wakeAll();
    return 0;
  }

  send(task: Task, { iter, flags }: Outgoing): number {
    const done = task.progress?.done ?? 0;
    if (done > iter.moved) iter.skip(done - iter.moved);
    if (this.tcpState === i.TCP_SYN_SENT && this.error === 0) return this.sleep(task, [this.arrived], flags, this.sendTimeout);
    if (this.error !== 0 || (this.shutdownMask & SEND_SHUTDOWN) !== 0 || !this.open) return this.broken(task, flags, iter.moved);
    while (iter.remaining > 0) {
      if (this.error !== 0 || !this.open) return this.broken(task, flags, iter.moved);
      const room = this.sendBuffer - this.unsent.length;
      if (room <= 0) return this.waitToSend(task, flags, iter.moved);
      const ready = iter.prepare(Math.min(iter.remaining, CHUNK, room), false);
      if (ready < 0) return this.stopped(task, iter.moved, ready);
      const bytes = new Uint8Array(ready);
      const failed = iter.take(bytes);
      if (failed < 0) return this.stopped(task, iter.moved, failed);
      if (!this.unsent.push(this.kernel, this.payer, bytes)) return iter.moved > ready ? iter.moved - ready : -ENOBUFS;
      if ((flags & MSG_OOB) !== 0 && iter.remaining === 0) this.urgentEnd = this.peer!.receivedEnd + this.unsent.length;
      this.push();
    }
    return iter.moved;
  }

  /** Whether it can still send. */
  private get open(): boolean {
    return this.tcpState === i.TCP_ESTABLISHED || this.tcpState === i.TCP_CLOSE_WAIT;
  }

  private broken(task: Task, flags: number, moved: number): number {
    if (moved > 0) return moved;
    const failed = this.takeError();
    if (failed !== 0 && failed !== -EPIPE) return failed;
    if ((flags & MSG_NOSIGNAL) === 0) raise(task, SIGPIPE);
    return -EPIPE;
  }

  private stopped(task: Task, moved: number, errno: number): number {
    if (moved === 0) return errno;
    if (errno !== NOT_RESIDENT) return moved;
    task.ensureProgress().done = moved;
    return errno;
  }

  private waitToSend(task: Task, flags: number, moved: number): number {
    if (moved > 0) {
      if ((flags & MSG_DONTWAIT) !== 0) return moved;
      task.ensureProgress().done = moved;
    }
    const slept = this.awaitRoom(task, this.drained, flags);
    return slept === -EAGAIN && moved > 0 ? moved : slept;
  }

  receive(task: Task, iter: IovIter, flags: number, incoming: Incoming): number {
    if ((flags & MSG_ERRQUEUE) !== 0) return -EAGAIN;
    if (this.listening) return -ENOTCONN;
    if ((flags & MSG_OOB) !== 0) return this.urgent.receive(this, iter, flags, incoming);
    const peek = (flags & MSG_PEEK) !== 0;
    const done = peek ? 0 : (task.progress?.done ?? 0);
    if (done > iter.moved) iter.skip(done - iter.moved);
    const wanted = iter.moved + iter.remaining;
    const target = (flags & MSG_WAITALL) !== 0 ? wanted : Math.min(Math.max(1, this.receiveLowWater), wanted);
    const taken = this.take(iter, flags);
    if (taken < 0) return this.stopped(task, iter.moved, taken);
    if (iter.moved > 0) tellArrival(this, this.lastArrival, incoming);
    if (taken === AT_MARK || iter.remaining === 0 || iter.moved >= target) return iter.moved;
    if (iter.moved > 0 && (this.error !== 0 || this.tcpState === i.TCP_CLOSE || (this.shutdownMask & RCV_SHUTDOWN) !== 0))
      return iter.moved;
    if (this.finReceived) return iter.moved;
    const failed = this.takeError();
    if (failed < 0) return failed;
    if ((this.shutdownMask & RCV_SHUTDOWN) !== 0) return 0;
    if (this.tcpState === i.TCP_CLOSE) return -ENOTCONN;
    if (iter.moved > 0) {
      if ((flags & MSG_DONTWAIT) !== 0 || peek) return iter.moved;
      task.ensureProgress().done = iter.moved;
    }
    const slept = this.sleep(task, [this.arrived], flags, this.receiveTimeout);
    return slept === -EAGAIN && iter.moved > 0 ? iter.moved : slept;
  }

  /** Give the program what there is, up to the urgent byte, which is passed if nothing stands before it: 0, AT_MARK or an errno. */
  private take(iter: IovIter, flags: number): number {
    const peek = (flags & MSG_PEEK) !== 0;
    for (let skip = 0; iter.remaining > 0 && this.received.length > skip; ) {
      let count = Math.min(this.received.length - skip, iter.remaining);
      const ahead = this.urgent.ahead(this.copied + skip);
      if (ahead === 0 && iter.moved > 0) return AT_MARK;
      if (ahead > 0) count = Math.min(count, ahead);
      const pass = ahead === 0 && !isInline(this);
      count = pass ? 1 : this.copy(iter, count, skip, (flags & MSG_TRUNC) !== 0);
      if (count < 0) return count;
      if (peek) skip += count;
      else {
        this.consume(count);
        this.peer?.push();
      }
    }
    return 0;
  }

  /** Copy up to `count` bytes behind the first `skip`, or leave them out: how many, or an errno. */
  private copy(iter: IovIter, count: number, skip: number, discard: boolean): number {
    const ready = discard ? count : iter.prepare(count, true);
    if (discard) iter.skip(count);
    else if (ready > 0)
      for (const part of this.received.peek(ready, skip)) {
        const failed = iter.put(part);
        if (failed < 0) return failed;
      }
    return ready;
  }

  override poll(_task: Task): number {
    if (this.listening) return this.pending.length > 0 ? POLLIN | POLLRDNORM : 0;
    let events = 0;
    if (this.shutdownMask === SHUTDOWN_MASK || this.tcpState === i.TCP_CLOSE) events |= POLLHUP;
    if ((this.shutdownMask & RCV_SHUTDOWN) !== 0) events |= POLLIN | POLLRDNORM | POLLRDHUP;
    if (this.tcpState !== i.TCP_SYN_SENT) {
      const atMark = this.urgent.ahead(this.copied) === 0 && !isInline(this);
      if (this.received.length >= this.receiveLowWater + Number(atMark)) events |= POLLIN | POLLRDNORM;
      if (this.urgent.waits) events |= POLLPRI;
      if ((this.shutdownMask & SEND_SHUTDOWN) !== 0 || this.unsent.length * 3 <= this.sendBuffer * 2) events |= POLLOUT | POLLWRNORM;
    }
    return this.error !== 0 ? events | POLLERR : events;
  }

  override pollQueues(_task: Task, events: number): readonly WaitQueue[] {
    return (events & (POLLOUT | POLLWRNORM)) !== 0 ? [this.arrived, this.drained] : [this.arrived];
  }

  override peerName(): Uint8Array | number {
    const gone = this.tcpState === i.TCP_CLOSE || this.tcpState === i.TCP_SYN_SENT || this.listening;
    return gone && !(this.finReceived && this.tcpState !== i.TCP_CLOSE) ? -ENOTCONN : super.peerName();
  }

  override setOption(task: Task, level: number, name: number, value: Uint8Array): number {
    return level === i.IPPROTO_TCP ? setTcpOption(this, name, value) : super.setOption(task, level, name, value);
  }

  override getOption(task: Task, level: number, name: number): Uint8Array | number {
    return level === i.IPPROTO_TCP ? getTcpOption(this, name) : super.getOption(task, level, name);
  }

  override ioctl(task: Task, request: number, argument: number): number {
    switch (request) {
      case FIONREAD:
        return this.listening ? -EINVAL : task.mm!.writeU32(argument, this.unreadBytes);
      case TIOCOUTQ:
        return this.listening ? -EINVAL : task.mm!.writeU32(argument, this.unsent.length);
      case SIOCATMARK:
        return task.mm!.writeU32(argument, Number(this.urgent.ahead(this.copied) === 0));
      default:
        return super.ioctl(task, request, argument);
    }
  }

  /** What FIONREAD says: what can be read before the urgent byte. Linux: tcp_inq. */
  private get unreadBytes(): number {
    const { length } = this.received;
    return isInline(this) ? length : Math.min(length, this.urgent.ahead(this.copied));
  }

  override release(): void {
    this.dead = true;
    this.close();
    super.release();
  }
}
