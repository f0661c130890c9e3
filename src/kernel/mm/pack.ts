/**
 * The memory of processes that sleep for long, kept without its zeros and without what is in its program's file: most pages of
 * a small program that waits hold few bytes beside. Nobody can
 * tell but the host, whose memory it saves: charges, counts and the frames that programs may use stay as they are, and the first
 * use of the page table brings everything back. The part of Linux's zswap (Documentation/admin-guide/mm/zswap.rst), for whole processes.
 */

import { FRAME_SIZE } from '../../platform/ram.ts';
import type { Kernel } from '../kernel.ts';
import { Timer } from '../time/timer.ts';
import { FRAME_EXEC } from './frames.ts';
import type { MemoryGroup } from './memory_group.ts';
import type { Mm } from './mm.ts';
import { LEAF_PAGES, LEAF_SHIFT, PTE_PRIVATE } from './page_table.ts';
import { existingSpace } from './space_table.ts';
import type { Vma } from './vma.ts';

const FRAME_WORDS: number = FRAME_SIZE / 4;
/** A process with more pages of its own is left alone: bringing it back would take a millisecond. */
const MOST_PAGES = 512;
/** The most that one page takes: its head, and for each eight bytes a mask and all of them. */
const MOST_BYTES: number = 16 + (FRAME_SIZE / 8) * 9;
const FLAGS = 0xfff;
/** Processes that are packed at a time; others wait for the next one. */
const AT_A_TIME = 64;
const SOON = 20e6;

/**
 * Of each page: its number (eight bytes), the flags of its entry and the frame of the file that it was copied from, or 0 (four each). Then its
 * difference from that frame: for each eight bytes a mask of those that are not zero, and these; a mask of 0 is followed by how many times
 * it stands.
 */
export interface PackedPages {
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Who paid for the frames, and goes on to. */
  readonly group: MemoryGroup;
}

/** Pages are written here before their size is known. */
let scratch = new Uint8Array(16 * MOST_BYTES);

function put32(at: number, value: number): void {
  for (let i = 0; i < 4; i++) scratch[at + i] = value >>> (8 * i);
}

const get32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;

/** Append the difference of two frames, given by their first words, to the scratch at `to`; where it ends. */
function packFrame(u32: Uint32Array, frame: number, source: number, to: number): number {
  let out = to;
  /** Where the count of the present zeros is. */
  let zeros = -1;
  for (let i = 0; i < FRAME_WORDS; i += 2) {
    const low = u32[frame + i]! ^ u32[source + i]!;
    const high = u32[frame + i + 1]! ^ u32[source + i + 1]!;
    if ((low | high) === 0) {
      if (zeros >= 0 && scratch[zeros]! < 255) scratch[zeros]!++;
      else {
        scratch[out++] = 0;
        zeros = out++;
        scratch[zeros] = 1;
      }
      continue;
    }
    zeros = -1;
    const maskAt = out++;
    let mask = 0;
    for (let b = 0; b < 8; b++) {
      const byte = ((b < 4 ? low : high) >>> (8 * (b & 3))) & 255;
      if (byte === 0) continue;
      mask |= 1 << b;
      scratch[out++] = byte;
    }
    scratch[maskAt] = mask;
  }
  return out;
}

/** Undo packFrame into a frame that holds `source` already; where the bytes go on. */
function unpackFrame(u32: Uint32Array, frame: number, bytes: Uint8Array, from: number): number {
  let at = from;
  for (let i = 0; i < FRAME_WORDS; ) {
    const mask = bytes[at++]!;
    if (mask === 0) {
      i += 2 * bytes[at++]!;
      continue;
    }
    for (let b = 0; b < 8; b++) if ((mask & (1 << b)) !== 0) u32[frame + i + (b >> 2)]! ^= bytes[at++]! << (8 * (b & 3));
    i += 2;
  }
  return at;
}

/** The frame of a file that never changes from which `page` was copied, or 0. */
function sourceOf(vma: Vma, page: number): number {
  return vma.mapping?.constant === true ? vma.mapping.peek(vma.offset + (page - vma.start)) : 0;
}

