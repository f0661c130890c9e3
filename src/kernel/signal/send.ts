/** Making a signal pending and waking whoever is to take it. Linux: kernel/signal.c, __send_signal_locked, complete_signal. */

import { EAGAIN } from '../../abi/errno.ts';
import { RLIMIT_SIGPENDING } from '../../abi/process.ts';
import {
  CLD_CONTINUED,
  CLD_STOPPED,
  SI_KERNEL,
  SI_USER,
  SIG_DFL,
  SIG_IGN,
  SIGABRT,
  SIGBUS,
  SIGCHLD,
  SIGCONT,
  SIGFPE,
  SIGILL,
  SIGKILL,
  SIGQUIT,
  SIGRTMIN,
  SIGSEGV,
  SIGSTOP,
  SIGSYS,
  SIGTRAP,
  SIGTSTP,
  SIGTTIN,
  SIGTTOU,
  SIGURG,
  SIGWINCH,
  SIGXCPU,
  SIGXFSZ,
} from '../../abi/signal.ts';
import { accountOf, exceedsRlimit } from '../namespace/ucounts.ts';
import { notifyTrap } from '../ptrace/link.ts';
import type { Pid } from '../task/pid.ts';
import type { Task } from '../task/task.ts';
import type { ThreadGroup } from '../task/thread_group.ts';
import { recalculatePending } from './blocked.ts';
import { notifyParentOfStop } from './notify.ts';
import type { SigInfo } from './sig_info.ts';
import { unstoppable } from './sighand.ts';
import { sigBit, sigSet } from './signal_queue.ts';

export const STOP_SIGNALS: bigint = sigSet(SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU);
export const IGNORED_BY_DEFAULT: bigint = sigSet(SIGCONT, SIGCHLD, SIGWINCH, SIGURG);
export const CORE_SIGNALS: bigint = sigSet(SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGSEGV, SIGBUS, SIGSYS, SIGXCPU, SIGXFSZ);

const isIn = (set: bigint, signo: number): boolean => (set & sigBit(signo)) !== 0n;

/** A signal for the whole process: any thread may take it. 0 or a negative errno. */
export function sendToProcess(group: ThreadGroup, info: SigInfo, force: boolean = info.code === SI_KERNEL): number {
  return send(group.leader, info, true, force);
}

/** A signal for one thread. `force` is for senders outside the receiver's PID namespace: they reach an init too. */
export function sendToThread(task: Task, info: SigInfo, force: boolean = info.code === SI_KERNEL): number {
  return send(task, info, false, force);
}

/** A signal for every process of a process group; the terminal's way to speak to its foreground. Linux: kill_pgrp. */
export function signalProcessGroup(pid: Pid, info: SigInfo): void {
  for (const leader of [...pid.processGroup]) sendToProcess(leader.group, info);
}

/** Whether the process would do nothing about the signal. Linux: sig_task_ignored. */
export function ignores(task: Task, signo: number, force: boolean): boolean {
  const { group } = task;
  // Tracers want to know of signals that are ignored.
  if (task.tracee !== null && signo !== SIGKILL) return false;
  const { handler } = group.sighand.get(signo);
  if (group.unkillable && handler === SIG_DFL && !(force && unstoppable(signo))) return true;
  return handler === SIG_IGN || (handler === SIG_DFL && isIn(IGNORED_BY_DEFAULT, signo));
}

function send(task: Task, info: SigInfo, toProcess: boolean, force: boolean): number {
  const { signo } = info;
  const { group } = task;
  if (!prepare(task, signo, force)) return 0;
  const queue = toProcess ? group.pending : task.pending;
  if (signo < SIGRTMIN && queue.has(signo)) return 0;
  if (signo === SIGKILL) queue.addBare(signo);
  else {
    const account = accountOf(task.cred);
    const override = signo < SIGRTMIN && (info.code === SI_KERNEL || info.code >= 0);
    if (override || !exceedsRlimit(account, 'pendingSignals', 1, group.softLimit(RLIMIT_SIGPENDING))) queue.add(info, account);
    else if (signo >= SIGRTMIN && info.code !== SI_USER) return -EAGAIN;
    else queue.addBare(signo);
  }
  group.signalQueued.wakeAll();
  complete(task, signo, toProcess);
  return 0;
}

