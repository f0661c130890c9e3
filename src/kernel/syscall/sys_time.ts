/** Clocks and sleeping: clock_*, gettimeofday, settimeofday, nanosleep, adjtimex. See time(7). */

import { CAP_SYS_TIME } from '../../abi/capability.ts';
import { EINTR, EINVAL, EOPNOTSUPP, EPERM, ERESTART_RESTARTBLOCK, ERESTARTNOHAND, isErrno } from '../../abi/errno.ts';
import * as t from '../../abi/time.ts';
import type { Task } from '../task/task.ts';
import { COARSE_RESOLUTION, cpuClockTarget, isMonotonic, isRealtime, monotonicAt, readClock, toTimespec } from '../time/posix_clock.ts';
import { updateVvar } from '../time/vvar.ts';
import type { Timespec } from '../vfs/inode.ts';
import { int, ptr } from './args.ts';
import { longs, readTime, writeTime } from './copy.ts';
import { defineSyscall, partial, type Syscall } from './define.ts';

const clockGettime = defineSyscall('clock_gettime', [int('clockid'), ptr('tp')], (task, clock, address) => {
  const time = readClock(task, clock);
  return typeof time === 'number' ? time : writeTime(task, address, time);
});

const clockGetres = defineSyscall('clock_getres', [int('clockid'), ptr('res')], (task, clock, address) => {
  const coarse = clock === t.CLOCK_REALTIME_COARSE || clock === t.CLOCK_MONOTONIC_COARSE;
  if (!isRealtime(clock) && !isMonotonic(clock)) {
    const target = cpuClockTarget(task, clock);
    if (typeof target === 'number') return target;
  }
  return address === 0 ? 0 : writeTime(task, address, { seconds: 0, nanoseconds: coarse ? COARSE_RESOLUTION : 1 });
});

/** Set the wall clock: the kernel's own offset to the host's. */
function setRealtime(task: Task, time: Timespec): number {
  if (!task.cred.capable(CAP_SYS_TIME, task.kernel.initialUserNs)) return -EPERM;
  task.kernel.setTime(time);
  updateVvar(task.kernel);
  return 0;
}

const clockSettime = defineSyscall('clock_settime', [int('clockid'), ptr('tp')], (task, clock, address) => {
  if (clock !== t.CLOCK_REALTIME) {
    if (isRealtime(clock) || isMonotonic(clock)) return -EINVAL;
    const target = cpuClockTarget(task, clock);
    return typeof target === 'number' ? target : -EPERM;
  }
  const time = readTime(task, address);
  return isErrno(time) ? time : setRealtime(task, time as Timespec);
});

const gettimeofday = defineSyscall('gettimeofday', [ptr('tv'), ptr('tz')], (task, tv, tz) => {
  if (tv !== 0) {
    const { seconds, nanoseconds } = task.kernel.now();
    const failed = task.mm!.copyOut(tv, longs([seconds, Math.floor(nanoseconds / 1000)]));
    if (failed < 0) return failed;
  }
  return tz === 0 ? 0 : task.mm!.writeU64(tz, 0, 0);
});

const settimeofday = defineSyscall('settimeofday', [ptr('tv'), ptr('tz')], (task, tv, tz) => {
  if (tv === 0) return tz === 0 || task.cred.capable(CAP_SYS_TIME, task.kernel.initialUserNs) ? 0 : -EPERM;
  const mm = task.mm!;
  const failed = mm.readU64(tv);
  if (failed < 0) return failed;
  const seconds = mm.high * 4294967296 + mm.low;
  const micros = mm.readUlong(tv + 8);
  if (micros < 0) return micros;
  return micros >= 1e6 ? -EINVAL : setRealtime(task, { seconds, nanoseconds: micros * 1000 });
});

/** Sleep until `deadline`, the kernel's monotonic time. */
function sleepUntil(task: Task, deadline: number, restart: number): number {
  if (task.kernel.clock.monotonic() >= deadline) return 0;
  return task.block([], { deadline, restart });
}

