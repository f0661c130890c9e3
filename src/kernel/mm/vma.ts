/** A range of an address space with one protection and one backing. Linux: struct vm_area_struct. */

import type { File } from '../vfs/file.ts';
import type { Mm } from './mm.ts';
import type { PageMapping } from './page_mapping.ts';

/** Protection, as PROT_ in mmap(2). */
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXEC = 4;

/** Flags of a Vma besides its protection. */
export const VM_SHARED = 0x8;
export const VM_GROWSDOWN = 0x100;
export const VM_LOCKED = 0x2000;
export const VM_DONTCOPY = 0x20000;
export const VM_DONTEXPAND = 0x40000;
export const VM_ACCOUNT = 0x100000;
export const VM_NORESERVE = 0x200000;
export const VM_WIPEONFORK = 0x2000000;
export const VM_DONTDUMP = 0x4000000;
/** Neither place nor protection change any more. See Documentation/userspace-api/mseal.rst. */
export const VM_SEALED = 0x8000000;

/** What the kernel's own ranges are called in /proc/[pid]/maps. */
export type VmaName = '[vdso]' | '[vvar]' | '/[aio] (deleted)' | '';

/** Ranges are in pages; `end` is one past the last. A Vma belongs to one Mm and is changed only by its operations. */
export class Vma {
  readonly mm: Mm;
  start: number;
  end: number;
  /** PROT_ bits. */
  prot: number;
  flags: number;
  /** The page cache behind it; null for private anonymous memory. */
  readonly mapping: PageMapping | null;
  /** The open file that keeps the mapping alive and names it; null for anonymous memory, shared or not. */
  readonly file: File | null;
  /** Page of the mapping at `start`. */
  offset: number;
  /** Private pages (copies of the file's, or anonymous ones) may exist: fork must copy the page table. Linux: anon_vma. */
  hasPrivate = false;
  name: VmaName = '';
  /** PROT_ bits that mprotect(2) may set: what the file was opened for. Linux: VM_MAYREAD, VM_MAYWRITE, VM_MAYEXEC. */
  mayProt: number = PROT_READ | PROT_WRITE | PROT_EXEC;

  constructor(
    mm: Mm,
    start: number,
    end: number,
    prot: number,
    flags: number,
    mapping: PageMapping | null,
    file: File | null,
    offset: number,
  ) {
    this.mm = mm;
    this.start = start;
    this.end = end;
    this.prot = prot;
    this.flags = flags;
    this.mapping = mapping;
    this.file = file;
    this.offset = offset;
  }

  /** A range like this one over pages [start, end) of its file, in `mm`; not yet in any list. */
  copy(mm: Mm, start: number, end: number): Vma {
    const offset = this.offset + (start - this.start);
    const copy = new Vma(mm, start, end, this.prot, this.flags, this.mapping, this.file?.get() ?? null, offset);
    copy.hasPrivate = this.hasPrivate;
    copy.name = this.name;
    copy.mayProt = this.mayProt;
    return copy;
  }

  get pages(): number {
    return this.end - this.start;
  }

  get shared(): boolean {
    return (this.flags & VM_SHARED) !== 0;
  }

  /** The file is truncated or gives up pages [first, end): forget their translations, and private copies of them if `copies`. */
  zapFile(first: number, end: number, copies: boolean): void {
    const from = Math.max(this.start, this.start + first - this.offset);
    const to = Math.min(this.end, this.start + end - this.offset);
    if (from < to) this.mm.zap(from, to, copies);
  }

  /** The page of the mapping is clean again: the next store must be noticed. */
  writeProtectFile(index: number): void {
    const page = this.start + index - this.offset;
    if (this.shared && page >= this.start && page < this.end) this.mm.writeProtect(page, 1);
  }
}
