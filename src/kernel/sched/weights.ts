/** The share of the processor that each nice value gets. Linux: sched_prio_to_weight in kernel/sched/core.c. See sched(7). */

import { SCHED_IDLE } from '../../abi/process.ts';
import type { Task } from '../task/task.ts';

/** Each step of nice changes the share by about 10 %: 1.25 between neighbours. Nice −20 first. */
const WEIGHTS: readonly number[] = [
  88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277, 1024,
  820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
];
const LOWEST_NICE = -20;
export const NICE_0 = 1024;
export const WEIGHT_IDLE = 3;

export const weightOfNice = (nice: number): number => WEIGHTS[nice - LOWEST_NICE]!;

/** The nice value whose weight is nearest. */
export function niceOfWeight(weight: number): number {
  const distance = WEIGHTS.map((other) => Math.abs(other - weight));
  return distance.indexOf(Math.min(...distance)) + LOWEST_NICE;
}

export const weightOf = ({ policy, nice }: Task): number => (policy === SCHED_IDLE ? WEIGHT_IDLE : weightOfNice(nice));
