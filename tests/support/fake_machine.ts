/** RAM and address spaces without a processor, for tests of the kernel's memory management. */

import { ACCESS_WRITE, type Machine, type Space } from '../../src/platform/cpu.ts';
import type { Platform } from '../../src/platform/platform.ts';
import { FRAME_SIZE, type Ram, type RamViews } from '../../src/platform/ram.ts';

const viewsOf = (buffer: ArrayBuffer): RamViews => ({
  u8: new Uint8Array(buffer),
  u16: new Uint16Array(buffer),
  i32: new Int32Array(buffer),
  u32: new Uint32Array(buffer),
  f64: new Float64Array(buffer),
  data: new DataView(buffer),
});

/** Growth detaches the old views, as WebAssembly memory does. */
export class FakeRam implements Ram {
  readonly firstFrame = 4;
  readonly holeFrame = 12;
  readonly holeEnd = 14;
  readonly maxFrame: number;
  endFrame: number;
  views: RamViews;

  constructor(maxFrame: number) {
    this.maxFrame = maxFrame;
    this.endFrame = Math.min(16, maxFrame);
    this.views = viewsOf(new ArrayBuffer(this.endFrame * FRAME_SIZE));
  }

  grow(frames: number): boolean {
    const end = this.endFrame + frames;
    if (end > this.maxFrame) return false;
    const old = this.views.u8.buffer as ArrayBuffer;
    const buffer = new ArrayBuffer(end * FRAME_SIZE);
    new Uint8Array(buffer).set(new Uint8Array(old));
    structuredClone(old, { transfer: [old] });
    this.views = viewsOf(buffer);
    this.endFrame = end;
    return true;
  }
}

/** Remembers translations, so that tests can compare them with the page table. */
export class FakeSpace implements Space {
  readonly pages: Map<number, { frame: number; access: number }> = new Map();
  released = false;

  map(page: number, frame: number, access: number): void {
    this.pages.set(page, { frame, access });
  }
  unmap(page: number, count: number): void {
    for (const key of this.pages.keys()) if (key >= page && key < page + count) this.pages.delete(key);
  }
  writeProtect(page: number, count: number): void {
    for (const [key, entry] of this.pages) if (key >= page && key < page + count) entry.access &= ~ACCESS_WRITE;
  }
  clear(): void {
    this.pages.clear();
  }
  release(): void {
    this.clear();
    this.released = true;
  }
}

/** A platform whose clock stands still and whose randomness counts. */
export function fakePlatform(
  maxFrame = 65536,
  lines: string[] = [],
): Platform & { readonly machine: Machine & { readonly invalidated: number[] } } {
  const ram = new FakeRam(maxFrame);
  const invalidated: number[] = [];
  let seed = 1;
  return {
    machine: {
      ram,
      get cpu(): never {
        throw new Error('no processor');
      },
      features: { hwcap: 0x3, hwcap2: 0, names: ['fp', 'asimd'] },
      vdso: new Uint8Array(0),
      createSpace: () => new FakeSpace(),
      invalidateCode: (frame) => invalidated.push(frame),
      invalidated,
    },
    trace: () => undefined,
    clock: { monotonic: () => 0, realtime: () => ({ seconds: 0, nanoseconds: 0 }) },
    random: {
      fill: (bytes) => {
        for (let i = 0; i < bytes.length; i++) bytes[i] = seed = (seed * 75 + 74) % 65537;
      },
    },
    blocks: { read: () => -5 },
    console: () => null,
    folder: () => null,
    layers: { layer: () => null },
    log: (line) => lines.push(line),
  };
}
