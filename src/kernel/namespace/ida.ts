/** Small numbers that are given and taken back, the lowest free one first. Linux: lib/idr.c, struct ida. */

const FULL = 0xffffffff;

export class Ida {
  private readonly base: number;
  /** A bit for each number in use. */
  private readonly words: number[] = [];
  /** All words before this one are full. */
  private first = 0;

  constructor(base: number) {
    this.base = base;
  }

  allocate(): number {
    while (this.words[this.first] === FULL) this.first++;
    const word = this.words[this.first] ?? 0;
    const bit = 31 - Math.clz32(~word & (word + 1));
    this.words[this.first] = (word | (1 << bit)) >>> 0;
    return this.base + 32 * this.first + bit;
  }

  free(number: number): void {
    const at = number - this.base;
    const index = Math.floor(at / 32);
    this.words[index] = (this.words[index]! & ~(1 << (at % 32))) >>> 0;
    this.first = Math.min(this.first, index);
  }
}
