/** Moving and resizing mappings. Linux: mm/mremap.c. See mremap(2). */

import { EAGAIN, EFAULT, EINVAL, ENOMEM, EPERM } from '../../abi/errno.ts';
import { exceeds, RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK } from './limits.ts';
import { type Mm, TASK_PAGES } from './mm.ts';
import { unmapRange } from './mmap.ts';
import { LEAF_PAGES, LEAF_SHIFT } from './page_table.ts';
import { isFree, place } from './place.ts';
import { existingSpace } from './space_table.ts';
import { VM_ACCOUNT, VM_DONTEXPAND, VM_LOCKED, VM_SEALED, type Vma } from './vma.ts';
import { insertVma, isData, mergeAround, resizeVma, splitAround } from './vma_list.ts';

export const MREMAP_MAYMOVE = 1;
export const MREMAP_FIXED = 2;
export const MREMAP_DONTUNMAP = 4;

/** All in pages; `target` counts only with MREMAP_FIXED or as a hint with MREMAP_DONTUNMAP. The new first page or a negative errno. */
export function remapRange(mm: Mm, first: number, oldPages: number, newPages: number, flags: number, target: number): number {
  const old = mm.find(first);
  if (old === null) return -EFAULT;
  if ((old.flags & VM_SEALED) !== 0) return -EPERM;
  if ((flags & MREMAP_FIXED) !== 0) {
    if (target + newPages > TASK_PAGES || newPages > TASK_PAGES) return -EINVAL;
    if (target + newPages > first && first + oldPages > target) return -EINVAL;
    const failed = unmapRange(mm, target, target + newPages);
    if (failed < 0) return failed;
  }
  let length = oldPages;
  if (oldPages > newPages && (flags & MREMAP_DONTUNMAP) === 0) {
    const failed = unmapRange(mm, first + newPages, first + oldPages);
    if (failed < 0) return failed;
    if ((flags & MREMAP_FIXED) === 0) return first;
    length = newPages;
  }
  const vma = mm.find(first);
  if (vma === null) return -EFAULT;
  const refused = mayResize(mm, vma, first, length, newPages, flags);
  if (refused < 0) return refused;
  if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) === 0) {
    if (length === newPages) return first;
    if (first + length === vma.end && isFree(mm, vma.end, newPages - length))
      return growInPlace(mm, vma, newPages - length) ? first : -ENOMEM;
    if ((flags & MREMAP_MAYMOVE) === 0) return -ENOMEM;
  }
  let to = target;
  if ((flags & MREMAP_FIXED) === 0) {
    to = place(mm, target, newPages, null, 0);
    if (to < 0) return -ENOMEM;
  }
  return move(mm, first, length, to, newPages, (flags & MREMAP_DONTUNMAP) !== 0);
}

/** Linux: vma_to_resize. */
function mayResize(mm: Mm, vma: Vma, first: number, oldPages: number, newPages: number, flags: number): number {
  if (oldPages === 0 && !vma.shared) return -EINVAL;
  if ((flags & MREMAP_DONTUNMAP) !== 0 && (vma.flags & VM_DONTEXPAND) !== 0) return -EINVAL;
  if (first + oldPages > vma.end) return -EFAULT;
  if (newPages === oldPages) return 0;
  if ((vma.flags & VM_DONTEXPAND) !== 0) return -EFAULT;
  const more = newPages - oldPages;
  if ((vma.flags & VM_LOCKED) !== 0 && exceeds(mm, RLIMIT_MEMLOCK, mm.counts.locked + more)) return -EAGAIN;
  if (exceeds(mm, RLIMIT_AS, mm.counts.total + more)) return -ENOMEM;
  return isData(vma.prot, vma.flags) && exceeds(mm, RLIMIT_DATA, mm.counts.data + more) ? -ENOMEM : 0;
}

function growInPlace(mm: Mm, vma: Vma, more: number): boolean {
  if ((vma.flags & VM_ACCOUNT) !== 0 && !mm.kernel.memory.commit(mm, more)) return false;
  resizeVma(vma, vma.start, vma.end + more);
  mergeAround(mm, vma.start, vma.end);
  return true;
}

/** Linux: move_vma. */
function move(mm: Mm, first: number, oldPages: number, to: number, newPages: number, keepOld: boolean): number {
  if (mm.vmas.length >= mm.kernel.memory.maxMapCount - 3) return -ENOMEM;
  if (!splitAround(mm, first, first + oldPages)) return -ENOMEM;
  const vma = mm.find(first)!;
  const accounted = (vma.flags & VM_ACCOUNT) !== 0;
  if (accounted && !mm.kernel.memory.commit(mm, newPages)) return -ENOMEM;
  const moved = vma.copy(mm, to, to + newPages);
  moved.offset = vma.offset;
  if (!insertVma(moved)) {
    moved.file?.put();
    if (accounted) mm.kernel.memory.uncommit(mm, newPages);
    return -ENOMEM;
  }
  if (!movePages(mm, first, to, Math.min(oldPages, newPages))) {
    unmapRange(mm, to, to + newPages);
    return -ENOMEM;
  }
  if (keepOld) mm.zap(vma.start, vma.end, true);
  else if (oldPages > 0) unmapRange(mm, first, first + oldPages);
  mergeAround(mm, to, to + newPages);
  return to;
}

/** Move page table entries; the leaves of the destination are made first, so that nothing is half moved. */
function movePages(mm: Mm, from: number, to: number, pages: number): boolean {
  const { table } = mm;
  const end = from + pages;
  for (let page = table.nextCovered(from, end); page < end; page = table.nextCovered(nextLeaf(page), end)) {
    const stop = Math.min(end, nextLeaf(page)) - 1;
    if (table.ensureLeaf(to + (page - from), mm.payer) === 0 || table.ensureLeaf(to + (stop - from), mm.payer) === 0) return false;
  }
  const { words } = table.arena;
  for (let page = table.nextCovered(from, end); page < end; page = table.nextCovered(page, end)) {
    const stop = Math.min(end, nextLeaf(page));
    const base = (table.leaf(page) << LEAF_SHIFT) - (page - (page % LEAF_PAGES));
    for (let at = page; at < stop; at++) {
      const entry = words[base + at]!;
      if (entry === 0) continue;
      table.set(to + (at - from), entry);
      words[base + at] = 0;
    }
    existingSpace(mm)?.unmap(page, stop - page);
    page = stop;
  }
  return true;
}

const nextLeaf = (page: number): number => page - (page % LEAF_PAGES) + LEAF_PAGES;
