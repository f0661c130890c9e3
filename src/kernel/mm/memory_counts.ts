/** Where the parts of an address space are and how large they are. Linux: fields of struct mm_struct. */

/** Where a program's parts lie, for prctl(PR_SET_MM), /proc/[pid]/stat and brk(2). Addresses in bytes. */
export class ProgramLayout {
  startCode = 0;
  endCode = 0;
  startData = 0;
  endData = 0;
  startBrk = 0;
  brk = 0;
  startStack = 0;
  argStart = 0;
  argEnd = 0;
  envStart = 0;
  envEnd = 0;
  /** The auxiliary vector as it was written to the stack. */
  auxv: Uint8Array = new Uint8Array(0);
  /** Address of the vDSO, 0 if there is none. */
  vdso = 0;
}

/** Sizes in pages, as /proc/[pid]/status reports them. */
export class MemoryCounts {
  total = 0;
  locked = 0;
  data = 0;
  exec = 0;
  stack = 0;
  anon = 0;
  file = 0;
  shmem = 0;
  peakTotal = 0;
  peakResident = 0;

  get resident(): number {
    return this.anon + this.file + this.shmem;
  }
}
