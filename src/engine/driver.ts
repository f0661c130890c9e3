/** Gives the kernel the host's time: runs it in slices and sleeps until its next deadline. */

import type { Kernel } from '../kernel/api/index.ts';

/** How the host lets other work happen between slices. */
export interface Scheduling {
  /** Call back as soon as pending host events have been handled. */
  soon(callback: () => void): void;
  /** Call back after some milliseconds; the result cancels. */
  later(milliseconds: number, callback: () => void): () => void;
}

const SLICE = 10e6; // nanoseconds until the host's events are looked at
const SPIN = 1e6; // host timers are no finer than this
const LONGEST = 3600e9; // and do not last for ever

export class Driver {
  private readonly kernel: Kernel;
  private readonly scheduling: Scheduling;
  private readonly afterSlice: () => boolean;
  private queued = false;
  private cancelTimer: (() => void) | null = null;
  private stopped = false;

  /**
   * `afterSlice` runs after every slice: exits are noticed there. While it says that processes are left, the host is asked to come
   * back even if they all sleep without a deadline: a host whose program waits for nothing else would end.
   */
  constructor(kernel: Kernel, scheduling: Scheduling, afterSlice: () => boolean) {
    this.kernel = kernel;
    this.scheduling = scheduling;
    this.afterSlice = afterSlice;
  }

  /** Something changed for the kernel: input, a new container, room in an output. */
  poke(): void {
    if (this.queued || this.stopped) return;
    this.queued = true;
    this.cancelTimer?.();
    this.cancelTimer = null;
    this.scheduling.soon(this.slice);
  }

  stop(): void {
    this.stopped = true;
    this.cancelTimer?.();
  }

  private readonly slice = (): void => {
    this.queued = false;
    if (this.stopped) return;
    const { clock } = this.kernel;
    const runnable = this.kernel.run(clock.monotonic() + SLICE);
    const processesLeft = this.afterSlice();
    if (this.stopped || this.queued) return;
    const wait = runnable ? 0 : this.kernel.timers.next - clock.monotonic();
    if (wait < SPIN) {
      this.queued = true;
      this.scheduling.soon(this.slice);
    } else if (processesLeft || wait < Number.POSITIVE_INFINITY) {
      this.cancelTimer = this.scheduling.later(Math.floor(Math.min(wait, LONGEST) / 1e6), () => this.poke());
    }
  };
}
