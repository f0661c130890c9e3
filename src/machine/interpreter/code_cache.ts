/** Decoded instructions of frames, and the look-up from virtual pages to them. */

import { AT_CODE_TLB, CODE_BLOCK_BYTES, CODE_TLB_ENTRIES, PAGE_RECORDS, RECORD_BYTES } from '../layout.ts';
import type { LinearRam, MachineLayout, Store } from '../ram.ts';
import type { SoftSpace } from '../space.ts';
import { PAGE_END } from './forms.ts';

/** Address space numbers take ten bits of a look-up key; 0 is never used. */
const ASIDS = 1024;

export class CodeCache {
  private readonly ram: LinearRam;
  private readonly store: Store;
  /** Blocks by frame, and the other way round. */
  private readonly blocks = new Map<number, number>();
  private readonly frames: Int32Array;
  private readonly free: number[] = [];
  private fresh = 0;
  private nextAsid = 1;
  private generation = 0;

  constructor(ram: LinearRam, { codeBlocks }: MachineLayout) {
    this.ram = ram;
    this.store = codeBlocks;
    this.frames = new Int32Array(codeBlocks.total).fill(-1);
  }

  /** The number that keys of `space` carry. */
  asid(space: SoftSpace): number {
    if (space.asidGeneration !== this.generation) {
      if (this.nextAsid === ASIDS) {
        this.clearLookup();
        this.generation += 1;
        this.nextAsid = 1;
      }
      space.asidGeneration = this.generation;
      space.asid = this.nextAsid++;
    }
    return space.asid;
  }

  /** Byte address of the records of a frame; makes room for them if there are none, and may make RAM grow for that. */
  records(frame: number): number {
    let block = this.blocks.get(frame);
    if (block === undefined) {
      block = this.allocate();
      this.blocks.set(frame, block);
      this.frames[block] = frame;
    }
    return this.address(block);
  }

  /** The record of a word, if its frame has records. */
  recordAt(frame: number, index: number): number | undefined {
    const block = this.blocks.get(frame);
    return block === undefined ? undefined : this.address(block) + index * RECORD_BYTES;
  }

  /** The frame and the index in it that a record stands for. */
  locate(record: number): { frame: number; index: number } {
    const block = this.store.indexOf(record);
    return { frame: this.frames[block]!, index: (record - this.address(block)) / RECORD_BYTES };
  }

  /** Enters a virtual page into the look-up. `low` and `high` are the halves of its address. */
  enter(low: number, high: number, asid: number, records: number): void {
    const { i32 } = this.ram.views;
    const at = this.entry(low >>> 12);
    i32[at] = (low & ~0xfff) | (asid << 2);
    i32[at + 1] = high;
    i32[at + 2] = records;
  }

  forgetPage(space: SoftSpace, page: number): void {
    if (space.asidGeneration !== this.generation) return;
    const { i32 } = this.ram.views;
    const at = this.entry(page);
    if (i32[at] === (((page << 12) & ~0xfff) | (space.asid << 2)) && i32[at + 1] === Math.floor(page / 0x100000)) this.clearEntry(at);
  }

  forgetSpace(space: SoftSpace): void {
    // Its number is simply not used again.
    space.asidGeneration = -1;
  }

  /** The frame's contents have changed: forget what was decoded from it. */
  invalidate(frame: number): void {
    const block = this.blocks.get(frame);
    if (block === undefined) return;
    const address = this.address(block);
    const { i32 } = this.ram.views;
    for (let i = 0; i < CODE_TLB_ENTRIES; i++) {
      const at = (AT_CODE_TLB >> 2) + 4 * i;
      if (i32[at + 2] === address) this.clearEntry(at);
    }
    this.blocks.delete(frame);
    this.frames[block] = -1;
    this.free.push(block);
  }

  /** Forgets the records of some words of a frame; the page may be running. */
  invalidateWords(frame: number, first: number, count: number): void {
    const block = this.blocks.get(frame);
    if (block === undefined) return;
    const start = this.address(block) + first * RECORD_BYTES;
    this.ram.views.u8.fill(0, start, start + count * RECORD_BYTES);
  }

  private address(block: number): number {
    return this.store.address(block);
  }

  private entry(page: number): number {
    return (AT_CODE_TLB >> 2) + 4 * (page & (CODE_TLB_ENTRIES - 1));
  }

  private clearEntry(at: number): void {
    this.ram.views.i32.fill(0, at, at + 3);
  }

  private clearLookup(): void {
    this.ram.views.u8.fill(0, AT_CODE_TLB, AT_CODE_TLB + 16 * CODE_TLB_ENTRIES);
  }

  private allocate(): number {
    const block = this.take();
    const address = this.address(block);
    const { views } = this.ram;
    views.u8.fill(0, address, address + CODE_BLOCK_BYTES);
    views.u16[(address + PAGE_RECORDS * RECORD_BYTES) >> 1] = PAGE_END;
    return block;
  }

  private take(): number {
    const block = this.free.pop();
    if (block !== undefined) return block;
    const { fresh, store } = this;
    if (fresh < store.first || (fresh < store.total && this.ram.complete())) return this.fresh++;
    // Everything is in use: start again.
    this.clearLookup();
    this.blocks.clear();
    this.frames.fill(-1);
    this.fresh = 1;
    return 0;
  }
}
