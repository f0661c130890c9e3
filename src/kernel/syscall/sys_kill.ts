/** kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo. Linux: kernel/signal.c. */

import { EINVAL, EPERM, ESRCH, isErrno } from '../../abi/errno.ts';
import { SI_TKILL, SIGINFO_SIZE } from '../../abi/signal.ts';
import { killAll, killGroupOf, killTask, sendInfo } from '../signal/kill.ts';
import { decodeSigInfo, type SigInfo } from '../signal/sig_info.ts';
import type { Task } from '../task/task.ts';
import { int, ptr } from './args.ts';
import { defineSyscall, type Syscall } from './define.ts';

const INT_MIN = -2147483648;

const kill = defineSyscall('kill', [int('pid'), int('sig')], (task, number, signo) => {
  const ns = task.pid.namespace;
  const send = (target: Task): number => killTask(task, target, signo, false);
  if (number > 0) {
    const target = ns.find(number)?.task ?? null;
    return target === null ? -ESRCH : send(target);
  }
  if (number === INT_MIN) return -ESRCH;
  if (number === -1) return killAll(task, signo);
  return killGroupOf(number === 0 ? task.group.processGroup : ns.find(-number), send);
});

/** A thread by its id, and by its process's if that is given. */
function findThread(task: Task, tgid: number, tid: number): Task | null {
  const target = task.pid.namespace.find(tid)?.task ?? null;
  if (target === null || (tgid > 0 && target.group.leader.pid.in(task.pid.namespace) !== tgid)) return null;
  return target;
}

function killThread(task: Task, tgid: number, tid: number, signo: number): number {
  const target = findThread(task, tgid, tid);
  return target === null ? -ESRCH : killTask(task, target, signo, true);
}

const tkill = defineSyscall('tkill', [int('tid'), int('sig')], (task, tid, signo) =>
  tid <= 0 ? -EINVAL : killThread(task, 0, tid, signo),
);

const tgkill = defineSyscall('tgkill', [int('tgid'), int('tid'), int('sig')], (task, tgid, tid, signo) =>
  tgid <= 0 || tid <= 0 ? -EINVAL : killThread(task, tgid, tid, signo),
);

/** siginfo_t from the caller for the thread or process `number`: only the thread itself may pretend to be the kernel or kill(2). */
function readInfo(task: Task, address: number, number: number): SigInfo | number {
  const bytes = task.mm!.copyIn(address, SIGINFO_SIZE);
  if (isErrno(bytes)) return bytes;
  const info = decodeSigInfo(bytes);
  const pretends = info.code >= 0 || info.code === SI_TKILL;
  return pretends && number !== task.pid.in(task.pid.namespace) ? -EPERM : info;
}

const rtSigqueueinfo = defineSyscall('rt_sigqueueinfo', [int('tgid'), int('sig'), ptr('info')], (task, tgid, signo, address) => {
  const info = readInfo(task, address, tgid);
  if (isErrno(info)) return info;
  const target = task.pid.namespace.find(tgid)?.task ?? null;
  return target === null ? -ESRCH : sendInfo(task, target, info, signo, false);
});

const rtTgsigqueueinfo = defineSyscall(
  'rt_tgsigqueueinfo',
  [int('tgid'), int('tid'), int('sig'), ptr('info')],
  (task, tgid, tid, signo, address) => {
    const bytes = task.mm!.copyIn(address, SIGINFO_SIZE);
    if (isErrno(bytes)) return bytes;
    if (tgid <= 0 || tid <= 0) return -EINVAL;
    const info = readInfo(task, address, tid);
    if (isErrno(info)) return info;
    const target = findThread(task, tgid, tid);
    return target === null ? -ESRCH : sendInfo(task, target, info, signo, true);
  },
);

export const killCalls: readonly Syscall[] = [kill, tkill, tgkill, rtSigqueueinfo, rtTgsigqueueinfo];
