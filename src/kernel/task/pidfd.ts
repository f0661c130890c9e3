/** File descriptors that refer to processes and threads. See pidfd_open(2). Linux: fs/pidfs.c. */

import { EACCES, EBADF, EINVAL, EMFILE, ENOTTY, ESRCH } from '../../abi/errno.ts';
import { O_EXCL, O_RDWR } from '../../abi/fcntl.ts';
import { RLIMIT_NOFILE } from '../../abi/process.ts';
import type { AnonymousInode } from '../fs/anon_inodes/anonymous.ts';
import { openNamespace } from '../fs/nsfs/namespace_file.ts';
import type { Namespace } from '../namespace/namespace.ts';
import type { PidNamespace } from '../namespace/pid_namespace.ts';
import { File, POLLHUP, POLLIN, POLLRDNORM } from '../vfs/file.ts';
import type { Pid } from './pid.ts';
import { mayAccess } from './ptrace_access.ts';
import type { Task } from './task.ts';
import { isPendingInit } from './task_exit.ts';
import type { WaitQueue } from './wait_queue.ts';

/** The file means one thread, not its process. */
export const PIDFD_THREAD: number = O_EXCL;

/** ioctl(2) requests for a descriptor of one of the task's namespaces. See linux/pidfd.h. */
const NAMESPACES: ReadonlyMap<number, (task: Task) => Namespace> = new Map<number, (task: Task) => Namespace>([
  [0xff01, (task) => task.nsproxy.cgroup],
  [0xff02, (task) => task.nsproxy.ipc],
  [0xff03, (task) => task.nsproxy.mnt],
  [0xff04, (task) => task.nsproxy.net],
  [0xff05, (task) => task.pid.namespace],
  [0xff06, (task) => task.nsproxy.pidForChildren],
  [0xff07, (task) => task.nsproxy.time],
  [0xff08, (task) => task.nsproxy.timeForChildren],
  [0xff09, (task) => task.cred.userNs],
  [0xff0a, (task) => task.nsproxy.uts],
]);

export class PidFile extends File {
  readonly pid: Pid;

  constructor(task: Task, pid: Pid, flags: number) {
    super(task.kernel, O_RDWR | flags);
    this.pid = pid;
  }

  override get inode(): AnonymousInode {
    return this.kernel.anonymous.pidInode(this.pid);
  }

  get ofThread(): boolean {
    return (this.flags & PIDFD_THREAD) !== 0;
  }

  /** Readable once the process, or the thread, has ended. Linux: pidfd_poll. */
  override poll(): number {
    const { task } = this.pid;
    if (task === null) return POLLIN | POLLRDNORM | POLLHUP;
    const ended = task.state === 'Z' && (this.ofThread || task.group.live === 0) && !isPendingInit(task.group);
    return ended ? POLLIN | POLLRDNORM : 0;
  }

  override pollQueues(): readonly WaitQueue[] {
    return [this.pid.exited];
  }

  /** Linux: pidfd_ioctl. */
  override ioctl(task: Task, request: number, argument: number): number {
    if (argument !== 0) return -EINVAL;
    const target = this.pid.task;
    if (target === null || target.state === 'Z') return -ESRCH;
    if (mayAccess(task, target, 'fs') < 0) return -EACCES;
    const find = NAMESPACES.get(request);
    return find === undefined ? -ENOTTY : openNamespace(task, find(target));
  }

  /** Linux: pidfd_show_fdinfo: numbers from the mount's namespace on down. */
  override fdinfo(viewer: PidNamespace): string {
    const { pid } = this;
    const own = pid.task === null ? -1 : pid.in(viewer);
    const below = own > 0 ? pid.numbers.slice(viewer.level + 1) : [];
    return `Pid:\t${own}\nNSpid:\t${[own, ...below].join('\t')}\n`;
  }
}

/** The lowest free descriptor, for a pidfd that will be installed if the clone succeeds. -EMFILE if there is none. */
export function reservePidfd(task: Task): number {
  return task.files === null ? -EMFILE : task.files.lowestFree(0, task.group.softLimit(RLIMIT_NOFILE));
}

export function installPidfd(task: Task, fd: number, pid: Pid, flags = 0): void {
  task.files!.install(fd, new PidFile(task, pid, flags), true);
}

/** The process that `fd` refers to; -EBADF if it is no pidfd. */
export function pidOfFd(task: Task, fd: number): Pid | number {
  const file = task.files?.get(fd) ?? null;
  return file instanceof PidFile ? file.pid : -EBADF;
}
