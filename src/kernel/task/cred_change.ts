/** Changing credentials. Linux: commit_creds in kernel/cred.c. */

import type { Cred } from './cred.ts';
import type { Task } from './task.ts';

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
  const gains = (n.permitted & ~o.permitted) !== 0n;
  if (o.euid !== n.euid || o.egid !== n.egid || o.fsuid !== n.fsuid || o.fsgid !== n.fsgid || gains) {
    if (task.mm !== null) task.mm.dumpable = 0;
    task.parentDeathSignal = 0;
  }
  task.cred = next;
}
