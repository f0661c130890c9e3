/** Where new ranges go: libraries at the same place everywhere, the rest top-down in the low 4 GiB, giants past it. Linux: arch_get_unmapped_area_topdown. */

import { FRAME_SIZE } from '../../platform/ram.ts';
import { type Mm, TASK_PAGES } from './mm.ts';
import type { PageMapping } from './page_mapping.ts';
import { GUARD_GAP } from './stack_growth.ts';
import { VM_GROWSDOWN, type Vma } from './vma.ts';

const LOW_PAGES = 2 ** 20;
/** 2 GiB: the stack ends here; above it giants begin and what does not fit below goes. */
export const STACK_TOP_PAGE: number = 0x80000;
/** Libraries are placed from here down, below the usual mmapBase. */
const LIBRARY_TOP = 0x70000;
const LIBRARY_BOTTOM = 0x50000;
/** 64 KiB, the alignment of arm64 segments. */
const LIBRARY_ALIGN = 16;
/** Ranges of 1 GiB and more are reservations of which the first part is used most. */
const GIANT = 2 ** 18;
/** Where position-independent programs are loaded (ELF_ET_DYN_BASE). */
export const PIE_BASE_PAGE = 0x10000;

/** First page that `vma` keeps free of neighbours below it. */
const lowEdge = (vma: Vma): number => ((vma.flags & VM_GROWSDOWN) !== 0 ? Math.max(0, vma.start - GUARD_GAP) : vma.start);

/** Whether pages [first, first + pages) are free, stack gaps included. */
export function isFree(mm: Mm, first: number, pages: number): boolean {
  const next = mm.vmas.at(mm.indexAfter(first));
  return next === undefined || first + pages <= lowEdge(next);
}

/** A free stretch of `pages`, or -1. A hint below 4 GiB is honoured if free; `mapping` at `offset` goes where it is elsewhere. */
export function place(mm: Mm, hint: number, pages: number, mapping: PageMapping | null, offset: number): number {
  const lowest = Math.ceil(mm.kernel.memory.mmapMinAddress / FRAME_SIZE);
  if (hint >= lowest && hint + pages <= LOW_PAGES && isFree(mm, hint, pages)) return hint;
  if (mapping !== null && offset === 0) {
    const usual = usualPlace(mm, mapping, pages);
    if (usual > 0 && isFree(mm, usual, pages)) return usual;
  }
  if (pages < GIANT) {
    const low = topDown(mm, lowest, mm.mmapBase, pages);
    if (low >= 0) return low;
    const high = topDown(mm, STACK_TOP_PAGE, LOW_PAGES, pages);
    if (high >= 0) return high;
  }
  return bottomUp(mm, STACK_TOP_PAGE, TASK_PAGES, pages);
}

/** The page at which a file is mapped in every process, chosen when it is first mapped. */
function usualPlace(mm: Mm, mapping: PageMapping, pages: number): number {
  if (mapping.placement === 0 && looksLikeElf(mapping)) {
    const { memory } = mm.kernel;
    if (memory.nextLibrary - pages < LIBRARY_BOTTOM) memory.nextLibrary = LIBRARY_TOP;
    memory.nextLibrary = Math.floor((memory.nextLibrary - pages) / LIBRARY_ALIGN) * LIBRARY_ALIGN;
    mapping.placement = memory.nextLibrary;
    mapping.placementPages = pages;
  }
  return pages <= mapping.placementPages ? mapping.placement : 0;
}

/** Only programs and libraries have code to share. Whoever maps one has read its header. */
function looksLikeElf(mapping: PageMapping): boolean {
  const frame = mapping.peek(0);
  return frame !== 0 && mapping.kernel.memory.frames.views.u32[frame * (FRAME_SIZE / 4)] === 0x464c457f;
}

function topDown(mm: Mm, bottom: number, top: number, pages: number): number {
  const { vmas } = mm;
  let end = top;
  for (let i = mm.indexAfter(top); ; i--) {
    const above = vmas.at(i);
    if (above !== undefined) end = Math.min(end, lowEdge(above));
    const start = Math.max(bottom, vmas.at(i - 1)?.end ?? 0);
    if (end - start >= pages) return end - pages;
    if (i <= 0 || start <= bottom) return -1;
    end = Math.min(end, vmas.at(i - 1)!.start);
  }
}

function bottomUp(mm: Mm, bottom: number, top: number, pages: number): number {
  let start = bottom;
  for (let i = mm.indexAfter(bottom); ; i++) {
    const next = mm.vmas.at(i);
    const end = next === undefined ? top : Math.min(top, lowEdge(next));
    if (end - start >= pages) return start;
    if (next === undefined || next.end >= top) return -1;
    start = Math.max(start, next.end);
  }
}
