/** The pages of one file in frames. Linux: struct address_space, mm/filemap.c. */

import { ENOMEM } from '../../abi/errno.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import type { Kernel } from '../kernel.ts';
import { FRAME_FILE, FRAME_REFERENCED, FRAME_SHMEM, frameAddress } from './frames.ts';
import type { MemoryGroup } from './memory_group.ts';
import { PageIndex } from './page_index.ts';
import { VM_LOCKED, type Vma } from './vma.ts';

/** An entry is the frame number << 12 with these bits. */
const DIRTY = 1;
/** Test mode firstTouchAbsent has answered NOT_RESIDENT for this page. */
const TOUCHED = 2;
/** fallocate(2) has made the page, and nobody has used it since: a hole for SEEK_DATA, absent for mincore(2). Linux: a folio that is not up to date. */
const UNUSED = 4;

/** The object whose bytes the pages hold; an Inode. Its size is i_size. */
export interface MappingHost {
  size: number;
  /** As /proc/[pid]/maps shows it. */
  readonly ino?: number;
}

/**
 * The pages of a file, by index. A file system says how an absent page is made (`isHole`, `fill`), whether pages can be
 * dropped and read again (`refillable`), and how dirty ones are kept (`store`). Only frames hold the data.
 */
export abstract class PageCache {
  readonly kernel: Kernel;
  readonly host: MappingHost;
  /** Pages in frames. */
  residentPages = 0;
  dirtyPages = 0;
  /** Where this file is mapped. */
  readonly vmas: Set<Vma> = new Set();
  /** The page at which the file is mapped in every process where it is free, and for how many; 0 before it is chosen. */
  placement = 0;
  placementPages = 0;
  private readonly index: PageIndex = new PageIndex();
  /** Frames with pages as programs have them, see `template`; null while there are none. */
  private templates: PageIndex | null = null;

  constructor(kernel: Kernel, host: MappingHost) {
    this.kernel = kernel;
    this.host = host;
  }

  /** The entries of all pages. */
  protected get pages(): PageIndex {
    return this.index;
  }

  /** Whether clean pages may be dropped, because `fill` can bring them back. */
  protected get refillable(): boolean {
    return true;
  }

  /** Whether its content never changes. */
  get constant(): boolean {
    return false;
  }

  /** Whether its pages are counted as shared memory rather than as file pages. */
  get isShmem(): boolean {
    return !this.refillable;
  }

  /** Pages fetched at once when one is missing. */
  protected get readAhead(): number {
    return 1;
  }

  /** Whether the first store to a clean page must be noticed, so that `store` can keep it. */
  get tracksDirty(): boolean {
    return false;
  }

  /** Whether an absent page is known to read as zeros. */
  protected isHole(_index: number): boolean {
    return false;
  }

  /** Fill `target` (whole pages, zeroed past the end of the file) from `offset`: 0, a negative errno or NOT_RESIDENT. */
  protected fill(_offset: number, _target: Uint8Array): number {
    return 0;
  }

  /** Keep `source`, the bytes of the file from `offset`: 0 or a negative errno. */
  protected store(_offset: number, _source: Uint8Array): number {
    return 0;
  }

  /** May one more page be held? 0 or a negative errno (tmpfs: ENOSPC). */
  protected pageAdded(): number {
    return 0;
  }

  protected pagesRemoved(_count: number): void {}

  attach(vma: Vma): void {
    this.vmas.add(vma);
  }

  /** A mapping ends: what was stored through it is kept now, for nobody may come to ask later. */
  detach(vma: Vma): void {
    this.vmas.delete(vma);
    if (vma.shared && this.dirtyPages > 0) this.sync(vma.offset, vma.offset + vma.pages);
  }

  /** The frame of page `index` if it is in the cache, else 0. No reference is taken. */
  peek(index: number): number {
    return this.pages.get(index) >>> 12;
  }

  /** Whether page `index` is in the cache and more than a promise of space. */
  holds(index: number): boolean {
    const entry = this.pages.get(index);
    return entry >>> 12 !== 0 && (entry & UNUSED) === 0;
  }

  /** What a private copy of page `index` is likely to differ little from: a copy that was packed before, else the page; 0 if it is not in the cache. */
  template(index: number): number {
    return (this.templates?.get(index) ?? 0) || this.peek(index);
  }

  /** Keep a copy of `frame`, which somebody has in the place of page `index`, as its template: addresses that the dynamic linker has filled in are the same for all. 0 without memory. */
  addTemplate(index: number, frame: number): number {
    const { frames, root } = this.kernel.memory;
    const copy = frames.plenty(root) ? frames.copy(frame, root) : 0;
    if (copy === 0) return 0;
    frames.mark(copy, FRAME_FILE);
    this.kernel.memory.cachedFrames++;
    this.templates ??= new PageIndex();
    this.templates.set(index, copy);
    return copy;
  }

  private dropTemplate(index: number): void {
    const { frames } = this.kernel.memory;
    const frame = this.templates?.get(index) ?? 0;
    if (frame === 0) return;
    this.templates!.set(index, 0);
    this.kernel.memory.cachedFrames--;
    frames.unmark(frame, FRAME_FILE);
    frames.put(frame);
  }

