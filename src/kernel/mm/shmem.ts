/** Memory that behaves like a file without a disk: tmpfs, memfd, shared anonymous mappings, System V segments. Linux: mm/shmem.c. */

import { PageMapping } from './page_mapping.ts';

/** Absent pages read as zeros; pages stay until they are truncated away. */
export class ShmemMapping extends PageMapping {
  protected override get refillable(): boolean {
    return false;
  }

  protected override isHole(_index: number): boolean {
    return true;
  }
}
