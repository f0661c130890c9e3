/** A descriptor for a file that a system call has made. Linux: fd_install after get_unused_fd_flags. */

import { O_CLOEXEC } from '../../abi/fcntl.ts';
import { RLIMIT_NOFILE } from '../../abi/process.ts';
import type { Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';

/** Give `file`, whose reference is taken over, the lowest free descriptor: -EMFILE closes the file. `flags` may hold O_CLOEXEC. */
export function newFd(task: Task, file: File, flags: number): number {
  file.cred ??= task.cred;
  const fd = task.files!.allocate(file, (flags & O_CLOEXEC) !== 0, task.group.softLimit(RLIMIT_NOFILE));
  if (fd < 0) file.put();
  return fd;
}
