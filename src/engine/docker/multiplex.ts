/** Standard output and standard error in one stream: frames of an 8-byte header and data. See docker's "Attach to a container". */

import { concat } from '../streams.ts';

export const STDOUT = 1;
export const STDERR = 2;

const HEADER = 8;

/** A frame: the stream's number, three zeros, the length in big endian, the data. */
export function frame(stream: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER + data.length);
  bytes[0] = stream;
  new DataView(bytes.buffer).setUint32(4, data.length);
  bytes.set(data, HEADER);
  return bytes;
}

/** Takes chunks of a multiplexed stream, gives whole frames. */
export class FrameParser {
  private rest: Uint8Array = new Uint8Array(0);

  *push(chunk: Uint8Array): Generator<{ readonly stream: number; readonly data: Uint8Array }> {
    this.rest = this.rest.length === 0 ? chunk : concat([this.rest, chunk]);
    while (this.rest.length >= HEADER) {
      const length = new DataView(this.rest.buffer, this.rest.byteOffset).getUint32(4);
      if (this.rest.length < HEADER + length) return;
      yield { stream: this.rest[0]!, data: this.rest.subarray(HEADER, HEADER + length) };
      this.rest = this.rest.subarray(HEADER + length);
    }
  }
}

export interface Outputs {
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
}

/** Take a multiplexed stream apart. Both parts must be read: a full one holds the other up. */
export function demultiplex(source: ReadableStream<Uint8Array>): Outputs {
  const parts = [new TransformStream<Uint8Array, Uint8Array>(), new TransformStream<Uint8Array, Uint8Array>()] as const;
  const writers = parts.map((part) => part.writable.getWriter());
  const run = async (): Promise<void> => {
    const parser = new FrameParser();
    for await (const chunk of chunksOf(source)) {
      for (const { stream, data } of parser.push(chunk)) {
        await writers[stream === STDERR ? 1 : 0]!.write(data.slice()).catch(() => undefined);
      }
    }
  };
  void run()
    .catch(() => undefined)
    .finally(() => Promise.all(writers.map((writer) => writer.close().catch(() => undefined))));
  return { stdout: parts[0].readable, stderr: parts[1].readable };
}

/** The chunks of a stream; leaving the loop cancels it. */
export async function* chunksOf(source: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = source.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        ended = true;
        return;
      }
      yield value;
    }
  } finally {
    if (!ended) await reader.cancel().catch(() => undefined);
    reader.releaseLock();
  }
}
