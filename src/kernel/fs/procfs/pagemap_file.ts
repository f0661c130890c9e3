/** /proc/[pid]/pagemap: 64 bits for each page of an address space. Linux: fs/proc/task_mmu.c. See proc_pid_pagemap(5). */

import { CAP_SYS_ADMIN } from '../../../abi/capability.ts';
import { EINVAL } from '../../../abi/errno.ts';
import { type Mm, TASK_PAGES } from '../../mm/mm.ts';
import { PTE_PRIVATE } from '../../mm/page_table.ts';
import type { Task } from '../../task/task.ts';
import { File } from '../../vfs/file.ts';
import type { IovIter } from '../../vfs/iov_iter.ts';
import { memLseek } from './mem_file.ts';
import type { ProcInode } from './proc_inode.ts';

const ENTRY_BYTES = 8;
/** Entries copied at once, and by one call: the rest is for the next. */
const CHUNK = 8192;
const MOST = 65536;

/** Bits of the upper word. */
const PM_MMAP_EXCLUSIVE: number = 1 << (56 - 32);
const PM_FILE: number = 1 << (61 - 32);
const PM_PRESENT: number = 1 << (63 - 32);

export class PagemapFile extends File {
  private readonly node: ProcInode;
  /** The address space at the time of open(2); null for a process without. */
  private readonly mm: Mm | null;
  /** Who may not know where things are in memory sees frame 0. */
  private readonly showsFrames: boolean;

  constructor(node: ProcInode, mm: Mm | null, opener: Task, flags: number) {
    super(node.sb.kernel, flags);
    this.node = node;
    this.mm = mm;
    this.showsFrames = opener.cred.capable(CAP_SYS_ADMIN, this.kernel.initialUserNs);
  }

  override get inode(): ProcInode {
    return this.node;
  }

  override get seekable(): boolean {
    return true;
  }

  override seek(_task: Task, offset: number, whence: number): number {
    return memLseek(this, offset, whence);
  }

  override read(_task: Task, iter: IovIter, pos: number): number {
    const { mm } = this;
    if (mm === null || mm.users === 0) return 0;
    if (pos % ENTRY_BYTES !== 0 || iter.remaining % ENTRY_BYTES !== 0) return -EINVAL;
    const first = pos / ENTRY_BYTES;
    const end = Math.min(TASK_PAGES, first + Math.min(MOST, iter.remaining / ENTRY_BYTES));
    let done = 0;
    for (let page = first; page < end; page += CHUNK) {
      const entries = this.entries(mm, page, Math.min(CHUNK, end - page));
      const ready = iter.prepare(entries.byteLength, true);
      if (ready < entries.byteLength) return done > 0 ? done : ready < 0 ? ready : iter.put(entries.subarray(0, ready)) || ready;
      const failed = iter.put(entries);
      if (failed < 0) return done > 0 ? done : failed;
      done += entries.byteLength;
    }
    return done;
  }

  private entries(mm: Mm, first: number, count: number): Uint8Array {
    const { frames, zeroFrame } = this.kernel.memory;
    const words = new Uint32Array(2 * count);
    for (
      let page = mm.table.nextCovered(first, first + count);
      page < first + count;
      page = mm.table.nextCovered(page + 1, first + count)
    ) {
      const entry = mm.table.get(page);
      const frame = entry >>> 12;
      if (frame === 0) continue;
      const at = 2 * (page - first);
      const isPrivate = (entry & PTE_PRIVATE) !== 0;
      if (this.showsFrames) words[at] = frame;
      words[at + 1] = PM_PRESENT;
      // The page of zeros is nobody's.
      if (frame === zeroFrame) continue;
      if (!isPrivate) words[at + 1]! |= PM_FILE;
      if (frames.references(frame) === (isPrivate ? 1 : 2)) words[at + 1]! |= PM_MMAP_EXCLUSIVE;
    }
    return new Uint8Array(words.buffer);
  }
}
