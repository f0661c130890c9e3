/**
 * Address spaces as the processor sees them. The low 4 GiB are translated by two flat tables in a slot of the linear memory; a third
 * one has the numbers of code pages, by which translated code knows that it is the code of this space, too (machine/jit). Slots are
 * recycled among spaces, and one that lost its slot starts again from the kernel's page tables, fault by fault.
 */

import { ACCESS_EXEC, ACCESS_READ, ACCESS_WRITE, type Space } from '../platform/cpu.ts';
import { TABLE_BYTES } from './layout.ts';
import type { LinearRam, MachineLayout, Store } from './ram.ts';

/** Pages below 4 GiB. */
const LOW_PAGES = 0x100000;
/** A slot is cleared in chunks that were written to: one page of a table, 4 MiB of address space. */
const CHUNK_SHIFT = 10;
const CHUNKS: number = LOW_PAGES >> CHUNK_SHIFT;

/** What spaces need from the machine. */
export interface SpaceHost {
  readonly ram: LinearRam;
  readonly slots: SlotPool;
  /** The space's translations for instruction fetch have changed at `page`; undefined: everywhere. */
  forgetCode(space: SoftSpace, page: number | undefined): void;
}

/** The slots of translation tables; the least recently used one is taken from its space. */
export class SlotPool {
  private readonly ram: LinearRam;
  private readonly store: Store;
  /** Slots from here on have never been used. */
  private fresh = 0;
  /** By slot: the chunks that its owner has written to. */
  private readonly touched: (Uint8Array | undefined)[] = [];
  /** Owners, least recently used first. */
  private readonly owners: SoftSpace[] = [];
  private readonly free: number[] = [];

  constructor(ram: LinearRam, { slots }: MachineLayout) {
    this.ram = ram;
    this.store = slots;
  }

  /** Byte address of the slot's read table; the write table and the table of code pages follow. */
  address(slot: number): number {
    return this.store.address(slot);
  }

  /** The chunks of a slot that were written to, a byte each. */
  chunks(slot: number): Uint8Array {
    let chunks = this.touched[slot];
    if (chunks === undefined) this.touched[slot] = chunks = new Uint8Array(CHUNKS);
    return chunks;
  }

  /** May make RAM grow. */
  acquire(space: SoftSpace): number {
    const slot = this.free.pop() ?? this.unused() ?? this.owners.shift()!.loseSlot();
    this.owners.push(space);
    return slot;
  }

  private unused(): number | undefined {
    const { fresh, store } = this;
    if (fresh === store.total || (fresh >= store.first && !this.ram.complete())) return undefined;
    return this.fresh++;
  }

  touch(space: SoftSpace): void {
    if (this.owners.at(-1) === space) return;
    this.owners.splice(this.owners.indexOf(space), 1);
    this.owners.push(space);
  }

  giveBack(space: SoftSpace, slot: number): void {
    this.owners.splice(this.owners.indexOf(space), 1);
    this.free.push(slot);
  }
}

export class SoftSpace implements Space {
  private readonly host: SpaceHost;
  private slot = -1;
  /** Those of the slot, null without one. */
  private touched: Uint8Array | null = null;
  /** Frames that may be executed, by page. */
  private readonly code = new Map<number, number>();
  /** Translations at and above 4 GiB: frame * 8 + access. */
  private readonly high = new Map<number, number>();
  /** Names this space in the code look-up while `asidGeneration` is current. */
  asid = 0;
  asidGeneration = -1;
  /** Pages with entries in the table of code pages. */
  private readonly codePages = new Set<number>();

  constructor(host: SpaceHost) {
    this.host = host;
  }

  /** Byte address of the read table, for running. May make RAM grow. */
  table(): number {
    if (this.slot < 0) {
      this.slot = this.host.slots.acquire(this);
      this.touched = this.host.slots.chunks(this.slot);
    } else this.host.slots.touch(this);
    return this.host.slots.address(this.slot);
  }

  map(page: number, frame: number, access: number): void {
    const executable = (access & ACCESS_EXEC) !== 0;
    if (this.code.get(page) !== (executable ? frame : undefined)) {
      if (executable) this.code.set(page, frame);
      else this.code.delete(page);
      this.forgetCodePage(page);
    }
    if (page >= LOW_PAGES) {
      this.high.set(page, frame * 8 + access);
      return;
    }
    const entry = ((frame - page) << 12) - 1;
    const index = (this.table() >> 2) + page;
    const { i32 } = this.host.ram.views;
    i32[index] = access & ACCESS_READ ? entry : 0;
    i32[index + TABLE_BYTES / 4] = access & ACCESS_WRITE ? entry : 0;
    this.touched![page >> CHUNK_SHIFT] = 1;
  }