  isDirty(index: number): boolean {
    return (this.pages.get(index) & DIRTY) !== 0;
  }

  /** The frame of page `index`, made or read if need be: no reference is taken. A negative errno or NOT_RESIDENT. */
  getPage(index: number, forWrite: boolean, group: MemoryGroup): number {
    let entry = this.pages.get(index);
    if (entry >>> 12 === 0) {
      if (this.kernel.memory.firstTouchAbsent && (entry & TOUCHED) === 0) {
        this.pages.set(index, entry | TOUCHED);
        return NOT_RESIDENT;
      }
      const failed = this.makePage(index, group, true);
      if (failed < 0) return failed;
      entry = this.pages.get(index);
    } else if ((entry & UNUSED) !== 0) this.pages.set(index, entry & ~UNUSED);
    const frame = entry >>> 12;
    if (forWrite) {
      if ((entry & DIRTY) === 0) this.markDirty(index);
      this.kernel.memory.frames.written(frame);
    }
    return frame;
  }

  /** Ask for the pages of [first, end) so that they arrive together: NOT_RESIDENT if any is on its way, an errno, or 0. */
  request(first: number, end: number, group: MemoryGroup): number {
    let result = 0;
    for (let index = first; index < end; index++) {
      if (this.pages.get(index) >>> 12 !== 0 || this.isHole(index)) continue;
      const frame = this.getPage(index, false, group);
      if (frame === NOT_RESIDENT) result = NOT_RESIDENT;
      else if (frame < 0) return frame;
    }
    return result;
  }

  /** Make page `index` if it is absent, so that writing to it cannot fail for want of space: 0 or a negative errno. */
  preallocate(index: number, group: MemoryGroup): number {
    if (this.pages.get(index) >>> 12 !== 0) return 0;
    const failed = this.makePage(index, group, false);
    if (failed < 0) return failed;
    this.markDirty(index);
    this.pages.set(index, this.pages.get(index) | UNUSED);
    return 0;
  }

  /** How many pages of [first, end) are in the cache, and how many of them are still to be written back. See cachestat(2). */
  census(first: number, end: number): { readonly cached: number; readonly dirty: number } {
    let [cached, dirty] = [0, 0];
    for (let index = this.pages.next(first, end); index < end; index = this.pages.next(index + 1, end)) {
      const entry = this.pages.get(index);
      if (entry >>> 12 === 0) continue;
      cached++;
      if ((entry & DIRTY) !== 0) dirty++;
    }
    return { cached, dirty: this.tracksDirty ? dirty : 0 };
  }

  /** The first page in [from, end) that holds data, or `end`: for SEEK_DATA. */
  nextData(from: number, end: number): number {
    let index = this.pages.next(from, end);
    while (index < end && !this.holds(index)) index = this.pages.next(index + 1, end);
    return index;
  }

  /** Remove the translations of pages [first, end) from every address space; private copies too if `copies`. */
  unmapRange(first: number, end: number, copies: boolean): void {
    for (const vma of this.vmas) vma.zapFile(first, end, copies);
  }

  /**
   * Drop up to `wanted` pages that `group` pays for; pass 0 spares dirty, mapped and recently used ones, pass 1 mapped ones. Groups keep
   * what memory.min or memory.low promises them.
   */
  evict(group: MemoryGroup, wanted: number, pass: number, kept: 'low' | 'min' = 'min'): number {
    if (!this.refillable) return 0;
    if (pass > 0) this.sync();
    const frames = this.kernel.memory.frames;
    let freed = 0;
    for (let index = this.pages.next(0, Infinity); index < Infinity && freed < wanted; index = this.pages.next(index + 1, Infinity)) {
      const entry = this.pages.get(index);
      const frame = entry >>> 12;
      if (frame === 0 || (entry & DIRTY) !== 0) continue;
      const payer = frames.payer(frame);
      if (!payer.isWithin(group)) continue;
      group.scanned++;
      if (payer.usage <= payer.protection('min', group)) continue;
      const promised = payer.usage <= payer.protection('low', group);
      if (promised && kept === 'low') continue;
      if (pass === 0 && frames.has(frame, FRAME_REFERENCED)) {
        frames.unmark(frame, FRAME_REFERENCED);
        continue;
      }
      if (frames.references(frame) > 1) {
        if (pass < 2 || this.isLocked(index)) continue;
        this.unmapRange(index, index + 1, false);
        if (frames.references(frame) > 1) continue;
      }
      this.removePage(index, entry);
      group.stolen++;
      if (promised) this.kernel.memory.belowLow.add(payer);
      freed++;
    }
    return freed;
  }

