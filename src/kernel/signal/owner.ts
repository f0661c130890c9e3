/** Who is told by signals about a file. Linux: f_setown, send_sigurg in fs/fcntl.c. See fcntl(2), F_SETOWN. */

import { EINVAL, ESRCH } from '../../abi/errno.ts';
import { F_OWNER_PGRP, F_OWNER_PID, F_OWNER_TID } from '../../abi/fcntl.ts';
import type { Cred } from '../task/cred.ts';
import type { Pid } from '../task/pid.ts';
import type { Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';
import type { FileOwner } from '../vfs/file_owner.ts';
import { sendToProcess, sendToThread } from './send.ts';
import { kernelInfo } from './sig_info.ts';

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

/** Tell the process, thread or process group that was chosen. */
export function signalOwner({ type, pid, cred }: FileOwner, signo: number): void {
  if (pid === null) return;
  const targets = type === F_OWNER_PGRP ? [...pid.processGroup] : pid.task === null ? [] : [pid.task];
  for (const task of targets) {
    if (!maySignal(cred, task.cred)) continue;
    if (type === F_OWNER_TID) sendToThread(task, kernelInfo(signo));
    else sendToProcess(task.group, kernelInfo(signo));
  }
}
