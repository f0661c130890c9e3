/** Changing credentials. Linux: commit_creds in kernel/cred.c. */

import { RLIMIT_NPROC } from '../../abi/process.ts';
import { accountOf, addUcount, exceedsRlimit } from '../namespace/ucounts.ts';
import type { UserNamespace } from '../namespace/user_namespace.ts';
import { CAP_FULL, type Cred } from './cred.ts';
import type { Task } from './task.ts';

/** Whether `next` may do what `old` could not; the owner of a user namespace could do everything in it. Linux: cred_cap_issubset. */
export function gains(old: Cred, next: Cred): boolean {
  if (old.userNs === next.userNs) return (next.fields.permitted & ~old.fields.permitted) !== 0n;
  for (let ns = next.userNs; ns.parent !== null; ns = ns.parent) if (ns.parent === old.userNs && ns.ownerUid === old.euid) return false;
  return true;
}

/** The credentials of a task that enters a user namespace: all capabilities inside, none outside. Linux: set_cred_user_ns. */
export const namespaceCred = (cred: Cred, userNs: UserNamespace): Cred =>
  cred.with({ userNs, inheritable: 0n, permitted: CAP_FULL, effective: CAP_FULL, bounding: CAP_FULL, ambient: 0n, securebits: 0 });

/** Whether the user of `cred` has more processes than this one's RLIMIT_NPROC allows. Linux: flag_nproc_exceeded. */
export const hasTooMany = (task: Task, cred: Cred): boolean =>
  exceedsRlimit(accountOf(cred), 'processes', 0, task.group.softLimit(RLIMIT_NPROC));

/** Give the task new credentials; what counts per user and what depends on identity follows. */
export function commitCred(task: Task, next: Cred): void {
  const old = task.cred;
  if (next.uid !== old.uid) task.nprocExceeded = next.uid !== 0 && hasTooMany(task, next);
  if (next.uid !== old.uid || next.userNs !== old.userNs) {
    addUcount(accountOf(next), 'processes', 1);
    addUcount(accountOf(old), 'processes', -1);
  }
  const o = old.fields;
  const n = next.fields;
  if (o.euid !== n.euid || o.egid !== n.egid || o.fsuid !== n.fsuid || o.fsgid !== n.fsgid || gains(old, next)) {
    if (task.mm !== null) task.mm.dumpable = 0;
    task.parentDeathSignal = 0;
  }
  if (next.userNs !== old.userNs) {
    next.userNs.get();
    old.userNs.put();
  }
  task.cred = next;
}
