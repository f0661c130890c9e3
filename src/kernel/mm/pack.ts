/**
 * The memory of processes that sleep for long, kept without its zeros and without what others have too: most pages of
 * a small program that waits hold few bytes beside. Nobody can
 * tell but the host, whose memory it saves: charges, counts and the frames that programs may use stay as they are, and the first
 * use of the page table brings everything back. The part of Linux's zswap (Documentation/admin-guide/mm/zswap.rst), for whole processes.
 */

import { FRAME_SIZE } from '../../platform/ram.ts';
import type { Kernel } from '../kernel.ts';
import { Timer } from '../time/timer.ts';
import { FRAME_EXEC, type Frames } from './frames.ts';
import type { MemoryGroup } from './memory_group.ts';
import type { Mm } from './mm.ts';
import { LEAF_PAGES, LEAF_SHIFT, PTE_PRIVATE } from './page_table.ts';
import { existingSpace } from './space_table.ts';
import type { Vma } from './vma.ts';

const FRAME_WORDS: number = FRAME_SIZE / 4;
/** A process with more pages of its own, or more of all kinds, is left alone: bringing it back would take a millisecond. */
const MOST_OWN = 512;
const MOST_PAGES = 8192;
/** The most that one page takes: its head, and for each eight bytes a mask and all of them. */
const MOST_BYTES: number = 16 + (FRAME_SIZE / 8) * 9;
/** Copies of a file's page that differ from it by more are worth a template. */
const FEW_BYTES = 256;
/** In an entry that is put away: its frame is the one that the packed page differs from, or 0 for zeros. */
const PACKED = 0x800;
/** Processes that are packed at a time; others wait for the next one. */
const AT_A_TIME = 64;
const SOON = 20e6;

/**
 * The page table's entries: the distance to the page before (seven bits a byte, the lowest first) and the entry (four bytes). A packed one is
 * followed by the difference of its page: for each eight bytes a mask of those that are not zero, and these; a mask of 0 is followed by how
 * many times it stands.
 */
export interface PackedPages {
  readonly bytes: Uint8Array;
  /** Packed pages. */
  readonly count: number;
  /** Who paid for the frames, and goes on to. */
  readonly group: MemoryGroup;
}

/** Pages are written here before their size is known. */
let scratch = new Uint8Array(16 * MOST_BYTES);

/** Append the head of an entry to the scratch at `to`; where it ends. */
function putHead(distance: number, entry: number, to: number): number {
  let out = to;
  let left = distance;
  for (; left >= 128; left = Math.floor(left / 128)) scratch[out++] = (left % 128) | 128;
  scratch[out++] = left;
  for (let i = 0; i < 4; i++) scratch[out++] = entry >>> (8 * i);
  return out;
}

/** Reads what was packed, entry by entry. */
class PackedReader {
  page = 0;
  entry = 0;
  /** Where the bytes go on. */
  at = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The next entry; false at the end. What is behind the head is the caller's. */
  next(): boolean {
    const { bytes } = this;
    if (this.at >= bytes.length) return false;
    let byte = bytes[this.at++]!;
    let scale = 1;
    for (; byte >= 128; byte = bytes[this.at++]!) {
      this.page += (byte & 127) * scale;
      scale *= 128;
    }
    this.page += byte * scale;
    this.entry = 0;
    for (let i = 0; i < 4; i++) this.entry |= bytes[this.at++]! << (8 * i);
    return true;
  }

  get frame(): number {
    return this.entry >>> 12;
  }

  get isPacked(): boolean {
    return (this.entry & PACKED) !== 0;
  }
}

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

/** Room in the scratch for one more page behind `out`. */
function makeRoom(out: number): void {
  if (out + MOST_BYTES <= scratch.length) return;
  const larger = new Uint8Array(2 * scratch.length);
  larger.set(scratch);
  scratch = larger;
}

