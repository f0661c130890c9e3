/** Physical page frames: how often each is used, and who pays for it. Linux: mm/page_alloc.c, struct page. */

import { FRAME_SHIFT, FRAME_SIZE, type RamViews } from '../../platform/ram.ts';
import type { Kernel } from '../kernel.ts';
import { Panic } from '../panic.ts';
import type { MemoryGroup } from './memory_group.ts';
import { noteHigh } from './memory_high.ts';

/** The frame has been mapped for execution: the processor may hold code decoded from it. */
export const FRAME_EXEC = 1;
/** Used since reclaim last looked. */
export const FRAME_REFERENCED = 2;

/** It is in the page cache of a file, or of a file in memory. */
export const FRAME_FILE = 4;
export const FRAME_SHMEM = 8;

/** What frames are used for, by number. */
export interface FrameCensus {
  readonly anon: number;
  readonly shmem: number;
  readonly file: number;
  /** Files' pages that are mapped, and those that nobody has used lately. */
  readonly mapped: number;
  readonly idleFile: number;
}

/** RAM grows by at least this many frames (16 MiB): growing replaces every view of it. */
const GROWTH = 4096;
/** Frames that speculation leaves alone. */
const SPARE = 256;

/**
 * The allocator of all frames. Frame numbers are indices into RAM; 0 means "none". A frame is freed when its last
 * reference (page table entry, page cache, pin) is put.
 */
