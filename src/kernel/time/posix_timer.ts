/** POSIX per-process timers. Linux: kernel/time/posix-timers.c. See timer_create(2). */

import { SI_TIMER, SIGEV_NONE, SIGEV_THREAD_ID } from '../../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import { sendToProcess, sendToThread } from '../signal/send.ts';
import type { SigInfo } from '../signal/sig_info.ts';
import type { Task } from '../task/task.ts';
import type { ThreadGroup } from '../task/thread_group.ts';
import { threadTime } from './cpu_time.ts';
import { cpuClockTime } from './posix_clock.ts';
import { Timer } from './timer.ts';

/** What happens when it expires: struct sigevent. */
export interface SigEvent {
  readonly notify: number;
  readonly signo: number;
  readonly valueLow: number;
  readonly valueHigh: number;
  /** SIGEV_THREAD_ID: the receiver. */
  readonly thread: Task | null;
}

/** What its deadline counts: real time, or the processor time of a thread or of the process. */
export type TimerBasis = 'monotonic' | 'process' | Task;

export class PosixTimer extends Timer {
  readonly id: number;
  readonly group: ThreadGroup;
  readonly clock: number;
  readonly basis: TimerBasis;
  readonly event: SigEvent;
  /** Who pays for it. */
  readonly payer: MemoryGroup;
  interval = 0;
  /** On processor time: when it expires; Infinity when it is not armed. */
  cpuExpiry: number = Number.POSITIVE_INFINITY;
  /** Expirations since the queued signal, and those reported with the last one. */
  overrun = 0;
  lastOverrun = 0;
  /** Its signal waits in a queue; the timer goes on when it is taken. */
  queued = false;

  constructor(id: number, group: ThreadGroup, clock: number, basis: TimerBasis, event: SigEvent, payer: MemoryGroup) {
    super();
    this.id = id;
    this.group = group;
    this.clock = clock;
    this.basis = basis;
    this.event = event;
    this.payer = payer;
  }

  expire(kernel: Kernel): void {
    this.notify();
    if (this.interval > 0 && !this.queued) this.goOn(kernel);
  }

  /** Expirations that were missed are overruns. Linux: hrtimer_forward. */
  goOn(kernel: Kernel): void {
    const missed = Math.max(0, Math.floor((kernel.clock.monotonic() - this.deadline) / this.interval));
    this.overrun += missed;
    kernel.timers.arm(this, this.deadline + (missed + 1) * this.interval);
  }

  /** The processor time that it counts. */
  get cpuNow(): number {
    return cpuClockTime(this.basis === 'process' ? this.group : (this.basis as Task));
  }

  /** The same as goOn, on processor time. Linux: bump_cpu_timer. */
  goOnCpu(now: number): void {
    const missed = Math.max(0, Math.floor((now - this.cpuExpiry) / this.interval));
    this.overrun += missed;
    this.cpuExpiry += (missed + 1) * this.interval;
  }

  notify(): void {
    const { notify, signo, valueLow, valueHigh, thread } = this.event;
    if (notify === SIGEV_NONE) return;
    const info: SigInfo = { signo, code: SI_TIMER, timerId: this.id, overrun: 0, valueLow, valueHigh };
    if (notify === SIGEV_THREAD_ID) sendToThread(thread!, info);
    else sendToProcess(this.group, info);
    this.queued = this.group.queuedTimerSignal(this.id) !== null;
  }
}

/** The signal of a timer has been taken from its queue: its overruns are known now, and a periodic timer goes on. Linux: posixtimer_rearm. */
export function timerSignalTaken(group: ThreadGroup, info: SigInfo): SigInfo {
  const timer = group.timers?.posix.get(info.timerId!);
  if (timer === undefined || !timer.queued) return info;
  timer.queued = false;
  if (timer.interval > 0) {
    if (timer.basis === 'monotonic') timer.goOn(group.leader.kernel);
    else timer.goOnCpu(timer.cpuNow);
  }
  timer.lastOverrun = Math.min(timer.overrun, 0x7fffffff);
  timer.overrun = 0;
  return { ...info, overrun: timer.lastOverrun };
}

/** `task` has used processor time; its process has used `processTime` so far. */
export function checkPosixCpuTimer(timer: PosixTimer, task: Task, processTime: number): void {
  const { basis } = timer;
  if (basis === 'monotonic' || (basis !== 'process' && basis !== task)) return;
  const now = basis === 'process' ? processTime : threadTime(basis);
  if (timer.queued || now < timer.cpuExpiry) return;
  timer.notify();
  if (timer.interval === 0) timer.cpuExpiry = Number.POSITIVE_INFINITY;
  else if (!timer.queued) timer.goOnCpu(now);
}
