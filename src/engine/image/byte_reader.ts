/** Reads a stream of byte chunks in pieces of wanted sizes. */

import { HolmError } from '../error.ts';

export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

const EMPTY = new Uint8Array(0);

export class ByteReader {
  /** Bytes handed out so far. */
  position = 0;
  private readonly chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  private buffer: Uint8Array = EMPTY;
  private ended = false;

  constructor(source: ByteSource) {
    this.chunks = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  /** Bytes that can be taken without waiting. */
  get buffered(): number {
    return this.buffer.length;
  }

  /** Make `length` bytes available to `take`; false when the stream ends before. */
  async ensure(length: number): Promise<boolean> {
    if (this.buffer.length >= length) return true;
    const parts = [this.buffer];
    let have = this.buffer.length;
    while (have < length && !this.ended) {
      const next = await this.chunks.next();
      if (next.done) this.ended = true;
      else if (next.value.length > 0) {
        parts.push(next.value);
        have += next.value.length;
      }
    }
    if (parts.length === 1) return have >= length;
    if (parts[0]!.length === 0 && parts.length === 2) this.buffer = parts[1]!;
    else {
      const joined = new Uint8Array(have);
      let at = 0;
      for (const part of parts) {
        joined.set(part, at);
        at += part.length;
      }
      this.buffer = joined;
    }
    return have >= length;
  }

  /** The next `length` bytes, which `ensure` has made available. The result is a view. */
  take(length: number): Uint8Array {
    const taken = this.buffer.subarray(0, length);
    this.buffer = this.buffer.subarray(length);
    this.position += taken.length;
    return taken;
  }

  /** The next bytes without consuming them: `length`, or fewer at the end. */
  async peek(length: number): Promise<Uint8Array> {
    await this.ensure(length);
    return this.buffer.subarray(0, length);
  }

  /** Exactly `length` bytes. Throws EARCHIVE when the stream ends before; `what` names the thing in the message. */
  async read(length: number, what: string): Promise<Uint8Array> {
    if (this.buffer.length < length && !(await this.ensure(length))) throw new HolmError('EARCHIVE', `${what} is truncated`);
    return this.take(length);
  }

  /** At most `max` bytes as they come; an empty array at the end. */
  async some(max: number): Promise<Uint8Array> {
    if (this.buffer.length === 0 && !(await this.ensure(1))) return EMPTY;
    return this.take(Math.min(max, this.buffer.length));
  }

  async skip(length: number, what: string): Promise<void> {
    for (let left = length; left > 0; ) {
      const part = await this.some(left);
      if (part.length === 0) throw new HolmError('EARCHIVE', `${what} is truncated`);
      left -= part.length;
    }
  }

  /** Everything that is left. */
  async *rest(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const part = await this.some(Number.MAX_SAFE_INTEGER);
      if (part.length === 0) return;
      yield part;
    }
  }

  /** Tell the source that nothing more will be read. */
  async cancel(): Promise<void> {
    this.ended = true;
    this.buffer = EMPTY;
    await this.chunks.return?.();
  }
}
