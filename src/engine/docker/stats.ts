/** What a container uses, as docker's GET /containers/{}/stats?one-shot=true tells. */

import type { ResourceUse } from '../../kernel/api/index.ts';
import type { ManagedContainer } from './managed_container.ts';

interface CpuStats {
  readonly cpu_usage: { readonly total_usage: number; readonly usage_in_kernelmode: number; readonly usage_in_usermode: number };
  readonly system_cpu_usage: number;
  readonly online_cpus: number;
  readonly throttling_data: { readonly periods: number; readonly throttled_periods: number; readonly throttled_time: number };
}

export interface ContainerStats {
  readonly read: string;
  readonly name: string;
  readonly id: string;
  readonly num_procs: number;
  readonly pids_stats: { readonly current: number; readonly limit?: number };
  readonly cpu_stats: CpuStats;
  readonly memory_stats: { readonly usage: number; readonly limit: number; readonly stats: Readonly<Record<string, number>> };
}

function cpuStats({ userTime, systemTime, periods, throttledPeriods, throttledTime }: ResourceUse, now: number): CpuStats {
  return {
    cpu_usage: {
      total_usage: Math.floor(userTime + systemTime),
      usage_in_kernelmode: Math.floor(systemTime),
      usage_in_usermode: Math.floor(userTime),
    },
    system_cpu_usage: Math.floor(now),
    online_cpus: 1,
    throttling_data: { periods, throttled_periods: throttledPeriods, throttled_time: Math.floor(throttledTime) },
  };
}

/** `now` are nanoseconds on the clock of the only processor. */
export function statsOf({ container }: ManagedContainer, now: number): ContainerStats {
  const use = container.resources();
  return {
    read: new Date().toISOString(),
    name: `/${container.name}`,
    id: container.id,
    num_procs: 0,
    pids_stats: { current: use.threads, ...(Number.isFinite(use.threadLimit) ? { limit: use.threadLimit } : {}) },
    cpu_stats: cpuStats(use, now),
    memory_stats: {
      usage: use.memory,
      limit: use.memoryLimit,
      stats: { inactive_file: use.idleFiles, pgfault: use.faults },
    },
  };
}