/** Sleep for the duration at `address`, which is read once. */
function sleepFor(task: Task, address: number): number {
  if (task.progress === null) {
    const time = readTime(task, address);
    if (typeof time === 'number') return time;
    task.deadline(time.seconds * 1e9 + time.nanoseconds);
  }
  return sleepUntil(task, task.progress!.deadline, ERESTART_RESTARTBLOCK);
}

/** The sleep was interrupted: say what is left of it. */
function remaining(task: Task, address: number): number {
  if (address === 0 || task.progress === null) return -EINTR;
  const left = Math.max(0, task.progress.deadline - task.kernel.clock.monotonic());
  const failed = writeTime(task, address, toTimespec(left));
  return failed < 0 ? failed : -EINTR;
}

const nanosleep = defineSyscall(
  'nanosleep',
  [ptr('req'), ptr('rem')],
  (task, request) => sleepFor(task, request),
  (task, _request, rest) => remaining(task, rest),
);

const clockNanosleep = defineSyscall(
  'clock_nanosleep',
  [int('clockid'), int('flags'), ptr('req'), ptr('rem')],
  (task, clock, flags, request) => {
    if (!isRealtime(clock) && !isMonotonic(clock)) {
      if (clock === t.CLOCK_THREAD_CPUTIME_ID) return -EINVAL;
      const target = cpuClockTarget(task, clock);
      return typeof target === 'number' ? target : -EOPNOTSUPP;
    }
    if (clock === t.CLOCK_MONOTONIC_RAW || clock === t.CLOCK_REALTIME_COARSE || clock === t.CLOCK_MONOTONIC_COARSE) return -EOPNOTSUPP;
    if ((flags & t.TIMER_ABSTIME) === 0) return sleepFor(task, request);
    const time = readTime(task, request);
    return typeof time === 'number' ? time : sleepUntil(task, monotonicAt(task, clock, time), ERESTARTNOHAND);
  },
  (task, _clock, flags, _request, rest) => ((flags & t.TIMER_ABSTIME) !== 0 ? -EINTR : remaining(task, rest)),
);

/** struct timex: the clock runs free, nobody disciplines it. */
const TIMEX_SIZE = 208;
const STA_UNSYNC = 0x0040;
const TIME_ERROR = 5;

function readTimex(task: Task, address: number): number {
  const modes = task.mm!.readU32(address);
  if (modes < 0) return modes;
  if (modes !== 0) return task.cred.capable(CAP_SYS_TIME, task.kernel.initialUserNs) ? -EOPNOTSUPP : -EPERM;
  const view = new DataView(new ArrayBuffer(TIMEX_SIZE));
  const long = (at: number, value: number): void => view.setBigInt64(at, BigInt(value), true);
  const { seconds, nanoseconds } = task.kernel.now();
  long(24, 16000000);
  long(32, 16000000);
  view.setInt32(40, STA_UNSYNC, true);
  long(48, 2);
  long(56, 1);
  long(64, 32768000);
  long(72, seconds);
  long(80, Math.floor(nanoseconds / 1000));
  long(88, 10000);
  const failed = task.mm!.copyOut(address, new Uint8Array(view.buffer));
  return failed < 0 ? failed : TIME_ERROR;
}

const adjtimex = defineSyscall('adjtimex', [ptr('buf')], readTimex);
const clockAdjtime = defineSyscall('clock_adjtime', [int('clockid'), ptr('buf')], (task, clock, address) =>
  clock === t.CLOCK_REALTIME ? readTimex(task, address) : isMonotonic(clock) ? -EOPNOTSUPP : -EINVAL,
);

export const timeCalls: readonly Syscall[] = [
  clockGettime,
  clockGetres,
  clockSettime,
  gettimeofday,
  settimeofday,
  nanosleep,
  clockNanosleep,
  partial(adjtimex, 'the clock is not disciplined: any change is refused with EOPNOTSUPP'),
  partial(clockAdjtime, 'as adjtimex'),
];
