/** eventfd2, timerfd_create, timerfd_settime, timerfd_gettime and signalfd4. See the manual page of each. */

import { CAP_WAKE_ALARM } from '../../abi/capability.ts';
import * as c from '../../abi/epoll.ts';
import { EBADF, EINVAL, EPERM, isErrno } from '../../abi/errno.ts';
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from '../../abi/fcntl.ts';
import * as t from '../../abi/time.ts';
import { EventFile } from '../fs/anon_inodes/eventfd.ts';
import { SignalFile } from '../fs/anon_inodes/signalfd.ts';
import { TimerFile } from '../fs/anon_inodes/timerfd.ts';
import { UNBLOCKABLE } from '../signal/blocked.ts';
import type { Task } from '../task/task.ts';
import { monotonicAt } from '../time/posix_clock.ts';
import { fd, flags, int, ptr, size, uint } from './args.ts';
import { longs, readMask, readTime } from './copy.ts';
import { defineSyscall, type Syscall } from './define.ts';
import { newFd } from './new_fd.ts';

const STATUS = O_CLOEXEC | O_NONBLOCK;
const ALARM_CLOCKS: readonly number[] = [t.CLOCK_REALTIME_ALARM, t.CLOCK_BOOTTIME_ALARM];
const TIMER_CLOCKS: readonly number[] = [t.CLOCK_REALTIME, t.CLOCK_MONOTONIC, t.CLOCK_BOOTTIME, ...ALARM_CLOCKS];

const eventfd2 = defineSyscall('eventfd2', [uint('initval'), flags('flags')], (task, initial, flag) => {
  if ((flag & ~(STATUS | c.EFD_SEMAPHORE)) !== 0) return -EINVAL;
  return newFd(task, new EventFile(task.kernel, O_RDWR | (flag & O_NONBLOCK), initial, (flag & c.EFD_SEMAPHORE) !== 0), flag);
});

const timerfdCreate = defineSyscall('timerfd_create', [int('clockid'), flags('flags')], (task, clock, flag) => {
  if ((flag & ~STATUS) !== 0 || !TIMER_CLOCKS.includes(clock)) return -EINVAL;
  if (ALARM_CLOCKS.includes(clock) && !task.cred.capable(CAP_WAKE_ALARM, task.kernel.initialUserNs)) return -EPERM;
  return newFd(task, new TimerFile(task.kernel, O_RDWR | (flag & O_NONBLOCK), clock), flag);
});

function timerOf(task: Task, number: number): TimerFile | number {
  const file = task.files!.io(number);
  if (file === null) return -EBADF;
  return file instanceof TimerFile ? file : -EINVAL;
}

/** struct itimerspec of what `timer` is set to. */
function writeTimer(task: Task, timer: TimerFile, address: number): number {
  const [remaining, interval] = timer.remaining();
  const parts = (ns: number): readonly number[] => [Math.floor(ns / 1e9), Math.floor(ns % 1e9)];
  return task.mm!.copyOut(address, longs([...parts(interval), ...parts(remaining)]));
}

const timerfdSettime = defineSyscall(
  'timerfd_settime',
  [fd('fd'), flags('flags'), ptr('new_value'), ptr('old_value')],
  (task, number, flag, address, oldAddress) => {
    const interval = readTime(task, address);
    if (isErrno(interval)) return interval;
    const value = readTime(task, address + 16);
    if (isErrno(value)) return value;
    if ((flag & ~(c.TFD_TIMER_ABSTIME | c.TFD_TIMER_CANCEL_ON_SET)) !== 0) return -EINVAL;
    const timer = timerOf(task, number);
    if (isErrno(timer)) return timer;
    if (oldAddress !== 0) {
      const failed = writeTimer(task, timer, oldAddress);
      if (failed < 0) return failed;
    }
    let deadline = Number.POSITIVE_INFINITY;
    if (value.seconds !== 0 || value.nanoseconds !== 0) {
      const absolute = (flag & c.TFD_TIMER_ABSTIME) !== 0;
      deadline = absolute ? monotonicAt(task, timer.clock, value) : task.kernel.clock.monotonic() + value.seconds * 1e9 + value.nanoseconds;
    }
    timer.set(deadline, interval.seconds * 1e9 + interval.nanoseconds, flag);
    return 0;
  },
);

const timerfdGettime = defineSyscall('timerfd_gettime', [fd('fd'), ptr('curr_value')], (task, number, address) => {
  const timer = timerOf(task, number);
  return isErrno(timer) ? timer : writeTimer(task, timer, address);
});

const signalfd4 = defineSyscall(
  'signalfd4',
  [fd('fd'), ptr('mask'), size('sizemask'), flags('flags')],
  (task, number, address, length, flag) => {
    if (length !== 8) return -EINVAL;
    const wanted = readMask(task, address);
    if (isErrno(wanted)) return wanted;
    const mask = (wanted as bigint) & ~UNBLOCKABLE;
    if ((flag & ~STATUS) !== 0) return -EINVAL;
    if (number === -1) return newFd(task, new SignalFile(task.kernel, O_RDWR | (flag & O_NONBLOCK), mask), flag);
    const file = task.files!.io(number);
    if (file === null) return -EBADF;
    if (!(file instanceof SignalFile)) return -EINVAL;
    file.setMask(mask);
    return number;
  },
);

export const eventCalls: readonly Syscall[] = [eventfd2, timerfdCreate, timerfdSettime, timerfdGettime, signalfd4];