/** Stop and continue signals cancel each other, and a continuation takes effect even if ignored. Linux: prepare_signal. */
function prepare(task: Task, signo: number, force: boolean): boolean {
  const { group } = task;
  if (group.exiting) return false;
  if (isIn(STOP_SIGNALS, signo)) flushEverywhere(group, sigBit(SIGCONT));
  else if (signo === SIGCONT) continueGroup(group);
  if (isIn(task.blocked, signo)) return true;
  return !ignores(task, signo, force);
}

export function flushEverywhere(group: ThreadGroup, set: bigint): void {
  group.pending.flush(set);
  for (const thread of group.threads) thread.pending.flush(set);
}

function continueGroup(group: ThreadGroup): void {
  flushEverywhere(group, STOP_SIGNALS);
  const wasStopped = group.stopped;
  const wasStopping = group.stopRemaining > 0;
  group.stopped = false;
  group.stopRemaining = 0;
  group.stopSignal = 0;
  for (const thread of group.threads) {
    thread.stopPending = false;
    if (thread.traceStop !== null) thread.traceStop.continued = true;
    recalculatePending(thread);
    if (thread.tracee?.seized === true) notifyTrap(thread);
    else if (thread.state === 'T') {
      thread.state = 'R';
      thread.kernel.scheduler.enqueue(thread);
    }
  }
  if (!wasStopped && !wasStopping) return;
  group.stopUnreported = 0;
  group.continueUnreported = wasStopped;
  notifyParentOfStop(group, wasStopped ? CLD_CONTINUED : CLD_STOPPED, SIGCONT);
}

/** Whether `task` could take the signal now. Linux: wants_signal. */
function wants(task: Task, signo: number): boolean {
  if (isIn(task.blocked & ~task.waitedSignals, signo) || task.state === 'Z' || task.state === 'X') return false;
  return signo === SIGKILL || (task.state !== 'T' && task.state !== 't');
}

/** The thread for a signal to the process: one that waits for it, the leader, or any other. */
function chooseThread(leader: Task, signo: number): Task | null {
  for (const waiter of leader.group.signalWaiters) if (isIn(waiter.waitedSignals, signo)) return waiter;
  if (wants(leader, signo)) return leader;
  for (const thread of leader.group.threads) if (wants(thread, signo)) return thread;
  return null;
}

/** Whether the process ends at once, even where nothing else would wake it. With a core dump it is the thread's doing. Linux: sig_fatal. */
const isFatal = ({ sighand }: ThreadGroup, signo: number): boolean =>
  sighand.get(signo).handler === SIG_DFL && !isIn(IGNORED_BY_DEFAULT | STOP_SIGNALS | CORE_SIGNALS, signo);

/** Choose the thread that takes the signal and wake it. Linux: complete_signal. */
function complete(task: Task, signo: number, toProcess: boolean): void {
  const { group } = task;
  const chosen = toProcess ? chooseThread(task, signo) : wants(task, signo) ? task : null;
  if (chosen === null) return;
  if (isIn(chosen.waitedSignals, signo) && isIn(chosen.blocked, signo)) {
    chosen.wake();
    return;
  }
  if (signo === SIGKILL || (isFatal(group, signo) && task.tracee === null)) {
    killGroup(group, signo);
    return;
  }
  chosen.signalPending = true;
  if (chosen.state !== 'S') return;
  if (isIn(STOP_SIGNALS, signo)) chosen.interrupt();
  else chosen.wake();
}

/** Every thread is to exit with wait status `status`. Linux: zap_other_threads with SIGNAL_GROUP_EXIT. */
export function killGroup(group: ThreadGroup, status: number): void {
  if (!group.exiting) {
    group.exiting = true;
    group.exitStatus = status;
    group.stopRemaining = 0;
  }
  for (const thread of group.threads) wakeToDie(thread);
}

/** Make a thread notice that it must exit, whatever it does now. */
export function wakeToDie(thread: Task): void {
  if (thread.state === 'Z' || thread.state === 'X') return;
  thread.stopPending = false;
  thread.signalPending = true;
  if (thread.state === 'T' || thread.state === 't') {
    thread.state = 'R';
    thread.kernel.scheduler.enqueue(thread);
  } else thread.wake();
}
