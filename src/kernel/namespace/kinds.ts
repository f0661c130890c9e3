/** The eight kinds of namespaces: one table for clone, clone3, unshare, setns, /proc/[pid]/ns, nsfs and pidfds. See namespaces(7). */

import { CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { EINVAL, ENOSPC, EPERM, EUSERS } from '../../abi/errno.ts';
import * as c from '../../abi/process.ts';
import { createVvar } from '../exec/vdso.ts';
import type { Task } from '../task/task.ts';
import type { MountNamespace } from '../vfs/mount_namespace.ts';
import { CgroupNamespace } from './cgroup_namespace.ts';
import { IpcNamespace } from './ipc_namespace.ts';
import type { Namespace, NamespaceName } from './namespace.ts';
import { NetNamespace } from './net_namespace.ts';
import type { NsSet } from './nsset.ts';
import { installMount, installUser } from './nsset.ts';
import { PidNamespace } from './pid_namespace.ts';
import { TimeNamespace } from './time_namespace.ts';
import type { UserNamespace } from './user_namespace.ts';

/** How deep PID namespaces may be nested. Linux: MAX_PID_NS_LEVEL. */
const MAX_PID_NS_LEVEL = 32;

export interface NamespaceKind {
  /** As /proc/[pid]/ns and the links in it call it. */
  readonly name: NamespaceName;
  readonly flag: number;
  /** The one that the task is in. */
  readonly of: (task: Task) => Namespace;
  /** The field of the nsproxy that clone(2) and unshare(2) change. */
  readonly field: 'mnt' | 'uts' | 'ipc' | 'pidForChildren' | 'cgroup' | 'net' | 'timeForChildren' | null;
  /** Whether the task may have a new one at all, before it is counted: 0 or a negative errno. */
  readonly check: ((task: Task, owner: UserNamespace) => number) | null;
  /** A new one for the task; null for those that need more than that (mnt, user). */
  readonly create: ((task: Task, owner: UserNamespace, inode: number) => Namespace | number) | null;
  /** setns(2): put it into the set. 0 or a negative errno. */
  readonly install: (set: NsSet, namespace: Namespace) => number;
}

/** CAP_SYS_ADMIN in the namespace and in the user namespace that the caller will be in. */
const mayEnter = ({ task, cred }: NsSet, owner: UserNamespace): boolean =>
  task.cred.capable(CAP_SYS_ADMIN, owner) && task.cred.capable(CAP_SYS_ADMIN, cred.userNs);

/** Install by setting one field. */
const into =
  (field: 'uts' | 'ipc' | 'net' | 'cgroup') =>
  (set: NsSet, namespace: Namespace): number => {
    if (!mayEnter(set, namespace.owner!)) return -EPERM;
    Object.assign(set.changes, { [field]: namespace });
    return 0;
  };

/** Linux: pidns_install: only its own namespace or one below it. */
function installPid(set: NsSet, namespace: Namespace): number {
  const target = namespace as PidNamespace;
  if (!mayEnter(set, target.owner)) return -EPERM;
  if (!set.task.pid.namespace.isAncestorOf(target)) return -EINVAL;
  set.changes.pidForChildren = target;
  return 0;
}

/** Linux: copy_pid_ns, create_pid_namespace. */
function checkPid(task: Task, owner: UserNamespace): number {
  const parent = task.nsproxy.pidForChildren;
  if (parent !== task.pid.namespace || !owner.isWithin(parent.owner)) return -EINVAL;
  return parent.level + 1 > MAX_PID_NS_LEVEL ? -ENOSPC : 0;
}

/** Linux: timens_install. */
function installTime(set: NsSet, namespace: Namespace): number {
  const time = namespace as TimeNamespace;
  if (!set.task.singleThreaded) return -EUSERS;
  if (!mayEnter(set, time.owner)) return -EPERM;
  Object.assign(set.changes, { time, timeForChildren: time });
  return 0;
}

/** Linux: clone_time_ns: the offsets of the one that children would get. */
function createTime(task: Task, owner: UserNamespace, inode: number): TimeNamespace | number {
  const vvar = createVvar(task.kernel);
  if (typeof vvar === 'number') return vvar;
  const { timeForChildren: old } = task.nsproxy;
  const time = new TimeNamespace(inode, owner, vvar);
  time.monotonic = old.monotonic;
  time.boottime = old.boottime;
  if (vvar !== null) task.kernel.timeNamespaces.add(time);
  return time;
}

/** In the order in which Linux makes and enters them: the user namespace first, whose capabilities the others need. */
export const namespaceKinds: readonly NamespaceKind[] = [
  {
    name: 'user',
    flag: c.CLONE_NEWUSER,
    of: (task) => task.cred.userNs,
    field: null,
    check: null,
    create: null,
    install: installUser,
  },
  {
    name: 'mnt',
    flag: c.CLONE_NEWNS,
    of: (task) => task.nsproxy.mnt,
    field: 'mnt',
    check: null,
    create: null,
    install: (set, namespace) => installMount(set, namespace as MountNamespace),
  },
  {
    name: 'uts',
    flag: c.CLONE_NEWUTS,
    of: (task) => task.nsproxy.uts,
    field: 'uts',
    check: null,
    create: (task, owner, inode) => task.nsproxy.uts.clone(inode, owner),
    install: into('uts'),
  },
  {
    name: 'ipc',
    flag: c.CLONE_NEWIPC,
    of: (task) => task.nsproxy.ipc,
    field: 'ipc',
    check: null,
    create: ({ cred }, owner, inode) => new IpcNamespace(inode, owner, cred.fsuid, cred.fsgid),
    install: into('ipc'),
  },
  {
    name: 'pid',
    flag: c.CLONE_NEWPID,
    of: (task) => task.pid.namespace,
    field: 'pidForChildren',
    check: checkPid,
    create: (task, owner, inode) => new PidNamespace(inode, task.nsproxy.pidForChildren, owner),
    install: installPid,
  },
  {
    name: 'cgroup',
    flag: c.CLONE_NEWCGROUP,
    of: (task) => task.nsproxy.cgroup,
    field: 'cgroup',
    check: null,
    create: (task, owner, inode) => new CgroupNamespace(inode, owner, task.cgroup),
    install: into('cgroup'),
  },
  {
    name: 'net',
    flag: c.CLONE_NEWNET,
    of: (task) => task.nsproxy.net,
    field: 'net',
    check: null,
    create: ({ kernel }, owner, inode) => new NetNamespace(kernel, inode, owner),
    install: into('net'),
  },
  {
    name: 'time',
    flag: c.CLONE_NEWTIME,
    of: (task) => task.nsproxy.time,
    field: 'timeForChildren',
    check: null,
    create: createTime,
    install: installTime,
  },
];

/** All CLONE_NEW flags. */
export const NAMESPACE_FLAGS: number = namespaceKinds.reduce((all, kind) => all | kind.flag, 0);

export const kindOf = (namespace: Namespace): NamespaceKind => namespaceKinds.find(({ name }) => name === namespace.kind)!;
