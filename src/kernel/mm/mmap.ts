/** Creating, removing and protecting ranges of an address space. Linux: mm/mmap.c, mm/mprotect.c. See mmap(2). */

import { EACCES, EEXIST, EINVAL, ENOMEM, EPERM } from '../../abi/errno.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import type { File } from '../vfs/file.ts';
import { exceeds, RLIMIT_AS, RLIMIT_DATA } from './limits.ts';
import { type Mm, TASK_PAGES } from './mm.ts';
import type { PageMapping } from './page_mapping.ts';
import { place } from './place.ts';
import {
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
  VM_ACCOUNT,
  VM_GROWSDOWN,
  VM_NORESERVE,
  VM_SEALED,
  VM_SHARED,
  Vma,
  type VmaName,
} from './vma.ts';
import { insertVma, isData, mergeAround, reflagVma, removeVmas, splitAround } from './vma_list.ts';
import { changeProtection } from './zap.ts';

/** How strictly the address of a request is meant. */
export type Fixed = 'hint' | 'fixed' | 'noreplace';

export interface MapRequest {
  /** First page wanted; 0 for anywhere. */
  readonly page: number;
  readonly pages: number;
  readonly prot: number;
  /** VM_ flags. */
  readonly flags: number;
  readonly fixed: Fixed;
  /** Null for private anonymous memory. */
  readonly mapping?: PageMapping | null;
  /** Referenced by the new range in addition to the caller. */
  readonly file?: File | null;
  /** Page of the mapping. */
  readonly offset?: number;
  readonly name?: VmaName;
  /** What mprotect(2) may set later; everything unless told. */
  readonly mayProt?: number;
}

/** Map a range: its first page, or a negative errno. Linux: do_mmap and mmap_region. */
export function mapRange(mm: Mm, request: MapRequest): number {
  const { pages, prot } = request;
  const mapping = request.mapping ?? null;
  const file = request.file ?? null;
  const offset = request.offset ?? 0;
  const page = choosePage(mm, request, mapping, offset);
  if (page < 0) return page;
  let flags = request.flags | mm.defaultFlags;
  if (exceeds(mm, RLIMIT_AS, mm.counts.total + pages)) return -ENOMEM;
  if (isData(prot, flags) && exceeds(mm, RLIMIT_DATA, mm.counts.data + pages)) return -ENOMEM;
  if (request.fixed === 'fixed') {
    const failed = unmapRange(mm, page, page + pages);
    if (failed < 0) return failed;
  }
  if (mm.vmas.length >= mm.kernel.memory.maxMapCount) return -ENOMEM;
  if (isAccountable(prot, flags)) {
    if (!mm.kernel.memory.commit(mm, pages)) return -ENOMEM;
    flags |= VM_ACCOUNT;
  }
  const vma = new Vma(mm, page, page + pages, prot, flags, mapping, file?.get() ?? null, offset);
  if (request.name !== undefined) vma.name = request.name;
  if (request.mayProt !== undefined) vma.mayProt = request.mayProt;
  if (!insertVma(vma)) {
    file?.put();
    if ((flags & VM_ACCOUNT) !== 0) mm.kernel.memory.uncommit(mm, pages);
    return -ENOMEM;
  }
  mergeAround(mm, page, page + pages);
  return page;
}

function choosePage(mm: Mm, request: MapRequest, mapping: PageMapping | null, offset: number): number {
  const { page, pages } = request;
  if (request.fixed === 'hint') {
    const chosen = place(mm, page, pages, mapping ?? reservedFor(mm, request), offset);
    return chosen < 0 ? -ENOMEM : chosen;
  }
  if (page + pages > TASK_PAGES) return -ENOMEM;
  if (page * FRAME_SIZE < mm.kernel.memory.mmapMinAddress) return -EPERM;
  if (request.fixed === 'noreplace' && !isFreeExactly(mm, page, pages)) return -EEXIST;
  return page;
}

