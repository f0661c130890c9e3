/** The namespaces of a task; immutable, copied on change. Linux: struct nsproxy. See namespaces(7). */

import type { Task } from '../task/task.ts';
import type { MountNamespace } from '../vfs/mount_namespace.ts';
import type { CgroupNamespace } from './cgroup_namespace.ts';
import type { IpcNamespace } from './ipc_namespace.ts';
import type { Namespace } from './namespace.ts';
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

export type NsProxyChanges = { -readonly [K in keyof NsProxyFields]?: NsProxyFields[K] };

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
  with(changes: NsProxyChanges): NsProxy {
    return new NsProxy({ ...this, ...changes });
  }

  /** One more task uses these namespaces. */
  get(): this {
    if (this.users++ === 0) for (const namespace of this.all()) namespace.get();
    return this;
  }

  /** One task fewer; namespaces that nobody holds any more end. */
  put(): void {
    if (--this.users === 0) for (const namespace of this.all()) namespace.put();
  }

  private all(): readonly Namespace[] {
    return [this.mnt, this.uts, this.ipc, this.pidForChildren, this.cgroup, this.net, this.time, this.timeForChildren];
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
