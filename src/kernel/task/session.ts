/** Sessions, process groups and what happens when one loses its connection to a shell. See credentials(7), setpgid(2), setsid(2). */

import { EACCES, EPERM, ESRCH } from '../../abi/errno.ts';
import { SIGCONT, SIGHUP } from '../../abi/signal.ts';
import { sendToProcess } from '../signal/send.ts';
import { kernelInfo } from '../signal/sig_info.ts';
import type { Pid } from './pid.ts';
import type { Task } from './task.ts';
import type { ThreadGroup } from './thread_group.ts';

/** The process whose thread created this one; its own creator after that is gone. */
const parentOf = (group: ThreadGroup): ThreadGroup | null => group.parent?.group ?? null;

/** Make the process the leader of a new session and process group: its id, or -EPERM. */
export function doSetsid(task: Task): number {
  const { group } = task;
  const { pid } = group.leader;
  if (group.sessionLeader || pid.processGroup.size > 0) return -EPERM;
  group.joinSession(pid);
  group.joinProcessGroup(pid);
  group.terminal = null;
  return task.tgid;
}

/** Put the process `target` (the caller or a child of it) into the process group `number`, a new one if that is its own id. */
export function doSetpgid(task: Task, target: ThreadGroup, number: number): number {
  const caller = task.group;
  if (target !== caller) {
    if (parentOf(target) !== caller) return -ESRCH;
    if (target.session !== caller.session) return -EPERM;
    if (target.execs > 0) return -EACCES;
  }
  if (target.sessionLeader) return -EPERM;
  let pid: Pid = target.leader.pid;
  if (number !== pid.in(task.pid.namespace)) {
    const found = task.pid.namespace.find(number);
    const member = found?.processGroup.values().next().value;
    if (found === null || member === undefined || member.group.session !== caller.session) return -EPERM;
    pid = found;
  }
  target.joinProcessGroup(pid);
  return 0;
}

/** The first process of all. An init of a container counts as a parent like any other. Linux: is_global_init. */
const isGlobalInit = (group: ThreadGroup): boolean => group.leader === group.leader.kernel.firstTask;

/** Whether no member (but for `without`) has a parent outside the group and inside the session. Linux: will_become_orphaned_pgrp. */
export function isOrphaned(processGroup: Pid, without: ThreadGroup | null = null): boolean {
  for (const { group, state } of processGroup.processGroup) {
    const parent = parentOf(group);
    if (group === without || parent === null || (state === 'Z' && group.live === 0) || isGlobalInit(parent)) continue;
    if (parent.processGroup !== processGroup && parent.session === group.session) return false;
  }
  return true;
}

const hasStopped = (processGroup: Pid): boolean => [...processGroup.processGroup].some(({ group }) => group.stopped);

/** `group` exits, and its `parent` link ends: a process group that becomes an orphan with stopped members gets SIGHUP and SIGCONT. */
export function killOrphanedProcessGroup(group: ThreadGroup, parent: ThreadGroup | null, exiting: boolean): void {
  const { processGroup } = group;
  if (parent === null || parent.processGroup === processGroup || parent.session !== group.session) return;
  if (!isOrphaned(processGroup, exiting ? group : null) || !hasStopped(processGroup)) return;
  for (const { group: member } of [...processGroup.processGroup]) {
    sendToProcess(member, kernelInfo(SIGHUP));
    sendToProcess(member, kernelInfo(SIGCONT));
  }
}
