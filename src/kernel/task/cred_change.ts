/** Changing credentials. Linux: commit_creds in kernel/cred.c. */

import type { Cred } from './cred.ts';
import type { Task } from './task.ts';

/** Whether `next` may do what `old` could not; the owner of a user namespace could do everything in it. Linux: cred_cap_issubset. */
function gains(old: Cred, next: Cred): boolean {
  if (old.userNs === next.userNs) return (next.fields.permitted & ~old.fields.permitted) !== 0n;
  for (let ns = next.userNs; ns.parent !== null; ns = ns.parent) if (ns.parent === old.userNs && ns.ownerUid === old.euid) return false;
  return true;
}

/** Give the task new credentials; what counts per user and what depends on identity follows. */
export function commitCred(task: Task, next: Cred): void {
  const old = task.cred;
  if (next.uid !== old.uid) {
    const { kernel } = task;
    const account = kernel.userAccount(old.uid);
    account.processes--;
    kernel.forgetAccount(account);
    kernel.userAccount(next.uid).processes++;
  }
  const o = old.fields;
  const n = next.fields;
  if (o.euid !== n.euid || o.egid !== n.egid || o.fsuid !== n.fsuid || o.fsgid !== n.fsgid || gains(old, next)) {
    if (task.mm !== null) task.mm.dumpable = 0;
    task.parentDeathSignal = 0;
  }
  task.cred = next;
}
