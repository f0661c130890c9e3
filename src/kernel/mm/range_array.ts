/** Ranges that do not overlap, in order and in pieces: there may be tens of thousands, and they come and go one by one. Linux: mm->mm_mt. */

/** From `start` on, and ending before `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** The longest piece. Programs with fewer ranges have one. */
const LONGEST = 256;

export class RangeArray<T extends Range> {
  length = 0;
  private readonly pieces: T[][] = [[]];
  /** The piece that was used last, and the index of its first range. */
  private piece = 0;
  private base = 0;
  /** The answer that indexAfter gave last. */
  private found = 0;

  /** Make the piece with range `index` the one in use; that after the last range is in the last piece. */
  private seek(index: number): T[] {
    const { pieces } = this;
    while (index < this.base) this.base -= pieces[--this.piece]!.length;
    while (index >= this.base + pieces[this.piece]!.length && this.piece + 1 < pieces.length) this.base += pieces[this.piece++]!.length;
    return pieces[this.piece]!;
  }

  at(index: number): T | undefined {
    return index < 0 || index >= this.length ? undefined : this.seek(index)[index - this.base];
  }

  insert(index: number, range: T): void {
    const piece = this.seek(index);
    piece.splice(index - this.base, 0, range);
    this.length++;
    if (piece.length > LONGEST) this.pieces.splice(this.piece + 1, 0, piece.splice(LONGEST / 2));
  }

  push(range: T): void {
    this.insert(this.length, range);
  }

  /** Take out the ranges [from, to). */
  remove(from: number, to: number): T[] {
    const removed: T[] = [];
    while (removed.length < to - from) {
      const some = this.seek(from).splice(from - this.base, to - from - removed.length);
      removed.push(...some);
      this.length -= some.length;
      this.join();
    }
    return removed;
  }

  /** The piece in use has become shorter: it takes in the next one when that leaves it short, and goes if it is empty. */
  private join(): void {
    const { pieces } = this;
    const piece = pieces[this.piece]!;
    const next = pieces[this.piece + 1];
    if (next !== undefined && (piece.length === 0 || piece.length + next.length <= LONGEST / 2)) {
      piece.push(...next);
      pieces.splice(this.piece + 1, 1);
    } else if (piece.length === 0 && this.piece > 0) {
      pieces.pop();
      this.base -= pieces[--this.piece]!.length;
    }
  }

  /** Index of the first range that ends after `offset`; length if there is none. */
  indexAfter(offset: number): number {
    const last = this.at(this.found);
    if (last !== undefined && offset < last.end && offset >= last.start) return this.found;
    const { pieces } = this;
    let low = 0;
    let high = pieces.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      const end = pieces[middle]!.at(-1)?.end;
      if (end !== undefined && end > offset) high = middle;
      else low = middle + 1;
    }
    while (this.piece > low) this.base -= pieces[--this.piece]!.length;
    while (this.piece < low) this.base += pieces[this.piece++]!.length;
    const piece = pieces[low]!;
    low = 0;
    high = piece.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (piece[middle]!.end > offset) high = middle;
      else low = middle + 1;
    }
    const index = this.base + low;
    if (index < this.length) this.found = index;
    return index;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (const piece of this.pieces) yield* piece;
  }

  clear(): void {
    this.pieces.length = 1;
    this.pieces[0] = [];
    this.length = this.piece = this.base = this.found = 0;
  }
}
