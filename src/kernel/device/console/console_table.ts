/** The host streams of the kernel by name: standard input, output and error of containers, and their terminals. */

import { ENODEV, isErrno } from '../../../abi/errno.ts';
import { AT_FDCWD, O_RDONLY, O_RDWR, O_WRONLY } from '../../../abi/fcntl.ts';
import { DevptsSuperBlock } from '../../fs/devpts/devpts.ts';
import { DevtmpfsSuperBlock } from '../../fs/devtmpfs/devtmpfs.ts';
import { PipeFile } from '../../fs/pipefs/pipe_file.ts';
import { createHostPipe, PipeInode } from '../../fs/pipefs/pipe_inode.ts';
import type { Kernel } from '../../kernel.ts';
import type { MemoryGroup } from '../../mm/memory_group.ts';
import type { Task } from '../../task/task.ts';
import type { File } from '../../vfs/file.ts';
import { LOOKUP_FOLLOW, lookupPath } from '../../vfs/namei.ts';
import { openAt } from '../../vfs/open.ts';
import { HostStream } from './host_stream.ts';
import { HostTerminal } from './host_terminal.ts';

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

  /**
   * A new terminal in the caller's /dev/pts whose other side is the host, opened by its name; it belongs to `uid`, controls
   * the caller's session, and is /dev/console unless the container has a console already.
   */
  openTerminal(name: string, task: Task, uid: number): File | number {
    const root = lookupPath(task, AT_FDCWD, '/dev/pts', LOOKUP_FOLLOW);
    if (isErrno(root)) return root;
    const devpts = root.inode.sb;
    if (!(devpts instanceof DevptsSuperBlock)) return -ENODEV;
    const tty = devpts.create(task, new HostTerminal(this.kernel, name, devpts));
    if (isErrno(tty)) return tty;
    devpts.terminals.get(tty.index)!.uid = uid;
    const stream = this.stream(name);
    stream.tty = tty;
    if (stream.rows > 0) tty.resize(stream.rows, stream.columns);
    const { sb } = root.mount.parent!;
    if (sb instanceof DevtmpfsSuperBlock) sb.console ??= tty;
    const file = openAt(task, AT_FDCWD, `/dev/pts/${tty.index}`, { flags: O_RDWR, mode: 0, resolve: 0 });
    stream.deliver();
    return file;
  }

  /** Nobody will speak of the stream again. */
  forget(name: string): void {
    this.streams.get(name)?.hangup();
    this.streams.delete(name);
  }
}