export class Frames {
  /** Frames in use. */
  used = 0;
  /** The most frames that may be in use: the machine's RAM as programs see it. */
  limit: number;
  /** Some group has, or had, a memory.high. */
  highIsUsed = false;
  private readonly kernel: Kernel;
  private refs: Int32Array = new Int32Array(0);
  private flags: Uint8Array = new Uint8Array(0);
  /** MemoryGroup.id of the payer. */
  private owner: Uint16Array = new Uint16Array(0);
  /** A stack of freed frames, used before those that were never touched. */
  private free: Int32Array = new Int32Array(GROWTH);
  private freeCount = 0;
  /** Frames from here on were never used and are zero. */
  private fresh: number;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    const ram = kernel.platform.machine.ram;
    this.fresh = ram.firstFrame;
    this.limit = ram.maxFrame - ram.firstFrame - (ram.holeEnd - ram.holeFrame);
    this.resize(ram.endFrame);
  }

  /** RAM as it is now; not to be kept across a call that may allocate. */
  get views(): RamViews {
    return this.kernel.platform.machine.ram.views;
  }

  /** A zeroed frame with one reference, charged to `group`; 0 when there is no memory, even after reclaim and the OOM killer. */
  alloc(group: MemoryGroup): number {
    const untouched = this.fresh;
    const frame = this.allocUncleared(group);
    if (frame !== 0 && frame < untouched) {
      const at = frame * FRAME_SIZE;
      this.views.u8.fill(0, at, at + FRAME_SIZE);
    }
    return frame;
  }

  /** As alloc, but with whatever the frame held: for callers that overwrite all of it. */
  allocUncleared(group: MemoryGroup): number {
    while (!group.tryCharge(FRAME_SIZE)) if (!this.kernel.memory.makeRoom(group, FRAME_SIZE)) return 0;
    let frame = this.take();
    while (frame === 0) {
      if (!this.kernel.memory.makeRoom(this.kernel.memory.root, FRAME_SIZE)) {
        group.uncharge(FRAME_SIZE);
        return 0;
      }
      frame = this.take();
    }
    this.refs[frame] = 1;
    this.flags[frame] = FRAME_REFERENCED;
    this.owner[frame] = group.id;
    this.used++;
    if (this.highIsUsed) noteHigh(this.kernel.scheduler.current, group);
    return frame;
  }

  /** Whether a frame for `group` can be had without taking one from somebody: for what is only useful. */
  plenty(group: MemoryGroup): boolean {
    return this.used + SPARE < this.limit && group.refusing(2 * FRAME_SIZE) === null;
  }

  get(frame: number): void {
    this.refs[frame]!++;
  }

  /** Drop a reference; the last one frees the frame. */
  put(frame: number): void {
    const left = --this.refs[frame]!;
    if (left > 0) return;
    if (left < 0) throw new Panic(`frame ${frame} is put too often`);
    if ((this.flags[frame]! & FRAME_EXEC) !== 0) this.kernel.platform.machine.invalidateCode(frame);
    this.kernel.memory.groups[this.owner[frame]!]!.uncharge(FRAME_SIZE);
    this.release(frame);
    this.used--;
  }

  private release(frame: number): void {
    if (this.freeCount === this.free.length) {
      const larger = new Int32Array(this.free.length * 2);
      larger.set(this.free);
      this.free = larger;
    }
    this.free[this.freeCount++] = frame;
  }

  /** The content of a frame with one reference is kept elsewhere: the host may have its memory, but it stays in use and paid for. */
  park(frame: number): void {
    this.refs[frame] = 0;
    this.release(frame);
  }

  /** A zeroed frame for content of `group` that was parked. */
  unpark(group: MemoryGroup): number {
    const untouched = this.fresh;
    const frame = this.takeFree();
    if (frame === 0) throw new Panic('the host has no memory for frames that are in use');
    this.refs[frame] = 1;
    this.flags[frame] = FRAME_REFERENCED;
    this.owner[frame] = group.id;
    if (frame < untouched) this.views.u8.fill(0, frame * FRAME_SIZE, (frame + 1) * FRAME_SIZE);
    return frame;
  }

  /** The content of `count` parked frames is not wanted any more. */
  unparkNothing(group: MemoryGroup, count: number): void {
    group.uncharge(count * FRAME_SIZE);
    this.used -= count;
  }

  references(frame: number): number {
    return this.refs[frame]!;
  }

  has(frame: number, flag: number): boolean {
    return (this.flags[frame]! & flag) !== 0;
  }

  mark(frame: number, flag: number): void {
    this.flags[frame]! |= flag;
  }

  unmark(frame: number, flag: number): void {
    this.flags[frame]! &= ~flag;
  }

  payer(frame: number): MemoryGroup {
    return this.kernel.memory.groups[this.owner[frame]!]!;
  }

  /** Frames of groups that are gone are paid for by the next group above that is not. */
  reparent(): void {
    const { groups } = this.kernel.memory;
    for (let frame = 0; frame < this.fresh; frame++) {
      const group = groups[this.owner[frame]!];
      if (this.refs[frame] === 0 || group === undefined || group.orphan === null) continue;
      const heir = group.heir;
      this.owner[frame] = heir.id;
      group.uncharge(FRAME_SIZE, heir);
    }
  }

  /** What the frames of the groups marked in `within` (by id) are used for. */
  census(within: Uint8Array): FrameCensus {
    const counts = { anon: 0, shmem: 0, file: 0, mapped: 0, idleFile: 0 };
    for (let frame = 0; frame < this.fresh; frame++) {
      if (this.refs[frame] === 0 || within[this.owner[frame]!] === 0) continue;
      const flags = this.flags[frame]!;
      if ((flags & (FRAME_FILE | FRAME_SHMEM)) === 0) counts.anon++;
      else {
        if ((flags & FRAME_SHMEM) !== 0) counts.shmem++;
        else counts.file++;
        if (this.refs[frame]! > 1) counts.mapped++;
        else if ((flags & (FRAME_REFERENCED | FRAME_SHMEM)) === 0) counts.idleFile++;
      }
    }
    return counts;
  }

  /** The kernel is about to change, or has changed, the frame's bytes: forget code decoded from them. */
  written(frame: number): void {
    if ((this.flags[frame]! & FRAME_EXEC) !== 0) this.kernel.platform.machine.invalidateCode(frame);
  }

  /** A new frame with the contents of `source`; 0 when there is no memory. */
  copy(source: number, group: MemoryGroup): number {
    this.get(source);
    const frame = this.allocUncleared(group);
    if (frame !== 0) this.views.u8.copyWithin(frame * FRAME_SIZE, source * FRAME_SIZE, (source + 1) * FRAME_SIZE);
    this.put(source);
    return frame;
  }

  private take(): number {
    if (this.used >= this.limit) return 0;
    return this.takeFree();
  }

  private takeFree(): number {
    if (this.freeCount > 0) return this.free[--this.freeCount]!;
    const ram = this.kernel.platform.machine.ram;
    if (this.fresh === ram.holeFrame) this.fresh = ram.holeEnd;
    if (this.fresh >= ram.endFrame) {
      const wanted = Math.max(GROWTH, ram.endFrame >> 2);
      const most = ram.maxFrame - ram.endFrame;
      if (most <= 0 || !(ram.grow(Math.min(wanted, most)) || ram.grow(Math.min(256, most)))) return 0;
      this.resize(ram.endFrame);
    }
    return this.fresh++;
  }

  private resize(frames: number): void {
    const refs = new Int32Array(frames);
    refs.set(this.refs);
    this.refs = refs;
    const flags = new Uint8Array(frames);
    flags.set(this.flags);
    this.flags = flags;
    const owner = new Uint16Array(frames);
    owner.set(this.owner);
    this.owner = owner;
  }
}

/** The byte address of a frame. */
export const frameAddress = (frame: number): number => frame * 2 ** FRAME_SHIFT;
