/** pidfd_open, pidfd_send_signal, pidfd_getfd. Linux: kernel/pid.c, kernel/signal.c. See the manual page of each. */

import { EBADF, EINVAL, EPERM, ESRCH, isErrno } from '../../abi/errno.ts';
import { O_CLOEXEC, O_NONBLOCK } from '../../abi/fcntl.ts';
import { SI_TKILL, SIGINFO_SIZE } from '../../abi/signal.ts';
import { ProcInode } from '../fs/procfs/proc_inode.ts';
import { killGroupOf, killTask, sendInfo } from '../signal/kill.ts';
import { decodeSigInfo } from '../signal/sig_info.ts';
import type { Pid } from '../task/pid.ts';
import { PIDFD_THREAD, PidFile, pidOfFd } from '../task/pidfd.ts';
import { mayAccess } from '../task/ptrace_access.ts';
import type { Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';
import { flags, int, ptr } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';
import { newFd } from './new_fd.ts';

const pidfdOpen = defineSyscall('pidfd_open', [int('pid'), flags('flags')], (task, number, options) => {
  if ((options & ~(O_NONBLOCK | PIDFD_THREAD)) !== 0 || number <= 0) return -EINVAL;
  const pid = task.pid.namespace.find(number);
  if (pid === null) return -ESRCH;
  const usable = pid.task !== null && ((options & PIDFD_THREAD) !== 0 || pid.task.group.leader === pid.task);
  return usable ? newFd(task, new PidFile(task, pid, options), O_CLOEXEC) : -EINVAL;
});

const PIDFD_SIGNAL_THREAD = 1;
const PIDFD_SIGNAL_THREAD_GROUP = 2;
const PIDFD_SIGNAL_PROCESS_GROUP = 4;

/** The scope of a signal: what the caller says, else what the descriptor means. */
function scopeOf(file: File, options: number): number {
  if (options !== 0) return options;
  return file instanceof PidFile && file.ofThread ? PIDFD_SIGNAL_THREAD : PIDFD_SIGNAL_THREAD_GROUP;
}

/** A pidfd, or a descriptor of /proc/[pid]. Linux: pidfd_to_pid. */
function pidOf(file: File): Pid | null {
  if (file instanceof PidFile) return file.pid;
  const { inode } = file;
  return inode instanceof ProcInode && inode.names.length === 1 ? inode.pid : null;
}

/** What sends the signal to one task; or a negative errno. */
function sender(task: Task, pid: Pid, scope: number, signo: number, address: number): ((target: Task) => number) | number {
  const thread = scope === PIDFD_SIGNAL_THREAD;
  if (address === 0) return (target) => killTask(task, target, signo, thread);
  const bytes = task.mm!.copyIn(address, SIGINFO_SIZE);
  if (isErrno(bytes)) return bytes;
  const info = decodeSigInfo(bytes);
  if (info.signo !== signo) return -EINVAL;
  const toItself = task.pid === pid && scope !== PIDFD_SIGNAL_PROCESS_GROUP;
  if ((info.code >= 0 || info.code === SI_TKILL) && !toItself) return -EPERM;
  return (target) => sendInfo(task, target, info, signo, thread);
}

const pidfdSendSignal = defineSyscall(
  'pidfd_send_signal',
  [int('pidfd'), int('sig'), ptr('info'), flags('flags')],
  (task, fd, signo, address, options) => {
    const known = PIDFD_SIGNAL_THREAD | PIDFD_SIGNAL_THREAD_GROUP | PIDFD_SIGNAL_PROCESS_GROUP;
    if ((options & ~known) !== 0 || (options & (options - 1)) !== 0) return -EINVAL;
    const file = task.files!.io(fd);
    const pid = file === null ? null : pidOf(file);
    if (file === null || pid === null) return -EBADF;
    if (!task.pid.namespace.isAncestorOf(pid.namespace)) return -EINVAL;
    const scope = scopeOf(file, options);
    const send = sender(task, pid, scope, signo, address);
    if (typeof send === 'number') return send;
    if (scope === PIDFD_SIGNAL_PROCESS_GROUP) return killGroupOf(pid, send);
    return pid.task === null ? -ESRCH : send(pid.task);
  },
);

const pidfdGetfd = defineSyscall('pidfd_getfd', [int('pidfd'), int('targetfd'), flags('flags')], (task, fd, targetFd, options) => {
  if (options !== 0) return -EINVAL;
  const pid = pidOfFd(task, fd);
  if (isErrno(pid)) return pid;
  const target = pid.task;
  if (target === null) return -ESRCH;
  if (mayAccess(task, target, 'real') < 0) return -EPERM;
  if (target.files === null) return -ESRCH;
  const file = target.files.get(targetFd);
  return file === null ? -EBADF : newFd(task, file.get(), O_CLOEXEC);
});

export const pidfdCalls: readonly Syscall[] = [pidfdOpen, pidfdSendSignal, pidfdGetfd];
