/** The end of threads and processes. Linux: kernel/exit.c. See exit(2), exit_group(2), pid_namespaces(7). */

import { PTRACE_EVENT_EXIT } from '../../abi/ptrace.ts';
import { SIGCHLD, SIGKILL } from '../../abi/signal.ts';
import { leave } from '../cgroup/membership.ts';
import { unchargeThread } from '../cgroup/pids.ts';
import { cleanUpFutexes } from '../futex/futex_exit.ts';
import { exitSem } from '../ipc/sem.ts';
import { exitShm } from '../ipc/shm.ts';
import { PRICE_TASK, uncharge } from '../mm/price.ts';
import { leaveNsproxy } from '../namespace/nsproxy.ts';
import type { PidNamespace } from '../namespace/pid_namespace.ts';
import { accountOf, addUcount } from '../namespace/ucounts.ts';
import { releaseTracees, unlink } from '../ptrace/link.ts';
import { eventEnabled, isReparented, stopForExit } from '../ptrace/stop.ts';
import { releaseSeccomp } from '../seccomp/release.ts';
import { retarget } from '../signal/blocked.ts';
import { leaveStop } from '../signal/group_stop.ts';
import { killTask } from '../signal/kill.ts';
import { ignoresChildren, notifyParentOfExit, notifyTracerOfExit } from '../signal/notify.ts';
import { killGroup, sendToProcess, wakeToDie } from '../signal/send.ts';
import { kernelInfo } from '../signal/sig_info.ts';
import { deleteTimers } from '../time/process_timers.ts';
import { killOrphanedProcessGroup } from './session.ts';
import type { Task } from './task.ts';
import type { ThreadGroup } from './thread_group.ts';

/** Every set bit of a signal set. */
const ALL = (1n << 64n) - 1n;

/** End the whole process with wait status `status` (a signal, or an exit code times 256). Linux: do_group_exit. */
export function groupExit(task: Task, status: number): void {
  const { group } = task;
  killGroup(group, status);
  exitTask(task, group.exitStatus);
}

/** End one thread, now or when its tracer has seen it stop before. Linux: do_exit. Its process ends with the last one. */
export function exitTask(task: Task, status: number): void {
  const { group, kernel } = task;
  if (task.state === 'Z' || task.state === 'X') return;
  if (task.traceStop?.kind !== 'exit' && eventEnabled(task, PTRACE_EVENT_EXIT)) {
    stopForExit(task, status);
    return;
  }
  task.traceStop = null;
  task.leaveQueues();
  task.inSyscall = false;
  task.progress?.drop();
  task.progress = null;
  task.exitCode = status;
  if (task.stopPending) leaveStop(group);
  task.stopPending = false;
  task.interruptedBy = 0;
  task.state = 'Z';
  kernel.scheduler.remove(task);
  const untaken = group.pending.set & ~task.blocked;
  if (untaken !== 0n) retarget(task, untaken);
  group.live--;
  const last = group.live === 0;
  const { namespace } = task.pid;
  if (last) {
    if (namespace.reboot !== 0 && namespace.init === group.leader) {
      group.exiting = true;
      group.exitStatus = namespace.reboot;
    }
    if (group.exiting) group.leader.exitCode = group.exitStatus;
    else group.exitStatus = group.leader.exitCode;
    deleteTimers(group);
  }
  releaseSeccomp(task);
  releaseMm(task);
  exitSem(task);
  exitShm(task);
  task.files?.put(task);
  task.files = null;
  if (last && group.sessionLeader && group.terminal !== null) group.terminal.disassociate(group);
  task.fs?.put();
  task.fs = null;
  leave(task);
  leaveNsproxy(task);
  task.kernel.recentCalls.leave(task, 0);
  releaseTracees(task, forgetTracee);
  handOverChildren(task, last);
  task.stateChanged.wakeAll();
  task.pid.exited.wakeAll();
  if (task.tracee !== null && (task !== group.leader || !last)) notifyTracerOfThread(task);
  else if (task !== group.leader) releaseTask(task);
  if (last) finishProcess(group);
  else if (group.execTask !== null) group.execTask.wake();
}

/** Give up the address space: what other threads wait for is told first. Linux: exit_mm, mm_release. */
export function releaseMm(task: Task): void {
  cleanUpFutexes(task);
  task.rseq = null;
  const { mm } = task;
  if (mm !== null) task.group.exited.maxResident = Math.max(task.group.exited.maxResident, mm.counts.peakResident * 4);
  task.mm = null;
  mm?.put();
  completeVfork(task);
}

/** Let the parent of vfork(2) go on. */
export function completeVfork(task: Task): void {
  const parent = task.vforkParent;
  task.vforkParent = null;
  parent?.wake();
}

/** The last thread is gone: tell the parent, unless the process is the init of a namespace that still has processes. */
function finishProcess(group: ThreadGroup): void {
  const { pid } = group.leader;
  if (pid.namespace.init === group.leader) {
    endNamespace(pid.namespace, group);
    if (hasProcesses(pid.namespace, group)) return;
  }
  becomeZombie(group);
}

function becomeZombie(group: ThreadGroup): void {
  const { leader } = group;
  // Threads that have not been waited for by their tracers come first. Linux: delay_group_leader.
  if (group.threads.size > 1) return;
  killOrphanedProcessGroup(group, group.parent?.group ?? null, true);
  leader.pid.exited.wakeAll();
  if (isReparented(leader) ? notifyTracerOfExit(leader) : notifyParentOfExit(group)) releaseProcess(group);
}