  /** Says that what is behind an executable page is the code page of this number. Of pages with the same low bits, the last one has the entry. */
  setCodePage(page: number, number: number): void {
    this.codePages.add(page);
    this.host.ram.views.i32[this.codeEntry(page)] = number;
  }

  private codeEntry(page: number): number {
    return ((this.host.slots.address(this.slot) + 2 * TABLE_BYTES) >> 2) + (page % LOW_PAGES);
  }

  private clearCodePages(): void {
    const { i32 } = this.host.ram.views;
    for (const page of this.codePages) i32[this.codeEntry(page)] = 0;
    this.codePages.clear();
  }

  unmap(page: number, count: number): void {
    this.forget(page, count);
    this.zero(page, count, true);
    for (const high of this.highPages(page, count)) this.high.delete(high);
  }

  writeProtect(page: number, count: number): void {
    this.zero(page, count, false);
    for (const high of this.highPages(page, count)) this.high.set(high, this.high.get(high)! & ~ACCESS_WRITE);
  }

  clear(): void {
    this.code.clear();
    this.clearCodePages();
    this.high.clear();
    this.host.forgetCode(this, undefined);
    this.zero(0, LOW_PAGES, true);
    this.touched?.fill(0);
  }

  release(): void {
    this.clear();
    if (this.slot >= 0) this.host.slots.giveBack(this, this.slot);
    this.slot = -1;
    this.touched = null;
  }

  /** Another space needs the slot: everything is forgotten, so that a process that sleeps for long costs nothing here. */
  loseSlot(): number {
    const { slot } = this;
    this.clear();
    this.slot = -1;
    this.touched = null;
    return slot;
  }

  /** The frame that instructions of `page` are fetched from; undefined: not executable. */
  codeFrame(page: number): number | undefined {
    return this.code.get(page);
  }

  /** The frame behind `page` for ACCESS_READ or ACCESS_WRITE; -1: there is none. */
  frame(page: number, access: number): number {
    if (page >= LOW_PAGES) {
      const entry = this.high.get(page);
      return entry !== undefined && entry & access ? Math.floor(entry / 8) : -1;
    }
    const table = this.table() + (access === ACCESS_WRITE ? TABLE_BYTES : 0);
    const entry = this.host.ram.views.i32[(table >> 2) + page]!;
    return entry === 0 ? -1 : (((entry + 1) >>> 12) + page) & 0xfffff;
  }

  private forget(page: number, count: number): void {
    if (count > this.code.size) {
      for (const mapped of [...this.code.keys()]) if (mapped >= page && mapped < page + count) this.forgetPage(mapped);
    } else for (let i = page; i < page + count; i++) if (this.code.has(i)) this.forgetPage(i);
  }

  private forgetPage(page: number): void {
    this.code.delete(page);
    this.forgetCodePage(page);
  }

  private forgetCodePage(page: number): void {
    this.host.forgetCode(this, page);
    if (this.codePages.delete(page)) this.host.ram.views.i32[this.codeEntry(page)] = 0;
  }

  private highPages(page: number, count: number): number[] {
    if (page + count <= LOW_PAGES || this.high.size === 0) return [];
    return [...this.high.keys()].filter((high) => high >= page && high < page + count);
  }

  /** Clears table entries of pages below 4 GiB, chunk by chunk where any was set. */
  private zero(page: number, count: number, readable: boolean): void {
    const { touched } = this;
    if (touched === null) return;
    const end = Math.min(page + count, LOW_PAGES);
    const { i32 } = this.host.ram.views;
    const base = this.host.slots.address(this.slot) >> 2;
    for (let at = page; at < end; ) {
      const chunkEnd = Math.min(end, ((at >> CHUNK_SHIFT) + 1) << CHUNK_SHIFT);
      if (touched[at >> CHUNK_SHIFT]) {
        if (readable) i32.fill(0, base + at, base + chunkEnd);
        i32.fill(0, base + TABLE_BYTES / 4 + at, base + TABLE_BYTES / 4 + chunkEnd);
      }
      at = chunkEnd;
    }
  }
}