/** Append `page`, whose private frame is `frame`, to the scratch; where it ends. */
function packPage({ mapping, offset, start }: Vma, page: number, distance: number, entry: number, { kernel }: Mm, to: number): number {
  const { frames, zeroFrame } = kernel.memory;
  const file = mapping?.constant === true ? mapping : null;
  const index = offset + (page - start);
  const put = (source: number): number => {
    const head = putHead(distance, (source << 12) | (entry & 0xfff) | PACKED, to);
    return packFrame(frames.views.u32, (entry >>> 12) * FRAME_WORDS, (source || zeroFrame) * FRAME_WORDS, head);
  };
  const source = file?.template(index) ?? 0;
  const out = put(source);
  if (source === 0 || out - to < FEW_BYTES || source !== file!.peek(index)) return out;
  const template = file!.addTemplate(index, entry >>> 12);
  return template === 0 ? out : put(template);
}

/** Put away what `mm` has for itself and its tables; false when that is nothing, too much or not worth it. */
export function packMm(mm: Mm): boolean {
  if (mm.packed !== null) return true;
  const { table, memory: group } = mm;
  const { frames, packed } = mm.kernel.memory;
  const { words } = table.arena;
  const own: { readonly page: number; readonly frame: number }[] = [];
  let count = 0;
  let out = 0;
  let last = 0;
  for (const vma of mm.vmas) {
    for (let page = table.nextCovered(vma.start, vma.end); page < vma.end; page = table.nextCovered(page, vma.end)) {
      const end = Math.min(vma.end, page - (page % LEAF_PAGES) + LEAF_PAGES);
      const base = table.leaf(page) << LEAF_SHIFT;
      for (; page < end; page++) {
        const entry = words[base | (page % LEAF_PAGES)]!;
        if (entry === 0) continue;
        if (count++ === MOST_PAGES || own.length === MOST_OWN) return false;
        makeRoom(out);
        if (isOwn(frames, entry, group)) {
          out = packPage(vma, page, page - last, entry, mm, out);
          own.push({ page, frame: entry >>> 12 });
        } else out = putHead(page - last, entry, out);
        last = page;
      }
    }
  }
  if (out > own.length * FRAME_SIZE * 0.6) return false;
  const space = existingSpace(mm);
  for (const { page, frame } of own) {
    space?.unmap(page, 1);
    frames.park(frame);
  }
  table.putAway();
  mm.packed = { bytes: scratch.slice(0, out), count: own.length, group };
  for (const reader = new PackedReader(mm.packed.bytes); reader.next(); ) {
    if (!reader.isPacked) continue;
    if (reader.frame !== 0) frames.get(reader.frame);
    reader.at = skipFrame(mm.packed.bytes, reader.at);
  }
  packed.add(mm);
  return true;
}

/** Whether an entry's frame is its address space's alone, and no code. */
function isOwn(frames: Frames, entry: number, group: MemoryGroup): boolean {
  const frame = entry >>> 12;
  if ((entry & PTE_PRIVATE) === 0 || frames.references(frame) !== 1) return false;
  return !frames.has(frame, FRAME_EXEC) && frames.payer(frame) === group;
}

/** Bring everything back. */
export function unpackMm(mm: Mm, { bytes, group }: PackedPages): void {
  const { memory, platform } = mm.kernel;
  const { frames } = memory;
  mm.packed = null;
  mm.lastUse = platform.clock.monotonic();
  memory.packed.delete(mm);
  memory.packer.note(mm.kernel, mm.lastUse);
  const { table } = mm;
  for (const reader = new PackedReader(bytes); reader.next(); ) {
    const { page, frame: source } = reader;
    if (!reader.isPacked) {
      table.bringBack(page, reader.entry);
      continue;
    }
    const frame = frames.unpark(group);
    const { u8, u32 } = frames.views;
    if (source !== 0) {
      u8.copyWithin(frame * FRAME_SIZE, source * FRAME_SIZE, (source + 1) * FRAME_SIZE);
      frames.put(source);
    }
    reader.at = unpackFrame(u32, frame * FRAME_WORDS, bytes, reader.at);
    table.bringBack(page, (frame << 12) | (reader.entry & 0xfff & ~PACKED));
  }
  table.settle(mm.payer);
}

/** It ends without being used again. */
export function discardPacked(mm: Mm, { bytes, count, group }: PackedPages): void {
  const { memory } = mm.kernel;
  mm.packed = null;
  memory.packed.delete(mm);
  memory.frames.unparkNothing(group, count);
  for (const reader = new PackedReader(bytes); reader.next(); ) {
    if (reader.frame !== 0) memory.frames.put(reader.frame);
    if (reader.isPacked) reader.at = skipFrame(bytes, reader.at);
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
