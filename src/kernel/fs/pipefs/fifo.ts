/** Opening a FIFO by name, or a pipe again through /proc/self/fd. Linux: fifo_open in fs/pipe.c. See fifo(7). */

import { EINVAL, ENXIO, isErrno } from '../../../abi/errno.ts';
import { O_ACCMODE, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } from '../../../abi/fcntl.ts';
import type { Task } from '../../task/task.ts';
import type { Inode } from '../../vfs/inode.ts';
import { Pipe } from './pipe.ts';
import { PipeFile } from './pipe_file.ts';
import { PipeInode } from './pipe_inode.ts';

/**
 * A new description of the FIFO `inode`, once the other end is open too: a file, a negative errno or what task.block()
 * returned. While the task sleeps its end counts as open: the file is pinned by task.progress.
 */
export function openFifo(task: Task, inode: Inode, flags: number): PipeFile | number {
  if (inode instanceof PipeInode) return inode.reopen(flags);
  const access = flags & O_ACCMODE;
  if (access > O_RDWR) return -EINVAL;
  const resumed = sleepingOpen(task, inode);
  const pipe = resumed?.pipe ?? inode.pipe ?? Pipe.create(task.kernel, task.group.cgroup.memory);
  if (isErrno(pipe)) return pipe;
  inode.pipe = pipe;
  const others = access === O_RDONLY ? pipe.writersEver : pipe.readersEver;
  const nonblocking = (flags & O_NONBLOCK) !== 0;
  if (resumed === null) {
    if (access === O_WRONLY && nonblocking && pipe.readers === 0) return refuse(inode, pipe);
    const file = new PipeFile(pipe, inode, flags);
    if (access === O_RDWR) return file;
    if (access === O_RDONLY ? pipe.writers > 0 : pipe.readers > 0) return file;
    if (nonblocking) {
      file.writersBefore = pipe.writersEver;
      return file;
    }
    const progress = task.ensureProgress();
    progress.files = [...(progress.files ?? []), file];
    progress.step = others;
    return task.block([pipe.opened]);
  }
  const progress = task.progress!;
  if (others === progress.step) return task.block([pipe.opened]);
  progress.files = progress.files!.filter((file) => file !== resumed);
  return resumed;
}

/** The file with which an earlier execution of this call waits. */
function sleepingOpen(task: Task, inode: Inode): PipeFile | null {
  for (const file of task.progress?.files ?? []) if (file instanceof PipeFile && file.inode === inode) return file;
  return null;
}

function refuse(inode: Inode, pipe: Pipe): number {
  if (pipe.files > 0) return -ENXIO;
  pipe.discard();
  inode.pipe = null;
  return -ENXIO;
}
