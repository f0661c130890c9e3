/** A sparse array of 32-bit entries indexed by page number: holes of any size cost nothing. Linux: struct xarray. */

const CHUNK_SHIFT = 10;
const CHUNK = 1 << CHUNK_SHIFT;
const EMPTY = new Int32Array(0);

/** Absent entries are 0. The first chunk grows with its highest entry, so that small files stay small. */
export class PageIndex {
  private first: Int32Array = EMPTY;
  private chunks: Map<number, Int32Array> | null = null;

  get(index: number): number {
    if (index < CHUNK) return index < this.first.length ? this.first[index]! : 0;
    const chunk = this.chunks?.get(Math.floor(index / CHUNK));
    return chunk === undefined ? 0 : chunk[index % CHUNK]!;
  }

  set(index: number, entry: number): void {
    if (index < CHUNK) {
      if (index >= this.first.length) {
        if (entry === 0) return;
        let length = 4;
        while (length <= index) length *= 2;
        const larger = new Int32Array(length);
        larger.set(this.first);
        this.first = larger;
      }
      this.first[index] = entry;
      return;
    }
    const key = Math.floor(index / CHUNK);
    this.chunks ??= new Map();
    let chunk = this.chunks.get(key);
    if (chunk === undefined) {
      if (entry === 0) return;
      chunk = new Int32Array(CHUNK);
      this.chunks.set(key, chunk);
    }
    chunk[index % CHUNK] = entry;
  }

  /** The first index in [from, end) with an entry, or `end`. */
  next(from: number, end: number): number {
    const stop = Math.min(end, this.first.length);
    for (let i = from; i < stop; i++) if (this.first[i] !== 0) return i;
    if (this.chunks === null || end <= CHUNK) return end;
    const firstKey = Math.floor(Math.max(from, CHUNK) / CHUNK);
    const lastKey = Math.floor((end - 1) / CHUNK);
    if (lastKey - firstKey > this.chunks.size) {
      let best = end;
      for (const key of this.chunks.keys()) {
        if (key < firstKey || key > lastKey) continue;
        const found = this.nextInChunk(key, from, Math.min(end, best));
        if (found < best) best = found;
      }
      return best;
    }
    for (let key = firstKey; key <= lastKey; key++) {
      const found = this.nextInChunk(key, from, end);
      if (found < Math.min(end, (key + 1) * CHUNK)) return found;
    }
    return end;
  }

  /** Drop the storage of entries at `from` and above. */
  trim(from: number): void {
    if (from < this.first.length) this.first = this.first.slice(0, from);
    if (this.chunks === null) return;
    const firstKey = Math.ceil(from / CHUNK);
    for (const key of this.chunks.keys()) if (key >= firstKey) this.chunks.delete(key);
    if (this.chunks.size === 0) this.chunks = null;
  }

  private nextInChunk(key: number, from: number, end: number): number {
    const chunk = this.chunks!.get(key);
    if (chunk === undefined) return end;
    const base = key * CHUNK;
    const stop = Math.min(CHUNK, end - base);
    for (let i = Math.max(0, from - base); i < stop; i++) if (chunk[i] !== 0) return base + i;
    return end;
  }
}
