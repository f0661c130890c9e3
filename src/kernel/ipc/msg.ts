/** System V message queues. Linux: ipc/msg.c. See msgop(2). */

import { E2BIG, EIDRM, ENOMSG, ERESTARTNOHAND } from '../../abi/errno.ts';
import { MSG_COPY, MSG_EXCEPT, MSG_NOERROR } from '../../abi/ipc.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { uncharge } from '../mm/price.ts';
import type { Pid } from '../task/pid.ts';
import { Pending } from '../task/progress.ts';
import { BLOCKED, type Task } from '../task/task.ts';
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

/** A task asleep in msgrcv, in progress.data. Linux: struct msg_receiver. */
export class MessageReceiver extends Pending {
  readonly task: Task;
  readonly queue: MessageQueue;
  readonly type: number;
  readonly flags: number;
  /** Of its buffer, in bytes. */
  readonly size: number;
  /** What it has been given. */
  message: Message | null = null;

  constructor(task: Task, queue: MessageQueue, type: number, flags: number, size: number) {
    super();
    this.task = task;
    this.queue = queue;
    this.type = type;
    this.flags = flags;
    this.size = size;
  }

  get waits(): boolean {
    return this.queue.receivers.includes(this);
  }

  cancel(): void {
    const { receivers } = this.queue;
    const at = receivers.indexOf(this);
    if (at >= 0) receivers.splice(at, 1);
    if (this.message !== null) freeMessage(this.message);
    this.message = null;
  }
}

/** Nobody will see the message any more. */
const freeMessage = ({ text, payer }: Message): void => uncharge(payer, PRICE_MESSAGE + text.length);

/** Whether msgrcv(2) with `type` and `flags` takes a message like this. Linux: testmsg. */
function matches(message: Message, type: number, flags: number): boolean {
  if (type === 0) return true;
  return type > 0 ? (message.type === type) !== ((flags & MSG_EXCEPT) !== 0) : message.type <= -type;
}

/** Whether the message fits the receiver's buffer: 0 or -E2BIG. */
export const fits = ({ text }: Message, size: number, flags: number): number =>
  text.length > size && (flags & MSG_NOERROR) === 0 ? -E2BIG : 0;

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
  /** First come first. */
  readonly receivers: MessageReceiver[] = [];

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
    this.lastSender = task.group.leader.pid;
    this.stime = task.kernel.now().seconds;
    if (this.handOver(message)) return;
    const { length } = message.text;
    this.messages.push(message);
    this.bytes += length;
    this.namespace.messageBytes += length;
    this.namespace.messageCount++;
  }

  /** Give it to the first receiver that waits for one like this; whose buffer is too small learns that. Linux: pipelined_send. */
  private handOver(message: Message): boolean {
    for (const receiver of this.receivers.filter(({ type, flags }) => matches(message, type, flags))) {
      const { task, size, flags } = receiver;
      receiver.cancel();
      const tooBig = fits(message, size, flags);
      if (tooBig < 0) {
        task.wake(tooBig);
        continue;
      }
      receiver.message = message;
      this.received(task, task.pid);
      task.wake();
      return true;
    }
    return false;
  }

  private received(task: Task, by: Pid): void {
    this.lastReceiver = by;
    this.rtime = task.kernel.now().seconds;
  }

  /** The position of the message that msgrcv(2) with `type` and `flags` takes, or -ENOMSG. */
  find(type: number, flags: number): number {
    if ((flags & MSG_COPY) !== 0) return type < this.messages.length && type >= 0 ? type : -ENOMSG;
    let best = -ENOMSG;
    for (const [i, message] of this.messages.entries()) {
      if (!matches(message, type, flags)) continue;
      if (type >= 0) return i;
      if (best < 0 || message.type < this.messages[best]!.type) best = i;
    }
    return best;
  }

  take(task: Task, position: number): void {
    const [message] = this.messages.splice(position, 1);
    this.bytes -= message!.text.length;
    this.forget(message!);
    this.received(task, task.group.leader.pid);
    this.senders.wakeAll();
  }

  /** Sleep until a message is handed over; who is interrupted loses its place. */
  wait(receiver: MessageReceiver): number {
    const { task } = receiver;
    if (!receiver.waits) this.receivers.push(receiver);
    task.ensureProgress().data = receiver;
    const result = task.block([], { restart: ERESTARTNOHAND });
    if (result !== BLOCKED) receiver.cancel();
    return result;
  }

  /** All sleepers look again: they may have lost their permission, or there may be room. Linux: expunge_all, ss_wakeup. */
  changed(): void {
    for (const { task } of this.receivers.splice(0)) task.wake();
    this.senders.wakeAll();
  }

  override destroy(): void {
    this.namespace.messageQueues.remove(this);
    for (const message of this.messages) this.forget(message);
    this.messages.length = 0;
    this.senders.wakeAll(-EIDRM);
    for (const { task } of this.receivers.splice(0)) task.wake(-EIDRM);
  }

  private forget(message: Message): void {
    this.namespace.messageBytes -= message.text.length;
    this.namespace.messageCount--;
    freeMessage(message);
  }
}
