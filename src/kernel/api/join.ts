/** New processes in namespaces of others: what nsenter(1) does with setns(2) and fork(2). */

import { errnoNames, isErrno } from '../../abi/errno.ts';
import * as c from '../../abi/process.ts';
import { SIGCHLD } from '../../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { switchNsproxy } from '../namespace/nsproxy.ts';
import type { UserNamespace } from '../namespace/user_namespace.ts';
import { commitCred, namespaceCred } from '../task/cred_change.ts';
import type { Task } from '../task/task.ts';
import { cloneTask } from '../task/task_clone.ts';
import { RuntimeProcess } from './runtime_process.ts';
import type { Failure, NamespaceSource, NamespaceSources } from './spec.ts';

/** The flags of the kinds that clone(2) makes; the cgroup namespace waits until the process is in its control group. */
const CLONED: Readonly<Record<'user' | 'uts' | 'ipc' | 'pid' | 'net', number>> = {
  user: c.CLONE_NEWUSER,
  uts: c.CLONE_NEWUTS,
  ipc: c.CLONE_NEWIPC,
  pid: c.CLONE_NEWPID,
  net: c.CLONE_NEWNET,
};

const cloneArguments = (flags: number): Parameters<typeof cloneTask>[1] => ({
  flags,
  exitSignal: SIGCHLD,
  stack: 0,
  tls: 0,
  parentTid: 0,
  childTid: 0,
  pidfd: 0,
  setTid: [],
  cgroup: null,
});

/** All namespaces of a container. */
export const joinAll = (init: RuntimeProcess): NamespaceSources => ({
  ...{ user: init, uts: init, ipc: init, pid: init, net: init, cgroup: init },
});

const leaderOf = (source: NamespaceSource): Task | null => (source instanceof RuntimeProcess ? source.group.leader : null);

/** Every id of the parent means itself. */
function mapAllIds(ns: UserNamespace): void {
  const { uidMap, gidMap, projidMap } = ns.parent!;
  Object.assign(ns, { uidMap, gidMap, projidMap });
}

/** A child of the runtime task in the namespaces that are wanted; `flags` may add CLONE_NEWNS. */
export function cloneInto(kernel: Kernel, sources: NamespaceSources, more = 0): Task | Failure {
  const runtime = kernel.firstTask;
  const own = runtime.nsproxy.get();
  const pid = leaderOf(sources.pid)?.pid.namespace;
  if (pid !== undefined) switchNsproxy(runtime, own.with({ pidForChildren: pid }));
  let flags = more;
  for (const [kind, flag] of Object.entries(CLONED) as [keyof typeof CLONED, number][]) if (sources[kind] === 'new') flags |= flag;
  const task = cloneTask(runtime, cloneArguments(flags));
  switchNsproxy(runtime, own);
  own.put();
  if (isErrno(task)) return { errno: errnoNames[-task] ?? 'EIO', error: 'cannot create a process' };
  if (sources.user === 'new') mapAllIds(task.cred.userNs);
  const owner = leaderOf(sources.user)?.cred.userNs ?? task.cred.userNs;
  if (owner !== task.cred.userNs) commitCred(task, namespaceCred(task.cred, owner));
  const { nsproxy } = task;
  switchNsproxy(
    task,
    nsproxy.with({
      uts: leaderOf(sources.uts)?.nsproxy.uts ?? nsproxy.uts,
      ipc: leaderOf(sources.ipc)?.nsproxy.ipc ?? nsproxy.ipc,
      net: leaderOf(sources.net)?.nsproxy.net ?? nsproxy.net,
      cgroup: leaderOf(sources.cgroup)?.nsproxy.cgroup ?? nsproxy.cgroup,
      pidForChildren: task.pid.namespace,
    }),
  );
  return task;
}
