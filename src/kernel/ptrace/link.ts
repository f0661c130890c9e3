/** Who traces whom. Linux: kernel/ptrace.c. */

import { CAP_SYS_ADMIN, CAP_SYS_PTRACE } from '../../abi/capability.ts';
import { EINVAL, EIO, EPERM } from '../../abi/errno.ts';
import { CLONE_PTRACE, CLONE_UNTRACED, CLONE_VFORK } from '../../abi/process.ts';
import * as p from '../../abi/ptrace.ts';
import { SIGCHLD, SIGKILL, SIGSTOP } from '../../abi/signal.ts';
import { recalculatePending } from '../signal/blocked.ts';
import { sendToProcess, sendToThread } from '../signal/send.ts';
import { kernelInfo } from '../signal/sig_info.ts';
import type { Cred } from '../task/cred.ts';
import { mayAccess } from '../task/ptrace_access.ts';
import { type Task, WORK_SECCOMP } from '../task/task.ts';
import { eventEnabled, isReparented } from './stop.ts';
import { Tracee } from './tracee.ts';

function link(task: Task, tracer: Task, cred: Cred, seized: boolean, options: number): Tracee {
  const tracee = new Tracee(tracer, cred, seized);
  tracee.options = options;
  task.tracee = tracee;
  tracer.tracees ??= new Set();
  tracer.tracees.add(task);
  return tracee;
}

/** Nobody traces the thread any more. Linux: __ptrace_unlink. */
export function unlink(task: Task): void {
  const { tracee, group } = task;
  if (tracee === null) return;
  tracee.tracer.tracees!.delete(task);
  task.tracee = null;
  task.syscallWork &= WORK_SECCOMP;
  if (task.state === 'Z' || task.state === 'X') return;
  // A stop of the process that it was kept from joins it now.
  if (group.stopped || group.stopRemaining > 0) task.stopPending = true;
  if (task.state === 't') resume(task);
  else recalculatePending(task);
}

/** Let a stopped thread go on. */
export function resume(task: Task): void {
  task.state = 'R';
  recalculatePending(task);
  task.kernel.scheduler.enqueue(task);
}

/** Make a thread notice what its tracer wants. Linux: signal_wake_up, ptrace_signal_wake_up. */
function kick(task: Task): void {
  task.signalPending = true;
  if (task.state === 'S') task.wake();
  else if (task.state === 'T') resume(task);
  else if (task.state === 't' && task.tracee!.listening) resume(task);
}

/** Linux: ptrace_traceme. */
export function traceMe(task: Task): number {
  const { parent } = task.group;
  if (task.tracee !== null || parent === null || parent.mm === null) return -EPERM;
  const { fields, userNs } = task.cred;
  const subset = userNs === parent.cred.userNs && (fields.permitted & ~parent.cred.fields.permitted) === 0n;
  if (!subset && !parent.cred.capable(CAP_SYS_PTRACE, userNs)) return -EPERM;
  link(task, parent, parent.cred, false, 0);
  return 0;
}

/** Whether `options` can be asked for. Linux: check_ptrace_options. */
export function checkOptions(task: Task, options: number): number {
  if (options > p.PTRACE_O_MASK || (options & ~p.PTRACE_O_MASK) !== 0) return -EINVAL;
  if ((options & p.PTRACE_O_SUSPEND_SECCOMP) === 0) return 0;
  if (!task.cred.capable(CAP_SYS_ADMIN, task.kernel.initialUserNs)) return -EPERM;
  const suspended = ((task.tracee?.options ?? 0) & p.PTRACE_O_SUSPEND_SECCOMP) !== 0;
  return task.seccomp !== null || suspended ? -EPERM : 0;
}

/** PTRACE_ATTACH and PTRACE_SEIZE. Linux: ptrace_attach. */
export function attach(task: Task, target: Task, seize: boolean, address: number, options: number): number {
  if (seize) {
    if (address !== 0 || options > p.PTRACE_O_MASK || (options & ~p.PTRACE_O_MASK) !== 0) return -EIO;
    const invalid = checkOptions(task, options);
    if (invalid < 0) return invalid;
  }
  if (target.group === task.group || target.mm === null) return -EPERM;
  const denied = mayAccess(task, target, 'real');
  if (denied < 0) return denied;
  if (target.state === 'Z' || target.tracee !== null) return -EPERM;
  const tracee = link(target, task, task.cred, seize, seize ? options : 0);
  if (!seize) sendToThread(target, kernelInfo(SIGSTOP), true);
  if (target.state === 'T') {
    tracee.trapPending = true;
    kick(target);
  }
  return 0;
}

/** PTRACE_INTERRUPT. */
export function interrupt(target: Task): number {
  const tracee = target.tracee!;
  if (!tracee.seized) return -EIO;
  tracee.trapPending = true;
  kick(target);
  return 0;
}

/** PTRACE_LISTEN: the stop goes on, but the end of a stop of the process ends it. */
export function listen(target: Task): number {
  const tracee = target.tracee!;
  const { info } = target.traceStop!;
  if (!tracee.seized || info === null || info.code >>> 8 !== p.PTRACE_EVENT_STOP) return -EIO;
  tracee.listening = true;
  if (tracee.notifyPending) kick(target);
  return 0;
}

/** The process of a seized thread has stopped or continued. Linux: ptrace_trap_notify. */
export function notifyTrap(target: Task): void {
  target.tracee!.notifyPending = true;
  kick(target);
}

/** Linux: the choice of the event in kernel_clone. 0 when the tracer does not want to know. */
export function cloneEvent(task: Task, flags: number, exitSignal: number): number {
  if (task.tracee === null || Math.floor(flags / CLONE_UNTRACED) % 2 === 1) return 0;
  const vfork = Math.floor(flags / CLONE_VFORK) % 2 === 1;
  const event = vfork ? p.PTRACE_EVENT_VFORK : exitSignal !== SIGCHLD ? p.PTRACE_EVENT_CLONE : p.PTRACE_EVENT_FORK;
  return eventEnabled(task, event) ? event : 0;
}

/** A new thread is traced as its creator is, and stops before it begins. Linux: ptrace_init_task. */
export function inheritTrace(parent: Task, child: Task, flags: number, exitSignal: number): void {
  const { tracee } = parent;
  if (tracee === null) return;
  if (Math.floor(flags / CLONE_PTRACE) % 2 === 0 && cloneEvent(parent, flags, exitSignal) === 0) return;
  const own = link(child, tracee.tracer, tracee.cred, tracee.seized, tracee.options);
  if (tracee.seized) own.trapPending = true;
  else child.pending.addBare(SIGSTOP);
  child.signalPending = true;
}

/** PTRACE_DETACH: go on with `signal`. */
export function detach(target: Task, signal: number): void {
  if (target.traceStop !== null) target.traceStop.signal = signal;
  unlink(target);
}

/**
 * A tracer exits. Zombies that waited for it are left to `forget`, which tells their parents. Linux: exit_ptrace.
 */
export function releaseTracees(tracer: Task, forget: (tracee: Task, reparented: boolean) => void): void {
  if (tracer.tracees === null) return;
  for (const target of [...tracer.tracees]) {
    const { options } = target.tracee!;
    const reparented = isReparented(target);
    if ((options & p.PTRACE_O_EXITKILL) !== 0) sendToProcess(target.group, kernelInfo(SIGKILL), true);
    unlink(target);
    if (target.state === 'Z') forget(target, reparented);
  }
  tracer.tracees = null;
}
