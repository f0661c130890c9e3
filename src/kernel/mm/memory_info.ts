/** The memory of the machine as /proc/meminfo and sysinfo(2) report it. */

import { FRAME_SIZE } from '../../platform/ram.ts';
import type { Kernel } from '../kernel.ts';

/** All in bytes. */
export interface MemoryInfo {
  readonly total: number;
  readonly free: number;
  readonly available: number;
  /** Page cache, shared memory included. */
  readonly cached: number;
  readonly anonymous: number;
  readonly mapped: number;
  readonly shared: number;
  readonly committed: number;
  readonly commitLimit: number;
}

export function memoryInfo(kernel: Kernel): MemoryInfo {
  const { frames, cachedFrames, sharedFrames, committed, commitLimit } = kernel.memory;
  const free = frames.limit - frames.used;
  return {
    total: frames.limit * FRAME_SIZE,
    free: free * FRAME_SIZE,
    available: (free + cachedFrames - sharedFrames) * FRAME_SIZE,
    cached: cachedFrames * FRAME_SIZE,
    anonymous: (frames.used - cachedFrames) * FRAME_SIZE,
    mapped: (cachedFrames - sharedFrames) * FRAME_SIZE,
    shared: sharedFrames * FRAME_SIZE,
    committed: committed * FRAME_SIZE,
    commitLimit: commitLimit * FRAME_SIZE,
  };
}
