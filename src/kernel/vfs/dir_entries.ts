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

export class DirEntries {
  private readonly byName: Map<string, Entry> = new Map();
  /** Ascending by offset, with some that were removed. */
  private order: Entry[] = [];
  private nextOffset = FIRST_OFFSET;

  get size(): number {
    return this.byName.size;
  }

  get(name: string): Inode | undefined {
    return this.byName.get(name)?.inode;
  }

  /** Add a name, or make an existing one mean `inode`. */
  set(name: string, inode: Inode): void {
    this.delete(name);
    const entry: Entry = { name, inode, offset: this.nextOffset++, removed: false };
    this.byName.set(name, entry);
    this.order.push(entry);
  }

  delete(name: string): void {
    const entry = this.byName.get(name);
    if (entry === undefined) return;
    this.byName.delete(name);
    entry.removed = true;
    if (this.order.length > 32 && this.order.length > 2 * this.byName.size) this.order = this.order.filter((e) => !e.removed);
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
    return [...this.byName.values()].map((entry) => entry.inode);
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
