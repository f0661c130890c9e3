/** What a sleeping system call remembers until it is executed again. Plain data: a checkpoint saves it. */

import type { File } from '../vfs/file.ts';

/** Something that `data` holds and that must be undone when the call ends without having undone it itself. */
export abstract class Pending {
  abstract cancel(): void;
}

export class Progress {
  /** Absolute monotonic deadline in nanoseconds, fixed by the first execution. */
  deadline: number = Number.POSITIVE_INFINITY;
  /** Bytes (or items) already moved. */
  done = 0;
  /** How far a syscall of several steps has come (vfork: the child exists). */
  step = 0;
  /** Pinned files, so that a descriptor reused while asleep does not matter. */
  files: File[] | null = null;
  /** Arguments that were copied in once, and whatever else one syscall keeps; its handler knows the shape. */
  data: unknown = null;

  /** The call is over, or will be entered anew. */
  drop(): void {
    const { files, data } = this;
    this.files = null;
    this.data = null;
    if (files !== null) for (const file of files) file.put();
    if (data instanceof Pending) data.cancel();
  }
}
