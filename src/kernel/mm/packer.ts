/** Who looks for memory to put away: of processes that have slept for long (pack.ts), and of small files that nobody looks at (shmem.ts). */

import type { Kernel } from '../kernel.ts';
import { Timer } from '../time/timer.ts';
import { packMm } from './pack.ts';
import type { ShmemMapping } from './shmem.ts';

/** Processes and files that are packed at a time; others wait for the next one. */
const AT_A_TIME = 64;
const SOON = 20e6;

/** Looks a while after something has run, and not when nothing has. */
export class Packer extends Timer {
  /** How long a process must have slept, in nanoseconds; 0 packs nothing. */
  after = 0;
  /** Files with pages that have not been looked at, or were in use then. */
  private readonly files: Set<ShmemMapping> = new Set();

  /** Something runs. */
  note(kernel: Kernel, now: number): void {
    if (this.after !== 0 && this.slot < 0) kernel.timers.arm(this, now + this.after);
  }

  noteFile(file: ShmemMapping): void {
    if (this.after !== 0) this.files.add(file);
  }

  forgetFile(file: ShmemMapping): void {
    this.files.delete(file);
  }

  override expire(kernel: Kernel): void {
    const now = kernel.clock.monotonic();
    const next = Math.min(this.packProcesses(kernel, now), this.packFiles(now));
    if (next < Number.POSITIVE_INFINITY) kernel.timers.arm(this, Math.max(next, now + SOON));
  }

  /** When to look again. */
  private packProcesses(kernel: Kernel, now: number): number {
    let left = AT_A_TIME;
    let next = Number.POSITIVE_INFINITY;
    // Who waits for the processor does not sleep.
    for (const { task } of kernel.initialPidNs.pidsInUse()) if (task?.mm != null && task.state === 'R') task.mm.lastUse = now;
    for (const { task } of kernel.initialPidNs.pidsInUse()) {
      const mm = task?.mm ?? null;
      // What was looked at since it ran last has nothing to give.
      if (mm === null || mm.packed !== null || mm.lookedAt >= mm.lastUse) continue;
      if (now - mm.lastUse < this.after) next = Math.min(next, mm.lastUse + this.after);
      else if (left === 0) next = now + SOON;
      else {
        left--;
        mm.lookedAt = now;
        packMm(mm);
      }
    }
    return next;
  }

  private packFiles(now: number): number {
    let left = AT_A_TIME;
    for (const file of this.files) {
      if (left-- === 0) return now + SOON;
      if (!file.pack()) this.files.delete(file);
    }
    return this.files.size === 0 ? Number.POSITIVE_INFINITY : now + this.after;
  }
}