/** Pack what `mm` has for itself; false when that is nothing, too much or not worth it. */
export function packMm(mm: Mm): boolean {
  const { table, memory: group } = mm;
  const { frames, zeroFrame } = mm.kernel.memory;
  const { u32 } = frames.views;
  const { words } = table.arena;
  const taken: { readonly at: number; readonly page: number; readonly source: number }[] = [];
  let out = 0;
  for (const vma of mm.vmas) {
    if (!vma.hasPrivate) continue;
    for (let page = table.nextCovered(vma.start, vma.end); page < vma.end; page = table.nextCovered(page, vma.end)) {
      const end = Math.min(vma.end, page - (page % LEAF_PAGES) + LEAF_PAGES);
      const base = table.leaf(page) << LEAF_SHIFT;
      for (; page < end; page++) {
        const at = base | (page % LEAF_PAGES);
        const entry = words[at]!;
        const frame = entry >>> 12;
        if ((entry & PTE_PRIVATE) === 0 || frames.references(frame) !== 1) continue;
        if (frames.has(frame, FRAME_EXEC) || frames.payer(frame) !== group) continue;
        if (taken.length === MOST_PAGES) return false;
        if (out + MOST_BYTES > scratch.length) {
          const larger = new Uint8Array(2 * scratch.length);
          larger.set(scratch);
          scratch = larger;
        }
        const source = sourceOf(vma, page);
        put32(out, page);
        put32(out + 4, Math.floor(page / 2 ** 32));
        put32(out + 8, entry & FLAGS);
        put32(out + 12, source);
        out = packFrame(u32, frame * FRAME_WORDS, (source || zeroFrame) * FRAME_WORDS, out + 16);
        taken.push({ at, page, source });
      }
    }
  }
  if (out > taken.length * FRAME_SIZE * 0.6 || taken.length === 0) return false;
  const space = existingSpace(mm);
  for (const { at, page, source } of taken) {
    space?.unmap(page, 1);
    frames.park(words[at]! >>> 12);
    words[at] = 0;
    if (source !== 0) frames.get(source);
  }
  mm.packed = { bytes: scratch.slice(0, out), count: taken.length, group };
  mm.kernel.memory.packed.add(mm);
  return true;
}

/** Bring everything back. */
export function unpackMm(mm: Mm, { bytes, group }: PackedPages): void {
  const { memory, platform } = mm.kernel;
  const { frames } = memory;
  mm.packed = null;
  mm.lastUse = platform.clock.monotonic();
  memory.packed.delete(mm);
  memory.packer.note(mm.kernel, mm.lastUse);
  for (let at = 0; at < bytes.length; ) {
    const page = get32(bytes, at) + get32(bytes, at + 4) * 2 ** 32;
    const flags = get32(bytes, at + 8);
    const source = get32(bytes, at + 12);
    const frame = frames.unpark(group);
    const { u8, u32 } = frames.views;
    if (source !== 0) {
      u8.copyWithin(frame * FRAME_SIZE, source * FRAME_SIZE, (source + 1) * FRAME_SIZE);
      frames.put(source);
    }
    at = unpackFrame(u32, frame * FRAME_WORDS, bytes, at + 16);
    mm.table.set(page, (frame << 12) | flags);
  }
}

/** It ends without being used again. */
export function discardPacked(mm: Mm, { bytes, count, group }: PackedPages): void {
  const { memory } = mm.kernel;
  mm.packed = null;
  memory.packed.delete(mm);
  memory.frames.unparkNothing(group, count);
  for (let at = 0; at < bytes.length; ) {
    const source = get32(bytes, at + 12);
    if (source !== 0) memory.frames.put(source);
    at = skipFrame(bytes, at + 16);
  }
}

/** Where the bytes go on behind a packed frame. */
function skipFrame(bytes: Uint8Array, from: number): number {
  let at = from;
  for (let i = 0; i < FRAME_WORDS; i += 2) {
    const mask = bytes[at++]!;
    if (mask === 0) i += 2 * (bytes[at++]! - 1);
    else for (let rest = mask; rest !== 0; rest &= rest - 1) at++;
  }
  return at;
}

/** Looks for processes to pack a while after something has run, and not when nothing has. */
export class Packer extends Timer {
  /** How long a process must have slept, in nanoseconds; 0 packs nothing. */
  after = 0;

  /** Something runs. */
  note(kernel: Kernel, now: number): void {
    if (this.after !== 0 && this.slot < 0) kernel.timers.arm(this, now + this.after);
  }

  override expire(kernel: Kernel): void {
    const now = kernel.clock.monotonic();
    let left = AT_A_TIME;
    let next = Number.POSITIVE_INFINITY;
    for (const { task } of kernel.initialPidNs.pidsInUse()) {
      const mm = task?.mm ?? null;
      // What was looked at since it ran last has nothing to give.
      if (mm === null || mm.packed !== null || mm.lookedAt >= mm.lastUse) continue;
      if (now - mm.lastUse < this.after) next = Math.min(next, mm.lastUse + this.after);
      else if (left === 0) next = now + SOON;
      else {
        left--;
        mm.lookedAt = now;
        packMm(mm);
      }
    }
    if (next < Number.POSITIVE_INFINITY) kernel.timers.arm(this, Math.max(next, now + SOON));
  }
}
