/** Interval timers and POSIX timers: setitimer, getitimer, timer_*. */

import { EAGAIN, EINVAL, EOPNOTSUPP, isErrno } from '../../abi/errno.ts';
import { NSIG, SIGALRM, SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD, SIGEV_THREAD_ID } from '../../abi/signal.ts';
import * as t from '../../abi/time.ts';
import { charge, PRICE_TIMER, uncharge } from '../mm/price.ts';
import type { Task } from '../task/task.ts';
import { processTimes } from '../time/cpu_time.ts';
import { cpuClockTarget, isMonotonic, isRealtime, monotonicAt, toTimespec } from '../time/posix_clock.ts';
import { PosixTimer, type SigEvent, type TimerBasis } from '../time/posix_timer.ts';
import { type CpuTimer, ensureTimers } from '../time/process_timers.ts';
import type { Timespec } from '../vfs/inode.ts';
import { int, ptr } from './args.ts';
import { longs, readTime } from './copy.ts';
import { defineSyscall, type Syscall } from './define.ts';

const NEVER = Number.POSITIVE_INFINITY;

interface Setting {
  /** Nanoseconds; 0 is off, or once. */
  readonly value: number;
  readonly interval: number;
}

/** struct itimerval: microseconds. */
function readItimerval(task: Task, address: number): Setting | number {
  const bytes = task.mm!.copyIn(address, 32);
  if (isErrno(bytes)) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 32);
  const parts = [0, 8, 16, 24].map((at) => Number(view.getBigInt64(at, true))) as [number, number, number, number];
  const [intervalSeconds, intervalMicros, seconds, micros] = parts;
  const valid = (s: number, us: number): boolean => s >= 0 && us >= 0 && us < 1e6;
  if (!valid(intervalSeconds, intervalMicros) || !valid(seconds, micros)) return -EINVAL;
  return { value: seconds * 1e9 + micros * 1000, interval: intervalSeconds * 1e9 + intervalMicros * 1000 };
}

const encodeItimerval = ({ value, interval }: Setting): Uint8Array => {
  const parts = (nanoseconds: number): [number, number] => [Math.floor(nanoseconds / 1e9), Math.floor((nanoseconds % 1e9) / 1000)];
  // What is left of an armed timer never reads as 0, which would mean off.
  return longs([...parts(interval), ...parts(value > 0 && value < 1000 ? 1000 : value)]);
};

function cpuTimer(task: Task, which: number): { timer: CpuTimer; now: number } | null {
  const timers = task.group.timers;
  if (timers === null) return null;
  const { user, system } = processTimes(task.group);
  return which === t.ITIMER_VIRTUAL ? { timer: timers.virtual, now: user } : { timer: timers.prof, now: user + system };
}

function getSetting(task: Task, which: number): Setting {
  const timers = task.group.timers;
  if (timers === null) return { value: 0, interval: 0 };
  if (which === t.ITIMER_REAL) {
    const { real } = timers;
    const left = real.slot < 0 ? 0 : Math.max(1000, real.deadline - task.kernel.clock.monotonic());
    return { value: left, interval: real.interval };
  }
  const { timer, now } = cpuTimer(task, which)!;
  return { value: timer.expiry === NEVER ? 0 : Math.max(1000, timer.expiry - now), interval: timer.interval };
}

const getitimer = defineSyscall('getitimer', [int('which'), ptr('curr_value')], (task, which, address) =>
  which < 0 || which > t.ITIMER_PROF ? -EINVAL : task.mm!.copyOut(address, encodeItimerval(getSetting(task, which))),
);

const setitimer = defineSyscall('setitimer', [int('which'), ptr('new_value'), ptr('old_value')], (task, which, next, old) => {
  const setting = next === 0 ? { value: 0, interval: 0 } : readItimerval(task, next);
  if (isErrno(setting)) return setting;
  if (which < 0 || which > t.ITIMER_PROF) return -EINVAL;
  const { value, interval } = setting as Setting;
  const before = getSetting(task, which);
  const timers = ensureTimers(task.group);
  if (which === t.ITIMER_REAL) {
    timers.real.interval = interval;
    if (value === 0) task.kernel.timers.cancel(timers.real);
    else task.kernel.timers.arm(timers.real, task.kernel.clock.monotonic() + value);
  } else {
    const { timer, now } = cpuTimer(task, which)!;
    timer.interval = interval;
    timer.expiry = value === 0 ? NEVER : now + value;
  }
  return old === 0 ? 0 : task.mm!.copyOut(old, encodeItimerval(before));
});

/** struct sigevent; without one, SIGALRM with the timer's id. */
function readEvent(task: Task, address: number, id: number): SigEvent | number {
  if (address === 0) return { notify: SIGEV_SIGNAL, signo: SIGALRM, valueLow: id, valueHigh: 0, thread: null };
  const bytes = task.mm!.copyIn(address, 64);
  if (isErrno(bytes)) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 64);
  const notify = view.getInt32(12, true);
  const signo = view.getInt32(8, true);
  if (notify !== SIGEV_NONE && notify !== SIGEV_SIGNAL && notify !== SIGEV_THREAD && notify !== SIGEV_THREAD_ID) return -EINVAL;
  if (notify !== SIGEV_NONE && (signo < 1 || signo > NSIG)) return -EINVAL;
  let thread: Task | null = null;
  if (notify === SIGEV_THREAD_ID) {
    thread = task.pid.namespace.find(view.getInt32(16, true))?.task ?? null;
    if (thread === null || thread.group !== task.group) return -EINVAL;
  }
  return { notify, signo, valueLow: view.getUint32(0, true), valueHigh: view.getUint32(4, true), thread };
}

