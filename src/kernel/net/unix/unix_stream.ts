/** Unix sockets with connections: SOCK_STREAM and SOCK_SEQPACKET. Linux: unix_stream_ops, unix_seqpacket_ops. See unix(7). */

import {
  ECONNREFUSED,
  ECONNRESET,
  EFAULT,
  EINVAL,
  EISCONN,
  EMSGSIZE,
  ENOMEM,
  ENOTCONN,
  EOPNOTSUPP,
  EPIPE,
  isErrno,
} from '../../../abi/errno.ts';
import { SIOCATMARK } from '../../../abi/ioctl.ts';
import { SIGURG } from '../../../abi/signal.ts';
import {
  MSG_DONTWAIT,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  SO_OOBINLINE,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOMAXCONN,
} from '../../../abi/socket.ts';
import { NOT_RESIDENT } from '../../../platform/blocks.ts';
import { charge, PRICE_SOCKET } from '../../mm/price.ts';
import { signalOwner } from '../../signal/owner.ts';
import type { Task } from '../../task/task.ts';
import { WaitQueue } from '../../task/wait_queue.ts';
import { POLLHUP, POLLPRI } from '../../vfs/file.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import type { Incoming, Outgoing, Ucred } from '../message.ts';
import { credentialsOf, RCV_SHUTDOWN, SEND_SHUTDOWN, type Socket } from '../socket.ts';
import { accepted } from '../socket_filter.ts';
import { arrivalTime, tellArrival } from '../timestamp.ts';
import { findSocket, validate } from './address.ts';
import { type SkBuff, trueSize } from './skbuff.ts';
import { UnixSocket } from './unix_socket.ts';

/** Bytes of a stream in one message. Linux: UNIX_SKB_FRAGS_SZ. */
const CHUNK = 32768;
/** Reading ends here, however much was wanted. */
const AT_MARK = 1;

export class UnixStreamSocket extends UnixSocket {
  private state: 'closed' | 'listening' | 'connected' = 'closed';
  private backlog = 0;
  /** The listener's address, which an accepted socket shows as its own. */
  private inherited: Uint8Array | null = null;
  /** Credentials at the time of listen(2). */
  private listenCred: Ucred | null = null;
  /** The last byte that was sent out of band, where it lies in the queue; null once it was received or passed. Linux: oob_skb. */
  private outOfBand: SkBuff | null = null;
  /** Woken when accept(2) has made room in the backlog. */
  private readonly backlogRoom: WaitQueue = new WaitQueue();

  static create(task: Task, type: number, flags: number): UnixStreamSocket | number {
    if (!charge(task.kernel, task.group.cgroup.memory, PRICE_SOCKET)) return -ENOMEM;
    return new UnixStreamSocket(task, type, flags);
  }

  protected get connects(): boolean {
    return true;
  }

  override get listening(): boolean {
    return this.state === 'listening';
  }

  /** Connect two sockets of the caller's with each other. */
  join(task: Task, other: UnixStreamSocket): void {
    this.meet(other, credentialsOf(task));
    other.meet(this, credentialsOf(task));
  }

  private meet(other: UnixStreamSocket, cred: Ucred | null): void {
    this.peer = other;
    this.peerCred = cred;
    this.state = 'connected';
  }

  override get maxPending(): number {
    return this.backlog;
  }

  listen(task: Task, backlog: number): number {
    if (this.name === null || this.state === 'connected') return -EINVAL;
    this.state = 'listening';
    this.backlog = Math.min(backlog >>> 0, SOMAXCONN);
    this.listenCred = credentialsOf(task);
    this.backlogRoom.wakeAll();
    return 0;
  }

