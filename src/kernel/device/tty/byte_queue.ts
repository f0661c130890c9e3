/** A bounded queue of bytes. */

export class ByteQueue {
  readonly capacity: number;
  private buffer: Uint8Array;
  private head = 0;
  length = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.buffer = new Uint8Array(Math.min(capacity, 1024));
  }

  get room(): number {
    return this.capacity - this.length;
  }

  /** Append what fits: how many bytes that was. */
  push(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.room);
    this.reserve(this.length + count);
    const at = (this.head + this.length) % this.buffer.length;
    const first = Math.min(count, this.buffer.length - at);
    this.buffer.set(bytes.subarray(0, first), at);
    this.buffer.set(bytes.subarray(first, count), 0);
    this.length += count;
    return count;
  }

  /** The oldest bytes that lie together, up to `max`; valid until the queue changes. */
  peek(max: number): Uint8Array {
    const count = Math.min(max, this.length, this.buffer.length - this.head);
    return this.buffer.subarray(this.head, this.head + count);
  }

  drop(count: number): void {
    this.head = (this.head + count) % this.buffer.length;
    this.length -= count;
    if (this.length === 0) this.head = 0;
  }

  clear(): void {
    this.head = this.length = 0;
  }

  private reserve(size: number): void {
    if (size <= this.buffer.length) return;
    let larger = this.buffer.length;
    while (larger < size) larger *= 2;
    const buffer = new Uint8Array(Math.min(larger, this.capacity));
    const first = Math.min(this.length, this.buffer.length - this.head);
    buffer.set(this.buffer.subarray(this.head, this.head + first));
    buffer.set(this.buffer.subarray(0, this.length - first), first);
    this.buffer = buffer;
    this.head = 0;
  }
}
