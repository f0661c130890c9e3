/** Unix datagram sockets. Linux: unix_dgram_ops. See unix(7). */

import { EAGAIN, ECONNREFUSED, EFAULT, EMSGSIZE, ENOMEM, ENOTCONN, EOPNOTSUPP, EPERM, isErrno } from '../../../abi/errno.ts';
import { AF_UNSPEC, MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_TRUNC, SOCK_DGRAM } from '../../../abi/socket.ts';
import { charge, PRICE_SOCKET } from '../../mm/price.ts';
import type { Task } from '../../task/task.ts';
import { WaitQueue } from '../../task/wait_queue.ts';
import { POLLOUT, POLLWRNORM } from '../../vfs/file.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import type { Incoming, Outgoing } from '../message.ts';
import { credentialsOf, RCV_SHUTDOWN, SEND_SHUTDOWN } from '../socket.ts';
import { accepted } from '../socket_filter.ts';
import { arrivalTime, tellArrival } from '../timestamp.ts';
import { findSocket, validate } from './address.ts';
import { trueSize } from './skbuff.ts';
import { UnixSocket } from './unix_socket.ts';

/** Datagrams that may wait in a socket that is not our own peer. Linux: net.unix.max_dgram_qlen. */
const MAX_QUEUE = 10;

export class UnixDgramSocket extends UnixSocket {
  /** Woken when a datagram has been taken out of a full queue. */
  private readonly queueRoom: WaitQueue = new WaitQueue();

  static create(task: Task, flags: number): UnixDgramSocket | number {
    if (!charge(task.kernel, task.group.cgroup.memory, PRICE_SOCKET)) return -ENOMEM;
    return new UnixDgramSocket(task, SOCK_DGRAM, flags);
  }

  protected get connects(): boolean {
    return false;
  }

  join(task: Task, other: UnixDgramSocket): void {
    this.peer = other;
    other.peer = this;
    this.peerCred = other.peerCred = credentialsOf(task);
  }

  listen(): number {
    return -EOPNOTSUPP;
  }

  accept(): number {
    return -EOPNOTSUPP;
  }

  connect(task: Task, address: Uint8Array): number {
    if (address[0] === AF_UNSPEC && address[1] === 0) {
      this.peer = null;
      this.wakeAll();
      return 0;
    }
    const invalid = validate(address);
    if (invalid < 0) return invalid;
    if (this.wantsSender && this.name === null) this.autobind();
    const other = findSocket(task, address, this);
    if (isErrno(other)) return other;
    if (other.peer !== null && other.peer !== this) return -EPERM;
    this.peer = other;
    this.wakeAll();
    return 0;
  }

  send(task: Task, message: Outgoing): number {
    const { iter, flags, name } = message;
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    if (name !== null) {
      const invalid = validate(name);
      if (invalid < 0) return invalid;
    }
    if (this.wantsSender && this.name === null) this.autobind();
    const length = iter.remaining;
    if (length > this.sendBuffer - 32) return -EMSGSIZE;
    if (this.sent > 0 && this.sent + trueSize(length) > this.sendBuffer) return this.awaitRoom(task, this.drained, flags);
    const found = name === null ? (this.peer ?? -ENOTCONN) : findSocket(task, name, this);
    if (isErrno(found)) return found;
    const other = found as UnixDgramSocket;
    if (other.dead) return this.peerDied(other);
    if (other.peer !== null && other.peer !== this) return -EPERM;
    if ((other.shutdownMask & RCV_SHUTDOWN) !== 0 || (this.shutdownMask & SEND_SHUTDOWN) !== 0) return this.broken(task, flags, 0);
    if (other.full && other.peer !== this && other !== this) return this.sleep(task, [other.queueRoom], flags, this.sendTimeout);
    const ready = iter.prepare(length, false);
    if (ready < length) return ready < 0 ? ready : -EFAULT;
    const bytes = new Uint8Array(length);
    const failed = iter.take(bytes);
    if (failed < 0) return failed;
    const taken = accepted(other, bytes);
    if (taken < 0) return length;
    const datagram = this.makeMessage(task, bytes.subarray(0, taken), message, other);
    if (isErrno(datagram)) return datagram;
    datagram.arrived = arrivalTime(other);
    other.queue.push(datagram);
    other.arrived.wakeAll();
    return length;
  }

  private peerDied(other: UnixSocket): number {
    if (this.peer === other) this.peer = null;
    return -ECONNREFUSED;
  }

  private get full(): boolean {
    return this.queue.length > MAX_QUEUE;
  }

  receive(task: Task, iter: IovIter, flags: number, incoming: Incoming): number {
    if ((flags & MSG_OOB) !== 0) return -EOPNOTSUPP;
    const datagram = this.queue[0];
    if (datagram === undefined) {
      if ((this.shutdownMask & RCV_SHUTDOWN) !== 0 && this.error === 0) return (flags & MSG_DONTWAIT) !== 0 ? -EAGAIN : 0;
      return this.waitToReceive(task, flags);
    }
    const count = Math.min(iter.remaining, datagram.length);
    const ready = iter.prepare(count, true);
    if (ready < count) return ready < 0 ? ready : -EFAULT;
    const failed = iter.put(datagram.bytes.subarray(0, count));
    if (failed < 0) return failed;
    const peek = (flags & MSG_PEEK) !== 0;
    tellArrival(this, datagram.arrived, incoming);
    this.describe(datagram, incoming, peek);
    if (count < datagram.length) incoming.flags |= MSG_TRUNC;
    if (!peek) {
      this.queue.shift();
      datagram.free();
      this.queueRoom.wakeAll();
    }
    return (flags & MSG_TRUNC) !== 0 ? datagram.length : count;
  }

  override release(): void {
    super.release();
    this.queueRoom.wakeAll();
  }

  /** A connected socket is not writable while its peer's queue is full. Linux: unix_dgram_poll. */
  override poll(task: Task): number {
    const events = super.poll(task);
    const { peer } = this;
    const blocked = peer instanceof UnixDgramSocket && peer.peer !== this && peer.full && !peer.dead;
    return blocked ? events & ~(POLLOUT | POLLWRNORM) : events;
  }

  override pollQueues(task: Task, events: number): readonly WaitQueue[] {
    const queues = super.pollQueues(task, events);
    const { peer } = this;
    return peer instanceof UnixDgramSocket && (events & (POLLOUT | POLLWRNORM)) !== 0 ? [...queues, peer.queueRoom] : queues;
  }

  protected get unread(): number {
    return this.queue[0]?.length ?? 0;
  }
}
