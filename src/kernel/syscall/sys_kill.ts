/** kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo, pidfd_open, pidfd_send_signal, pidfd_getfd. */

import { CAP_SYS_PTRACE } from '../../abi/capability.ts';
import { EBADF, EINVAL, EPERM, ESRCH, isErrno } from '../../abi/errno.ts';
import { NSIG, SI_TKILL, SI_USER, SIGINFO_SIZE } from '../../abi/signal.ts';
import { mayKill } from '../signal/permission.ts';
import { sendToProcess, sendToThread } from '../signal/send.ts';
import { decodeSigInfo, type SigInfo } from '../signal/sig_info.ts';
import type { Pid } from '../task/pid.ts';
import { PidFile, pidOfFd } from '../task/pidfd.ts';
import type { Task } from '../task/task.ts';
import { flags, int, ptr } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';
import { newFd } from './new_fd.ts';

const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

/** siginfo_t for a signal that `sender` sends: ids as the receiver sees them. */
const senderInfo = (sender: Task, receiver: Task, signo: number, code: number): SigInfo => ({
  signo,
  code,
  pid: sender.group.leader.pid.in(receiver.pid.namespace),
  uid: receiver.cred.userNs.uid(sender.cred.uid),
});

/** A sender that the receiver's namespace does not see reaches an init too. */
const fromOutside = (sender: Task, receiver: Task): boolean => sender.pid.in(receiver.pid.namespace) === 0;

/** Send to one process: 0 or a negative errno. Signal 0 only asks. Linux: group_send_sig_info. */
function killProcess(sender: Task, target: Task, signo: number): number {
  if (!mayKill(sender, target, signo)) return -EPERM;
  if (signo === 0) return 0;
  return sendToProcess(target.group, senderInfo(sender, target, signo, SI_USER), fromOutside(sender, target));
}

/** 0 if one could be reached, the last error otherwise. Linux: __kill_pgrp_info. */
function killMany(sender: Task, targets: readonly Task[], signo: number): number {
  let reached = false;
  let error = -ESRCH;
  for (const target of targets) {
    const result = killProcess(sender, target, signo);
    if (result === 0) reached = true;
    else error = result;
  }
  return reached ? 0 : error;
}

const members = (pid: Pid | null): Task[] => (pid === null ? [] : [...pid.processGroup]);

const kill = defineSyscall('kill', [int('pid'), int('sig')], (task, number, signo) => {
  if (signo < 0 || signo > NSIG) return -EINVAL;
  const ns = task.pid.namespace;
  if (number > 0) {
    const target = ns.find(number)?.task ?? null;
    return target === null ? -ESRCH : killProcess(task, target, signo);
  }
  if (number === 0) return killMany(task, members(task.group.processGroup), signo);
  if (number !== -1) return number === -2147483648 ? -ESRCH : killMany(task, members(ns.find(-number)), signo);
  const others = ns
    .list()
    .flatMap(({ task: target, numbers }) =>
      target !== null && target.group.leader === target && numbers[ns.level] !== 1 && target.group !== task.group ? [target] : [],
    );
  return killMany(task, others, signo);
});

/** A thread by its id, and by its process's if that is given. */
function findThread(task: Task, tgid: number, tid: number): Task | null {
  const target = task.pid.namespace.find(tid)?.task ?? null;
  if (target === null || (tgid > 0 && target.group.leader.pid.in(task.pid.namespace) !== tgid)) return null;
  return target;
}

function killThread(task: Task, tgid: number, tid: number, signo: number): number {
  if (signo < 0 || signo > NSIG) return -EINVAL;
  const target = findThread(task, tgid, tid);
  if (target === null) return -ESRCH;
  if (!mayKill(task, target, signo)) return -EPERM;
  return signo === 0 ? 0 : sendToThread(target, senderInfo(task, target, signo, SI_TKILL), fromOutside(task, target));
}

const tkill = defineSyscall('tkill', [int('tid'), int('sig')], (task, tid, signo) =>
  tid <= 0 ? -EINVAL : killThread(task, 0, tid, signo),
);

const tgkill = defineSyscall('tgkill', [int('tgid'), int('tid'), int('sig')], (task, tgid, tid, signo) =>
  tgid <= 0 || tid <= 0 ? -EINVAL : killThread(task, tgid, tid, signo),
);

