/** What happens when memory runs out: the largest task dies. Linux: mm/oom_kill.c. */

import type { Kernel } from '../kernel.ts';
import type { MemoryGroup } from './memory_group.ts';

/** Kill the largest process that `group` pays for; true when memory has been freed and the allocation may be tried again. */
export function outOfMemory(_kernel: Kernel, group: MemoryGroup): boolean {
  group.events.oom++;
  return false;
}
