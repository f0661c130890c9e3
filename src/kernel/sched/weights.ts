/** The share of the processor that each nice value gets. Linux: sched_prio_to_weight in kernel/sched/core.c. See sched(7). */

import { SCHED_IDLE } from '../../abi/process.ts';
import type { Task } from '../task/task.ts';

/** Each step of nice changes the share by about 10 %: 1.25 between neighbours. Nice −20 first. */
const WEIGHTS: readonly number[] = [
  88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277, 1024,
  820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
];
const NICE_0 = 1024;
const IDLE = 3;

/** By how much a nanosecond of processor time counts for `task`. */
export const charge = (task: Task): number => NICE_0 / (task.policy === SCHED_IDLE ? IDLE : WEIGHTS[task.nice + 20]!);
