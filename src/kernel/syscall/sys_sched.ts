/** Scheduling: sched_* calls, priorities, getcpu, membarrier. See sched(7). */

import { CAP_SYS_NICE } from '../../abi/capability.ts';
import { E2BIG, EACCES, EINVAL, EPERM, ESRCH, isErrno } from '../../abi/errno.ts';
import * as p from '../../abi/process.ts';
import type { Task } from '../task/task.ts';
import { flags, int, ptr, size, uint } from './args.ts';
import { longs } from './copy.ts';
import { defineSyscall, partial, type Syscall } from './define.ts';

const REALTIME: readonly number[] = [p.SCHED_FIFO, p.SCHED_RR];
const FAIR: readonly number[] = [p.SCHED_OTHER, p.SCHED_BATCH, p.SCHED_IDLE];
/** RR_TIMESLICE in nanoseconds; a fair task's share of the run loop. */
const RR_INTERVAL = 100e6;
const FAIR_INTERVAL = 4e6;
/** struct sched_attr without and with the utilization clamps. */
const ATTR_SIZE_VER0 = 48;
const ATTR_SIZE = 56;

const find = (task: Task, number: number): Task | null | number =>
  number < 0 ? -EINVAL : number === 0 ? task : (task.pid.namespace.find(number)?.task ?? -ESRCH);

/** Whether the caller may touch the scheduling of `target`. Linux: check_same_owner. */
const owns = (task: Task, target: Task): boolean => {
  const { euid } = task.cred;
  return euid === target.cred.euid || euid === target.cred.uid || task.cred.capable(CAP_SYS_NICE, target.cred.userNs);
};

/** The lowest nice value that the limits allow. */
const canNice = (task: Task, target: Task, nice: number): boolean =>
  20 - nice <= target.group.softLimit(p.RLIMIT_NICE) || task.cred.capable(CAP_SYS_NICE, task.kernel.initialUserNs);

function setScheduler(task: Task, target: Task, policyBits: number, priority: number, nice: number | null): number {
  const policy = policyBits & ~p.SCHED_RESET_ON_FORK;
  const resetOnFork = (policyBits & p.SCHED_RESET_ON_FORK) !== 0;
  const realtime = REALTIME.includes(policy);
  if (!realtime && !FAIR.includes(policy)) return -EINVAL;
  if (realtime ? priority < 1 || priority > 99 : priority !== 0) return -EINVAL;
  if (!owns(task, target)) return -EPERM;
  if (!task.cred.capable(CAP_SYS_NICE, task.kernel.initialUserNs)) {
    if (nice !== null && nice < target.nice && !canNice(task, target, nice)) return -EPERM;
    const limit = target.group.softLimit(p.RLIMIT_RTPRIO);
    if (realtime && (limit === 0 || (priority > target.realtimePriority && priority > limit))) return -EPERM;
    if (target.policy === p.SCHED_IDLE && policy !== p.SCHED_IDLE && !canNice(task, target, target.nice)) return -EPERM;
    if (target.resetOnFork && !resetOnFork) return -EPERM;
  }
  target.policy = policy;
  target.realtimePriority = priority;
  target.resetOnFork = resetOnFork;
  if (nice !== null && !realtime) target.nice = nice;
  task.kernel.scheduler.moved(target);
  return 0;
}

const schedSetscheduler = defineSyscall('sched_setscheduler', [int('pid'), int('policy'), ptr('param')], (task, number, policy, param) => {
  if (policy < 0 || param === 0 || number < 0) return -EINVAL;
  const priority = task.mm!.readU32(param);
  if (priority < 0) return priority;
  const target = find(task, number);
  return typeof target === 'number' ? target : setScheduler(task, target!, policy, priority | 0, null);
});

const schedSetparam = defineSyscall('sched_setparam', [int('pid'), ptr('param')], (task, number, param) => {
  if (param === 0 || number < 0) return -EINVAL;
  const priority = task.mm!.readU32(param);
  if (priority < 0) return priority;
  const target = find(task, number);
  if (typeof target === 'number') return target;
  return setScheduler(task, target!, target!.policy | (target!.resetOnFork ? p.SCHED_RESET_ON_FORK : 0), priority | 0, null);
});

const schedGetscheduler = defineSyscall('sched_getscheduler', [int('pid')], (task, number) => {
  const target = find(task, number);
  return typeof target === 'number' ? target : target!.policy | (target!.resetOnFork ? p.SCHED_RESET_ON_FORK : 0);
});

const schedGetparam = defineSyscall('sched_getparam', [int('pid'), ptr('param')], (task, number, param) => {
  if (param === 0) return -EINVAL;
  const target = find(task, number);
  return typeof target === 'number' ? target : task.mm!.writeU32(param, target!.realtimePriority);
});

