/** The namespaces of a task; immutable, copied on change. Linux: struct nsproxy. See namespaces(7). */

import type { MountNamespace } from '../vfs/mount_namespace.ts';
import type { IpcNamespace } from './ipc_namespace.ts';
import type { PidNamespace } from './pid_namespace.ts';
import type { UtsNamespace } from './uts_namespace.ts';

/** The user namespace is in the credentials, the task's own PID namespace in its Pid. */
export interface NsProxy {
  readonly uts: UtsNamespace;
  readonly ipc: IpcNamespace;
  readonly mnt: MountNamespace;
  readonly pidForChildren: PidNamespace;
}
