/** Sockets of IP that send and receive datagrams: UDP, ping, raw. Linux: ip4_datagram_connect, udp_sendmsg, udp_recvmsg. */

import { EACCES, EAGAIN, EDESTADDRREQ, EFAULT, EINVAL, EMSGSIZE, ENOTCONN, EOPNOTSUPP, EPIPE, isErrno } from '../../../abi/errno.ts';
import * as i from '../../../abi/inet.ts';
import { FIONREAD, TIOCOUTQ } from '../../../abi/ioctl.ts';
import { AF_INET6, AF_UNSPEC, MSG_DONTWAIT, MSG_ERRQUEUE, MSG_OOB, MSG_PEEK, SHUT_RDWR, SO_BROADCAST } from '../../../abi/socket.ts';
import type { Task } from '../../task/task.ts';
import type { WaitQueue } from '../../task/wait_queue.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, POLLRDNORM, POLLWRNORM } from '../../vfs/file.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import { type Datagram, type DatagramDetails, DatagramQueue } from '../datagram_queue.ts';
import { type Ip, ipBytes, isAny, isIp4, isLinkLocal, mapped } from '../ip_address.ts';
import type { ControlMessage, Incoming, Outgoing } from '../message.ts';
import { RCV_SHUTDOWN, SEND_SHUTDOWN, SHUTDOWN_MASK } from '../socket.ts';
import { tellArrival } from '../timestamp.ts';
import { optionValue } from './inet_options.ts';
import { InetSocket, type Output } from './inet_socket.ts';
import type { Endpoint } from './sockaddr.ts';

const int32 = (...values: number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer);

export abstract class InetDatagramSocket extends InetSocket {
  readonly queue: DatagramQueue = new DatagramQueue();

  /** The most bytes that one datagram can have. */
  protected abstract get maximum(): number;

  /** Send `bytes` to `to`: 0 or a negative errno. */
  protected abstract transmit(task: Task, bytes: Uint8Array, to: Endpoint, output: Output): number;

  connect(_task: Task, address: Uint8Array): number {
    if (address[0] === AF_UNSPEC && address[1] === 0) return this.disconnect();
    const failed = this.autobind();
    if (failed < 0) return failed;
    const to = this.destination(address);
    if (isErrno(to)) return to;
    const { ip, port, scope } = to as Endpoint;
    const output = this.route(ip, scope);
    if (isErrno(output)) return output;
    if ((output as Output).broadcast && this.values.get(SO_BROADCAST) !== 1) return -EACCES;
    this.remote = ip;
    this.remotePort = port;
    this.remoteScope = isLinkLocal(ip) ? scope : 0;
    if (isAny(this.local)) this.local = (output as Output).source;
    return 0;
  }

  private disconnect(): number {
    this.remote = null;
    this.remotePort = 0;
    if (!this.addressLocked) this.local = this.any;
    if (!this.portLocked) this.leavePort();
    return 0;
  }

  listen(_task: Task, _backlog: number): number {
    return -EOPNOTSUPP;
  }

  accept(): number {
    return -EOPNOTSUPP;
  }

  shutdown(_task: Task, how: number): number {
    if (how < 0 || how > SHUT_RDWR) return -EINVAL;
    this.shutdownMask |= how + 1;
    this.arrived.wakeAll();
    this.drained.wakeAll();
    return this.remote === null ? -ENOTCONN : 0;
  }

  send(task: Task, { iter, flags, name }: Outgoing): number {
    const length = iter.remaining;
    if (length > this.maximum + 0x10000) return -EMSGSIZE;
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    const unbound = this.autobind();
    if (unbound < 0) return unbound;
    const to = name === null ? this.peer() : this.named(name);
    if (isErrno(to)) return to;
    const endpoint = to as Endpoint;
    const failed = this.takeError();
    if (failed < 0) return failed;
    if ((this.shutdownMask & SEND_SHUTDOWN) !== 0) return -EPIPE;
    const output = this.route(endpoint.ip, endpoint.scope);
    if (isErrno(output)) return output;
    if ((output as Output).broadcast && this.values.get(SO_BROADCAST) !== 1) return -EACCES;
    if (length > this.maximum) return -EMSGSIZE;
    const ready = length === 0 ? 0 : iter.prepare(length, false);
    if (ready < length) return ready < 0 ? ready : -EFAULT;
    const bytes = new Uint8Array(length);
    const fault = iter.take(bytes);
    if (fault < 0) return fault;
    return this.transmit(task, bytes, endpoint, output as Output) || length;
  }

