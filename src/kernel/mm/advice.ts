/** What programs tell about ranges: madvise(2), mlock(2), msync(2), mincore(2). Linux: mm/madvise.c, mlock.c, msync.c, mincore.c. */

import { EAGAIN, EBUSY, EFAULT, EINVAL, ENOMEM, EPERM } from '../../abi/errno.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { ACCESS_READ, ACCESS_WRITE } from '../../platform/cpu.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import { FAULT_BUS, FAULT_OK, FAULT_OOM, handleFault } from './fault.ts';
import { exceeds, RLIMIT_MEMLOCK } from './limits.ts';
import type { Mm } from './mm.ts';
import { PROT_WRITE, VM_DONTCOPY, VM_DONTDUMP, VM_LOCKED, VM_SEALED, VM_WIPEONFORK, type Vma } from './vma.ts';
import { mergeAround, reflagVma, splitAround } from './vma_list.ts';

const MADV_NORMAL = 0;
const MADV_RANDOM = 1;
const MADV_SEQUENTIAL = 2;
const MADV_WILLNEED = 3;
export const MADV_DONTNEED = 4;
const MADV_FREE = 8;
const MADV_REMOVE = 9;
const MADV_DONTFORK = 10;
const MADV_DOFORK = 11;
const MADV_MERGEABLE = 12;
const MADV_UNMERGEABLE = 13;
const MADV_HUGEPAGE = 14;
const MADV_NOHUGEPAGE = 15;
const MADV_DONTDUMP = 16;
const MADV_DODUMP = 17;
const MADV_WIPEONFORK = 18;
const MADV_KEEPONFORK = 19;
const MADV_COLD = 20;
const MADV_PAGEOUT = 21;
const MADV_POPULATE_READ = 22;
const MADV_POPULATE_WRITE = 23;
const MADV_DONTNEED_LOCKED = 24;

const MS_ASYNC = 1;
const MS_INVALIDATE = 2;
const MS_SYNC = 4;

/** One piece of advice on part of one range: 0 or a negative errno. */
type Advise = (mm: Mm, vma: Vma, from: number, to: number) => number;

const nothing: Advise = () => 0;

const reflag =
  (set: number, clear: number, refuse?: (vma: Vma) => boolean): Advise =>
  (mm, whole, from, to) => {
    if (refuse?.(whole) === true) return -EINVAL;
    if (((whole.flags & ~clear) | set) === whole.flags) return 0;
    if (!splitAround(mm, from, to)) return -ENOMEM;
    const vma = mm.find(from)!;
    reflagVma(vma, vma.prot, (vma.flags & ~clear) | set);
    return 0;
  };

const dontNeed: Advise = (mm, vma, from, to) => {
  if ((vma.flags & VM_LOCKED) !== 0) return -EINVAL;
  mm.zap(from, to, true);
  return 0;
};

/** Every advice that has an effect or is harmless to ignore; all others are EINVAL, as without their CONFIG_ options. */
const ADVICE: ReadonlyMap<number, Advise> = new Map<number, Advise>([
  [MADV_NORMAL, nothing],
  [MADV_RANDOM, nothing],
  [MADV_SEQUENTIAL, nothing],
  [MADV_WILLNEED, nothing],
  [MADV_MERGEABLE, nothing],
  [MADV_UNMERGEABLE, nothing],
  [MADV_HUGEPAGE, nothing],
  [MADV_NOHUGEPAGE, nothing],
  [MADV_COLD, (_mm, vma) => ((vma.flags & VM_LOCKED) !== 0 ? -EINVAL : 0)],
  [MADV_PAGEOUT, (_mm, vma) => ((vma.flags & VM_LOCKED) !== 0 ? -EINVAL : 0)],
  [MADV_DONTNEED, dontNeed],
  [
    MADV_DONTNEED_LOCKED,
    (mm, _vma, from, to) => {
      mm.zap(from, to, true);
      return 0;
    },
  ],
  [MADV_FREE, (mm, vma, from, to) => (vma.mapping !== null ? -EINVAL : dontNeed(mm, vma, from, to))],
  [MADV_REMOVE, remove],
  [MADV_DONTFORK, reflag(VM_DONTCOPY, 0)],
  [MADV_DOFORK, reflag(0, VM_DONTCOPY)],
  [MADV_WIPEONFORK, reflag(VM_WIPEONFORK, 0, (vma) => vma.mapping !== null || vma.shared)],
  [MADV_KEEPONFORK, reflag(0, VM_WIPEONFORK)],
  [MADV_DONTDUMP, reflag(VM_DONTDUMP, 0)],
  [MADV_DODUMP, reflag(0, VM_DONTDUMP, (vma) => vma.name !== '')],
  [MADV_POPULATE_READ, (mm, _vma, from, to) => populate(mm, from, to, false)],
  [MADV_POPULATE_WRITE, (mm, _vma, from, to) => populate(mm, from, to, true)],
]);

