/** Appends file contents to a layer's blob: whole pages, gathered into large writes. */

export const PAGE = 4096;
const GATHER = 1 << 20;

export interface ByteSink {
  write(bytes: Uint8Array): Promise<void>;
}

export class ContentWriter {
  /** Bytes appended so far. */
  length = 0;
  private readonly sink: ByteSink;
  private buffer = new Uint8Array(GATHER);
  private used = 0;

  constructor(sink: ByteSink) {
    this.sink = sink;
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.length += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      const part = Math.min(bytes.length - at, GATHER - this.used);
      this.buffer.set(at === 0 && part === bytes.length ? bytes : bytes.subarray(at, at + part), this.used);
      this.used += part;
      at += part;
      if (this.used === GATHER) await this.flush();
    }
  }

  async zeros(count: number): Promise<void> {
    for (let left = count; left > 0; left -= PAGE) await this.append(new Uint8Array(Math.min(left, PAGE)));
  }

  /** Fill the last page up. */
  async alignToPage(): Promise<void> {
    await this.zeros((PAGE - (this.length % PAGE)) % PAGE);
  }

  async flush(): Promise<void> {
    if (this.used === 0) return;
    await this.sink.write(this.buffer.subarray(0, this.used));
    this.used = 0;
  }
}

/**
 * One file's extents, as triples of file offset, blob offset and length. Runs need not be aligned: gaps inside a page are
 * written as zeros, whole pages that no run touches stay holes.
 */
export class ExtentWriter {
  readonly extents: number[] = [];
  private readonly content: ContentWriter;
  /** File offset after the last byte written. */
  private position = 0;
  private open = false;

  constructor(content: ContentWriter) {
    this.content = content;
  }

  /** Go on writing at file offset `offset`, which is not before the bytes written last. */
  async seek(offset: number): Promise<void> {
    const page = offset - (offset % PAGE);
    if (this.open && page <= Math.ceil(this.position / PAGE) * PAGE) {
      await this.content.zeros(offset - this.position);
    } else {
      await this.close();
      this.extents.push(page, this.content.length, 0);
      this.open = true;
      await this.content.zeros(offset - page);
    }
    this.position = offset;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.content.append(bytes);
    this.position += bytes.length;
  }

  /** End the last extent at a page boundary of the blob. */
  async close(): Promise<void> {
    if (!this.open) return;
    this.extents[this.extents.length - 1] = this.position - this.extents[this.extents.length - 3]!;
    await this.content.alignToPage();
    this.open = false;
  }
}
