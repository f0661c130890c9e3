/** Tasks whose memory, number and processor time are limited together. See cgroups(7). */

import type { MemoryGroup } from '../mm/memory_group.ts';
import { CpuBandwidth } from '../sched/cpu_bandwidth.ts';

export class Cgroup {
  readonly parent: Cgroup | null;
  readonly name: string;
  readonly memory: MemoryGroup;
  readonly cpu: CpuBandwidth = new CpuBandwidth();
  /** pids.max and pids.current: threads in this group and its descendants. */
  pidsMax: number = Number.POSITIVE_INFINITY;
  pidsCurrent = 0;
  /** pids.events max: how often a fork was refused. */
  pidsRefused = 0;
  /** Whether system calls of its tasks are traced (platform.trace). */
  traced = false;

  constructor(parent: Cgroup | null, name: string, memory: MemoryGroup) {
    this.parent = parent;
    this.name = name;
    this.memory = memory;
  }

  /** Count one more thread here and in the ancestors, or nowhere. Linux: pids_can_fork. */
  tryChargePid(): boolean {
    for (let group: Cgroup | null = this; group !== null; group = group.parent) {
      if (group.pidsCurrent >= group.pidsMax) {
        group.pidsRefused++;
        return false;
      }
    }
    for (let group: Cgroup | null = this; group !== null; group = group.parent) group.pidsCurrent++;
    return true;
  }

  unchargePid(): void {
    for (let group: Cgroup | null = this; group !== null; group = group.parent) group.pidsCurrent--;
  }
}