  private peer(): Endpoint | number {
    return this.remote === null ? -EDESTADDRREQ : { ip: this.remote, port: this.remotePort, scope: this.remoteScope };
  }

  /** The address given to sendto(2). */
  protected named(address: Uint8Array): Endpoint | number {
    const to = this.destination(address);
    return !isErrno(to) && (to as Endpoint).port === 0 && this.needsPort ? -EINVAL : to;
  }

  protected get needsPort(): boolean {
    return true;
  }

  receive(task: Task, iter: IovIter, flags: number, incoming: Incoming): number {
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    // Errors are reported by calls; none are queued.
    if ((flags & MSG_ERRQUEUE) !== 0) return -EAGAIN;
    const failed = this.takeError();
    if (failed < 0) return failed;
    const { first } = this.queue;
    if (first === null) {
      if ((this.shutdownMask & RCV_SHUTDOWN) !== 0 && (flags & MSG_DONTWAIT) === 0) return 0;
      return this.sleep(task, [this.arrived], flags, this.receiveTimeout);
    }
    const count = this.queue.receive(iter, flags, incoming, this.payer);
    if (count >= 0) {
      tellArrival(this, first.arrived, incoming);
      incoming.control.push(...this.controlOf(first));
    }
    if ((flags & MSG_PEEK) === 0) this.drained.wakeAll();
    return count;
  }

  /** What the program wants to know besides. */
  private controlOf({ details }: Datagram): ControlMessage[] {
    if (details === null) return [];
    const list: ControlMessage[] = [];
    const four = isIp4(details.destination);
    if (four && optionValue(this, 'pktinfo') === 1) {
      const data = new Uint8Array(12);
      data.set(int32(details.interface));
      data.set(ipBytes(details.destination), 4);
      data.set(ipBytes(details.destination), 8);
      list.push({ level: i.IPPROTO_IP, type: i.IP_PKTINFO, data });
    }
    if (four && optionValue(this, 'receiveTtl') === 1) list.push({ level: i.IPPROTO_IP, type: i.IP_TTL, data: int32(details.ttl) });
    if (four && optionValue(this, 'receiveTos') === 1) list.push({ level: i.IPPROTO_IP, type: i.IP_TOS, data: Uint8Array.of(details.tos) });
    if (this.family !== AF_INET6) return list;
    if (optionValue(this, 'pktinfo6') === 1) {
      const data = new Uint8Array(20);
      data.set(ipBytes(mapped(details.destination)));
      data.set(int32(details.interface), 16);
      list.push({ level: i.IPPROTO_IPV6, type: i.IPV6_PKTINFO, data });
    }
    if (optionValue(this, 'receiveTtl6') === 1) list.push({ level: i.IPPROTO_IPV6, type: i.IPV6_HOPLIMIT, data: int32(details.ttl) });
    if (optionValue(this, 'receiveTos6') === 1) list.push({ level: i.IPPROTO_IPV6, type: i.IPV6_TCLASS, data: int32(details.tos) });
    return list;
  }

  /** What is known of a packet that arrives by device `index`. */
  protected detailsOf(index: number, destination: Ip, ttl: number, tos: number): DatagramDetails {
    return { interface: index, destination, ttl, tos };
  }

  /** A packet of the peer's could not be delivered. */
  refused(errno: number): void {
    this.error = errno;
    this.arrived.wakeAll();
    this.drained.wakeAll();
  }

  override poll(_task: Task): number {
    let events = POLLOUT | POLLWRNORM;
    if (this.error !== 0) events |= POLLERR;
    if ((this.shutdownMask & RCV_SHUTDOWN) !== 0) events |= POLLRDHUP | POLLIN | POLLRDNORM;
    if (this.shutdownMask === SHUTDOWN_MASK) events |= POLLHUP;
    if (this.queue.first !== null) events |= POLLIN | POLLRDNORM;
    return events;
  }

  override pollQueues(_task: Task, _events: number): readonly WaitQueue[] {
    return [this.arrived];
  }

  override ioctl(task: Task, request: number, argument: number): number {
    if (request === FIONREAD) return task.mm!.writeU32(argument, this.queue.first?.bytes.length ?? 0);
    if (request === TIOCOUTQ) return task.mm!.writeU32(argument, 0);
    return super.ioctl(task, request, argument);
  }

  override release(): void {
    this.queue.clear(this.payer);
    super.release();
  }
}
