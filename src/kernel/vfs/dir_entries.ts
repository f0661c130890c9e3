/** The names in a directory that lives in memory, with offsets that stay valid while others come and go. Linux: struct offset_ctx. */

import { DT_SHIFT } from '../../abi/stat.ts';
import type { DirEmit } from './file.ts';
import type { Inode } from './inode.ts';

interface Entry {
  readonly name: string;
  readonly inode: Inode;
  readonly offset: number;
}

/** The dots have offsets 0 and 1. */
const FIRST_OFFSET = 2;

export class DirEntries {
  private readonly byName: Map<string, Entry> = new Map();
  /** Ascending by offset; null where an entry was removed. */
  private order: (Entry | null)[] = [];
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
    const entry: Entry = { name, inode, offset: this.nextOffset++ };
    this.byName.set(name, entry);
    this.order.push(entry);
  }

  delete(name: string): void {
    const entry = this.byName.get(name);
    if (entry === undefined) return;
    this.byName.delete(name);
    this.order[this.position(entry.offset)] = null;
    if (this.order.length > 32 && this.order.length > 2 * this.byName.size) this.order = this.order.filter((e) => e !== null);
  }

  /** Emit the entries at `pos` and after it until the emitter refuses. */
  iterate(pos: number, emit: DirEmit): number {
    for (let i = this.position(pos); i < this.order.length; i++) {
      const entry = this.order[i];
      if (entry == null) continue;
      if (!emit(entry.name, entry.inode.ino, entry.inode.mode >>> DT_SHIFT, entry.offset + 1)) break;
    }
    return 0;
  }

  inodes(): Inode[] {
    return [...this.byName.values()].map((entry) => entry.inode);
  }

  /** Index of the first slot whose offset is not below `offset`: removed entries count by their neighbours. */
  private position(offset: number): number {
    let low = 0;
    let high = this.order.length;
    while (low < high) {
      let middle = (low + high) >>> 1;
      const probe = middle;
      while (middle < high && this.order[middle] === null) middle++;
      if (middle === high) high = probe;
      else if (this.order[middle]!.offset < offset) low = middle + 1;
      else high = probe;
    }
    while (low < this.order.length && this.order[low] === null) low++;
    return low;
  }
}
