/** The timers of a process: interval timers, POSIX timers and the limit on processor time. See setitimer(2), timer_create(2). */

import { RLIMIT_CPU } from '../../abi/process.ts';
import { SIGALRM, SIGKILL, SIGPROF, SIGVTALRM, SIGXCPU } from '../../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { PRICE_TIMER, uncharge } from '../mm/price.ts';
import { sendToProcess } from '../signal/send.ts';
import { kernelInfo } from '../signal/sig_info.ts';
import type { Task } from '../task/task.ts';
import type { ThreadGroup } from '../task/thread_group.ts';
import { processTimes } from './cpu_time.ts';
import { checkPosixCpuTimer, type PosixTimer } from './posix_timer.ts';
import { Timer } from './timer.ts';

/** ITIMER_REAL: sends SIGALRM. */
class RealTimer extends Timer {
  readonly group: ThreadGroup;
  interval = 0;

  constructor(group: ThreadGroup) {
    super();
    this.group = group;
  }

  expire(kernel: Kernel): void {
    if (this.interval > 0) {
      const behind = Math.floor((kernel.clock.monotonic() - this.deadline) / this.interval) + 1;
      kernel.timers.arm(this, this.deadline + behind * this.interval);
    }
    sendToProcess(this.group, kernelInfo(SIGALRM));
  }
}

/** ITIMER_VIRTUAL and ITIMER_PROF: count processor time. */
export interface CpuTimer {
  /** Process time at which it expires; Infinity when it is not armed. */
  expiry: number;
  interval: number;
}

export class ProcessTimers {
  readonly real: RealTimer;
  readonly virtual: CpuTimer = { expiry: Number.POSITIVE_INFINITY, interval: 0 };
  readonly prof: CpuTimer = { expiry: Number.POSITIVE_INFINITY, interval: 0 };
  readonly posix: Map<number, PosixTimer> = new Map();
  nextId = 0;
  /** Second of processor time at which SIGXCPU comes again. */
  nextXcpu = 0;

  constructor(group: ThreadGroup) {
    this.real = new RealTimer(group);
  }
}

export function ensureTimers(group: ThreadGroup): ProcessTimers {
  group.timers ??= new ProcessTimers(group);
  return group.timers;
}

/** The process ends or executes another program: POSIX timers are gone. Interval timers survive execve(2). */
export function deletePosixTimers(group: ThreadGroup): void {
  const { timers } = group;
  if (timers === null) return;
  for (const timer of timers.posix.values()) {
    group.leader.kernel.timers.cancel(timer);
    uncharge(timer.payer, PRICE_TIMER);
  }
  timers.posix.clear();
}

export function deleteTimers(group: ThreadGroup): void {
  deletePosixTimers(group);
  if (group.timers !== null) group.leader.kernel.timers.cancel(group.timers.real);
  group.timers = null;
}

/** A thread has used processor time: see whether a timer on it has expired. Linux: run_posix_cpu_timers. */
export function checkCpuTimers(task: Task): void {
  const { group } = task;
  const timers = group.timers!;
  const { user, system } = processTimes(group);
  expireCpuTimer(group, timers.virtual, user, SIGVTALRM);
  expireCpuTimer(group, timers.prof, user + system, SIGPROF);
  for (const timer of timers.posix.values()) checkPosixCpuTimer(timer, task, user + system);
  checkLimit(group, timers, (user + system) / 1e9);
}

function expireCpuTimer(group: ThreadGroup, timer: CpuTimer, now: number, signo: number): void {
  if (now < timer.expiry) return;
  timer.expiry =
    timer.interval > 0 ? timer.expiry + timer.interval * (Math.floor((now - timer.expiry) / timer.interval) + 1) : Number.POSITIVE_INFINITY;
  sendToProcess(group, kernelInfo(signo));
}

function checkLimit(group: ThreadGroup, timers: ProcessTimers, seconds: number): void {
  const { soft, hard } = group.rlimits[RLIMIT_CPU]!;
  if (seconds >= hard) sendToProcess(group, kernelInfo(SIGKILL), true);
  else if (seconds >= Math.max(soft, timers.nextXcpu)) {
    timers.nextXcpu = Math.floor(seconds) + 1;
    sendToProcess(group, kernelInfo(SIGXCPU));
  }
}
