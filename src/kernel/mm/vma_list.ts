/** The ordered list of ranges of an address space: inserting, splitting, merging, accounting. Linux: mm/vma.c. */

import type { Mm } from './mm.ts';
import { charge, PRICE_VMA, uncharge } from './price.ts';
import { PROT_EXEC, PROT_WRITE, VM_ACCOUNT, VM_GROWSDOWN, VM_LOCKED, VM_SHARED, type Vma } from './vma.ts';

/** Add `pages` (may be negative) of a range like `vma` to the counts. Linux: vm_stat_account. */
function account(vma: Vma, pages: number): void {
  const { mm, prot, flags } = vma;
  const { counts } = mm;
  counts.total += pages;
  if (counts.total > counts.peakTotal) counts.peakTotal = counts.total;
  if ((flags & VM_LOCKED) !== 0) counts.locked += pages;
  if ((flags & VM_GROWSDOWN) !== 0) counts.stack += pages;
  else if (isData(prot, flags)) counts.data += pages;
  else if ((prot & (PROT_EXEC | PROT_WRITE)) === PROT_EXEC) counts.exec += pages;
}

/** Whether RLIMIT_DATA counts it. Linux: is_data_mapping. */
export const isData = (prot: number, flags: number): boolean => (prot & PROT_WRITE) !== 0 && (flags & (VM_SHARED | VM_GROWSDOWN)) === 0;

/** Put a new range into its place: false when there is no memory for it. The file reference is taken over. */
export function insertVma(vma: Vma): boolean {
  const { mm } = vma;
  if (!charge(mm.kernel, mm.payer, PRICE_VMA)) return false;
  mm.vmas.insert(mm.indexAfter(vma.start), vma);
  vma.mapping?.attach(vma);
  account(vma, vma.pages);
  return true;
}

/** As insertVma for a range above all others. */
export function appendVma(vma: Vma): boolean {
  const { mm } = vma;
  if (!charge(mm.kernel, mm.payer, PRICE_VMA)) return false;
  mm.vmas.push(vma);
  vma.mapping?.attach(vma);
  account(vma, vma.pages);
  return true;
}

/** The range has left the list: drop what it holds. */
export function detachVma(vma: Vma): void {
  vma.mapping?.detach(vma);
  vma.file?.put();
}

/** Remove ranges [from, to) of the list, whose pages have been zapped. */
export function removeVmas(mm: Mm, from: number, to: number): void {
  for (const vma of mm.vmas.remove(from, to)) {
    account(vma, -vma.pages);
    if ((vma.flags & VM_ACCOUNT) !== 0) mm.kernel.memory.uncommit(mm, vma.pages);
    detachVma(vma);
    uncharge(mm.payer, PRICE_VMA);
  }
}

/** Change the bounds of a range that stays in its place. Pages that it loses have been zapped. */
export function resizeVma(vma: Vma, start: number, end: number): void {
  account(vma, end - start - vma.pages);
  vma.offset += start - vma.start;
  vma.start = start;
  vma.end = end;
}

/** Change protection and flags of a range. */
export function reflagVma(vma: Vma, prot: number, flags: number): void {
  account(vma, -vma.pages);
  vma.prot = prot;
  vma.flags = flags;
  account(vma, vma.pages);
}

/** Split the range at `index` so that `page` begins a new one; false when there is no memory for it. */
export function splitVma(mm: Mm, index: number, page: number): boolean {
  if (!charge(mm.kernel, mm.payer, PRICE_VMA)) return false;
  const vma = mm.vmas.at(index)!;
  const upper = vma.copy(mm, page, vma.end);
  vma.end = page;
  vma.mapping?.attach(upper);
  mm.vmas.insert(index + 1, upper);
  return true;
}

/**
 * Split so that ranges begin at `first` and at `end`, if something is mapped across them: false when the number of ranges or
 * memory forbids it. Afterwards the ranges inside are those from indexAfter(first) on.
 */
export function splitAround(mm: Mm, first: number, end: number): boolean {
  const { maxMapCount } = mm.kernel.memory;
  const index = mm.indexAfter(first);
  const vma = mm.vmas.at(index);
  if (vma === undefined || vma.start >= end) return true;
  if (vma.start < first) {
    if (mm.vmas.length >= maxMapCount || !splitVma(mm, index, first)) return false;
  }
  const last = mm.indexAfter(end - 1);
  const tail = mm.vmas.at(last);
  if (tail === undefined || tail.start >= end || tail.end === end) return true;
  return mm.vmas.length < maxMapCount && splitVma(mm, last, end);
}

/** Whether two neighbours can be one range. Linux: can_vma_merge_after. */
function mergeable(a: Vma, b: Vma): boolean {
  return (
    a.end === b.start &&
    a.prot === b.prot &&
    a.flags === b.flags &&
    a.file === b.file &&
    a.mapping === b.mapping &&
    a.name === b.name &&
    a.mayProt === b.mayProt &&
    (a.mapping === null || a.offset + a.pages === b.offset)
  );
}

/** Merge ranges that have become alike among those touching [first, end]. */
export function mergeAround(mm: Mm, first: number, end: number): void {
  let index = Math.max(0, mm.indexAfter(first) - 1);
  for (;;) {
    const a = mm.vmas.at(index);
    const b = mm.vmas.at(index + 1);
    if (a === undefined || b === undefined || a.start > end) return;
    if (!mergeable(a, b)) {
      index++;
      continue;
    }
    a.end = b.end;
    a.hasPrivate ||= b.hasPrivate;
    mm.vmas.remove(index + 1, index + 2);
    detachVma(b);
    uncharge(mm.payer, PRICE_VMA);
  }
}
