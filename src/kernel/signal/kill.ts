/** Signals from one task to others: permission, ids as the receiver sees them, and who counts as outside. Linux: kernel/signal.c. */

import { EINVAL, EPERM, ESRCH } from '../../abi/errno.ts';
import { NSIG, SI_TKILL, SI_USER } from '../../abi/signal.ts';
import type { Pid } from '../task/pid.ts';
import type { Task } from '../task/task.ts';
import { mayKill } from './permission.ts';
import { sendToProcess, sendToThread } from './send.ts';
import { type SigInfo, withSender } from './sig_info.ts';

/** A sender that the receiver's namespace does not see reaches an init too. */
const fromOutside = (sender: Task, receiver: Task): boolean => sender.pid.in(receiver.pid.namespace) === 0;

/** Linux: check_kill_permission. */
function check(sender: Task, target: Task, signo: number): number {
  if (signo < 0 || signo > NSIG) return -EINVAL;
  return mayKill(sender, target, signo) ? 0 : -EPERM;
}

/** Send to a thread or its process: 0 or a negative errno. Signal 0 only asks. Linux: group_send_sig_info. */
export function killTask(sender: Task, target: Task, signo: number, thread: boolean): number {
  const refused = check(sender, target, signo);
  if (refused < 0 || signo === 0) return refused;
  const pid = sender.group.leader.pid.in(target.pid.namespace);
  const uid = target.cred.userNs.uid(sender.cred.uid);
  const outside = fromOutside(sender, target);
  if (thread) return sendToThread(target, { signo, code: SI_TKILL, pid, uid }, outside);
  return sendToProcess(target.group, { signo, code: SI_USER, pid, uid }, outside);
}

/** Send what the caller made up; its ids are translated for the receiver. Linux: send_signal_locked. */
export function sendInfo(sender: Task, target: Task, info: SigInfo, signo: number, thread: boolean): number {
  const refused = check(sender, target, signo);
  return refused < 0 || signo === 0 ? refused : sendInfoUnchecked(sender, target, info, signo, thread);
}

/** The same from the kernel on behalf of `sender`, who needs no permission. Linux: do_send_sig_info. */
export function sendInfoUnchecked(sender: Task, target: Task, info: SigInfo, signo: number, thread: boolean): number {
  const outside = fromOutside(sender, target);
  const from = sender.cred.userNs;
  const to = target.cred.userNs;
  const uid = from === to ? null : to.uid(from.kuid(info.uid ?? 0));
  const seen = withSender({ ...info, signo }, outside ? 0 : null, uid);
  return thread ? sendToThread(target, seen, outside) : sendToProcess(target.group, seen, outside);
}

/** Send to every process of a group: 0 if one could be reached, the last error otherwise. Linux: __kill_pgrp_info. */
export function killGroupOf(pid: Pid | null, send: (target: Task) => number): number {
  let reached = false;
  let error = -ESRCH;
  for (const target of pid === null ? [] : [...pid.processGroup]) {
    const result = send(target);
    if (result === 0) reached = true;
    else error = result;
  }
  return reached ? 0 : error;
}

/** Everybody but the init of the namespace and the caller; not being allowed to is no failure. Linux: kill_something_info. */
export function killAll(task: Task, signo: number): number {
  const ns = task.pid.namespace;
  let result = -ESRCH;
  for (const { task: target, numbers } of ns.list()) {
    if (target === null || target.group.leader !== target || numbers[ns.level] === 1 || target.group === task.group) continue;
    const sent = killTask(task, target, signo, false);
    if (sent !== -EPERM) result = sent;
    else if (result === -ESRCH) result = 0;
  }
  return result;
}
