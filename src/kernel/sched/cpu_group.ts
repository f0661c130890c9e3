/** Tasks that share the processor as one: a weight among its siblings, and a limit. Linux: struct task_group, struct cfs_bandwidth. See cgroup-v2.rst, CPU. */

import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { Timer } from '../time/timer.ts';
import { NICE_0, WEIGHT_IDLE } from './weights.ts';

class PeriodTimer extends Timer {
  readonly group: CpuGroup;
  constructor(group: CpuGroup) {
    super();
    this.group = group;
  }
  expire(kernel: Kernel): void {
    this.group.refill(kernel);
  }
}

export class CpuGroup {
  readonly parent: CpuGroup | null;
  /** cpu.max and cpu.max.burst in nanoseconds. Infinity: no limit. */
  quota: number = Number.POSITIVE_INFINITY;
  period = 100e6;
  burst = 0;
  /** cpu.stat: periods, those in which tasks had to wait and for how long, those that used more than their quota and how much more. */
  periods = 0;
  throttledPeriods = 0;
  throttledTime = 0;
  bursts = 0;
  burstTime = 0;
  /** The sum of the weights of its runnable tasks, and of the groups below that have any. Linux: cfs_rq.load. */
  private load = 0;
  private shares: number = NICE_0;
  private idles = false;
  /** Of this period; less than nothing when earlier periods have left something. */
  private used = 0;
  private throttled: Task[] = [];
  private throttledSince = 0;
  private timer: PeriodTimer | null = null;

  constructor(parent: CpuGroup | null) {
    this.parent = parent;
  }

  /** What it weighs among its siblings: NICE_0 is the weight of a task. */
  get weight(): number {
    return this.idles ? WEIGHT_IDLE : this.shares;
  }

  /** cpu.weight as a task's weight, and cpu.idle. */
  setWeight(shares: number, idle: boolean): void {
    const before = this.weight;
    this.shares = shares;
    this.idles = idle;
    if (this.load > 0) this.parent?.changeLoad(this.weight - before);
  }

  get idle(): boolean {
    return this.idles;
  }

  /** A runnable task, or a group with runnable tasks, has come (or gone, if negative). */
  changeLoad(weight: number): void {
    const was = this.load > 0;
    this.load += weight;
    if (was !== this.load > 0) this.parent?.changeLoad(was ? -this.weight : this.weight);
  }

  /** By how much time counts more for one of its tasks than it would without groups. */
  get factor(): number {
    let factor = 1;
    for (let group: CpuGroup = this; group.parent !== null; group = group.parent) factor *= group.load / group.weight;
    return factor;
  }

  /** The group, this one or one above, whose limit is reached; null when tasks may run. */
  get exhausted(): CpuGroup | null {
    for (let group: CpuGroup | null = this; group !== null; group = group.parent) if (group.used >= group.quota) return group;
    return null;
  }

  /** cpu.max and cpu.max.burst. */
  setLimit(kernel: Kernel, quota: number, period: number, burst: number): void {
    this.quota = quota;
    this.period = period;
    this.burst = burst;
    this.used = 0;
    if (this.timer !== null) kernel.timers.cancel(this.timer);
    this.release(kernel);
  }

  /** A task has run for `nanoseconds`. */
  account(kernel: Kernel, nanoseconds: number): void {
    for (let group: CpuGroup | null = this; group !== null; group = group.parent) group.use(kernel, nanoseconds);
  }

  private use(kernel: Kernel, nanoseconds: number): void {
    if (this.quota === Number.POSITIVE_INFINITY) return;
    this.timer ??= new PeriodTimer(this);
    if (this.timer.slot < 0) {
      this.used = -this.burst;
      kernel.timers.arm(this.timer, kernel.clock.monotonic() + this.period);
    }
    this.used += nanoseconds;
  }

  /** Keep a runnable task until the next period. */
  park(kernel: Kernel, task: Task): void {
    if (this.throttled.length === 0) this.throttledSince = kernel.clock.monotonic();
    this.throttled.push(task);
  }

  /** A period ends. */
  refill(kernel: Kernel): void {
    const waited = this.throttled.length > 0;
    this.periods++;
    if (waited) this.throttledPeriods++;
    if (this.burst > 0 && this.used > 0) {
      this.bursts++;
      this.burstTime += Math.min(this.used, this.quota);
    }
    this.used = Math.max(-this.burst, this.used - this.quota);
    this.release(kernel);
    if (this.used > -this.burst || waited) kernel.timers.arm(this.timer!, kernel.clock.monotonic() + this.period);
  }

  /** Those that wait may run, unless another limit keeps them. */
  private release(kernel: Kernel): void {
    const parked = this.throttled;
    if (parked.length === 0) return;
    this.throttled = [];
    this.throttledTime += kernel.clock.monotonic() - this.throttledSince;
    for (const task of parked) if (task.state === 'R') kernel.scheduler.enqueue(task);
  }
}
