/** Stacks that grow when a page below them is touched. Linux: expand_stack in mm/mmap.c. */

import { FRAME_SIZE } from '../../platform/ram.ts';
import { exceeds, RLIMIT_AS, RLIMIT_STACK } from './limits.ts';
import type { Mm } from './mm.ts';
import { VM_GROWSDOWN, type Vma } from './vma.ts';
import { resizeVma } from './vma_list.ts';

/** stack_guard_gap: pages kept free below a stack. */
export const GUARD_GAP = 256;

/** Extend the stack above `page` down to it; null if there is none, or it may not grow so far. */
export function growStack(mm: Mm, page: number): Vma | null {
  const index = mm.indexAfter(page);
  const vma = mm.vmas.at(index);
  if (vma === undefined || (vma.flags & VM_GROWSDOWN) === 0) return null;
  if (page * FRAME_SIZE < mm.kernel.memory.mmapMinAddress) return null;
  if (exceeds(mm, RLIMIT_STACK, vma.end - page) || exceeds(mm, RLIMIT_AS, mm.counts.total + vma.start - page)) return null;
  const below = mm.vmas.at(index - 1);
  if (below !== undefined && (below.flags & VM_GROWSDOWN) === 0 && below.prot !== 0 && page - below.end < GUARD_GAP) return null;
  if (!mm.kernel.memory.commit(mm, vma.start - page)) return null;
  resizeVma(vma, page, vma.end);
  return vma;
}
