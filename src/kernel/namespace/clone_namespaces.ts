/** The namespaces that clone(2) and unshare(2) make. Linux: create_new_namespaces in kernel/nsproxy.c, create_user_ns. */

import { CAP_SETFCAP, CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { ENOSPC, EPERM, isErrno } from '../../abi/errno.ts';
import { CLONE_NEWUSER, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NPROC, RLIMIT_SIGPENDING } from '../../abi/process.ts';
import type { Cred } from '../task/cred.ts';
import { namespaceCred } from '../task/cred_change.ts';
import type { Task } from '../task/task.ts';
import type { FsContext } from '../vfs/fs_context.ts';
import { cloneMountNamespace, rootOf } from '../vfs/mount_clone.ts';
import { NAMESPACE_FLAGS, type NamespaceKind, namespaceKinds } from './kinds.ts';
import { type Namespace, openAccount } from './namespace.ts';
import type { NsProxy, NsProxyChanges } from './nsproxy.ts';
import type { UcountRlimits } from './ucounts.ts';
import { UserNamespace } from './user_namespace.ts';

/** A user namespace cannot be made in one deeper than this. */
const MAX_USER_NS_LEVEL = 32;

export interface CloneNamespaces {
  readonly nsproxy: NsProxy;
  readonly cred: Cred;
  /** A private fs context that follows the copied mounts; null when there is no new mount namespace. */
  readonly fs: FsContext | null;
  /** Those that are new, and that nobody holds yet. */
  readonly created: readonly Namespace[];
}

/** Whether any of the flags asks for a new namespace. */
export const wantsNamespaces = (flags: number): boolean => ((flags % 2 ** 32) & NAMESPACE_FLAGS) !== 0;

/** The namespaces for a task that `task` creates (or for itself: unshare) with CLONE_NEW flags; or a negative errno. */
export function cloneNamespaces(task: Task, flags: number): CloneNamespaces | number {
  const { nsproxy } = task;
  if (!wantsNamespaces(flags)) return { nsproxy, cred: task.cred, fs: null, created: [] };
  const created: Namespace[] = [];
  let { cred } = task;
  if ((flags & CLONE_NEWUSER) !== 0) {
    const inside = createUserNamespace(task);
    if (isErrno(inside)) return inside;
    cred = inside;
    created.push(cred.userNs);
  }
  if ((flags & NAMESPACE_FLAGS & ~CLONE_NEWUSER) === 0) return { nsproxy, cred, fs: null, created };
  const changes: NsProxyChanges = {};
  let fs: FsContext | null = null;
  let failed = cred.capable(CAP_SYS_ADMIN, cred.userNs) ? 0 : -EPERM;
  for (const kind of namespaceKinds) {
    if (failed < 0 || (flags & kind.flag) === 0 || kind.field === null) continue;
    const made = createOne(task, cred.userNs, kind);
    if (isErrno(made)) failed = made;
    else {
      created.push(made.namespace);
      Object.assign(changes, { [kind.field]: made.namespace });
      fs ??= made.fs;
    }
  }
  if (failed === 0) return { nsproxy: nsproxy.with(changes), cred, fs, created };
  discard(fs, created);
  return failed;
}

/** Whatever was made was made in vain. */
export function discard(fs: FsContext | null, created: readonly Namespace[]): void {
  fs?.put();
  for (const namespace of [...created].reverse()) namespace.free();
}

function createOne(task: Task, owner: UserNamespace, kind: NamespaceKind): { namespace: Namespace; fs: FsContext | null } | number {
  const refused = kind.check?.(task, owner) ?? 0;
  if (refused < 0) return refused;
  const account = openAccount(task, owner, kind.name);
  if (isErrno(account)) return account;
  const made = kind.create === null ? cloneMountNamespace(task, owner, account.inode) : kind.create(task, owner, account.inode);
  if (isErrno(made)) {
    account.close();
    return made;
  }
  const result = 'fs' in made ? made : { namespace: made, fs: null };
  result.namespace.account = account;
  return result;
}

/** Whether the task's root is not that of its mount namespace. Linux: current_chrooted. */
const isChrooted = (task: Task): boolean => !task.fs!.root.equals(rootOf(task.nsproxy.mnt));

/** What the users of a namespace that `task` makes may have in all. Linux: set_userns_rlimit_max, enforced_nproc_rlimit. */
function rlimitsOf({ cred, group, kernel }: Task): UcountRlimits {
  const free = cred.uid === 0 && cred.userNs === kernel.initialUserNs;
  return {
    processes: free ? Number.POSITIVE_INFINITY : group.softLimit(RLIMIT_NPROC),
    messageQueueBytes: group.softLimit(RLIMIT_MSGQUEUE),
    pendingSignals: group.softLimit(RLIMIT_SIGPENDING),
    // Pages are compared with a number of bytes, as on Linux.
    lockedPages: group.softLimit(RLIMIT_MEMLOCK),
  };
}

/** The credentials of the first member: all capabilities inside. Linux: create_user_ns. */
function createUserNamespace(task: Task): Cred | number {
  const { cred } = task;
  const parent = cred.userNs;
  if (parent.level > MAX_USER_NS_LEVEL) return -ENOSPC;
  const account = openAccount(task, parent, 'user');
  if (isErrno(account)) return account;
  if (isChrooted(task) || !parent.hasUid(cred.euid) || !parent.hasGid(cred.egid)) {
    account.close();
    return -EPERM;
  }
  const ns = new UserNamespace(account.inode, parent, cred.euid, cred.egid);
  ns.account = account;
  ns.rlimits = rlimitsOf(task);
  ns.parentCouldSetfcap = cred.has(CAP_SETFCAP);
  return namespaceCred(cred, ns);
}
