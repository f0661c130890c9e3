/** The namespaces of a task; immutable, copied on change. Linux: struct nsproxy. See namespaces(7). */

import type { Task } from '../task/task.ts';
import { destroyMountNamespace } from '../vfs/mount_clone.ts';
import type { MountNamespace } from '../vfs/mount_namespace.ts';
import type { CgroupNamespace } from './cgroup_namespace.ts';
import type { IpcNamespace } from './ipc_namespace.ts';
import type { Namespace } from './kinds.ts';
import type { NetNamespace } from './net_namespace.ts';
import type { PidNamespace } from './pid_namespace.ts';
import type { TimeNamespace } from './time_namespace.ts';
import type { UtsNamespace } from './uts_namespace.ts';

/** The user namespace is in the credentials, the task's own PID namespace in its Pid. */
export interface NsProxyFields {
  readonly uts: UtsNamespace;
  readonly ipc: IpcNamespace;
  readonly mnt: MountNamespace;
  readonly net: NetNamespace;
  readonly cgroup: CgroupNamespace;
  readonly time: TimeNamespace;
  readonly timeForChildren: TimeNamespace;
  readonly pidForChildren: PidNamespace;
}

export class NsProxy implements NsProxyFields {
  readonly uts: UtsNamespace;
  readonly ipc: IpcNamespace;
  readonly mnt: MountNamespace;
  readonly net: NetNamespace;
  readonly cgroup: CgroupNamespace;
  readonly time: TimeNamespace;
  readonly timeForChildren: TimeNamespace;
  readonly pidForChildren: PidNamespace;
  /** Tasks that have it. */
  users = 0;

  constructor(fields: NsProxyFields) {
    this.uts = fields.uts;
    this.ipc = fields.ipc;
    this.mnt = fields.mnt;
    this.net = fields.net;
    this.cgroup = fields.cgroup;
    this.time = fields.time;
    this.timeForChildren = fields.timeForChildren;
    this.pidForChildren = fields.pidForChildren;
  }

  /** A copy with some namespaces changed. */
  with(changes: Partial<NsProxyFields>): NsProxy {
    return new NsProxy({ ...this, ...changes });
  }

  /** One more task uses these namespaces. */
  get(): this {
    if (this.users++ > 0) return this;
    this.ipc.users++;
    this.mnt.users++;
    return this;
  }

  /** One task fewer; IPC and mount namespaces that nobody uses any more end. */
  put(): void {
    if (--this.users > 0) return;
    if (--this.ipc.users === 0) this.ipc.destroy();
    if (--this.mnt.users === 0) destroyMountNamespace(this.mnt);
  }
}

/** Move a task to other namespaces. Linux: switch_task_namespaces. */
export function switchNsproxy(task: Task, next: NsProxy): void {
  const old = task.nsproxy;
  task.nsproxy = next.get();
  old.put();
}

/** A task exits: its namespaces lose a user. */
export const leaveNsproxy = (task: Task): void => task.nsproxy.put();

/** Somebody keeps a namespace without being in it: an open file or a mount of it. */
export function holdNamespace(namespace: Namespace): void {
  if (namespace.kind === 'ipc' || namespace.kind === 'mnt') namespace.users++;
}

export function releaseNamespace(namespace: Namespace): void {
  if (namespace.kind === 'ipc' && --namespace.users === 0) namespace.destroy();
  else if (namespace.kind === 'mnt' && --namespace.users === 0) destroyMountNamespace(namespace);
}
