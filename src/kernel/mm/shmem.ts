/** Memory that behaves like a file without a disk: tmpfs, memfd, shared anonymous mappings, System V segments. Linux: mm/shmem.c. */

import { PageMapping } from './page_mapping.ts';
import type { Vma } from './vma.ts';

/** Absent pages read as zeros; pages stay until they are truncated away. */
export class ShmemMapping extends PageMapping {
  protected override get refillable(): boolean {
    return false;
  }

  protected override isHole(_index: number): boolean {
    return true;
  }
}

/** Shared anonymous memory: only ranges lead to it, and with the last one it is gone. Linux: shmem_zero_setup. */
export class SharedAnonymousMapping extends ShmemMapping {
  override detach(vma: Vma): void {
    super.detach(vma);
    if (this.vmas.size === 0) this.release();
  }
}
