/** What a process in the background may do with its terminal. Linux: drivers/tty/tty_jobctrl.c. See credentials(7). */

import { CAP_SYS_ADMIN } from '../../../abi/capability.ts';
import { EINVAL, EIO, ENOTTY, EPERM, ERESTARTSYS, ESRCH, isErrno } from '../../../abi/errno.ts';
import { SIG_IGN, SIGTTIN, SIGTTOU } from '../../../abi/signal.ts';
import { signalProcessGroup } from '../../signal/send.ts';
import { kernelInfo } from '../../signal/sig_info.ts';
import { sigBit } from '../../signal/signal_queue.ts';
import { isOrphaned } from '../../task/session.ts';
import type { Task } from '../../task/task.ts';
import type { Tty } from './tty.ts';

/** 0 when the caller may go on; otherwise its process group was sent `signo` and the call will be restarted, or -EIO. */
export function checkChange(task: Task, tty: Tty, signo: number): number {
  const { group } = task;
  if (group.terminal !== tty || tty.foreground === null || group.processGroup === tty.foreground) return 0;
  const ignored = (task.blocked & sigBit(signo)) !== 0n || group.sighand.get(signo).handler === SIG_IGN;
  if (ignored) return signo === SIGTTIN ? -EIO : 0;
  if (isOrphaned(group.processGroup)) return -EIO;
  signalProcessGroup(group.processGroup, kernelInfo(signo));
  task.signalPending = true;
  return -ERESTARTSYS;
}

/** TIOCSCTTY. */
export function setControlling(task: Task, tty: Tty, steal: boolean, mayRead: boolean): number {
  const { group } = task;
  if (group.sessionLeader && group.session === tty.session) return 0;
  if (!group.sessionLeader || group.terminal !== null) return -EPERM;
  const admin = task.cred.capable(CAP_SYS_ADMIN, task.kernel.initialUserNs);
  if (tty.session !== null) {
    if (!steal || !admin) return -EPERM;
    tty.release();
  }
  if (!mayRead && !admin) return -EPERM;
  tty.control(task);
  return 0;
}

/** A session leader without a terminal opens one that is nobody's. Linux: tty_open_proc_set_tty. */
export function controlOnOpen(task: Task, tty: Tty, mayRead: boolean): void {
  const { group } = task;
  if (group.sessionLeader && group.terminal === null && tty.session === null && mayRead) tty.control(task);
}

/** TIOCNOTTY. */
export function giveUpControlling(task: Task, tty: Tty): number {
  const { group } = task;
  if (group.terminal !== tty) return -ENOTTY;
  if (group.sessionLeader) tty.giveUp();
  group.terminal = null;
  return 0;
}

/** TIOCGPGRP; `own` when the terminal itself is asked, not its master. */
export function getForeground(task: Task, tty: Tty, own: boolean, address: number): number {
  if (own && task.group.terminal !== tty) return -ENOTTY;
  return task.mm!.writeU32(address, tty.foreground?.in(task.pid.namespace) ?? 0);
}

/** TIOCSPGRP. */
export function setForeground(task: Task, tty: Tty, address: number): number {
  const refused = checkChange(task, tty, SIGTTOU);
  if (refused < 0) return refused === -EIO ? -ENOTTY : refused;
  const number = task.mm!.copyIn(address, 4);
  if (isErrno(number)) return number;
  const wanted = new DataView((number as Uint8Array).buffer).getInt32(0, true);
  const { group } = task;
  if (wanted < 0) return -EINVAL;
  if (group.terminal !== tty || tty.session !== group.session) return -ENOTTY;
  const pid = task.pid.namespace.find(wanted);
  if (pid === null) return -ESRCH;
  const member = pid.processGroup.values().next().value ?? pid.task;
  if (member === null || member === undefined || member.group.session !== group.session) return -EPERM;
  tty.foreground = pid;
  return 0;
}

/** TIOCGSID. */
export function getSession(task: Task, tty: Tty, own: boolean, address: number): number {
  if ((own && task.group.terminal !== tty) || tty.session === null) return -ENOTTY;
  return task.mm!.writeU32(address, tty.session.in(task.pid.namespace));
}
