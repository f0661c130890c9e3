/** File descriptors that refer to processes. See pidfd_open(2). */

import { EBADF, EMFILE } from '../../abi/errno.ts';
import { O_RDWR } from '../../abi/fcntl.ts';
import { RLIMIT_NOFILE } from '../../abi/process.ts';
import type { AnonymousInode } from '../fs/anon_inodes/anonymous.ts';
import { File, POLLHUP, POLLIN, POLLRDNORM } from '../vfs/file.ts';
import type { Pid } from './pid.ts';
import type { Task } from './task.ts';
import type { WaitQueue } from './wait_queue.ts';

export class PidFile extends File {
  readonly pid: Pid;

  constructor(task: Task, pid: Pid, flags: number) {
    super(task.kernel, O_RDWR | flags);
    this.pid = pid;
  }

  override get inode(): AnonymousInode {
    return this.kernel.anonymous.eventInode('pidfd');
  }

  /** Readable once the process has ended. */
  override poll(): number {
    const { task } = this.pid;
    if (task === null) return POLLIN | POLLRDNORM | POLLHUP;
    return task.group.live === 0 ? POLLIN | POLLRDNORM : 0;
  }

  override pollQueues(): readonly WaitQueue[] {
    return [this.pid.exited];
  }

  override fdinfo(): string {
    const { namespace } = this.pid;
    const alive = this.pid.task !== null;
    return `Pid:\t${alive ? this.pid.in(namespace) : -1}\nNSpid:\t${alive ? this.pid.numbers.join('\t') : -1}\n`;
  }
}

/** The lowest free descriptor, for a pidfd that will be installed if the clone succeeds. -EMFILE if there is none. */
export function reservePidfd(task: Task): number {
  return task.files === null ? -EMFILE : task.files.lowestFree(0, task.group.softLimit(RLIMIT_NOFILE));
}

export function installPidfd(task: Task, fd: number, pid: Pid): void {
  task.files!.install(fd, new PidFile(task, pid, 0), true);
}

/** The process that `fd` refers to; -EBADF if it is no pidfd. */
export function pidOfFd(task: Task, fd: number): Pid | number {
  const file = task.files?.get(fd) ?? null;
  return file instanceof PidFile ? file.pid : -EBADF;
}
