/** Datagrams that wait in a socket for a receiver. Linux: sk_receive_queue, __skb_recv_datagram in net/core/datagram.c. */

import { EFAULT } from '../../abi/errno.ts';
import { MSG_PEEK, MSG_TRUNC } from '../../abi/socket.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { charge, uncharge } from '../mm/price.ts';
import type { Timespec } from '../vfs/inode.ts';
import type { IovIter } from '../vfs/iov_iter.ts';
import type { Incoming, Ucred } from './message.ts';
import type { Socket } from './socket.ts';
import { arrivalTime } from './timestamp.ts';

/** What a datagram costs besides its bytes. Linux: SKB_TRUESIZE. */
const OVERHEAD = 576;

export interface Datagram {
  readonly bytes: Uint8Array;
  /** The sender's address, as struct sockaddr. */
  readonly name: Uint8Array;
  readonly cred: Ucred | null;
  /** What control messages tell about it. */
  readonly details: DatagramDetails | null;
}

/** IP_PKTINFO, IP_TTL and their relatives. */
export interface DatagramDetails {
  /** Where it arrived. */
  readonly interface: number;
  readonly destination: string;
  readonly ttl: number;
  readonly tos: number;
}

interface Queued extends Datagram {
  readonly arrived: Timespec | null;
}

const costOf = ({ bytes }: Datagram): number => OVERHEAD + Math.max(192, (bytes.length + 63) & ~63);

export class DatagramQueue {
  private readonly items: Queued[] = [];
  private used = 0;

  get first(): Queued | null {
    return this.items[0] ?? null;
  }

  get length(): number {
    return this.items.length;
  }

  /** Bytes with overhead. Linux: sk_rmem_alloc. */
  get size(): number {
    return this.used;
  }

  /** Add a datagram for `socket`: false when there is no room or nobody pays. */
  push(socket: Socket, datagram: Datagram, limit: number = socket.receiveBuffer): boolean {
    const cost = costOf(datagram);
    if (this.used > 0 && this.used + cost > limit) return false;
    if (!charge(socket.kernel, socket.payer, cost)) return false;
    this.used += cost;
    this.items.push({ ...datagram, arrived: arrivalTime(socket) });
    socket.arrived.wakeAll();
    return true;
  }

  /** Give the first datagram to the program: the bytes moved (with MSG_TRUNC all it has), or a negative errno. */
  receive(iter: IovIter, flags: number, incoming: Incoming, payer: MemoryGroup): number {
    const datagram = this.items[0]!;
    const count = Math.min(iter.remaining, datagram.bytes.length);
    const ready = count === 0 ? 0 : iter.prepare(count, true);
    if (ready < count) return ready < 0 ? ready : -EFAULT;
    const failed = iter.put(datagram.bytes.subarray(0, count));
    if (failed < 0) return failed;
    incoming.name = datagram.name;
    if (count < datagram.bytes.length) incoming.flags |= MSG_TRUNC;
    if ((flags & MSG_PEEK) === 0) this.shift(payer);
    return (flags & MSG_TRUNC) !== 0 ? datagram.bytes.length : count;
  }

  shift(payer: MemoryGroup): void {
    const datagram = this.items.shift();
    if (datagram === undefined) return;
    const cost = costOf(datagram);
    this.used -= cost;
    uncharge(payer, cost);
  }

  clear(payer: MemoryGroup): void {
    while (this.items.length > 0) this.shift(payer);
  }
}