/** A traced thread has exited and others of its process have not: the tracer waits for it, unless it ignores such. */
function notifyTracerOfThread(task: Task): void {
  if (notifyTracerOfExit(task) && task !== task.group.leader) releaseTask(task);
}

/** The tracer has waited for a thread, or has gone: the thread is no more, and its process may be a zombie now. */
export function forgetTracee(task: Task, reparented: boolean): void {
  const { group } = task;
  if (task !== group.leader) releaseTask(task);
  else if (group.threads.size === 1 && group.live === 0) {
    unlink(task);
    const ignored = !reparented && ignoresChildren(group);
    if (ignored || (reparented && notifyParentOfExit(group))) releaseProcess(group);
    return;
  }
  if (group.live === 0 && group.threads.size === 1) becomeZombie(group);
}

/** Linux: zap_pid_ns_processes. */
function endNamespace(ns: PidNamespace, init: ThreadGroup): void {
  ns.dead = true;
  for (const pid of ns.list()) {
    const { task } = pid;
    if (task !== null && task.group !== init) sendToProcess(task.group, kernelInfo(SIGKILL), true);
  }
}

/** Whether a process of `ns` other than `init` is still alive. */
function hasProcesses(ns: PidNamespace, init: ThreadGroup): boolean {
  return ns.list().some(({ task }) => task !== null && task.group !== init);
}

/** Children get another thread, a subreaper or init as their parent. Linux: forget_original_parent. */
function handOverChildren(task: Task, last: boolean): void {
  const { group } = task;
  const heir = last ? findReaper(task) : anotherThread(group, task);
  for (const child of [...group.children]) {
    if (child.parent !== task && !last) continue;
    child.parent = heir;
    for (const { parentDeathSignal } of child.threads) if (parentDeathSignal !== 0) killTask(task, child.leader, parentDeathSignal, false);
    if (!last) continue;
    group.children.delete(child);
    heir?.group.children.add(child);
    child.adopted = heir === heir?.kernel.firstTask;
    child.leader.exitSignal = SIGCHLD;
    const waits = child.live === 0 && child.threads.size === 1 && child.leader.tracee === null && !isPendingInit(child);
    if (waits && notifyParentOfExit(child)) releaseProcess(child);
    killOrphanedProcessGroup(child, group, false);
  }
}

/** An init whose namespace still has processes is not a zombie yet. */
export const isPendingInit = (group: ThreadGroup): boolean => {
  const { namespace } = group.leader.pid;
  return namespace.dead && namespace.init === group.leader && hasProcesses(namespace, group);
};

function anotherThread(group: ThreadGroup, without: Task): Task {
  for (const thread of group.threads) if (thread !== without && thread.state !== 'Z' && thread.state !== 'X') return thread;
  return without;
}

/** Who becomes the parent of the children of an exiting process; nobody if it was the init. Linux: find_new_reaper. */
function findReaper(task: Task): Task | null {
  const { init } = task.pid.namespace;
  if (init === task.group.leader) return null;
  if (task.group.hasSubreaper) {
    for (let parent = task.group.parent; parent !== null; parent = parent.group.parent) {
      if (parent.group.leader === init || parent.pid.namespace.level !== task.pid.namespace.level) break;
      if (parent.group.subreaper && parent.group.live > 0) return anotherThread(parent.group, parent.group.leader);
    }
  }
  return init !== null && init.group.live > 0 ? anotherThread(init.group, task) : null;
}

/** Forget a process that has been waited for. Linux: release_task on the leader. */
export function releaseProcess(group: ThreadGroup): void {
  const { parent, leader } = group;
  if (parent !== null) parent.group.children.delete(group);
  group.pending.flush(ALL);
  const { processGroup, session } = group;
  releaseTask(leader);
  processGroup.processGroup.delete(leader);
  session.session.delete(leader);
  processGroup.namespace.release(processGroup);
  session.namespace.release(session);
  const { namespace } = leader.pid;
  if (namespace.init === leader) namespace.init = null;
  group.parent = null;
  for (let ns: PidNamespace | null = namespace; ns !== null; ns = ns.parent) {
    const { init } = ns;
    // Only now is the init a zombie: it was waiting for this one.
    if (ns.dead && init !== null && init.group.live === 0 && !hasProcesses(ns, init.group)) becomeZombie(init.group);
  }
}

/** Forget a thread. */
export function releaseTask(task: Task): void {
  const { group, pid } = task;
  if (task.state === 'X') return;
  unlink(task);
  task.state = 'X';
  task.pending.flush(ALL);
  group.exited.userTime += task.userTime;
  group.exited.systemTime += task.systemTime;
  group.exited.minorFaults += task.minorFaults;
  group.exited.majorFaults += task.majorFaults;
  group.exited.voluntarySwitches += task.voluntarySwitches;
  group.exited.involuntarySwitches += task.involuntarySwitches;
  group.exitedIo.add(task.io);
  group.threads.delete(task);
  addUcount(accountOf(task.cred), 'processes', -1);
  unchargeThread(task.cgroup);
  uncharge(task.payer, PRICE_TASK);
  if (pid.task === task) pid.task = null;
  pid.namespace.release(pid);
  task.cred.userNs.put();
}

/** execve(2) ends all other threads: true when only `task` is left; it takes the leader's place then. Linux: de_thread. */
export function endOtherThreads(task: Task): boolean {
  const { group } = task;
  if (group.live === 1) return true;
  group.execTask = task;
  for (const thread of group.threads) if (thread !== task) wakeToDie(thread);
  return false;
}
