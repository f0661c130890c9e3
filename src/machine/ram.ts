/** The linear memory as physical RAM. The first frames belong to the machine. */

import { FRAME_SHIFT, type Ram, type RamViews } from '../platform/ram.ts';
import { CODE_BLOCK_BYTES, FIXED_END, SLOT_BYTES } from './layout.ts';

const WASM_PAGE = 65536;
/** The kernel's share at the start, so that it need not grow at once: growing replaces every view. */
const FIRST_BYTES: number = 16 << 20;

/** How much room the machine keeps for its own structures. */
export interface MachineLayout {
  /** Pages whose instructions can be decoded at the same time. */
  readonly codeBlocks: number;
  readonly codeBase: number;
  /** Address spaces that have translation tables at the same time. */
  readonly slots: number;
  readonly slotBase: number;
  readonly end: number;
}

export function layOut(codeBlocks: number, slots: number): MachineLayout {
  const codeBase = FIXED_END;
  const slotBase = (codeBase + codeBlocks * CODE_BLOCK_BYTES + WASM_PAGE - 1) & -WASM_PAGE;
  return { codeBlocks, codeBase, slots, slotBase, end: slotBase + slots * SLOT_BYTES };
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
  readonly maxFrame: number;
  /** Called after `views` has been replaced. */
  private readonly grown: () => void;

  /** `maxBytes` counts the machine's own part; it is at most 4 GiB. */
  constructor(layout: MachineLayout, maxBytes: number, grown: () => void) {
    const maximum = Math.min(65536, Math.floor(maxBytes / WASM_PAGE));
    this.memory = new WebAssembly.Memory({
      initial: Math.min(maximum, (layout.end + Math.min(FIRST_BYTES, maxBytes / 8)) / WASM_PAGE),
      maximum,
    });
    this.views = viewsOf(this.memory.buffer);
    this.firstFrame = layout.end >>> FRAME_SHIFT;
    this.maxFrame = maximum * 16;
    this.grown = grown;
  }

  get endFrame(): number {
    return this.views.u8.length / 4096;
  }

  grow(frames: number): boolean {
    const pages = Math.ceil(frames / 16);
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
