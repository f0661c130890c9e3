/** The namespaces that clone(2) and unshare(2) make. Linux: create_new_namespaces in kernel/nsproxy.c, copy_creds. */

import { CAP_SETFCAP, CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { EINVAL, ENOSPC, EPERM, isErrno } from '../../abi/errno.ts';
import { CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER } from '../../abi/process.ts';
import { CAP_FULL, type Cred } from '../task/cred.ts';
import type { Task } from '../task/task.ts';
import type { FsContext } from '../vfs/fs_context.ts';
import { cloneMountNamespace } from '../vfs/mount_clone.ts';
import { NAMESPACE_FLAGS, namespaceKinds } from './kinds.ts';
import type { NsProxy, NsProxyFields } from './nsproxy.ts';
import { PidNamespace } from './pid_namespace.ts';
import { UserNamespace } from './user_namespace.ts';

/** How deep PID and user namespaces may be nested. Linux: MAX_PID_NS_LEVEL. */
const MAX_LEVEL = 32;

export interface CloneNamespaces {
  readonly nsproxy: NsProxy;
  readonly cred: Cred;
  /** A private fs context that follows the copied mounts; null when there is no new mount namespace. */
  readonly fs: FsContext | null;
}

/** Whether any of the flags asks for a new namespace. */
export const wantsNamespaces = (flags: number): boolean => ((flags % 2 ** 32) & NAMESPACE_FLAGS) !== 0;

/** The namespaces for a task that `task` creates (or for itself: unshare) with CLONE_NEW flags; or a negative errno. */
export function cloneNamespaces(task: Task, flags: number): CloneNamespaces | number {
  const { nsproxy } = task;
  if (!wantsNamespaces(flags)) return { nsproxy, cred: task.cred, fs: null };
  let { cred } = task;
  if ((flags & CLONE_NEWUSER) !== 0) {
    const created = createUserNamespace(task);
    if (isErrno(created)) return created;
    cred = created;
  }
  const owner = cred.userNs;
  if ((flags & NAMESPACE_FLAGS & ~CLONE_NEWUSER) === 0) return { nsproxy, cred, fs: null };
  if (!cred.capable(CAP_SYS_ADMIN, owner)) return -EPERM;
  const changes: { -readonly [K in keyof NsProxyFields]?: NsProxyFields[K] } = {};
  for (const kind of namespaceKinds) {
    if ((flags & kind.flag) === 0 || kind.create === null) continue;
    const created = kind.create(task, owner);
    if (isErrno(created)) return created;
    Object.assign(changes, created);
  }
  if ((flags & CLONE_NEWPID) !== 0) {
    const created = createPidNamespace(task, owner);
    if (isErrno(created)) return created;
    changes.pidForChildren = created;
  }
  let fs: FsContext | null = null;
  if ((flags & CLONE_NEWNS) !== 0) {
    const copy = cloneMountNamespace(task, owner);
    if (isErrno(copy)) return copy;
    changes.mnt = copy.namespace;
    fs = copy.fs;
  }
  return { nsproxy: nsproxy.with(changes), cred, fs };
}

function createPidNamespace(task: Task, owner: UserNamespace): PidNamespace | number {
  const parent = task.nsproxy.pidForChildren;
  if (parent !== task.pid.namespace) return -EINVAL;
  if (parent.level + 1 >= MAX_LEVEL) return -ENOSPC;
  return new PidNamespace(task.kernel.allocateInode(), parent, owner);
}

/** The credentials of the first member: all capabilities inside. Linux: create_user_ns, set_cred_user_ns. */
export function createUserNamespace(task: Task): Cred | number {
  const { cred } = task;
  const parent = cred.userNs;
  if (parent.level + 1 > MAX_LEVEL) return -ENOSPC;
  if (parent.uidMap.length === 0 || parent.gidMap.length === 0) return -EPERM;
  const ns = new UserNamespace(task.kernel.allocateInode(), parent, cred.euid, cred.egid);
  ns.parentCouldSetfcap = (cred.fields.effective & (1n << BigInt(CAP_SETFCAP))) !== 0n;
  return cred.with({
    userNs: ns,
    inheritable: 0n,
    permitted: CAP_FULL,
    effective: CAP_FULL,
    bounding: CAP_FULL,
    ambient: 0n,
    securebits: 0,
  });
}
