/** prlimit64, getrlimit, setrlimit, getrusage, times. */

import { CAP_SYS_RESOURCE } from '../../abi/capability.ts';
import { EINVAL, EPERM, ESRCH, isErrno } from '../../abi/errno.ts';
import * as p from '../../abi/process.ts';
import type { Rlimit } from '../task/rlimits.ts';
import { encodeRusage } from '../task/rusage.ts';
import type { Task } from '../task/task.ts';
import { usageOf } from '../task/task_wait.ts';
import { ResourceUsage } from '../task/thread_group.ts';
import { processTimes, threadTimes } from '../time/cpu_time.ts';
import { ensureTimers } from '../time/process_timers.ts';
import { int, ptr, uint } from './args.ts';
import { longs } from './copy.ts';
import { defineSyscall, type Syscall } from './define.ts';

const RLIM_INFINITY = 2 ** 64;
const TICK = 1e7;

const encode = ({ soft, hard }: Rlimit): Uint8Array => {
  const infinite = (value: number): number => (value === Number.POSITIVE_INFINITY ? -1 : value);
  return longs([infinite(soft), infinite(hard)]);
};

function readLimit(task: Task, address: number): Rlimit | number {
  const mm = task.mm!;
  const value = (): number => {
    const exact = mm.high * 4294967296 + mm.low;
    return exact >= RLIM_INFINITY - 2048 ? Number.POSITIVE_INFINITY : exact;
  };
  let failed = mm.readU64(address);
  if (failed < 0) return failed;
  const soft = value();
  failed = mm.readU64(address + 8);
  return failed < 0 ? failed : { soft, hard: value() };
}

/** Linux: do_prlimit. */
function change(caller: Task, target: Task, resource: number, next: Rlimit): number {
  const old = target.group.rlimits[resource]!;
  if (next.soft > next.hard) return -EINVAL;
  if (resource === p.RLIMIT_NOFILE && next.hard > caller.kernel.vfs.nrOpen) return -EPERM;
  if (next.hard > old.hard && !caller.cred.capable(CAP_SYS_RESOURCE, caller.kernel.initialUserNs)) return -EPERM;
  target.group.rlimits[resource] = next;
  if (resource === p.RLIMIT_CPU && next.soft < Number.POSITIVE_INFINITY) ensureTimers(target.group);
  return 0;
}

/** Linux: check_prlimit_permission. */
function mayLimit(caller: Task, target: Task): boolean {
  if (caller.group === target.group) return true;
  const { uid, gid } = caller.cred;
  const t = target.cred.fields;
  if ([t.uid, t.euid, t.suid].every((id) => id === uid) && [t.gid, t.egid, t.sgid].every((id) => id === gid)) return true;
  return caller.cred.capable(CAP_SYS_RESOURCE, t.userNs);
}

function doPrlimit(task: Task, target: Task, resource: number, newAddress: number, oldAddress: number): number {
  const next = newAddress === 0 ? null : readLimit(task, newAddress);
  if (isErrno(next)) return next;
  if (resource >= p.RLIM_NLIMITS) return -EINVAL;
  const old = encode(target.group.rlimits[resource]!);
  const refused = next === null ? 0 : change(task, target, resource, next as Rlimit);
  if (refused < 0) return refused;
  return oldAddress === 0 ? 0 : task.mm!.copyOut(oldAddress, old);
}

const prlimit64 = defineSyscall(
  'prlimit64',
  [int('pid'), uint('resource'), ptr('new_limit'), ptr('old_limit')],
  (task, number, resource, next, old) => {
    const target = number === 0 ? task : (task.pid.namespace.find(number)?.task ?? null);
    if (target === null) return -ESRCH;
    return mayLimit(task, target) ? doPrlimit(task, target, resource, next, old) : -EPERM;
  },
);

const getrlimit = defineSyscall('getrlimit', [uint('resource'), ptr('rlim')], (task, resource, rlim) =>
  resource >= p.RLIM_NLIMITS ? -EINVAL : task.mm!.copyOut(rlim, encode(task.group.rlimits[resource]!)),
);

const setrlimit = defineSyscall('setrlimit', [uint('resource'), ptr('rlim')], (task, resource, rlim) =>
  doPrlimit(task, task, resource, rlim, 0),
);

const getrusage = defineSyscall('getrusage', [int('who'), ptr('usage')], (task, who, address) => {
  let usage: ResourceUsage;
  if (who === p.RUSAGE_SELF) usage = usageOf(task.group, false);
  else if (who === p.RUSAGE_CHILDREN) usage = task.group.waitedFor;
  else if (who === p.RUSAGE_THREAD) usage = threadUsage(task);
  else return -EINVAL;
  return task.mm!.copyOut(address, encodeRusage(usage));
});

function threadUsage(task: Task): ResourceUsage {
  const usage = new ResourceUsage();
  const { user, system } = threadTimes(task);
  usage.userTime = user;
  usage.systemTime = system;
  usage.minorFaults = task.minorFaults;
  usage.majorFaults = task.majorFaults;
  usage.voluntarySwitches = task.voluntarySwitches;
  usage.involuntarySwitches = task.involuntarySwitches;
  usage.maxResident = task.mm!.counts.peakResident * 4;
  return usage;
}

const times = defineSyscall('times', [ptr('buf')], (task, address) => {
  if (address !== 0) {
    const { user, system } = processTimes(task.group);
    const { waitedFor } = task.group;
    const ticks = [user, system, waitedFor.userTime, waitedFor.systemTime].map((time) => Math.floor(time / TICK));
    const failed = task.mm!.copyOut(address, longs(ticks));
    if (failed < 0) return failed;
  }
  return Math.floor(task.kernel.clock.monotonic() / TICK);
});

export const limitCalls: readonly Syscall[] = [prlimit64, getrlimit, setrlimit, getrusage, times];
