/** struct rusage. See getrusage(2). */

import { longs } from '../syscall/copy.ts';
import type { ResourceUsage } from './thread_group.ts';

export function encodeRusage(usage: ResourceUsage): Uint8Array {
  const time = (nanoseconds: number): [number, number] => [Math.floor(nanoseconds / 1e9), Math.floor((nanoseconds % 1e9) / 1000)];
  return longs([
    ...time(usage.userTime),
    ...time(usage.systemTime),
    usage.maxResident,
    0,
    0,
    0,
    usage.minorFaults,
    usage.majorFaults,
    0,
    0,
    0,
    0,
    0,
    0,
    usage.voluntarySwitches,
    usage.involuntarySwitches,
  ]);
}
