/** Telling a parent what became of its child. Linux: do_notify_parent, do_notify_parent_cldstop in kernel/signal.c. */

import {
  CLD_CONTINUED,
  CLD_DUMPED,
  CLD_EXITED,
  CLD_KILLED,
  NSIG,
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
  SIG_IGN,
  SIGCHLD,
  SIGCONT,
} from '../../abi/signal.ts';
import type { Task } from '../task/task.ts';
import type { ThreadGroup } from '../task/thread_group.ts';
import { processTimes } from '../time/cpu_time.ts';
import { sendToProcess } from './send.ts';
import type { SigInfo } from './sig_info.ts';

/** Nanoseconds in a clock tick: USER_HZ is 100. */
const TICK = 1e7;

function childInfo(child: Task, parent: Task, signo: number, code: number, status: number): SigInfo {
  const { user, system } = processTimes(child.group);
  return {
    signo,
    code,
    pid: child.pid.in(parent.pid.namespace),
    uid: parent.cred.userNs.uid(child.cred.uid),
    status,
    utime: Math.floor(user / TICK),
    stime: Math.floor(system / TICK),
  };
}

/** The process is a zombie. True when nobody will wait for it and it is to be reaped at once. */
export function notifyParentOfExit(group: ThreadGroup): boolean {
  const { parent, leader } = group;
  if (parent === null) return true;
  return tellOfExit(leader, parent, leader.exitSignal) || group.adopted;
}

/** A traced thread has exited. True when nobody will wait for it. */
export const notifyTracerOfExit = (task: Task): boolean => tellOfExit(task, task.tracee!.tracer, SIGCHLD);

/** Whether the parent wants no zombies. Linux: ignoring_children. */
export function ignoresChildren({ parent }: ThreadGroup): boolean {
  if (parent === null) return true;
  const { handler, flags } = parent.group.sighand.get(SIGCHLD);
  return handler === SIG_IGN || (flags & SA_NOCLDWAIT) !== 0;
}

function tellOfExit(child: Task, parent: Task, exitSignal: number): boolean {
  const { handler, flags } = parent.group.sighand.get(SIGCHLD);
  const autoreap = exitSignal === SIGCHLD && (handler === SIG_IGN || (flags & SA_NOCLDWAIT) !== 0);
  const silent = exitSignal <= 0 || exitSignal > NSIG || (exitSignal === SIGCHLD && handler === SIG_IGN);
  if (!silent) {
    const status = child.exitCode;
    const signal = status & 0x7f;
    const code = signal === 0 ? CLD_EXITED : (status & 0x80) !== 0 ? CLD_DUMPED : CLD_KILLED;
    sendToProcess(parent.group, childInfo(child, parent, exitSignal, code, signal === 0 ? status >> 8 : signal), true);
  }
  parent.group.childChanged.wakeAll();
  return autoreap;
}

/** The process has stopped or goes on. */
export function notifyParentOfStop(group: ThreadGroup, code: number, signal: number): void {
  const { parent } = group;
  if (parent === null) return;
  const { handler, flags } = parent.group.sighand.get(SIGCHLD);
  if (handler !== SIG_IGN && (flags & SA_NOCLDSTOP) === 0) {
    sendToProcess(parent.group, childInfo(group.leader, parent, SIGCHLD, code, code === CLD_CONTINUED ? SIGCONT : signal), true);
  }
  parent.group.childChanged.wakeAll();
}
