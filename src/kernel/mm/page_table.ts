/** Page tables: two levels for the low 4 GiB, a map of leaves above. Linux: pgd to pte, arch/arm64/include/asm/pgtable.h. */

import type { Kernel } from '../kernel.ts';
import type { Frames } from './frames.ts';
import type { MemoryGroup } from './memory_group.ts';
import { charge, PRICE_PAGE_TABLE, uncharge } from './price.ts';

/**
 * An entry is the frame number << 12 with the accesses that the processor may make now (the ACCESS_ bits of platform/cpu.ts:
 * 1 read, 2 write, 4 execute) and these. 0 means absent.
 */
export const PTE_ACCESS = 7;
/** The frame belongs to page tables alone (anonymous memory, private copies), not to a page cache. */
export const PTE_PRIVATE = 8;
/** Test mode firstTouchAbsent has answered NOT_RESIDENT for this page. */
export const PTE_TOUCHED = 16;

/** A leaf covers 1024 pages, 4 MiB. */
export const LEAF_SHIFT = 10;
export const LEAF_PAGES: number = 1 << LEAF_SHIFT;
const LEAF_MASK = LEAF_PAGES - 1;
const LOW_PAGES = 2 ** 20;

/** All leaves of all address spaces in one array, so that copying and freeing them are array operations. */
export class LeafArena {
  /** Leaf n is words[n * 1024 …]; leaf 0 is always empty. Replaced when it grows. */
  words: Int32Array = new Int32Array(16 * LEAF_PAGES);
  private next = 1;
  private readonly freed: number[] = [];

  /** Leaves in use. */
  get used(): number {
    return this.next - 1 - this.freed.length;
  }

  /** An empty leaf. */
  alloc(): number {
    const recycled = this.freed.pop();
    if (recycled !== undefined) return recycled;
    if ((this.next + 1) * LEAF_PAGES > this.words.length) {
      const larger = new Int32Array(this.words.length * 2);
      larger.set(this.words);
      this.words = larger;
    }
    return this.next++;
  }

  free(leaf: number): void {
    this.words.fill(0, leaf << LEAF_SHIFT, (leaf + 1) << LEAF_SHIFT);
    this.freed.push(leaf);
  }
}

/** The page table of one address space. */
export class PageTable {
  readonly arena: LeafArena;
  private readonly kernel: Kernel;
  private readonly top: Int32Array = new Int32Array(LOW_PAGES >> LEAF_SHIFT);
  private high: Map<number, number> | null = null;
  /** Leaves in use, for VmPTE. */
  leaves = 0;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.arena = kernel.memory.leaves;
  }

  /** The leaf that covers `page`, 0 if there is none. */
  leaf(page: number): number {
    if (page < LOW_PAGES) return this.top[page >>> LEAF_SHIFT]!;
    return this.high === null ? 0 : (this.high.get(Math.floor(page / LEAF_PAGES)) ?? 0);
  }

  get(page: number): number {
    return this.arena.words[(this.leaf(page) << LEAF_SHIFT) | (page & LEAF_MASK)]!;
  }

  /** Change an entry whose leaf exists. */
  set(page: number, entry: number): void {
    this.arena.words[(this.leaf(page) << LEAF_SHIFT) | (page & LEAF_MASK)] = entry;
  }

  /** The leaf that covers `page`, made if need be; 0 when there is no memory for it. */
  ensureLeaf(page: number, group: MemoryGroup): number {
    const present = this.leaf(page);
    if (present !== 0) return present;
    if (!charge(this.kernel, group, PRICE_PAGE_TABLE)) return 0;
    const leaf = this.arena.alloc();
    if (page < LOW_PAGES) this.top[page >>> LEAF_SHIFT] = leaf;
    else {
      this.high ??= new Map();
      this.high.set(Math.floor(page / LEAF_PAGES), leaf);
    }
    this.leaves++;
    return leaf;
  }

  /** Free the leaf that covers `page`; its entries must hold no frames. */
  freeLeaf(page: number, group: MemoryGroup): void {
    const leaf = this.leaf(page);
    if (leaf === 0) return;
    if (page < LOW_PAGES) this.top[page >>> LEAF_SHIFT] = 0;
    else this.high!.delete(Math.floor(page / LEAF_PAGES));
    this.arena.free(leaf);
    this.leaves--;
    uncharge(group, PRICE_PAGE_TABLE);
  }

  /** The address space ends: free every frame and every leaf. */
  releaseAll(frames: Frames, group: MemoryGroup): void {
    for (let i = 0; i < this.top.length; i++) if (this.top[i] !== 0) this.releaseLeaf(frames, this.top[i]!);
    if (this.high !== null) for (const leaf of this.high.values()) this.releaseLeaf(frames, leaf);
    uncharge(group, this.leaves * PRICE_PAGE_TABLE);
    this.leaves = 0;
    this.top.fill(0);
    this.high = null;
  }

  private releaseLeaf(frames: Frames, leaf: number): void {
    const { words } = this.arena;
    const end = (leaf + 1) << LEAF_SHIFT;
    for (let at = leaf << LEAF_SHIFT; at < end; at++) {
      const frame = words[at]! >>> 12;
      if (frame !== 0) frames.put(frame);
    }
    this.arena.free(leaf);
  }

  /** The first page in [from, end) that a leaf covers, or `end`: skips the emptiness of large reservations. */
  nextCovered(from: number, end: number): number {
    let page = from;
    while (page < end && page < LOW_PAGES) {
      if (this.top[page >>> LEAF_SHIFT] !== 0) return page;
      page = ((page >>> LEAF_SHIFT) + 1) << LEAF_SHIFT;
    }
    if (page >= end || this.high === null) return end;
    if ((end - page) / LEAF_PAGES <= this.high.size) {
      for (; page < end; page = (Math.floor(page / LEAF_PAGES) + 1) * LEAF_PAGES) if (this.leaf(page) !== 0) return page;
      return end;
    }
    let best = end;
    for (const key of this.high.keys()) {
      const first = Math.max(key * LEAF_PAGES, page);
      if (first < best && (key + 1) * LEAF_PAGES > page) best = first;
    }
    return best;
  }
}
