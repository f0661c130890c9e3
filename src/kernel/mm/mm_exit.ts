/** The end of an address space. Linux: exit_mmap in mm/mmap.c. */

import type { Mm } from './mm.ts';
import { discardPacked } from './pack.ts';
import { PRICE_MM, PRICE_VMA, uncharge } from './price.ts';
import { releaseSpace } from './space_table.ts';
import { detachVma } from './vma_list.ts';

/** Free everything: frames, tables, ranges, the references to files. */
export function exitMmap(mm: Mm): void {
  const { frames } = mm.kernel.memory;
  if (mm.aio !== null) for (const context of [...mm.aio.values()]) context.destroy();
  if (mm.packed !== null) discardPacked(mm, mm.packed);
  mm.table.releaseAll(frames, mm.payer);
  for (const vma of mm.vmas) detachVma(vma);
  uncharge(mm.payer, PRICE_VMA * mm.vmas.length + PRICE_MM);
  mm.vmas.clear();
  mm.kernel.memory.committed -= mm.committed;
  mm.committed = 0;
  mm.counts.anon = mm.counts.file = mm.counts.shmem = 0;
  mm.setExe(null);
  releaseSpace(mm);
}
