/** Page faults: making one page present for one kind of access. Linux: arch/arm64/mm/fault.c, mm/memory.c. */

import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { ACCESS_EXEC, ACCESS_READ, ACCESS_WRITE } from '../../platform/cpu.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import { FRAME_EXEC, FRAME_REFERENCED } from './frames.ts';
import { type Mm, TASK_PAGES } from './mm.ts';
import type { PageMapping } from './page_mapping.ts';
import { LEAF_SHIFT, PTE_ACCESS, PTE_PRIVATE, PTE_TOUCHED } from './page_table.ts';
import { existingSpace, spaceOf } from './space_table.ts';
import { growStack } from './stack_growth.ts';
import { PROT_EXEC, PROT_WRITE, type Vma } from './vma.ts';

/** What a fault leads to, besides NOT_RESIDENT. */
export const FAULT_OK = 0;
/** SIGSEGV, SEGV_MAPERR: nothing is mapped there. */
export const FAULT_MAPERR = 1;
/** SIGSEGV, SEGV_ACCERR: the protection forbids it. */
export const FAULT_ACCERR = 2;
/** SIGBUS, BUS_ADRERR: the page lies beyond the end of the file, or reading it failed. */
export const FAULT_BUS = 3;
/** No memory, and the OOM killer has chosen this task (or nobody): it dies of SIGKILL. */
export const FAULT_OOM = 4;

/** Neighbours offered to the processor with the faulting page, aligned. Linux: fault_around_bytes. */
const AROUND = 16;
const LEAF_MASK = (1 << LEAF_SHIFT) - 1;

/**
 * A fault of the processor at `address` (which may carry a tag in its top byte) for one ACCESS_: makes the page present and
 * tells the processor, or says which signal is due.
 */
export function fault(mm: Mm, address: number, access: number): number {
  const page = Math.floor((address % 2 ** 56) / FRAME_SIZE);
  const entry = page < TASK_PAGES ? mm.table.get(page) : 0;
  if ((entry & access) !== access) {
    const result = handleFault(mm, page, access);
    if (result !== FAULT_OK) return result;
  }
  mapAround(mm, page, access);
  return FAULT_OK;
}

/** Make `page` present for `access` in the page table, as a fault or a copy by the kernel needs. */
export function handleFault(mm: Mm, page: number, access: number): number {
  if (page >= TASK_PAGES) return FAULT_MAPERR;
  const vma = mm.find(page) ?? growStack(mm, page);
  if (vma === null) return FAULT_MAPERR;
  if (!permits(vma, access)) return FAULT_ACCERR;
  const leaf = mm.table.ensureLeaf(page, mm.payer);
  if (leaf === 0) return FAULT_OOM;
  const at = (leaf << LEAF_SHIFT) | (page & LEAF_MASK);
  const entry = mm.table.arena.words[at]!;
  if (entry >>> 12 !== 0) return access === ACCESS_WRITE ? makeWritable(mm, vma, page, at, entry) : restore(mm, vma, at, entry);
  if (vma.mapping !== null) return faultFile(mm, vma, vma.mapping, page, at, access);
  if (mm.kernel.memory.firstTouchAbsent && (entry & PTE_TOUCHED) === 0) {
    mm.table.arena.words[at] = PTE_TOUCHED;
    return NOT_RESIDENT;
  }
  return faultAnonymous(mm, vma, at, access);
}

/** Any protection lets a page be read, as on processors without EPAN. Linux: do_page_fault in arch/arm64/mm/fault.c. */
function permits(vma: Vma, access: number): boolean {
  if (access === ACCESS_READ) return vma.prot !== 0;
  return (vma.prot & (access === ACCESS_WRITE ? PROT_WRITE : PROT_EXEC)) !== 0;
}

/**
 * Give the process a copy of its own of a page that its program may not write, for a debugger that writes to it (breakpoints).
 * Pages of shared ranges cannot be had so.
 */
