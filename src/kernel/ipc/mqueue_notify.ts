/** Telling a process that a message has come to an empty queue. Linux: __do_notify and remove_notification in ipc/mqueue.c. See mq_notify(3). */

import { NOTIFY_REMOVED, NOTIFY_WOKENUP } from '../../abi/mqueue.ts';
import { SI_MESGQ, SIGEV_SIGNAL } from '../../abi/signal.ts';
import type { UserNamespace } from '../namespace/user_namespace.ts';
import type { NetlinkSocket } from '../net/netlink/netlink_socket.ts';
import { sendInfoUnchecked } from '../signal/kill.ts';
import type { Pid } from '../task/pid.ts';
import type { Task } from '../task/task.ts';

/** The part of struct sigevent that matters, and for SIGEV_THREAD the socket and what it gets. */
export interface MqueueEvent {
  readonly notify: number;
  readonly signo: number;
  readonly valueLow: number;
  readonly valueHigh: number;
  readonly socket: NetlinkSocket | null;
  readonly cookie: Uint8Array;
}

export class MqueueNotification {
  readonly event: MqueueEvent;
  /** The process that has registered. */
  readonly owner: Pid;
  private readonly userNs: UserNamespace;
  /** How many programs it had executed: the one that registered gets the signal, no later one. Linux: self_exec_id. */
  private readonly execs: number;

  constructor(task: Task, event: MqueueEvent) {
    this.event = event;
    this.owner = task.group.leader.pid;
    this.userNs = task.cred.userNs.get();
    this.execs = task.group.execs;
  }

  /** `sender` has sent a message; the registration is over. */
  fire(sender: Task): void {
    const { notify, signo, valueLow, valueHigh } = this.event;
    const receiver = this.owner.task;
    if (notify === SIGEV_SIGNAL && signo !== 0 && receiver !== null && receiver.group.execs === this.execs) {
      const pid = sender.group.leader.pid.in(this.owner.namespace);
      const uid = this.userNs.uid(sender.cred.uid);
      sendInfoUnchecked(sender, receiver, { signo, code: SI_MESGQ, pid, uid, valueLow, valueHigh }, signo, false);
    }
    this.tell(NOTIFY_WOKENUP);
    this.userNs.put();
  }

  /** The registration is taken back. */
  remove(): void {
    this.tell(NOTIFY_REMOVED);
    this.userNs.put();
  }

  /** SIGEV_THREAD: the C library's thread waits for the cookie. */
  private tell(reason: number): void {
    const { socket, cookie } = this.event;
    if (socket === null) return;
    const bytes = cookie.slice();
    bytes[bytes.length - 1] = reason;
    socket.deliverCookie(bytes);
  }
}
