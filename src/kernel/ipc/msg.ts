/** System V message queues. Linux: ipc/msg.c. See msgop(2). */

import { E2BIG, EIDRM, ENOMSG } from '../../abi/errno.ts';
import { MSG_COPY, MSG_EXCEPT, MSG_NOERROR } from '../../abi/ipc.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { uncharge } from '../mm/price.ts';
import type { Pid } from '../task/pid.ts';
import type { Task } from '../task/task.ts';
import { WaitQueue } from '../task/wait_queue.ts';
import { IpcObject } from './ipc_ids.ts';

/** What a message costs besides its text. */
export const PRICE_MESSAGE = 160;

export interface Message {
  readonly type: number;
  readonly text: Uint8Array;
  /** Who paid PRICE_MESSAGE and the length of the text. */
  readonly payer: MemoryGroup;
}

/** What a task asleep in msgsnd keeps in progress.data: nothing is copied in twice. */
export class PendingMessage {
  readonly queue: MessageQueue;
  readonly type: number;
  readonly text: Uint8Array;
  constructor(queue: MessageQueue, type: number, text: Uint8Array) {
    this.queue = queue;
    this.type = type;
    this.text = text;
  }
}

export class MessageQueue extends IpcObject {
  readonly messages: Message[] = [];
  /** Bytes in the queue, and how many are allowed. */
  bytes = 0;
  maxBytes: number;
  stime = 0;
  rtime = 0;
  ctime: number;
  lastSender: Pid | null = null;
  lastReceiver: Pid | null = null;
  readonly senders: WaitQueue = new WaitQueue();
  readonly receivers: WaitQueue = new WaitQueue();

  constructor(task: Task, key: number, mode: number) {
    super(task, key, mode);
    this.maxBytes = this.namespace.limits.msgmnb;
    this.ctime = task.kernel.now().seconds;
  }

  /** Whether a message of `length` bytes may be added now. Linux: msg_fits_inqueue. */
  hasRoom(length: number): boolean {
    return length + this.bytes <= this.maxBytes && this.messages.length + 1 <= this.maxBytes;
  }

  send(task: Task, message: Message): void {
    const { length } = message.text;
    this.messages.push(message);
    this.bytes += length;
    this.namespace.messageBytes += length;
    this.namespace.messageCount++;
    this.lastSender = task.group.leader.pid;
    this.stime = task.kernel.now().seconds;
    this.receivers.wakeAll();
  }

  /** The position of the message that msgrcv(2) with `type` and `flags` takes, or -ENOMSG. */
  find(type: number, flags: number): number {
    if ((flags & MSG_COPY) !== 0) return type < this.messages.length && type >= 0 ? type : -ENOMSG;
    if (type === 0) return this.messages.length > 0 ? 0 : -ENOMSG;
    let best = -ENOMSG;
    for (const [i, message] of this.messages.entries()) {
      if (type > 0) {
        if ((message.type === type) !== ((flags & MSG_EXCEPT) !== 0)) return i;
      } else if (message.type <= -type && (best < 0 || message.type < this.messages[best]!.type)) best = i;
    }
    return best;
  }

  /** Whether the message fits the receiver's buffer: 0 or -E2BIG. */
  fits(message: Message, size: number, flags: number): number {
    return message.text.length > size && (flags & MSG_NOERROR) === 0 ? -E2BIG : 0;
  }

  take(task: Task, position: number): void {
    const [message] = this.messages.splice(position, 1);
    this.bytes -= message!.text.length;
    this.forget(message!);
    this.lastReceiver = task.group.leader.pid;
    this.rtime = task.kernel.now().seconds;
    this.senders.wakeAll();
  }

  override destroy(): void {
    this.namespace.messageQueues.remove(this);
    for (const message of this.messages) this.forget(message);
    this.messages.length = 0;
    this.senders.wakeAll(-EIDRM);
    this.receivers.wakeAll(-EIDRM);
  }

  private forget({ text, payer }: Message): void {
    this.namespace.messageBytes -= text.length;
    this.namespace.messageCount--;
    uncharge(payer, PRICE_MESSAGE + text.length);
  }
}
