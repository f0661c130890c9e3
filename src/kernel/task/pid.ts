/** A process identity that is visible in several PID namespaces. Linux: struct pid. See pid_namespaces(7). */

import type { AnonymousInode } from '../fs/anon_inodes/anonymous.ts';
import type { PidNamespace } from '../namespace/pid_namespace.ts';
import type { Task } from './task.ts';
import { WaitQueue } from './wait_queue.ts';

/** One number per level, from the root namespace down to the one it was created in. */
export class Pid {
  /** numbers[level] is the id in the ancestor at that level; the last is the innermost. */
  readonly numbers: readonly number[];
  readonly namespace: PidNamespace;
  /** The thread with this id; null once it is reaped. */
  task: Task | null = null;
  /** Tasks (group leaders) whose process group or session this is. */
  readonly processGroup: Set<Task> = new Set();
  readonly session: Set<Task> = new Set();
  /** The inode of its pidfds; null before the first. */
  inode: AnonymousInode | null = null;
  /** Woken when the thread or process ends (pidfd). */
  readonly exited: WaitQueue = new WaitQueue();

  constructor(namespace: PidNamespace, numbers: readonly number[]) {
    this.namespace = namespace;
    this.numbers = numbers;
  }

  /** The id seen from `namespace`, 0 when invisible there. Linux: pid_nr_ns. */
  in(namespace: PidNamespace): number {
    const level = namespace.level;
    if (level > this.namespace.level) return 0;
    let own: PidNamespace | null = this.namespace;
    while (own !== null && own.level > level) own = own.parent;
    return own === namespace ? this.numbers[level]! : 0;
  }
}
