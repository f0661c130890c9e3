/** Who is told by signals about a file. Linux: f_setown, send_sigurg in fs/fcntl.c. See fcntl(2), F_SETOWN. */

import { EINVAL, ESRCH } from '../../abi/errno.ts';
import { F_OWNER_PGRP, F_OWNER_PID, F_OWNER_TID } from '../../abi/fcntl.ts';
import {
  POLL_IN,
  POLL_MSG,
  POLL_OUT,
  SI_SIGIO,
  SIGBUS,
  SIGCHLD,
  SIGFPE,
  SIGILL,
  SIGIO,
  SIGSEGV,
  SIGSYS,
  SIGTRAP,
} from '../../abi/signal.ts';
import type { Cred } from '../task/cred.ts';
import type { Pid } from '../task/pid.ts';
import type { Task } from '../task/task.ts';
import { type File, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../vfs/file.ts';
import type { FileOwner } from '../vfs/file_owner.ts';
import { sendToProcess, sendToThread } from './send.ts';
import { kernelInfo, type SigInfo } from './sig_info.ts';

/** A process, or minus a process group; 0 for nobody. */
export const setOwner = (task: Task, file: File, number: number): number =>
  number < 0 ? setTypedOwner(task, file, F_OWNER_PGRP, -number) : setTypedOwner(task, file, F_OWNER_PID, number);

export function setTypedOwner(task: Task, file: File, type: number, number: number): number {
  if (number < 0) return -EINVAL;
  let pid: Pid | null = null;
  if (number > 0) {
    pid = task.pid.namespace.find(number);
    if (pid === null) return -ESRCH;
  }
  file.owner = { type, pid, cred: task.cred, signal: file.owner?.signal ?? 0 };
  return 0;
}

/** The id of who is told, 0 when there is nobody (any more). */
export function ownerId(task: Task, { owner }: File): number {
  const pid = owner?.pid ?? null;
  const alive = owner?.type === F_OWNER_PGRP ? (pid?.processGroup.size ?? 0) > 0 : pid?.task != null;
  return alive ? pid!.in(task.pid.namespace) : 0;
}

/** The same, negative for a process group. Linux: f_getown. */
export const signedOwnerId = (task: Task, file: File): number =>
  file.owner?.type === F_OWNER_PGRP ? -ownerId(task, file) : ownerId(task, file);

/** Linux: sigio_perm. */
function maySignal(owner: Cred, target: Cred): boolean {
  const { uid, euid } = owner.fields;
  const { uid: real, suid: saved } = target.fields;
  return euid === 0 || [real, saved].some((id) => id === euid || id === uid);
}

/** The process, thread or process group that was chosen; `send` returns a negative errno where the signal could not be queued. */
function tell({ type, pid, cred }: FileOwner, info: SigInfo, otherwise: SigInfo | null = null): void {
  if (pid === null) return;
  const targets = type === F_OWNER_PGRP ? [...pid.processGroup] : pid.task === null ? [] : [pid.task];
  for (const task of targets) {
    if (!maySignal(cred, task.cred)) continue;
    const send = (signal: SigInfo): number => (type === F_OWNER_TID ? sendToThread(task, signal) : sendToProcess(task.group, signal));
    if (send(info) < 0 && otherwise !== null) send(otherwise);
  }
}

/** Linux: send_sigurg. */
export const signalOwner = (owner: FileOwner, signo: number): void => tell(owner, kernelInfo(signo));

const POLLWRBAND = 0x200;
const POLLMSG = 0x400;

/** si_band. Linux: band_table. */
const BANDS: Readonly<Record<typeof POLL_IN | typeof POLL_OUT | typeof POLL_MSG, number>> = {
  [POLL_IN]: POLLIN | POLLRDNORM,
  [POLL_OUT]: POLLOUT | POLLWRNORM | POLLWRBAND,
  [POLL_MSG]: POLLIN | POLLRDNORM | POLLMSG,
};
/** Signals whose positive codes mean something else. Linux: SIG_SPECIFIC_SICODES_MASK. */
const SPECIFIC: ReadonlySet<number> = new Set([SIGILL, SIGFPE, SIGSEGV, SIGBUS, SIGTRAP, SIGCHLD, SIGSYS]);

/** A file is ready: SIGIO, or the signal of F_SETSIG with what has happened; where that cannot be queued, SIGIO. Linux: send_sigio_to_task. */
export function sendSigio(owner: FileOwner, fd: number, reason: typeof POLL_IN | typeof POLL_OUT | typeof POLL_MSG): void {
  const { signal } = owner;
  const plain = kernelInfo(SIGIO);
  const code = SPECIFIC.has(signal) ? SI_SIGIO : reason;
  tell(owner, signal === 0 ? plain : { signo: signal, code, pid: 0, uid: 0, band: BANDS[reason], fd }, plain);
}
