/** The cpu controller: shares of the processor, and limits on its use. Linux: cpu_files in kernel/sched/core.c. See cgroup-v2.rst, CPU. */

import { EINVAL, ERANGE } from '../../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import { CpuGroup } from '../sched/cpu_group.ts';
import { NICE_0, niceOfWeight, weightOfNice } from '../sched/weights.ts';
import type { Cgroup } from './cgroup.ts';
import { type CgroupAccess, type CgroupFile, parseNumber } from './cgroup_file.ts';

/** cpu.weight; 100 is what a group has at first. Linux: CGROUP_WEIGHT_DFL, CGROUP_WEIGHT_MAX. */
const WEIGHT_DEFAULT = 100;
const WEIGHT_MAX = 10000;
/** Bounds of cpu.max in microseconds. Linux: min_cfs_quota_period, max_cfs_quota_period. */
const QUOTA_MIN = 1000;
const PERIOD_MAX = 1000000;
const QUOTA_MAX = 2 ** 44 / 1000;

const micro = (nanoseconds: number): number => Math.floor(nanoseconds / 1000);

export const hasCpu = ({ cpu, parent }: Cgroup): boolean => parent === null || parent.cpu !== cpu;

export function cpuOnline(_kernel: Kernel, cgroup: Cgroup): boolean {
  use(cgroup, new CpuGroup(cgroup.cpu));
  return true;
}

export function cpuOffline(kernel: Kernel, cgroup: Cgroup): void {
  const own = cgroup.cpu;
  use(cgroup, cgroup.parent!.cpu);
  own.setLimit(kernel, Number.POSITIVE_INFINITY, own.period, 0);
}

/** This group and those below without a share of their own have `cpu` from now on. */
function use(cgroup: Cgroup, cpu: CpuGroup): void {
  const old = cgroup.cpu;
  cgroup.cpu = cpu;
  for (const child of cgroup.children.values()) if (child.cpu === old) use(child, cpu);
}

export function cpuStat(cgroup: Cgroup): string {
  const { user, nice, system } = cgroup.usage;
  const base = `usage_usec ${micro(user + system)}\nuser_usec ${micro(user)}\nsystem_usec ${micro(system)}\nnice_usec ${micro(nice)}\n`;
  if (!hasCpu(cgroup)) return base;
  const { periods, throttledPeriods, throttledTime, bursts, burstTime } = cgroup.cpu;
  const throttled = `nr_periods ${periods}\nnr_throttled ${throttledPeriods}\nthrottled_usec ${micro(throttledTime)}\n`;
  return `${base}${throttled}nr_bursts ${bursts}\nburst_usec ${micro(burstTime)}\n`;
}

/** How long its own tasks, not those of groups below, have had to wait. */
export const cpuStatLocal = (cgroup: Cgroup): string => `throttled_usec ${hasCpu(cgroup) ? micro(cgroup.cpu.throttledTime) : 0}\n`;

function writeWeight({ cpu }: Cgroup, text: string): number {
  const weight = parseNumber(text.trim());
  if (Number.isNaN(weight)) return -EINVAL;
  if (weight < 1 || weight > WEIGHT_MAX) return -ERANGE;
  if (cpu.idle) return -EINVAL;
  cpu.setWeight(Math.round((weight * NICE_0) / WEIGHT_DEFAULT), false);
  return 0;
}

function writeNice({ cpu }: Cgroup, text: string): number {
  const nice = parseNumber(text.trim());
  if (Number.isNaN(nice)) return -EINVAL;
  if (nice < -20 || nice > 19) return -ERANGE;
  if (cpu.idle) return -EINVAL;
  cpu.setWeight(weightOfNice(nice), false);
  return 0;
}

function writeIdle({ cpu }: Cgroup, text: string): number {
  const idle = parseNumber(text.trim());
  if (idle !== 0 && idle !== 1) return -EINVAL;
  if (cpu.idle !== (idle === 1)) cpu.setWeight(NICE_0, idle === 1);
  return 0;
}

/** A quota or "max", and a period, in microseconds. Linux: cpu_period_quota_parse, tg_set_cfs_bandwidth. */
function writeMax({ cpu }: Cgroup, text: string, { task: { kernel } }: CgroupAccess): number {
  const match = /^\s*(max|\d+)(?:\s+(\d+))?/.exec(text);
  if (match === null) return -EINVAL;
  const [, word, given] = match;
  const quota = word === 'max' ? Number.POSITIVE_INFINITY : Number(word);
  const period = given === undefined ? cpu.period / 1000 : Number(given);
  if (quota < QUOTA_MIN || period < QUOTA_MIN || period > PERIOD_MAX) return -EINVAL;
  if (word !== 'max' && (quota > QUOTA_MAX || cpu.burst > quota * 1000)) return -EINVAL;
  cpu.setLimit(kernel, quota * 1000, period * 1000, cpu.burst);
  return 0;
}

function writeBurst({ cpu }: Cgroup, text: string, { task: { kernel } }: CgroupAccess): number {
  const burst = parseNumber(text.trim());
  if (Number.isNaN(burst) || burst < 0 || burst * 1000 > cpu.quota) return -EINVAL;
  cpu.setLimit(kernel, cpu.quota, cpu.period, burst * 1000);
  return 0;
}

const maxText = ({ cpu: { quota, period } }: Cgroup): string =>
  `${quota === Number.POSITIVE_INFINITY ? 'max' : micro(quota)} ${micro(period)}\n`;

export const cpuFiles: readonly CgroupFile[] = [
  {
    name: 'cpu.weight',
    mode: 0o644,
    read: ({ cpu }) => `${Math.max(1, Math.round((cpu.weight * WEIGHT_DEFAULT) / NICE_0))}\n`,
    write: writeWeight,
  },
  { name: 'cpu.weight.nice', mode: 0o644, read: ({ cpu }) => `${niceOfWeight(cpu.weight)}\n`, write: writeNice },
  { name: 'cpu.idle', mode: 0o644, read: ({ cpu }) => `${Number(cpu.idle)}\n`, write: writeIdle },
  { name: 'cpu.max', mode: 0o644, read: maxText, write: writeMax },
  { name: 'cpu.max.burst', mode: 0o644, read: ({ cpu }) => `${micro(cpu.burst)}\n`, write: writeBurst },
];
