/** A task's address space as the rest of the kernel uses it. Linux: struct mm_struct. See mmap(2). */

import { EFAULT, ENAMETOOLONG } from '../../abi/errno.ts';
import { NOT_RESIDENT } from '../../platform/blocks.ts';
import { ACCESS_READ, ACCESS_WRITE } from '../../platform/cpu.ts';
import { FRAME_SIZE } from '../../platform/ram.ts';
import type { AioContext } from '../aio/aio_context.ts';
import type { Kernel } from '../kernel.ts';
import type { File } from '../vfs/file.ts';
import { FAULT_OK, handleFault } from './fault.ts';
import { FRAME_EXEC } from './frames.ts';
import { MemoryCounts, ProgramLayout } from './memory_counts.ts';
import type { MemoryGroup } from './memory_group.ts';
import { exitMmap } from './mm_exit.ts';
import { unpackMm } from './pack.ts';
import type { PackedPages } from './packed_pages.ts';
import type { PageMapping } from './page_mapping.ts';
import { PageTable } from './page_table.ts';
import { RangeArray } from './range_array.ts';
import type { Vma } from './vma.ts';
import { writeProtectRange, zapRange } from './zap.ts';

/** Highest user address plus one, as on arm64 Linux with 48-bit addresses. */
export const TASK_SIZE: number = 2 ** 48;
export const TASK_PAGES: number = TASK_SIZE / FRAME_SIZE;

/** The address without its tag, which calls that manage memory ignore. Linux: untagged_addr; Documentation/arch/arm64/tagged-address-abi.rst. */
export function untagged(address: number): number {
  const low = address % 2 ** 56;
  return low < 2 ** 55 ? low : address;
}

/** Soft resource limits by RLIMIT_ number. See getrlimit(2). */
export interface SoftLimits {
  softLimit(resource: number): number;
}

/** An address space: its ranges, its page table, and copies between it and the kernel. What it does lives in other files of this folder. */
export class Mm {
  readonly kernel: Kernel;
  /** Who pays for new frames in it: the memory group of the process that owns it. */
  memory: MemoryGroup;
  /** Who pays for its ranges and tables. */
  readonly payer: MemoryGroup;
  /** Pages that are kept without their zeros while nobody uses the address space; null otherwise. See pack.ts. */
  packed: PackedPages | null = null;
  /** When a task last ran in it, and when it was last looked at by the packer: monotonic nanoseconds. */
  lastUse = 0;
  lookedAt = -1;
  private readonly pageTable: PageTable;
  /** Ranges in ascending order, none overlapping. */
  readonly vmas: RangeArray<Vma> = new RangeArray();
  readonly layout: ProgramLayout = new ProgramLayout();
  readonly counts: MemoryCounts = new MemoryCounts();
  /** Tasks that run in it. */
  users = 1;
  /** The limits of the process that owns it; null while it is being built. Linux: mm->owner. */
  limits: SoftLimits | null = null;
  /** The program, /proc/[pid]/exe; see setExe. */
  exeFile: File | null = null;
  /** Page below which mmap(2) places ranges, going down. */
  mmapBase = 0;
  /** VM_ flags that new ranges get (mlockall MCL_FUTURE). */
  defaultFlags = 0;
  /** PR_SET_DUMPABLE. */
  dumpable = 1;
  /** Commands that membarrier(2) was told of. */
  barriers = 0;
  /** The file whose beginning was read last: what the dynamic linker is about to map. See place.ts. */
  headerRead: PageMapping | null = null;
  /** Contexts of asynchronous I/O by their ids; null when there never were any. */
  aio: Map<number, AioContext> | null = null;
  /** Pages counted in Memory.committed. */
  committed = 0;
  /** The halves that readU64 has read. */
  low = 0;
  high = 0;

  constructor(kernel: Kernel, memory: MemoryGroup) {
    this.kernel = kernel;
    this.memory = memory;
    this.payer = memory;
    this.pageTable = new PageTable(kernel);
  }

  /** The page table, with everything in it. */
  get table(): PageTable {
    if (this.packed !== null) unpackMm(this, this.packed);
    return this.pageTable;
  }

  /** Pages that its tables take; looking brings nothing back. */
  get tablePages(): number {
    return this.pageTable.pages;
  }

  get(): this {
    this.users++;
    return this;
  }

  /** A task leaves; with the last one the address space ends. */
  put(): void {
    if (--this.users === 0) exitMmap(this);
  }

  /** Make `file` the program: nobody can write to it while it runs (ETXTBSY). Linux: set_mm_exe_file, deny_write_access. */
  setExe(file: File | null): void {
    const old = this.exeFile;
    this.exeFile = file?.get() ?? null;
    if (file !== null) file.inode.writers--;
    if (old === null) return;
    old.inode.writers++;
    old.put();
  }

  /** Index of the first range that ends after `page`; vmas.length if there is none. */
  indexAfter(page: number): number {
    return this.vmas.indexAfter(page);
  }

