/** System calls that wait for a supervisor's decision. Linux: struct notification in kernel/seccomp.c. See seccomp_unotify(2). */

import { ENOSYS } from '../../abi/errno.ts';
import { Pending } from '../task/progress.ts';
import type { Task } from '../task/task.ts';
import { WaitQueue } from '../task/wait_queue.ts';
import type { SeccompFilter } from './filter.ts';

/** One call of one task. It is in the progress record of that task, and goes with it. */
export class SeccompNotification extends Pending {
  readonly id: number;
  readonly task: Task;
  /** struct seccomp_data. */
  readonly data: Uint8Array;
  private readonly listener: SeccompListener;
  state: 'init' | 'sent' | 'replied' = 'init';
  /** The reply: a negative errno or 0, the halves of the value, SECCOMP_USER_NOTIF_FLAG_. */
  error = 0;
  valueLow = 0;
  valueHigh = 0;
  flags = 0;
  /** Woken by what the supervisor does. */
  readonly changed: WaitQueue = new WaitQueue();

  constructor(listener: SeccompListener, id: number, task: Task, data: Uint8Array) {
    super();
    this.listener = listener;
    this.id = id;
    this.task = task;
    this.data = data;
  }

  /** Once received, only a fatal signal ends the wait. */
  get waitKillable(): boolean {
    return this.listener.filter.waitKillable;
  }

  reply(error: number, valueLow: number, valueHigh: number, flags: number): void {
    this.state = 'replied';
    this.error = error;
    this.valueLow = valueLow;
    this.valueHigh = valueHigh;
    this.flags = flags;
    this.changed.wakeAll();
  }

  /** The call is over, or will be made anew. */
  override cancel(): void {
    this.listener.forget(this);
  }
}

/** What a filter with SECCOMP_FILTER_FLAG_NEW_LISTENER shares with its listening descriptor. */
export class SeccompListener {
  readonly filter: SeccompFilter;
  /** Woken when there is something new to receive or to answer, and when the last task is gone. */
  readonly changed: WaitQueue = new WaitQueue();
  private readonly pending: Set<SeccompNotification> = new Set();
  private nextId = 1;

  constructor(filter: SeccompFilter) {
    this.filter = filter;
  }

  /** A call waits for a decision. */
  notify(task: Task, data: Uint8Array): SeccompNotification {
    const notification = new SeccompNotification(this, this.nextId++, task, data);
    this.pending.add(notification);
    this.changed.wakeAll();
    return notification;
  }

  forget(notification: SeccompNotification): void {
    this.pending.delete(notification);
  }

  /** The oldest notification that nobody has received. */
  next(): SeccompNotification | null {
    for (const notification of this.pending) if (notification.state === 'init') return notification;
    return null;
  }

  find(id: number): SeccompNotification | null {
    for (const notification of this.pending) if (notification.id === id) return notification;
    return null;
  }

  has(state: 'init' | 'sent'): boolean {
    for (const notification of this.pending) if (notification.state === state) return true;
    return false;
  }

  /** No task uses the filter any more. */
  hangUp(): void {
    this.changed.wakeAll();
  }

  /** The descriptor is closed: nobody decides any more. Linux: seccomp_notify_detach. */
  detach(): void {
    this.filter.listener = null;
    for (const notification of this.pending) if (notification.state !== 'replied') notification.reply(-ENOSYS, 0, 0, 0);
  }
}
