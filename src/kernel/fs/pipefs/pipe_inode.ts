/** The inode of a pipe made by pipe(2) or of a host stream. Linux: get_pipe_inode. */

import { isErrno } from '../../../abi/errno.ts';
import { O_DIRECT, O_NONBLOCK, O_RDONLY, O_WRONLY } from '../../../abi/fcntl.ts';
import { S_IFIFO } from '../../../abi/stat.ts';
import type { Kernel } from '../../kernel.ts';
import type { MemoryGroup } from '../../mm/memory_group.ts';
import type { Task } from '../../task/task.ts';
import { AnonymousInode } from '../anon_inodes/anonymous.ts';
import { Pipe } from './pipe.ts';
import { PipeFile } from './pipe_file.ts';

export class PipeInode extends AnonymousInode {
  constructor(kernel: Kernel, pipe: Pipe, uid: number, gid: number) {
    super(kernel.anonymous.pipefs, S_IFIFO | 0o600, 'pipe:');
    this.pipe = pipe;
    this.uid = uid;
    this.gid = gid;
  }

  /** Through /proc/[pid]/fd: another description of the same pipe, which waits for nobody. */
  reopen(flags: number): PipeFile {
    return new PipeFile(this.pipe!, this, flags);
  }
}

/** The two ends of a new pipe: reading, writing. */
export function createPipe(task: Task, flags: number): readonly [PipeFile, PipeFile] | number {
  const pipe = Pipe.create(task.kernel, task.group.cgroup.memory);
  if (isErrno(pipe)) return pipe;
  const inode = new PipeInode(task.kernel, pipe, task.cred.fsuid, task.cred.fsgid);
  const status = flags & (O_NONBLOCK | O_DIRECT);
  return [new PipeFile(pipe, inode, O_RDONLY | (status & O_NONBLOCK)), new PipeFile(pipe, inode, O_WRONLY | status)];
}

/** A pipe with one end on the host, which counts as open. */
export function createHostPipe(kernel: Kernel, payer: MemoryGroup, hostReads: boolean): Pipe | number {
  const pipe = Pipe.create(kernel, payer);
  if (isErrno(pipe)) return pipe;
  pipe.open(hostReads, !hostReads);
  return pipe;
}