  /** Write dirty pages of [first, end) back: 0 or the first errno. See msync(2), fsync(2). */
  sync(first = 0, end: number = Number.POSITIVE_INFINITY): number {
    if (this.dirtyPages === 0 || !this.tracksDirty) return 0;
    const { frames } = this.kernel.memory;
    let result = 0;
    for (let index = this.pages.next(first, end); index < end; index = this.pages.next(index + 1, end)) {
      const entry = this.pages.get(index);
      if ((entry & DIRTY) === 0) continue;
      const offset = index * FRAME_SIZE;
      const length = Math.min(FRAME_SIZE, this.host.size - offset);
      const address = frameAddress(entry >>> 12);
      const failed = length > 0 ? this.store(offset, frames.views.u8.subarray(address, address + length)) : 0;
      if (failed < 0) {
        if (result === 0) result = failed;
        continue;
      }
      for (const vma of this.vmas) vma.writeProtectFile(index);
      this.pages.set(index, entry & ~DIRTY);
      this.dirtyPages--;
    }
    return result;
  }

  /** The inode is gone: free every page. */
  release(): void {
    this.drop(0, Number.POSITIVE_INFINITY);
    this.pages.trim(0);
    this.kernel.memory.evictable.delete(this);
  }

  /** Whether mlock(2) holds page `index` in memory. */
  private isLocked(index: number): boolean {
    for (const vma of this.vmas) {
      if ((vma.flags & VM_LOCKED) !== 0 && index >= vma.offset && index < vma.offset + vma.pages) return true;
    }
    return false;
  }

  /** Bring page `index` into the cache; `read` says whether its contents matter. 0, an errno or NOT_RESIDENT. */
  protected makePage(index: number, group: MemoryGroup, read: boolean): number {
    const memory = this.kernel.memory;
    const refused = this.pageAdded();
    if (refused < 0) return refused;
    const hole = !read || this.isHole(index);
    if (!hole && this.readAhead > 1) {
      const failed = this.readCluster(index, group);
      if (failed < 0) this.pagesRemoved(1);
      return failed;
    }
    const frame = memory.frames.alloc(group);
    if (frame === 0) {
      this.pagesRemoved(1);
      return -ENOMEM;
    }
    if (!hole) {
      const address = frameAddress(frame);
      const failed = this.fill(index * FRAME_SIZE, memory.frames.views.u8.subarray(address, address + FRAME_SIZE));
      if (failed < 0) {
        memory.frames.put(frame);
        this.pagesRemoved(1);
        return failed;
      }
    }
    this.insert(index, frame);
    return 0;
  }

  /** Read page `index` and absent neighbours of its aligned window with one `fill`. */
  private readCluster(index: number, group: MemoryGroup): number {
    const frames = this.kernel.memory.frames;
    const window = this.readAhead;
    const limit = Math.min(index - (index % window) + window, Math.ceil(this.host.size / FRAME_SIZE));
    let end = index + 1;
    while (end < limit && this.pages.get(end) >>> 12 === 0 && !this.isHole(end)) end++;
    const bytes = new Uint8Array((end - index) * FRAME_SIZE);
    const failed = this.fill(index * FRAME_SIZE, bytes);
    if (failed < 0) return failed;
    const frame = frames.allocUncleared(group);
    if (frame === 0) return -ENOMEM;
    this.keep(index, frame, bytes, 0);
    // Making the neighbours must not take the page that is wanted, nor anybody's life.
    frames.get(frame);
    for (let at = index + 1; at < end && frames.plenty(group); at++) {
      const neighbour = frames.allocUncleared(group);
      if (neighbour === 0) break;
      this.keep(at, neighbour, bytes, (at - index) * FRAME_SIZE);
    }
    frames.put(frame);
    return 0;
  }

  /** Fill `frame` with a page of `bytes` and insert it. */
  private keep(index: number, frame: number, bytes: Uint8Array, from: number): void {
    this.kernel.memory.frames.views.u8.set(bytes.subarray(from, from + FRAME_SIZE), frameAddress(frame));
    this.insert(index, frame);
  }

  private insert(index: number, frame: number): void {
    const memory = this.kernel.memory;
    this.pages.set(index, (frame << 12) | (memory.firstTouchAbsent ? TOUCHED : 0));
    memory.cachedFrames++;
    memory.frames.mark(frame, this.isShmem ? FRAME_SHMEM : FRAME_FILE);
    if (this.isShmem) memory.sharedFrames++;
    if (this.residentPages++ === 0 && this.refillable) memory.evictable.add(this);
  }

  protected markDirty(index: number): void {
    this.pages.set(index, (this.pages.get(index) | DIRTY) & ~UNUSED);
    this.dirtyPages++;
  }

  private removePage(index: number, entry: number): void {
    const memory = this.kernel.memory;
    if ((entry & DIRTY) !== 0) this.dirtyPages--;
    this.pages.set(index, entry & TOUCHED);
    memory.cachedFrames--;
    if (this.isShmem) memory.sharedFrames--;
    memory.frames.unmark(entry >>> 12, FRAME_FILE | FRAME_SHMEM);
    memory.frames.put(entry >>> 12);
    this.dropTemplate(index);
    this.pagesRemoved(1);
    if (--this.residentPages === 0) memory.evictable.delete(this);
  }

  /** Drop the pages of [first, end), dirty or not. */
  protected drop(first: number, end: number): void {
    for (let index = this.pages.next(first, end); index < end; index = this.pages.next(index + 1, end)) {
      const entry = this.pages.get(index);
      if (entry >>> 12 !== 0) this.removePage(index, entry);
    }
  }
}
