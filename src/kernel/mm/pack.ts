/**
 * The memory of processes that sleep for long, kept without its zeros and without what others have too: most pages of
 * a small program that waits hold few bytes beside. Nobody can
 * tell but the host, whose memory it saves: charges, counts and the frames that programs may use stay as they are, and the first
 * use of the page table brings everything back. The part of Linux's zswap (Documentation/admin-guide/mm/zswap.rst), for whole processes.
 */

import { FRAME_SIZE } from '../../platform/ram.ts';
import { FRAME_EXEC, type Frames } from './frames.ts';
import type { MemoryGroup } from './memory_group.ts';
import type { Mm } from './mm.ts';
import { type PackedPages, PackedReader, PackedWriter } from './packed_pages.ts';
import { LEAF_PAGES, LEAF_SHIFT, PTE_PRIVATE } from './page_table.ts';
import { existingSpace } from './space_table.ts';
import type { Vma } from './vma.ts';

/** A process with more pages of its own, or more of all kinds, is left alone: bringing it back would take a millisecond. */
const MOST_OWN = 512;
const MOST_PAGES = 8192;
/** Copies of a file's page that differ from it by more bytes are worth a template. */
const FEW_BYTES = 256;

/** Append `page` with the frame that it has for itself. */
function packPage(writer: PackedWriter, { mapping, offset, start }: Vma, page: number, entry: number, { kernel }: Mm, last: number): void {
  const { frames, zeroFrame } = kernel.memory;
  const file = mapping?.constant === true ? mapping : null;
  const index = offset + (page - start);
  const source = file?.template(index) ?? 0;
  const before = writer.length;
  if (writer.pack(page, entry, source, zeroFrame, frames.views) < FEW_BYTES || source === 0 || source !== file!.peek(index)) return;
  const template = file!.addTemplate(index, entry >>> 12);
  if (template === 0) return;
  writer.rewind(before, last);
  writer.pack(page, entry, template, zeroFrame, frames.views);
}

/** Put away what `mm` has for itself and its tables; false when that is nothing, too much or not worth it. */
export function packMm(mm: Mm): boolean {
  if (mm.packed !== null) return true;
  const { table, memory: group } = mm;
  const { frames, packed } = mm.kernel.memory;
  const { words } = table.arena;
  const own: { readonly page: number; readonly frame: number }[] = [];
  const writer = new PackedWriter();
  let count = 0;
  let last = 0;
  for (const vma of mm.vmas) {
    for (let page = table.nextCovered(vma.start, vma.end); page < vma.end; page = table.nextCovered(page, vma.end)) {
      const end = Math.min(vma.end, page - (page % LEAF_PAGES) + LEAF_PAGES);
      const base = table.leaf(page) << LEAF_SHIFT;
      for (; page < end; page++) {
        const entry = words[base | (page % LEAF_PAGES)]!;
        if (entry === 0) continue;
        if (count++ === MOST_PAGES || own.length === MOST_OWN) return false;
        if (isOwn(frames, entry, group)) {
          packPage(writer, vma, page, entry, mm, last);
          own.push({ page, frame: entry >>> 12 });
        } else writer.put(page, entry);
        last = page;
      }
    }
  }
  if (writer.length > own.length * FRAME_SIZE * 0.6) return false;
  const space = existingSpace(mm);
  for (const { page, frame } of own) {
    space?.unmap(page, 1);
    frames.park(frame);
  }
  table.putAway();
  mm.packed = { bytes: writer.bytes(), count: own.length, shmem: false, group };
  packed.add(mm.packed);
  for (const reader = new PackedReader(mm.packed.bytes); reader.next(); )
    if (reader.isPacked && reader.frame !== 0) frames.get(reader.frame);
  return true;
}

/** Whether an entry's frame is its address space's alone, and no code. */
function isOwn(frames: Frames, entry: number, group: MemoryGroup): boolean {
  const frame = entry >>> 12;
  if ((entry & PTE_PRIVATE) === 0 || frames.references(frame) !== 1) return false;
  return !frames.has(frame, FRAME_EXEC) && frames.payer(frame) === group;
}

/** Bring everything back. */
export function unpackMm(mm: Mm, packed: PackedPages): void {
  const { memory, platform } = mm.kernel;
  mm.packed = null;
  mm.lastUse = platform.clock.monotonic();
  memory.packed.delete(packed);
  memory.packer.note(mm.kernel, mm.lastUse);
  const { table } = mm;
  for (const reader = new PackedReader(packed.bytes); reader.next(); ) {
    const entry = reader.isPacked ? reader.unpack(memory.frames, packed.group) : reader.entry;
    table.bringBack(reader.page, entry);
  }
  table.settle(mm.payer);
}

/** It ends without being used again. */
export function discardPacked(mm: Mm, packed: PackedPages): void {
  const { frames, packed: all } = mm.kernel.memory;
  mm.packed = null;
  all.delete(packed);
  frames.unparkNothing(packed.group, packed.count);
  for (const reader = new PackedReader(packed.bytes); reader.next(); ) if (reader.frame !== 0) frames.put(reader.frame);
}