  /** The range that holds `page`, or null. */
  find(page: number): Vma | null {
    const vma = this.vmas.at(this.indexAfter(page));
    return vma !== undefined && vma.start <= page ? vma : null;
  }

  /** Forget the translations of pages [from, to); those of private pages too (and free them) if `copies`. */
  zap(from: number, to: number, copies: boolean): void {
    zapRange(this, from, to, copies);
  }

  writeProtect(page: number, count: number): void {
    writeProtectRange(this, page, page + count);
  }

  /** The physical address of a user byte, made resident for `access`: or -EFAULT or NOT_RESIDENT. */
  translate(address: number, access: number): number {
    const page = address < 4294967296 ? address >>> 12 : Math.floor(address / FRAME_SIZE);
    let entry = this.table.get(page);
    // Reclaim may take the page again while another is made.
    while ((entry & access) !== access) {
      const result = handleFault(this, page, access);
      if (result !== FAULT_OK) return result === NOT_RESIDENT ? NOT_RESIDENT : -EFAULT;
      entry = this.table.get(page);
    }
    return (entry >>> 12) * FRAME_SIZE + (address & 4095);
  }

  /** As translate for a store by the kernel: code decoded from the frame is forgotten. */
  translateForWrite(address: number): number {
    const physical = this.translate(address, ACCESS_WRITE);
    if (physical >= 0) {
      const frame = Math.floor(physical / FRAME_SIZE);
      const { frames } = this.kernel.memory;
      if (frames.has(frame, FRAME_EXEC)) frames.written(frame);
    }
    return physical;
  }

  /** A fresh copy of `length` user bytes, -EFAULT or NOT_RESIDENT. */
  copyIn(address: number, length: number): Uint8Array | number {
    if (length > 65536) {
      const ready = this.faultIn(address, length, false);
      if (ready < length) return ready === NOT_RESIDENT ? ready : -EFAULT;
    }
    const bytes = new Uint8Array(length);
    const failed = this.copyInto(address, bytes);
    return failed < 0 ? failed : bytes;
  }

  /** Fill `target` from user memory: 0, -EFAULT or NOT_RESIDENT. */
  copyInto(address: number, target: Uint8Array): number {
    const count = target.length;
    if (address + count > TASK_SIZE) return -EFAULT;
    for (let done = 0; done < count; ) {
      const part = Math.min(FRAME_SIZE - ((address + done) & 4095), count - done);
      const physical = this.translate(address + done, ACCESS_READ);
      if (physical < 0) return physical;
      const { u8 } = this.kernel.platform.machine.ram.views;
      if (part <= 32) for (let i = 0; i < part; i++) target[done + i] = u8[physical + i]!;
      else target.set(u8.subarray(physical, physical + part), done);
      done += part;
    }
    return 0;
  }

  /** Write bytes to user memory: 0, -EFAULT or NOT_RESIDENT. Breaks copy-on-write like a store by the task. */
  copyOut(address: number, bytes: Uint8Array): number {
    const count = bytes.length;
    if (address + count > TASK_SIZE) return -EFAULT;
    for (let done = 0; done < count; ) {
      const part = Math.min(FRAME_SIZE - ((address + done) & 4095), count - done);
      const physical = this.translateForWrite(address + done);
      if (physical < 0) return physical;
      const { u8 } = this.kernel.platform.machine.ram.views;
      if (part <= 32) for (let i = 0; i < part; i++) u8[physical + i] = bytes[done + i]!;
      else u8.set(part === count ? bytes : bytes.subarray(done, done + part), physical);
      done += part;
    }
    return 0;
  }

  /** Copy `count` bytes of RAM at the physical address `source` to user memory: 0, -EFAULT or NOT_RESIDENT. */
  copyOutPhysical(address: number, source: number, count: number): number {
    if (address + count > TASK_SIZE) return -EFAULT;
    for (let done = 0; done < count; ) {
      const part = Math.min(FRAME_SIZE - ((address + done) & 4095), count - done);
      const physical = this.translateForWrite(address + done);
      if (physical < 0) return physical;
      this.kernel.platform.machine.ram.views.u8.copyWithin(physical, source + done, source + done + part);
      done += part;
    }
    return 0;
  }

  /** Copy `count` bytes of user memory to RAM at the physical address `target`: 0, -EFAULT or NOT_RESIDENT. */
  copyInPhysical(address: number, target: number, count: number): number {
    if (address + count > TASK_SIZE) return -EFAULT;
    for (let done = 0; done < count; ) {
      const part = Math.min(FRAME_SIZE - ((address + done) & 4095), count - done);
      const physical = this.translate(address + done, ACCESS_READ);
      if (physical < 0) return physical;
      this.kernel.platform.machine.ram.views.u8.copyWithin(target + done, physical, physical + part);
      done += part;
    }
    return 0;
  }

  /** Write `count` zero bytes to user memory: 0, -EFAULT or NOT_RESIDENT. Linux: clear_user. */
  clear(address: number, count: number): number {
    if (address + count > TASK_SIZE) return -EFAULT;
    for (let done = 0; done < count; ) {
      const part = Math.min(FRAME_SIZE - ((address + done) & 4095), count - done);
      const physical = this.translateForWrite(address + done);
      if (physical < 0) return physical;
      this.kernel.platform.machine.ram.views.u8.fill(0, physical, physical + part);
      done += part;
    }
    return 0;
  }

