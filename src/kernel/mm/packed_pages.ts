/**
 * How pages that are put away are kept: without their zeros, and without what another page has too. Entries of a page table, or of a file's
 * index, follow each other by page: the distance to the page before (seven bits a byte, the lowest first) and the entry (four bytes). A packed
 * one is followed by the difference of its page: for each eight bytes a mask of those that are not zero, and these; a mask of 0 is followed by
 * how many times it stands.
 */

import { FRAME_SIZE } from '../../platform/ram.ts';
import type { Frames } from './frames.ts';
import type { MemoryGroup } from './memory_group.ts';

const FRAME_WORDS: number = FRAME_SIZE / 4;
/** The most that one page takes: its head, and for each eight bytes a mask and all of them. */
const MOST_BYTES: number = 16 + (FRAME_SIZE / 8) * 9;
/** In an entry that is put away: its frame is the one that the packed page differs from, or 0 for zeros. */
const PACKED = 0x800;
const FLAGS = 0x7ff;

/** What was put away. */
export interface PackedPages {
  readonly bytes: Uint8Array;
  /** Packed pages, and whether they are shared memory. */
  readonly count: number;
  readonly shmem: boolean;
  /** Who paid for the frames, and goes on to. */
  group: MemoryGroup;
}

/** Pages are written here before their size is known. */
let scratch = new Uint8Array(16 * MOST_BYTES);

/** Writes entries one after the other, one writer at a time. */
export class PackedWriter {
  /** Where the next byte goes. */
  private at = 0;
  private last = 0;

  get length(): number {
    return this.at;
  }

  /** Append an entry as it is. */
  put(page: number, entry: number): void {
    if (this.at + MOST_BYTES > scratch.length) {
      const larger = new Uint8Array(2 * scratch.length);
      larger.set(scratch);
      scratch = larger;
    }
    let left = page - this.last;
    for (; left >= 128; left = Math.floor(left / 128)) scratch[this.at++] = (left % 128) | 128;
    scratch[this.at++] = left;
    for (let i = 0; i < 4; i++) scratch[this.at++] = entry >>> (8 * i);
    this.last = page;
  }

  /** Append an entry with its page, as the difference from `source` or from zeros; how many bytes that takes. */
  pack(page: number, entry: number, source: number, zeroFrame: number, { u32 }: Frames['views']): number {
    const start = this.at;
    this.put(page, (source << 12) | (entry & FLAGS) | PACKED);
    this.at = packFrame(u32, (entry >>> 12) * FRAME_WORDS, (source || zeroFrame) * FRAME_WORDS, this.at);
    return this.at - start;
  }

  /** Take the entry back that was appended last, when `before` bytes had been written and `page` was the last one. */
  rewind(before: number, page: number): void {
    this.at = before;
    this.last = page;
  }

  /** Everything that was written. */
  bytes(): Uint8Array {
    return scratch.slice(0, this.at);
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

/** Reads what was packed, entry by entry. */
export class PackedReader {
  page = 0;
  entry = 0;
  private at = 0;
  /** The difference of the present entry's page comes next. */
  private unread = false;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The next entry; false at the end. */
  next(): boolean {
    const { bytes } = this;
    if (this.unread) this.skip();
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
    this.unread = (this.entry & PACKED) !== 0;
    return true;
  }

  /** The frame of the entry, or the one that its page differs from. */
  get frame(): number {
    return this.entry >>> 12;
  }

  get isPacked(): boolean {
    return (this.entry & PACKED) !== 0;
  }

  /** Bring the page of a packed entry back; the entry as it was. */
  unpack(frames: Frames, group: MemoryGroup): number {
    const source = this.frame;
    const frame = frames.unpark(group);
    const { u8, u32 } = frames.views;
    if (source !== 0) {
      u8.copyWithin(frame * FRAME_SIZE, source * FRAME_SIZE, (source + 1) * FRAME_SIZE);
      frames.put(source);
    }
    this.at = unpackFrame(u32, frame * FRAME_WORDS, this.bytes, this.at);
    this.unread = false;
    return (frame << 12) | (this.entry & FLAGS);
  }

  private skip(): void {
    const { bytes } = this;
    for (let i = 0; i < FRAME_WORDS; i += 2) {
      const mask = bytes[this.at++]!;
      if (mask === 0) i += 2 * (bytes[this.at++]! - 1);
      else for (let rest = mask; rest !== 0; rest &= rest - 1) this.at++;
    }
  }
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
