/** Somebody's wish to hear what happens to one inode. Linux: struct fsnotify_mark. */

import type { Inode } from './inode.ts';

export abstract class FsnotifyMark {
  readonly inode: Inode;

  constructor(inode: Inode) {
    this.inode = inode;
  }

  /** `event` (IN_ bits) has happened to the inode, or to its entry `name` if that is not empty. */
  abstract notify(event: number, name: string, cookie: number): void;

  /** The inode has ended. */
  abstract ended(): void;

  /** From now on it hears. The inode stays as long. */
  protected attach(): void {
    const { inode } = this;
    inode.refs++;
    if (inode.marks === null) inode.sb.kernel.vfs.watchedInodes++;
    inode.marks = [...(inode.marks ?? []), this];
  }

  protected detach(): void {
    const { inode } = this;
    const left = inode.marks!.filter((mark) => mark !== this);
    inode.marks = left.length > 0 ? left : null;
    if (inode.marks === null) inode.sb.kernel.vfs.watchedInodes--;
    inode.put();
  }
}
