/** Whether one task may look into or change another. Linux: __ptrace_may_access in kernel/ptrace.c. See ptrace(2), Ptrace access mode checking. */

import { CAP_SYS_PTRACE } from '../../abi/capability.ts';
import { EPERM } from '../../abi/errno.ts';
import type { Task } from './task.ts';

/** PTRACE_MODE_FSCREDS compares file-system ids (/proc), PTRACE_MODE_REALCREDS real ones (system calls). */
export type AccessCreds = 'fs' | 'real';

/** 0 or -EPERM. */
export function mayAccess(task: Task, target: Task, by: AccessCreds): number {
  if (task.group === target.group) return 0;
  const { cred } = task;
  const { fields } = target.cred;
  const uid = by === 'fs' ? cred.fsuid : cred.uid;
  const gid = by === 'fs' ? cred.fsgid : cred.gid;
  const sameIds =
    uid === fields.euid && uid === fields.suid && uid === fields.uid && gid === fields.egid && gid === fields.sgid && gid === fields.gid;
  const capable = cred.capable(CAP_SYS_PTRACE, target.cred.userNs);
  if (!sameIds && !capable) return -EPERM;
  if (target.mm !== null && target.mm.dumpable !== 1 && !capable) return -EPERM;
  const held = by === 'fs' ? cred.fields.effective : cred.fields.permitted;
  const covers = cred.userNs === target.cred.userNs && (fields.permitted & ~held) === 0n;
  return covers || capable ? 0 : -EPERM;
}
