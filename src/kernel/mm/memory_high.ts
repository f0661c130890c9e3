/** What happens to a task that has allocated beyond memory.high: it frees memory, and then is held up. Linux: mem_cgroup_handle_over_high. */

import { FRAME_SIZE } from '../../platform/ram.ts';
import type { Task } from '../task/task.ts';
import type { MemoryGroup } from './memory_group.ts';

/** Frames that were charged in one go. Linux: MEMCG_CHARGE_BATCH. */
const CHARGE_BATCH = 64;
/** The delay grows with the square of the excess. Linux: MEMCG_DELAY_PRECISION_SHIFT, MEMCG_DELAY_SCALING_SHIFT. */
const SCALING = 2 ** 14;
const PRECISION = 2 ** 20;
/** Bounds of a delay in nanoseconds; shorter ones are not worth it. Linux: MEMCG_MAX_HIGH_DELAY_JIFFIES. */
const MIN_DELAY = 10e6;
const MAX_DELAY = 2e9;
/** A tick: HZ is 250. */
const SECOND = 1e9;

/** Nanoseconds for one batch. Linux: calculate_high_delay. */
function delayFor(group: MemoryGroup): number {
  let overage = 0;
  for (let at: MemoryGroup | null = group; at !== null; at = at.parent) {
    if (at.usage > at.high) overage = Math.max(overage, Math.floor(((at.usage - at.high) * PRECISION) / Math.max(at.high, 1)));
  }
  return ((overage * overage) / PRECISION / SCALING) * SECOND;
}

/** The task is about to go on with its program. False when it sleeps instead. */
export function settleHigh(task: Task): boolean {
  const pages = task.pagesOverHigh;
  task.pagesOverHigh = 0;
  const { kernel, mm } = task;
  if (mm === null) return true;
  for (let group: MemoryGroup | null = mm.memory; group !== null; group = group.parent) {
    if (group.usage <= group.high) continue;
    kernel.memory.count(group, 'high');
    kernel.memory.reclaim(group, Math.max(CHARGE_BATCH, pages));
  }
  const delay = Math.min(MAX_DELAY, (delayFor(mm.memory) * pages) / CHARGE_BATCH);
  if (delay <= MIN_DELAY || task.hasFatalSignal()) return true;
  task.delay(kernel.clock.monotonic() + delay);
  return false;
}

/** Frames were charged to `group` for the present task: it will have to answer for it if that was too much. */
export function noteHigh(task: Task | null, group: MemoryGroup): void {
  if (task === null) return;
  for (let at: MemoryGroup | null = group; at !== null; at = at.parent) {
    if (at.usage <= at.high) continue;
    task.pagesOverHigh++;
    return;
  }
}

/** What can be freed of a group that has got a lower memory.high. */
export function shrinkToHigh(task: Task, group: MemoryGroup): void {
  const { memory } = task.kernel;
  while (group.usage > group.high && memory.reclaim(group, Math.ceil((group.usage - group.high) / FRAME_SIZE)) > 0);
}
