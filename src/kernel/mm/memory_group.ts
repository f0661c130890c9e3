/** Memory that is limited and accounted together: frames and the price of kernel objects. Linux: struct mem_cgroup. See cgroups(7). */

/** A group that nobody joins any more: somebody waits for its end. */
export abstract class OrphanedGroup {
  /** Nothing is charged to it any more. */
  abstract end(): void;
}

/** Charges climb to the root, so a group's usage includes its descendants'. */
export class MemoryGroup {
  readonly parent: MemoryGroup | null;
  /** Index in Memory.groups; frames name their payer by it. */
  readonly id: number;
  /** memory.max and memory.high in bytes. */
  limit: number = Number.POSITIVE_INFINITY;
  high: number = Number.POSITIVE_INFINITY;
  /** memory.current: bytes of frames and kernel objects. */
  usage = 0;
  peak = 0;
  /** The part of `usage` that pays for kernel objects. */
  kernelBytes = 0;
  /** memory.events. */
  readonly events: { high: number; max: number; oom: number; oomKill: number } = { high: 0, max: 0, oom: 0, oomKill: 0 };

  /** The cgroup is gone; what is still charged keeps the group. Linux: mem_cgroup_css_offline. */
  orphan: OrphanedGroup | null = null;

  constructor(parent: MemoryGroup | null, id: number) {
    this.parent = parent;
    this.id = id;
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
}
