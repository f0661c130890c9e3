/** What each clock shows. Linux: kernel/time/posix-timers.c. See clock_gettime(2). */

import { EINVAL, ESRCH } from '../../abi/errno.ts';
import * as t from '../../abi/time.ts';
import type { Task } from '../task/task.ts';
import type { ThreadGroup } from '../task/thread_group.ts';
import type { Timespec } from '../vfs/inode.ts';
import { processTimes, threadTime } from './cpu_time.ts';

/** Linux's tick at CONFIG_HZ=250, the resolution of the coarse clocks. */
export const COARSE_RESOLUTION = 4e6;
/** Which CPU clock: struct of the bits of a negative clock id. */
const CPUCLOCK_MAX = 3;
const CPUCLOCK_PERTHREAD = 4;

/** Exact below 2^53 nanoseconds. */
export const toTimespec = (nanoseconds: number): Timespec => {
  const seconds = Math.floor(nanoseconds / 1e9);
  return { seconds, nanoseconds: Math.floor(nanoseconds - seconds * 1e9) };
};

/** The thread or process that a CPU clock id means; a negative errno. See clock_getcpuclockid(3). */
export function cpuClockTarget(task: Task, clock: number): Task | ThreadGroup | number {
  if (clock === t.CLOCK_PROCESS_CPUTIME_ID) return task.group;
  if (clock === t.CLOCK_THREAD_CPUTIME_ID) return task;
  if (clock >= 0 || (clock & 3) === CPUCLOCK_MAX) return -EINVAL;
  const number = ~(clock >> 3);
  const thread = number === 0 ? task : (task.pid.namespace.find(number)?.task ?? null);
  if (thread === null) return -EINVAL;
  if ((clock & CPUCLOCK_PERTHREAD) !== 0) return thread.group === task.group ? thread : -EINVAL;
  return thread.group.leader === thread || number === 0 ? thread.group : -ESRCH;
}

/** Processor time of what a CPU clock measures. */
export function cpuClockTime(target: Task | ThreadGroup): number {
  if ('threads' in target) {
    const { user, system } = processTimes(target);
    return user + system;
  }
  return threadTime(target);
}

/** What is added to the kernel's monotonic time for the clock that `task` sees. See time_namespaces(7). */
export function clockOffset(task: Task, clock: number): Timespec {
  const { time } = task.nsproxy;
  return clock === t.CLOCK_BOOTTIME || clock === t.CLOCK_BOOTTIME_ALARM ? time.boottime : time.monotonic;
}

export function addTimes(a: Timespec, b: Timespec): Timespec {
  const nanoseconds = a.nanoseconds + b.nanoseconds;
  const carry = nanoseconds >= 1e9 ? 1 : 0;
  return { seconds: a.seconds + b.seconds + carry, nanoseconds: nanoseconds - carry * 1e9 };
}

export const negatedTime = ({ seconds, nanoseconds }: Timespec): Timespec =>
  nanoseconds === 0 ? { seconds: -seconds, nanoseconds: 0 } : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds };

/** The kernel's monotonic time as `task` sees it on one of the monotonic clocks. */
export const shownTime = (task: Task, clock: number, monotonic: number): Timespec =>
  addTimes(toTimespec(monotonic), clockOffset(task, clock));

export const isRealtime = (clock: number): boolean =>
  clock === t.CLOCK_REALTIME || clock === t.CLOCK_REALTIME_ALARM || clock === t.CLOCK_TAI || clock === t.CLOCK_REALTIME_COARSE;

export const isMonotonic = (clock: number): boolean =>
  clock === t.CLOCK_MONOTONIC ||
  clock === t.CLOCK_MONOTONIC_RAW ||
  clock === t.CLOCK_MONOTONIC_COARSE ||
  clock === t.CLOCK_BOOTTIME ||
  clock === t.CLOCK_BOOTTIME_ALARM;

/** The time on `clock`, or a negative errno. */
export function readClock(task: Task, clock: number): Timespec | number {
  const { kernel } = task;
  if (clock === t.CLOCK_REALTIME_COARSE) return kernel.tick.wall;
  if (clock === t.CLOCK_MONOTONIC_COARSE) return shownTime(task, clock, kernel.tick.monotonic);
  if (isRealtime(clock)) return kernel.now();
  if (isMonotonic(clock)) return shownTime(task, clock, kernel.clock.monotonic());
  const target = cpuClockTarget(task, clock);
  return typeof target === 'number' ? target : toTimespec(cpuClockTime(target));
}

/** The kernel's monotonic time at which `clock` shows `time`. */
export function monotonicAt(task: Task, clock: number, time: Timespec): number {
  if (!isRealtime(clock)) {
    const { seconds, nanoseconds } = clockOffset(task, clock);
    return (time.seconds - seconds) * 1e9 + time.nanoseconds - nanoseconds;
  }
  const now = task.kernel.now();
  return task.kernel.clock.monotonic() + (time.seconds - now.seconds) * 1e9 + (time.nanoseconds - now.nanoseconds);
}
