/** A descriptor that only names a file: O_PATH. See open(2). */

import { EBADF } from '../../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import { File, POLLNVAL } from './file.ts';
import type { Inode } from './inode.ts';

export class PathFile extends File {
  private readonly node: Inode;

  constructor(kernel: Kernel, flags: number, node: Inode) {
    super(kernel, flags);
    this.node = node;
  }

  override get inode(): Inode {
    return this.node;
  }

  override poll(): number {
    return POLLNVAL;
  }

  override ioctl(): number {
    return -EBADF;
  }
}
