/** unshare(2) and setns(2): a task moves to other namespaces. Linux: ksys_unshare in kernel/fork.c, kernel/nsproxy.c. */

import { EINVAL, EPERM, ESRCH, isErrno } from '../../abi/errno.ts';
import * as c from '../../abi/process.ts';
import { NamespaceFile } from '../fs/nsfs/namespace_file.ts';
import { exitSem } from '../ipc/sem.ts';
import { exitShm } from '../ipc/shm.ts';
import { commitCred } from '../task/cred_change.ts';
import type { Pid } from '../task/pid.ts';
import { PidFile } from '../task/pidfd.ts';
import { mayAccess } from '../task/ptrace_access.ts';
import type { Task } from '../task/task.ts';
import { unshareFiles } from '../vfs/fd_table.ts';
import type { File } from '../vfs/file.ts';
import { cloneNamespaces } from './clone_namespaces.ts';
import { kindOf, NAMESPACE_FLAGS, namespaceKinds } from './kinds.ts';
import { switchNsproxy } from './nsproxy.ts';
import { NsSet } from './nsset.ts';

const UNSHARABLE: number = NAMESPACE_FLAGS | c.CLONE_THREAD | c.CLONE_FS | c.CLONE_SIGHAND | c.CLONE_VM | c.CLONE_FILES | c.CLONE_SYSVSEM;

/** What the flags imply. */
function impliedFlags(requested: number): number {
  let flags = requested;
  if ((flags & c.CLONE_NEWUSER) !== 0) flags |= c.CLONE_THREAD | c.CLONE_FS;
  if ((flags & c.CLONE_VM) !== 0) flags |= c.CLONE_SIGHAND;
  if ((flags & c.CLONE_SIGHAND) !== 0) flags |= c.CLONE_THREAD;
  return (flags & c.CLONE_NEWNS) !== 0 ? flags | c.CLONE_FS : flags;
}

/** What other tasks share cannot be unshared from them. Linux: check_unshare_flags. */
function checkUnshare(task: Task, flags: number): number {
  if ((flags & ~UNSHARABLE) !== 0) return -EINVAL;
  if ((flags & c.CLONE_THREAD) !== 0 && task.group.live > 1) return -EINVAL;
  if ((flags & c.CLONE_SIGHAND) !== 0 && task.group.sighand.users > 1) return -EINVAL;
  return (flags & c.CLONE_VM) !== 0 && !task.singleThreaded ? -EINVAL : 0;
}

/** unshare(2). */
export function unshareNamespaces(task: Task, requested: number): number {
  const flags = impliedFlags(requested);
  const refused = checkUnshare(task, flags);
  if (refused < 0) return refused;
  const shared = (flags & c.CLONE_FILES) === 0 ? 0 : unshareFiles(task);
  if (shared < 0) return shared;
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
  if ((flags & (c.CLONE_NEWIPC | c.CLONE_SYSVSEM)) !== 0) exitSem(task);
  if ((flags & c.CLONE_NEWIPC) !== 0) exitShm(task);
  if (spaces.nsproxy !== task.nsproxy) switchNsproxy(task, spaces.nsproxy);
  if (spaces.cred !== task.cred) commitCred(task, spaces.cred);
  return 0;
}

/** setns(2): into the namespace of an nsfs file, or into several of the process of a pidfd. */
export function enterNamespaces(task: Task, file: File, type: number): number {
  if (file instanceof NamespaceFile) {
    const kind = kindOf(file.namespace);
    if (type !== 0 && type !== kind.flag) return -EINVAL;
    const set = new NsSet(task, kind.flag);
    const failed = kind.install(set, file.namespace);
    if (failed === 0) set.commit();
    return failed;
  }
  if (!(file instanceof PidFile) || type === 0 || (type & ~NAMESPACE_FLAGS) !== 0) return -EINVAL;
  return enterProcess(task, file.pid, type);
}

/** Linux: validate_nsset. */
function enterProcess(task: Task, pid: Pid, flags: number): number {
  const target = pid.task;
  if (target === null) return -ESRCH;
  if (mayAccess(task, target, 'real') < 0) return -EPERM;
  if (target.state === 'Z' || target.state === 'X') return -ESRCH;
  const set = new NsSet(task, flags);
  for (const kind of namespaceKinds) {
    if ((flags & kind.flag) === 0) continue;
    const failed = kind.install(set, kind.of(target));
    if (failed < 0) return failed;
  }
  set.commit();
  return 0;
}
