/** Memory that is limited and accounted together: frames and the price of kernel objects. Linux: struct mem_cgroup. See cgroups(7). */

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

  constructor(parent: MemoryGroup | null, id: number) {
    this.parent = parent;
    this.id = id;
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

  uncharge(bytes: number): void {
    for (let group: MemoryGroup | null = this; group !== null; group = group.parent) group.usage -= bytes;
  }

  /** Take `bytes` that were given back a moment ago: they fit. */
  recharge(bytes: number): void {
    for (let group: MemoryGroup | null = this; group !== null; group = group.parent) group.usage += bytes;
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
