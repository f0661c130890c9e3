/** A limit on processor time: `quota` nanoseconds in every `period`. Linux: cpu.max, struct cfs_bandwidth. */

import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { Timer } from '../time/timer.ts';

class PeriodTimer extends Timer {
  readonly bandwidth: CpuBandwidth;
  constructor(bandwidth: CpuBandwidth) {
    super();
    this.bandwidth = bandwidth;
  }
  expire(kernel: Kernel): void {
    this.bandwidth.refill(kernel);
  }
}

export class CpuBandwidth {
  /** Infinity: no limit. */
  quota: number = Number.POSITIVE_INFINITY;
  period = 100e6;
  /** cpu.stat: time used, periods, periods throttled. */
  usage = 0;
  periods = 0;
  throttledPeriods = 0;
  private used = 0;
  private throttled: Task[] = [];
  private timer: PeriodTimer | null = null;

  /** Whether nothing is left of this period. */
  get exhausted(): boolean {
    return this.used >= this.quota;
  }

  /** What is left of this period, in nanoseconds. */
  get left(): number {
    return this.quota - this.used;
  }

  /** A task has run for `nanoseconds`. */
  account(kernel: Kernel, nanoseconds: number): void {
    this.usage += nanoseconds;
    if (this.quota === Number.POSITIVE_INFINITY) return;
    this.used += nanoseconds;
    this.timer ??= new PeriodTimer(this);
    if (this.timer.slot < 0) kernel.timers.arm(this.timer, kernel.clock.monotonic() + this.period);
  }

  /** Keep a runnable task until the next period. */
  park(task: Task): void {
    this.throttled.push(task);
  }

  refill(kernel: Kernel): void {
    this.periods++;
    if (this.exhausted) this.throttledPeriods++;
    this.used = Math.max(0, this.used - this.quota);
    const parked = this.throttled;
    this.throttled = [];
    for (const task of parked) if (task.state === 'R') kernel.scheduler.enqueue(task);
    if (this.used > 0 || parked.length > 0) kernel.timers.arm(this.timer!, kernel.clock.monotonic() + this.period);
  }
}
