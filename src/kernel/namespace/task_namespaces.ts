/** unshare(2) and setns(2): a task moves to other namespaces. Linux: ksys_unshare in kernel/fork.c, kernel/nsproxy.c. */

import { CAP_SYS_ADMIN, CAP_SYS_CHROOT } from '../../abi/capability.ts';
import { EINVAL, EPERM, ESRCH, EUSERS, isErrno } from '../../abi/errno.ts';
import * as c from '../../abi/process.ts';
import { NamespaceFile } from '../fs/nsfs/namespace_file.ts';
import { exitSem } from '../ipc/sem.ts';
import { exitShm } from '../ipc/shm.ts';
import { CAP_FULL } from '../task/cred.ts';
import { commitCred } from '../task/cred_change.ts';
import { PidFile } from '../task/pidfd.ts';
import type { Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';
import { enterMountNamespace } from '../vfs/mount_clone.ts';
import type { MountNamespace } from '../vfs/mount_namespace.ts';
import { cloneNamespaces } from './clone_namespaces.ts';
import { maySetns, NAMESPACE_FLAGS, type Namespace, type NamespaceKind, namespaceKinds } from './kinds.ts';
import { switchNsproxy } from './nsproxy.ts';
import type { UserNamespace } from './user_namespace.ts';

const UNSHARABLE: number = NAMESPACE_FLAGS | c.CLONE_THREAD | c.CLONE_FS | c.CLONE_SIGHAND | c.CLONE_VM | c.CLONE_FILES | c.CLONE_SYSVSEM;

/** unshare(2). */
export function unshareNamespaces(task: Task, requested: number): number {
  let flags = requested;
  if ((flags & ~UNSHARABLE) !== 0) return -EINVAL;
  if ((flags & c.CLONE_NEWUSER) !== 0) flags |= c.CLONE_THREAD | c.CLONE_FS;
  if ((flags & c.CLONE_NEWNS) !== 0) flags |= c.CLONE_FS;
  if ((flags & c.CLONE_VM) !== 0) flags |= c.CLONE_SIGHAND;
  if ((flags & c.CLONE_SIGHAND) !== 0) flags |= c.CLONE_THREAD;
  if ((flags & c.CLONE_THREAD) !== 0 && task.group.live > 1) return -EINVAL;
  if ((flags & c.CLONE_SIGHAND) !== 0 && task.group.sighand.users > 1) return -EINVAL;
  if ((flags & c.CLONE_VM) !== 0 && task.mm!.users > 1) return -EINVAL;
  const spaces = cloneNamespaces(task, flags);
  if (isErrno(spaces)) return spaces;
  if (spaces.fs !== null) {
    task.fs!.put();
    task.fs = spaces.fs;
  } else if ((flags & c.CLONE_FS) !== 0 && task.fs!.users > 1) {
    const copy = task.fs!.clone();
    task.fs!.put();
    task.fs = copy;
  }
  if ((flags & c.CLONE_FILES) !== 0 && task.files!.users > 1) {
    const copy = task.files!.clone();
    task.files!.put(task);
    task.files = copy;
  }
  if ((flags & (c.CLONE_NEWIPC | c.CLONE_SYSVSEM)) !== 0) exitSem(task);
  if ((flags & c.CLONE_NEWIPC) !== 0) exitShm(task);
  if (spaces.nsproxy !== task.nsproxy) switchNsproxy(task, spaces.nsproxy);
  if (spaces.cred !== task.cred) commitCred(task, spaces.cred);
  return 0;
}

/** setns(2): into the namespace of an nsfs file, or into several of the process of a pidfd. */
export function enterNamespaces(task: Task, file: File, type: number): number {
  if (file instanceof NamespaceFile) {
    const kind = namespaceKinds.find((k) => k.name === file.namespace.kind)!;
    if (type !== 0 && type !== kind.flag) return -EINVAL;
    return enter(task, kind, file.namespace);
  }
  if (!(file instanceof PidFile) || type === 0 || (type & ~NAMESPACE_FLAGS) !== 0) return -EINVAL;
  const target = file.pid.task;
  if (target === null) return -ESRCH;
  const wanted = namespaceKinds.filter((kind) => (type & kind.flag) !== 0);
  // The user namespace first, so that the others can use the capabilities that it gives.
  wanted.sort((a, b) => Number(b.name === 'user') - Number(a.name === 'user'));
  for (const kind of wanted) {
    const result = enter(task, kind, kind.of(target));
    if (result < 0) return result;
  }
  return 0;
}

function enter(task: Task, kind: NamespaceKind, namespace: Namespace): number {
  if (kind.name === 'user') return enterUser(task, namespace as UserNamespace);
  if (kind.name === 'mnt') return enterMount(task, namespace as MountNamespace);
  if (kind.name === 'time' && task.group.live > 1) return -EUSERS;
  const changes = kind.install!(task, namespace);
  if (isErrno(changes)) return changes;
  if (kind.name === 'ipc') {
    exitSem(task);
    exitShm(task);
  }
  switchNsproxy(task, task.nsproxy.with(changes));
  return 0;
}

/** Linux: userns_install. */
function enterUser(task: Task, ns: UserNamespace): number {
  if (ns === task.cred.userNs || task.group.live > 1 || task.fs!.users > 1) return -EINVAL;
  if (!task.cred.capable(CAP_SYS_ADMIN, ns)) return -EPERM;
  commitCred(
    task,
    task.cred.with({
      userNs: ns,
      inheritable: 0n,
      permitted: CAP_FULL,
      effective: CAP_FULL,
      bounding: CAP_FULL,
      ambient: 0n,
      securebits: 0,
    }),
  );
  return 0;
}

/** Linux: mntns_install. */
function enterMount(task: Task, ns: MountNamespace): number {
  if (!maySetns(task, ns.owner) || !task.cred.capable(CAP_SYS_CHROOT, task.cred.userNs)) return -EPERM;
  if (task.fs!.users > 1) return -EINVAL;
  switchNsproxy(task, task.nsproxy.with({ mnt: ns }));
  enterMountNamespace(task, ns);
  return 0;
}
