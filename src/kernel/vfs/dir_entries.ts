/** The names in a directory that lives in memory, with offsets that stay valid while others come and go. Linux: struct offset_ctx. */

import { DT_SHIFT } from '../../abi/stat.ts';
import type { DirEmit } from './file.ts';
import type { Inode } from './inode.ts';

interface Entry {
  readonly name: string;
  readonly inode: Inode;
  readonly offset: number;
  removed: boolean;
}

/** The dots have offsets 0 and 1. */
const FIRST_OFFSET = 2;
/** So many names are found as fast one by one. */
const FEW = 8;

export class DirEntries {
  size = 0;
  /** Null while there are few. */
  private byName: Map<string, Entry> | null = null;
  /** Ascending by offset, with some that were removed. */
  private order: Entry[] = [];
  private nextOffset = FIRST_OFFSET;

  get(name: string): Inode | undefined {
    return this.find(name)?.inode;
  }

  /** Add a name, or make an existing one mean `inode`. */
  set(name: string, inode: Inode): void {
    this.delete(name);
    const entry: Entry = { name, inode, offset: this.nextOffset++, removed: false };
    this.order.push(entry);
    this.size++;
    if (this.byName !== null) this.byName.set(name, entry);
    else if (this.order.length > FEW) this.byName = new Map(this.present().map((one) => [one.name, one]));
  }

  delete(name: string): void {
    const entry = this.find(name);
    if (entry === undefined) return;
    this.byName?.delete(name);
    entry.removed = true;
    this.size--;
    if (this.order.length > 32 && this.order.length > 2 * this.size) this.order = this.present();
  }

  /** Emit the entries at `pos` and after it until the emitter refuses. */
  iterate(pos: number, emit: DirEmit): number {
    const { order } = this;
    for (let i = this.position(pos); i < order.length; i++) {
      const { name, inode, offset, removed } = order[i]!;
      if (!removed && !emit(name, inode.ino, inode.mode >>> DT_SHIFT, offset + 1)) break;
    }
    return 0;
  }

  inodes(): Inode[] {
    return this.present().map((entry) => entry.inode);
  }

  private find(name: string): Entry | undefined {
    if (this.byName !== null) return this.byName.get(name);
    return this.order.find((entry) => entry.name === name && !entry.removed);
  }

  private present(): Entry[] {
    return this.order.filter((entry) => !entry.removed);
  }

  /** Index of the first entry whose offset is not below `offset`. */
  private position(offset: number): number {
    let low = 0;
    let high = this.order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.order[middle]!.offset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
