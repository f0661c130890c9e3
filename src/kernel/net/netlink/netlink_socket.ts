/** A netlink socket: a datagram socket whose peer is the kernel. Linux: net/netlink/af_netlink.c. See netlink(7). */

import { CAP_NET_ADMIN } from '../../../abi/capability.ts';
import { EADDRINUSE, ECONNREFUSED, EFAULT, EINVAL, EMSGSIZE, ENOBUFS, ENOPROTOOPT, EOPNOTSUPP, EPERM } from '../../../abi/errno.ts';
import * as n from '../../../abi/netlink.ts';
import { AF_NETLINK, AF_UNSPEC, MSG_OOB } from '../../../abi/socket.ts';
import type { Cred } from '../../task/cred.ts';
import type { Task } from '../../task/task.ts';
import type { WaitQueue } from '../../task/wait_queue.ts';
import { POLLERR, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../../vfs/file.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import { DatagramQueue } from '../datagram_queue.ts';
import type { Incoming, Outgoing, Ucred } from '../message.ts';
import { credentialsOf, makerOf, Socket } from '../socket.ts';
import { accepted } from '../socket_filter.ts';
import { handleDatagram } from './handle.ts';
import { members } from './multicast.ts';

/** Who the kernel is. */
const KERNEL: Ucred = { pid: null, uid: 0, gid: 0 };
export const KERNEL_PORT = 0;
/** Ports of sockets beyond a process's first are negative. */
const FIRST_OTHER_PORT = -4096;

function sockaddr(port: number, groups: number): Uint8Array {
  const bytes = new Uint8Array(n.SOCKADDR_NL_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_NETLINK, true);
  view.setUint32(4, port, true);
  view.setUint32(8, groups, true);
  return bytes;
}

/** The number of the lowest bit, from 1. */
const ffs = (bits: number): number => 32 - Math.clz32(bits & -bits);

const SWITCHES: ReadonlySet<number> = new Set([
  n.NETLINK_PKTINFO,
  n.NETLINK_BROADCAST_ERROR,
  n.NETLINK_NO_ENOBUFS,
  n.NETLINK_CAP_ACK,
  n.NETLINK_EXT_ACK,
  n.NETLINK_GET_STRICT_CHK,
]);

export class NetlinkSocket extends Socket {
  /** Null while it is not bound. */
  private port: number | null = null;
  private destination = KERNEL_PORT;
  private destinationGroups = 0;
  /** Multicast groups that it is in. */
  readonly groups: Set<number> = new Set();
  private readonly queue: DatagramQueue = new DatagramQueue();
  private readonly options: Set<number> = new Set();
  /** The credentials of its maker. */
  private readonly maker: Cred;

  constructor(task: Task, type: number, protocol: number, flags: number) {
    super(makerOf(task), task.nsproxy.net, AF_NETLINK, type, protocol, flags);
    this.maker = task.cred;
  }

  private key(port: number): string {
    return `${this.protocol}:${port}`;
  }

  get portNumber(): number {
    return (this.port ?? 0) >>> 0;
  }

  private get groupCount(): number {
    return this.protocol === n.NETLINK_ROUTE ? n.RTNLGRP_MAX : n.NETLINK_MIN_GROUPS;
  }

  hasOption(option: number): boolean {
    return this.options.has(option);
  }

  /** Whether the caller and who made the socket have a capability. Linux: netlink_ns_capable. */
  mayAdminister(task: Task, capability: number = CAP_NET_ADMIN): boolean {
    return task.cred.capable(capability, this.net.owner) && this.maker.capable(capability, this.net.owner);
  }

  private take(port: number): number {
    if (this.net.netlinkPorts.has(this.key(port))) return -EADDRINUSE;
    this.net.netlinkPorts.set(this.key(port), this);
    this.port = port;
    return 0;
  }

  private autobind(task: Task): void {
    let port = task.group.leader.pid.in(task.pid.namespace) | 0;
    for (let next = FIRST_OTHER_PORT; this.take(port) < 0; ) port = --next;
  }

  bind(task: Task, address: Uint8Array): number {
    if (address.length < n.SOCKADDR_NL_SIZE) return -EINVAL;
    const view = new DataView(address.buffer, address.byteOffset, address.byteLength);
    if (view.getUint16(0, true) !== AF_NETLINK) return -EINVAL;
    const port = view.getInt32(4, true);
    if (this.port !== null) {
      if (port !== this.port && port !== 0) return -EINVAL;
    } else if (port === 0) this.autobind(task);
    else {
      const failed = this.take(port);
      if (failed < 0) return failed;
    }
    const groups = view.getUint32(8, true);
    for (let bit = 0; bit < 32; bit++) {
      if (((groups >>> bit) & 1) !== 0) this.groups.add(bit + 1);
      else this.groups.delete(bit + 1);
    }
    return 0;
  }

  connect(task: Task, address: Uint8Array): number {
    const view = new DataView(address.buffer, address.byteOffset, address.byteLength);
    const family = view.getUint16(0, true);
    if (family === AF_UNSPEC) {
      this.destination = KERNEL_PORT;
      this.destinationGroups = 0;
      return 0;
    }
    if (family !== AF_NETLINK || address.length < n.SOCKADDR_NL_SIZE) return -EINVAL;
    const port = view.getInt32(4, true);
    const groups = view.getUint32(8, true);
    if ((port !== KERNEL_PORT || groups !== 0) && !this.mayAdminister(task)) return -EPERM;
    if (this.port === null) this.autobind(task);
    this.destination = port;
    this.destinationGroups = groups;
    return 0;
  }

  listen(): number {
    return -EOPNOTSUPP;
  }

  accept(): number {
    return -EOPNOTSUPP;
  }

  shutdown(): number {
    return -EOPNOTSUPP;
  }

  localName(): Uint8Array {
    let groups = 0;
    for (const group of this.groups) if (group <= 32) groups |= 1 << (group - 1);
    return sockaddr(this.portNumber, groups);
  }

  peerName(): Uint8Array {
    return sockaddr(this.destination, this.destinationGroups);
  }

  send(task: Task, { iter, flags, name }: Outgoing): number {
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    let { destination, destinationGroups } = this;
    if (name !== null) {
      const view = new DataView(name.buffer, name.byteOffset, name.byteLength);
      if (name.length < n.SOCKADDR_NL_SIZE || view.getUint16(0, true) !== AF_NETLINK) return -EINVAL;
      destination = view.getInt32(4, true);
      destinationGroups = view.getUint32(8, true);
      if ((destination !== KERNEL_PORT || destinationGroups !== 0) && !this.mayAdminister(task)) return -EPERM;
    }
    const length = iter.remaining;
    if (length > this.sendBuffer - 32) return -EMSGSIZE;
    const ready = length === 0 ? 0 : iter.prepare(length, false);
    if (ready < length) return ready < 0 ? ready : -EFAULT;
    const bytes = new Uint8Array(length);
    const failed = iter.take(bytes);
    if (failed < 0) return failed;
    if (this.port === null) this.autobind(task);
    if (destinationGroups !== 0) this.multicast(task, bytes, ffs(destinationGroups));
    if (destination === KERNEL_PORT) {
      handleDatagram(task, this, bytes);
      return length;
    }
    const other = this.net.netlinkPorts.get(this.key(destination));
    if (other === undefined) return -ECONNREFUSED;
    const taken = accepted(other, bytes);
    if (taken >= 0)
      other.queue.push(other, {
        bytes: bytes.subarray(0, taken),
        name: sockaddr(this.portNumber, 0),
        cred: credentialsOf(task),
        details: null,
      });
    return length;
  }

  /** Tell the other members of a group. */
  private multicast(task: Task, bytes: Uint8Array, group: number): void {
    const cred = credentialsOf(task);
    for (const other of members(this.net, this.protocol, group)) if (other !== this) other.deliver(bytes, group, this.portNumber, cred);
  }

  /** A message, by default of the kernel, for a group of which this is a member or (0) for this socket alone. */
  deliver(bytes: Uint8Array, group: number, port: number = KERNEL_PORT, cred: Ucred = KERNEL): void {
    const name = sockaddr(port, group > 0 && group <= 32 ? 1 << (group - 1) : 0);
    // An answer always has room; whoever does not read what groups are told loses some of it.
    const limit = group === 0 ? Number.POSITIVE_INFINITY : this.receiveBuffer;
    const taken = accepted(this, bytes);
    if (taken < 0 || this.queue.push(this, { bytes: bytes.subarray(0, taken), name, cred, details: null }, limit)) return;
    if (this.options.has(n.NETLINK_NO_ENOBUFS)) return;
    this.error = ENOBUFS;
    this.arrived.wakeAll();
  }

  receive(task: Task, iter: IovIter, flags: number, incoming: Incoming): number {
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    const failed = this.takeError();
    if (failed < 0) return failed;
    const { first } = this.queue;
    if (first === null) return this.sleep(task, [this.arrived], flags, this.receiveTimeout);
    if (this.passCredentials) incoming.cred = first.cred;
    if (this.options.has(n.NETLINK_PKTINFO)) {
      const group = new DataView(first.name.buffer).getUint32(8, true);
      incoming.control.push({
        level: n.SOL_NETLINK,
        type: n.NETLINK_PKTINFO_CMSG,
        data: new Uint8Array(Uint32Array.of(32 - Math.clz32(group)).buffer),
      });
    }
    return this.queue.receive(iter, flags, incoming, this.payer);
  }

  override setOption(_task: Task, level: number, name: number, bytes: Uint8Array): number {
    if (level !== n.SOL_NETLINK) return -ENOPROTOOPT;
    if (bytes.length < 4) return -EINVAL;
    const value = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
    if (SWITCHES.has(name)) {
      if (value !== 0) this.options.add(name);
      else this.options.delete(name);
      return 0;
    }
    if (name !== n.NETLINK_ADD_MEMBERSHIP && name !== n.NETLINK_DROP_MEMBERSHIP) return -ENOPROTOOPT;
    if (value < 1 || value > this.groupCount) return -EINVAL;
    if (name === n.NETLINK_ADD_MEMBERSHIP) this.groups.add(value);
    else this.groups.delete(value);
    if (this.port === null) this.autobind(_task);
    return 0;
  }

  override getOption(_task: Task, level: number, name: number): Uint8Array | number {
    if (level !== n.SOL_NETLINK) return -ENOPROTOOPT;
    if (SWITCHES.has(name)) return new Uint8Array(Int32Array.of(this.options.has(name) ? 1 : 0).buffer);
    if (name !== n.NETLINK_LIST_MEMBERSHIPS) return -ENOPROTOOPT;
    const words = new Uint32Array(Math.ceil(this.groupCount / 32));
    for (const group of this.groups) words[(group - 1) >> 5]! |= 1 << ((group - 1) & 31);
    return new Uint8Array(words.buffer);
  }

  override poll(_task: Task): number {
    const events = POLLOUT | POLLWRNORM | (this.error !== 0 ? POLLERR : 0);
    return this.queue.first === null ? events : events | POLLIN | POLLRDNORM;
  }

  override pollQueues(_task: Task, _events: number): readonly WaitQueue[] {
    return [this.arrived];
  }

  /** Bytes that wait, for /proc/net/netlink. */
  get waiting(): number {
    return this.queue.size;
  }

  /** What mq_notify(3) has promised: a datagram that finds room whatever waits already. Linux: netlink_attachskb, netlink_sendskb. */
  deliverCookie(bytes: Uint8Array): void {
    if (this.refs > 0)
      this.queue.push(this, { bytes, name: sockaddr(KERNEL_PORT, 0), cred: KERNEL, details: null }, Number.POSITIVE_INFINITY);
  }

  override release(): void {
    if (this.port !== null) this.net.netlinkPorts.delete(this.key(this.port));
    this.queue.clear(this.payer);
    super.release();
  }
}
