/**
 * The linear memory as physical RAM. What the machine keeps for itself lies in two parts around the first frames of the kernel: the second one comes
 * into being when it is needed, because V8 answers much memory at once with a collection.
 */

import { FRAME_SHIFT, type Ram, type RamViews } from '../platform/ram.ts';
import { CODE_BLOCK_BYTES, FIXED_END, SLOT_BYTES } from './layout.ts';

const WASM_PAGE = 65536;
/** The kernel's share at the start, so that it need not grow at once: growing replaces every view. */
const FIRST_BYTES: number = 16 << 20;
/** The machine's: enough for a program of a few processes in turn. */
const FIRST_BLOCKS = 1024;
const FIRST_SLOTS = 1;

const pageAligned = (address: number): number => (address + WASM_PAGE - 1) & -WASM_PAGE;

/** Things of one size, the first `count` of them in the first part. */
export class Store {
  readonly total: number;
  readonly first: number;
  private readonly size: number;
  private readonly base: number;
  private readonly rest: number;

  constructor(total: number, first: number, size: number, base: number, rest: number) {
    this.total = total;
    this.first = first;
    this.size = size;
    this.base = base;
    this.rest = rest;
  }

  /** Byte address of number `index`. */
  address(index: number): number {
    return index < this.first ? this.base + index * this.size : this.rest + (index - this.first) * this.size;
  }

  /** The number of the one in which a byte is. */
  indexOf(address: number): number {
    const index = Math.floor((address - this.base) / this.size);
    return index < this.first ? index : this.first + Math.floor((address - this.rest) / this.size);
  }
}

/** How much room the machine keeps for its own structures, and where. */
export interface MachineLayout {
  /** Pages whose instructions can be decoded at the same time. */
  readonly codeBlocks: Store;
  /** Address spaces that have translation tables at the same time. */
  readonly slots: Store;
  /** Where the kernel's first frames begin, and where the machine's second part does and ends. */
  readonly kernel: number;
  readonly hole: number;
  readonly end: number;
}

/** `first` code blocks are in the first part; all of RAM will be at most `maxBytes`. */
export function layOut(codeBlocks: number, slots: number, maxBytes: number, first: number = FIRST_BLOCKS): MachineLayout {
  const [firstBlocks, firstSlots] = [Math.min(first, codeBlocks), Math.min(FIRST_SLOTS, slots)];
  const slotBase = pageAligned(FIXED_END + firstBlocks * CODE_BLOCK_BYTES);
  const kernel = slotBase + firstSlots * SLOT_BYTES;
  const hole = kernel + Math.min(FIRST_BYTES, pageAligned(maxBytes / 8));
  const restSlots = pageAligned(hole + (codeBlocks - firstBlocks) * CODE_BLOCK_BYTES);
  return {
    codeBlocks: new Store(codeBlocks, firstBlocks, CODE_BLOCK_BYTES, FIXED_END, hole),
    slots: new Store(slots, firstSlots, SLOT_BYTES, slotBase, restSlots),
    kernel,
    hole,
    end: restSlots + (slots - firstSlots) * SLOT_BYTES,
  };
}

function viewsOf(buffer: ArrayBuffer): RamViews {
  return {
    u8: new Uint8Array(buffer),
    u16: new Uint16Array(buffer),
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
    f64: new Float64Array(buffer),
    data: new DataView(buffer),
  };
}

export class LinearRam implements Ram {
  readonly memory: WebAssembly.Memory;
  views: RamViews;
  readonly firstFrame: number;
  readonly holeFrame: number;
  readonly holeEnd: number;
  readonly maxFrame: number;
  /** Called after `views` has been replaced. */
  private readonly grown: () => void;

  /** `maxBytes` counts the machine's own part; it is at most 4 GiB. */
  constructor(layout: MachineLayout, maxBytes: number, grown: () => void) {
    const maximum = Math.min(65536, Math.floor(maxBytes / WASM_PAGE));
    this.memory = new WebAssembly.Memory({ initial: layout.hole / WASM_PAGE, maximum });
    this.views = viewsOf(this.memory.buffer);
    this.firstFrame = layout.kernel >>> FRAME_SHIFT;
    this.holeFrame = layout.hole >>> FRAME_SHIFT;
    this.holeEnd = layout.end >>> FRAME_SHIFT;
    this.maxFrame = maximum * 16;
    this.grown = grown;
  }

  get endFrame(): number {
    return this.views.u8.length / 4096;
  }

  /** Makes the machine's second part exist; false when the host refuses. Replaces `views`. */
  complete(): boolean {
    return this.endFrame >= this.holeEnd || this.growBy((this.holeEnd - this.endFrame) / 16);
  }

  grow(frames: number): boolean {
    return this.complete() && this.growBy(Math.ceil(frames / 16));
  }

  private growBy(pages: number): boolean {
    if (this.endFrame + pages * 16 > this.maxFrame) return false;
    try {
      this.memory.grow(pages);
    } catch {
      return false; // RangeError: the host has no more memory
    }
    this.views = viewsOf(this.memory.buffer);
    this.grown();
    return true;
  }
}
