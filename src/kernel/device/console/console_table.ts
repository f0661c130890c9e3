/** The host streams of the kernel by name: standard input, output and error of containers, and their terminals. */

import { isErrno } from '../../../abi/errno.ts';
import { O_RDONLY, O_WRONLY } from '../../../abi/fcntl.ts';
import { createHostPipe, PipeInode } from '../../fs/pipefs/pipe_inode.ts';
import { PipeFile } from '../../fs/pipefs/pipe_file.ts';
import type { Kernel } from '../../kernel.ts';
import type { MemoryGroup } from '../../mm/memory_group.ts';
import { HostStream } from './host_stream.ts';

export class ConsoleTable {
  private readonly kernel: Kernel;
  private readonly streams: Map<string, HostStream> = new Map();

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** The stream called `name`, made on first use: the host may speak before anyone listens. */
  stream(name: string): HostStream {
    let stream = this.streams.get(name);
    if (stream === undefined) {
      stream = new HostStream(this.kernel, name);
      this.streams.set(name, stream);
    }
    return stream;
  }

  /** A pipe whose bytes come from the host, paid for by `payer`: its reading end. */
  openInput(name: string, payer: MemoryGroup, uid: number, gid: number): PipeFile | number {
    const pipe = createHostPipe(this.kernel, payer, false);
    if (isErrno(pipe)) return pipe;
    const stream = this.stream(name);
    stream.input = pipe;
    const file = new PipeFile(pipe, new PipeInode(this.kernel, pipe, uid, gid), O_RDONLY);
    stream.deliver();
    return file;
  }

  /** A pipe whose bytes go to the host: its writing end. */
  openOutput(name: string, payer: MemoryGroup, uid: number, gid: number): PipeFile | number {
    const pipe = createHostPipe(this.kernel, payer, true);
    if (isErrno(pipe)) return pipe;
    const stream = this.stream(name);
    stream.output = pipe;
    pipe.sink = stream;
    return new PipeFile(pipe, new PipeInode(this.kernel, pipe, uid, gid), O_WRONLY);
  }

  /** Nobody will speak of the stream again. */
  forget(name: string): void {
    this.streams.get(name)?.hangup();
    this.streams.delete(name);
  }
}
