/**
 * The look-up of translated code by its address, in linear memory: sets of two words, of which each has a pc in its upper 48 bits and an
 * index in the table of regions below. What it finds may be another space's; regions see for themselves (machine/jit/emitter.ts).
 */

import type { Ram } from '../../platform/ram.ts';
import { AT_REGION_TLB, REGION_TLB_ENTRIES } from '../layout.ts';

/** A pc that no word of the first set can have: an empty word's own 0 would be found there. */
const ELSEWHERE = 8;

export class RegionLookup {
  private readonly ram: Ram;

  constructor(ram: Ram) {
    this.ram = ram;
    this.clear();
  }

  /** The word of a pc, in units of 32 bits; -1: there is none. */
  private find(pc: number): number {
    const { u32 } = this.ram.views;
    const first = firstOf(pc);
    for (const at of [first, first ^ 2]) if (u32[at + 1] === upperOf(pc) && u32[at]! >>> 16 === pc % 0x10000) return at;
    return -1;
  }

  /** The older one of the set's other words is replaced. */
  enter(pc: number, index: number): void {
    const { u32 } = this.ram.views;
    const known = this.find(pc);
    const at = firstOf(pc);
    if (known < 0 || known === (at ^ 2)) {
      u32[at ^ 2] = u32[at]!;
      u32[(at ^ 2) + 1] = u32[at + 1]!;
    }
    u32[at] = (pc << 16) | index;
    u32[at + 1] = upperOf(pc);
  }

  forget(pc: number): void {
    const at = this.find(pc);
    if (at >= 0) this.empty(at);
  }

  clear(): void {
    this.ram.views.u8.fill(0, AT_REGION_TLB, AT_REGION_TLB + 8 * REGION_TLB_ENTRIES);
    const set = AT_REGION_TLB >> 2;
    for (const at of [set, set + 2]) this.empty(at);
  }

  private empty(at: number): void {
    const { u32 } = this.ram.views;
    u32[at] = at <= (AT_REGION_TLB >> 2) + 2 ? ELSEWHERE << 16 : 0;
    u32[at + 1] = 0;
  }
}

const firstOf = (pc: number): number => (AT_REGION_TLB >> 2) + 2 * ((pc / 4) & (REGION_TLB_ENTRIES - 1));
const upperOf = (pc: number): number => Math.floor(pc / 0x10000);
