/** Taking translations away, page by page or range by range. Linux: zap_page_range, change_protection in mm/. */

import { ACCESS_EXEC, ACCESS_READ, ACCESS_WRITE } from '../../platform/cpu.ts';
import { readAccess } from './fault.ts';
import type { Mm } from './mm.ts';
import { LEAF_PAGES, LEAF_SHIFT, PTE_ACCESS, PTE_PRIVATE } from './page_table.ts';
import { existingSpace } from './space_table.ts';
import { PROT_WRITE, type Vma } from './vma.ts';

const LEAF_MASK = LEAF_PAGES - 1;

/** Remove the entries of pages [from, to) of one range of memory; private frames are kept unless `copies`. */
export function zapRange(mm: Mm, from: number, to: number, copies: boolean): void {
  const { table, counts } = mm;
  const { frames, zeroFrame } = mm.kernel.memory;
  const space = existingSpace(mm);
  const shmem = mm.find(from)?.mapping?.isShmem === true;
  for (let page = table.nextCovered(from, to); page < to; page = table.nextCovered(page, to)) {
    const leafEnd = page - (page % LEAF_PAGES) + LEAF_PAGES;
    const end = Math.min(to, leafEnd);
    const { words } = table.arena;
    const base = table.leaf(page) << LEAF_SHIFT;
    let first = -1;
    let last = -1;
    for (let at = base | (page & LEAF_MASK), stop = at + (end - page); at < stop; at++) {
      const entry = words[at]!;
      if (entry === 0) continue;
      const frame = entry >>> 12;
      if (frame !== 0) {
        const isPrivate = (entry & PTE_PRIVATE) !== 0;
        if (isPrivate && !copies) continue;
        if (isPrivate) counts.anon--;
        else if (frame !== zeroFrame) counts[shmem ? 'shmem' : 'file']--;
        frames.put(frame);
        if (first < 0) first = at;
        last = at;
      }
      words[at] = 0;
    }
    if (first >= 0) space?.unmap(leafEnd - LEAF_PAGES + (first - base), last - first + 1);
    if (copies && end === leafEnd && page === leafEnd - LEAF_PAGES) table.freeLeaf(page, mm.payer);
    page = end;
  }
}

/** Take write access from the entries of pages [from, to): the next store faults. */
export function writeProtectRange(mm: Mm, from: number, to: number): void {
  const { table } = mm;
  for (let page = table.nextCovered(from, to); page < to; page = table.nextCovered(page, to)) {
    const end = Math.min(to, page - (page % LEAF_PAGES) + LEAF_PAGES);
    const { words } = table.arena;
    const start = (table.leaf(page) << LEAF_SHIFT) | (page & LEAF_MASK);
    for (let at = start, stop = start + (end - page); at < stop; at++) words[at]! &= ~ACCESS_WRITE;
    existingSpace(mm)?.writeProtect(page, end - page);
    page = end;
  }
}

/** Give the present pages of `vma` the access that its protection allows; write access comes back by faults. */
export function changeProtection(mm: Mm, vma: Vma): void {
  const { table } = mm;
  const keep = (vma.prot & PROT_WRITE) !== 0 ? ACCESS_WRITE : 0;
  const allowed = readAccess(vma);
  for (let page = table.nextCovered(vma.start, vma.end); page < vma.end; page = table.nextCovered(page, vma.end)) {
    const end = Math.min(vma.end, page - (page % LEAF_PAGES) + LEAF_PAGES);
    const { words } = table.arena;
    const start = (table.leaf(page) << LEAF_SHIFT) | (page & LEAF_MASK);
    let first = -1;
    let last = -1;
    for (let at = start, stop = start + (end - page); at < stop; at++) {
      const entry = words[at]!;
      if (entry >>> 12 === 0) continue;
      // Execution is granted by a fault, which marks the frame as code.
      const access = (entry & keep) | (allowed & ACCESS_READ) | (allowed & entry & ACCESS_EXEC);
      if (access === (entry & PTE_ACCESS)) continue;
      words[at] = (entry & ~PTE_ACCESS) | access;
      if (first < 0) first = at;
      last = at;
    }
    if (first >= 0) existingSpace(mm)?.unmap(page + (first - start), last - first + 1);
    page = end;
  }
}