export function copyPrivately(mm: Mm, vma: Vma, page: number): number {
  if (vma.shared) return FAULT_ACCERR;
  const leaf = mm.table.ensureLeaf(page, mm.payer);
  if (leaf === 0) return FAULT_OOM;
  const at = (leaf << LEAF_SHIFT) | (page & LEAF_MASK);
  const entry = mm.table.arena.words[at]!;
  let result: number;
  if (entry >>> 12 !== 0) result = makeWritable(mm, vma, page, at, entry);
  else if (vma.mapping !== null) result = faultFile(mm, vma, vma.mapping, page, at, ACCESS_WRITE);
  else result = faultAnonymous(mm, vma, at, ACCESS_WRITE);
  if (result === FAULT_OK) mm.table.arena.words[at]! &= ~ACCESS_WRITE;
  return result;
}

/** What the processor may do with a page of `vma` that must not be written yet. */
export const readAccess = (vma: Vma): number =>
  vma.prot === 0 ? 0 : (vma.prot & PROT_EXEC) !== 0 ? ACCESS_READ | ACCESS_EXEC : ACCESS_READ;

function faultAnonymous(mm: Mm, vma: Vma, at: number, access: number): number {
  const { memory } = mm.kernel;
  if (access !== ACCESS_WRITE) {
    memory.frames.get(memory.zeroFrame);
    mm.table.arena.words[at] = (memory.zeroFrame << 12) | readAccess(vma);
    return FAULT_OK;
  }
  const frame = memory.frames.alloc(mm.memory);
  if (frame === 0) return FAULT_OOM;
  installPrivate(mm, vma, at, frame);
  return FAULT_OK;
}

/** A private frame becomes the page, writable. */
function installPrivate(mm: Mm, vma: Vma, at: number, frame: number): void {
  const access = readAccess(vma) | ACCESS_WRITE;
  if ((access & ACCESS_EXEC) !== 0) mm.kernel.memory.frames.mark(frame, FRAME_EXEC);
  mm.table.arena.words[at] = (frame << 12) | access | PTE_PRIVATE;
  vma.hasPrivate = true;
  countResident(mm, 'anon', 1);
}

function faultFile(mm: Mm, vma: Vma, mapping: PageMapping, page: number, at: number, access: number): number {
  const index = vma.offset + (page - vma.start);
  if (index * FRAME_SIZE >= mapping.host.size) return FAULT_BUS;
  const { frames } = mm.kernel.memory;
  const sharedWrite = vma.shared && access === ACCESS_WRITE;
  const source = mapping.getPage(index, sharedWrite, mm.memory);
  if (source < 0) return source === NOT_RESIDENT ? NOT_RESIDENT : mm.kernel.memory.faultOf(source);
  frames.mark(source, FRAME_REFERENCED);
  if (access === ACCESS_WRITE && !vma.shared) {
    const copy = frames.copy(source, mm.memory);
    if (copy === 0) return FAULT_OOM;
    installPrivate(mm, vma, at, copy);
    return FAULT_OK;
  }
  installFile(mm, vma, mapping, at, source, sharedWrite);
  return FAULT_OK;
}

/** A frame of the page cache becomes the page; writable if the store has been noted, or need not be. */
function installFile(mm: Mm, vma: Vma, mapping: PageMapping, at: number, frame: number, noted: boolean): void {
  const { frames } = mm.kernel.memory;
  const writable = vma.shared && (vma.prot & PROT_WRITE) !== 0 && (noted || !mapping.tracksDirty);
  const access = readAccess(vma) | (writable ? ACCESS_WRITE : 0);
  frames.get(frame);
  if ((access & ACCESS_EXEC) !== 0) frames.mark(frame, FRAME_EXEC);
  mm.table.arena.words[at] = (frame << 12) | access;
  countResident(mm, mapping.isShmem ? 'shmem' : 'file', 1);
}

