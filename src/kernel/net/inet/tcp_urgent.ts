/** Urgent data at the receiving end of a connection: one byte that is read out of turn. Linux: tcp_check_urg, tcp_urg, tcp_recv_urg. See tcp(7). */

import { EAGAIN, EINVAL } from '../../../abi/errno.ts';
import { SIGURG } from '../../../abi/signal.ts';
import { MSG_OOB, MSG_PEEK, MSG_TRUNC, SO_OOBINLINE } from '../../../abi/socket.ts';
import { signalOwner } from '../../signal/owner.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import type { Incoming } from '../message.ts';
import { RCV_SHUTDOWN } from '../socket.ts';
import type { TcpConnection } from './tcp_connection.ts';

/** How far ahead the field of a segment can point. */
const FARTHEST = 65535;

export class TcpUrgent {
  /** A pointer has come; so has its byte; which was read. Linux: TCP_URG_NOTYET, TCP_URG_VALID, TCP_URG_READ. */
  private state: 'none' | 'announced' | 'here' | 'read' = 'none';
  /** Where the byte stands in the stream. */
  private sequence = 0;
  private byte = 0;

  /** Whether a byte waits to be read out of turn: POLLPRI. */
  get waits(): boolean {
    return this.state === 'here';
  }

  /** How many bytes of the stream from `sequence` on are before the urgent one; Infinity if there is none. */
  ahead(sequence: number): number {
    const distance = this.state === 'none' ? -1 : this.sequence - sequence;
    return distance < 0 ? Number.POSITIVE_INFINITY : distance;
  }

  /** The other end points at the byte at `sequence`. */
  announce(socket: TcpConnection, sequence: number): void {
    if (sequence < socket.receivedEnd || sequence - socket.receivedEnd >= FARTHEST) return;
    if (this.state !== 'none' && sequence <= this.sequence) return;
    if (socket.owner !== null) signalOwner(socket.owner, SIGURG);
    // The urgent byte before, at which the reader stands, is not to be read again.
    if (this.ahead(socket.copied) === 0 && !isInline(socket) && socket.received.length > 0) socket.consume(1);
    this.state = 'announced';
    this.sequence = sequence;
  }

  /** Bytes have come. */
  arrive(socket: TcpConnection): void {
    if (this.state !== 'announced' || this.sequence >= socket.receivedEnd) return;
    for (const part of socket.received.peek(1, this.sequence - socket.copied)) this.byte = part[0]!;
    this.state = 'here';
  }

  /** The reader has come past it. */
  pass(copied: number): void {
    if (this.state !== 'none' && copied > this.sequence) this.state = 'none';
  }

  /** recv(2) with MSG_OOB, which never sleeps. */
  receive(socket: TcpConnection, iter: IovIter, flags: number, incoming: Incoming): number {
    if (isInline(socket) || this.state === 'none' || this.state === 'read') return -EINVAL;
    if (this.state === 'announced') return (socket.shutdownMask & RCV_SHUTDOWN) !== 0 ? 0 : -EAGAIN;
    const length = Math.min(1, iter.remaining);
    if (length === 0) incoming.flags |= MSG_TRUNC;
    else if ((flags & MSG_TRUNC) === 0) {
      const ready = iter.prepare(1, true);
      const failed = ready < 0 ? ready : iter.put(new Uint8Array([this.byte]));
      if (failed < 0) return failed;
    }
    if ((flags & MSG_PEEK) === 0) this.state = 'read';
    incoming.flags |= MSG_OOB;
    return length;
  }
}

/** The urgent byte is read in its turn. */
export const isInline = (socket: TcpConnection): boolean => (socket.values.get(SO_OOBINLINE) ?? 0) !== 0;
