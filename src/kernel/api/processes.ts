/** The processes of a container, as its engine sees them. */

import { isErrno } from '../../abi/errno.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { Tty } from '../device/tty/tty.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import type { ThreadGroup } from '../task/thread_group.ts';
import { processTimes } from '../time/cpu_time.ts';
import { latin1Text } from '../vfs/text.ts';

/** A line of ps(1). */
export interface ProcessInfo {
  /** Numbers in the engine's PID namespace. */
  readonly pid: number;
  readonly parent: number;
  readonly user: number;
  readonly group: number;
  /** R, S, D, T, t or Z. */
  readonly state: string;
  readonly nice: number;
  readonly threads: number;
  /** Nanoseconds on the monotonic clock. */
  readonly started: number;
  /** Nanoseconds of processor time. */
  readonly used: number;
  /** Bytes. */
  readonly virtual: number;
  readonly resident: number;
  /** `pts/0`, or null without a terminal. */
  readonly terminal: string | null;
  readonly comm: string;
  readonly argv: readonly string[];
}

/** Processes in a control group or below it, in the order of their numbers. */
export function processesIn(kernel: Kernel, cgroup: Cgroup): ThreadGroup[] {
  const groups = new Set<ThreadGroup>();
  for (const { task } of kernel.initialPidNs.list()) if (task?.cgroup.isWithin(cgroup) === true) groups.add(task.group);
  return [...groups];
}

/** The arguments as the program has them in its memory: none where it has gone or they are not there. */
function commandLine({ mm }: Task): string[] {
  if (mm === null) return [];
  const { argStart, argEnd } = mm.layout;
  if (argEnd <= argStart) return [];
  const bytes = mm.copyIn(argStart, argEnd - argStart);
  return isErrno(bytes) ? [] : latin1Text(bytes).replace(/\0$/, '').split('\0');
}

/** What ps(1) shows of a process. */
export function describeProcess(kernel: Kernel, group: ThreadGroup): ProcessInfo {
  const { leader, terminal, parent } = group;
  const { initialPidNs } = kernel;
  const times = processTimes(group);
  return {
    pid: leader.pid.in(initialPidNs),
    parent: parent === null ? 0 : parent.group.leader.pid.in(initialPidNs),
    user: leader.cred.euid,
    group: leader.cred.egid,
    state: leader.state,
    nice: leader.nice,
    threads: group.live,
    started: leader.startTime,
    used: times.user + times.system,
    virtual: (leader.mm?.counts.total ?? 0) * FRAME_SIZE,
    resident: (leader.mm?.counts.resident ?? 0) * FRAME_SIZE,
    terminal: terminal instanceof Tty ? `pts/${terminal.index}` : null,
    comm: leader.comm,
    argv: commandLine(leader),
  };
}