const schedSetattr = defineSyscall('sched_setattr', [int('pid'), ptr('attr'), flags('flags')], (task, number, address, options) => {
  if (address === 0 || number < 0 || options !== 0) return -EINVAL;
  const length = task.mm!.readU32(address);
  if (length < 0) return length;
  const wanted = length === 0 ? ATTR_SIZE_VER0 : length;
  if (wanted < ATTR_SIZE_VER0 || wanted > 4096) return task.mm!.writeU32(address, ATTR_SIZE) || -E2BIG;
  const bytes = task.mm!.copyIn(address, wanted);
  if (isErrno(bytes)) return bytes;
  if (bytes.subarray(ATTR_SIZE).some((byte) => byte !== 0)) return task.mm!.writeU32(address, ATTR_SIZE) || -E2BIG;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const attrFlags = view.getUint32(8, true);
  if ((attrFlags & ~1) !== 0) return -EINVAL;
  const target = find(task, number);
  if (typeof target === 'number') return target;
  const nice = Math.min(19, Math.max(-20, view.getInt32(16, true)));
  const policy = view.getUint32(4, true);
  return setScheduler(task, target!, attrFlags === 1 ? policy | p.SCHED_RESET_ON_FORK : policy, view.getUint32(20, true), nice);
});

const schedGetattr = defineSyscall(
  'sched_getattr',
  [int('pid'), ptr('attr'), uint('size'), flags('flags')],
  (task, number, address, length, options) => {
    if (address === 0 || length > 4096 || length < ATTR_SIZE_VER0 || options !== 0) return -EINVAL;
    const target = find(task, number);
    if (typeof target === 'number') return target;
    const view = new DataView(new ArrayBuffer(ATTR_SIZE));
    view.setUint32(0, Math.min(length, ATTR_SIZE), true);
    view.setUint32(4, target!.policy, true);
    view.setUint32(8, target!.resetOnFork ? 1 : 0, true);
    view.setInt32(16, target!.nice, true);
    view.setUint32(20, target!.realtimePriority, true);
    return task.mm!.copyOut(address, new Uint8Array(view.buffer, 0, Math.min(length, ATTR_SIZE)));
  },
);

const schedYield = defineSyscall('sched_yield', [], (task) => {
  task.kernel.scheduler.yieldTo(task);
  return 0;
});

const priorityBound = (policy: number, bound: number): number =>
  REALTIME.includes(policy) ? bound : FAIR.includes(policy) || policy === 6 ? 0 : -EINVAL;
const schedGetPriorityMax = defineSyscall('sched_get_priority_max', [int('policy')], (_task, policy) => priorityBound(policy, 99));
const schedGetPriorityMin = defineSyscall('sched_get_priority_min', [int('policy')], (_task, policy) => priorityBound(policy, 1));

const schedRrGetInterval = defineSyscall('sched_rr_get_interval', [int('pid'), ptr('tp')], (task, number, address) => {
  const target = find(task, number);
  if (typeof target === 'number') return target;
  const interval = target!.policy === p.SCHED_FIFO ? 0 : target!.policy === p.SCHED_RR ? RR_INTERVAL : FAIR_INTERVAL;
  return task.mm!.copyOut(address, longs([0, interval]));
});

/** There is one processor. */
const schedSetaffinity = defineSyscall('sched_setaffinity', [int('pid'), size('cpusetsize'), ptr('mask')], (task, number, length, mask) => {
  const bytes = task.mm!.copyIn(mask, Math.min(length, 8));
  if (isErrno(bytes)) return bytes;
  const target = find(task, number);
  if (typeof target === 'number') return target;
  if (!owns(task, target!)) return -EPERM;
  return (bytes[0] ?? 0) % 2 === 1 ? 0 : -EINVAL;
});

const schedGetaffinity = defineSyscall('sched_getaffinity', [int('pid'), size('cpusetsize'), ptr('mask')], (task, number, length, mask) => {
  if (length * 8 < 1 || length % 8 !== 0) return -EINVAL;
  const target = find(task, number);
  if (typeof target === 'number') return target;
  const failed = task.mm!.writeU64(mask, 1, 0);
  return failed < 0 ? failed : 8;
});

/** The tasks that getpriority and setpriority name: a process, a group or a user. */
function chosen(task: Task, which: number, who: number): Task[] | number {
  const ns = task.pid.namespace;
  if (which === p.PRIO_PROCESS) {
    const target = who === 0 ? task : (ns.find(who)?.task ?? null);
    return target === null ? [] : [target];
  }
  if (which === p.PRIO_PGRP) {
    const group = who === 0 ? task.group.processGroup : ns.find(who);
    return group === null ? [] : [...group.processGroup].flatMap((leader) => [...leader.group.threads]);
  }
  if (which !== p.PRIO_USER) return -EINVAL;
  const uid = who === 0 ? task.cred.uid : task.cred.userNs.kuid(who);
  return ns.list().flatMap(({ task: target }) => (target !== null && target.cred.uid === uid ? [target] : []));
}

