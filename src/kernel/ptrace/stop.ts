/** Stopping for a tracer. Linux: ptrace_stop, ptrace_notify, do_jobctl_trap in kernel/signal.c. See ptrace(2), Stopped states. */

import * as p from '../../abi/ptrace.ts';
import { CLD_STOPPED, CLD_TRAPPED, SA_NOCLDSTOP, SI_KERNEL, SIG_IGN, SIGCHLD, SIGINFO_SIZE, SIGSTOP, SIGTRAP } from '../../abi/signal.ts';
import { recalculatePending } from '../signal/blocked.ts';
import { leaveStop } from '../signal/group_stop.ts';
import { sendToProcess, sendToThread } from '../signal/send.ts';
import type { SigInfo } from '../signal/sig_info.ts';
import type { Task } from '../task/task.ts';
import { processTimes } from '../time/cpu_time.ts';
import { type StopKind, TraceStop } from './tracee.ts';

/** Nanoseconds in a clock tick: USER_HZ is 100. */
const TICK = 1e7;

/** Whether the tracer wants to hear of PTRACE_EVENT_ `event`. */
export const eventEnabled = ({ tracee }: Task, event: number): boolean => tracee !== null && (tracee.options & (1 << event)) !== 0;

/** Whether somebody else than its parent traces the thread. Linux: ptrace_reparented. */
export const isReparented = ({ tracee, group }: Task): boolean => tracee !== null && tracee.tracer.group !== group.parent?.group;

/** siginfo_t of a stop that no signal caused. */
function notification(task: Task, code: number): SigInfo {
  const raw = new Uint8Array(SIGINFO_SIZE);
  const view = new DataView(raw.buffer);
  const { numbers } = task.pid;
  view.setInt32(16, numbers[numbers.length - 1]!, true);
  view.setUint32(20, task.cred.userNs.uid(task.cred.uid), true);
  return { signo: code & 0x7f, code, raw };
}

/** Tell the tracer's process. Linux: do_notify_parent_cldstop with for_ptracer. */
export function notifyTracer(task: Task, code: number, status: number): void {
  const { tracer } = task.tracee!;
  const { handler, flags } = tracer.group.sighand.get(SIGCHLD);
  if (handler !== SIG_IGN && (flags & SA_NOCLDSTOP) === 0) {
    const { user, system } = processTimes(task.group);
    const pid = task.pid.in(tracer.pid.namespace);
    const uid = tracer.cred.userNs.uid(task.cred.uid);
    const times = { utime: Math.floor(user / TICK), stime: Math.floor(system / TICK) };
    sendToProcess(tracer.group, { signo: SIGCHLD, code, pid, uid, status, ...times }, true);
  }
  tracer.group.childChanged.wakeAll();
}

/** Stop until the tracer says otherwise; null when a fatal signal does not let it. */
function stopTask(task: Task, kind: StopKind, code: number, info: SigInfo | null): TraceStop | null {
  const tracee = task.tracee!;
  if (kind !== 'exit' && task.hasFatalSignal()) return null;
  const stop = new TraceStop(kind, code, info);
  task.traceStop = stop;
  task.state = 't';
  tracee.listening = false;
  tracee.trapPending = false;
  if (code >>> 8 === p.PTRACE_EVENT_STOP) tracee.notifyPending = false;
  const joins = kind === 'trap' && task.stopPending;
  if (joins) task.stopPending = false;
  recalculatePending(task);
  notifyTracer(task, kind === 'trap' ? CLD_STOPPED : CLD_TRAPPED, kind === 'trap' ? task.group.stopSignal : code & 0x7f);
  if (joins) leaveStop(task.group);
  return stop;
}

/** A signal is about to be delivered: the tracer decides. */
export function stopForSignal(task: Task, info: SigInfo): void {
  if (stopTask(task, 'signal', info.signo, info) === null) task.delivering = info;
}

/** The process stops, or PTRACE_INTERRUPT, or a child of a seized thread begins. Linux: do_jobctl_trap. */
export function stopForTrap(task: Task): void {
  const { group } = task;
  const stopping = group.stopRemaining > 0 || group.stopped;
  if (task.tracee!.seized) {
    const code = (stopping ? group.stopSignal : SIGTRAP) | (p.PTRACE_EVENT_STOP << 8);
    stopTask(task, 'trap', code, notification(task, code));
  } else stopTask(task, 'trap', stopping ? group.stopSignal : SIGSTOP, null);
}

/** Stop for `event`, which must be enabled, within or after a system call. False when a fatal signal does not let it. */
export function stopForEvent(task: Task, event: number, message: number): boolean {
  task.tracee!.message = message;
  const code = SIGTRAP | (event << 8);
  return stopTask(task, 'event', code, notification(task, code)) !== null;
}

/** Stop before the exit of a thread with wait status `status`. */
export function stopForExit(task: Task, status: number): void {
  task.tracee!.message = status;
  const code = SIGTRAP | (p.PTRACE_EVENT_EXIT << 8);
  stopTask(task, 'exit', code, notification(task, code))!.status = status;
}

/** A handler is about to run in single steps. Linux: signal_delivered. */
export function stopForHandler(task: Task): void {
  stopTask(task, 'event', SIGTRAP, notification(task, SIGTRAP));
}

const X7 = 14;

/** Stop at one end of a system call; programs see in x7 which it is. Linux: report_syscall in arch/arm64/kernel/ptrace.c. */
export function stopForCall(task: Task, exit: boolean): boolean {
  const tracee = task.tracee!;
  const { words } = task;
  tracee.message = exit ? p.PTRACE_EVENTMSG_SYSCALL_EXIT : p.PTRACE_EVENTMSG_SYSCALL_ENTRY;
  const code = SIGTRAP | ((tracee.options & p.PTRACE_O_TRACESYSGOOD) !== 0 ? 0x80 : 0);
  const stop = stopTask(task, exit ? 'exit of call' : 'entry', code, notification(task, code));
  if (stop === null) return false;
  stop.x7Low = words[X7]!;
  stop.x7High = words[X7 + 1]!;
  words[X7] = exit ? 1 : 0;
  words[X7 + 1] = 0;
  return true;
}

/** The tracer has let the thread go on from a stop in or behind a system call. Linux: ptrace_report_syscall. */
export function endStop(task: Task, stop: TraceStop): void {
  task.traceStop = null;
  if (stop.kind === 'entry' || stop.kind === 'exit of call') {
    const { words } = task;
    words[X7] = stop.x7Low;
    words[X7 + 1] = stop.x7High;
    if (stop.signal !== 0) sendToThread(task, { signo: stop.signal, code: SI_KERNEL, pid: 0, uid: 0 });
  }
  recalculatePending(task);
}
