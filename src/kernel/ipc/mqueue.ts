/** POSIX message queues: messages by priority, and tasks that wait for messages or for room. Linux: ipc/mqueue.c. See mq_overview(7). */

import { ETIMEDOUT } from '../../abi/errno.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { uncharge } from '../mm/price.ts';
import { Pending } from '../task/progress.ts';
import { BLOCKED, type Task } from '../task/task.ts';
import { WaitQueue } from '../task/wait_queue.ts';
import type { MqueueNotification } from './mqueue_notify.ts';

/** What a message costs besides its text. */
export const PRICE_MQUEUE_MESSAGE = 160;

export interface MqueueMessage {
  readonly priority: number;
  readonly text: Uint8Array;
  /** Who paid PRICE_MQUEUE_MESSAGE and the length of the text. */
  readonly payer: MemoryGroup;
}

/** Nobody will see the message any more. */
export const freeMessage = ({ text, payer }: MqueueMessage): void => uncharge(payer, PRICE_MQUEUE_MESSAGE + text.length);

/** The messages of one priority, first come first. Linux: struct posix_msg_tree_node. */
interface Level {
  readonly priority: number;
  readonly messages: MqueueMessage[];
}

/** A task asleep in mq_timedsend or mq_timedreceive, in progress.data. Linux: struct ext_wait_queue. */
export class MqueueWaiter extends Pending {
  readonly task: Task;
  private readonly among: MqueueWaiter[];
  /** What a sender waits to send, or what a receiver has been given. */
  message: MqueueMessage | null;

  constructor(task: Task, among: MqueueWaiter[], message: MqueueMessage | null) {
    super();
    this.task = task;
    this.among = among;
    this.message = message;
  }

  leave(): void {
    const at = this.among.indexOf(this);
    if (at >= 0) this.among.splice(at, 1);
  }

  /** The call ends with the message still in its hands. */
  cancel(): void {
    this.leave();
    if (this.message !== null) freeMessage(this.message);
    this.message = null;
  }
}

/** Lower numbers are served first. Linux: task_struct.prio. */
const priorityOf = ({ realtimePriority, nice }: Task): number => (realtimePriority > 0 ? 99 - realtimePriority : 120 + nice);

export class Mqueue {
  readonly maxMessages: number;
  /** In bytes. */
  readonly maxSize: number;
  /** Messages in the queue, and the bytes of all of them. */
  count = 0;
  bytes = 0;
  /** By priority, the highest last. */
  private readonly levels: Level[] = [];
  /** In the order in which they are served: by priority of the task, first come first. */
  readonly senders: MqueueWaiter[] = [];
  readonly receivers: MqueueWaiter[] = [];
  /** Who is told when a message comes to the empty queue; null when nobody is. */
  notification: MqueueNotification | null = null;
  /** Woken when poll(2) may answer differently. */
  readonly polled: WaitQueue = new WaitQueue();

  constructor(maxMessages: number, maxSize: number) {
    this.maxMessages = maxMessages;
    this.maxSize = maxSize;
  }

  get full(): boolean {
    return this.count === this.maxMessages;
  }

  /** To the first receiver that waits, else into the queue, which has room. */
  send(sender: Task, message: MqueueMessage): void {
    const receiver = this.receivers.shift();
    if (receiver !== undefined) {
      receiver.message = message;
      receiver.task.wake();
      return;
    }
    this.insert(message);
    // Linux: __do_notify.
    if (this.count === 1 && this.notification !== null) {
      this.notification.fire(sender);
      this.notification = null;
    }
    this.polled.wakeAll();
  }

  /** The message that is received next; the queue is not empty. */
  get first(): MqueueMessage {
    return this.levels.at(-1)!.messages[0]!;
  }

  /** Take the first message: there is room for the message of a sender that waits. Linux: msg_get, pipelined_receive. */
  take(): void {
    const { messages } = this.levels.at(-1)!;
    const { text } = messages.shift()!;
    if (messages.length === 0) this.levels.pop();
    this.count--;
    this.bytes -= text.length;
    const sender = this.senders.shift();
    if (sender === undefined) {
      this.polled.wakeAll();
      return;
    }
    this.insert(sender.message!);
    sender.message = null;
    sender.task.wake(0);
  }

  /** Linux: msg_insert. */
  private insert(message: MqueueMessage): void {
    const { levels } = this;
    let low = 0;
    for (let high = levels.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (levels[middle]!.priority < message.priority) low = middle + 1;
      else high = middle;
    }
    if (levels[low]?.priority === message.priority) levels[low]!.messages.push(message);
    else levels.splice(low, 0, { priority: message.priority, messages: [message] });
    this.count++;
    this.bytes += message.text.length;
  }

  /**
   * Sleep among the senders (with a message) or the receivers until served, or until the deadline. The caller has found no message, or
   * no room, when it first comes. Linux: wq_sleep.
   */
  wait(task: Task, among: MqueueWaiter[], message: MqueueMessage | null): number {
    const progress = task.ensureProgress();
    const waiter = progress.data instanceof MqueueWaiter ? progress.data : new MqueueWaiter(task, among, message);
    if (progress.data === null) {
      const after = among.findIndex((other) => priorityOf(other.task) > priorityOf(task));
      among.splice(after < 0 ? among.length : after, 0, waiter);
      progress.data = waiter;
    }
    const { deadline } = progress;
    const result = task.kernel.clock.monotonic() >= deadline && !task.signalPending ? -ETIMEDOUT : task.block([], { deadline });
    if (result !== BLOCKED) {
      // A stop or a signal comes in between: whoever goes on after it has lost its place.
      waiter.cancel();
      progress.data = null;
    }
    return result;
  }

  /** Nothing leads to the queue any more, and nobody waits in it. */
  destroy(): void {
    for (const { messages } of this.levels) for (const message of messages) freeMessage(message);
    this.levels.length = 0;
    this.notification?.remove();
    this.notification = null;
  }
}
