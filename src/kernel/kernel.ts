/** The kernel object: the root of all state, and the platform below it. */

import type { Platform } from '../platform/platform.ts';
import { Memory } from './mm/memory.ts';
import type { Timespec } from './vfs/inode.ts';
import { Scheduler } from './sched/scheduler.ts';
import { TimerHeap } from './time/timer.ts';

export class Kernel {
  /** The host's side; the only thing reachable from here that is not state. */
  platform: Platform;
  readonly memory: Memory;
  readonly timers: TimerHeap = new TimerHeap();
  readonly scheduler: Scheduler = new Scheduler(this);
  private nextInode = 0xf0000000;

  constructor(platform: Platform) {
    this.platform = platform;
    this.memory = new Memory(this);
  }

  get clock(): Platform['clock'] {
    return this.platform.clock;
  }

  /** Wall-clock time for inode stamps. */
  now(): Timespec {
    return this.platform.clock.realtime();
  }

  /** Inode numbers of namespaces and anonymous objects. */
  allocateInode(): number {
    return this.nextInode++;
  }
}
