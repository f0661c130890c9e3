/** The eight kinds of namespaces: one table for clone, clone3, unshare, setns, /proc/[pid]/ns and nsfs. See namespaces(7). */

import { CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { EINVAL, EPERM } from '../../abi/errno.ts';
import * as c from '../../abi/process.ts';
import type { Task } from '../task/task.ts';
import type { MountNamespace } from '../vfs/mount_namespace.ts';
import { CgroupNamespace } from './cgroup_namespace.ts';
import { IpcNamespace } from './ipc_namespace.ts';
import { NetNamespace } from './net_namespace.ts';
import type { NsProxyFields } from './nsproxy.ts';
import type { PidNamespace } from './pid_namespace.ts';
import { TimeNamespace } from './time_namespace.ts';
import type { UserNamespace } from './user_namespace.ts';
import type { UtsNamespace } from './uts_namespace.ts';

export type Namespace =
  | UtsNamespace
  | IpcNamespace
  | MountNamespace
  | PidNamespace
  | UserNamespace
  | NetNamespace
  | CgroupNamespace
  | TimeNamespace;

type Changes = { -readonly [K in keyof NsProxyFields]?: NsProxyFields[K] };

export interface NamespaceKind {
  /** As /proc/[pid]/ns and the links in it call it. */
  readonly name: string;
  readonly flag: number;
  /** The one that the task is in. */
  readonly of: (task: Task) => Namespace;
  /** A new one for a child of the task; null for those that need more than a field of the nsproxy (mnt, pid, user). */
  readonly create: ((task: Task, owner: UserNamespace) => Changes | number) | null;
  /** What setns(2) changes in the nsproxy; null for those that need more (mnt, user). */
  readonly install: ((task: Task, namespace: Namespace) => Changes | number) | null;
}

/** setns(2) needs CAP_SYS_ADMIN in the namespace and in the caller's own user namespace. */
export const maySetns = (task: Task, owner: UserNamespace): boolean =>
  task.cred.capable(CAP_SYS_ADMIN, owner) && task.cred.capable(CAP_SYS_ADMIN, task.cred.userNs);

/** Install by setting one field. */
const into =
  (field: 'uts' | 'ipc' | 'net' | 'cgroup') =>
  (task: Task, namespace: Namespace): Changes | number =>
    maySetns(task, (namespace as UtsNamespace).owner) ? { [field]: namespace } : -EPERM;

export const namespaceKinds: readonly NamespaceKind[] = [
  {
    name: 'cgroup',
    flag: c.CLONE_NEWCGROUP,
    of: (task) => task.nsproxy.cgroup,
    create: (task, owner) => ({ cgroup: new CgroupNamespace(task.kernel.allocateInode(), owner, task.group.cgroup) }),
    install: into('cgroup'),
  },
  {
    name: 'ipc',
    flag: c.CLONE_NEWIPC,
    of: (task) => task.nsproxy.ipc,
    create: (task, owner) => ({ ipc: new IpcNamespace(task.kernel.allocateInode(), owner) }),
    install: into('ipc'),
  },
  { name: 'mnt', flag: c.CLONE_NEWNS, of: (task) => task.nsproxy.mnt, create: null, install: null },
  {
    name: 'net',
    flag: c.CLONE_NEWNET,
    of: (task) => task.nsproxy.net,
    create: (task, owner) => ({ net: new NetNamespace(task.kernel.allocateInode(), owner) }),
    install: into('net'),
  },
  {
    name: 'pid',
    flag: c.CLONE_NEWPID,
    of: (task) => task.pid.namespace,
    create: null,
    install: (task, namespace) => {
      const target = namespace as PidNamespace;
      if (!maySetns(task, target.owner)) return -EPERM;
      for (let ns: PidNamespace | null = target; ns !== null; ns = ns.parent)
        if (ns === task.pid.namespace) return { pidForChildren: target };
      return -EINVAL;
    },
  },
  {
    name: 'time',
    flag: c.CLONE_NEWTIME,
    of: (task) => task.nsproxy.time,
    create: (task, owner) => {
      const { timeForChildren } = task.nsproxy;
      const time = new TimeNamespace(task.kernel.allocateInode(), owner);
      time.monotonicOffset = timeForChildren.monotonicOffset;
      time.boottimeOffset = timeForChildren.boottimeOffset;
      return { timeForChildren: time };
    },
    install: (task, namespace) => {
      const time = namespace as TimeNamespace;
      return maySetns(task, time.owner) ? { time, timeForChildren: time } : -EPERM;
    },
  },
  { name: 'user', flag: c.CLONE_NEWUSER, of: (task) => task.cred.userNs, create: null, install: null },
  {
    name: 'uts',
    flag: c.CLONE_NEWUTS,
    of: (task) => task.nsproxy.uts,
    create: (task, owner) => ({ uts: task.nsproxy.uts.clone(task.kernel.allocateInode(), owner) }),
    install: into('uts'),
  },
];

/** All CLONE_NEW flags. */
export const NAMESPACE_FLAGS: number = namespaceKinds.reduce((all, kind) => all | kind.flag, 0);
