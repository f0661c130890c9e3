/** What a container uses, and changing what it may use: by the files of its control group. */

import { FRAME_SIZE } from '../../platform/ram.ts';
import type { Kernel } from '../kernel.ts';
import { writeLimits } from './cgroups.ts';
import type { RuntimeProcess } from './runtime_process.ts';
import type { ContainerSpec } from './spec.ts';

/** Times in nanoseconds, sizes in bytes; Infinity is without limit. */
export interface ResourceUse {
  readonly userTime: number;
  readonly systemTime: number;
  /** Periods of cpu.max, those in which it had to wait, and for how long. */
  readonly periods: number;
  readonly throttledPeriods: number;
  readonly throttledTime: number;
  readonly memory: number;
  readonly peakMemory: number;
  /** All memory of the machine where there is no limit. */
  readonly memoryLimit: number;
  /** Pages of files that nobody has used lately: they can be had for the asking. */
  readonly idleFiles: number;
  readonly faults: number;
  readonly threads: number;
  readonly threadLimit: number;
}

export function resourcesOf(kernel: Kernel, { cgroup }: RuntimeProcess): ResourceUse {
  const { usage, cpu, memory, pids, threads } = cgroup;
  return {
    userTime: usage.user,
    systemTime: usage.system,
    periods: cpu.periods,
    throttledPeriods: cpu.throttledPeriods,
    throttledTime: cpu.throttledTime,
    memory: memory.usage,
    peakMemory: memory.peak,
    memoryLimit: Math.min(memory.limit, kernel.memory.frames.limit * FRAME_SIZE),
    idleFiles: kernel.memory.census(memory).idleFile * FRAME_SIZE,
    faults: memory.faults,
    threads,
    threadLimit: pids?.max ?? Number.POSITIVE_INFINITY,
  };
}

/** Change what the container may use: 0 or a negative errno. Null is without limit. */
export const limitResources = (
  kernel: Kernel,
  { cgroup }: RuntimeProcess,
  limits: Pick<ContainerSpec, 'memory' | 'pids' | 'cpus'>,
): number => writeLimits(kernel, cgroup, limits);
