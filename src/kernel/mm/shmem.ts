/** Memory that behaves like a file without a disk: tmpfs, memfd, shared anonymous mappings, System V segments. Linux: mm/shmem.c. */

import { FRAME_EXEC, FRAME_REFERENCED, FRAME_SHMEM } from './frames.ts';
import { type PackedPages, PackedReader, PackedWriter } from './packed_pages.ts';
import type { PageIndex } from './page_index.ts';
import { PageMapping } from './page_mapping.ts';
import type { Vma } from './vma.ts';

/** Files with more pages are not put away. */
const MOST_PAGES = 4;

/** Absent pages read as zeros; pages stay until they are truncated away. */
export class ShmemMapping extends PageMapping {
  /** The pages of a small file that nobody looks at, without their zeros; null otherwise. */
  private packed: PackedPages | null = null;

  protected override get refillable(): boolean {
    return false;
  }

  protected override isHole(_index: number): boolean {
    return true;
  }

  /** With all pages where they belong. */
  protected override get pages(): PageIndex {
    if (this.packed !== null) this.unpack(this.packed);
    return super.pages;
  }

  /** Put the pages away if nobody has used them since the last time: whether to ask again. As with processes, nobody can tell; see pack.ts. */
  pack(): boolean {
    const { kernel, pages, residentPages } = this;
    const { frames, zeroFrame, packed } = kernel.memory;
    if (residentPages === 0 || residentPages > MOST_PAGES || this.vmas.size > 0) return false;
    const group = frames.payer(this.peek(this.nextData(0, Number.POSITIVE_INFINITY)));
    const writer = new PackedWriter();
    let used = false;
    for (
      let index = pages.next(0, Number.POSITIVE_INFINITY);
      index < Number.POSITIVE_INFINITY;
      index = pages.next(index + 1, Number.POSITIVE_INFINITY)
    ) {
      const entry = pages.get(index);
      const frame = entry >>> 12;
      if (frame === 0) {
        writer.put(index, entry);
        continue;
      }
      if (frames.references(frame) !== 1 || frames.has(frame, FRAME_EXEC) || frames.payer(frame) !== group) return false;
      used ||= frames.has(frame, FRAME_REFERENCED);
      frames.unmark(frame, FRAME_REFERENCED);
      writer.pack(index, entry, 0, zeroFrame, frames.views);
    }
    if (used) return true;
    const bytes = writer.bytes();
    for (const reader = new PackedReader(bytes); reader.next(); ) if (reader.isPacked) frames.park(pages.get(reader.page) >>> 12);
    pages.trim(0);
    this.packed = { bytes, count: residentPages, shmem: true, group };
    packed.add(this.packed);
    return false;
  }

  private unpack(packed: PackedPages): void {
    const { frames, packed: all, packer } = this.kernel.memory;
    this.packed = null;
    all.delete(packed);
    packer.noteFile(this);
    for (const reader = new PackedReader(packed.bytes); reader.next(); ) {
      const entry = reader.isPacked ? reader.unpack(frames, packed.group) : reader.entry;
      if (reader.isPacked) frames.mark(entry >>> 12, FRAME_SHMEM);
      super.pages.set(reader.page, entry);
    }
  }

  override release(): void {
    super.release();
    this.kernel.memory.packer.forgetFile(this);
  }
}

/** Shared anonymous memory: only ranges lead to it, and with the last one it is gone. Linux: shmem_zero_setup. */
export class SharedAnonymousMapping extends ShmemMapping {
  override detach(vma: Vma): void {
    super.detach(vma);
    if (this.vmas.size === 0) this.release();
  }
}