  /** Make pages of [address, address + length) resident, for writing if `write`: how many bytes from the start are ready, -EFAULT or NOT_RESIDENT. */
  faultIn(address: number, length: number, write: boolean): number {
    if (address + length > TASK_SIZE) return -EFAULT;
    const access = write ? ACCESS_WRITE : ACCESS_READ;
    let absent = false;
    for (let done = 0; done < length; done += FRAME_SIZE - ((address + done) & 4095)) {
      const physical = this.translate(address + done, access);
      if (physical === NOT_RESIDENT) absent = true;
      else if (physical < 0) {
        if (absent) return NOT_RESIDENT;
        return done > 0 ? done : physical;
      }
    }
    return absent ? NOT_RESIDENT : length;
  }

  /** A NUL-terminated byte string (one char per byte) of at most `max` bytes without the NUL: -EFAULT, -ENAMETOOLONG, NOT_RESIDENT. */
  readString(address: number, max: number): string | number {
    let text = '';
    let at = address;
    for (let left = max + 1; left > 0; ) {
      if (at >= TASK_SIZE) return -EFAULT;
      const physical = this.translate(at, ACCESS_READ);
      if (physical < 0) return physical;
      const { u8 } = this.kernel.platform.machine.ram.views;
      const part = Math.min(FRAME_SIZE - (at & 4095), left);
      let stop = physical;
      while (stop < physical + part && u8[stop] !== 0) stop++;
      text += latin1(u8, physical, stop);
      if (stop < physical + part) return text;
      at += part;
      left -= part;
    }
    return -ENAMETOOLONG;
  }

  /** For traces: text that happens to be resident, or null. Never faults anything in. */
  peekString(address: number, max: number): string | null {
    let text = '';
    for (let at = address; text.length < max; ) {
      if (at >= TASK_SIZE) return null;
      const entry = this.table.get(Math.floor(at / FRAME_SIZE));
      if ((entry & ACCESS_READ) === 0) return text === '' ? null : text;
      const physical = (entry >>> 12) * FRAME_SIZE + (at & 4095);
      const part = Math.min(FRAME_SIZE - (at & 4095), max - text.length);
      const { u8 } = this.kernel.platform.machine.ram.views;
      let stop = physical;
      while (stop < physical + part && u8[stop] !== 0) stop++;
      text += latin1(u8, physical, stop);
      if (stop < physical + part) return text;
      at += part;
    }
    return text;
  }

  /** An unsigned 32-bit value, -EFAULT or NOT_RESIDENT. */
  readU32(address: number): number {
    if (address > TASK_SIZE - 4) return -EFAULT;
    if ((address & 4095) > 4092) {
      const bytes = this.copyIn(address, 4);
      return typeof bytes === 'number' ? bytes : new DataView(bytes.buffer).getUint32(0, true);
    }
    const physical = this.translate(address, ACCESS_READ);
    return physical < 0 ? physical : this.kernel.platform.machine.ram.views.data.getUint32(physical, true);
  }

  /** Read 64 bits into `low` and `high` (unsigned halves): 0, -EFAULT or NOT_RESIDENT. */
  readU64(address: number): number {
    const low = this.readU32(address);
    if (low < 0) return low;
    const high = this.readU32(address + 4);
    if (high < 0) return high;
    this.low = low;
    this.high = high;
    return 0;
  }

  /** An unsigned 64-bit value as the nearest double, -EFAULT or NOT_RESIDENT. */
  readUlong(address: number): number {
    const failed = this.readU64(address);
    return failed < 0 ? failed : this.high * 4294967296 + this.low;
  }

  /** 0, -EFAULT or NOT_RESIDENT. */
  writeU32(address: number, value: number): number {
    if (address > TASK_SIZE - 4) return -EFAULT;
    if ((address & 4095) > 4092) return this.copyOut(address, new Uint8Array([value, value >>> 8, value >>> 16, value >>> 24]));
    const physical = this.translateForWrite(address);
    if (physical < 0) return physical;
    this.kernel.platform.machine.ram.views.data.setInt32(physical, value | 0, true);
    return 0;
  }

  /** 0, -EFAULT or NOT_RESIDENT. */
  writeU64(address: number, low: number, high: number): number {
    if (address > TASK_SIZE - 8) return -EFAULT;
    if ((address & 4095) > 4088) {
      const ready = this.faultIn(address, 8, true);
      if (ready < 8) return ready === NOT_RESIDENT ? ready : -EFAULT;
    }
    const failed = this.writeU32(address, low);
    return failed < 0 ? failed : this.writeU32(address + 4, high);
  }
}

/** Bytes [from, to) as a byte string. */
function latin1(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at += 4096)
    text += String.fromCharCode.apply(null, bytes.subarray(at, Math.min(to, at + 4096)) as unknown as number[]);
  return text;
}