export const isAdvice = (advice: number): boolean => ADVICE.has(advice);

/** MADV_REMOVE: punch a hole into the file behind a shared mapping. */
function remove(_mm: Mm, vma: Vma, from: number, to: number): number {
  if ((vma.flags & VM_LOCKED) !== 0) return -EINVAL;
  if (vma.mapping === null || !vma.shared) return -EINVAL;
  if ((vma.mayProt & PROT_WRITE) === 0) return -EPERM;
  const first = vma.offset + (from - vma.start);
  vma.mapping.punchHole(first * FRAME_SIZE, (first + to - from) * FRAME_SIZE);
  return 0;
}

/** Advice that takes content away. Linux: is_madv_discard. */
const DISCARDS: ReadonlySet<number> = new Set([
  MADV_DONTNEED,
  MADV_FREE,
  MADV_REMOVE,
  MADV_DONTFORK,
  MADV_WIPEONFORK,
  MADV_DONTNEED_LOCKED,
]);

/** What nobody may write to is not to lose its content either. Linux: can_modify_vma_madv. */
const keepsContent = ({ flags, file, shared, prot }: Vma, advice: number): boolean =>
  DISCARDS.has(advice) && (flags & VM_SEALED) !== 0 && file === null && !shared && (prot & PROT_WRITE) === 0;

/** mseal(2) of pages [first, end): all of them, or -ENOMEM at a gap. */
export function sealRange(mm: Mm, first: number, end: number): number {
  for (let at = first; at < end; ) {
    const vma = mm.find(at);
    if (vma === null) return -ENOMEM;
    at = vma.end;
  }
  const seal = reflag(VM_SEALED, 0);
  for (let at = first; at < end; ) {
    const vma = mm.find(at)!;
    const to = Math.min(end, vma.end);
    const failed = seal(mm, vma, at, to);
    if (failed < 0) return failed;
    at = to;
  }
  mergeAround(mm, first, end);
  return 0;
}

/** Advise pages [first, end): gaps are passed over and make it -ENOMEM in the end. Linux: madvise_walk_vmas. */
export function advise(mm: Mm, first: number, end: number, advice: number): number {
  const act = ADVICE.get(advice)!;
  let unmapped = 0;
  for (let at = first; at < end; ) {
    const vma = mm.vmas.at(mm.indexAfter(at));
    if (vma === undefined) return -ENOMEM;
    if (vma.start > at) {
      unmapped = -ENOMEM;
      at = vma.start;
      if (at >= end) break;
    }
    const to = Math.min(end, vma.end);
    if (keepsContent(vma, advice)) return -EPERM;
    const failed = act(mm, vma, at, to);
    if (failed !== 0) return failed;
    at = to;
  }
  mergeAround(mm, first, end);
  return unmapped;
}

/** Fault pages in as if they were touched. Errors as of MADV_POPULATE_READ. */
export function populate(mm: Mm, first: number, end: number, write: boolean): number {
  let absent = false;
  for (let page = first; page < end; page++) {
    const access = write ? ACCESS_WRITE : ACCESS_READ;
    if ((mm.table.get(page) & access) !== 0) continue;
    const result = handleFault(mm, page, access);
    if (result === NOT_RESIDENT) absent = true;
    else if (result === FAULT_OOM) return -ENOMEM;
    else if (result === FAULT_BUS) return -EFAULT;
    else if (result !== FAULT_OK) return mm.find(page) === null ? -ENOMEM : -EINVAL;
  }
  return absent ? NOT_RESIDENT : 0;
}

