/** Files that ppoll(2) or pselect6(2) watches: looked at together, slept on together. Linux: struct poll_wqueues. */

import type { Task } from '../task/task.ts';
import type { WaitQueue } from '../task/wait_queue.ts';
import { type File, POLLERR, POLLHUP, POLLNVAL } from '../vfs/file.ts';

export class PollSet {
  readonly fds: number[] = [];
  /** Null: the descriptor is to be skipped, or is not open. */
  readonly files: (File | null)[] = [];
  readonly events: number[] = [];
  readonly revents: number[] = [];
  /** The timeout was zero. */
  immediate = false;

  /** Watch `fd`; false if it is not open. */
  add(task: Task, fd: number, events: number): boolean {
    const file = task.files!.io(fd);
    this.fds.push(fd);
    this.files.push(file);
    this.events.push(events);
    this.revents.push(0);
    return file !== null;
  }

  /** Look at every file: how many have something to tell. */
  scan(task: Task): number {
    let count = 0;
    for (let i = 0; i < this.files.length; i++) {
      const file = this.files[i]!;
      let events = 0;
      if (file !== null) events = file.poll(task) & (this.events[i]! | POLLERR | POLLHUP);
      else if (this.fds[i]! >= 0) events = POLLNVAL;
      this.revents[i] = events;
      if (events !== 0) count++;
    }
    return count;
  }

  /** Sleep until a file may have something to tell; it is executed again, with the same files. */
  sleep(task: Task, deadline: number, restart: number): number {
    const queues: WaitQueue[] = [];
    for (let i = 0; i < this.files.length; i++) {
      const file = this.files[i]!;
      if (file !== null) queues.push(...file.pollQueues(task, this.events[i]!));
    }
    const progress = task.ensureProgress();
    if (progress.data !== this) {
      progress.data = this;
      progress.files = [];
      for (const file of this.files) if (file !== null) progress.files.push(file.get());
    }
    return task.block(queues, { deadline, restart });
  }
}
