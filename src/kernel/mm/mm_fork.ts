/** The copy of an address space that fork(2) gives to the child. Linux: dup_mmap in kernel/fork.c, copy_page_range. */

import { ENOMEM } from '../../abi/errno.ts';
import { ACCESS_WRITE } from '../../platform/cpu.ts';
import { Mm } from './mm.ts';
import { exitMmap } from './mm_exit.ts';
import { LEAF_PAGES, LEAF_SHIFT, PTE_PRIVATE } from './page_table.ts';
import { charge, PRICE_MM } from './price.ts';
import { existingSpace } from './space_table.ts';
import { VM_ACCOUNT, VM_DONTCOPY, VM_LOCKED, VM_WIPEONFORK, type Vma } from './vma.ts';
import { appendVma } from './vma_list.ts';

const LEAF_MASK = LEAF_PAGES - 1;

/** An empty address space paid by the same group; -ENOMEM when it cannot be paid. */
export function createMm(like: Mm): Mm | number {
  return charge(like.kernel, like.memory, PRICE_MM) ? new Mm(like.kernel, like.memory) : -ENOMEM;
}

/** A copy of `old` that shares its private pages until one side writes; or -ENOMEM. */
export function dupMm(old: Mm): Mm | number {
  const mm = createMm(old);
  if (typeof mm === 'number') return mm;
  Object.assign(mm.layout, old.layout);
  mm.limits = old.limits;
  mm.setExe(old.exeFile);
  mm.mmapBase = old.mmapBase;
  mm.dumpable = old.dumpable;
  for (const vma of old.vmas) {
    if ((vma.flags & VM_DONTCOPY) !== 0) continue;
    if (!copyVma(old, mm, vma)) {
      exitMmap(mm);
      return -ENOMEM;
    }
  }
  return mm;
}

function copyVma(old: Mm, mm: Mm, vma: Vma): boolean {
  if ((vma.flags & VM_ACCOUNT) !== 0 && !mm.kernel.memory.commit(mm, vma.pages)) return false;
  const copy = vma.copy(mm, vma.start, vma.end);
  copy.flags &= ~VM_LOCKED;
  if (!appendVma(copy)) {
    copy.file?.put();
    return false;
  }
  if ((vma.flags & VM_WIPEONFORK) !== 0) copy.hasPrivate = false;
  return !copy.hasPrivate || copyPages(old, mm, vma);
}

/** Both sides get the private pages, read-only. Pages of files are not copied: faults find them again. */
function copyPages(old: Mm, mm: Mm, vma: Vma): boolean {
  const { frames } = mm.kernel.memory;
  for (let page = old.table.nextCovered(vma.start, vma.end); page < vma.end; page = old.table.nextCovered(page, vma.end)) {
    const end = Math.min(vma.end, page - (page % LEAF_PAGES) + LEAF_PAGES);
    const leaf = mm.table.ensureLeaf(page, mm.payer);
    if (leaf === 0) return false;
    const { words } = mm.table.arena;
    const from = (old.table.leaf(page) << LEAF_SHIFT) | (page & LEAF_MASK);
    const toFrom = ((leaf << LEAF_SHIFT) | (page & LEAF_MASK)) - from;
    let first = -1;
    let last = -1;
    let copied = 0;
    for (let at = from, stop = from + (end - page); at < stop; at++) {
      const entry = words[at]!;
      if ((entry & PTE_PRIVATE) === 0) continue;
      frames.get(entry >>> 12);
      copied++;
      if ((entry & ACCESS_WRITE) !== 0) {
        words[at] = entry & ~ACCESS_WRITE;
        if (first < 0) first = at;
        last = at;
      }
      words[at + toFrom] = entry & ~ACCESS_WRITE;
    }
    mm.counts.anon += copied;
    if (first >= 0) existingSpace(old)?.writeProtect(page + (first - from), last - first + 1);
    page = end;
  }
  mm.counts.peakResident = mm.counts.resident;
  return true;
}
