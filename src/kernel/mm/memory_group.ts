/** Memory that is limited and accounted together: frames and the price of kernel objects. Linux: struct mem_cgroup. See cgroups(7). */

import type { Cgroup } from '../cgroup/cgroup.ts';

/** What memory.events counts. Linux: enum memcg_memory_event. */
export class MemoryEvents {
  low = 0;
  high = 0;
  max = 0;
  oom = 0;
  oomKill = 0;
  oomGroupKill = 0;
}

/** A group that nobody joins any more: somebody waits for its end. */
export abstract class OrphanedGroup {
  /** Nothing is charged to it any more. */
  abstract end(): void;
}

/** The peak as one open file counts it: since that file was last written to. Linux: struct cgroup_of_peak. */
export class PeakReader {
  value = -1;
}

/** Charges climb to the root, so a group's usage includes its descendants'. */
export class MemoryGroup {
  readonly parent: MemoryGroup | null;
  /** Index in Memory.groups; frames name their payer by it. */
  readonly id: number;
  /** Whose it is; null for the root's. */
  readonly cgroup: Cgroup | null;
  /** memory.max, memory.high, memory.low and memory.min in bytes. */
  limit: number = Number.POSITIVE_INFINITY;
  high: number = Number.POSITIVE_INFINITY;
  low = 0;
  min = 0;
  /** memory.swap.max and memory.swap.high; nothing is ever swapped out. */
  swapMax: number = Number.POSITIVE_INFINITY;
  swapHigh: number = Number.POSITIVE_INFINITY;
  /** memory.oom.group. */
  oomGroup = false;
  /** memory.current: bytes of frames and kernel objects. */
  usage = 0;
  peak = 0;
  /** The peak since a file was last written to, and the files that have been. */
  localPeak = 0;
  readonly peakReaders: Set<PeakReader> = new Set();
  /** The part of `usage` that pays for kernel objects. */
  kernelBytes = 0;
  /** memory.events, and what of it has happened for this group's own limits. */
  readonly events: MemoryEvents = new MemoryEvents();
  readonly localEvents: MemoryEvents = new MemoryEvents();
  /** Page faults of its tasks and of those below. */
  faults = 0;
  majorFaults = 0;
  /** Frames that were looked at for reclaim, and freed. */
  scanned = 0;
  stolen = 0;
  /** The cgroup is gone; what is still charged keeps the group. Linux: mem_cgroup_css_offline. */
  orphan: OrphanedGroup | null = null;

  constructor(parent: MemoryGroup | null, id: number, cgroup: Cgroup | null = null) {
    this.parent = parent;
    this.id = id;
    this.cgroup = cgroup;
  }

  /** The nearest group above, or this one, that is not orphaned. */
  get heir(): MemoryGroup {
    let group: MemoryGroup = this;
    while (group.orphan !== null) group = group.parent!;
    return group;
  }

  /** Take `bytes` from this group and its ancestors, or from none of them. */
  tryCharge(bytes: number): boolean {
    for (let group: MemoryGroup | null = this; group !== null; group = group.parent) {
      if (group.usage + bytes > group.limit) return false;
    }
    for (let group: MemoryGroup | null = this; group !== null; group = group.parent) {
      group.usage += bytes;
      if (group.usage > group.peak) group.peak = group.usage;
      if (group.usage > group.localPeak) group.localPeak = group.usage;
    }
    return true;
  }

  /** Give back `bytes`, in the groups below `heir` only if there is one. */
  uncharge(bytes: number, heir: MemoryGroup | null = null): void {
    for (let group: MemoryGroup | null = this; group !== heir && group !== null; group = group.parent) {
      group.usage -= bytes;
      if (group.usage === 0 && group.orphan !== null) group.orphan.end();
    }
  }

  /** The innermost group whose limit refuses `bytes` more; null when none does. */
  refusing(bytes: number): MemoryGroup | null {
    for (let group: MemoryGroup | null = this; group !== null; group = group.parent) {
      if (group.usage + bytes > group.limit) return group;
    }
    return null;
  }

  /** Whether this group is `other` or below it. */
  isWithin(other: MemoryGroup): boolean {
    for (let group: MemoryGroup | null = this; group !== null; group = group.parent) if (group === other) return true;
    return false;
  }

  /** Something has happened, here alone or for all groups above too. Linux: memcg_memory_event. */
  count(event: keyof MemoryEvents, localOnly: boolean): void {
    this.localEvents[event]++;
    this.cgroup?.notify('memory.events.local');
    for (let group: MemoryGroup = this; group.parent !== null; group = group.parent) {
      group.events[event]++;
      group.cgroup?.notify('memory.events');
      if (localOnly) return;
    }
  }

  countFault(major: boolean): void {
    for (let group: MemoryGroup | null = this; group !== null; group = group.parent) {
      if (major) group.majorFaults++;
      else group.faults++;
    }
  }

  /** What memory.min or memory.low keeps from reclaim on behalf of `target`, a group above or this one. Linux: mem_cgroup_calculate_protection. */
  protection(kind: 'min' | 'low', target: MemoryGroup): number {
    if (this === target) return 0;
    let kept = Number.POSITIVE_INFINITY;
    for (let group: MemoryGroup = this; group !== target && group.parent !== null; group = group.parent) kept = Math.min(kept, group[kind]);
    return kept;
  }
}