  connect(task: Task, address: Uint8Array): number {
    const invalid = validate(address);
    if (invalid < 0) return invalid;
    if (this.wantsSender && this.name === null) this.autobind();
    const found = findSocket(task, address, this);
    if (isErrno(found)) return found;
    const other = found as UnixStreamSocket;
    if (!other.listening || (other.shutdownMask & RCV_SHUTDOWN) !== 0) return -ECONNREFUSED;
    if (other.pendingConnections.length > other.backlog) return this.sleep(task, [other.backlogRoom], this.waitFlag, this.sendTimeout);
    if (this.state !== 'closed') return this.state === 'connected' ? -EISCONN : -EINVAL;
    const connection = UnixStreamSocket.create(task, this.type, 0);
    if (isErrno(connection)) return connection;
    connection.inherited = other.localName();
    connection.passCredentials = other.passCredentials;
    connection.passPidfd = other.passPidfd;
    connection.meet(this, credentialsOf(task));
    this.meet(connection, other.listenCred);
    other.pendingConnections.push(connection);
    other.arrived.wakeAll();
    return 0;
  }

  override localName(): Uint8Array {
    return this.inherited ?? super.localName();
  }

  accept(task: Task, flags: number): Socket | number {
    if (this.state !== 'listening') return -EINVAL;
    const connection = this.pendingConnections.shift();
    if (connection === undefined) return this.sleep(task, [this.arrived], flags, this.receiveTimeout);
    this.backlogRoom.wakeAll();
    return connection;
  }

  send(task: Task, message: Outgoing): number {
    const { iter, flags } = message;
    const urgent = (flags & MSG_OOB) !== 0 ? 1 : 0;
    if (urgent !== 0 && (this.type === SOCK_SEQPACKET || iter.remaining + iter.moved === 0)) return -EOPNOTSUPP;
    if (this.type === SOCK_SEQPACKET) return this.state === 'connected' ? this.sendPacket(task, message) : -ENOTCONN;
    if (message.name !== null) return this.state === 'connected' ? -EISCONN : -EOPNOTSUPP;
    const other = this.peer;
    if (other === null) return -ENOTCONN;
    const done = task.progress?.done ?? 0;
    if (done > iter.moved) iter.skip(done - iter.moved);
    if ((this.shutdownMask & SEND_SHUTDOWN) !== 0) return this.broken(task, flags, iter.moved);
    while (iter.remaining > urgent) {
      if (other.dead || (other.shutdownMask & RCV_SHUTDOWN) !== 0) return this.broken(task, flags, iter.moved);
      if (this.sent >= this.sendBuffer) return this.waitToSend(task, flags, iter.moved);
      const ready = iter.prepare(Math.min(iter.remaining - urgent, CHUNK, Math.max(1, this.sendBuffer / 2 - 64)), false);
      if (ready < 0) return this.stopped(task, iter.moved, ready);
      const bytes = new Uint8Array(ready);
      const first = iter.moved === 0;
      const failed = iter.take(bytes);
      if (failed < 0) return this.stopped(task, iter.moved, failed);
      const piece = this.makeMessage(task, bytes, { files: first ? message.files : [], cred: message.cred }, other);
      if (isErrno(piece)) return iter.moved > ready ? iter.moved - ready : piece;
      other.queue.push(piece);
      other.arrived.wakeAll();
    }
    return iter.remaining === 0 ? iter.moved : this.sendUrgent(task, message, other as UnixStreamSocket);
  }

  /** The last byte goes out of band. Linux: queue_oob. */
  private sendUrgent(task: Task, { iter, flags, files, cred }: Outgoing, other: UnixStreamSocket): number {
    const { moved } = iter;
    if (this.sent >= this.sendBuffer) return this.waitToSend(task, flags, moved);
    const ready = iter.prepare(1, false);
    const byte = new Uint8Array(1);
    const failed = ready < 0 ? ready : iter.take(byte);
    if (failed < 0) return this.stopped(task, moved, failed);
    if (other.dead || (other.shutdownMask & RCV_SHUTDOWN) !== 0) return moved > 0 ? moved : -EPIPE;
    const piece = this.makeMessage(task, byte, { files: moved === 0 ? files : [], cred }, other);
    if (isErrno(piece)) return moved > 0 ? moved : piece;
    other.outOfBand = piece;
    other.queue.push(piece);
    if (other.owner !== null) signalOwner(other.owner, SIGURG);
    other.arrived.wakeAll();
    return iter.moved;
  }

