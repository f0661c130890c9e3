/** The bytes that a read or write moves: user memory in segments, or a kernel buffer. Linux: lib/iov_iter.c. */

import { NOT_RESIDENT } from '../../platform/blocks.ts';
import type { Frames } from '../mm/frames.ts';
import type { MemoryGroup } from '../mm/memory_group.ts';
import type { Mm } from '../mm/mm.ts';

export interface Segment {
  readonly address: number;
  readonly length: number;
}

/**
 * A cursor over source or destination bytes. Before anything is consumed call `prepare`: it makes the user pages resident
 * (and writable for a destination), so that the copies which follow cannot fail half-way.
 */
export class IovIter {
  /** Bytes not yet moved. */
  remaining: number;
  /** Bytes moved so far. */
  moved = 0;
  /** Whose memory it is; null for a kernel buffer. */
  readonly mm: Mm | null;
  private readonly segments: readonly Segment[];
  private readonly bytes: Uint8Array | null;
  private payer: MemoryGroup | null = null;
  private segment = 0;
  private offset = 0;

  private constructor(mm: Mm | null, segments: readonly Segment[], bytes: Uint8Array | null, remaining: number) {
    this.mm = mm;
    this.segments = segments;
    this.bytes = bytes;
    this.remaining = remaining;
  }

  static user(mm: Mm, address: number, length: number): IovIter {
    return new IovIter(mm, [{ address, length }], null, length);
  }

  static vector(mm: Mm, segments: readonly Segment[]): IovIter {
    let total = 0;
    for (const s of segments) total += s.length;
    return new IovIter(mm, segments, null, total);
  }

  /** `group` pays for pages that the other side has to make. */
  static kernel(bytes: Uint8Array, group: MemoryGroup | null = null): IovIter {
    const iter = new IovIter(null, [], bytes, bytes.length);
    iter.payer = group;
    return iter;
  }

  /** Who pays for pages made on behalf of the move; null is nobody in particular. */
  get group(): MemoryGroup | null {
    return this.mm?.memory ?? this.payer;
  }

  /** Move at most `count` bytes more. */
  truncate(count: number): void {
    if (count < this.remaining) this.remaining = count;
  }

  /**
   * Fault in up to `count` of the next bytes for the kernel to read (`write` false) or write (`write` true).
   * Returns how many of them can be moved without a fault (at least 1), -EFAULT if not even the first, or NOT_RESIDENT.
   */
  prepare(count: number, write: boolean): number {
    if (this.mm === null) return Math.min(count, this.remaining);
    let ready = 0;
    let at = this.offset;
    const wanted = Math.min(count, this.remaining);
    for (let i = this.segment; i < this.segments.length && ready < wanted; i++, at = 0) {
      const s = this.segments[i]!;
      const length = Math.min(s.length - at, wanted - ready);
      if (length === 0) continue;
      const got = this.mm.faultIn(s.address + at, length, write);
      if (got < 0) return ready > 0 && got !== NOT_RESIDENT ? ready : got;
      ready += got;
      if (got < length) break;
    }
    return ready;
  }

  /** Pass over bytes that an earlier execution of the syscall has moved. */
  skip(count: number): void {
    if (this.mm !== null) this.walk(count, () => 0);
    else this.advance(count);
  }

  /** Copy `source` to the destination; call prepare first. Returns 0 or -EFAULT. */
  put(source: Uint8Array): number {
    if (this.mm !== null)
      return this.walk(source.length, (mm, address, done, length) => mm.copyOut(address, source.subarray(done, done + length)));
    this.bytes!.set(source, this.moved);
    return this.advance(source.length);
  }

  /** Fill `target` from the source; call prepare first. Returns 0 or -EFAULT. */
  take(target: Uint8Array): number {
    if (this.mm !== null)
      return this.walk(target.length, (mm, address, done, length) => mm.copyInto(address, target.subarray(done, done + length)));
    target.set(this.bytes!.subarray(this.moved, this.moved + target.length));
    return this.advance(target.length);
  }

  /** Copy `count` bytes of RAM at the physical address `source` to the destination; call prepare first. Returns 0 or -EFAULT. */
  putFrame(frames: Frames, source: number, count: number): number {
    if (this.mm !== null) return this.walk(count, (mm, address, done, length) => mm.copyOutPhysical(address, source + done, length));
    this.bytes!.set(frames.views.u8.subarray(source, source + count), this.moved);
    return this.advance(count);
  }

  /** Copy `count` bytes of the source to RAM at the physical address `target`; call prepare first. Returns 0 or -EFAULT. */
  takeFrame(frames: Frames, target: number, count: number): number {
    if (this.mm !== null) return this.walk(count, (mm, address, done, length) => mm.copyInPhysical(address, target + done, length));
    frames.views.u8.set(this.bytes!.subarray(this.moved, this.moved + count), target);
    return this.advance(count);
  }

  private advance(count: number): number {
    this.moved += count;
    this.remaining -= count;
    return 0;
  }

  /** Move `count` bytes segment by segment; `move` is given the user address, the bytes done before and the bytes to move. */
  private walk(count: number, move: (mm: Mm, address: number, done: number, length: number) => number): number {
    let done = 0;
    while (done < count) {
      const s = this.segments[this.segment]!;
      const length = Math.min(s.length - this.offset, count - done);
      if (length > 0) {
        const failed = move(this.mm!, s.address + this.offset, done, length);
        if (failed < 0) return failed;
      }
      done += length;
      this.offset += length;
      this.moved += length;
      this.remaining -= length;
      if (this.offset === s.length && this.segment < this.segments.length - 1) {
        this.segment++;
        this.offset = 0;
      }
    }
    return 0;
  }
}