const getpriority = defineSyscall('getpriority', [int('which'), int('who')], (task, which, who) => {
  const targets = chosen(task, which, who);
  if (typeof targets === 'number') return targets;
  return targets.length === 0 ? -ESRCH : Math.max(...targets.map((target) => 20 - target.nice));
});

const setpriority = defineSyscall('setpriority', [int('which'), int('who'), int('prio')], (task, which, who, priority) => {
  const targets = chosen(task, which, who);
  if (typeof targets === 'number') return targets;
  const nice = Math.min(19, Math.max(-20, priority));
  let result = -ESRCH;
  for (const target of targets) {
    if (!owns(task, target)) result = -EPERM;
    else if (nice < target.nice && !canNice(task, target, nice)) result = -EACCES;
    else {
      target.nice = nice;
      if (result === -ESRCH) result = 0;
    }
  }
  return result;
});

const IOPRIO_CLASS_SHIFT = 13;
const IOPRIO_CLASS_RT = 1;
const IOPRIO_CLASS_IDLE = 3;

/** ioprio_set and ioprio_get number their targets from 1. */
const ioprioGet = defineSyscall('ioprio_get', [int('which'), int('who')], (task, which, who) => {
  const targets = chosen(task, which - 1, who);
  if (typeof targets === 'number') return targets;
  return targets.length === 0 ? -ESRCH : Math.min(...targets.map((target) => target.ioPriority));
});

const ioprioSet = defineSyscall('ioprio_set', [int('which'), int('who'), int('ioprio')], (task, which, who, priority) => {
  const level = priority & 7;
  const kind = priority >> IOPRIO_CLASS_SHIFT;
  if (kind < 0 || kind > IOPRIO_CLASS_IDLE || (kind === 0 && level !== 0)) return -EINVAL;
  if (kind === IOPRIO_CLASS_RT && !task.cred.capable(CAP_SYS_NICE, task.kernel.initialUserNs)) return -EPERM;
  const targets = chosen(task, which - 1, who);
  if (typeof targets === 'number') return targets;
  if (
    targets.some(
      (target) =>
        target.cred.uid !== task.cred.euid && target.cred.uid !== task.cred.uid && !task.cred.capable(CAP_SYS_NICE, target.cred.userNs),
    )
  )
    return -EPERM;
  for (const target of targets) target.ioPriority = priority;
  return targets.length === 0 ? -ESRCH : 0;
});

const getcpu = defineSyscall('getcpu', [ptr('cpu'), ptr('node')], (task, cpu, node) => {
  for (const address of [cpu, node]) {
    const failed = address === 0 ? 0 : task.mm!.writeU32(address, 0);
    if (failed < 0) return failed;
  }
  return 0;
});

/**
 * Commands of membarrier(2). One processor runs one task at a time, so that every barrier has happened already: what is left
 * to check is that a process has registered its intent before it uses a private command.
 */
const MEMBARRIER_GET_REGISTRATIONS = 0x200;
const MEMBARRIER_COMMANDS = 0x3ff;
/** The registration that a command needs: the expedited ones but for the global. */
const MEMBARRIER_NEEDS: ReadonlyMap<number, number> = new Map([
  [0x08, 0x10],
  [0x20, 0x40],
  [0x80, 0x100],
]);
const MEMBARRIER_REGISTRATIONS = 0x04 | 0x10 | 0x40 | 0x100;

const membarrier = defineSyscall('membarrier', [int('cmd'), flags('flags'), int('cpu_id')], (task, command, options) => {
  const mm = task.mm!;
  if (options !== 0) return -EINVAL;
  if (command === 0) return MEMBARRIER_COMMANDS;
  if (command === MEMBARRIER_GET_REGISTRATIONS) return mm.barriers;
  if (command < 0 || (command & (command - 1)) !== 0 || (command & MEMBARRIER_COMMANDS) === 0) return -EINVAL;
  if ((command & MEMBARRIER_REGISTRATIONS) !== 0) mm.barriers |= command;
  const needs = MEMBARRIER_NEEDS.get(command) ?? 0;
  return (mm.barriers & needs) === needs ? 0 : -EPERM;
});

export const schedCalls: readonly Syscall[] = [
  schedSetscheduler,
  schedSetparam,
  schedGetscheduler,
  schedGetparam,
  partial(schedSetattr, 'SCHED_DEADLINE and utilisation clamps are refused with EINVAL'),
  schedGetattr,
  schedYield,
  schedGetPriorityMax,
  schedGetPriorityMin,
  schedRrGetInterval,
  schedSetaffinity,
  schedGetaffinity,
  getpriority,
  setpriority,
  ioprioGet,
  partial(ioprioSet, 'kept and reported; there is no queue that priorities would order'),
  getcpu,
  membarrier,
];