/** siginfo_t from the caller: only it itself may pretend to be the kernel or kill(2). */
function readInfo(task: Task, address: number, target: Task | null, signo: number): SigInfo | number {
  const bytes = task.mm!.copyIn(address, SIGINFO_SIZE);
  if (isErrno(bytes)) return bytes;
  const info = decodeSigInfo(bytes);
  if ((info.code >= 0 || info.code === SI_TKILL) && target?.group !== task.group) return -EPERM;
  return { ...info, signo };
}

const rtSigqueueinfo = defineSyscall('rt_sigqueueinfo', [int('tgid'), int('sig'), ptr('info')], (task, tgid, signo, address) => {
  const target = task.pid.namespace.find(tgid)?.task ?? null;
  const info = readInfo(task, address, target, signo);
  if (isErrno(info)) return info;
  if (signo < 0 || signo > NSIG) return -EINVAL;
  if (target === null) return -ESRCH;
  if (!mayKill(task, target, signo)) return -EPERM;
  return signo === 0 ? 0 : sendToProcess(target.group, info, fromOutside(task, target));
});

const rtTgsigqueueinfo = defineSyscall(
  'rt_tgsigqueueinfo',
  [int('tgid'), int('tid'), int('sig'), ptr('info')],
  (task, tgid, tid, signo, address) => {
    if (tgid <= 0 || tid <= 0) return -EINVAL;
    const target = findThread(task, tgid, tid);
    const info = readInfo(task, address, target, signo);
    if (isErrno(info)) return info;
    if (signo < 0 || signo > NSIG) return -EINVAL;
    if (target === null) return -ESRCH;
    if (!mayKill(task, target, signo)) return -EPERM;
    return signo === 0 ? 0 : sendToThread(target, info, fromOutside(task, target));
  },
);

const pidfdOpen = defineSyscall('pidfd_open', [int('pid'), flags('flags')], (task, number, options) => {
  if ((options & ~O_NONBLOCK) !== 0 || number <= 0) return -EINVAL;
  const pid = task.pid.namespace.find(number);
  if (pid === null || pid.task === null) return -ESRCH;
  if (pid.task.group.leader !== pid.task) return -EINVAL;
  return newFd(task, new PidFile(task, pid, options), O_CLOEXEC);
});

const pidfdSendSignal = defineSyscall(
  'pidfd_send_signal',
  [int('pidfd'), int('sig'), ptr('info'), flags('flags')],
  (task, fd, signo, address, options) => {
    if (options !== 0) return -EINVAL;
    const pid = pidOfFd(task, fd);
    if (isErrno(pid)) return pid;
    const target = pid.task;
    if (!task.pid.namespace.isAncestorOf(pid.namespace)) return -EINVAL;
    let info: SigInfo | number = 0;
    if (address !== 0) {
      info = readInfo(task, address, target, signo);
      if (isErrno(info)) return info;
      if ((info as SigInfo).signo !== signo) return -EINVAL;
    }
    if (signo < 0 || signo > NSIG) return -EINVAL;
    if (target === null) return -ESRCH;
    if (info === 0) return killProcess(task, target, signo);
    if (!mayKill(task, target, signo)) return -EPERM;
    return signo === 0 ? 0 : sendToProcess(target.group, info as SigInfo, fromOutside(task, target));
  },
);

const pidfdGetfd = defineSyscall('pidfd_getfd', [int('pidfd'), int('targetfd'), flags('flags')], (task, fd, targetFd, options) => {
  if (options !== 0) return -EINVAL;
  const pid = pidOfFd(task, fd);
  if (isErrno(pid)) return pid;
  const target = pid.task;
  if (target === null || target.files === null) return -ESRCH;
  const same = target.cred.uid === task.cred.fsuid && target.cred.gid === task.cred.fsgid;
  if (!same && !task.cred.capable(CAP_SYS_PTRACE, target.cred.userNs)) return -EPERM;
  const file = target.files.get(targetFd);
  return file === null ? -EBADF : newFd(task, file.get(), O_CLOEXEC);
});

export const killCalls: readonly Syscall[] = [
  kill,
  tkill,
  tgkill,
  rtSigqueueinfo,
  rtTgsigqueueinfo,
  pidfdOpen,
  pidfdSendSignal,
  pidfdGetfd,
];
