/** Memory devices: null, zero, full, random, urandom, kmsg. Linux: drivers/char/mem.c, random.c. See null(4), full(4), random(4). */

import { CAP_SYSLOG } from '../../abi/capability.ts';
import { EAGAIN, EINVAL, ENOSPC, ENXIO, EPERM, ESPIPE } from '../../abi/errno.ts';
import { O_ACCMODE, O_NONBLOCK, O_WRONLY } from '../../abi/fcntl.ts';
import type { Task } from '../task/task.ts';
import { CharDriver } from '../vfs/char_device.ts';
import { File } from '../vfs/file.ts';
import type { Inode } from '../vfs/inode.ts';
import type { IovIter } from '../vfs/iov_iter.ts';
import type { Path } from '../vfs/path.ts';
import { latin1Text } from '../vfs/text.ts';

/** Bytes produced at a time. */
const CHUNK = 65536;
const ZEROS: Uint8Array = new Uint8Array(CHUNK);
/** A message of /dev/kmsg. Linux: PRINTK_MESSAGE_MAX. */
const MAX_MESSAGE = 1024;
const RNDGETENTCNT = 0x80045200;
const RNDADDTOENTCNT = 0x40045201;
const RNDRESEEDCRNG = 0x5207;
/** Bits in the pool, always full. Linux: POOL_BITS. */
const ENTROPY = 256;

class MemFile extends File {
  private readonly node: Inode;

  constructor(inode: Inode, flags: number) {
    super(inode.sb.kernel, flags);
    this.node = inode;
  }

  override get inode(): Inode {
    return this.node;
  }

  override get bulk(): boolean {
    return true;
  }

  override get seekable(): boolean {
    return true;
  }

  /** Every position is as good as 0. Linux: null_lseek. */
  override seek(): number {
    this.pos = 0;
    return 0;
  }

  override write(_task: Task, iter: IovIter): number {
    const count = iter.remaining;
    iter.skip(count);
    return count;
  }

  override fsync(): number {
    return -EINVAL;
  }

  /** Fill the destination chunk by chunk. */
  protected produce(iter: IovIter, chunk: (length: number) => Uint8Array): number {
    const before = iter.moved;
    while (iter.remaining > 0) {
      const ready = iter.prepare(Math.min(iter.remaining, CHUNK), true);
      const failed = ready < 0 ? ready : iter.put(chunk(ready));
      if (failed < 0) return iter.moved > before ? iter.moved - before : failed;
    }
    return iter.moved - before;
  }
}

class NullFile extends MemFile {
  override read(): number {
    return 0;
  }
}

class ZeroFile extends MemFile {
  override read(_task: Task, iter: IovIter): number {
    return this.produce(iter, (length) => ZEROS.subarray(0, length));
  }

  /** A mapping of it is anonymous memory. */
  override mmapCheck(): number {
    return 0;
  }
}

class FullFile extends ZeroFile {
  override write(): number {
    return -ENOSPC;
  }
}

class RandomFile extends MemFile {
  override read(_task: Task, iter: IovIter): number {
    const { random } = this.kernel.platform;
    return this.produce(iter, (length) => {
      const bytes = new Uint8Array(length);
      random.fill(bytes);
      return bytes;
    });
  }

  override ioctl(task: Task, request: number, argument: number): number {
    switch (request) {
      case RNDGETENTCNT:
        return task.mm!.writeU32(argument, ENTROPY);
      case RNDADDTOENTCNT:
      case RNDRESEEDCRNG:
        return task.cred.capable(21, task.kernel.initialUserNs) ? 0 : -EPERM;
      default:
        return -EINVAL;
    }
  }
}

/** Writing adds to the kernel's log. Nothing is kept for readers: the log is the host's. */
class KmsgFile extends MemFile {
  override get bulk(): boolean {
    return false;
  }

  override get seekable(): boolean {
    return false;
  }

  override seek(): number {
    return -ESPIPE;
  }

  override read(task: Task): number {
    return (this.flags & O_NONBLOCK) !== 0 ? -EAGAIN : task.block([]);
  }

  override write(_task: Task, iter: IovIter): number {
    const count = iter.remaining;
    if (count > MAX_MESSAGE) return -EINVAL;
    const ready = iter.prepare(count, false);
    if (ready < 0) return ready;
    const bytes = new Uint8Array(ready);
    const failed = iter.take(bytes);
    if (failed < 0) return failed;
    this.kernel.platform.log(latin1Text(bytes).trimEnd());
    return ready;
  }

  override poll(): number {
    return 0;
  }
}

const CLASSES: ReadonlyMap<number, new (inode: Inode, flags: number) => MemFile> = new Map<
  number,
  new (
    inode: Inode,
    flags: number,
  ) => MemFile
>([
  [3, NullFile],
  [5, ZeroFile],
  [7, FullFile],
  [8, RandomFile],
  [9, RandomFile],
  [11, KmsgFile],
]);

/** Major 1. */
export class MemDriver extends CharDriver {
  readonly name = 'mem';

  open(task: Task, inode: Inode, _path: Path, flags: number, minor: number): File | number {
    const Class = CLASSES.get(minor);
    if (Class === undefined) return -ENXIO;
    if (Class === KmsgFile && (flags & O_ACCMODE) !== O_WRONLY && !task.cred.capable(CAP_SYSLOG, task.kernel.initialUserNs)) return -EPERM;
    return new Class(inode, flags);
  }
}
