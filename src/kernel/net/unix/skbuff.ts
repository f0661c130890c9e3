/** A message in the queue of a Unix socket. Linux: struct sk_buff with struct unix_skb_parms. */

import type { MemoryGroup } from '../../mm/memory_group.ts';
import { charge, uncharge } from '../../mm/price.ts';
import type { UserAccount } from '../../task/user_account.ts';
import type { File } from '../../vfs/file.ts';
import type { Timespec } from '../../vfs/inode.ts';
import type { Ucred } from '../message.ts';
import type { UnixSocket } from './unix_socket.ts';

/** What a message costs its sender's buffer besides its bytes. Linux: SKB_TRUESIZE. */
const OVERHEAD = 576;
const ALIGNMENT = 64;

export class SkBuff {
  readonly bytes: Uint8Array;
  /** Bytes already received from a stream. */
  offset = 0;
  files: File[];
  readonly cred: Ucred | null;
  /** When it came to a receiver that wants to know. */
  arrived: Timespec | null = null;
  readonly sender: UnixSocket;
  /** The sender's address when it sent. */
  readonly senderName: Uint8Array | null;
  /** Counted in sender.sent. */
  readonly trueSize: number;
  readonly payer: MemoryGroup;
  /** Who has the passed files in flight. */
  readonly account: UserAccount | null;

  constructor(bytes: Uint8Array, files: File[], cred: Ucred | null, sender: UnixSocket, payer: MemoryGroup, account: UserAccount | null) {
    this.bytes = bytes;
    this.files = files;
    this.cred = cred;
    this.sender = sender;
    this.senderName = sender.name;
    this.payer = payer;
    this.account = account;
    this.trueSize = trueSize(bytes.length);
  }

  get length(): number {
    return this.bytes.length - this.offset;
  }

  /** Take what it costs; false when nobody can pay. */
  charge(): boolean {
    if (!charge(this.sender.kernel, this.payer, this.trueSize)) return false;
    this.sender.sent += this.trueSize;
    return true;
  }

  /** Give back what it cost: the sender may have room again. */
  free(): void {
    uncharge(this.payer, this.trueSize);
    this.sender.sent -= this.trueSize;
    if (this.sender.hasRoom) this.sender.drained.wakeAll();
  }
}

export const trueSize = (length: number): number => OVERHEAD + Math.max(192, Math.ceil(length / ALIGNMENT) * ALIGNMENT);