/** Set or clear VM_LOCKED over [first, end): -ENOMEM at a gap, after what lies before it has been changed. */
export function lockRange(mm: Mm, first: number, end: number, locked: boolean): number {
  const change = locked ? reflag(VM_LOCKED, 0) : reflag(0, VM_LOCKED);
  for (let at = first; at < end; ) {
    const vma = mm.find(at);
    if (vma === null) return -ENOMEM;
    const to = Math.min(end, vma.end);
    const failed = change(mm, vma, at, to);
    if (failed < 0) return failed;
    at = to;
  }
  mergeAround(mm, first, end);
  return 0;
}

/** Whether [first, end) may be locked as well: 0, -EPERM, or `beyond`. */
export function mayLock(mm: Mm, pages: number, privileged: boolean, beyond: number): number {
  if (privileged) return 0;
  if (exceeds(mm, RLIMIT_MEMLOCK, 1)) return -EPERM;
  return exceeds(mm, RLIMIT_MEMLOCK, mm.counts.locked + pages) ? beyond : 0;
}

/** Pages of [first, end) that are locked already. */
export function lockedPages(mm: Mm, first: number, end: number): number {
  let count = 0;
  for (let i = mm.indexAfter(first); i < mm.vmas.length; i++) {
    const vma = mm.vmas.at(i)!;
    if (vma.start >= end) break;
    if ((vma.flags & VM_LOCKED) !== 0) count += Math.min(end, vma.end) - Math.max(first, vma.start);
  }
  return count;
}

/** Fault in what has just been locked, as far as it can be: errors are not reported. Linux: mm_populate. */
export function populateLocked(mm: Mm, first: number, end: number): number {
  for (let i = mm.indexAfter(first); i < mm.vmas.length; i++) {
    const vma = mm.vmas.at(i)!;
    if (vma.start >= end) break;
    if (vma.prot === 0) continue;
    const write = (vma.prot & PROT_WRITE) !== 0 && !vma.shared;
    const result = populate(mm, Math.max(first, vma.start), Math.min(end, vma.end), write);
    if (result === NOT_RESIDENT || result === -ENOMEM) return result === NOT_RESIDENT ? result : -EAGAIN;
  }
  return 0;
}

/** msync(2) of whole pages. */
export function syncRange(mm: Mm, first: number, end: number, flags: number): number {
  if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) !== 0) return -EINVAL;
  if ((flags & (MS_ASYNC | MS_SYNC)) === (MS_ASYNC | MS_SYNC)) return -EINVAL;
  let unmapped = 0;
  for (let at = first; at < end; ) {
    const vma = mm.vmas.at(mm.indexAfter(at));
    if (vma === undefined) return -ENOMEM;
    if (vma.start > at) {
      unmapped = -ENOMEM;
      at = vma.start;
      if (at >= end) break;
    }
    if ((flags & MS_INVALIDATE) !== 0 && (vma.flags & VM_LOCKED) !== 0) return -EBUSY;
    const to = Math.min(end, vma.end);
    if ((flags & MS_SYNC) !== 0 && vma.shared && vma.mapping !== null) {
      const from = vma.offset + (at - vma.start);
      const failed = vma.mapping.sync(from, from + to - at);
      if (failed < 0) return failed;
    }
    at = to;
  }
  return unmapped;
}

/** mincore(2): one byte a page, or -ENOMEM at a gap. */
export function residency(mm: Mm, first: number, end: number): Uint8Array | number {
  const result = new Uint8Array(end - first);
  for (let page = first; page < end; page++) {
    const vma = mm.find(page);
    if (vma === null) return -ENOMEM;
    const present = mm.table.get(page) >>> 12 !== 0 || (vma.mapping !== null && vma.mapping.holds(vma.offset + page - vma.start));
    result[page - first] = present ? 1 : 0;
  }
  return result;
}
