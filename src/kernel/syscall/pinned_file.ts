/** The file that a system call works on stays the same while it sleeps, whatever becomes of the descriptor. Linux: fdget, fdput. */

import { BLOCKED, type Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';

/** The file of `fd` (not O_PATH), or the one that an earlier execution of this call has pinned; null if there is none. */
export function pinnedFile(task: Task, fd: number): File | null {
  const { progress } = task;
  if (progress !== null && progress.files !== null) return progress.files[0]!;
  return task.files!.io(fd);
}

/** Hold `file` if the call has gone to sleep. */
export function pin(task: Task, file: File, result: number): number {
  if (result === BLOCKED) {
    const progress = task.ensureProgress();
    progress.files ??= [file.get()];
  }
  return result;
}
