/** The heap that brk(2) moves. Linux: mm/mmap.c, SYSCALL_DEFINE1(brk). */

import { FRAME_SIZE } from '../../platform/ram.ts';
import { RLIMIT_DATA, softLimit } from './limits.ts';
import type { Mm } from './mm.ts';
import { mapRange, unmapRange } from './mmap.ts';
import { isFree } from './place.ts';
import { PROT_READ, PROT_WRITE } from './vma.ts';

/** Set the end of the heap to `address` if possible; the end as it is afterwards. */
export function setBrk(mm: Mm, address: number): number {
  const { layout } = mm;
  if (address < layout.startBrk) return layout.brk;
  if (address - layout.startBrk + (layout.endData - layout.startData) > softLimit(mm, RLIMIT_DATA)) return layout.brk;
  const oldEnd = Math.ceil(layout.brk / FRAME_SIZE);
  const newEnd = Math.ceil(address / FRAME_SIZE);
  if (newEnd < oldEnd) {
    if (unmapRange(mm, newEnd, oldEnd) < 0) return layout.brk;
  } else if (newEnd > oldEnd) {
    // One page stays free above the heap.
    if (!isFree(mm, oldEnd, newEnd - oldEnd + 1)) return layout.brk;
    const pages = newEnd - oldEnd;
    if (mapRange(mm, { page: oldEnd, pages, prot: PROT_READ | PROT_WRITE, flags: 0, fixed: 'noreplace' }) < 0) return layout.brk;
  }
  layout.brk = address;
  return address;
}
