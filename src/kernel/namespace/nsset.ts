/** What setns(2) is about to change; nothing happens before all of it is known to be allowed. Linux: struct nsset. See setns(2). */

import { CAP_SYS_ADMIN, CAP_SYS_CHROOT } from '../../abi/capability.ts';
import { EINVAL, EPERM } from '../../abi/errno.ts';
import { CLONE_NEWIPC } from '../../abi/process.ts';
import { remapVvar } from '../exec/vdso.ts';
import { exitSem } from '../ipc/sem.ts';
import { exitShm } from '../ipc/shm.ts';
import type { Cred } from '../task/cred.ts';
import { commitCred, namespaceCred } from '../task/cred_change.ts';
import type { Task } from '../task/task.ts';
import { enterMountNamespace } from '../vfs/mount_clone.ts';
import type { MountNamespace } from '../vfs/mount_namespace.ts';
import type { Namespace } from './namespace.ts';
import { type NsProxyChanges, switchNsproxy } from './nsproxy.ts';
import type { UserNamespace } from './user_namespace.ts';

export class NsSet {
  readonly task: Task;
  /** CLONE_NEW flags of all that is entered. */
  readonly flags: number;
  readonly changes: NsProxyChanges = {};
  /** The credentials that the task will have. */
  cred: Cred;

  constructor(task: Task, flags: number) {
    this.task = task;
    this.flags = flags;
    this.cred = task.cred;
  }

  /** Linux: commit_nsset. */
  commit(): void {
    const { task, changes } = this;
    if (this.cred !== task.cred) commitCred(task, this.cred);
    if ((this.flags & CLONE_NEWIPC) !== 0) {
      exitSem(task);
      exitShm(task);
    }
    switchNsproxy(task, task.nsproxy.with(changes));
    if (changes.mnt !== undefined) enterMountNamespace(task, changes.mnt);
    if (changes.time === undefined) return;
    changes.time.frozen = true;
    if (task.mm !== null) remapVvar(task.mm, changes.time);
  }
}

/** Linux: userns_install. */
export function installUser(set: NsSet, namespace: Namespace): number {
  const { task } = set;
  const ns = namespace as UserNamespace;
  if (ns === task.cred.userNs || task.group.live > 1 || task.fs!.users > 1) return -EINVAL;
  if (!task.cred.capable(CAP_SYS_ADMIN, ns)) return -EPERM;
  set.cred = namespaceCred(task.cred, ns);
  return 0;
}

/** Linux: mntns_install. */
export function installMount(set: NsSet, ns: MountNamespace): number {
  const { cred, fs } = set.task;
  const { userNs } = set.cred;
  if (!cred.capable(CAP_SYS_ADMIN, ns.owner) || !cred.capable(CAP_SYS_CHROOT, userNs) || !cred.capable(CAP_SYS_ADMIN, userNs))
    return -EPERM;
  if (fs!.users > 1) return -EINVAL;
  set.changes.mnt = ns;
  return 0;
}
