/** Page tables: three levels for the low 4 GiB, a map of leaves above. Linux: pgd to pte, arch/arm64/include/asm/pgtable.h. */

import { FRAME_SIZE } from '../../platform/ram.ts';
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

/** A leaf covers 256 pages, 1 MiB, and takes 1 KiB: a small program with text, heap, libraries and stack apart needs few of them. */
export const LEAF_SHIFT = 8;
export const LEAF_PAGES: number = 1 << LEAF_SHIFT;
export const LEAF_BYTES: number = 4 * LEAF_PAGES;
const LEAF_MASK = LEAF_PAGES - 1;
const LOW_PAGES = 2 ** 20;
/** The two levels above the leaves have 64 entries a table. */
const UPPER_SHIFT = 6;
const UPPER_ENTRIES: number = 1 << UPPER_SHIFT;
const UPPER_MASK: number = UPPER_ENTRIES - 1;

/** Tables of one size for all address spaces in one array, so that copying and freeing them are array operations. */
export class TableArena {
  /** Table n is words[n << shift …]; table 0 is always empty. Replaced when it grows. */
  words: Int32Array;
  private readonly shift: number;
  private next = 1;
  private readonly freed: number[] = [];

  constructor(shift: number) {
    this.shift = shift;
    this.words = new Int32Array(16 << shift);
  }

  /** An empty table. */
  alloc(): number {
    const recycled = this.freed.pop();
    if (recycled !== undefined) return recycled;
    if ((this.next + 1) << this.shift > this.words.length) {
      // By a half: what is not used yet is not to weigh.
      const larger = new Int32Array(this.words.length + (((this.words.length >> (this.shift + 1)) + 1) << this.shift));
      larger.set(this.words);
      this.words = larger;
    }
    return this.next++;
  }

  free(table: number): void {
    this.words.fill(0, table << this.shift, (table + 1) << this.shift);
    this.freed.push(table);
  }
}

/** All page tables of a kernel. */
export class TableArenas {
  readonly leaves: TableArena = new TableArena(LEAF_SHIFT);
  readonly upper: TableArena = new TableArena(UPPER_SHIFT);
  /** Leaves that address spaces have, those that are put away included. */
  count = 0;

  get bytes(): number {
    return this.count * PRICE_PAGE_TABLE;
  }
}

/** The page table of one address space. */
export class PageTable {
  readonly arena: TableArena;
  private readonly upper: TableArena;
  private readonly kernel: Kernel;
  /** The table of the top level, whose entries are tables of the middle one, whose entries are leaves; 0 before the first leaf. */
  private top = 0;
  private high: Map<number, number> | null = null;
  /** Leaves that are paid for, and how many of them are not put away. */
  leaves = 0;
  private present = 0;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.arena = kernel.memory.tables.leaves;
    this.upper = kernel.memory.tables.upper;
  }

  /** Pages that the leaves take, for VmPTE. */
  get pages(): number {
    return Math.ceil((this.leaves * LEAF_BYTES) / FRAME_SIZE);
  }

  /** The leaf that covers `page`, 0 if there is none. */
  leaf(page: number): number {
    if (page >= LOW_PAGES) return this.high === null ? 0 : (this.high.get(Math.floor(page / LEAF_PAGES)) ?? 0);
    const { words } = this.upper;
    const middle = words[(this.top << UPPER_SHIFT) | (page >>> (LEAF_SHIFT + UPPER_SHIFT))]!;
    return words[(middle << UPPER_SHIFT) | ((page >>> LEAF_SHIFT) & UPPER_MASK)]!;
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
    this.account(1);
    return this.addLeaf(page);
  }

  private addLeaf(page: number): number {
    const leaf = this.arena.alloc();
    this.present++;
    if (page < LOW_PAGES) this.setLowLeaf(page, leaf);
    else {
      this.high ??= new Map();
      this.high.set(Math.floor(page / LEAF_PAGES), leaf);
    }
    return leaf;
  }

  private account(leaves: number): void {
    this.leaves += leaves;
    this.kernel.memory.tables.count += leaves;
  }

  /** Free the leaf that covers `page`; its entries must hold no frames. */
  freeLeaf(page: number, group: MemoryGroup): void {
    const leaf = this.leaf(page);
    if (leaf === 0) return;
    if (page < LOW_PAGES) this.setLowLeaf(page, 0);
    else this.high!.delete(Math.floor(page / LEAF_PAGES));
    this.arena.free(leaf);
    this.present--;
    this.account(-1);
    uncharge(group, PRICE_PAGE_TABLE);
  }

  /** Every entry that is not 0 is kept elsewhere, with its frame: the tables go, but stay paid for. */
  putAway(): void {
    this.freeTables((leaf) => this.arena.free(leaf));
  }

  /** Enter what was put away. */
  bringBack(page: number, entry: number): void {
    const leaf = this.leaf(page) || this.addLeaf(page);
    this.arena.words[(leaf << LEAF_SHIFT) | (page & LEAF_MASK)] = entry;
  }

  /** Everything is back: leaves that had nothing in them were not made again. */
  settle(group: MemoryGroup): void {
    const empty = this.leaves - this.present;
    uncharge(group, empty * PRICE_PAGE_TABLE);
    this.account(-empty);
  }

  /** Tables of the upper levels stay until the address space ends. */
  private setLowLeaf(page: number, leaf: number): void {
    const { upper } = this;
    if (this.top === 0) this.top = upper.alloc();
    const at = (this.top << UPPER_SHIFT) | (page >>> (LEAF_SHIFT + UPPER_SHIFT));
    if (upper.words[at] === 0) {
      const middle = upper.alloc();
      upper.words[at] = middle;
    }
    upper.words[(upper.words[at]! << UPPER_SHIFT) | ((page >>> LEAF_SHIFT) & UPPER_MASK)] = leaf;
  }

  /** The address space ends: free every frame and every leaf. */
  releaseAll(frames: Frames, group: MemoryGroup): void {
    this.freeTables((leaf) => this.releaseLeaf(frames, leaf));
    uncharge(group, this.leaves * PRICE_PAGE_TABLE);
    this.account(-this.leaves);
  }

  private freeTables(freeLeaf: (leaf: number) => void): void {
    if (this.top !== 0) this.freeLow(freeLeaf);
    if (this.high !== null) for (const leaf of this.high.values()) freeLeaf(leaf);
    this.high = null;
    this.present = 0;
  }

  private freeLow(freeLeaf: (leaf: number) => void): void {
    const { upper, top } = this;
    const { words } = upper;
    for (let i = 0; i < UPPER_ENTRIES; i++) {
      const middle = words[(top << UPPER_SHIFT) | i]!;
      if (middle === 0) continue;
      for (let j = 0; j < UPPER_ENTRIES; j++) {
        const leaf = words[(middle << UPPER_SHIFT) | j]!;
        if (leaf !== 0) freeLeaf(leaf);
      }
      upper.free(middle);
    }
    upper.free(top);
    this.top = 0;
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
    const { words } = this.upper;
    while (page < end && page < LOW_PAGES) {
      const middle = words[(this.top << UPPER_SHIFT) | (page >>> (LEAF_SHIFT + UPPER_SHIFT))]!;
      if (middle === 0) {
        page = ((page >>> (LEAF_SHIFT + UPPER_SHIFT)) + 1) << (LEAF_SHIFT + UPPER_SHIFT);
        continue;
      }
      if (words[(middle << UPPER_SHIFT) | ((page >>> LEAF_SHIFT) & UPPER_MASK)] !== 0) return page;
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