/** glibc reserves aligned memory before it maps a library there: the library whose header it has just read. */
function reservedFor(mm: Mm, { prot, page }: MapRequest): PageMapping | null {
  if (prot !== 0 || page !== 0) return null;
  const library = mm.headerRead;
  mm.headerRead = null;
  return library;
}

function isFreeExactly(mm: Mm, page: number, pages: number): boolean {
  const next = mm.vmas.at(mm.indexAfter(page));
  return next === undefined || next.start >= page + pages;
}

/** Private writable memory may all be demanded. Linux: accountable_mapping. */
const isAccountable = (prot: number, flags: number): boolean => (prot & PROT_WRITE) !== 0 && (flags & (VM_SHARED | VM_NORESERVE)) === 0;

/** Whether any page of [first, end) is sealed. */
function isSealed(mm: Mm, first: number, end: number): boolean {
  for (let i = mm.indexAfter(first); i < mm.vmas.length && mm.vmas.at(i)!.start < end; i++)
    if ((mm.vmas.at(i)!.flags & VM_SEALED) !== 0) return true;
  return false;
}

/** Unmap pages [first, end): 0, -EPERM or -ENOMEM. Linux: do_vmi_munmap. */
export function unmapRange(mm: Mm, first: number, end: number): number {
  if (isSealed(mm, first, end)) return -EPERM;
  if (!splitAround(mm, first, end)) return -ENOMEM;
  const from = mm.indexAfter(first);
  let to = from;
  for (; to < mm.vmas.length && mm.vmas.at(to)!.start < end; to++) mm.zap(mm.vmas.at(to)!.start, mm.vmas.at(to)!.end, true);
  if (to > from) removeVmas(mm, from, to);
  return 0;
}

/**
 * mprotect(2) of pages [first, end). Ranges before the first gap or refusal are changed all the same, as on Linux.
 * `grows` extends the change to the start of a stack (PROT_GROWSDOWN).
 */
export function protectRange(mm: Mm, first: number, end: number, prot: number, grows: boolean): number {
  let from = first;
  let index = mm.indexAfter(first);
  let vma = mm.vmas.at(index);
  if (vma === undefined) return -ENOMEM;
  if (grows) {
    if (vma.start >= end) return -ENOMEM;
    if ((vma.flags & VM_GROWSDOWN) === 0) return -EINVAL;
    from = Math.min(first, vma.start);
  } else if (vma.start > first) return -ENOMEM;
  let result = 0;
  let at = from;
  while (at < end) {
    vma = mm.vmas.at(index);
    if (vma === undefined || vma.start > at) {
      result = -ENOMEM;
      break;
    }
    const stop = Math.min(end, vma.end);
    if (vma.prot !== prot) {
      result = protectVma(mm, vma, at, stop, prot);
      if (result < 0) break;
    }
    at = stop;
    index = mm.indexAfter(at);
  }
  mergeAround(mm, from, at);
  return result;
}

function protectVma(mm: Mm, whole: Vma, from: number, to: number, prot: number): number {
  if (!mayProtect(whole, prot)) return -EACCES;
  if ((whole.flags & VM_SEALED) !== 0) return -EPERM;
  let flags = whole.flags;
  if ((flags & VM_ACCOUNT) === 0 && isAccountable(prot, flags)) {
    if (isData(prot, flags) && exceeds(mm, RLIMIT_DATA, mm.counts.data + to - from)) return -ENOMEM;
    if (!mm.kernel.memory.commit(mm, to - from)) return -ENOMEM;
    flags |= VM_ACCOUNT;
  }
  if (!splitAround(mm, from, to)) {
    if (flags !== whole.flags) mm.kernel.memory.uncommit(mm, to - from);
    return -ENOMEM;
  }
  const vma = mm.find(from)!;
  reflagVma(vma, prot, flags);
  changeProtection(mm, vma);
  return 0;
}

/** VM_MAYREAD, VM_MAYWRITE and VM_MAYEXEC follow from how the file was opened. */
function mayProtect(vma: Vma, prot: number): boolean {
  return (prot & (PROT_READ | PROT_WRITE | PROT_EXEC) & ~vma.mayProt) === 0;
}