/** A store to a present page that is not writable: break copy-on-write, or note that a shared page becomes dirty. */
function makeWritable(mm: Mm, vma: Vma, page: number, at: number, entry: number): number {
  const { memory } = mm.kernel;
  const { frames } = memory;
  const frame = entry >>> 12;
  const { words } = mm.table.arena;
  const access = readAccess(vma) | ACCESS_WRITE;
  if (vma.shared && vma.mapping !== null) {
    const noted = vma.mapping.getPage(vma.offset + (page - vma.start), true, mm.memory);
    if (noted < 0) return noted === NOT_RESIDENT ? NOT_RESIDENT : memory.faultOf(noted);
    words[at] = (entry & ~PTE_ACCESS) | access;
    return FAULT_OK;
  }
  if ((entry & PTE_PRIVATE) !== 0 && frames.references(frame) === 1) {
    words[at] = (entry & ~PTE_ACCESS) | access;
    if ((access & ACCESS_EXEC) !== 0) frames.mark(frame, FRAME_EXEC);
    return FAULT_OK;
  }
  const copy = frame === memory.zeroFrame ? frames.alloc(mm.memory) : frames.copy(frame, mm.memory);
  if (copy === 0) return FAULT_OOM;
  if (mm.table.arena.words[at] !== entry) {
    // Reclaim has taken the page meanwhile; the access will fault again.
    frames.put(copy);
    return FAULT_OK;
  }
  existingSpace(mm)?.unmap(page, 1);
  if ((entry & PTE_PRIVATE) !== 0) countResident(mm, 'anon', -1);
  else if (frame !== memory.zeroFrame) countResident(mm, vma.mapping!.isShmem ? 'shmem' : 'file', -1);
  frames.put(frame);
  installPrivate(mm, vma, at, copy);
  return FAULT_OK;
}

/** A present page whose entry has less access than its range allows (after mprotect gave it back). */
function restore(mm: Mm, vma: Vma, at: number, entry: number): number {
  const access = (entry & ACCESS_WRITE) | readAccess(vma);
  if ((access & ACCESS_EXEC) !== 0) mm.kernel.memory.frames.mark(entry >>> 12, FRAME_EXEC);
  mm.table.arena.words[at] = (entry & ~PTE_ACCESS) | access;
  return FAULT_OK;
}

export function countResident(mm: Mm, kind: 'anon' | 'file' | 'shmem', change: number): void {
  const { counts } = mm;
  counts[kind] += change;
  if (counts.resident > counts.peakResident) counts.peakResident = counts.resident;
}

/** Give the processor the translation of `page` and of neighbours that need no work, so that they do not trap. */
function mapAround(mm: Mm, page: number, access: number): void {
  const space = spaceOf(mm);
  const { table } = mm;
  const leaf = table.leaf(page);
  const { words } = table.arena;
  const own = (leaf << LEAF_SHIFT) | (page & LEAF_MASK);
  const vma = mm.find(page);
  const from = page - (page % AROUND);
  const cached = vma !== null && vma.mapping !== null && access !== ACCESS_WRITE ? vma.mapping : null;
  const { frames } = mm.kernel.memory;
  for (let i = 0; i < AROUND; i++) {
    const neighbour = from + i;
    const at = own - (page - neighbour);
    let entry = words[at]!;
    if (entry >>> 12 === 0) {
      if (cached === null || neighbour < vma!.start || neighbour >= vma!.end) continue;
      const index = vma!.offset + (neighbour - vma!.start);
      const frame = cached.holds(index) ? cached.peek(index) : 0;
      if (frame === 0 || index * FRAME_SIZE >= cached.host.size) continue;
      installFile(mm, vma!, cached, at, frame, cached.isDirty(index));
      frames.mark(frame, FRAME_REFERENCED);
      entry = words[at]!;
    }
    if ((entry & PTE_ACCESS) !== 0) space.map(neighbour, entry >>> 12, entry & PTE_ACCESS);
  }
}
