/** /proc/[pid]/stat: a task's state in 52 fields. Linux: fs/proc/array.c, do_task_stat. See proc_pid_stat(5). */

import { makedev } from '../../../abi/stat.ts';
import { CLOCK_BOOTTIME } from '../../../abi/time.ts';
import { FRAME_SIZE } from '../../../platform/ram.ts';
import { Tty } from '../../device/tty/tty.ts';
import { mayAccess } from '../../task/ptrace_access.ts';
import type { Task } from '../../task/task.ts';
import { processTimes, threadTimes } from '../../time/cpu_time.ts';
import { shownTime } from '../../time/posix_clock.ts';
import { PTS_MAJOR } from '../devpts/devpts.ts';
import { idIn, type ProcContext } from './entry.ts';
import { dispositions, parentId } from './pid_status.ts';

/** PF_ flags. Linux: include/linux/sched.h. */
const PF_EXITING = 0x4;
const PF_FORKNOEXEC = 0x40;
const PF_RANDOMIZE = 0x400000;
const RLIMIT_RSS = 5;
/** No limit, as unsigned long. */
const RLIM_INFINITY = '18446744073709551615';
const TICK = 1e7; // nanoseconds in a clock tick: USER_HZ is 100

export const ticks = (nanoseconds: number): number => Math.floor(nanoseconds / TICK);

interface Faults {
  minor: number;
  major: number;
}

function faults(target: Task, whole: boolean): Faults {
  if (!whole) return { minor: target.minorFaults, major: target.majorFaults };
  const { exited, threads } = target.group;
  const sum: Faults = { minor: exited.minorFaults, major: exited.majorFaults };
  for (const thread of threads) {
    sum.minor += thread.minorFaults;
    sum.major += thread.majorFaults;
  }
  return sum;
}

/** The terminal's device number and the group in its foreground. */
function terminal(context: ProcContext): readonly [number, number] {
  const { terminal: tty } = context.target.group;
  if (!(tty instanceof Tty)) return [0, -1];
  return [makedev(PTS_MAJOR, tty.index), tty.foreground === null ? 0 : idIn(context, tty.foreground)];
}

/** As the scheduler sees it: 20 + nice, or −1 − the real-time priority. */
const priority = ({ realtimePriority, nice }: Task): number => (realtimePriority > 0 ? -1 - realtimePriority : 20 + nice);

const low31 = (set: bigint): string => (set & 0x7fffffffn).toString();

/** `whole` sums over the threads of the process. */
export function statText(context: ProcContext, whole: boolean): string {
  const { target, reader } = context;
  const { group, mm, pending, blocked } = target;
  const { layout, counts } = mm ?? { layout: null, counts: null };
  const permitted = mayAccess(reader, target, 'fs') === 0;
  const { minor, major } = faults(target, whole);
  const times = whole ? processTimes(group) : threadTimes(target);
  const { waitedFor } = group;
  const { ignored, caught } = dispositions(target);
  const [tty, foreground] = terminal(context);
  const flags = PF_RANDOMIZE | (group.execs > 0 ? 0 : PF_FORKNOEXEC) | (target.state === 'Z' || target.state === 'X' ? PF_EXITING : 0);
  const limit = group.softLimit(RLIMIT_RSS);
  const secret = (value: number | undefined): number => (permitted ? (value ?? 0) : 0);
  const asleep = target.state !== 'R' && permitted && (!whole || group.threads.size < 2);
  const start = shownTime(reader, CLOCK_BOOTTIME, target.startTime);
  const fields: (number | string)[] = [
    idIn(context, target.pid),
    `(${target.comm})`,
    target.state,
    parentId(context),
    idIn(context, group.processGroup),
    idIn(context, group.session),
    tty,
    foreground,
    flags,
    minor,
    waitedFor.minorFaults,
    major,
    waitedFor.majorFaults,
    ticks(times.user),
    ticks(times.system),
    ticks(waitedFor.userTime),
    ticks(waitedFor.systemTime),
    priority(target),
    target.nice,
    group.threads.size,
    0,
    start.seconds * 100 + ticks(start.nanoseconds),
    (counts?.total ?? 0) * FRAME_SIZE,
    counts?.resident ?? 0,
    limit === Number.POSITIVE_INFINITY ? RLIM_INFINITY : limit,
    layout === null ? 0 : permitted ? layout.startCode : 1,
    layout === null ? 0 : permitted ? layout.endCode : 1,
    secret(layout?.startStack),
    0,
    0,
    low31(pending.set),
    low31(blocked),
    low31(ignored),
    low31(caught),
    asleep ? 1 : 0,
    0,
    0,
    target.exitSignal,
    0,
    target.realtimePriority,
    target.policy,
    0,
    0,
    0,
    secret(layout?.startData),
    secret(layout?.endData),
    secret(layout?.startBrk),
    secret(layout?.argStart),
    secret(layout?.argEnd),
    secret(layout?.envStart),
    secret(layout?.envEnd),
    secret(target.exitCode),
  ];
  return `${fields.join(' ')}\n`;
}
