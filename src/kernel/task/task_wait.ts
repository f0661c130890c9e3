/** Waiting for children to end, stop or go on. Linux: do_wait in kernel/exit.c. See wait(2). */

import { ECHILD, ERESTARTSYS } from '../../abi/errno.ts';
import { __WALL, __WCLONE, __WNOTHREAD, WCONTINUED, WEXITED, WNOHANG, WNOWAIT, WUNTRACED } from '../../abi/process.ts';
import { CLD_CONTINUED, CLD_DUMPED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, CLD_TRAPPED, SIGCHLD, SIGCONT } from '../../abi/signal.ts';
import { isReparented } from '../ptrace/stop.ts';
import { processTimes } from '../time/cpu_time.ts';
import type { Pid } from './pid.ts';
import type { Task } from './task.ts';
import { forgetTracee, isPendingInit, releaseProcess } from './task_exit.ts';
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
  for (const { child, traced } of candidates(task, options)) {
    if (!matches(task, child, target, options, traced)) continue;
    const event = look(task, child, options, traced);
    if (event === 'nothing') continue;
    eligible = true;
    if (event !== null) return event;
  }
  if (!eligible) return -ECHILD;
  if ((options & WNOHANG) !== 0) return null;
  return task.block([task.group.childChanged], { restart: ERESTARTSYS });
}

/** The leaders of child processes, and the threads that the process traces (or only this thread of it). */
function* candidates(task: Task, options: number): IterableIterator<{ readonly child: Task; readonly traced: boolean }> {
  for (const { leader } of [...task.group.children]) yield { child: leader, traced: false };
  for (const thread of (options & __WNOTHREAD) !== 0 ? [task] : [...task.group.threads]) {
    if (thread.tracees !== null) for (const child of [...thread.tracees]) yield { child, traced: true };
  }
}

/** Linux: eligible_child. */
function matches(task: Task, child: Task, target: WaitTarget, options: number, traced: boolean): boolean {
  if (target.kind === 'process' && child.pid !== target.pid) return false;
  if (target.kind === 'group' && child.group.processGroup !== target.pid) return false;
  if (traced) return true;
  if ((options & __WNOTHREAD) !== 0 && child.group.parent !== task) return false;
  if ((options & __WALL) !== 0) return true;
  return (child.exitSignal !== SIGCHLD) === ((options & __WCLONE) !== 0);
}

/** What there is to tell about one child; `nothing` if there never will be. Linux: wait_consider_task. */
function look(task: Task, thread: Task, options: number, asTracer: boolean): ChildEvent | null | 'nothing' {
  const keep = (options & WNOWAIT) !== 0;
  const child = thread.group;
  // A tracer that is the parent too sees its child once, as a tracer.
  const traced = asTracer || (thread.tracee !== null && !isReparented(thread));
  if (isZombie(thread) && (traced || thread.tracee === null)) {
    if ((options & WEXITED) === 0) return 'nothing';
    const event = exitEvent(task, thread);
    if (!keep) reap(task, thread);
    return event;
  }
  if (thread.state === 'Z' && traced && (options & (WCONTINUED | WEXITED)) === 0) return 'nothing';
  if (traced) {
    const stop = thread.tracee!.listening || thread.state !== 't' ? null : thread.traceStop;
    if (stop !== null && stop.code !== 0) {
      const { code } = stop;
      if (!keep) stop.code = 0;
      return describe(task, thread, CLD_TRAPPED, code, (code << 8) | 0x7f);
    }
  } else if (child.stopUnreported !== 0 && (options & WUNTRACED) !== 0) {
    const signal = child.stopUnreported;
    if (!keep) child.stopUnreported = 0;
    return describe(task, thread, CLD_STOPPED, signal, (signal << 8) | 0x7f);
  }
  if (child.continueUnreported && (options & WCONTINUED) !== 0) {
    if (!keep) child.continueUnreported = false;
    return describe(task, thread, CLD_CONTINUED, SIGCONT, 0xffff);
  }
  return null;
}

/** A leader is a zombie after all its threads, the init of a PID namespace only after all others there are gone. */
const isZombie = (thread: Task): boolean => {
  const { leader, live, threads } = thread.group;
  if (thread !== leader) return thread.state === 'Z';
  return live === 0 && threads.size === 1 && !isPendingInit(thread.group);
};

function exitEvent(task: Task, child: Task): ChildEvent {
  const status = child.group.exiting ? child.group.exitStatus : child.exitCode;
  const signal = status & 0x7f;
  if (signal === 0) return describe(task, child, CLD_EXITED, (status >> 8) & 0xff, status);
  return describe(task, child, (status & 0x80) !== 0 ? CLD_DUMPED : CLD_KILLED, signal, status);
}

function describe(task: Task, child: Task, code: number, siStatus: number, status: number): ChildEvent {
  return {
    pid: child.pid.in(task.pid.namespace),
    uid: task.cred.userNs.uid(child.cred.uid),
    code,
    siStatus,
    status,
    usage: usageOf(child.group, true),
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

/** Account the child to its parent and forget it; a tracer leaves it to its parent. Linux: wait_task_zombie. */
function reap(task: Task, child: Task): void {
  const reparented = isReparented(child);
  if (child !== child.group.leader || reparented) {
    forgetTracee(child, reparented);
    return;
  }
  task.group.waitedFor.add(usageOf(child.group, true));
  releaseProcess(child.group);
}