function basisOf(task: Task, clock: number): TimerBasis | number {
  if (clock === t.CLOCK_MONOTONIC_RAW || clock === t.CLOCK_REALTIME_COARSE || clock === t.CLOCK_MONOTONIC_COARSE) return -EOPNOTSUPP;
  if (isRealtime(clock) || isMonotonic(clock)) return 'monotonic';
  const target = cpuClockTarget(task, clock);
  if (typeof target === 'number') return target;
  if ('threads' in target) return target === task.group ? 'process' : -EOPNOTSUPP;
  return target;
}

const timerCreate = defineSyscall('timer_create', [int('clockid'), ptr('sevp'), ptr('timerid')], (task, clock, sevp, address) => {
  const basis = basisOf(task, clock);
  if (typeof basis === 'number') return basis;
  const timers = ensureTimers(task.group);
  const id = timers.nextId;
  const event = readEvent(task, sevp, id);
  if (isErrno(event)) return event;
  const failed = task.mm!.writeU32(address, id);
  if (failed < 0) return failed;
  const payer = task.group.cgroup.memory;
  if (!charge(task.kernel, payer, PRICE_TIMER)) return -EAGAIN;
  timers.nextId = (id + 1) % 0x7fffffff;
  timers.posix.set(id, new PosixTimer(id, task.group, clock, basis, event as SigEvent, payer));
  return 0;
});

const find = (task: Task, id: number): PosixTimer | null => task.group.timers?.posix.get(id) ?? null;

/** struct itimerspec of what is set now. */
function current(task: Task, timer: PosixTimer): Uint8Array {
  let left: number;
  if (timer.basis === 'monotonic') {
    const now = task.kernel.clock.monotonic();
    if (timer.slot >= 0) left = Math.max(1, timer.deadline - now);
    else if (timer.queued && timer.interval > 0) left = timer.interval - ((now - timer.deadline) % timer.interval);
    else left = 0;
  } else if (timer.cpuExpiry === NEVER) left = 0;
  else {
    left = timer.cpuExpiry - timer.cpuNow;
    if (left <= 0) left = timer.queued && timer.interval > 0 ? timer.interval - (-left % timer.interval) : 1;
  }
  const interval = toTimespec(timer.interval);
  const value = toTimespec(left);
  return longs([interval.seconds, interval.nanoseconds, value.seconds, value.nanoseconds]);
}

const timerGettime = defineSyscall('timer_gettime', [int('timerid'), ptr('curr_value')], (task, id, address) => {
  const timer = find(task, id);
  return timer === null ? -EINVAL : task.mm!.copyOut(address, current(task, timer));
});

const timerSettime = defineSyscall(
  'timer_settime',
  [int('timerid'), int('flags'), ptr('new_value'), ptr('old_value')],
  (task, id, flags, next, old) => {
    if (next === 0) return -EINVAL;
    const interval = readTime(task, next);
    if (isErrno(interval)) return interval;
    const value = readTime(task, next + 16);
    if (isErrno(value)) return value;
    const timer = find(task, id);
    if (timer === null) return -EINVAL;
    const before = current(task, timer);
    arm(task, timer, flags, value as Timespec, interval as Timespec);
    return old === 0 ? 0 : task.mm!.copyOut(old, before);
  },
);

function arm(task: Task, timer: PosixTimer, flags: number, value: Timespec, interval: Timespec): void {
  task.kernel.timers.cancel(timer);
  timer.cpuExpiry = NEVER;
  timer.overrun = timer.lastOverrun = 0;
  timer.queued = false;
  timer.interval = interval.seconds * 1e9 + interval.nanoseconds;
  const nanoseconds = value.seconds * 1e9 + value.nanoseconds;
  if (nanoseconds === 0) return;
  const absolute = (flags & t.TIMER_ABSTIME) !== 0;
  if (timer.basis === 'monotonic') {
    task.kernel.timers.arm(timer, absolute ? monotonicAt(task, timer.clock, value) : task.kernel.clock.monotonic() + nanoseconds);
  } else timer.cpuExpiry = absolute ? nanoseconds : timer.cpuNow + nanoseconds;
}

const timerGetoverrun = defineSyscall('timer_getoverrun', [int('timerid')], (task, id) => find(task, id)?.lastOverrun ?? -EINVAL);

const timerDelete = defineSyscall('timer_delete', [int('timerid')], (task, id) => {
  const timer = find(task, id);
  if (timer === null) return -EINVAL;
  task.kernel.timers.cancel(timer);
  task.group.timers!.posix.delete(id);
  uncharge(timer.payer, PRICE_TIMER);
  return 0;
});

export const timerCalls: readonly Syscall[] = [getitimer, setitimer, timerCreate, timerGettime, timerSettime, timerGetoverrun, timerDelete];
