/** Waiting for children to end, stop or go on. Linux: do_wait in kernel/exit.c. See wait(2). */

import { ECHILD, ERESTARTSYS } from '../../abi/errno.ts';
import { __WALL, __WCLONE, __WNOTHREAD, WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WUNTRACED } from '../../abi/process.ts';
import { CLD_CONTINUED, CLD_DUMPED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, SIGCHLD, SIGCONT } from '../../abi/signal.ts';
import { processTimes } from '../time/cpu_time.ts';
import type { Pid } from './pid.ts';
import type { Task } from './task.ts';
import { releaseProcess } from './task_exit.ts';
import { ResourceUsage, type ThreadGroup } from './thread_group.ts';

/** Which children: any, one process, or a process group. */
export type WaitTarget = { readonly kind: 'any' } | { readonly kind: 'process' | 'group'; readonly pid: Pid };

/** What a child did. */
export interface ChildEvent {
  readonly pid: number;
  readonly uid: number;
  /** CLD_ code and the exit status or signal that siginfo_t shows. */
  readonly code: number;
  readonly siStatus: number;
  /** The status word of wait4(2). */
  readonly status: number;
  readonly usage: ResourceUsage;
}

/** An event, null when there is none and WNOHANG was given; or a negative number to return at once. */
export function doWait(task: Task, target: WaitTarget, options: number): ChildEvent | null | number {
  let eligible = false;
  for (const child of task.group.children) {
    if (!matches(task, child, target, options)) continue;
    // A zombie that is not asked for is nothing to wait for. Linux: wait_consider_task.
    if (isZombie(child) && (options & WEXITED) === 0) continue;
    eligible = true;
    const event = look(task, child, options);
    if (event !== null) return event;
  }
  if (!eligible) return -ECHILD;
  if ((options & WNOHANG) !== 0) return null;
  return task.block([task.group.childChanged], { restart: ERESTARTSYS });
}

function matches(task: Task, child: ThreadGroup, target: WaitTarget, options: number): boolean {
  if (target.kind === 'process' && child.leader.pid !== target.pid) return false;
  if (target.kind === 'group' && child.processGroup !== target.pid) return false;
  if ((options & __WNOTHREAD) !== 0 && child.parent !== task) return false;
  if ((options & __WALL) !== 0) return true;
  return (child.leader.exitSignal !== SIGCHLD) === ((options & __WCLONE) !== 0);
}

/** What there is to tell about one child. */
function look(task: Task, child: ThreadGroup, options: number): ChildEvent | null {
  const keep = (options & WNOWAIT) !== 0;
  if (isZombie(child)) {
    const event = exitEvent(task, child);
    if (!keep) reap(task, child);
    return event;
  }
  if (child.stopUnreported !== 0 && (options & WUNTRACED) !== 0) {
    const signal = child.stopUnreported;
    if (!keep) child.stopUnreported = 0;
    return describe(task, child, CLD_STOPPED, signal, (signal << 8) | 0x7f);
  }
  if (child.continueUnreported && (options & WCONTINUED) !== 0) {
    if (!keep) child.continueUnreported = false;
    return describe(task, child, CLD_CONTINUED, SIGCONT, 0xffff);
  }
  return null;
}

/** All threads have exited; the init of a PID namespace is a zombie only after all others there are gone. */
const isZombie = ({ leader, live }: ThreadGroup): boolean =>
  live === 0 &&
  !(leader.pid.namespace.init === leader && leader.pid.namespace.list().some(({ task }) => task !== null && task.group !== leader.group));

function exitEvent(task: Task, child: ThreadGroup): ChildEvent {
  const status = child.leader.exitCode;
  const signal = status & 0x7f;
  if (signal === 0) return describe(task, child, CLD_EXITED, (status >> 8) & 0xff, status);
  return describe(task, child, (status & 0x80) !== 0 ? CLD_DUMPED : CLD_KILLED, signal, status);
}

function describe(task: Task, child: ThreadGroup, code: number, siStatus: number, status: number): ChildEvent {
  const { leader } = child;
  return {
    pid: leader.pid.in(task.pid.namespace),
    uid: task.cred.userNs.uid(leader.cred.uid),
    code,
    siStatus,
    status,
    usage: usageOf(child, true),
  };
}

/** What a process has used; with its waited-for children if `all`. */
export function usageOf(group: ThreadGroup, all: boolean): ResourceUsage {
  const usage = new ResourceUsage();
  usage.add(group.exited);
  const { user, system } = processTimes(group);
  usage.userTime = user;
  usage.systemTime = system;
  for (const thread of group.threads) {
    usage.minorFaults += thread.minorFaults;
    usage.majorFaults += thread.majorFaults;
    usage.voluntarySwitches += thread.voluntarySwitches;
    usage.involuntarySwitches += thread.involuntarySwitches;
    if (thread.mm !== null) usage.maxResident = Math.max(usage.maxResident, thread.mm.counts.peakResident * 4);
  }
  if (all) usage.add(group.waitedFor);
  return usage;
}

/** Account the child to its parent and forget it. */
function reap(task: Task, child: ThreadGroup): void {
  task.group.waitedFor.add(usageOf(child, true));
  releaseProcess(child);
}
