/** Kernel timers: plain objects in a heap, which name what they act on. Linux: kernel/time/timer.c. */

import type { Kernel } from '../kernel.ts';

/** Something that happens at a time. Subclasses are data plus `expire`; no closures. */
export abstract class Timer {
  /** Absolute monotonic nanoseconds. */
  deadline: number = Number.POSITIVE_INFINITY;
  /** Position in the heap, -1 when not armed. Owned by TimerHeap. */
  slot = -1;
  abstract expire(kernel: Kernel): void;
}

/** A binary heap of armed timers, earliest first. */
export class TimerHeap {
  private heap: Timer[] = [];

  /** The earliest deadline, or Infinity. */
  get next(): number {
    return this.heap[0]?.deadline ?? Number.POSITIVE_INFINITY;
  }

  arm(timer: Timer, deadline: number): void {
    if (timer.slot >= 0) this.cancel(timer);
    timer.deadline = deadline;
    timer.slot = this.heap.length;
    this.heap.push(timer);
    this.up(timer.slot);
  }

  cancel(timer: Timer): void {
    const at = timer.slot;
    if (at < 0) return;
    timer.slot = -1;
    const last = this.heap.pop()!;
    if (last === timer) return;
    this.place(last, at);
    this.up(at);
    this.down(last.slot);
  }

  /** Take the earliest timer if its deadline is not after `now`. */
  takeExpired(now: number): Timer | null {
    const first = this.heap[0];
    if (first === undefined || first.deadline > now) return null;
    this.cancel(first);
    return first;
  }

  private place(timer: Timer, at: number): void {
    this.heap[at] = timer;
    timer.slot = at;
  }

  private up(start: number): void {
    let at = start;
    const timer = this.heap[at]!;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.heap[parent]!;
      if (above.deadline <= timer.deadline) break;
      this.place(above, at);
      at = parent;
    }
    this.place(timer, at);
  }

  private down(start: number): void {
    let at = start;
    const timer = this.heap[at]!;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.heap.length) break;
      if (child + 1 < this.heap.length && this.heap[child + 1]!.deadline < this.heap[child]!.deadline) child++;
      const below = this.heap[child]!;
      if (below.deadline >= timer.deadline) break;
      this.place(below, at);
      at = child;
    }
    this.place(timer, at);
  }
}