  /** Moving bytes has failed after `moved` of them. */
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
    return this.awaitRoom(task, this.drained, flags);
  }

  private sendPacket(task: Task, message: Outgoing): number {
    const { iter, flags } = message;
    const other = this.peer!;
    const length = iter.remaining;
    if (length > this.sendBuffer - 32) return -EMSGSIZE;
    if ((this.shutdownMask & SEND_SHUTDOWN) !== 0) return this.broken(task, flags, 0);
    if (other.dead || (other.shutdownMask & RCV_SHUTDOWN) !== 0) return this.broken(task, flags, 0);
    if (this.sent > 0 && this.sent + trueSize(length) > this.sendBuffer) return this.waitToSend(task, flags, 0);
    const ready = iter.prepare(length, false);
    if (ready < 0) return ready;
    const bytes = new Uint8Array(ready);
    const failed = iter.take(bytes);
    if (failed < 0) return failed;
    const taken = accepted(other, bytes);
    if (taken < 0) return length;
    const packet = this.makeMessage(task, bytes.subarray(0, taken), message, other);
    if (isErrno(packet)) return packet;
    packet.arrived = arrivalTime(other);
    other.queue.push(packet);
    other.arrived.wakeAll();
    return length;
  }

  receive(task: Task, iter: IovIter, flags: number, incoming: Incoming): number {
    if ((flags & MSG_OOB) !== 0 && this.type === SOCK_SEQPACKET) return -EOPNOTSUPP;
    if (this.type === SOCK_SEQPACKET) return this.state === 'connected' ? this.receivePacket(task, iter, flags, incoming) : -ENOTCONN;
    if (this.state !== 'connected') return -EINVAL;
    const peek = (flags & MSG_PEEK) !== 0;
    if ((flags & MSG_OOB) !== 0) return this.receiveUrgent(iter, peek, incoming);
    const done = peek ? 0 : (task.progress?.done ?? 0);
    if (done > iter.moved) iter.skip(done - iter.moved);
    const target =
      (flags & MSG_WAITALL) !== 0 ? iter.moved + iter.remaining : Math.min(Math.max(1, this.receiveLowWater), iter.moved + iter.remaining);
    const available = this.unread;
    if (available > 0 && iter.remaining > 0) {
      const ready = iter.prepare(Math.min(available, iter.remaining), true);
      if (ready < 0) return this.stopped(task, iter.moved, ready);
    }
    const failed = this.takeBytes(iter, incoming, peek);
    if (failed < 0) return this.stopped(task, iter.moved, failed);
    if (failed === AT_MARK || iter.remaining === 0 || iter.moved >= target || incoming.files.length > 0) return iter.moved;
    if ((this.shutdownMask & RCV_SHUTDOWN) !== 0 && this.error === 0) return iter.moved;
    if (iter.moved > 0) {
      if (this.error !== 0 || (flags & MSG_DONTWAIT) !== 0 || peek) return iter.moved;
      task.ensureProgress().done = iter.moved;
    }
    return this.waitToReceive(task, flags);
  }

  private get inline(): boolean {
    return (this.values.get(SO_OOBINLINE) ?? 0) !== 0;
  }

  /** Where the data stood that was sent out of band. Linux: SIOCATMARK in unix_ioctl. */
  private get atMark(): boolean {
    const [first, second] = this.queue;
    if (first === undefined) return false;
    return first === this.outOfBand || (first.length === 0 && (this.outOfBand === null || second === this.outOfBand));
  }

  /** The byte out of band; an empty message remains as its mark. Linux: unix_stream_recv_urg. */
  private receiveUrgent(iter: IovIter, peek: boolean, incoming: Incoming): number {
    const message = this.outOfBand;
    if (this.inline || message === null) return -EINVAL;
    const ready = iter.prepare(1, true);
    if (ready <= 0) return ready < 0 ? ready : -EFAULT;
    const failed = iter.put(message.bytes.subarray(message.offset));
    if (failed < 0) return failed;
    if (!peek) {
      this.outOfBand = null;
      const before = this.queue.indexOf(message) - 1;
      if (this.queue[before]?.length === 0) this.discard(this.queue.splice(before, 1)[0]!);
      message.offset++;
    }
    incoming.flags |= MSG_OOB;
    return 1;
  }

  /**
   * The message to read at place `at` of the queue or behind it, `copied` bytes having been read already: marks and what is out of band
   * are passed, if nothing was read before them. -1 if there is none. Linux: manage_oob.
   */
  private passMarks(at: number, peek: boolean, copied: number): number {
    let i = at;
    if (this.queue[i]?.length === 0) {
      if (copied > 0 && (this.outOfBand === null || this.queue[i] === this.outOfBand)) return -1;
      if (peek) i++;
      else this.discard(this.queue.splice(i, 1)[0]!);
    }
    const message = this.queue[i];
    if (message === undefined) return -1;
    if (message !== this.outOfBand) return i;
    if (copied > 0) return -1;
    if (!peek) this.outOfBand = null;
    if (this.inline) return i;
    if (peek) i++;
    else {
      this.discard(this.queue.splice(i, 1)[0]!);
      i = 0;
    }
    return i < this.queue.length ? i : -1;
  }

  /** Take bytes of messages from one sender, up to one with files: 0, AT_MARK if something out of band ends them, or an error. */
  private takeBytes(iter: IovIter, incoming: Incoming, peek: boolean): number {
    let first: SkBuff | null = null;
    for (let i = 0; i < this.queue.length && iter.remaining > 0; ) {
      i = this.passMarks(i, peek, iter.moved);
      if (i < 0) return iter.moved > 0 ? AT_MARK : 0;
      const message = this.queue[i]!;
      if (message.length === 0) {
        i++;
        continue;
      }
      if (first !== null && this.wantsSender && !sameSender(first.cred, message.cred)) break;
      const count = Math.min(message.length, iter.remaining);
      const failed = iter.put(message.bytes.subarray(message.offset, message.offset + count));
      if (failed < 0) return failed;
      first ??= message;
      this.describe(message, incoming, peek);
      if (peek) i++;
      else {
        message.offset += count;
        if (message.length === 0) {
          this.queue.splice(i, 1);
          message.free();
        }
      }
      if (incoming.files.length > 0) break;
    }
    return 0;
  }

  private receivePacket(task: Task, iter: IovIter, flags: number, incoming: Incoming): number {
    const packet = this.queue[0];
    if (packet === undefined) {
      if ((this.shutdownMask & RCV_SHUTDOWN) !== 0 && this.error === 0) return 0;
      return this.waitToReceive(task, flags);
    }
    const count = Math.min(iter.remaining, packet.length);
    const ready = iter.prepare(count, true);
    if (ready < count) return ready < 0 ? ready : -EFAULT;
    const failed = iter.put(packet.bytes.subarray(0, count));
    if (failed < 0) return failed;
    const peek = (flags & MSG_PEEK) !== 0;
    tellArrival(this, packet.arrived, incoming);
    this.describe(packet, incoming, peek);
    if (count < packet.length) incoming.flags |= MSG_TRUNC;
    if (!peek) {
      this.queue.shift();
      packet.free();
    }
    return (flags & MSG_TRUNC) !== 0 ? packet.length : count;
  }

  protected override disconnect(): void {
    for (const connection of this.pendingConnections) {
      const client = connection.peer!;
      client.error = ECONNRESET;
    }
    // A mark is nothing that has not been read.
    if (this.queue[0]?.length === 0) this.discard(this.queue.shift()!);
    this.outOfBand = null;
    super.disconnect();
  }

  override ioctl(task: Task, request: number, argument: number): number {
    if (request !== SIOCATMARK || this.type !== SOCK_STREAM) return super.ioctl(task, request, argument);
    return task.mm!.writeU32(argument, this.atMark ? 1 : 0);
  }

  override purge(): void {
    this.outOfBand = null;
    super.purge();
  }

  override poll(task: Task): number {
    const events = super.poll(task) | (this.outOfBand === null ? 0 : POLLPRI);
    return this.state === 'closed' ? events | POLLHUP : events;
  }

  protected get unread(): number {
    if (this.type !== SOCK_STREAM) return this.queue[0]?.length ?? 0;
    let total = 0;
    for (const message of this.queue) total += message.length;
    return total;
  }
}

const sameSender = (a: Ucred | null, b: Ucred | null): boolean =>
  a === b || (a !== null && b !== null && a.pid === b.pid && a.uid === b.uid && a.gid === b.gid);
