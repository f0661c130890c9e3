/** The processor's view of each address space: a cache of its page table, not part of the kernel's state. */

import type { Space } from '../../platform/cpu.ts';
import type { Mm } from './mm.ts';

/** Rebuilt on demand by faults, so a checkpoint knows nothing of it. */
const spaces: WeakMap<Mm, Space> = new WeakMap();

/** The Space in which tasks of `mm` run. */
export function spaceOf(mm: Mm): Space {
  let space = spaces.get(mm);
  if (space === undefined) {
    space = mm.kernel.platform.machine.createSpace();
    spaces.set(mm, space);
  }
  return space;
}

/** The Space of `mm` if it has one: for removing translations. */
export const existingSpace = (mm: Mm): Space | undefined => spaces.get(mm);

/** No task will run in `mm` again. */
export function releaseSpace(mm: Mm): void {
  spaces.get(mm)?.release();
  spaces.delete(mm);
}
